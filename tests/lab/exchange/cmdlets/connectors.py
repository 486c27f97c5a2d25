"""Get-, New-, Set- and Remove-ReceiveConnector."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from tests.lab.engine.cmdlets import Call
from tests.lab.engine.objects import EnumValue
from tests.lab.exchange import enums, errors
from tests.lab.exchange.cmdlets.task import CONFIGURATION, ListChange, Task, here, named_server
from tests.lab.exchange.connector_rules import check_conflicts, check_settings
from tests.lab.exchange.connectors import DEFAULTS, ReceiveConnector
from tests.lab.exchange.ranges import IPBinding, IPRange
from tests.lab.exchange.servers import Server
from tests.lab.exchange.state import State

_USAGES = {
    "Custom": ("Tls", "None"),
    "Internet": ("Tls", "AnonymousUsers"),
    "Internal": ("Tls, ExchangeServer", "ExchangeServers, ExchangeLegacyServers"),
    "Client": ("Tls, BasicAuth, BasicAuthRequireTLS, Integrated", "ExchangeUsers"),
    "Partner": ("Tls", "Partners"),
}
"""AuthMechanism and PermissionGroups of a new connector by usage (New-ReceiveConnector, Exchange PowerShell documentation)."""
_SETTABLE = frozenset(DEFAULTS) - {"ProxyEnabled", "LiveCredentialEnabled", "Server"}
_ONLY_SET = frozenset({"BareLinefeedRejectionEnabled", "SmtpUtf8Enabled"})


def find(state: State, call: Call, identity: Any) -> ReceiveConnector:
    """By ``SERVER\\Name``, distinguished name, GUID, or a bare name, which means the session's server. Raises TaskError."""
    if isinstance(identity, ReceiveConnector):
        identity = identity.distinguished_name
    wanted = str(identity).strip().lower()
    local = here(state, call)
    for one in state.connectors:
        bare = {one.name.lower()} if one.server is local else set()
        if wanted in {one.identity.lower(), f"{one.server.fqdn}\\{one.name}".lower(), one.distinguished_name.lower(), str(one.guid)} | bare:
            return one
    raise errors.not_found(identity, local.domain_controller)


def get(state: State, call: Call) -> Iterable[ReceiveConnector]:
    """With -Identity one connector, with -Server those of a server, with neither (or a null) all of the organisation."""
    if call.get("Identity") is not None:
        return [find(state, call, call.get("Identity"))]
    if call.get("Server") is not None:
        server = named_server(state, call)
        return [one for one in state.connectors if one.server is server]
    return list(state.connectors)


def new(state: State, call: Call) -> Iterable[ReceiveConnector]:
    server = named_server(state, call)
    usage = next((name for name in _USAGES if call.get(name)), str(call.get("Usage") or "Custom"))
    authentication, groups = _USAGES[usage]
    settings = {**DEFAULTS, "Fqdn": server.fqdn, "AuthMechanism": enums.AUTH_MECHANISMS(authentication)}
    if usage == "Internet":
        settings["RemoteIPRanges"] = [IPRange.parse("0.0.0.0-255.255.255.255")]
    if usage in ("Internal", "Client"):
        settings["Bindings"] = [IPBinding.parse("0.0.0.0:1025" if usage == "Internal" else "0.0.0.0:1587")]
    settings |= _given(call, settings)
    wanted = call.get("PermissionGroups") or enums.PERMISSION_GROUPS(groups)
    name = _checked_name(state, server, str(call.get("Name")))
    connector = ReceiveConnector(server, name, state.access, settings)
    check_settings(settings, wanted)
    check_conflicts(connector, settings, state.connectors)
    if call.get("WhatIf"):
        return []
    state.access.set_permission_groups(connector.distinguished_name, wanted)
    state.connectors.append(connector)
    state.changed()
    return [connector]


def change(state: State, call: Call) -> Iterable[Any]:
    """Set-ReceiveConnector. Says so when nothing is different, as the product does."""
    connector = find(state, call, call.get("Identity"))
    settings = {**connector.settings, **_given(call, connector.settings)}
    before = state.access.permission_groups(connector.distinguished_name)
    groups: EnumValue = call.get("PermissionGroups") or enums.PERMISSION_GROUPS(before.number & ~enums.PERMISSION_GROUPS("Custom").number)
    check_settings(settings, groups)
    check_conflicts(connector, settings, state.connectors)
    name = connector.name
    if "Name" in call and str(call.get("Name")) != name:
        name = _checked_name(state, connector.server, str(call.get("Name")))
    if call.get("WhatIf"):
        return []
    old = connector.distinguished_name
    state.access.set_permission_groups(old, groups)
    if settings == connector.settings and name == connector.name and state.access.permission_groups(old) == before:
        call.write_warning(f"The command completed successfully but no settings of '{connector.identity}' have been modified.")
        return []
    connector.name, connector.settings = name, settings
    connector.changed = datetime.datetime.now(datetime.UTC)
    if connector.distinguished_name != old:
        state.access.rename(old, connector.distinguished_name)
    state.changed()
    return []


def remove(state: State, call: Call) -> Iterable[Any]:
    connector = find(state, call, call.get("Identity"))
    if not call.get("WhatIf"):
        state.connectors.remove(connector)
        state.access.forget(connector.distinguished_name)
        state.changed()
    return []


def _given(call: Call, present: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that parameters name. A null puts the default back; ``@{Add=…;Remove=…}`` changes the list that is there."""
    given = {}
    for name in _SETTABLE & call.parameters.keys() - {"PermissionGroups"}:
        value = call.get(name)
        if isinstance(value, ListChange):
            value = value.applied_to(present[name])
        # A limit's null is the word Unlimited; no other null gets as far as this with a meaning of its own.
        given[name] = DEFAULTS[name] if value is None and DEFAULTS[name] is not None and name not in _UNLIMITED else value
    return given


_UNLIMITED = frozenset({"MessageRateLimit", "MaxInboundConnection", "MaxInboundConnectionPerSource", "MaxProtocolErrors"})


def _checked_name(state: State, server: Server, name: str) -> str:
    if not 0 < len(name) <= 64:
        raise errors.invalid("The length of the property Name is out of range: it must be between 1 and 64 characters.")
    for one in state.connectors:
        if one.server is server and one.name.lower() == name.lower():
            text = f"Active Directory operation failed on {server.domain_controller}. The object '{one.distinguished_name}' already exists."
            raise errors.TaskError(text, "Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException")
    return name


TASKS = [
    Task("Get-ReceiveConnector", CONFIGURATION, get, frozenset({"Identity", "Server"})),
    Task("New-ReceiveConnector", CONFIGURATION, new, (_SETTABLE - _ONLY_SET) | {"Name", "Server", "Usage", *_USAGES}),
    Task("Set-ReceiveConnector", CONFIGURATION, change, _SETTABLE | {"Name", "Identity"}),
    Task("Remove-ReceiveConnector", CONFIGURATION, remove, frozenset({"Identity"}), confirm_impact="High"),
]
