"""The CIM classes of one farm server: the SMTP server's metabase, and what the operating system says of itself."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from tests.lab.iis.cim import CimClass, CimInstance, Row
from tests.lab.iis.machine import METABASE_SERVICE, SMTP, START_TYPE, Machine
from tests.lab.iis.metabase import (
    BINDINGS,
    BOOLEAN,
    BYTES,
    DATE,
    IP_SECURITY_SETTING,
    LOG_MODULES,
    SERVER,
    SERVER_BINDING,
    SINT32,
    SMTP_SERVER_SETTING,
    STRING,
    STRINGS,
    UINT32,
    UINT64,
    Property,
)

METABASE_NAMESPACE = "root/microsoftiisv2"
_STARTED = datetime.datetime(2026, 11, 1, 6, 0, tzinfo=datetime.UTC)
_SMTP_SERVER = {
    **{name: STRING for name in ("Caption", "Description", "Name", "PostmasterEmail", "PostmasterName", "Status")},
    **{name: STRINGS for name in ("DomainRouting", "LocalDomains", "RoutingSources")},
    "ServerState": SINT32,
    "SmtpServiceVersion": SINT32,
    "SSLCertHash": BYTES,
}
_OPERATING_SYSTEM = {
    **{name: STRING for name in ("BuildNumber", "Caption", "CSName", "Name", "OSArchitecture", "Status", "SystemDirectory", "Version")},
    "WindowsDirectory": STRING,
    "ProductType": UINT32,
    "LastBootUpTime": DATE,
    "LocalDateTime": DATE,
}
_SERVICE = {
    **{name: STRING for name in ("Caption", "DisplayName", "Name", "PathName", "StartMode", "StartName", "State", "Status", "SystemName")},
    **{name: BOOLEAN for name in ("DelayedAutoStart", "Started")},
    "ExitCode": UINT32,
    "ProcessId": UINT32,
}
_COUNTED = (
    "BadmailedMessagesHopCountExceeded",
    "BadmailedMessagesNDRofDSN",
    "InboundConnectionsTotal",
    "MessagesDeliveredTotal",
    "MessagesReceivedTotal",
    "MessagesSentTotal",
    "NDRsGenerated",
    "OutboundConnectionsRefused",
    "OutboundConnectionsTotal",
)
"""Counters that the spool counts under the same name; the others come from the queue."""
_QUIET = (
    "AvgRetriesPermsgSent",
    "BadmailedMessagesBadPickupFile",
    "BadmailedMessagesGeneralFailure",
    "BadmailedMessagesNoRecipients",
    "BadmailedMessagesTriggeredviaEvent",
    "CategorizerQueueLength",
    "LocalQueueLength",
    "LocalRetryQueueLength",
    "OutboundConnectionsCurrent",
)
_MEASURED = ("InboundConnectionsCurrent", "RemoteQueueLength", "RemoteRetryQueueLength")
_COUNTERS = {"Name": STRING, **dict.fromkeys((*_COUNTED, *_QUIET, *_MEASURED), UINT32), "Timestamp_Sys100NS": UINT64}


def _properties(kinds: Mapping[str, str]) -> dict[str, Property]:
    return {name: Property(kind, read_only=True) for name, kind in kinds.items()}


def classes(machine: Machine, namespace: str) -> dict[str, CimClass] | None:
    """The classes of a namespace by lower-case name; None when there is no such namespace."""
    name = namespace.replace("\\", "/").lower().strip("/")
    if name == METABASE_NAMESPACE and machine.features.has("Web-WMI"):
        found = _metabase(machine)
    elif name == "root/cimv2":
        found = _system(machine)
    else:
        return None
    return {one.name.lower(): one for one in found}


def _metabase(machine: Machine) -> list[CimClass]:
    def rows(*values: Row) -> Iterable[Row]:
        return values if machine.has_smtp else ()

    def running() -> Row:
        state = 2 if machine.services[SMTP].running else 4
        facts = {"Caption": None, "Name": SERVER, "LocalDomains": [machine.fqdn], "ServerState": state, "SmtpServiceVersion": 2}
        return {name: facts.get(name) for name in _SMTP_SERVER}

    def setting() -> Row:
        return {name: _embedded(one.kind, machine.metabase.shown()[name]) for name, one in SMTP_SERVER_SETTING.items()}

    def modules() -> Iterable[Row]:
        return [{"Caption": None, "Description": None, "Name": name, "LogModuleId": number} for name, number in LOG_MODULES.items()]

    return [
        CimClass("IIsSmtpServer", _properties(_SMTP_SERVER), lambda: rows(running()) if machine.has_smtp else ()),
        CimClass("IIsSmtpServerSetting", SMTP_SERVER_SETTING, lambda: rows(setting()), machine.metabase.change),
        CimClass("IIsIPSecuritySetting", IP_SECURITY_SETTING, lambda: rows(dict(machine.metabase.ip_security)), _ip_security(machine)),
        CimClass(
            "IISLogModuleSetting",
            _properties(dict.fromkeys(("Caption", "Description", "Name", "LogModuleId"), STRING)),
            modules,
        ),
        CimClass("ServerBinding", SERVER_BINDING, lambda: (), keys=()),
    ]


def _ip_security(machine: Machine) -> Any:
    def write(changes: Mapping[str, Any]) -> None:
        machine.metabase.ip_security.update(changes)

    return write


def _embedded(kind: str, value: Any) -> Any:
    if kind != BINDINGS or value is None:
        return value
    return [CimInstance("root/MicrosoftIISv2", "ServerBinding", one, declared=SERVER_BINDING) for one in value]


def _system(machine: Machine) -> list[CimClass]:
    found = [
        CimClass("Win32_OperatingSystem", _properties(_OPERATING_SYSTEM), lambda: [_operating_system(machine)], keys=()),
        CimClass("Win32_Service", _properties(_SERVICE), lambda: _services(machine)),
    ]
    if machine.has_smtp:
        name = "Win32_PerfFormattedData_SMTPSVC_SMTPServer"
        found.append(CimClass(name, _properties(_COUNTERS), lambda: _counters(machine)))
    return found


def _operating_system(machine: Machine) -> Row:
    return {
        "BuildNumber": machine.number.rpartition(".")[2],
        "Caption": machine.caption,
        "CSName": machine.host.upper(),
        "Name": f"{machine.caption}|C:\\Windows|\\Device\\Harddisk0\\Partition2",
        "OSArchitecture": "64-bit",
        "Status": "OK",
        "SystemDirectory": "C:\\Windows\\system32",
        "Version": machine.number,
        "WindowsDirectory": "C:\\Windows",
        "ProductType": 3,
        "LastBootUpTime": _STARTED,
        "LocalDateTime": datetime.datetime.now(datetime.UTC),
    }


def _services(machine: Machine) -> Iterable[Row]:
    for one in machine.services.values():
        mode = str(START_TYPE(one.start))
        yield {
            "Caption": one.title,
            "DelayedAutoStart": bool(one.delayed),
            "DisplayName": one.title,
            "ExitCode": 0,
            "Name": one.name,
            "PathName": one.path,
            "ProcessId": {METABASE_SERVICE: 2244, SMTP: 2244}[one.name] if one.running else 0,
            "StartMode": {"Automatic": "Auto"}.get(mode, mode),
            "StartName": "LocalSystem",
            "Started": one.running,
            "State": "Running" if one.running else "Stopped",
            "Status": "OK",
            "SystemName": machine.host.upper(),
        }


def _counters(machine: Machine) -> Iterable[Row]:
    if not machine.services[SMTP].running:
        return
    fresh, retried = machine.spool.lengths()
    measured = {"InboundConnectionsCurrent": machine.connections, "RemoteQueueLength": fresh, "RemoteRetryQueueLength": retried}
    values = {**dict.fromkeys(_QUIET, 0), **{name: machine.spool.counters[name] for name in _COUNTED}, **measured}
    for name in ("SMTP 1", "_Total"):
        yield {"Name": name, **values, "Timestamp_Sys100NS": 134000000000000000}
