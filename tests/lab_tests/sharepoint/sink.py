"""An SMTP server for tests: it keeps what arrived, and offers and refuses NTLM as it is told."""

from __future__ import annotations

import base64
import dataclasses
import ssl
from email import message_from_bytes
from email.message import Message
from typing import Any

import spnego
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from spnego.exceptions import SpnegoError

REFUSAL = "530 5.7.1 Client was not authenticated"


@dataclasses.dataclass
class Mail:
    """A message as it arrived."""

    client: str
    sender: str
    recipients: list[str]
    content: bytes
    encrypted: bool
    authenticated: str | None

    @property
    def message(self) -> Message:
        return message_from_bytes(self.content)


class Sink:
    """Listens until ``stop()``. ``ntlm``: ``""`` (not offered), ``refuse`` or ``accept``. ``tls_needed``: mail only after STARTTLS."""

    def __init__(
        self,
        address: str,
        port: int,
        ntlm: str = "",
        tls: ssl.SSLContext | None = None,
        refuse_recipients: bool = False,
        tls_needed: bool = False,
    ) -> None:
        self.mails: list[Mail] = []
        self.principals: list[tuple[str, str]] = []
        """Address and account of everybody who answered the challenge."""
        self._ntlm = ntlm
        self._refuse_recipients = refuse_recipients
        self.tls_needed = tls_needed
        handler: Any = _WithNtlm(self) if ntlm else _Handler(self)
        self._controller = Controller(
            handler,
            hostname=address,
            port=port,
            tls_context=tls,
            auth_require_tls=False,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
            server_hostname="ex01",
        )
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    def answer(self, client: str, principal: str) -> AuthResult:
        self.principals.append((client, principal))
        if self._ntlm == "accept":
            return AuthResult(success=True, auth_data=principal)
        return AuthResult(success=False, handled=False, message=REFUSAL)

    def recipient_reply(self) -> str:
        return "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain" if self._refuse_recipients else "250 2.1.5 Recipient OK"


def _address(session: Session) -> str:
    assert session.peer is not None
    return str(session.peer[0])


class _Handler:
    def __init__(self, sink: Sink) -> None:
        self.sink = sink

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self.sink.tls_needed and not session.ssl:
            return "451 5.7.3 Must issue a STARTTLS command first"
        envelope.mail_from = address
        return "250 2.1.0 Sender OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        reply = self.sink.recipient_reply()
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.original_content, bytes)
        authenticated = str(session.auth_data) if session.authenticated else None
        mail = Mail(
            _address(session),
            envelope.mail_from or "",
            list(envelope.rcpt_tos),
            envelope.original_content,
            bool(session.ssl),
            authenticated,
        )
        self.sink.mails.append(mail)
        return "250 2.6.0 Queued mail for delivery"


class _WithNtlm(_Handler):
    async def auth_NTLM(self, server: SMTP, arguments: list[str]) -> AuthResult:
        context = spnego.server(protocol="ntlm", hostname="ex01", service="smtp")
        token = base64.b64decode(arguments[1])
        assert server.session is not None
        try:
            challenge = context.step(token)
            answer = await server.challenge_auth(base64.b64encode(challenge or b"").decode(), encode_to_b64=False)
            assert isinstance(answer, bytes)
            context.step(answer)
        except SpnegoError:
            return AuthResult(success=False, handled=False, message="535 5.7.3 Authentication unsuccessful")
        return self.sink.answer(_address(server.session), context.client_principal or "")
