"""What Exchange's management tasks have in common: signatures, parameter types, errors."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.lab.engine.cmdlets import Call, Cmdlet
from tests.lab.engine.objects import NetObject
from tests.lab.exchange import enums, errors, values
from tests.lab.exchange.connectors import ReceiveConnector
from tests.lab.exchange.ranges import IPBinding, IPRange
from tests.lab.exchange.servers import Server
from tests.lab.exchange.state import State

_CATALOGUE = json.loads((Path(__file__).parents[2] / "catalogue" / "cmdlets.json").read_text(encoding="utf-8"))["exchange"]
CONFIGURATION = "Microsoft.Exchange.Management.SystemConfigurationTasks"
RECIPIENTS = "Microsoft.Exchange.Management.RecipientTasks"
_ALWAYS = frozenset({"Confirm", "WhatIf", "DomainController", "IgnoreDefaultScope"})
# The documentation says MultiValuedProperty for lists of anything.
_LIST_TYPES = {"Bindings": "MultiValuedProperty<IPBinding>", "RemoteIPRanges": "MultiValuedProperty<IPRange>"}

Function = Callable[[State, Call], Iterable[Any]]


@dataclasses.dataclass(frozen=True)
class Task:
    """A cmdlet's behaviour. ``implemented``: parameters that have one here; another one is refused rather than ignored."""

    name: str
    namespace: str
    function: Function
    implemented: frozenset[str]
    confirm_impact: str = "Medium"


@dataclasses.dataclass(frozen=True)
class ListChange:
    """``@{Add=…;Remove=…}``: what to add to a list and what to take from it."""

    add: list[Any]
    remove: list[Any]

    def applied_to(self, present: list[Any]) -> list[Any]:
        kept = [one for one in present if str(one) not in {str(other) for other in self.remove}]
        return kept + [one for one in self.add if str(one) not in {str(other) for other in kept}]


def _list_of(parse: Callable[[object], Any], type_name: str) -> Callable[[Any], Any]:
    def many(value: Any) -> list[Any]:
        return [parse(one) for one in (value if isinstance(value, list | tuple) else [value])]

    def convert(value: Any) -> Any:
        if isinstance(value, dict):
            keys = {str(key).lower(): many(items) for key, items in value.items()}
            if set(keys) - {"add", "remove"}:
                raise ValueError("The hashtable may hold Add and Remove, and nothing else.")
            return ListChange(keys.get("add", []), keys.get("remove", []))
        return many(value)

    convert.type_name = f"Microsoft.Exchange.Data.MultiValuedProperty`1[{type_name}]"  # type: ignore[attr-defined]  # the engine reads it
    return convert


def _named(parse: Callable[[object], Any], type_name: str) -> Callable[[Any], Any]:
    """A parser as the engine wants it: with the name of the type that it makes."""

    def convert(value: Any) -> Any:
        return parse(value)

    convert.type_name = type_name  # type: ignore[attr-defined]  # the engine reads it
    return convert


def _identity_of(kind: type[NetObject]) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if isinstance(value, NetObject) and not isinstance(value, kind):
            raise ValueError("")
        return value if isinstance(value, kind) else str(value)

    return convert


TYPES: Mapping[str, Callable[[Any], Any]] = {
    "AuthMechanisms": enums.AUTH_MECHANISMS,
    "PermissionGroups": enums.PERMISSION_GROUPS,
    "ServerRole": enums.SERVER_ROLE,
    "ProtocolLoggingLevel": enums.PROTOCOL_LOGGING,
    "ExtendedProtectionPolicySetting": enums.EXTENDED_PROTECTION,
    "SizeMode": enums.SIZE_MODE,
    "MessageRateSourceFlags": enums.RATE_SOURCE,
    "UsageType": enums.USAGE_TYPE,
    "ActiveDirectoryRights": enums.DIRECTORY_RIGHTS,
    "ActiveDirectorySecurityInheritance": enums.INHERITANCE,
    "ByteQuantifiedSize": values.parse_size,
    "EnhancedTimeSpan": values.parse_span,
    "Unlimited": values.parse_limit,
    "MultiValuedProperty": _list_of(lambda value: value, "System.Object"),
    "MultiValuedProperty<IPBinding>": _list_of(IPBinding.parse, "Microsoft.Exchange.Data.IPBinding"),
    "MultiValuedProperty<IPRange>": _list_of(IPRange.parse, "Microsoft.Exchange.Data.IPRange"),
    "IPBinding": _named(IPBinding.parse, "Microsoft.Exchange.Data.IPBinding"),
    "IPRange": _named(IPRange.parse, "Microsoft.Exchange.Data.IPRange"),
    "ReceiveConnectorIdParameter": _identity_of(ReceiveConnector),
    "ServerIdParameter": _identity_of(Server),
}


def cmdlet(state: State, task: Task) -> Cmdlet:
    """The task as the engine calls it. Its errors are written, not thrown: other objects in the pipeline go on."""
    signature = {name: {**entry, "type": _LIST_TYPES.get(name, entry["type"])} for name, entry in _CATALOGUE[task.name]["Exchange"].items()}

    def run(call: Call) -> list[Any]:
        unknown = (signature.keys() & call.parameters.keys()) - task.implemented - _ALWAYS
        try:
            if unknown:
                text = f"{task.name} does not implement these parameters: {', '.join(sorted(unknown))}."
                raise errors.TaskError(text, "System.NotImplementedException")
            with state.lock:
                return list(task.function(state, call))
        except errors.TaskError as error:
            call.write_error(errors.record(error, here(state, call).name))
            return []

    verb, _unused, noun = task.name.partition("-")
    return Cmdlet(task.name, f"{task.namespace}.{verb}{noun}", signature, run, TYPES, task.confirm_impact)


def here(state: State, call: Call) -> Server:
    """The server that the session is on."""
    return state.server(str(call.session.host)) or state.servers[0]


def named_server(state: State, call: Call, parameter: str = "Server") -> Server:
    """The server that a parameter names; the session's own when it names none. Raises TaskError."""
    identity = call.get(parameter)
    if identity is None:
        return here(state, call)
    server = state.server(str(identity))
    if server is None:
        raise errors.not_found(identity, here(state, call).domain_controller)
    return server
