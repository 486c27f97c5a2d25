# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Situations that are not: the farm's mail as it would be with another route, and with all that is no matter of the route in order."""

from __future__ import annotations

import dataclasses

from ...common.addresses import Range
from ...common.rights import ANONYMOUS, ANY_RECIPIENT, ANY_SENDER, AUTHENTICATED, SUBMIT
from ..needs import Needs
from ..rules.sender_rules import granted_by
from ..situation.connectors import Connector, Entry
from ..situation.facts import Situation, own_domain
from ..situation.hosts import UNLISTED_ADDRESS, Host
from ..situation.recipients import Recipient, SenderRestrictions, stand_ins
from ..situation.relays import Addresses, Relay


def default_connector(situation: Situation, needs: Needs) -> Situation:
    """What Exchange's setup made, alone."""
    return _alone(situation, needs, _others(situation))


def anonymous(situation: Situation, needs: Needs) -> Situation:
    """A connector for the farm that takes anonymous mail."""
    return _with_connector(situation, needs, frozenset(), frozenset({"AnonymousUsers"}), relay=False)


def anonymous_with_relay(situation: Situation, needs: Needs) -> Situation:
    """The same, with the right to send to anybody outside."""
    return _with_connector(situation, needs, frozenset(), frozenset({"AnonymousUsers"}), relay=True)


def externally_secured(situation: Situation, needs: Needs) -> Situation:
    """A connector whose mail counts as authenticated."""
    return _with_connector(situation, needs, frozenset({"ExternalAuthoritative"}), frozenset({"ExchangeServers"}), relay=False)


def iis_relay(situation: Situation, needs: Needs) -> Situation:
    """A relay on the farm's first server, which logs on where Exchange lets accounts send: at the connector for clients, or at its own.

    The account is that of a relay that was read, or of the grants; else one that has a mailbox and no grants. The farm sends as its own
    address where the account may, and else as the account's.
    """
    others = _others(situation)
    known = next((relay for relay in (situation.relay, *situation.relays) if relay is not None and relay.account), None)
    account = known.account if known else next((grant.account for grant in situation.send_as or ()), _SOME_ACCOUNT)
    own = known.account_addresses if known else None
    if own is None:
        own = frozenset({f"relay@{own_domain(situation.accepted_domains)}"})
    entrance = min((c for c in others if _takes(c, account)), key=_rank, default=None)
    if entrance is None and situation.exchange:
        entrance = _bound(situation, needs, situation.exchange[0], _LOGON, frozenset({"ExchangeUsers"}), relay=False)
        others = (*others, entrance)
    server = next((host.name for host in situation.farm.servers), "")
    tls = entrance is not None and "Tls" in entrance.auth_mechanism
    relay = Relay(
        server=server,
        fqdn="",
        running=True,
        bindings=(("", 25),),
        authentication=frozenset({"anonymous"}),
        connect=None,
        firewall=None,
        relay_list="listed",
        relay_addresses=Addresses.parse(_farm_addresses(situation)),
        relay_authenticated=False,
        smart_host=entrance.server if entrance else next((host.name for host in situation.exchange), ""),
        smart_host_type="always",
        smart_host_port=min(entrance.ports) if entrance else 587,
        smart_host_authentication="ntlm" if entrance and "NTLM" in entrance.auth_offered(tls) else "basic",
        smart_host_tls=tls or needs.no_plain_text,
        account=account,
        account_addresses=own,
    )
    imagined = dataclasses.replace(_alone(situation, needs, others), relays=(relay,))
    sender = imagined.farm.from_address
    may = granted_by(imagined, account, sender) or (entrance and ANY_SENDER in entrance.rights(AUTHENTICATED, account))
    if not may:
        sender = next(iter(sorted(own)), sender)
    farm = dataclasses.replace(imagined.farm, smtp_server=server, port=25, tls=False, from_address=sender)
    return _with_recipients(dataclasses.replace(imagined, farm=farm))


_SOME_ACCOUNT = "the account of the relay"
_LOGON = frozenset({"Tls", "Integrated", "BasicAuth", "BasicAuthRequireTLS"})
"""As setup's own connector for clients ("Receive connectors": Client Frontend)."""


def _takes(connector: Connector, account: str) -> bool:
    tls = "Tls" in connector.auth_mechanism
    return connector.enabled and bool(connector.auth_offered(tls)) and SUBMIT in connector.rights(AUTHENTICATED, account)


def _rank(connector: Connector) -> tuple[bool, bool, str]:
    """The connectors that setup made for clients come first; those of the transport service are for servers."""
    return connector.transport_role == "HubTransport", 587 not in connector.ports, connector.identity


def _others(situation: Situation) -> tuple[Connector, ...]:
    """All connectors but the one that was made for the farm."""
    return tuple(c for c in situation.connectors if c.name.casefold() != situation.connector_name.casefold())


def _farm_addresses(situation: Situation) -> list[str]:
    return [address for host in situation.farm.servers for address in host.addresses] or [UNLISTED_ADDRESS]


def _with_connector(situation: Situation, needs: Needs, mechanisms: frozenset[str], groups: frozenset[str], *, relay: bool) -> Situation:
    """With such a connector on each Exchange server, and no other in its way."""
    made = (_bound(situation, needs, host, mechanisms, groups, relay=relay) for host in situation.exchange)
    return _alone(situation, needs, tuple(made))


def _bound(situation: Situation, needs: Needs, host: Host, mechanisms: frozenset[str], groups: frozenset[str], *, relay: bool) -> Connector:
    """The connector that a route would make on an Exchange server, at the port where the farm's mail comes anyway."""
    tls = frozenset({"Tls"}) if needs.no_plain_text else frozenset()
    address, port = next(iter(host.addresses), "0.0.0.0"), _setup_port(situation, _others(situation))
    made = Connector(
        identity=f"{host.name}\\{situation.connector_name}",
        name=situation.connector_name,
        server=host.name,
        transport_role="FrontendTransport",
        enabled=True,
        bindings=((Range.parse(address).first, port),),
        ranges=tuple(Range.parse(one) for one in _farm_addresses(situation)),
        auth_mechanism=(mechanisms | tls) or frozenset({"None"}),
        permission_groups=groups,
        require_tls=bool(tls),
    )
    if not relay:
        return made
    rights = made.rights(ANONYMOUS) | {ANY_RECIPIENT}
    return dataclasses.replace(made, entries=(Entry(frozenset({ANONYMOUS.casefold()}), rights, deny=False, inherited=False),))


def _alone(situation: Situation, needs: Needs, connectors: tuple[Connector, ...]) -> Situation:
    """With these connectors only, no relay, and everything that is no matter of the route in order."""
    farm, exchange = situation.farm, next((host for host in situation.exchange), None)
    server, addresses = farm.smtp_server, farm.smtp_addresses
    if situation.relay is not None or not server:
        server, addresses = (exchange.name, exchange.addresses) if exchange else ("", ())
    farm = dataclasses.replace(
        farm,
        smtp_server=server,
        smtp_addresses=addresses,
        port=_setup_port(situation, _others(situation)),
        tls=needs.no_plain_text and farm.has_tls,
        override_envelope_sender=False,
        disabled_jobs=frozenset(),
    )
    return _with_recipients(dataclasses.replace(situation, farm=farm, needs=needs, connectors=connectors, relays=()))


def _setup_port(situation: Situation, others: tuple[Connector, ...]) -> int:
    """The port on which Exchange takes anonymous mail without a route; the farm's own where something listens there."""
    if any(situation.farm.port in connector.ports for connector in others):
        return situation.farm.port
    open_ports = sorted(port for connector in others if "AnonymousUsers" in connector.permission_groups for port in connector.ports)
    return next(iter(open_ports), situation.farm.port)


def _with_recipients(situation: Situation) -> Situation:
    """One recipient of each kind, with groups that ask of the farm's mail only what a route can give: to count as authenticated."""
    spare = stand_ins(own_domain(situation.accepted_domains))
    found = {kind: situation.address(kind) or address for kind, address in spare.items()}
    sender = frozenset({situation.farm.from_address.casefold()})
    groups = {
        found["group_authenticated"].casefold(): SenderRestrictions(found["group_authenticated"], True, frozenset(), frozenset()),
        found["group_permitted"].casefold(): SenderRestrictions(found["group_permitted"], False, sender, frozenset()),
    }
    recipients = tuple(Recipient(kind, address, address) for kind, address in found.items())
    return dataclasses.replace(situation, recipients=recipients, groups=groups)
