# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which receive connector takes a connection, and what it lets the client do. Pure rules over connectors as they were read.

Sources: Exchange Server documentation, "Receive connectors" (selection, permission groups, rights) and "Allow anonymous relay on
Exchange servers" (externally secured); the AUTH keywords per ``AuthMechanism`` are those of "Set-ReceiveConnector".
"""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

SUBMIT = "ms-Exch-SMTP-Submit"
ANY_RECIPIENT = "ms-Exch-SMTP-Accept-Any-Recipient"
ANY_SENDER = "ms-Exch-SMTP-Accept-Any-Sender"
DOMAIN_SENDER = "ms-Exch-SMTP-Accept-Authoritative-Domain-Sender"
AUTHENTICATION_FLAG = "ms-Exch-SMTP-Accept-Authentication-Flag"
BYPASS_ANTI_SPAM = "ms-Exch-Bypass-Anti-Spam"
BYPASS_SIZE_LIMIT = "ms-Exch-Bypass-Message-Size-Limit"
ROUTING_HEADERS = "ms-Exch-Accept-Headers-Routing"
EXCH50 = "ms-Exch-SMTP-Accept-Exch50"

ANONYMOUS = r"NT AUTHORITY\ANONYMOUS LOGON"
AUTHENTICATED = r"NT AUTHORITY\Authenticated Users"
EXTERNALLY_SECURED = r"MS Exchange\Externally Secured Servers"
# [MS-DTYP] 2.4.2.4: well-known SIDs; their names are in the language of the domain.
_SIDS = {ANONYMOUS: "S-1-5-7", AUTHENTICATED: "S-1-5-11"}

# Permission group -> principal -> rights ("Receive connectors": Receive connector permission groups). Only principals that a client
# outside the Exchange organisation can become.
GROUP_RIGHTS: dict[str, dict[str, frozenset[str]]] = {
    "AnonymousUsers": {ANONYMOUS: frozenset({ROUTING_HEADERS, ANY_SENDER, DOMAIN_SENDER, SUBMIT})},
    "ExchangeUsers": {AUTHENTICATED: frozenset({ROUTING_HEADERS, BYPASS_ANTI_SPAM, ANY_RECIPIENT, SUBMIT})},
    "ExchangeServers": {
        EXTERNALLY_SECURED: frozenset(
            {
                ROUTING_HEADERS,
                BYPASS_ANTI_SPAM,
                BYPASS_SIZE_LIMIT,
                ANY_RECIPIENT,
                ANY_SENDER,
                AUTHENTICATION_FLAG,
                DOMAIN_SENDER,
                EXCH50,
                SUBMIT,
            }
        )
    },
}


_SPELLINGS = {right.casefold(): right for principals in GROUP_RIGHTS.values() for rights in principals.values() for right in rights}


@dataclasses.dataclass(frozen=True)
class Entry:
    """Rights that a connector's access control list allows or denies somebody."""

    who: frozenset[str]
    rights: frozenset[str]
    deny: bool
    inherited: bool

    @classmethod
    def parse(cls, facts: Mapping[str, Any]) -> Entry:
        """From an entry of ``rights`` of ``exchange_receive_connector_info``. ``GenericAll`` without a name is every extended right."""
        named = {str(right).casefold() for right in facts.get("rights") or ()}
        rights = frozenset(_SPELLINGS.values()) if "genericall" in named else frozenset(_SPELLINGS.get(right, right) for right in named)
        who = frozenset(str(facts.get(key) or "").casefold() for key in ("user", "sid")) - {""}
        return cls(who, rights, bool(facts.get("deny")), bool(facts.get("inherited")))


@dataclasses.dataclass(frozen=True)
class Range:
    """Remote addresses from ``first`` to ``last``, and the text that says so."""

    text: str
    first: Address
    last: Address

    @classmethod
    def parse(cls, text: str) -> Range:
        """A single address, ``a-b`` or CIDR (host bits allowed, as Exchange allows them). Raises ValueError."""
        first, dash, last = (part.strip() for part in text.partition("-"))
        if dash:
            bounds = (_address(first), _address(last))
        else:
            network = ipaddress.ip_network(text.partition("%")[0].strip(), strict=False)
            bounds = (network[0], network[-1])
        if bounds[0].version != bounds[1].version or int(bounds[0]) > int(bounds[1]):
            raise ValueError(f"{text!r} is no range of addresses: its ends are of different kinds or in the wrong order")
        return cls(text, *bounds)

    def contains(self, address: Address) -> bool:
        return address.version == self.first.version and int(self.first) <= int(address) <= int(self.last)

    def holds(self, address: str) -> bool:
        """As ``contains``, for an address as text."""
        return self.contains(_address(address))

    @property
    def size(self) -> int:
        """Number of addresses; of two ranges that contain a client, the smaller one is the more specific."""
        return int(self.last) - int(self.first) + 1


def _address(text: str) -> Address:
    return ipaddress.ip_address(text.strip().strip("[]").partition("%")[0])


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
    def parse(cls, facts: Mapping[str, Any]) -> Connector:
        """Raises ValueError, naming the connector, when a binding or range cannot be understood; KeyError when a fact is missing."""
        identity = str(facts["identity"])
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
            entries=None if facts.get("rights") is None else tuple(Entry.parse(entry) for entry in facts["rights"]),
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


def binding(text: str) -> tuple[Address, int]:
    """``192.0.2.1:25`` or ``[2001:db8::1]:25``. Raises ValueError."""
    host, _unused, port = text.rpartition(":")
    if not port.isdecimal():
        raise ValueError(f"{text!r} is no binding of address and port")
    return _address(host), int(port)


@dataclasses.dataclass(frozen=True)
class Match:
    """The connector that takes a connection, and the remote range that made it the one; or neither, and why."""

    connector: Connector | None
    why: str
    listening: bool


def select(connectors: Iterable[Connector], server: str, local: str | None, port: int, client: str) -> Match:
    """The receive connector of ``server`` for ``client`` connecting to ``local``:``port``.

    Enabled connectors bound to that address and port compete, and the most specific remote range that contains the client wins; where
    two are equal, the one bound to the very address. ``local`` None means that the server's address is not known: any binding counts.
    """
    address = _address(client)
    target = _address(local) if local else None
    bound: list[tuple[Connector, bool]] = []
    for connector in connectors:
        if not connector.enabled or connector.server.casefold() != server.casefold():
            continue
        exact = [
            not ip.is_unspecified
            for ip, bound_port in connector.bindings
            if bound_port == port and (target is None or ip == target or (ip.is_unspecified and ip.version == target.version))
        ]
        if exact:
            bound.append((connector, any(exact)))
    if not bound:
        return Match(None, f"no enabled receive connector of {server} is bound to {local or 'any address'}, port {port}", listening=False)
    matching = [
        (span.size, not exact, connector.identity, span, connector)
        for connector, exact in bound
        for span in connector.ranges
        if span.contains(address)
    ]
    if not matching:
        names = ", ".join(connector.identity for connector, _unused in bound)
        return Match(None, f"no remote range of {names} contains {client}", listening=True)
    span, connector = min(matching, key=lambda entry: entry[:3])[3:]
    others = sorted({entry[2] for entry in matching} - {connector.identity})
    over = f" and is more specific than those of {', '.join(others)}" if others else ""
    return Match(connector, f"its binding to port {port} and its remote range {span.text}, which contains {client}{over}", listening=True)
