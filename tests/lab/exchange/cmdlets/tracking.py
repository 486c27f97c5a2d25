"""Get-MessageTrackingLog."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from tests.lab.engine.cmdlets import Call
from tests.lab.exchange.cmdlets.task import Task, named_server
from tests.lab.exchange.state import State
from tests.lab.exchange.tracking import Query, TrackingEvent

_EQUAL = ("EventId", "InternalMessageId", "MessageId", "NetworkMessageId", "Sender", "Source")
_DEFAULT_RESULTS = 1000


def get(state: State, call: Call) -> Iterable[TrackingEvent]:
    """One server's log: the one named, or the session's own. A time without a zone is the server's, and the lab's servers keep UTC."""
    server = named_server(state, call)
    query = Query(
        start=_moment(call.get("Start")),
        end=_moment(call.get("End")),
        equal={name: str(call.get(name)) for name in _EQUAL if call.get(name)},
        subject=str(call.get("MessageSubject") or ""),
        recipients=[str(address) for address in call.get("Recipients") or []],
    )
    found = state.tracking[server.name].search(query)
    size = call.get("ResultSize") if "ResultSize" in call else _DEFAULT_RESULTS
    if size is not None and len(found) > size:
        call.write_warning(
            "There are more results available than are currently displayed. To view them, increase the value for the ResultSize parameter."
        )
    return found[:size]


def _moment(value: datetime.datetime | None) -> datetime.datetime | None:
    return value.replace(tzinfo=datetime.UTC) if value is not None and value.tzinfo is None else value


TASKS = [
    Task(
        "Get-MessageTrackingLog",
        "Microsoft.Exchange.Management.TransportLogSearchTasks",
        get,
        frozenset({*_EQUAL, "Server", "Start", "End", "MessageSubject", "Recipients", "ResultSize"}),
    )
]
