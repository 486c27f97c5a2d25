"""The objects that the measurements were made with: web applications, a receive connector, and values of many types.

Runs in the lab's environment. Type names are those of the measurement, so that messages can be compared as they are.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from tests.lab.engine.objects import Custom, EnumType, EnumValue, IPAddress, Method, NetException, NetObject, Text, TypedList, Uri, Version

AUTH_MECHANISMS = EnumType(
    "Sample.AuthMechanisms", {"None": 0, "Tls": 1, "Integrated": 2, "BasicAuth": 4, "ExternalAuthoritative": 32}, flags=True
)
ZONE = EnumType("Sample.SPAlternateUrlZone", {"Default": 0, "Intranet": 1})
LOCAL = datetime.timezone(datetime.timedelta(0), "local")
"""The measuring machine's zone. It is no ``datetime.UTC``: a DateTime of kind Local is written with its offset."""

_ASSEMBLY = "Sample, Version=1.0.0.0, Culture=neutral, PublicKeyToken=null"
_CORE = "System.Private.CoreLib, Version=10.0.0.0, Culture=neutral, PublicKeyToken=7cec85d7bea7798e"


def _list(item: str, assembly: str = _ASSEMBLY) -> str:
    return f"System.Collections.Generic.List`1[[{item}, {assembly}]]"


def _multi_valued(item: str) -> tuple[str, str]:
    return f"Sample.MultiValuedProperty`1[[{item}, {_ASSEMBLY}]]", _list(item)


class IPRange(NetObject):
    """Made from text; refuses what has no dot."""

    type_names = ("Sample.IPRange", "System.Object")
    type_name = "Sample.IPRange"

    def __init__(self, text: object) -> None:
        if not isinstance(text, str):
            raise ValueError("")
        if "." not in text:
            raise ValueError(f'"{text}" is not a valid IP range.')
        self.text = text

    def __str__(self) -> str:
        return self.text

    def properties(self) -> Mapping[str, Any]:
        return {"S": self.text}


def _server(address: str) -> Custom:
    return Custom(("Sample.SPServer",), f"SPServer Name={address}", {"Address": address, "Name": address})


class WebApplication(NetObject):
    """A web application with the properties and methods that pipelines.json lists."""

    type_names = ("Sample.SPWebApplication", "System.Object")

    def __init__(self, name: str, address: str | None, listed: bool) -> None:
        server = _server(address) if address else None
        service = Custom(("Sample.SPServiceInstance",), "SPOutboundMailServiceInstance", {"Server": server, "Id": uuid.UUID(int=0)})
        self._values: dict[str, Any] = {
            "Id": uuid.UUID("11111111-2222-3333-4444-555555555555"),
            "DisplayName": name,
            "Url": Uri(f"https://{len(name)}.corp.example/"),
            "OutboundMailServiceInstance": service if address else None,
            "OutboundMailSenderAddress": f"sp@{address}" if address else None,
            "OutboundMailReplyToAddress": None,
            "OutboundMailCodePage": 0,
            "OutboundMailPort": 0,
            "OutboundMailEnableSsl": False,
            "OutboundMailOverrideEnvelopeSender": None,
            "Life": datetime.timedelta(minutes=5),
            "Stamp": datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=LOCAL),
            "Zone": ZONE("Default"),
            "Maybe": None,
            "Servers": TypedList([server], _list("Sample.SPServer")) if listed else None,
            "Tags": TypedList(["a", "b"], _list("System.String", _CORE)),
            "Bag": {"k": server} if listed else {},
            "Updates": 0,
            "Last": "",
        }

    def __str__(self) -> str:
        return f"SPWebApplication Name={self._values['DisplayName']}"

    @property
    def name(self) -> str:
        return str(self._values["DisplayName"])

    def properties(self) -> Mapping[str, Any]:
        return self._values

    def settable(self) -> frozenset[str]:
        return frozenset({"OutboundMailOverrideEnvelopeSender"})

    def set_property(self, name: str, value: Any) -> None:
        if value and "@" not in value:
            raise NetException("not an address (Parameter 'value')", "System.ArgumentException")
        self._values[name] = value

    def methods(self) -> Mapping[str, Sequence[Method]]:
        return {"Update": [self._update], "UpdateMailSettings": [self._four, self._six], "Boom": [self._boom]}

    def _update(self) -> None:
        self._values["Updates"] += 1

    def _four(self, server: str, sender: str, reply_to: str, code_page: int) -> None:
        self._values |= {
            "OutboundMailSenderAddress": sender,
            "OutboundMailReplyToAddress": reply_to,
            "OutboundMailCodePage": code_page,
            "Last": "4",
        }

    def _six(self, server: str, sender: str, reply_to: str, code_page: int, ssl: bool, port: int) -> None:
        self._four(server, sender, reply_to, code_page)
        self._values |= {"OutboundMailEnableSsl": ssl, "OutboundMailPort": port, "Last": "6"}

    def _boom(self) -> None:
        raise NetException("Attempted to perform an unauthorized operation.", "System.UnauthorizedAccessException")


def web_applications() -> list[WebApplication]:
    """The three that each case starts from."""
    return [
        WebApplication("portal", "mx1.corp.example", listed=True),
        WebApplication("teams", None, listed=False),
        WebApplication('o\'brien "q"', "mx2.corp.example", listed=False),
    ]


def receive_connector() -> Custom:
    """The object of 02-receive-connector.clixml, as far as the lab has values of its kinds."""
    mechanisms: EnumValue = AUTH_MECHANISMS("Tls, ExternalAuthoritative")
    return Custom(
        ("Sample.ReceiveConnector",),
        "EX01\\SharePoint",
        {
            "Identity": Text("EX01\\SharePoint", "Sample.ADObjectId"),
            "Name": "SharePoint",
            "Server": "EX01",
            "AuthMechanism": mechanisms,
            "Bindings": TypedList([Text("0.0.0.0:25", "Sample.IPBinding")], *_multi_valued("Sample.IPBinding")),
            "RemoteIPRanges": TypedList([IPRange("10.0.0.21"), IPRange("10.0.0.22")], *_multi_valued("Sample.IPRange")),
            "MaxMessageSize": Text("36 MB (37,748,736 bytes)", "Sample.ByteQuantifiedSize"),
            "MaxInbound": Text("5000", "Sample.Unlimited"),
            "ConnectionTimeout": datetime.timedelta(minutes=10),
            "Banner": None,
            "Enabled": True,
            "Maybe": None,
            "WhenChanged": datetime.datetime(2026, 1, 2, 3, 4, 5),
            "Guid": uuid.UUID("bbbbbbbb-2222-3333-4444-555555555555"),
            "Ip": IPAddress("10.0.0.1"),
            "Link": Uri("https://ex.example/"),
            "Ver": Version("15.2.1118.7"),
            "Blob": b"\x01\x02\x03",
            "ObjectClass": TypedList(["top", "msExchSmtpReceiveConnector"], "System.String[]", "System.Array"),
            "Empty": [],
            "Hash": {"a": 1, "b": Text("EX01", "Sample.ADObjectId")},
            "Nothing": None,
        },
    )


def throwing_cmdlet() -> Custom:
    """The target of a terminating error of a compiled cmdlet: the cmdlet itself."""
    automation = "System.Management.Automation."
    texts = {
        "Host": automation + "Internal.Host.InternalHost",
        "SessionState": automation + "SessionState",
        "Events": automation + "PSLocalEventManager",
        "JobRepository": automation + "JobRepository",
        "JobManager": automation + "JobManager",
        "InvokeProvider": automation + "ProviderIntrinsics",
        "ParameterSetName": "__AllParameterSets",
        "MyInvocation": automation + "InvocationInfo",
        "PagingParameters": None,
        "InvokeCommand": automation + "CommandInvocationIntrinsics",
        "Stopping": False,
        "CommandRuntime": "Stop-ItC",
        "CommandOrigin": "Runspace",
    }
    bases = (automation + "PSCmdlet", automation + "Cmdlet", automation + "Internal.InternalCommand")
    return Custom(("Sample.StopIt", *bases), "Sample.StopIt", texts)
