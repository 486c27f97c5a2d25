"""Who may do what on a receive connector: principals, extended rights, and permission groups as ready-made sets of both.

The tables are those of "Receive connectors" and "Allow anonymous relay on Exchange servers" (Exchange Server documentation).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from tests.lab.directory import NETBIOS, Directory
from tests.lab.engine.objects import EnumValue
from tests.lab.exchange.enums import PERMISSION_GROUPS

SUBMIT = "ms-Exch-SMTP-Submit"
ANY_RECIPIENT = "ms-Exch-SMTP-Accept-Any-Recipient"
ANY_SENDER = "ms-Exch-SMTP-Accept-Any-Sender"
AUTHORITATIVE_SENDER = "ms-Exch-SMTP-Accept-Authoritative-Domain-Sender"
AUTHENTICATION_FLAG = "ms-Exch-SMTP-Accept-Authentication-Flag"
EXCH50 = "ms-Exch-SMTP-Accept-Exch50"
HEADERS_ROUTING = "ms-Exch-Accept-Headers-Routing"
HEADERS_ORGANIZATION = "ms-Exch-Accept-Headers-Organization"
HEADERS_FOREST = "ms-Exch-Accept-Headers-Forest"
BYPASS_ANTI_SPAM = "ms-Exch-Bypass-Anti-Spam"
BYPASS_SIZE = "ms-Exch-Bypass-Message-Size-Limit"
SEND_AS = "Send-As"

ANONYMOUS = "NT AUTHORITY\\ANONYMOUS LOGON"
AUTHENTICATED = "NT AUTHORITY\\Authenticated Users"
EXTERNALLY_SECURED = "MS Exchange\\Externally Secured Servers"

_INTERNAL = [
    *(f"ms-Exch-SMTP-Accept-{name}" for name in ("Xattr", "XProxyFrom", "XSessionParams", "XShadow", "XSysProbe")),
    *(f"ms-Exch-SMTP-Send-XMessageContext-{name}" for name in ("ADRecipientCache", "ExtendedProperties", "FastIndex")),
]
_TRUSTED = frozenset(
    {
        HEADERS_ROUTING,
        BYPASS_ANTI_SPAM,
        BYPASS_SIZE,
        ANY_RECIPIENT,
        ANY_SENDER,
        AUTHENTICATION_FLAG,
        AUTHORITATIVE_SENDER,
        EXCH50,
        SUBMIT,
    }
)
_SERVER = _TRUSTED | {HEADERS_FOREST, HEADERS_ORGANIZATION} | set(_INTERNAL)

GROUPS: dict[str, dict[str, frozenset[str]]] = {
    "AnonymousUsers": {ANONYMOUS: frozenset({HEADERS_ROUTING, ANY_SENDER, AUTHORITATIVE_SENDER, SUBMIT})},
    "ExchangeUsers": {AUTHENTICATED: frozenset({HEADERS_ROUTING, BYPASS_ANTI_SPAM, ANY_RECIPIENT, SUBMIT})},
    "ExchangeServers": {
        f"{NETBIOS}\\Exchange Servers": _SERVER,
        "MS Exchange\\Edge Transport Servers": _SERVER,
        "MS Exchange\\Hub Transport Servers": _SERVER,
        EXTERNALLY_SECURED: _TRUSTED,
    },
    "ExchangeLegacyServers": {f"{NETBIOS}\\ExchangeLegacyInterop": _TRUSTED},
    "Partners": {"MS Exchange\\Partner Servers": frozenset({HEADERS_ROUTING, SUBMIT})},
}
"""Permission group to principals to rights."""

EXTENDED_RIGHTS = {right.lower(): right for right in [*sorted(_SERVER), SEND_AS, "Receive-As"]} | {
    "send as": SEND_AS,
    "receive as": "Receive-As",
}
_WELL_KNOWN = {"S-1-5-7": ANONYMOUS, "S-1-5-11": AUTHENTICATED}


@dataclasses.dataclass(frozen=True, order=True)
class AccessControlEntry:
    """One right of one principal on one object, allowed or denied."""

    principal: str
    right: str
    deny: bool = False


def find_principal(name: str, directory: Directory) -> str | None:
    """The principal's full name from a name, with or without its domain, or from a well-known SID."""
    wanted = name.strip().lower()
    known = [
        *(principal for group in GROUPS.values() for principal in group),
        *(account.full_name for account in directory.accounts.values()),
    ]
    by_name = {sid.lower(): principal for sid, principal in _WELL_KNOWN.items()}
    for principal in known:
        by_name.setdefault(principal.lower(), principal)
        by_name.setdefault(principal.partition("\\")[2].lower(), principal)
    account = directory.find(wanted) if "@" in wanted else None
    return account.full_name if account else by_name.get(wanted)


def entries_of(group: str) -> frozenset[AccessControlEntry]:
    return frozenset(AccessControlEntry(principal, right) for principal, rights in GROUPS[group].items() for right in rights)


class AccessLists:
    """Access control lists by distinguished name.

    A receive connector's permission groups are nothing but entries here: a group is shown when all of its entries are
    there, and ``Custom`` when there are entries that belong to no group shown.
    """

    def __init__(self) -> None:
        # Replaced as a whole, never changed in place: SMTP sessions read while cmdlets write.
        self._entries: dict[str, frozenset[AccessControlEntry]] = {}

    def of(self, name: str) -> list[AccessControlEntry]:
        return sorted(self._entries.get(name, ()))

    def add(self, name: str, entry: AccessControlEntry) -> bool:
        """False when the entry was there."""
        entries = self._entries.get(name, frozenset())
        self._entries[name] = entries | {entry}
        return entry not in entries

    def remove(self, name: str, entry: AccessControlEntry) -> bool:
        """False when the entry was not there."""
        entries = self._entries.get(name, frozenset())
        self._entries[name] = entries - {entry}
        return entry in entries

    def forget(self, name: str) -> None:
        self._entries.pop(name, None)

    def rename(self, old: str, new: str) -> None:
        self._entries[new] = self._entries.pop(old, frozenset())

    def permission_groups(self, name: str) -> EnumValue:
        entries = self._entries.get(name, frozenset())
        shown = [group for group in GROUPS if entries_of(group) <= entries]
        rest = entries.difference(*(entries_of(group) for group in shown))
        return PERMISSION_GROUPS([*shown, "Custom"] if rest else shown or ["None"])

    def set_permission_groups(self, name: str, groups: EnumValue) -> None:
        """Takes the shown groups' entries away and puts those of ``groups`` there; entries made by hand stay."""
        shown = self.permission_groups(name)
        by_hand = self._entries.get(name, frozenset()).difference(*(entries_of(group) for group in GROUPS if group in shown))
        self._entries[name] = by_hand.union(*(entries_of(group) for group in GROUPS if group in groups))

    def inherited(self, name: str) -> list[AccessControlEntry]:
        """The entries of what the object is in, the nearest first."""
        above = name.partition(",")[2]
        return [*self.of(above), *self.inherited(above)] if above else []

    def rights(self, name: str, principals: Iterable[str]) -> frozenset[str]:
        """What any of the principals is allowed and none of them is denied, by the object's own entries and by those it inherits.

        An entry of its own comes before an inherited one.
        """
        holders = set(principals)
        own = self._allowed([entry for entry in self.of(name) if entry.principal in holders])
        denied = {entry.right for entry in self.of(name) if entry.principal in holders and entry.deny}
        return own | (self._allowed([entry for entry in self.inherited(name) if entry.principal in holders]) - denied)

    @staticmethod
    def _allowed(mine: Iterable[AccessControlEntry]) -> frozenset[str]:
        mine = list(mine)
        return frozenset(entry.right for entry in mine if not entry.deny) - {entry.right for entry in mine if entry.deny}
