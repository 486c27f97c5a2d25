# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exchange's message tracking: found by what is known of a message, then followed by its message id on every server."""

from __future__ import annotations

import dataclasses
import datetime
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..common.errors import BadInput, CommandMissing, RemoteError
from ..common.moments import parse_moment
from ..remoting.pipeline import Statement, cmdlet
from ..remoting.session import Session
from ..remoting.values import UNLIMITED
from .organisation import explained, with_domain_controller

_POLL_SECONDS = 0.5

# Our name -> property ("Message tracking": structure of the message tracking log files).
_TEXTS = {
    "event_id": "EventId",
    "source": "Source",
    "source_context": "SourceContext",
    "connector_id": "ConnectorId",
    "client_ip": "ClientIp",
    "client_hostname": "ClientHostname",
    "server_ip": "ServerIp",
    "server_hostname": "ServerHostname",
    "original_client_ip": "OriginalClientIp",
    "message_id": "MessageId",
    "internal_message_id": "InternalMessageId",
    "network_message_id": "NetworkMessageId",
    "subject": "MessageSubject",
    "sender": "Sender",
    "return_path": "ReturnPath",
    "directionality": "Directionality",
}
_LISTS = {"recipients": "Recipients", "recipient_status": "RecipientStatus", "reference": "Reference"}


@dataclasses.dataclass(frozen=True)
class Search:
    """What is asked of every server. ``end`` None: up to now, whenever that is."""

    servers: tuple[str, ...]
    start: datetime.datetime
    end: datetime.datetime | None
    subjects: tuple[str, ...] = ()
    """Parts of subjects: one for each message that is looked for."""
    message_ids: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    sender: str = ""
    result_size: str = UNLIMITED
    domain_controller: str | None = None
    silent: frozenset[str] = frozenset()
    """Servers that do not log subjects: they are asked by recipients and sender instead."""

    def searched_by(self, server: str) -> list[str]:
        """By what the server is asked for messages whose id is not known; empty when it cannot be."""
        given = {"subject": self.subjects and server not in self.silent, "recipients": self.recipients, "sender": self.sender}
        return [name for name, value in given.items() if value]

    def first(self, server: str) -> list[Statement]:
        """The questions that find messages: one for each subject, or for what else is known, and one for each message id that is known."""
        described: dict[str, Any] = {}
        if self.recipients:
            described["Recipients"] = list(self.recipients)
        if self.sender:
            described["Sender"] = self.sender
        if self.subjects and server not in self.silent:
            questions = [{"MessageSubject": subject, **described} for subject in self.subjects]
        else:
            questions = [described] if described or not (self.subjects or self.message_ids) else []
        return [self.ask(server, **question) for question in (*questions, *({"MessageId": known} for known in self.message_ids))]

    def ask(self, server: str, **question: Any) -> Statement:
        # Moments as DateTime, never as text: text would be read in the server's regional format.
        window = {"Start": self.start} if self.end is None else {"Start": self.start, "End": self.end}
        statement = cmdlet("Get-MessageTrackingLog", Server=server, **window, **question, ResultSize=self.result_size)
        return with_domain_controller(statement, self.domain_controller)


@dataclasses.dataclass
class Traced:
    """Events in order of time, and why servers could not be queried. ``missing`` is what had not come to its end, as text."""

    events: list[dict[str, Any]]
    not_asked: dict[str, str]
    missing: list[str] = dataclasses.field(default_factory=list)


def angled(message_id: str) -> str:
    """A message id in the angle brackets with which the log keeps it."""
    return f"<{message_id.strip().strip('<>')}>"


def trace(session: Session, search: Search) -> Traced:
    """All events of the messages that ``search`` finds, and of the notifications that Exchange sent because of them, from all servers.

    A message keeps its id on every server, while its subject may not be logged. Raises RemoteError or BadInput when no server
    could be asked, or none would do better.
    """
    not_asked: dict[str, str] = {}

    def ask(questions: Sequence[tuple[str, Statement]]) -> list[dict[str, Any]]:
        return _events(session, [(server, statement) for server, statement in questions if server not in not_asked], not_asked, search)

    def follow(ids: Iterable[str]) -> list[dict[str, Any]]:
        return ask([(server, search.ask(server, MessageId=known)) for server in search.servers for known in sorted(ids)])

    found = ask([(server, statement) for server in search.servers for statement in search.first(server)])
    ids = {event["message_id"] for event in found} - {""}
    if search.subjects or search.recipients or search.sender:
        found += follow(ids - set(search.message_ids))
    found = _meant(found, search)
    if any(event["event_id"].upper() == "FAIL" for event in found):
        # A notification is a message of its own; what ties it to the failed one is the event's Reference.
        # Its value is documented as the message id in one place and as the internal one, which is a server's own, in another.
        causes = {(server, event["message_id"]) for event in found for server in search.servers}
        causes |= {(event["server"], event["internal_message_id"]) for event in found}
        reports = ask([(server, search.ask(server, EventId="DSN")) for server in search.servers])
        reports = [event for event in reports if causes & {(event["server"], text) for text in event["reference"]}]
        found += reports + follow({event["message_id"] for event in reports} - {event["message_id"] for event in found} - {""})
    unique = {tuple(map(str, event.values())): event for event in found}
    return Traced(sorted(unique.values(), key=lambda event: str(event["timestamp"])), not_asked)


def wait_for(session: Session, search: Search, until: frozenset[str], seconds: float, progress: Callable[[str], None]) -> Traced:
    """Traces again and again until every message (for every recipient named) has an event in ``until``, at most for ``seconds``."""
    began = told = time.monotonic()
    while True:
        traced = trace(session, search)
        traced.missing = unfinished(traced.events, search, until)
        left = began + seconds - time.monotonic()
        if not traced.missing or left <= 0:
            return traced
        if time.monotonic() - told >= 10:
            told = time.monotonic()
            progress(f"Waiting for message tracking, {left:.0f} s left; missing: {', '.join(traced.missing)}")
        time.sleep(min(_POLL_SECONDS, left))


def unfinished(events: Sequence[Mapping[str, Any]], search: Search, until: frozenset[str]) -> list[str]:
    """What has no event in ``until`` yet: message ids, with the recipients that were named; subjects that no message had; or all.

    Notifications of a failure are nothing that is waited for.
    """
    done: dict[str, set[str]] = {message_id: set() for message_id in search.message_ids}
    ended: set[str] = set()
    subjects: dict[str, str] = {}
    reports = {event["message_id"] for event in events if event["event_id"].upper() == "DSN"} - set(search.message_ids)
    for event in events:
        if event["message_id"] in reports or not event["message_id"]:
            continue
        subjects[event["message_id"]] = event.get("subject") or subjects.get(event["message_id"], "")
        reached = done.setdefault(event["message_id"], set())
        if event["event_id"].upper() in until:
            ended.add(event["message_id"])
            reached |= {address.casefold() for address in event["recipients"]}
    missing = [
        f"{message_id} to {recipient}" if search.recipients else message_id
        for message_id, reached in done.items()
        for recipient in (search.recipients or ("",))
        if (recipient.casefold() not in reached if recipient else message_id not in ended)
    ]
    if search.recipients:
        # A message per recipient, as SharePoint sends alerts, is as good as one message to all.
        finished = set().union(*done.values())
        missing = [entry for entry in missing if entry.rpartition(" to ")[2].casefold() not in finished]
        missing += [f"a message to {name}" for name in search.recipients if not done and name]
    lacking = [part for part in search.subjects if not any(part.casefold() in subject.casefold() for subject in subjects.values())]
    # A message whose subject was not logged may be any of them.
    nameless = sum(not subject for subject in subjects.values())
    missing += [f"a message with {part!r} in its subject" for part in lacking[nameless:]]
    return missing or ([] if done else ["a message"])


def subject_logging(session: Session, servers: Sequence[str], domain_controller: str | None = None) -> dict[str, bool] | None:
    """Whether each server writes subjects into its log. None where the account may not read it."""
    statements = [with_domain_controller(cmdlet("Get-TransportService", Identity=server), domain_controller) for server in servers]
    found: dict[str, bool] = {}
    for server, reply in zip(servers, session.read_each(*statements), strict=True):
        for service in reply.outputs:
            if isinstance(service, Mapping) and service.get("MessageTrackingLogSubjectLoggingEnabled") is not None:
                found[server] = bool(service["MessageTrackingLogSubjectLoggingEnabled"])
    return found or None


def _events(
    session: Session, questions: Sequence[tuple[str, Statement]], not_asked: dict[str, str], search: Search
) -> list[dict[str, Any]]:
    """The answers. A server that fails joins ``not_asked``; its error is raised when it was the last one left, or would be all others'."""
    replies = session.read_each(*(statement for _unused, statement in questions))
    events = []
    for (server, _unused), reply in zip(questions, replies, strict=True):
        for error in reply.errors:
            said = _said(error, server, session.host)
            not_asked.setdefault(server, str(said))
            if not isinstance(said, RemoteError) or isinstance(said, CommandMissing) or not set(search.servers) - set(not_asked):
                raise said
        events += [_event(server, output) for output in reply.outputs if isinstance(output, Mapping)]
    return events


def _meant(events: Sequence[dict[str, Any]], search: Search) -> list[dict[str, Any]]:
    """Without messages that were found by recipients or sender only, and whose subject, logged on another server, shows them strangers."""
    if not search.subjects:
        return list(events)
    known: dict[str, bool] = {}
    for event in events:
        if event["subject"]:
            meant = any(part.casefold() in event["subject"].casefold() for part in search.subjects)
            known[event["message_id"]] = known.get(event["message_id"], False) or meant
    return [event for event in events if known.get(event["message_id"], True) or event["message_id"] in search.message_ids]


def _said(error: RemoteError, server: str, host: str) -> BadInput | RemoteError:
    if "log search" in error.reply.lower() or "RPC" in error.reply:
        error.message += f" The service Microsoft Exchange Transport Log Search must run on {server}."
    return explained(error, server, host)


def _event(server: str, found: Mapping[str, Any]) -> dict[str, Any]:
    moment = parse_moment(found.get("Timestamp"))
    return {
        "server": server,
        "timestamp": "" if moment is None else moment.isoformat(),
        **{name: str(found.get(source) or "") for name, source in _TEXTS.items()},
        **{name: _entries(found.get(source)) for name, source in _LISTS.items()},
        "total_bytes": int(found.get("TotalBytes") or 0),
    }


def _entries(value: Any) -> list[str]:
    return [str(entry) for entry in (value if isinstance(value, list) else [value]) if entry not in (None, "")]
