"""The lab's Active Directory: accounts, passwords, and what each may do."""

from __future__ import annotations

import dataclasses

from tests.lab.network import DOMAIN, OUTSIDE_DOMAIN

NETBIOS = "CORP"


@dataclasses.dataclass(frozen=True)
class Account:
    """A domain account. ``roles`` are Exchange RBAC role names and, for SharePoint, ``farm`` (farm administrator and shell access)."""

    name: str
    password: str = dataclasses.field(repr=False)
    mail: str | None = None
    roles: frozenset[str] = frozenset()

    @property
    def full_name(self) -> str:
        return f"{NETBIOS}\\{self.name}"


EXCHANGE_ROLES = frozenset(
    {"Receive Connectors", "Active Directory Permissions", "Message Tracking", "Distribution Groups", "View-Only Configuration"}
)


@dataclasses.dataclass
class Directory:
    """Accounts by lower-case name. ``find`` takes ``CORP\\name``, ``name@corp.example`` or a bare name."""

    accounts: dict[str, Account]

    def find(self, name: str) -> Account | None:
        bare = name.rpartition("\\")[2].partition("@")[0].lower()
        return self.accounts.get(bare)

    def check(self, name: str, password: str) -> Account | None:
        account = self.find(name)
        return account if account is not None and account.password == password else None


def default_directory() -> Directory:
    """The accounts of the demo farm. Passwords are the lab's own and protect nothing."""
    people = [
        Account("sp_install", "Install-Pa55 word", roles=frozenset({"farm"})),
        Account("sp_reader", "Reader-Pa55"),
        Account("sp_farm", "Farm-Pa55", roles=frozenset({"farm"})),
        Account("sp_pool", "Pool-Pa55"),
        Account("ex_admin", "Exchange-Pa55", roles=EXCHANGE_ROLES),
        Account("ex_limited", "Limited-Pa55", roles=frozenset({"Message Tracking", "View-Only Configuration"})),
        Account("ex_connectors", "Connectors-Pa55", roles=frozenset({"Receive Connectors"})),
        Account("alice", "Alice-Pa55", mail=f"alice@{DOMAIN}"),
        Account("bob", "Bob-Pa55", mail=f"bob@{DOMAIN}"),
        Account("svc_relay", "Relay-Pa55", mail=f"svc_relay@{DOMAIN}"),
        Account("partner", "Partner-Pa55", mail=f"partner@{OUTSIDE_DOMAIN}"),
    ]
    return Directory({account.name.lower(): account for account in people})
