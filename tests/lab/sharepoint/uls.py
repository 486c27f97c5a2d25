"""SharePoint's own log (ULS) of one server."""

from __future__ import annotations

import dataclasses
import datetime
import threading
import uuid
from collections.abc import Mapping
from typing import Any

from tests.lab.engine.objects import NetObject

LEVELS = {"Unexpected": 10, "Monitorable": 15, "High": 20, "Medium": 50, "Verbose": 100, "VerboseEx": 200}
"""Microsoft.SharePoint.Administration.TraceSeverity: the smaller, the graver."""


@dataclasses.dataclass(frozen=True)
class LogEntry(NetObject):
    """A line of the log. ``timestamp`` is the server's local time, without a zone, as ULS writes it; the lab's servers keep UTC."""

    timestamp: datetime.datetime
    process: str
    thread: str
    area: str
    category: str
    event_id: str
    level: str
    message: str
    correlation: uuid.UUID

    type_names = ("Microsoft.SharePoint.Diagnostics.LogFileEntry", "System.Object")

    def __str__(self) -> str:
        return "\t".join(
            [
                self.timestamp.strftime("%m/%d/%Y %H:%M:%S.%f")[:-4],
                self.process,
                self.thread,
                self.area,
                self.category,
                self.event_id,
                self.level,
                self.message,
                str(self.correlation),
            ]
        )

    def properties(self) -> Mapping[str, Any]:
        return {
            "Timestamp": self.timestamp,
            "Continuation": False,
            "Process": self.process,
            "ThreadID": self.thread,
            "Area": self.area,
            "Category": self.category,
            "EventID": self.event_id,
            "Level": self.level,
            "Message": self.message,
            "Correlation": self.correlation,
        }


class UlsLog:
    """The log of one server, whose clock shows the time of ``zone``."""

    def __init__(self, zone: datetime.tzinfo = datetime.UTC) -> None:
        self._zone = zone
        self._entries: list[LogEntry] = []
        self._lock = threading.Lock()

    def write(self, process: str, category: str, event_id: str, level: str, message: str, correlation: uuid.UUID) -> None:
        entry = LogEntry(
            datetime.datetime.now(self._zone).replace(tzinfo=None),
            process,
            f"0x{threading.get_ident() & 0xFFFF:04X}",
            "SharePoint Foundation",
            category,
            event_id,
            level,
            message,
            correlation,
        )
        with self._lock:
            self._entries.append(entry)

    def read(
        self, start: datetime.datetime | None = None, end: datetime.datetime | None = None, minimum_level: str = "VerboseEx"
    ) -> list[LogEntry]:
        """The entries of a span of time (both ends included) that are at least as grave as ``minimum_level``.

        Raises KeyError for a level that is none.
        """
        gravest = LEVELS[minimum_level]
        first = self._server_time(start) if start else datetime.datetime.min
        last = self._server_time(end) if end else datetime.datetime.max
        with self._lock:
            return [entry for entry in self._entries if first <= entry.timestamp <= last and LEVELS[entry.level] <= gravest]

    def _server_time(self, value: datetime.datetime) -> datetime.datetime:
        """As the server's clock shows it, without a zone."""
        return value if value.tzinfo is None else value.astimezone(self._zone).replace(tzinfo=None)
