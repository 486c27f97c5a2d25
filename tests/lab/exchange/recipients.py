"""Recipients: mailboxes and distribution groups, and who may send to a group."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from tests.lab.directory import Account
from tests.lab.engine.objects import NetObject
from tests.lab.exchange import enums, values
from tests.lab.network import DOMAIN

_MANAGEMENT = "Microsoft.Exchange.Data.Directory.Management"
ROOT = "DC=corp,DC=example"
STAFF, SERVICE = "Staff", "Service"
UNITS = (STAFF, SERVICE)
"""The organisational units. Mailboxes are in them; all other recipients are in the container Users."""


def unit_name(unit: str) -> str:
    """The unit's distinguished name."""
    return f"OU={unit},{ROOT}"


def find_unit(identity: str) -> str | None:
    """The distinguished name of a unit, or of the domain, by distinguished name, canonical name or name."""
    names = {ROOT: (ROOT, DOMAIN), **{unit_name(unit): (unit_name(unit), f"{DOMAIN}/{unit}", unit) for unit in UNITS}}
    wanted = identity.strip().rstrip("/").lower()
    return next((found for found, called in names.items() if wanted in [name.lower() for name in called]), None)


class Recipient(NetObject):
    """What mailboxes and groups have in common."""

    name: str
    address: str
    kind: str

    @property
    def distinguished_name(self) -> str:
        return f"CN={self.name},{self.container}"

    @property
    def container(self) -> str:
        """Distinguished name of what it is in."""
        return f"CN=Users,{ROOT}"

    @property
    def identity(self) -> str:
        return f"{self.unit}/{self.name}"

    @property
    def unit(self) -> str:
        """Canonical name of what it is in."""
        return f"{DOMAIN}/{self.container.partition(',')[0].partition('=')[2]}"

    @property
    def guid(self) -> uuid.UUID:
        return uuid.uuid5(uuid.NAMESPACE_DNS, self.address)

    def is_called(self, identity: str) -> bool:
        """By name, alias, mail address, distinguished name, canonical name or GUID."""
        names = {self.name, self.address, self.distinguished_name, self.identity, str(self.guid), f"smtp:{self.address}"}
        return identity.strip().lower() in {name.lower() for name in names}

    def __str__(self) -> str:
        return self.name

    def properties(self) -> Mapping[str, Any]:
        return {
            "Name": self.name,
            "Alias": self.name,
            "DisplayName": self.name,
            "PrimarySmtpAddress": values.smtp_address(self.address),
            "EmailAddresses": values.MultiValuedProperty([f"SMTP:{self.address}"], "Microsoft.Exchange.Data.ProxyAddress"),
            "RecipientType": enums.RECIPIENT_TYPE(self.kind),
            "RecipientTypeDetails": enums.RECIPIENT_TYPE_DETAILS(self.kind),
            "DistinguishedName": self.distinguished_name,
            "Identity": values.object_id(self.identity),
            "Guid": self.guid,
            "OrganizationalUnit": self.unit,
            "IsValid": True,
        }


@dataclasses.dataclass
class Mailbox(Recipient):
    """A user's mailbox; ``server`` is the name of the server that holds the active copy of its database."""

    account: Account
    address: str
    server: str
    kind = "UserMailbox"
    type_names = (f"{_MANAGEMENT}.Mailbox", f"{_MANAGEMENT}.MailEnabledOrgPerson", f"{_MANAGEMENT}.MailEnabledRecipient", "System.Object")

    @property
    def name(self) -> str:  # type: ignore[override]  # a mailbox is named as its account, and stays so
        return self.account.name

    @property
    def container(self) -> str:
        return unit_name(SERVICE if self.is_service else STAFF)

    @property
    def is_service(self) -> bool:
        """Whether it belongs to a service account rather than to a person."""
        return self.name.startswith("svc_")

    def is_called(self, identity: str) -> bool:
        return super().is_called(identity) or identity.strip().lower() in (
            self.account.full_name.lower(),
            f"{self.account.name}@{DOMAIN}".lower(),
        )

    def properties(self) -> Mapping[str, Any]:
        return {
            **super().properties(),
            "SamAccountName": self.account.name,
            "UserPrincipalName": f"{self.account.name}@{DOMAIN}",
            "ServerName": self.server.lower(),
            "HiddenFromAddressListsEnabled": False,
            "RequireSenderAuthenticationEnabled": False,
        }


@dataclasses.dataclass
class MailContact(Recipient):
    """An address that the organisation knows and keeps no mailbox for; what is sent to it goes to ``external``."""

    name: str
    address: str
    external: str
    kind = "MailContact"
    type_names = (
        f"{_MANAGEMENT}.MailContact",
        f"{_MANAGEMENT}.MailEnabledOrgPerson",
        f"{_MANAGEMENT}.MailEnabledRecipient",
        "System.Object",
    )

    def properties(self) -> Mapping[str, Any]:
        return {
            **super().properties(),
            "ExternalEmailAddress": values.smtp_address(self.external),
            "HiddenFromAddressListsEnabled": False,
            "RequireSenderAuthenticationEnabled": False,
        }


@dataclasses.dataclass
class DistributionGroup(Recipient):
    """A universal distribution group. ``permitted``: recipients that may send to it, everybody when empty; ``rejected``: who may not."""

    name: str
    address: str
    members: list[Recipient]
    require_authentication: bool = True
    permitted: list[Recipient] = dataclasses.field(default_factory=list)
    rejected: list[Recipient] = dataclasses.field(default_factory=list)
    kind = "MailUniversalDistributionGroup"
    type_names = (f"{_MANAGEMENT}.DistributionGroup", f"{_MANAGEMENT}.MailEnabledRecipient", "System.Object")

    def permits(self, sender: Recipient | None) -> bool:
        """Whether the sender may send. A group on a list stands for its members; None is a sender that nobody looked up."""

        def is_among(listed: list[Recipient]) -> bool:
            return any(sender is one or (isinstance(one, DistributionGroup) and sender in one.members) for one in listed)

        return (not self.permitted or is_among(self.permitted)) and not is_among(self.rejected)

    def properties(self) -> Mapping[str, Any]:
        return {
            **super().properties(),
            "GroupType": "Universal",
            "SamAccountName": self.name,
            "ManagedBy": values.MultiValuedProperty(
                [values.object_id(f"{DOMAIN}/Microsoft Exchange Security Groups/Organization Management")]
            ),
            "RequireSenderAuthenticationEnabled": self.require_authentication,
            "AcceptMessagesOnlyFrom": _ids(one for one in self.permitted if not isinstance(one, DistributionGroup)),
            "AcceptMessagesOnlyFromDLMembers": _ids(one for one in self.permitted if isinstance(one, DistributionGroup)),
            "AcceptMessagesOnlyFromSendersOrMembers": _ids(self.permitted),
            "RejectMessagesFrom": _ids(one for one in self.rejected if not isinstance(one, DistributionGroup)),
            "RejectMessagesFromDLMembers": _ids(one for one in self.rejected if isinstance(one, DistributionGroup)),
            "RejectMessagesFromSendersOrMembers": _ids(self.rejected),
            "ModerationEnabled": False,
            "HiddenFromAddressListsEnabled": False,
        }


def _ids(recipients: Any) -> values.MultiValuedProperty:
    return values.MultiValuedProperty(
        [values.object_id(one.identity) for one in recipients], "Microsoft.Exchange.Data.Directory.ADObjectId"
    )


def find(recipients: Sequence[Recipient], identity: str) -> Recipient | None:
    return next((recipient for recipient in recipients if recipient.is_called(identity)), None)
