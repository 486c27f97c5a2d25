"""The SMTP server's part of the metabase, with the names and types under which the IIS 6 WMI provider shows it.

Types and schema defaults are those of the IIS 6 WMI reference; what setup writes over them is in ``INSTALLED``.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from typing import Any

SERVER = "SmtpSvc/1"
MAIL_ROOT = "C:\\inetpub\\mailroot"
LOG_ROOT = "C:\\Windows\\System32\\LogFiles"
AUTHENTICATION = {"AuthAnonymous": 1, "AuthBasic": 2, "AuthNTLM": 4, "AuthMD5": 16, "AuthPassport": 64}
"""Properties that are single bits of AuthFlags."""
ROUTE = {"SSL": 4, "SASL": 8, "NTLM": 128, "CLEARTEXT": 256}
"""The bits of RouteAction that the lab's relay obeys."""
LOG_MODULES = {
    "logging/W3C Extended Log File Format": "{FF160663-DE82-11CF-BC0A-00AA006111E0}",
    "logging/Microsoft IIS Log File Format": "{FF160657-DE82-11CF-BC0A-00AA006111E0}",
    "logging/NCSA Common Log File Format": "{FF16065F-DE82-11CF-BC0A-00AA006111E0}",
    "logging/ODBC Logging": "{FF16065B-DE82-11CF-BC0A-00AA006111E0}",
}

STRING, SINT32, BOOLEAN, BYTES, STRINGS, BINDINGS, UINT32, UINT64, DATE = (
    "string",
    "sint32",
    "boolean",
    "uint8[]",
    "string[]",
    "ServerBinding[]",
    "uint32",
    "uint64",
    "datetime",
)


@dataclasses.dataclass(frozen=True)
class Property:
    """A property of a CIM class. ``secret``: kept, and never shown again."""

    kind: str
    default: Any = None
    read_only: bool = False
    secret: bool = False


def _of(kind: str, **defaults: Any) -> dict[str, Property]:
    return {name: Property(kind, default) for name, default in defaults.items()}


SMTP_SERVER_SETTING: Mapping[str, Property] = {
    **{name: Property(STRING, None, read_only=True) for name in ("Caption", "Description", "SettingID")},
    "Name": Property(STRING, SERVER, read_only=True),
    **_of(BOOLEAN, AlwaysUseSsl=False, AccessSSL=False, DoMasquerade=False, EnableReverseDnsLookup=False, SmtpDisableRelay=True),
    **_of(BOOLEAN, LimitRemoteConnections=True, NameResolutionType=True, SendNdrTo=None, ServerAutoStart=True),
    **{name: Property(BOOLEAN) for name in AUTHENTICATION},
    **_of(SINT32, AuthFlags=1, AccessSSLFlags=0, ConnectionTimeout=600, HopCount=10, LogExtFileFlags=0, LogFilePeriod=1),
    **_of(SINT32, LogFileTruncateSize=20971520, LogType=0, MaxBatchedMessages=0, MaxConnections=-1, MaxMessageSize=33554432),
    **_of(SINT32, MaxOutConnections=1000, MaxOutConnectionsPerDomain=100, MaxRecipients=100, MaxSessionSize=268435456),
    **_of(SINT32, MaxSmtpErrors=-1, RelayForAuth=0, RemoteSmtpPort=25, RemoteSmtpSecurePort=465, RemoteTimeout=0),
    **_of(SINT32, RouteAction=0, SmartHostType=0, SmtpInboundCommandSupportOptions=7697601, SmtpOutboundCommandSupportOptions=7),
    **_of(SINT32, SmtpLocalDelayExpireMinutes=60, SmtpLocalNDRExpireMinutes=2880, SmtpRemoteDelayExpireMinutes=60),
    **_of(SINT32, SmtpRemoteNDRExpireMinutes=2880, SmtpRemoteRetryThreshold=3, Win32Error=0),
    **_of(STRING, BadMailDirectory=None, DefaultDomain=None, DropDirectory=None, FullyQualifiedDomainName=None, LogFileDirectory=None),
    **_of(STRING, LogPluginClsid=None, MasqueradeDomain=None, PickupDirectory=None, QueueDirectory=None, RouteUserName=None),
    **_of(STRING, SaslLogonDomain=None, SendBadTo=None, ServerComment=None, SmartHost=None, SmtpRemoteProgressiveRetry=None),
    "RoutePassword": Property(STRING, None, secret=True),
    "RelayIpList": Property(BYTES),
    "ServerBindings": Property(BINDINGS, []),
}
"""IIsSmtpServerSetting; defaults as in the schema."""

IP_SECURITY_SETTING: Mapping[str, Property] = {
    **{name: Property(STRING, None, read_only=True) for name in ("Caption", "Description", "SettingID")},
    "Name": Property(STRING, SERVER, read_only=True),
    **_of(BOOLEAN, GrantByDefault=True),
    **_of(STRINGS, IPGrant=None, IPDeny=None, DomainGrant=None, DomainDeny=None),
}
SERVER_BINDING = {"IP": Property(STRING), "Port": Property(STRING), "Hostname": Property(STRING)}


@dataclasses.dataclass(frozen=True)
class Binding:
    """Where the server listens; an empty address means every address of the host."""

    address: str
    port: int

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Binding | None:
        """From the properties of a ServerBinding; None when the port is no number."""
        port = str(values.get("Port") or "")
        return cls(str(values.get("IP") or ""), int(port)) if port.isascii() and port.isdigit() else None


def installed(host_name: str) -> dict[str, Any]:
    """What the setting's properties hold after setup: the schema's defaults, and the values that setup and the service write."""
    return {
        **{name: copy.copy(one.default) for name, one in SMTP_SERVER_SETTING.items() if name not in AUTHENTICATION},
        "BadMailDirectory": f"{MAIL_ROOT}\\Badmail",
        "DefaultDomain": host_name,
        "DropDirectory": f"{MAIL_ROOT}\\Drop",
        "FullyQualifiedDomainName": host_name,
        "LogExtFileFlags": 4194303,
        "LogFileDirectory": LOG_ROOT,
        "LogPluginClsid": LOG_MODULES["logging/W3C Extended Log File Format"],
        "HopCount": 15,
        "MaxBatchedMessages": 20,
        "MaxMessageSize": 2097152,
        "MaxSessionSize": 10485760,
        "PickupDirectory": f"{MAIL_ROOT}\\Pickup",
        "QueueDirectory": f"{MAIL_ROOT}\\Queue",
        "RelayForAuth": -1,
        "ServerBindings": [{"IP": "", "Port": "25", "Hostname": ""}],
        "ServerComment": "",
        "SmtpRemoteDelayExpireMinutes": 720,
        "SmtpRemoteProgressiveRetry": "15,30,60,240",
    }


class Metabase:
    """The settings as they are stored; the service reads them when it starts."""

    def __init__(self, host_name: str) -> None:
        self.settings = installed(host_name)
        self.ip_security: dict[str, Any] = {name: copy.copy(one.default) for name, one in IP_SECURITY_SETTING.items()}

    def shown(self) -> dict[str, Any]:
        """The setting's properties as a reader gets them: single bits beside the flags, and no password."""
        flags = self.settings["AuthFlags"]
        values = {**self.settings, **{name: bool(flags & bit) for name, bit in AUTHENTICATION.items()}}
        values["RoutePassword"] = "" if self.settings["RoutePassword"] else None
        return {name: copy.copy(values[name]) for name in SMTP_SERVER_SETTING}

    def change(self, changes: Mapping[str, Any]) -> None:
        """Stores values of the right types. A bit of AuthFlags and the flags themselves take effect in the order given."""
        for name, value in changes.items():
            if name in AUTHENTICATION:
                bit = AUTHENTICATION[name]
                self.settings["AuthFlags"] = self.settings["AuthFlags"] & ~bit | (bit if value else 0)
            else:
                self.settings[name] = value

    def effective(self) -> Effective:
        """A copy for the service that starts now."""
        return Effective(copy.deepcopy(self.settings), copy.deepcopy(self.ip_security))


@dataclasses.dataclass(frozen=True)
class Effective:
    """The settings that a running service goes by."""

    settings: Mapping[str, Any]
    ip_security: Mapping[str, Any]

    def text(self, name: str) -> str:
        return str(self.settings[name] or "")

    def number(self, name: str) -> int:
        return int(self.settings[name] or 0)

    @property
    def bindings(self) -> list[Binding]:
        found = [Binding.of(one) for one in self.settings["ServerBindings"] or []]
        return [one for one in found if one is not None]

    @property
    def fqdn(self) -> str:
        return self.text("FullyQualifiedDomainName")

    def offers(self, name: str) -> bool:
        """Whether clients may authenticate in a way: ``AuthAnonymous``, ``AuthBasic``, ``AuthNTLM``."""
        return bool(self.number("AuthFlags") & AUTHENTICATION[name])

    def route(self, name: str) -> bool:
        """Whether a bit of RouteAction is set."""
        return bool(self.number("RouteAction") & ROUTE[name])

    @property
    def encrypts(self) -> bool:
        return self.route("SSL") or bool(self.settings["AlwaysUseSsl"])
