"""Message tracking logs, one per server, and what Get-MessageTrackingLog makes of them.

Property names are those of "Message tracking" and Get-MessageTrackingLog (Exchange Server documentation).
"""

from __future__ import annotations

import dataclasses
import datetime
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from tests.lab.engine.objects import NetObject


@dataclasses.dataclass(frozen=True)
class TrackingEvent(NetObject):
    """One line of the log."""

    timestamp: datetime.datetime
    server: str
    event_id: str
    source: str
    message: Mapping[str, Any]
    details: Mapping[str, Any]

    type_names = ("Microsoft.Exchange.Management.TransportLogSearchTasks.MessageTrackingEvent", "System.Object")

    def __str__(self) -> str:
        return self.type_names[0]

    def properties(self) -> Mapping[str, Any]:
        empty = {
            "ClientIp": "",
            "ClientHostname": "",
            "ServerIp": "",
            "ServerHostname": self.server,
            "SourceContext": "",
            "ConnectorId": "",
        }
        order: dict[str, Any] = {
            "Timestamp": self.timestamp,
            **empty,
            "Source": self.source,
            "EventId": self.event_id,
            "InternalMessageId": "",
            "MessageId": "",
            "NetworkMessageId": "",
            "Recipients": [],
            "RecipientStatus": [],
            "TotalBytes": 0,
            "RecipientCount": 0,
            "RelatedRecipientAddress": "",
            "Reference": [],
            "MessageSubject": "",
            "Sender": "",
            "ReturnPath": "",
            "Directionality": "",
            "TenantId": "",
            "OriginalClientIp": "",
            "OriginalServerIp": "",
            "MessageInfo": "",
            "MessageLatency": None,
            "MessageLatencyType": "None",
            "EventData": [],
            "TransportTrafficType": "Email",
            "SchemaVersion": "15.01.2375.007",
        }
        return {**order, **self.message, **self.details}


@dataclasses.dataclass
class Query:
    """What Get-MessageTrackingLog asks for; text is compared without case, ``end`` is exclusive."""

    start: datetime.datetime | None = None
    end: datetime.datetime | None = None
    equal: Mapping[str, str] = dataclasses.field(default_factory=dict)
    subject: str = ""
    recipients: Iterable[str] = ()

    def __contains__(self, event: TrackingEvent) -> bool:
        if (self.start and event.timestamp < self.start) or (self.end and event.timestamp >= self.end):
            return False
        fields = event.properties()
        wanted = {address.lower() for address in self.recipients}
        return (
            all(str(fields[name]).lower() == value.lower() for name, value in self.equal.items())
            and self.subject.lower() in str(fields["MessageSubject"]).lower()
            and (not wanted or bool(wanted & {address.lower() for address in fields["Recipients"]}))
        )


class TrackingLog:
    """A server's log. An event is found only ``index_lag`` seconds after it was written, as by the real log search service.

    ``silent``: nothing is written.
    """

    def __init__(self, index_lag: float = 0.2, silent: bool = False) -> None:
        self.index_lag = index_lag
        self._silent = silent
        self._events: list[TrackingEvent] = []
        self._lock = threading.Lock()

    def write(self, server: str, event_id: str, source: str, message: Mapping[str, Any], **details: Any) -> None:
        event = TrackingEvent(datetime.datetime.now(datetime.UTC), server, event_id, source, message, details)
        if self._silent:
            return
        with self._lock:
            self._events.append(event)

    def search(self, query: Query) -> list[TrackingEvent]:
        indexed = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=self.index_lag)
        with self._lock:
            return [event for event in self._events if event.timestamp <= indexed and event in query]
