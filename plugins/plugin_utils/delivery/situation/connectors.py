# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which receive connector takes a connection, and what it lets the client do. Pure rules over connectors as they were read.

Sources: Exchange Server documentation, "Receive connectors" (selection, permission groups, rights) and "Allow anonymous relay on
Exchange servers" (externally secured); the AUTH keywords per ``AuthMechanism`` are those of "Set-ReceiveConnector".
"""

from __future__ import annotations

import dataclasses

from ...common.addresses import Address, Range, binding
from ...common.facts import ConnectorFacts, RightFacts
from ...common.rights import ANONYMOUS, AUTHENTICATED, EXTERNALLY_SECURED, GROUP_RIGHTS

# [MS-DTYP] 2.4.2.4: well-known SIDs; their names are in the language of the domain.
_SIDS = {ANONYMOUS: "S-1-5-7", AUTHENTICATED: "S-1-5-11"}


_SPELLINGS = {right.casefold(): right for principals in GROUP_RIGHTS.values() for rights in principals.values() for right in rights}


@dataclasses.dataclass(frozen=True)
class Entry:
    """Rights that a connector's access control list allows or denies somebody."""

    who: frozenset[str]
    rights: frozenset[str]
    deny: bool
    inherited: bool

    @classmethod
    def parse(cls, facts: RightFacts) -> Entry:
        """From an entry of ``rights`` of ``exchange_receive_connector_info``. ``GenericAll`` without a name is every extended right."""
        named = {str(right).casefold() for right in facts.get("rights") or ()}
        rights = frozenset(_SPELLINGS.values()) if "genericall" in named else frozenset(_SPELLINGS.get(right, right) for right in named)
        who = frozenset(str(name or "").casefold() for name in (facts.get("user"), facts.get("sid"))) - {""}
        return cls(who, rights, bool(facts.get("deny")), bool(facts.get("inherited")))


@dataclasses.dataclass(frozen=True)
class Connector:
    """A receive connector as ``exchange_receive_connector_info`` returns it, with its addresses understood."""

    identity: str
    name: str
    server: str
    transport_role: str
    enabled: bool
    bindings: tuple[tuple[Address, int], ...]
    ranges: tuple[Range, ...]
    auth_mechanism: frozenset[str]
    permission_groups: frozenset[str]
    require_tls: bool
    entries: tuple[Entry, ...] | None = None
    """Its access control list; None where it was not read."""

    @classmethod
    def parse(cls, facts: ConnectorFacts) -> Connector:
        """Raises ValueError, naming the connector, when a binding or range cannot be understood; KeyError when a fact is missing."""
        identity, rights = str(facts["identity"]), facts.get("rights")
        try:
            bindings = tuple(binding(str(text)) for text in facts["bindings"])
            ranges = tuple(Range.parse(str(text)) for text in facts["remote_ip_ranges"])
        except ValueError as error:
            raise ValueError(f"receive connector {identity!r}: {error}") from error
        return cls(
            identity=identity,
            name=str(facts["name"]),
            server=str(facts["server"]),
            transport_role=str(facts.get("transport_role", "")),
            enabled=bool(facts.get("enabled", True)),
            bindings=bindings,
            ranges=ranges,
            auth_mechanism=frozenset(map(str, facts["auth_mechanism"])),
            permission_groups=frozenset(map(str, facts["permission_groups"])),
            require_tls=bool(facts.get("require_tls", False)),
            entries=None if rights is None else tuple(Entry.parse(entry) for entry in rights),
        )

    @property
    def externally_secured(self) -> bool:
        """Clients count as authenticated without any AUTH."""
        return "ExternalAuthoritative" in self.auth_mechanism

    @property
    def ports(self) -> frozenset[int]:
        return frozenset(port for _unused, port in self.bindings)

    def auth_offered(self, tls: bool) -> tuple[str, ...]:
        """SASL mechanisms in the EHLO reply: ``Integrated`` gives NTLM, ``BasicAuth`` LOGIN (with BasicAuthRequireTLS only under TLS)."""
        offered = ["NTLM"] if "Integrated" in self.auth_mechanism else []
        if "BasicAuth" in self.auth_mechanism and (tls or "BasicAuthRequireTLS" not in self.auth_mechanism):
            offered.append("LOGIN")
        return tuple(offered)

    def principal(self, authenticated: bool) -> str:
        """Whose rights a session has."""
        if authenticated:
            return AUTHENTICATED
        return EXTERNALLY_SECURED if self.externally_secured else ANONYMOUS

    @property
    def rights_source(self) -> str:
        """What a statement about its rights rests on."""
        if self.entries is None:
            return f"the permission groups of {self.name} (Exchange documentation, Receive connectors)"
        return f"the rights on {self.name}, read by exchange_receive_connector_info"

    def rights(self, principal: str, account: str = "") -> frozenset[str]:
        """Extended rights of a principal (and of the account that logged on): those read, else what the permission groups stand for.

        Explicit entries go before inherited ones, and of either kind those that deny ("How AccessCheck works", Windows documentation).
        """
        if self.entries is None:
            granted = (GROUP_RIGHTS.get(group, {}).get(principal, frozenset()) for group in self.permission_groups)
            return frozenset().union(*granted)
        names = {principal.casefold(), _SIDS.get(principal, "").casefold(), account.casefold()} - {""}
        found: frozenset[str] = frozenset()
        for inherited, deny in ((True, False), (True, True), (False, False), (False, True)):
            rights = frozenset().union(*(e.rights for e in self.entries if e.who & names and (e.inherited, e.deny) == (inherited, deny)))
            found = found - rights if deny else found | rights
        return found
