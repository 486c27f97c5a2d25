"""Passwords for NTLM."""

from __future__ import annotations

import os
import pathlib

from tests.lab.directory import NETBIOS, Directory
from tests.lab.network import DOMAIN


def write_user_file(directory: Directory, path: pathlib.Path) -> None:
    """Writes the accounts in the format pyspnego reads (``DOMAIN:USER:PASSWORD``) and points NTLM_USER_FILE at the file.

    An account may log on as ``CORP\\name`` (also with the domain's DNS name, in any case) or as ``name@corp.example``.
    The whole process has one such file. Raises ValueError for a password with a colon, which the format cannot hold.
    """
    lines = []
    for account in directory.accounts.values():
        if ":" in account.password:
            raise ValueError(f"the password of {account.name} has a colon in it")
        for domain, user in ((NETBIOS, account.name), (DOMAIN, account.name), ("", account.name), ("", f"{account.name}@{DOMAIN}")):
            lines.append(f"{domain}:{user}:{account.password}\n")
    path.write_text("".join(lines), encoding="utf-8")
    path.chmod(0o600)
    os.environ["NTLM_USER_FILE"] = str(path)
