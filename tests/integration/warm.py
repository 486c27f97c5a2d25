"""``ansible-playbook`` without its start: one process has imported Ansible, and each run is a fork of it.

Importing takes Ansible longer than most of the tests' tasks take. A fork does what the command does (``ansible.cli.playbook.main``); the
demo and Molecule run the command itself.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

IMPORTED = (
    "ansible.cli.playbook",
    "ansible.executor.playbook_executor",
    "ansible.executor.task_executor",
    "ansible.plugins.action",
    # What the collection imports from elsewhere.
    "exchangelib",
    "imap_tools",
    "pypsrp.powershell",
)


class WarmAnsible:
    """Runs playbooks, one at a time. ``environment`` holds for all of them, for Ansible reads its settings when it is imported."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        command = [sys.executable, "-m", "tests.integration.warm"]
        self._process = subprocess.Popen(
            command, env=dict(environment), cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def run(self, arguments: Sequence[str], variables: Mapping[str, str], output: Path, timeout: float) -> int:
        """The exit code of ``ansible-playbook ARGUMENTS`` with more environment ``variables``; what it prints goes to ``output``.

        Raises RuntimeError when it has not ended after ``timeout`` seconds, or when the process that forks is gone.
        """
        order = {"arguments": list(arguments), "variables": dict(variables), "output": str(output), "timeout": timeout}
        assert self._process.stdin and self._process.stdout
        try:
            print(json.dumps(order), file=self._process.stdin, flush=True)
            answer = self._process.stdout.readline()
        except OSError:
            answer = ""
        if not answer:
            raise RuntimeError("the process that has Ansible imported is gone")
        code = json.loads(answer)["code"]
        if code is None:
            raise RuntimeError(f"ansible-playbook did not end within {timeout:.0f} s:\n{output.read_text(encoding='utf-8')[-4000:]}")
        return int(code)

    def stop(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(10)


def _carry_out(order: dict[str, Any]) -> int | None:
    """Forks; None when the run took too long and was killed, with all that it had started."""
    child = os.fork()
    if child == 0:
        _become(order)
    signal.signal(signal.SIGALRM, lambda *_: _kill(child))
    signal.setitimer(signal.ITIMER_REAL, order["timeout"])
    _pid, status = os.waitpid(child, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else None


def _kill(child: int) -> None:
    os.killpg(child, signal.SIGKILL)


def _become(order: dict[str, Any]) -> None:
    """Is ``ansible-playbook`` from here on, and does not return."""
    from ansible.cli import playbook

    os.setsid()
    os.environ.update(order["variables"])
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for number, source in ((0, os.open(os.devnull, os.O_RDONLY)), (1, output), (2, output)):
        os.dup2(source, number)
    code = 250
    try:
        playbook.main(["ansible-playbook", *order["arguments"]])
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Without what was registered for the end of the process: that is the parent's, its temporary folder above all.
        os._exit(code)


def main() -> None:
    for module in IMPORTED:
        importlib.import_module(module)

    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    for line in sys.stdin:
        print(json.dumps({"code": _carry_out(json.loads(line))}), file=answers, flush=True)


if __name__ == "__main__":
    main()
