# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The default SMTP virtual server of a Windows server, as it stands: features, services, settings, and our firewall rule."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Mapping
from typing import Any, Final

from ..common.errors import CommandMissing, RemoteError
from ..iis import firewall, relay_ip_list
from ..remoting.pipeline import Statement, cmdlet
from ..remoting.session import Reply, Session
from .settings import ANY, SETTINGS, bindings, networks, outbound_security, texts

INSTANCE: Final = "SmtpSvc/1"
"""The default virtual server; SMTP's setup makes no other."""
NAMESPACE: Final = "root/MicrosoftIISv2"
SERVICE: Final = "SMTPSVC"
METABASE_SERVICE: Final = "IISADMIN"
SERVICE_KEY: Final = r"HKLM:\SYSTEM\CurrentControlSet\Services\SMTPSVC"
RESTART_NEEDED: Final = "SharePointMailRestartNeeded"
"""A value of ``SERVICE_KEY`` that stands there from before settings of a running service are written until it was restarted.

Nothing that Windows says by itself tells whether the service has read its settings: it shares its process with IISADMIN (inetinfo.exe,
KB 910618), which goes on when it is restarted; the provider shows what is stored; and the metabase's file is written a minute or more after
a change, of other settings, too (ms525213).
"""
SMTP, WMI, CONSOLE = "SMTP-Server", "Web-WMI", "Web-Lgcy-Mgmt-Console"
"""Features. The provider of the settings is a feature of its own, IIS 6 WMI Compatibility."""

_RUNNING_STATES: Final = (1, 2)  # ServerState: starting, started
_START_TYPES: Final = {"auto": "automatic", "manual": "manual", "disabled": "disabled"}


@dataclasses.dataclass(frozen=True)
class WindowsServer:
    """What is known of a Windows server whether or not it has an SMTP server."""

    name: str
    """COMPUTERNAME."""
    windows: str
    """``Microsoft Windows Server 2019 Standard``."""
    features: Mapping[str, bool]
    """Whether each of the features that Windows offers here is installed; one that Windows has not is missing."""
    services: Mapping[str, Mapping[str, Any]]
    """Win32_Service by name, of those that exist."""
    delayed: bool
    rule: firewall.Rule | None
    firewall_error: RemoteError | None
    folder: str = ""
    """Where Windows is installed: ``C:\\Windows``."""
    now: Any = None
    """The server's clock."""
    restart_noted: bool = False
    """Whether ``RESTART_NEEDED`` is there."""

    @property
    def running(self) -> bool:
        return self.service_runs(SERVICE)

    def service_runs(self, name: str) -> bool:
        return str(self.services.get(name, {}).get("State")) == "Running"

    @property
    def restart_needed(self) -> bool:
        """Whether the service goes by older settings than those that are stored: a restart of this collection's was cut off."""
        return self.running and self.restart_noted

    @property
    def start_type(self) -> str | None:
        """``manual``, ``automatic``, ``delayed`` or ``disabled``; None without a service."""
        if SERVICE not in self.services:
            return None
        kind = _START_TYPES.get(str(self.services[SERVICE].get("StartMode")).lower(), "manual")
        return "delayed" if kind == "automatic" and self.delayed else kind


@dataclasses.dataclass(frozen=True)
class VirtualServer:
    """The settings of the virtual server, as its objects show them."""

    found: Mapping[str, Any]
    bindings: list[dict[str, Any]]
    connect: Mapping[str, Any]
    state: int | None = None

    @property
    def stopped(self) -> bool:
        """Whether it is known not to run although its service does: stopped in the console, or its port was taken."""
        return self.state not in (None, *_RUNNING_STATES)

    @property
    def relay_list(self) -> relay_ip_list.RelayList:
        value = self.found.get("RelayIpList")
        if isinstance(value, list):  # PowerShell sends uint8[] as bytes; a provider that calls its items otherwise gives numbers
            value = bytes(int(entry) for entry in value)
        return relay_ip_list.read(value if isinstance(value, bytes) else None if value is None else b"?")

    @property
    def connect_addresses(self) -> list[str]:
        """Those whose grants count; with GrantByDefault the denials count, and everybody else may connect."""
        if self._everybody_connects:
            return [ANY]
        granted = texts(self.connect.get("IPGrant"))
        try:
            return networks(granted)
        except ValueError:
            return granted

    @property
    def connect_names(self) -> list[str]:
        """Hosts and domains that may connect by their names, beside the addresses, as far as these grants count."""
        return [] if self._everybody_connects else self.granted_names

    @property
    def granted_names(self) -> list[str]:
        """All names in the list, whether or not it counts now."""
        return sorted(name.lower() for name in texts(self.connect.get("DomainGrant")))

    @property
    def _everybody_connects(self) -> bool:
        return self.connect.get("GrantByDefault") in (True, None)


def setting_object() -> Statement:
    """The whole object: WMI refuses to write one that was fetched with a selection of its properties."""
    return _of_instance("IIsSmtpServerSetting")


def security_object() -> Statement:
    """Who may connect, for all that the name says of relaying."""
    return _of_instance("IIsIPSecuritySetting")


def _of_instance(class_name: str) -> Statement:
    return cmdlet("Get-CimInstance", Namespace=NAMESPACE, ClassName=class_name, Filter=f"Name='{INSTANCE}'")


def read_host(session: Session) -> WindowsServer:
    """Features, services, start type and firewall rule, in one message. Raises RemoteError."""
    system, features, service, metabase, key, *rules = session.read_each(
        cmdlet("Get-CimInstance", ClassName="Win32_OperatingSystem"),
        cmdlet("Get-WindowsFeature", Name=[SMTP, WMI, CONSOLE]),
        cmdlet("Get-CimInstance", ClassName="Win32_Service", Filter=f"Name='{SERVICE}'"),
        cmdlet("Get-CimInstance", ClassName="Win32_Service", Filter=f"Name='{METABASE_SERVICE}'"),
        cmdlet("Get-ItemProperty", Path=SERVICE_KEY),  # an error where there is no service
        *firewall.READS,
    )
    for reply in (system, features, service, metabase):
        if reply.errors:
            raise reply.errors[0]
    windows = _first(system)
    registry = _first(key)
    try:
        rule, firewall_error = firewall.rule(rules), None
    except RemoteError as error:
        rule, firewall_error = None, error
    return WindowsServer(
        name=str(windows.get("CSName") or ""),
        windows=str(windows.get("Caption") or "Windows").strip(),
        features={str(entry.get("Name")): bool(entry.get("Installed")) for entry in _objects(features)},
        services={str(entry.get("Name")): entry for entry in (*_objects(service), *_objects(metabase))},
        delayed=bool(registry.get("DelayedAutostart")),
        rule=rule,
        firewall_error=firewall_error,
        folder=str(windows.get("WindowsDirectory") or ""),
        now=windows.get("LocalDateTime"),
        restart_noted=bool(registry.get(RESTART_NEEDED)),
    )


def read_virtual_server(session: Session, host: WindowsServer) -> VirtualServer | None:
    """The virtual server; None where it, or what it takes to look at it, is not installed. Raises RemoteError with what to do."""
    if not (host.features.get(SMTP) and host.features.get(WMI)):
        return None
    try:
        # Objects inside objects arrive as their names only, so the bindings are walked to.
        settings, security, state, ports = session.read(
            setting_object(), security_object(), _of_instance("IIsSmtpServer"), setting_object().member("ServerBindings")
        )
    except CommandMissing:
        raise
    except RemoteError as error:
        error.message += not_administrator(session, error)
        if not host.service_runs(METABASE_SERVICE):
            error.message += (
                f" {METABASE_SERVICE} does not run on {host.name}, and the settings are stored in it: Start-Service {METABASE_SERVICE}."
            )
        raise
    found = next((entry for entry in settings if isinstance(entry, Mapping)), None)
    if found is None:
        return None
    restrictions, live = (next((entry for entry in outputs if isinstance(entry, Mapping)), {}) for outputs in (security, state))
    return VirtualServer(found, _bindings(ports), restrictions, live.get("ServerState"))


def not_administrator(session: Session, error: RemoteError) -> str:
    """What to do about an error that says that access is denied, as a sentence behind it; empty for other errors.

    An endpoint may run as another account than the one that signs in, such as SharePoint's farm account.
    """
    reply = error.reply.lower().rstrip()
    if "denied" not in reply and "user rights" not in reply:
        return ""
    stop = "" if reply.endswith(".") else "."
    return (
        f"{stop} The SMTP server of {session.host} can be managed by local administrators only: sign in as one, over an endpoint that runs "
        f"as one (this is {session.endpoint.configuration})."
    )


def _bindings(outputs: list[Any]) -> list[dict[str, Any]]:
    entries = [entry for output in outputs for entry in (output if isinstance(output, list) else [output]) if isinstance(entry, Mapping)]
    try:
        return bindings({"address": entry.get("IP"), "port": entry.get("Port")} for entry in entries)
    except ValueError:
        return []


def current_settings(host: WindowsServer, server: VirtualServer | None) -> dict[str, Any]:
    """Everything under the options' names and in their form; None for what cannot be seen."""
    shown: dict[str, Any] = {
        "present": server is not None,
        "running": host.running and not (server is not None and server.stopped),
        "restart_needed": host.restart_needed,
        "start_type": host.start_type,
        "firewall_addresses": host.rule.addresses if host.rule is not None else [],
    }
    if server is None:
        return shown
    authentication, tls = outbound_security(server.found)
    relay = server.relay_list
    return {
        **shown,
        **{setting.option: setting.read(server.found) for setting in SETTINGS},
        "bindings": server.bindings,
        "connect_addresses": server.connect_addresses,
        "connect_names": server.connect_names,
        "relay_list": relay.kind,
        "relay_addresses": sorted(relay.addresses, key=ipaddress.IPv4Address),
        "smart_host_authentication": authentication,
        "smart_host_tls": tls,
    }


def relay_facts(host_name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The ``relay`` that modules return, of what ``current_settings`` gives."""
    lists = ("bindings", "connect_addresses", "connect_names", "relay_list", "relay_addresses")
    names = (*lists, "smart_host_authentication", "smart_host_tls", *(setting.option for setting in SETTINGS))
    facts = {"server": host_name, **dict.fromkeys(names), **settings}
    if facts["connect_addresses"] == [ANY]:
        facts["connect_addresses"] = None
    facts["firewall_addresses"] = facts.get("firewall_addresses") or None
    return facts


def _objects(reply: Reply) -> list[Mapping[str, Any]]:
    return [entry for entry in reply.outputs if isinstance(entry, Mapping)]


def _first(reply: Reply) -> Mapping[str, Any]:
    return next(iter(_objects(reply)), {})
