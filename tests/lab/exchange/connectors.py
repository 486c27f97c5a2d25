"""Receive connectors: the objects, and the five that setup makes on each server."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from typing import Any

from tests.lab.engine.objects import EnumType, EnumValue, NetObject, Text
from tests.lab.exchange import enums, values
from tests.lab.exchange.ranges import Address, IPBinding, IPRange, most_specific
from tests.lab.exchange.rights import AccessLists
from tests.lab.exchange.servers import Server

SIZES = frozenset({"MaxHeaderSize", "MaxMessageSize"})
LIMITS = frozenset({"MessageRateLimit", "MaxInboundConnection", "MaxInboundConnectionPerSource", "MaxProtocolErrors"})
SPANS = frozenset({"ConnectionTimeout", "ConnectionInactivityTimeout", "TarpitInterval", "AuthTarpitInterval", "MaxAcknowledgementDelay"})
ENUMS: Mapping[str, EnumType] = {
    "AuthMechanism": enums.AUTH_MECHANISMS,
    "MessageRateSource": enums.RATE_SOURCE,
    "ProtocolLoggingLevel": enums.PROTOCOL_LOGGING,
    "ExtendedProtectionPolicy": enums.EXTENDED_PROTECTION,
    "SizeEnabled": enums.SIZE_MODE,
    "TransportRole": enums.SERVER_ROLE,
}
_EVERYONE = ("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "0.0.0.0-255.255.255.255")

DEFAULTS: Mapping[str, Any] = {
    "AuthMechanism": enums.AUTH_MECHANISMS("Tls"),
    "Banner": "",
    "BinaryMimeEnabled": True,
    "Bindings": [],
    "ChunkingEnabled": True,
    "DefaultDomain": None,
    "DeliveryStatusNotificationEnabled": True,
    "EightBitMimeEnabled": True,
    "SmtpUtf8Enabled": False,
    "BareLinefeedRejectionEnabled": False,
    "DomainSecureEnabled": False,
    "EnhancedStatusCodesEnabled": True,
    "LongAddressesEnabled": False,
    "OrarEnabled": False,
    "SuppressXAnonymousTls": False,
    "ProxyEnabled": False,
    "AdvertiseClientSettings": False,
    "Fqdn": "",
    "ServiceDiscoveryFqdn": None,
    "TlsCertificateName": None,
    "Comment": "",
    "Enabled": True,
    "ConnectionTimeout": datetime.timedelta(minutes=10),
    "ConnectionInactivityTimeout": datetime.timedelta(minutes=5),
    "MessageRateLimit": None,
    "MessageRateSource": enums.RATE_SOURCE("IPAddress"),
    "MaxInboundConnection": 5000,
    "MaxInboundConnectionPerSource": 20,
    "MaxInboundConnectionPercentagePerSource": 2,
    "MaxHeaderSize": 256 * 1024,
    "MaxHopCount": 60,
    "MaxLocalHopCount": 5,
    "MaxLogonFailures": 3,
    "MaxMessageSize": 36 * 1024**2,
    "MaxProtocolErrors": 5,
    "MaxRecipientsPerMessage": 200,
    "PermissionGroups": enums.PERMISSION_GROUPS("None"),
    "PipeliningEnabled": True,
    "ProtocolLoggingLevel": enums.PROTOCOL_LOGGING("None"),
    "RemoteIPRanges": [],
    "RequireEHLODomain": False,
    "RequireTLS": False,
    "EnableAuthGSSAPI": False,
    "ExtendedProtectionPolicy": enums.EXTENDED_PROTECTION("None"),
    "LiveCredentialEnabled": False,
    "TlsDomainCapabilities": [],
    "Server": "",
    "TransportRole": enums.SERVER_ROLE("HubTransport"),
    "RejectReservedTopLevelRecipientDomains": False,
    "RejectReservedSecondLevelRecipientDomains": False,
    "RejectSingleLabelRecipientDomains": False,
    "SizeEnabled": enums.SIZE_MODE("Enabled"),
    "TarpitInterval": datetime.timedelta(seconds=5),
    "AuthTarpitInterval": datetime.timedelta(seconds=5),
    "MaxAcknowledgementDelay": datetime.timedelta(seconds=30),
}
"""Property names in the order of a serialized connector, with what a new connector gets; sizes in bytes, None for unlimited."""


class ReceiveConnector(NetObject):
    """A receive connector of one server. ``settings`` holds the properties that can be set, in Python's own types."""

    type_names = (
        "Microsoft.Exchange.Data.Directory.SystemConfiguration.ReceiveConnector",
        "Microsoft.Exchange.Data.Directory.SystemConfiguration.ADConfigurationObject",
        "Microsoft.Exchange.Data.Directory.ADObject",
        "Microsoft.Exchange.Data.Directory.ADRawEntry",
        "Microsoft.Exchange.Data.ConfigurableObject",
        "System.Object",
    )

    def __init__(self, server: Server, name: str, access: AccessLists, settings: Mapping[str, Any], made_by_setup: bool = False) -> None:
        self.server = server
        self.name = name
        self.made_by_setup = made_by_setup
        self.guid = uuid.uuid5(uuid.NAMESPACE_DNS, f"{server.fqdn}/{name}")
        self.created = self.changed = datetime.datetime.now(datetime.UTC)
        self.settings: dict[str, Any] = {**DEFAULTS, "Fqdn": server.fqdn, "Bindings": [], "RemoteIPRanges": [], **settings}
        self._access = access

    @property
    def identity(self) -> str:
        return f"{self.server.name}\\{self.name}"

    @property
    def distinguished_name(self) -> str:
        return f"CN={self.name},CN=SMTP Receive Connectors,CN=Protocols,{self.server.distinguished_name}"

    @property
    def bindings(self) -> list[IPBinding]:
        return list(self.settings["Bindings"])

    @property
    def ranges(self) -> list[IPRange]:
        return list(self.settings["RemoteIPRanges"])

    @property
    def authentication(self) -> EnumValue:
        value: EnumValue = self.settings["AuthMechanism"]
        return value

    @property
    def role(self) -> EnumValue:
        value: EnumValue = self.settings["TransportRole"]
        return value

    def matches(self, local: Address, port: int, remote: Address) -> tuple[bool, int] | None:
        """How well this connector fits a connection: unspecified binding or not, size of the range; smaller is more specific."""
        binding = min(
            (binding.address.is_unspecified for binding in self.bindings if binding.port == port and binding.listens_on(local)),
            default=None,
        )
        remote_range = most_specific(self.ranges, remote)
        return None if binding is None or remote_range is None else (binding, remote_range.size)

    def __str__(self) -> str:
        return self.identity

    def properties(self) -> Mapping[str, Any]:
        shown = {name: self._show(name, value) for name, value in self.settings.items()}
        shown["PermissionGroups"] = self._access.permission_groups(self.distinguished_name)
        shown["Server"] = values.object_id(self.server.name)
        return {
            **shown,
            "AdminDisplayName": "",
            "ExchangeVersion": Text("0.1 (8.0.535.0)", "Microsoft.Exchange.Data.ExchangeObjectVersion"),
            "Name": self.name,
            "DistinguishedName": self.distinguished_name,
            "Identity": values.object_id(self.identity),
            "Guid": self.guid,
            "ObjectCategory": values.object_id("corp.example/Configuration/Schema/ms-Exch-Smtp-Receive-Connector"),
            "ObjectClass": values.MultiValuedProperty(["top", "msExchSmtpReceiveConnector"]),
            "WhenChanged": self.changed.replace(tzinfo=None),
            "WhenCreated": self.created.replace(tzinfo=None),
            "WhenChangedUTC": self.changed,
            "WhenCreatedUTC": self.created,
            "OrganizationId": Text("", "Microsoft.Exchange.Data.Directory.OrganizationId"),
            "Id": values.object_id(self.identity),
            "OriginatingServer": self.server.domain_controller,
            "IsValid": True,
            "ObjectState": enums.OBJECT_STATE("Unchanged"),
        }

    def _show(self, name: str, value: Any) -> Any:
        if name in SIZES:
            return values.size(value)
        if name in LIMITS:
            return values.limit(value)
        if name in SPANS:
            return values.span(value)
        if name == "Bindings":
            return values.MultiValuedProperty(value, "Microsoft.Exchange.Data.IPBinding", "Microsoft.Exchange.Data")
        if name == "RemoteIPRanges":
            return values.MultiValuedProperty(value, "Microsoft.Exchange.Data.IPRange", "Microsoft.Exchange.Data")
        if name == "TlsDomainCapabilities":
            return values.MultiValuedProperty(value, "Microsoft.Exchange.Data.SmtpReceiveDomainCapabilities", "Microsoft.Exchange.Data")
        return values.fqdn(value) if name == "Fqdn" else value


_ALL_AUTH = "Tls, Integrated, BasicAuth, BasicAuthRequireTLS"
SETUP_MADE: tuple[tuple[str, str, int, str, str, str, dict[str, Any]], ...] = (
    ("Client Frontend", "FrontendTransport", 1587, _ALL_AUTH, "ExchangeUsers", "None", {"MessageRateLimit": 5}),
    (
        "Default Frontend",
        "FrontendTransport",
        1025,
        f"{_ALL_AUTH}, ExchangeServer",
        "AnonymousUsers, ExchangeServers, ExchangeLegacyServers",
        "Verbose",
        {},
    ),
    ("Outbound Proxy Frontend", "FrontendTransport", 1717, f"{_ALL_AUTH}, ExchangeServer", "ExchangeServers", "None", {}),
    (
        "Client Proxy",
        "HubTransport",
        1465,
        f"{_ALL_AUTH}, ExchangeServer",
        "ExchangeUsers, ExchangeServers",
        "None",
        {"MessageRateLimit": 5},
    ),
    (
        "Default",
        "HubTransport",
        2525,
        f"{_ALL_AUTH}, ExchangeServer",
        "ExchangeUsers, ExchangeServers, ExchangeLegacyServers",
        "None",
        {
            "MaxRecipientsPerMessage": 5000,
            "MaxInboundConnectionPerSource": None,
            "MaxInboundConnectionPercentagePerSource": 100,
        },
    ),
)
"""Name (the server's follows), transport role, port, AuthMechanism, PermissionGroups, protocol logging, and what else differs."""


def made_by_setup(server: Server, access: AccessLists) -> list[ReceiveConnector]:
    """The five connectors of a fresh server ("Receive connectors", Exchange Server documentation), ports plus 1000."""
    connectors = []
    for name, role, port, authentication, groups, logging, others in SETUP_MADE:
        settings = {
            "TransportRole": enums.SERVER_ROLE(role),
            "Bindings": [IPBinding.parse(f"[::]:{port}"), IPBinding.parse(f"0.0.0.0:{port}")],
            "RemoteIPRanges": [IPRange.parse(text) for text in _EVERYONE],
            "AuthMechanism": enums.AUTH_MECHANISMS(authentication),
            "ProtocolLoggingLevel": enums.PROTOCOL_LOGGING(logging),
            **others,
        }
        connector = ReceiveConnector(server, f"{name} {server.name}", access, settings, made_by_setup=True)
        access.set_permission_groups(connector.distinguished_name, enums.PERMISSION_GROUPS(groups))
        connectors.append(connector)
    return connectors
