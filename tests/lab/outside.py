"""The outside world: a mail server for another domain. It takes mail for its own people and relays for nobody."""

from __future__ import annotations

import asyncio
import email.utils

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.lab.directory import Directory
from tests.lab.eventloop import LoopThread
from tests.lab.mailboxes import Mailboxes
from tests.lab.network import OUTSIDE_DOMAIN, SMTP_PORT, Network
from tests.lab.pki import Authority


class OutsideDomain:
    """``mx.outside.example``: SMTP on port 1025, mailboxes over IMAPS on port 1993."""

    def __init__(self, network: Network, directory: Directory, pki: Authority) -> None:
        self._name = f"mx.{OUTSIDE_DOMAIN}"
        self._address = network.addresses["mx"]
        self._context = pki.host_context("mx")
        self.mailboxes = Mailboxes(OUTSIDE_DOMAIN, directory, self._address, self._context)
        self._loop = LoopThread("smtp mx")
        self._server: asyncio.Server | None = None
        self._refusals: dict[str, str] = {}

    def start(self) -> None:
        """Raises OSError when a port is taken."""
        self.mailboxes.start()
        self._loop.start()
        self._server = self._loop.run(self._listen())

    def stop(self) -> None:
        if self._server is not None:
            self._loop.loop.call_soon_threadsafe(self._server.close)
        self._loop.stop()
        self.mailboxes.stop()

    def refuse(self, address: str, reply: str) -> None:
        """From now on answers RCPT TO for ``address`` with ``reply``."""
        self._refusals[address.lower()] = reply

    async def _listen(self) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(
            lambda: SMTP(
                self, hostname=self._name, ident="ESMTP", tls_context=self._context, auth_exclude_mechanism=["LOGIN", "PLAIN"], loop=loop
            ),
            self._address,
            SMTP_PORT,
        )

    async def handle_EHLO(self, server: SMTP, session: Session, envelope: Envelope, name: str, keywords: list[str]) -> list[str]:
        session.host_name = name
        return [line for line in keywords if not line.startswith("250-AUTH")]

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if not address.lower().endswith(f"@{OUTSIDE_DOMAIN}"):
            return f"554 5.7.1 <{address}>: Relay access denied"
        if address.lower() not in self.mailboxes.addresses:
            return f"550 5.1.1 <{address}>: Recipient address rejected: User unknown"
        if address.lower() in self._refusals:
            return self._refusals[address.lower()]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.original_content, bytes) and session.peer is not None
        received = (
            f"Return-Path: <{(envelope.mail_from or '').strip('<>')}>\r\n"
            f"Received: from {session.host_name} ({session.peer[0]})\r\n"
            f"\tby {self._name} ({self._address}) with ESMTP{'S' if session.ssl else ''}; {email.utils.formatdate()}\r\n"
        )
        content = received.encode() + envelope.original_content
        for address in envelope.rcpt_tos:
            await asyncio.to_thread(self.mailboxes.deliver, address, content)
        return "250 2.0.0 Ok: delivered"
