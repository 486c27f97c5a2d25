"""Runs these tests with the rights that Postfix needs: ``python -m tests.servers PYTEST_OPTION...``.

Postfix and Dovecot change to other accounts than the one that starts them. Root may do that; anybody else may do it in a user
namespace of their own, where they are root and the ids that /etc/subuid gives them are the others.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = {"/usr/sbin/postconf": "postfix", "/usr/sbin/dovecot": "dovecot-core", "/usr/lib/dovecot/imap": "dovecot-imapd"}
NAMESPACE = ["unshare", "--user", "--map-root-user", "--map-auto"]


def lacking() -> str:
    """What keeps the servers from running, as a sentence with the way out; empty when nothing does."""
    missing = sorted({package for path, package in PACKAGES.items() if not Path(path).exists()})
    if os.geteuid() and not shutil.which("newuidmap"):
        missing.append("uidmap")
    if missing:
        return f"make test-servers needs Debian packages that are not installed: sudo apt-get install {' '.join(missing)}"
    if os.geteuid() and subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode:
        return (
            "make test-servers needs root, or a user namespace with several ids for this account, which this machine refuses: run it as "
            "root, or see unshare(1), /etc/subuid and sysctl user.max_user_namespaces."
        )
    return ""


def main() -> int:
    sentence = lacking()
    if sentence:
        print(sentence, file=sys.stderr)
        return 1
    # pytest's usual place is named after the account, and the root of a namespace does not own root's.
    command = [sys.executable, "-m", "pytest", "--basetemp", "build/servers/pytest", "tests/servers", *sys.argv[1:]]
    if os.geteuid():
        command = [*NAMESPACE, *command]
    os.execvp(command[0], command)


if __name__ == "__main__":
    sys.exit(main())
