"""Get-ExchangeServer, Get-TransportService, Get-AcceptedDomain and Get-SendConnector."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tests.lab.engine.cmdlets import Call
from tests.lab.engine.objects import Custom
from tests.lab.exchange import errors
from tests.lab.exchange.cmdlets.task import CONFIGURATION, Task, here, named_server
from tests.lab.exchange.servers import Server
from tests.lab.exchange.state import State, accepted


def get_server(state: State, call: Call) -> Iterable[Server]:
    return [named_server(state, call, "Identity")] if call.get("Identity") is not None else list(state.servers)


def get_service(state: State, call: Call) -> Iterable[Custom]:
    return [server.transport_service() for server in get_server(state, call)]


def get_domain(state: State, call: Call) -> Iterable[Custom]:
    return _called(state, call, accepted(state))


def get_send_connector(state: State, call: Call) -> Iterable[Custom]:
    return _called(state, call, state.send_connectors)


def _called(state: State, call: Call, objects: Sequence[Custom]) -> Sequence[Custom]:
    identity: Any = call.get("Identity")
    if identity is None:
        return objects
    wanted = str(identity).lower()
    found = [one for one in objects if wanted in {str(one).lower(), str(one.properties()["Guid"])}]
    if not found:
        raise errors.not_found(identity, here(state, call).domain_controller)
    return found


_IDENTITY = frozenset({"Identity"})
TASKS = [
    Task("Get-ExchangeServer", CONFIGURATION, get_server, _IDENTITY | {"Status"}),
    Task("Get-TransportService", CONFIGURATION, get_service, _IDENTITY),
    Task("Get-AcceptedDomain", CONFIGURATION, get_domain, _IDENTITY),
    Task("Get-SendConnector", CONFIGURATION, get_send_connector, _IDENTITY),
]
