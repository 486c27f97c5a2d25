"""NTLM as an SMTP server takes it, against the lab's directory; pyspnego does the protocol."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import spnego
from spnego.exceptions import SpnegoError

from tests.lab.directory import Account, Directory
from tests.lab.engine.users import write_user_file

_VARIABLE = "NTLM_USER_FILE"


class NtlmAcceptor:
    """Makes one conversation per logon. pyspnego reads accounts from the file that the environment names; each logon names ours."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._folder = tempfile.TemporaryDirectory(prefix="exchange-ntlm-")
        self._file = Path(self._folder.name) / "accounts"
        self._before = os.environ.get(_VARIABLE)
        write_user_file(directory, self._file)

    def close(self) -> None:
        if os.environ.get(_VARIABLE) == str(self._file):
            del os.environ[_VARIABLE]
            if self._before is not None:
                os.environ[_VARIABLE] = self._before
        self._folder.cleanup()

    def converse(self, host: str) -> Conversation:
        os.environ[_VARIABLE] = str(self._file)
        context = spnego.server(protocol="ntlm", hostname=host, service="smtp", options=spnego.NegotiateOptions.use_ntlm)
        return Conversation(context, self._directory)


class Conversation:
    """One logon: feed it the client's tokens."""

    def __init__(self, context: spnego.ContextProxy, directory: Directory) -> None:
        self._context = context
        self._directory = directory

    def answer(self, token: bytes) -> bytes | Account | None:
        """The next challenge; or the account that proved itself; or None: refused."""
        try:
            challenge = self._context.step(token)
        except (SpnegoError, ValueError):
            return None
        if not self._context.complete:
            return challenge
        return self._directory.find(self._context.client_principal or "")
