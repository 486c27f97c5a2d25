"""The relay's SMTP conversation with its clients: aiosmtpd's, with the words and rules of the IIS SMTP server."""

from __future__ import annotations

import asyncio
import dataclasses
import email.utils
import uuid
from collections.abc import Callable
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.lab import smtp_logon
from tests.lab.directory import Account, Directory
from tests.lab.exchange import headers
from tests.lab.exchange.ntlm import NtlmAcceptor
from tests.lab.exchange.session import WORDS
from tests.lab.iis import access
from tests.lab.iis.delivery import is_local
from tests.lab.iis.metabase import Effective
from tests.lab.iis.protocol_log import ProtocolLog
from tests.lab.iis.spool import Spool


@dataclasses.dataclass(frozen=True)
class Policy:
    """What one run of the service knows of whom it serves. ``reachable``: what the firewall says of a client's address."""

    settings: Effective
    directory: Directory
    acceptor: NtlmAcceptor
    host: str
    version: str
    reachable: Callable[[str, int], bool]
    serves_anyone: bool
    loses_mail: bool

    def may_connect(self, address: str) -> bool:
        lists = self.settings.ip_security
        allowed = access.may_connect(lists["GrantByDefault"], lists["IPGrant"] or [], lists["IPDeny"] or [], address)
        return self.serves_anyone or allowed

    def may_relay(self, address: str, account: Account | None) -> bool:
        by_logon = account is not None and bool(self.settings.number("RelayForAuth"))
        return self.serves_anyone or by_logon or access.may_relay(self.settings.settings["RelayIpList"], address)

    @property
    def mechanisms(self) -> list[str]:
        return [name for name, flag in (("NTLM", "AuthNTLM"), ("LOGIN", "AuthBasic")) if self.settings.offers(flag)]

    def masquerade(self, sender: str) -> str:
        """The envelope sender as it goes out: another domain takes the place of the host's own."""
        local, _unused, domain = sender.rpartition("@")
        other = self.settings.text("MasqueradeDomain")
        return f"{local}@{other}" if other and local and is_local(self.settings, domain) else sender


class Hooks:
    """aiosmtpd's handler: it hands each command to the connection's own methods."""

    async def handle_EHLO(self, server: Connection, session: Session, envelope: Envelope, name: str, lines: list[str]) -> list[str]:
        session.host_name = name
        return server.keywords()

    async def handle_HELO(self, server: Connection, session: Session, envelope: Envelope, name: str) -> str:
        session.host_name = name
        return f"250 {server.policy.settings.fqdn} Hello [{server.remote}]"

    async def handle_MAIL(self, server: Connection, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if server.account is None and not server.policy.settings.offers("AuthAnonymous"):
            return "454 5.7.3 Client was not authenticated"
        envelope.mail_from = address
        return f"250 2.1.0 {address.strip('<>')}....Sender OK"

    async def handle_RCPT(self, server: Connection, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        local = is_local(server.policy.settings, address.rpartition("@")[2])
        if not local and not server.policy.may_relay(server.remote, server.account):
            return f"550 5.7.1 Unable to relay for {address}"
        envelope.rcpt_tos.append(address)
        return f"250 2.1.5 {address} "

    async def handle_DATA(self, server: Connection, session: Session, envelope: Envelope) -> str:
        return server.accept(session, envelope)


class Gate(asyncio.Protocol):
    """What a client meets first. The firewall lets no packet through, so who it keeps out never hears of the server."""

    def __init__(self, policy: Policy, port: int, connection: Callable[[], Connection]) -> None:
        self._policy = policy
        self._port = port
        self._connection = connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        remote = transport.get_extra_info("peername")[0]
        if not self._policy.serves_anyone and not self._policy.reachable(remote, self._port):
            transport.abort()
            return
        connection = self._connection()
        transport.set_protocol(connection)
        connection.connection_made(transport)


class Connection(SMTP):
    """One client. ``live`` holds the connections that are open."""

    def __init__(self, policy: Policy, spool: Spool, log: ProtocolLog, live: set[Connection]) -> None:
        super().__init__(Hooks(), hostname=policy.settings.fqdn, loop=asyncio.get_running_loop())
        self.policy = policy
        self.remote = ""
        self.account: Account | None = None
        self._spool = spool
        self._protocol_log = log
        self._live = live
        self._command = ("", "")
        self.data_size_limit = policy.settings.number("MaxMessageSize") or None
        self.command_size_limits["MAIL"] = self.command_size_limits["RCPT"] = 2048
        self.__ident__ = f"Microsoft ESMTP MAIL Service, Version: {policy.version} ready at  {email.utils.formatdate(localtime=True)}"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.remote = transport.get_extra_info("peername")[0]
        self._live.add(self)
        self._spool.counters["InboundConnectionsTotal"] += 1
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._live.discard(self)
        super().connection_lost(error)

    async def _handle_client(self) -> None:
        if not self.policy.may_connect(self.remote):
            await self.push("550 5.7.1 Access denied")
            assert self.transport is not None
            self.transport.close()
            return
        await super()._handle_client()

    async def push(self, status: str | bytes) -> None:
        said = status.decode() if isinstance(status, bytes) else status
        if said.startswith("500 Error: command"):
            said = "500 5.3.3 Unrecognized command"
        if said.startswith("221"):
            said = f"221 2.0.0 {self.policy.settings.fqdn} Service closing transmission channel"
        verb, argument = self._command
        words = said if verb == "EHLO" else WORDS.get(said, said)
        if verb and words[3:4] != "-" and not words.startswith("334"):
            name = self.session.host_name if self.session is not None else None
            self._protocol_log.inbound(self.remote, name or "", verb, argument, int(words[:3]), len(words) + 2)
        await super().push(words)

    def _getparams(self, params: Any) -> dict[str, Any] | None:
        return super()._getparams([one for one in params if one.partition("=")[0] not in ("RET", "ENVID", "NOTIFY", "ORCPT")])

    def keywords(self) -> list[str]:
        """The reply to EHLO."""
        offered = self.policy.mechanisms if self.account is None else []
        size = self.data_size_limit
        lines = [
            f"{self.policy.settings.fqdn} Hello [{self.remote}]",
            *([f"AUTH {' '.join(offered)}"] if offered else []),
            *(["AUTH=LOGIN"] if "LOGIN" in offered else []),
            f"SIZE {size}" if size else "SIZE",
            "PIPELINING",
            "DSN",
            "ENHANCEDSTATUSCODES",
            "8bitmime",
            "VRFY",
            "OK",
        ]
        return [f"250{' ' if line is lines[-1] else '-'}{line}" for line in lines]

    async def smtp_EHLO(self, hostname: str) -> None:
        await self._logged("EHLO", hostname, super().smtp_EHLO)

    async def smtp_HELO(self, hostname: str) -> None:
        await self._logged("HELO", hostname, super().smtp_HELO)

    async def smtp_MAIL(self, arg: str) -> None:
        await self._logged("MAIL", arg, super().smtp_MAIL)

    async def smtp_RCPT(self, arg: str) -> None:
        await self._logged("RCPT", arg, super().smtp_RCPT)

    async def smtp_DATA(self, arg: str) -> None:
        await self._logged("DATA", arg, super().smtp_DATA)

    async def smtp_QUIT(self, arg: str) -> None:
        await self._logged("QUIT", arg, super().smtp_QUIT)

    async def smtp_AUTH(self, arg: str) -> None:
        await self._logged("AUTH", (arg or "").partition(" ")[0], lambda _unused: self._log_on(arg or ""))

    async def _logged(self, verb: str, argument: str, command: Callable[[str], Any]) -> None:
        """Carries a command out; its replies are logged as its own."""
        self._command = (verb, argument or "")
        try:
            await command(argument)
        finally:
            self._command = ("", "")

    async def _log_on(self, argument: str) -> None:
        if await self.check_helo_needed("HELO"):
            return
        mechanism, _unused, initial = argument.partition(" ")
        if self.account is not None:
            await self.push("503 5.5.2 Already authenticated")
            return
        if mechanism.upper() not in self.policy.mechanisms:
            await self.push("504 5.7.4 Unrecognized authentication type")
            return
        if mechanism.upper() == "NTLM":
            self.account = await smtp_logon.ntlm(self, self.policy.acceptor, self.policy.host, initial)
        else:
            self.account = await smtp_logon.login(self, self.policy.directory, initial)
        success = self.account is not None
        await self.push("235 2.7.0 Authentication successful" if success else "535 5.7.3 Authentication unsuccessful")

    def accept(self, session: Session, envelope: Envelope) -> str:
        """Queues the message; the reply to the end of DATA."""
        assert isinstance(envelope.original_content, bytes)
        settings, content = self.policy.settings, envelope.original_content
        message_id = headers.get(content, "Message-ID")
        received = (
            f"from {session.host_name} ([{self.remote}]) by {settings.fqdn} with Microsoft SMTPSVC({self.policy.version});\r\n\t "
            f"{email.utils.formatdate(localtime=True)}"
        )
        stamped = [("Received", received)]
        if not message_id:
            message_id = f"<{self.policy.host.upper()}{uuid.uuid4().hex[:24]}@{settings.fqdn}>"
            stamped.append(("Message-ID", message_id))
        content = headers.prepend(content, stamped)
        sender = self.policy.masquerade((envelope.mail_from or "").strip("<>"))
        self._spool.counters["MessagesReceivedTotal"] += 1
        if not self.policy.loses_mail:
            try:
                self._spool.add(settings, sender, envelope.rcpt_tos, content)
            except FileNotFoundError:
                return "452 4.3.1 Insufficient system storage"
        return f"250 2.6.0 {message_id} Queued mail for delivery"
