"""The server's side of AUTH NTLM and AUTH LOGIN, for the lab's SMTP servers that check the directory's passwords."""

from __future__ import annotations

import base64
import binascii

from aiosmtpd.smtp import SMTP

from tests.lab.directory import Account, Directory
from tests.lab.exchange.ntlm import NtlmAcceptor


async def ntlm(server: SMTP, acceptor: NtlmAcceptor, host: str, initial: str) -> Account | None:
    """Who logged on over NTLM; None when the logon failed. ``initial`` is what stood in the command after the mechanism."""
    conversation = acceptor.converse(host)
    token = await _ask(server, "NTLM supported") if not initial else _decoded(initial)
    while token is not None:
        answer = conversation.answer(token)
        if not isinstance(answer, bytes):
            return answer
        token = await _ask(server, base64.b64encode(answer).decode())
    return None


async def login(server: SMTP, directory: Directory, initial: str) -> Account | None:
    """Who logged on over LOGIN; None when the logon failed."""
    name = await _ask(server, base64.b64encode(b"Username:").decode()) if not initial else _decoded(initial)
    password = await _ask(server, base64.b64encode(b"Password:").decode()) if name is not None else None
    if name is None or password is None:
        return None
    return directory.check(name.decode(errors="replace"), password.decode(errors="replace"))


async def _ask(server: SMTP, challenge: str) -> bytes | None:
    """The client's answer; None when it gave up or sent no base64."""
    await server.push(f"334 {challenge}")
    return _decoded((await server._reader.readline()).decode(errors="replace").strip())


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
