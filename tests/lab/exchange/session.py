"""The SMTP conversation of a receive connector: aiosmtpd's, with Exchange's words and rules."""

from __future__ import annotations

import asyncio
import email.utils
import functools
import re
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.lab import smtp_logon
from tests.lab.directory import Account
from tests.lab.exchange import headers, rights
from tests.lab.exchange.admission import Visitor
from tests.lab.exchange.hub import Hub, Submission
from tests.lab.exchange.ntlm import NtlmAcceptor
from tests.lab.exchange.servers import Server
from tests.lab.exchange.state import State
from tests.lab.faults import Fault

WORDS = {
    "220 Ready to start TLS": "220 2.0.0 SMTP server ready",
    "221 Bye": "221 2.0.0 Service closing transmission channel",
    "250 OK": "250 2.0.0 OK",
    "252 Cannot VRFY user, but will accept message and attempt delivery": "252 2.1.5 Cannot VRFY user",
    "354 End data with <CR><LF>.<CR><LF>": "354 Start mail input; end with <CRLF>.<CRLF>",
    "454 TLS not available": "500 5.3.3 Unrecognized command",
    "500 Error: bad syntax": "500 5.3.3 Unrecognized command",
    "501 Syntax: EHLO hostname": "501 5.5.4 Invalid domain name",
    "501 Syntax: HELO hostname": "501 5.5.4 Invalid domain name",
    "501 Syntax: MAIL FROM: <address> [SP <mail-parameters>]": "501 5.5.4 Invalid arguments",
    "503 Error: nested MAIL command": "503 5.5.2 Sender already specified",
    "503 Error: need MAIL command": "503 5.5.2 Need mail command",
    "503 Error: need RCPT command": "503 5.5.2 Need rcpt command",
    "503 Error: send HELO first": "503 5.5.2 Send hello first",
    "552 Error: message size exceeds fixed maximum message size": "552 5.3.4 Message size exceeds fixed maximum message size",
    "552 Error: Too much mail data": "552 5.3.4 Message size exceeds fixed maximum message size",
    "553 5.1.3 Error: malformed address": "550 5.1.7 Invalid address",
}
"""What aiosmtpd says, and what Microsoft's servers say instead."""
_DELIVERY_STATUS = ("RET", "ENVID", "NOTIFY", "ORCPT")


def _faulty(hook: Callable[..., Awaitable[str]]) -> Callable[..., Awaitable[str]]:
    """A handler of a command, which the faults of the door ``smtp`` strike."""

    @functools.wraps(hook)
    async def struck(hooks: Hooks, server: Connection, session: Session, envelope: Envelope, *given: Any) -> str:
        fault = server.fault(hook.__name__.removeprefix("handle_"), given[0] if given else "")
        if fault is None:
            return await hook(hooks, server, session, envelope, *given)
        reply = await hook(hooks, server, session, envelope, *given) if fault.after else ""
        if fault.what == "status":
            return f"{fault.status} {fault.text}"
        if fault.what == "lost":
            raise ConnectionResetError
        await asyncio.sleep(fault.seconds)
        return reply or await hook(hooks, server, session, envelope, *given)

    return struck


class Hooks:
    """aiosmtpd's handler: it hands each command to the connection's own methods."""

    async def handle_EHLO(self, server: Connection, session: Session, envelope: Envelope, name: str, lines: list[str]) -> list[str]:
        return server.greet(name, server.visitor.keywords())

    async def handle_HELO(self, server: Connection, session: Session, envelope: Envelope, name: str) -> str:
        return server.greet(name, [])[0]

    @_faulty
    async def handle_MAIL(self, server: Connection, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        sender = address.strip("<>")
        refusal = server.visitor.refuse_sender(sender)
        if refusal:
            return refusal
        envelope.mail_from = address
        return "250 2.1.0 Sender OK"

    @_faulty
    async def handle_RCPT(self, server: Connection, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        refusal = server.visitor.refuse_recipient(address)
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        if "NOTIFY=NEVER" in options:
            server.silent.add(address)
        return "250 2.1.5 Recipient OK"

    @_faulty
    async def handle_DATA(self, server: Connection, session: Session, envelope: Envelope) -> str:
        return await server.submit(envelope)


class Connection(SMTP):
    """One client on one listener. The connector is chosen when the client connects, and stays."""

    visitor: Visitor

    def __init__(
        self, state: State, server: Server, port: int, hub: Hub, context: ssl.SSLContext, acceptor: NtlmAcceptor, live: set[Connection]
    ) -> None:
        super().__init__(Hooks(), hostname=server.fqdn, loop=asyncio.get_running_loop())
        self._state = state
        self._server = server
        self._port = port
        self._hub = hub
        self._context = context
        self._acceptor = acceptor
        self._live = live
        self._served = False
        self.silent: set[str] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._original_transport is not None:
            self.visitor.encrypted, self.visitor.account = True, None
            self.tls_context = None
            super().connection_made(transport)
            return
        remote = transport.get_extra_info("peername")[0]
        connector = self._state.select(self._server, self._port, remote)
        if connector is not None:
            self._served = True
            self.visitor = Visitor(self._state, connector, remote)
            settings = connector.settings
            self.hostname = str(settings["Fqdn"])
            self.tls_context = self._context if "Tls" in connector.authentication else None
            self.data_size_limit = None if rights.BYPASS_SIZE in self.visitor.rights else settings["MaxMessageSize"]
            self.__ident__ = f"Microsoft ESMTP MAIL Service ready at {email.utils.formatdate(localtime=True)}"
            if settings["Banner"]:
                self.hostname, _unused, self.__ident__ = settings["Banner"].removeprefix("220 ").partition(" ")
        self.command_size_limits["MAIL"] = self.command_size_limits["RCPT"] = 2048
        self._live.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._live.discard(self)
        super().connection_lost(error)

    async def _handle_client(self) -> None:
        if not self._served:
            await self.push("421 4.3.2 Service not available")
            assert self.transport is not None
            self.transport.close()
            return
        await super()._handle_client()

    async def push(self, status: str | bytes) -> None:
        text = status.decode() if isinstance(status, bytes) else status
        if text.startswith("500 Error: command"):
            text = "500 5.3.3 Unrecognized command"
        await super().push(WORDS.get(text, text))

    def _getparams(self, params: Any) -> dict[str, Any] | None:
        return super()._getparams([one for one in params if one.partition("=")[0] not in _DELIVERY_STATUS])

    def fault(self, command: str, argument: str) -> Fault | None:
        return self._state.faults.meet(self._server.name, "smtp", command, argument)

    def greet(self, name: str, keywords: list[str]) -> list[str]:
        """The reply to HELO and EHLO."""
        fqdn = self.visitor.connector.settings["Fqdn"]
        if not re.fullmatch(r"[\w.-]+|\[[\w.:]+\]", name):
            return ["501 5.5.4 Invalid domain name"]
        assert self.session is not None
        self.session.host_name = name
        lines = [f"{fqdn} Hello [{self.visitor.remote}]", *keywords]
        return [f"250{' ' if line is lines[-1] else '-'}{line}" for line in lines]

    async def smtp_AUTH(self, arg: str) -> None:
        if await self.check_helo_needed("HELO"):
            return
        mechanism, _unused, initial = (arg or "").partition(" ")
        if self.visitor.account is not None:
            await self.push("503 5.5.2 Already authenticated")
        elif mechanism.upper() == "NTLM" and "NTLM" in self.visitor.auth_mechanisms:
            await self._conclude(await smtp_logon.ntlm(self, self._acceptor, self._server.name, initial))
        elif mechanism.upper() == "LOGIN" and "LOGIN" in self.visitor.auth_mechanisms:
            await self._conclude(await smtp_logon.login(self, self._state.directory, initial))
        else:
            await self.push("504 5.7.4 Unrecognized authentication type")

    async def _conclude(self, account: Account | None) -> None:
        if account is None:
            await self.push("535 5.7.3 Authentication unsuccessful")
        elif not self.visitor.may_submit_as(account):
            await self.push("530 5.7.1 Client was not authenticated")
        else:
            self.visitor.account = account
            await self.push("235 2.7.0 Authentication successful")

    async def submit(self, envelope: Envelope) -> str:
        """Hands the message to the hub; the reply to the end of DATA."""
        assert self.session is not None and isinstance(envelope.original_content, bytes)
        sender = (envelope.mail_from or "").strip("<>")
        content = envelope.original_content
        refusal = self.visitor.refuse_message({sender, *headers.addresses(content, "From")})
        if refusal:
            return refusal
        cipher = self.transport.get_extra_info("cipher") if self.transport and self.visitor.encrypted else None
        silent, self.silent = frozenset(self.silent), set()
        return self._hub.accept(
            Submission(
                visitor=self.visitor,
                helo=self.session.host_name or "",
                sender=sender,
                recipients=tuple(envelope.rcpt_tos),
                content=content,
                cipher=tuple(cipher[:2]) if cipher else None,
                silent=silent,
            )
        )
