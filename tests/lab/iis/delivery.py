"""The relay's worker: takes messages from the queue to where they go, and reports what cannot be delivered."""

from __future__ import annotations

import email
import email.utils
import logging
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

from tests.lab.iis.files import Files
from tests.lab.iis.metabase import Effective
from tests.lab.iis.outgoing import Client, Outcome, send
from tests.lab.iis.protocol_log import ProtocolLog
from tests.lab.iis.spool import Queued, Spool
from tests.lab.network import Network

_log = logging.getLogger(__name__)
PATIENCE = 0.2
"""Seconds after which the worker looks at the queue again, whether something came or not."""


class Delivery:
    """One run of the service. ``stuck``: what comes stays in the queue. ``authenticates``: it does what the settings say of that."""

    def __init__(
        self,
        settings: Effective,
        network: Network,
        host: str,
        spool: Spool,
        files: Files,
        log: ProtocolLog,
        stuck: bool,
        authenticates: bool,
    ) -> None:
        self._settings = settings
        self._network = network
        self._own = network.addresses[host]
        self._spool = spool
        self._files = files
        self._log = log
        self._stuck = stuck
        self._authenticates = authenticates
        self._ending = threading.Event()
        self._worker = threading.Thread(target=self._work, name=f"smtpsvc {host}", daemon=True)

    def start(self) -> None:
        self._spool.retry_now()
        self._worker.start()

    def stop(self) -> None:
        """Waits for the message that is on its way."""
        self._ending.set()
        self._spool.wake()
        self._worker.join()

    def _work(self) -> None:
        while not self._ending.is_set():
            for message in [] if self._stuck else self._spool.due(PATIENCE):
                if self._ending.is_set():
                    return
                try:
                    self._deliver(message)
                except Exception:
                    _log.exception("a message of the relay is lost")
                    self._spool.done(message)
            if self._stuck:
                self._ending.wait(PATIENCE)

    def _deliver(self, message: Queued) -> None:
        refused: dict[str, str] = {}
        later: dict[str, str] = {}
        for target, recipients in self._routes(message, refused, later).items():
            outcome = self._send(message, target, recipients)
            later |= outcome.later
            refused |= outcome.refused
        expired = time.monotonic() - message.accepted > 60 * self._settings.number("SmtpRemoteNDRExpireMinutes")
        if expired and later:
            refused |= dict.fromkeys(later, "550 4.4.7 Delivery expired (message too old)")
            later = {}
        if refused:
            self._report(message, refused)
        if later:
            self._spool.later(message, list(later))
        else:
            self._spool.done(message)

    def _routes(self, message: Queued, refused: dict[str, str], later: dict[str, str]) -> dict[tuple[str, int], list[str]]:
        """Servers and the recipients that go there. Recipients of the host's own domain are put down at once."""
        hops = email.message_from_bytes(message.content).get_all("Received", [])
        if len(hops) > self._settings.number("HopCount"):
            self._spool.counters["BadmailedMessagesHopCountExceeded"] += 1
            refused |= dict.fromkeys(message.recipients, "554 5.4.6 Hop count exceeded - possible mail loop")
            return {}
        routes: dict[tuple[str, int], list[str]] = {}
        for recipient in message.recipients:
            domain = recipient.rpartition("@")[2].lower()
            if is_local(self._settings, domain):
                name = message.path.rpartition("\\")[2]
                self._files.write(f"{self._settings.text('DropDirectory')}\\{name}", message.content)
                self._spool.counters["MessagesDeliveredTotal"] += 1
                continue
            target = self._target(domain)
            if target is None and self._settings.number("SmartHostType") != 2:
                refused[recipient] = "550 5.4.4 The host name of the recipient's domain cannot be found"
            elif target is None:
                later[recipient] = "451 4.4.0 The smart host's name cannot be resolved"
            else:
                routes.setdefault(target, []).append(recipient)
        return routes

    def _target(self, domain: str) -> tuple[str, int] | None:
        kind = self._settings.number("SmartHostType")
        direct = self._network.mail_server(domain) if kind != 2 else None
        return direct if direct is not None or kind == 0 else self._smart_host()

    def _smart_host(self) -> tuple[str, int] | None:
        name = self._settings.text("SmartHost").strip()
        address = self._network.resolve(name.strip("[]"))
        return None if address is None else (address, self._settings.number("RemoteSmtpPort"))

    def _send(self, message: Queued, target: tuple[str, int], recipients: list[str]) -> Outcome:
        counters = self._spool.counters
        counters["OutboundConnectionsTotal"] += 1
        client = Client(self._log, self._own, self._settings.fqdn)
        outcome = send(client, target, self._settings, self._authenticates, message.sender, recipients, message.content)
        if len(outcome.later) == len(recipients):
            counters["OutboundConnectionsRefused"] += 1
        if len(outcome.later) + len(outcome.refused) < len(recipients):
            counters["MessagesSentTotal"] += 1
        return outcome

    def _report(self, message: Queued, refused: Mapping[str, str]) -> None:
        """Tells the sender; a report that cannot be delivered is badmail."""
        counters = self._spool.counters
        reason = "; ".join(refused.values())
        if not message.sender:
            counters["BadmailedMessagesNDRofDSN"] += 1
            self._spool.give_up(self._settings, message, reason)
            return
        counters["NDRsGenerated"] += 1
        self._spool.add(self._settings, "", [message.sender], report(self._settings.fqdn, message.sender, message.content, refused))


def is_local(settings: Effective, domain: str) -> bool:
    """Whether mail for a domain stays on this host."""
    return domain.lower() in {settings.fqdn.lower(), settings.text("DefaultDomain").lower()}


def report(fqdn: str, sender: str, original: bytes, refused: Mapping[str, str]) -> bytes:
    """A non-delivery report (RFC 3464). ``refused``: recipient to the reply that refused it."""
    message = MIMEMultipart("report", report_type="delivery-status")
    for name, value in (
        ("From", f"postmaster@{fqdn}"),
        ("To", sender),
        ("Date", email.utils.formatdate()),
        ("Message-ID", f"<{uuid.uuid4().hex}@{fqdn}>"),
        ("Subject", "Delivery Status Notification (Failure)"),
    ):
        message[name] = value
    listed = "".join(f"       {recipient}\n" for recipient in refused)
    text = f"This is an automatically generated Delivery Status Notification.\n\nDelivery to the following recipients failed.\n\n{listed}\n"
    message.attach(MIMEText(text))
    status = MIMEBase("message", "delivery-status")
    status.set_payload([_fields([("Reporting-MTA", f"dns;{fqdn}")]), *(_failed(*one) for one in refused.items())])
    message.attach(status)
    message.attach(MIMEMessage(email.message_from_bytes(original)))
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


def _failed(recipient: str, reply: str) -> Message:
    code = [*reply.split(" ", 2), "", ""][1]
    status = code if code[:1].isdigit() and code.count(".") == 2 else "5.0.0"
    return _fields(
        [("Final-Recipient", f"rfc822;{recipient}"), ("Action", "failed"), ("Status", status), ("Diagnostic-Code", f"smtp;{reply}")]
    )


def _fields(pairs: Sequence[tuple[str, str]]) -> Message:
    block = Message()
    for name, value in pairs:
        block[name] = value
    return block
