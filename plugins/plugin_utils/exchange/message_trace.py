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

from ansible_collections.sharepoint.mail.plugins.plugin_utils.exchange.organisation import explained, with_domain_controller
from ansible_collections.sharepoint.mail.plugins.plugin_utils.moments import parse_moment
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.errors import RemoteError
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.pipeline import Statement, cmdlet
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.session import Session
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.values import UNLIMITED

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
    subject: str = ""
    message_ids: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    sender: str = ""
    event_ids: frozenset[str] = frozenset()
    """Only these are returned; the search itself needs the others."""
    result_size: str = UNLIMITED
    domain_controller: str | None = None

    def first(self, server: str) -> list[Statement]:
        """The questions that find messages: one for what is known of them, one for each message id that is known."""
        described: dict[str, Any] = {}
        if self.subject:
            described["MessageSubject"] = self.subject
        if self.recipients:
            described["Recipients"] = list(self.recipients)
        if self.sender:
            described["Sender"] = self.sender
        questions = [described] if described or not self.message_ids else []
        return [self._ask(server, question) for question in (*questions, *({"MessageId": known} for known in self.message_ids))]

    def follow(self, server: str, message_id: str) -> Statement:
        """All events of a message. Its id stays the same on every server, its subject may not be logged."""
        return self._ask(server, {"MessageId": message_id})

    def _ask(self, server: str, question: Mapping[str, Any]) -> Statement:
        # Moments as DateTime, never as text: text would be read in the server's regional format.
        window = {"Start": self.start} if self.end is None else {"Start": self.start, "End": self.end}
        statement = cmdlet("Get-MessageTrackingLog", Server=server, **window, **question, ResultSize=self.result_size)
        return with_domain_controller(statement, self.domain_controller)


def angled(message_id: str) -> str:
    """A message id in the angle brackets with which the log keeps it."""
    return f"<{message_id.strip().strip('<>')}>"


def trace(session: Session, search: Search) -> list[dict[str, Any]]:
    """All events of the messages that ``search`` finds, from all servers, in order of time. Raises RemoteError or BadInput."""
    found = _events(session, [(server, statement) for server in search.servers for statement in search.first(server)])
    asked = set(search.message_ids)
    ids = sorted({event["message_id"] for event in found} - asked - {""})
    if ids and (search.subject or search.recipients or search.sender):
        found += _events(session, [(server, search.follow(server, known)) for server in search.servers for known in ids])
    unique = {tuple(map(str, event.values())): event for event in found}
    return sorted(unique.values(), key=lambda event: str(event["timestamp"]))


def wait_for(
    session: Session, search: Search, until: frozenset[str], seconds: float, progress: Callable[[str], None]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Traces again and again until every message (for every recipient named) has an event in ``until``, at most for ``seconds``.

    Returns the events and what is still missing, as text.
    """
    began = told = time.monotonic()
    while True:
        events = trace(session, search)
        missing = unfinished(events, search, until)
        left = began + seconds - time.monotonic()
        if not missing or left <= 0:
            return events, missing
        if time.monotonic() - told >= 10:
            told = time.monotonic()
            progress(f"Waiting for message tracking, {left:.0f} s left; missing: {', '.join(missing)}")
        time.sleep(min(_POLL_SECONDS, left))


def unfinished(events: Iterable[Mapping[str, Any]], search: Search, until: frozenset[str]) -> list[str]:
    """What has no event in ``until`` yet: message ids, with the recipients that were named; or the search itself."""
    done: dict[str, set[str]] = {message_id: set() for message_id in search.message_ids}
    ended: set[str] = set()
    for event in events:
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
    if not done:
        return missing or [f"a message with {search.subject!r} in its subject" if search.subject else "a message"]
    return missing


def subject_logging(session: Session, servers: Sequence[str], domain_controller: str | None = None) -> dict[str, bool] | None:
    """Whether each server writes subjects into its log. None where the account may not read it."""
    statements = [with_domain_controller(cmdlet("Get-TransportService", Identity=server), domain_controller) for server in servers]
    found: dict[str, bool] = {}
    for server, reply in zip(servers, session.read_each(*statements), strict=True):
        for service in reply.outputs:
            if isinstance(service, Mapping) and service.get("MessageTrackingLogSubjectLoggingEnabled") is not None:
                found[server] = bool(service["MessageTrackingLogSubjectLoggingEnabled"])
    return found or None


def _events(session: Session, questions: Sequence[tuple[str, Statement]]) -> list[dict[str, Any]]:
    replies = session.read_each(*(statement for _unused, statement in questions))
    events = []
    for (server, _unused), reply in zip(questions, replies, strict=True):
        for error in reply.errors:
            raise _said(error, server, session.host)
        events += [_event(server, output) for output in reply.outputs if isinstance(output, Mapping)]
    return events


def _said(error: RemoteError, server: str, host: str) -> Exception:
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
