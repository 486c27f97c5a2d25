"""Exchange servers, their transport services, and the accepted domains."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping
from typing import Any

from tests.lab.engine.objects import Custom, NetObject, Text
from tests.lab.exchange import enums, values
from tests.lab.network import DOMAIN

ORGANISATION = "CN=First Organization,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=corp,DC=example"
_ADMIN_GROUP = "CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups"
BUILD = "15.1.2375.7"
_CONFIGURATION = "Microsoft.Exchange.Data.Directory"


@dataclasses.dataclass
class Server(NetObject):
    """An Exchange 2016 mailbox server. ``transport_active`` is false in maintenance: SMTP then answers 412 to MAIL FROM.

    ``subject_logging``: whether message tracking writes subjects down.
    """

    name: str
    address: str
    transport_active: bool = True
    subject_logging: bool = True

    type_names = (
        f"{_CONFIGURATION}.Management.ExchangeServer",
        f"{_CONFIGURATION}.ADPresentationObject",
        "System.Object",
    )

    @property
    def fqdn(self) -> str:
        return f"{self.name.lower()}.{DOMAIN}"

    @property
    def distinguished_name(self) -> str:
        return f"CN={self.name},CN=Servers,{_ADMIN_GROUP},{ORGANISATION}"

    @property
    def domain_controller(self) -> str:
        return f"dc01.{DOMAIN}"

    def is_called(self, identity: str) -> bool:
        return identity.strip().lower() in {self.name.lower(), self.fqdn, self.distinguished_name.lower(), str(self.guid)}

    @property
    def guid(self) -> uuid.UUID:
        return uuid.uuid5(uuid.NAMESPACE_DNS, self.fqdn)

    def __str__(self) -> str:
        return self.name

    def properties(self) -> Mapping[str, Any]:
        return {
            "Name": self.name,
            "DataPath": Text("C:\\Program Files\\Microsoft\\Exchange Server\\V15\\Mailbox", "Microsoft.Exchange.Data.LocalLongFullPath"),
            "Domain": DOMAIN,
            "Edition": Text("StandardEvaluation", "Microsoft.Exchange.Data.Directory.SystemConfiguration.ServerEditionType"),
            "Fqdn": self.fqdn,
            "IsHubTransportServer": True,
            "IsClientAccessServer": True,
            "IsExchange2007OrLater": True,
            "IsEdgeServer": False,
            "IsMailboxServer": True,
            "IsE14OrLater": True,
            "IsE15OrLater": True,
            "IsFrontendTransportServer": True,
            "ServerRole": enums.SERVER_ROLE("Mailbox"),
            "Site": values.object_id(f"{DOMAIN}/Configuration/Sites/Default-First-Site-Name"),
            "AdminDisplayVersion": Text("Version 15.1 (Build 2375.7)", "Microsoft.Exchange.Data.ServerVersion"),
            "DistinguishedName": self.distinguished_name,
            "Identity": values.object_id(self.name),
            "Guid": self.guid,
            "OriginatingServer": self.domain_controller,
            "IsValid": True,
        }

    def transport_service(self) -> Custom:
        """What Get-TransportService shows."""
        return Custom(
            (f"{_CONFIGURATION}.Management.TransportServer",),
            self.name,
            {
                "Name": self.name,
                "MessageTrackingLogEnabled": True,
                "MessageTrackingLogSubjectLoggingEnabled": self.subject_logging,
                "MessageTrackingLogMaxAge": values.span(values.parse_span("30.00:00:00")),
                "UseDowngradedExchangeServerAuth": False,
                "DistinguishedName": self.distinguished_name,
                "Identity": values.object_id(self.name),
                "Guid": self.guid,
                "IsValid": True,
            },
        )


def accepted_domain(name: str) -> Custom:
    """An authoritative accepted domain as Get-AcceptedDomain shows it."""
    distinguished_name = f"CN={name},CN=Accepted Domains,CN=Transport Settings,{ORGANISATION}"
    return Custom(
        (f"{_CONFIGURATION}.SystemConfiguration.AcceptedDomain", f"{_CONFIGURATION}.ADObject"),
        name,
        {
            "DomainName": Text(name, "Microsoft.Exchange.Data.SmtpDomainWithSubdomains"),
            "DomainType": enums.DOMAIN_TYPE("Authoritative"),
            "Default": True,
            "MatchSubDomains": False,
            "Name": name,
            "DistinguishedName": distinguished_name,
            "Identity": values.object_id(name),
            "Guid": uuid.uuid5(uuid.NAMESPACE_DNS, distinguished_name),
            "IsValid": True,
        },
    )


def send_connector(name: str, port: int, servers: list[Server]) -> Custom:
    """The organisation's one send connector, for every address space, by DNS."""
    return Custom(
        (f"{_CONFIGURATION}.SystemConfiguration.SmtpSendConnectorConfig", f"{_CONFIGURATION}.SystemConfiguration.SendConnector"),
        name,
        {
            "AddressSpaces": values.MultiValuedProperty([Text("SMTP:*;1", "Microsoft.Exchange.Data.AddressSpace")]),
            "DNSRoutingEnabled": True,
            "SmartHosts": values.MultiValuedProperty(),
            "Port": port,
            "Enabled": True,
            "FrontendProxyEnabled": False,
            "Fqdn": None,
            "RequireTLS": False,
            "IgnoreSTARTTLS": False,
            "SmartHostAuthMechanism": Text("None", f"{_CONFIGURATION}.SystemConfiguration.SmtpSendConnectorConfig+AuthMechanisms"),
            "MaxMessageSize": Text("35 MB (36,700,160 bytes)", "Microsoft.Exchange.Data.Unlimited`1"),
            "SourceTransportServers": values.MultiValuedProperty([values.object_id(server.name) for server in servers]),
            "Name": name,
            "Identity": values.object_id(name),
            "Guid": uuid.uuid5(uuid.NAMESPACE_DNS, name),
            "IsValid": True,
        },
    )
