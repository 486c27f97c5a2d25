"""Who has access to a site, and what a role assignment grants."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any

from tests.lab.directory import NETBIOS, Account
from tests.lab.engine.objects import NetObject


@dataclasses.dataclass(frozen=True)
class SecurityGroup:
    """A mail-enabled security group of the domain. ``relative_id`` is the last number of its SID."""

    name: str
    mail: str
    relative_id: int

    @property
    def full_name(self) -> str:
        return f"{NETBIOS}\\{self.name}"

    @property
    def sid(self) -> str:
        return f"S-1-5-21-1004336348-1177238915-682003330-{self.relative_id}"


@dataclasses.dataclass(frozen=True)
class SPUser(NetObject):
    """Somebody, or a group of the domain, who has access to a site. ``owner``: with Full Control, which may grant permissions."""

    number: int
    account: Account | SecurityGroup
    owner: bool = False

    type_names = ("Microsoft.SharePoint.SPUser", "Microsoft.SharePoint.SPPrincipal", "System.Object")

    @property
    def is_domain_group(self) -> bool:
        return isinstance(self.account, SecurityGroup)

    @property
    def login_name(self) -> str:
        """The name in claims form, as web applications with Windows claims have it: of a group it holds the SID."""
        if isinstance(self.account, SecurityGroup):
            return f"c:0+.w|{self.account.sid.lower()}"
        return f"i:0#.w|{self.account.full_name.lower()}"

    @property
    def name(self) -> str:
        return self.account.full_name if self.is_domain_group else self.account.name

    @property
    def email(self) -> str:
        return self.account.mail or ""

    @property
    def is_site_administrator(self) -> bool:
        return isinstance(self.account, Account) and "farm" in self.account.roles

    def __str__(self) -> str:
        return self.login_name

    def properties(self) -> Mapping[str, Any]:
        return {
            "ID": self.number,
            "LoginName": self.login_name,
            "UserLogin": self.login_name,
            "Name": self.name,
            "DisplayName": self.name,
            "Email": self.email,
            "IsDomainGroup": self.is_domain_group,
            "IsSiteAdmin": self.is_site_administrator,
        }


@dataclasses.dataclass(frozen=True)
class RoleDefinition:
    """A permission level. ``kind`` is its number in SP.RoleType."""

    number: int
    name: str
    kind: int


READ = RoleDefinition(1073741826, "Read", 2)
CONTRIBUTE = RoleDefinition(1073741827, "Contribute", 3)
FULL_CONTROL = RoleDefinition(1073741829, "Full Control", 5)


class SharingRole(enum.IntEnum):
    """SP.Sharing.Role. ``NONE`` takes away what was granted."""

    NONE = 0
    VIEW = 1
    EDIT = 2
    OWNER = 3


GRANTED = {SharingRole.VIEW: READ, SharingRole.EDIT: CONTRIBUTE, SharingRole.OWNER: FULL_CONTROL}
Assignments = dict[int, list[RoleDefinition]]
"""What each principal, by its number, may do."""
