"""The transport service: takes messages from receive connectors, routes each recipient, delivers, and reports what it cannot."""

from __future__ import annotations

import dataclasses
import email.utils
import itertools
import logging
import queue
import smtplib
import threading
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from tests.lab.exchange import headers, notifications, rights
from tests.lab.exchange.admission import Visitor
from tests.lab.exchange.recipients import DistributionGroup, Mailbox, MailContact
from tests.lab.exchange.servers import BUILD, Server
from tests.lab.exchange.state import SEND_CONNECTOR, State
from tests.lab.mailboxes import Mailboxes

_log = logging.getLogger(__name__)

NOT_AUTHENTICATED = (
    "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed "
    "because the sender was not authenticated when sending to this group"
)
NOT_PERMITTED = "550 5.7.1 RESOLVER.RST.NotAuthorized; not authorized"
NO_RECIPIENT = "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"
NO_DOMAIN = "550 5.4.310 DNS domain does not exist"
RETRY_SECONDS = 1.0


@dataclasses.dataclass(frozen=True)
class Submission:
    """A message as a receive connector took it. ``cipher``: cipher and protocol of TLS; ``silent``: recipients with NOTIFY=NEVER."""

    visitor: Visitor
    helo: str
    sender: str
    recipients: tuple[str, ...]
    content: bytes
    cipher: tuple[str, ...] | None = None
    silent: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class Mail:
    """A message in transport on one server, its headers already written. ``internal``: its sender counts as authenticated."""

    server: Server
    content: bytes
    sender: str
    recipients: tuple[str, ...]
    internal: bool
    facts: Mapping[str, Any]
    silent: frozenset[str] = frozenset()


class Hub:
    """The transport services of all servers, with one queue and one worker thread."""

    def __init__(self, state: State, mailboxes: Mailboxes) -> None:
        self._state = state
        self._mailboxes = mailboxes
        self._queue: queue.Queue[Mail | None] = queue.Queue()
        self._deferred: list[Mail] = []
        self._numbers = itertools.count(5111011082268)
        self._worker = threading.Thread(target=self._work, name="exchange transport", daemon=True)

    def start(self) -> None:
        self._worker.start()

    def stop(self) -> None:
        if self._worker.is_alive():
            self._queue.put(None)
            self._worker.join()

    def accept(self, submission: Submission) -> str:
        """Queues the message and gives the reply to the end of DATA."""
        visitor, server = submission.visitor, submission.visitor.connector.server
        content = _firewall(submission.content, visitor.rights)
        message_id = headers.get(content, "Message-ID").encode("ascii", "replace").decode()
        network_id = uuid.uuid4()
        stamped = [*_trace(submission), *_verdict(visitor, network_id)]
        if not message_id:
            message_id = f"<{uuid.uuid4().hex}@{server.fqdn}>"
            stamped.append(("Message-ID", message_id))
        content = headers.prepend(content, stamped)
        facts = self._facts(content, message_id, network_id, submission.sender, "Originating" if visitor.internal else "Incoming")
        facts |= {"OriginalClientIp": visitor.remote, "OriginalServerIp": server.address}
        mail = Mail(server, content, submission.sender, submission.recipients, visitor.internal, facts, submission.silent)
        frontend = "FrontendTransport" in visitor.connector.role
        self._log(
            mail,
            "RECEIVE",
            "SMTP",
            mail.recipients,
            ConnectorId=visitor.hub_connector(),
            ClientIp=server.address if frontend else visitor.remote,
            ClientHostname=server.fqdn if frontend else submission.helo,
            ServerIp=server.address,
            EventData=[f"[ProxiedClientIPAddress, {visitor.remote}]", f"[ProxiedClientHostname, {submission.helo}]"] if frontend else [],
        )
        if "dropped-after-250" not in self._state.mutants:
            self._queue.put(mail)
        return f"250 2.6.0 {message_id} [InternalId={facts['InternalMessageId']}, Hostname={server.fqdn}] Queued mail for delivery"

    def _facts(self, content: bytes, message_id: str, network_id: uuid.UUID, sender: str, directionality: str) -> dict[str, Any]:
        return {
            "InternalMessageId": str(next(self._numbers)),
            "MessageId": message_id,
            "NetworkMessageId": str(network_id),
            "MessageSubject": headers.get(content, "Subject"),
            "Sender": next(iter(headers.addresses(content, "Sender") or headers.addresses(content, "From")), sender),
            "ReturnPath": sender or "<>",
            "TotalBytes": len(content),
            "Directionality": directionality,
        }

    def _log(self, mail: Mail, event_id: str, source: str, recipients: Sequence[str], server: str = "", **details: Any) -> None:
        name = server or mail.server.name
        counted = {"Recipients": list(recipients), "RecipientCount": len(recipients)}
        written = self._state.server(name)
        facts = mail.facts if written is None or written.subject_logging else {**mail.facts, "MessageSubject": ""}
        self._state.tracking[name].write(name, event_id, source, facts, **counted, **details)

    def _work(self) -> None:
        while True:
            try:
                mail = self._queue.get(timeout=RETRY_SECONDS if self._deferred else None)
            except queue.Empty:
                again, self._deferred = self._deferred, []
                for mail in again:
                    self._try(mail)
                continue
            if mail is None:
                return
            self._try(mail)

    def _try(self, mail: Mail) -> None:
        """Routes one message; a defect of the lab costs that message, and is said, but does not stop the others."""
        try:
            self._route(mail)
        except Exception:
            _log.exception("%s: message %s is lost", mail.server.name, mail.facts["MessageId"])

    def _route(self, mail: Mail) -> None:
        """Resolves, expands, delivers; whatever fails is reported together."""
        failures: dict[str, str] = {}
        local: dict[str, Mailbox] = {}
        remote: dict[str, list[str]] = {}
        pending = list(mail.recipients)
        seen: set[str] = set()
        while pending:
            address = pending.pop(0)
            if address.lower() in seen:
                continue
            seen.add(address.lower())
            recipient = self._state.recipient(address)
            if isinstance(recipient, Mailbox):
                local[recipient.address] = recipient
            elif isinstance(recipient, DistributionGroup):
                refusal = self._refuse_group(mail, recipient)
                if refusal:
                    failures[address] = refusal
                    continue
                members = [member.address for member in recipient.members]
                self._log(mail, "EXPAND", "ROUTING", members, RelatedRecipientAddress=address)
                pending += members
            elif isinstance(recipient, MailContact) and recipient.external.lower() not in seen:
                self._log(mail, "REDIRECT", "ROUTING", [recipient.external], RelatedRecipientAddress=address)
                pending.append(recipient.external)
            elif self._state.accepts(address):
                failures[address] = NO_RECIPIENT
            else:
                remote.setdefault(address.rpartition("@")[2].lower(), []).append(address)
        for mailbox in local.values():
            self._deliver(mail, mailbox)
        for domain, addresses in remote.items():
            failures |= self._send(mail, domain, addresses)
        self._report(mail, failures)

    def _refuse_group(self, mail: Mail, group: DistributionGroup) -> str | None:
        if group.require_authentication and not mail.internal and "group-check-off" not in self._state.mutants:
            return NOT_AUTHENTICATED
        # Only an authenticated message's sender is looked up in the directory, so an anonymous one is on nobody's list.
        sender = self._state.recipient(str(mail.facts["Sender"])) if mail.internal else None
        permitted = group.permits(sender) or "permitted-senders-ignored" in self._state.mutants
        return None if permitted else NOT_PERMITTED

    def _deliver(self, mail: Mail, mailbox: Mailbox) -> None:
        home = self._state.server(mailbox.server)
        assert home is not None
        between = {
            "ClientIp": mail.server.address,
            "ClientHostname": mail.server.fqdn,
            "ServerIp": home.address,
            "ServerHostname": home.fqdn,
        }
        self._log(
            mail,
            "SEND",
            "SMTP",
            [mailbox.address],
            ConnectorId="Intra-Organization SMTP Send Connector",
            RecipientStatus=["250 2.1.5 Recipient OK"],
            **between,
        )
        self._mailboxes.deliver(mailbox.address, headers.prepend(mail.content, [("Return-Path", mail.sender or "<>")]))
        self._log(mail, "DELIVER", "STOREDRIVER", [mailbox.address], home.name, RecipientStatus=[""], **between)

    def _send(self, mail: Mail, domain: str, addresses: list[str]) -> dict[str, str]:
        """Sends to another domain's server by SMTP. What it refuses for good comes back; what may pass later is deferred."""
        target = self._state.network.mail_server(domain)
        if target is None:
            return dict.fromkeys(addresses, NO_DOMAIN)
        content = headers.leaving(mail.content)
        try:
            with smtplib.SMTP(timeout=10, local_hostname=mail.server.fqdn, source_address=(mail.server.address, 0)) as client:
                client.connect(*target)
                options = ["body=8bitmime"] if not content.isascii() and client.has_extn("8bitmime") else []
                refused = client.sendmail(mail.sender or "<>", addresses, content, options)
        except smtplib.SMTPRecipientsRefused as error:
            refused = error.recipients
        except smtplib.SMTPResponseException as error:
            reply = error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
            refused = dict.fromkeys(addresses, (error.smtp_code, reply))
        except (OSError, smtplib.SMTPException) as error:
            refused = dict.fromkeys(addresses, (451, f"4.4.0 {error}".encode()))
        between = {"ClientIp": mail.server.address, "ClientHostname": mail.server.fqdn, "ServerIp": target[0], "ServerHostname": domain}
        sent = [address for address in addresses if address not in refused]
        if sent:
            self._log(
                mail, "SEND", "SMTP", sent, ConnectorId=SEND_CONNECTOR, RecipientStatus=["250 2.1.5 Recipient OK"] * len(sent), **between
            )
        replies = {address: f"{code} {text.decode(errors='replace')}" for address, (code, text) in refused.items()}
        later = {address: reply for address, reply in replies.items() if reply.startswith("4")}
        if later:
            self._log(mail, "DEFER", "QUEUE", list(later), ConnectorId=SEND_CONNECTOR, RecipientStatus=list(later.values()), **between)
            self._deferred.append(dataclasses.replace(mail, recipients=tuple(later)))
        return {address: reply for address, reply in replies.items() if address not in later}

    def _report(self, mail: Mail, failures: Mapping[str, str]) -> None:
        if not failures:
            return
        self._log(mail, "FAIL", "ROUTING", list(failures), RecipientStatus=list(failures.values()))
        told = {address: status for address, status in failures.items() if address not in mail.silent}
        if not mail.sender or not told or "ndr-not-sent" in self._state.mutants:
            return
        message_id = f"<{uuid.uuid4()}@{mail.server.fqdn}>"
        content = notifications.non_delivery_report(mail.server.fqdn, message_id, mail.sender, mail.content, told)
        facts = self._facts(content, message_id, uuid.uuid4(), "", "Originating")
        report = Mail(mail.server, content, "", (mail.sender,), True, facts)
        self._log(report, "DSN", "DSN", [mail.sender], Reference=[mail.facts["MessageId"]])
        if isinstance(self._state.recipient(mail.sender), Mailbox):
            self._route(report)


def _firewall(content: bytes, granted: frozenset[str]) -> bytes:
    """Takes away the headers that the client has no right to bring along."""
    barred = tuple(
        prefix
        for prefix, right in (
            (headers.ORGANIZATION, rights.HEADERS_ORGANIZATION),
            (headers.FOREST, rights.HEADERS_FOREST),
            ("received", rights.HEADERS_ROUTING),
        )
        if right not in granted
    )
    return headers.keep(content, lambda name: not name.startswith(barred)) if barred else content


def _trace(submission: Submission) -> list[tuple[str, str]]:
    """Received fields, newest first: the hub's, when a frontend passed the message on, and that of the server the client talked to."""
    server = submission.visitor.connector.server
    now = email.utils.formatdate(localtime=True)
    here = f"{server.fqdn} ({server.address})"
    secured = ""
    if submission.cipher:
        cipher, protocol = submission.cipher[:2]
        secured = f" (version={protocol.replace('TLSv', 'TLS').replace('.', '_')}, cipher={cipher})"
    frontend = "FrontendTransport" in submission.visitor.connector.role
    client = f"from {submission.helo} ({submission.visitor.remote}) by {here} with Microsoft SMTP Server{secured} id {BUILD}"
    if not frontend:
        return [("Received", f"{client}; {now}")]
    return [
        ("Received", f"from {here} by {here} with Microsoft SMTP Server id {BUILD}; {now}"),
        ("Received", f"{client} via Frontend Transport; {now}"),
    ]


def _verdict(visitor: Visitor, network_id: uuid.UUID) -> list[tuple[str, str]]:
    """What the organisation notes about the sender. Mechanism 10: an externally secured connector; 06: an SMTP logon."""
    mechanism = "06" if visitor.account else "10"
    noted = [("Network-Message-Id", str(network_id)), ("AuthSource", visitor.connector.server.fqdn)]
    noted += [("AuthAs", "Internal"), ("AuthMechanism", mechanism)] if visitor.internal else [("AuthAs", "Anonymous")]
    if rights.BYPASS_ANTI_SPAM in visitor.rights:
        noted.append(("SCL", "-1"))
    return [(f"X-MS-Exchange-Organization-{name}", value) for name, value in noted]
