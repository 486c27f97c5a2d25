# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The routes that a farm's mail can take, and the least trusting one that serves its needs.

What a route with a receive connector can do is not written down here: the connector that it would make is put in the place of the real
ones, and the rules of ``predict`` say what becomes of the mail.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.causes import CAUSES, PREDICTED
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.connectors import ANONYMOUS, ANY_RECIPIENT, Connector, Entry, Range
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.facts import Needs, Situation, own_domain
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.predict import UNLISTED_ADDRESS, Cell, predict
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.recipients import GroupSenders, Recipient, stand_ins
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.scenarios import BY_ID


@dataclasses.dataclass(frozen=True)
class Route:
    """A way of the farm's mail. ``name`` is the value of the role variable ``mail_route``; ``relay`` whether it has the relay right.

    ``made`` gives the connector it would make on a server, None where it makes none; ``limits`` what it cannot do, by need, where the
    rules cannot tell; ``configured`` whether this version of the collection configures it.
    """

    name: str
    what: str
    trusts: str
    relay: bool | None = None
    configured: bool = True
    made: Callable[[str, Situation], Connector] | None = None
    limits: Callable[[Situation], dict[str, str]] | None = None

    @property
    def variables(self) -> str:
        """As it is asked for, for people."""
        return f"mail_route: {self.name}" + (f", exchange_connector_relay: {str(self.relay).lower()}" if self.relay is not None else "")


def _connector(server: str, situation: Situation, mechanisms: frozenset[str], groups: frozenset[str], relay: bool) -> Connector:
    tls = frozenset({"Tls"}) if situation.needs.no_plain_text else frozenset()
    addresses = [address for host in situation.farm.servers for address in host.addresses] or [UNLISTED_ADDRESS]
    made = Connector(
        identity=f"{server}\\{situation.connector_name}",
        name=situation.connector_name,
        server=server,
        transport_role="FrontendTransport",
        enabled=True,
        bindings=(),
        ranges=tuple(Range.parse(address) for address in addresses),
        auth_mechanism=(mechanisms | tls) or frozenset({"None"}),
        permission_groups=groups,
        require_tls=bool(tls),
    )
    if not relay:
        return made
    rights = made.rights(ANONYMOUS) | {ANY_RECIPIENT}
    return dataclasses.replace(made, entries=(Entry(frozenset({ANONYMOUS.casefold()}), rights, deny=False, inherited=False),))


def _anonymous(server: str, situation: Situation) -> Connector:
    return _connector(server, situation, frozenset(), frozenset({"AnonymousUsers"}), relay=False)


def _anonymous_relay(server: str, situation: Situation) -> Connector:
    return _connector(server, situation, frozenset(), frozenset({"AnonymousUsers"}), relay=True)


def _externally_secured(server: str, situation: Situation) -> Connector:
    return _connector(server, situation, frozenset({"ExternalAuthoritative"}), frozenset({"ExchangeServers"}), relay=False)


def _grants(_situation: Situation) -> dict[str, str]:
    return {
        "send_as_users": "an authenticated account sends as others only with Send As grants (cached for 2 hours), or with the envelope "
        "sender overridden; else invitations are refused with 5.7.60"
    }


def _authenticated(situation: Situation) -> dict[str, str]:
    if situation.farm.product in ("2013", "2016"):
        return {
            "always": f"SharePoint {situation.farm.product} has no setting for SMTP credentials; 2019 and the Subscription Edition have"
        }
    return _grants(situation)


ROUTES = (
    Route(
        "default_connector",
        "no connector of its own: what Exchange's setup made",
        "nobody more than any host on the network",
    ),
    Route(
        "anonymous",
        "an own receive connector that offers no AUTH, without the relay right",
        "the farm's addresses to send anonymously, as any other host may",
        relay=False,
        made=_anonymous,
    ),
    Route(
        "anonymous",
        "an own receive connector that offers no AUTH, with the relay right",
        "the farm's addresses to send to anybody outside",
        relay=True,
        made=_anonymous_relay,
    ),
    Route(
        "iis_relay",
        "IIS SMTP on a farm server, which authenticates to Exchange",
        "one account, whose password the relay keeps, to send as itself to anybody",
        configured=False,
        limits=_grants,
    ),
    Route(
        "authenticated",
        "SharePoint authenticates itself to Exchange",
        "one account, whose password SharePoint keeps, to send as itself to anybody",
        configured=False,
        limits=_authenticated,
    ),
    Route(
        "externally_secured",
        "an own receive connector that takes the farm's addresses as authenticated",
        "whoever sends from the farm's addresses: as anybody, to anybody, past spam and size limits",
        made=_externally_secured,
    ),
)
"""In the order of trust that they ask of Exchange, the least first. An account may be denied and its grants counted, an address not."""


@dataclasses.dataclass(frozen=True)
class Judged:
    """A route, and why it does not serve the needs (empty when it does)."""

    route: Route
    why: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        reasons = self.why or (f"It serves all that the farm needs. It trusts {self.route.trusts}.",)
        return {
            "route": self.route.name,
            "relay": self.route.relay,
            "what": self.route.what,
            "trusts": self.route.trusts,
            "configured": self.route.configured,
            "satisfies": not self.why,
            "why": [*reasons, *([] if self.route.configured else ["Not configured by this version of the collection."])],
        }


@dataclasses.dataclass(frozen=True)
class Recommendation:
    """``chosen`` None: no route that this version configures serves the needs."""

    chosen: Route | None
    reason: str
    routes: tuple[Judged, ...]

    @property
    def variables(self) -> str:
        """The variables that configure the route; for a farm that no route serves, those of the one that serves most."""
        return (self.chosen or ROUTES[-1]).variables

    def as_dict(self) -> dict[str, Any]:
        chosen = self.chosen
        return {"route": chosen.name if chosen else None, "relay": chosen.relay if chosen else None, "reason": self.reason}


def recommend(needs: Needs, situation: Situation) -> Recommendation:
    """The least trusting route that serves the needs, and why the others do not."""
    judged = tuple(Judged(route, tuple(dict.fromkeys(_shortcomings(route, needs, situation)))) for route in ROUTES)
    chosen = next((one.route for one in judged if not one.why and one.route.configured), None)
    if chosen is None:
        return Recommendation(None, "No route that this version configures serves all that the farm needs; see routes for why.", judged)
    less = [one for one in judged[: ROUTES.index(chosen)] if one.why]
    others = "; ".join(f"{_label(one.route)} does not serve: {one.why[0]}" for one in less)
    reason = f"{_label(chosen)} is the least trusting route that serves all that the farm needs. It trusts {chosen.trusts}."
    return Recommendation(chosen, f"{reason} {others}".strip(), judged)


def _label(route: Route) -> str:
    right = {True: " with relay", False: " without relay", None: ""}[route.relay]
    return f"{route.name}{right}"


def _shortcomings(route: Route, needs: Needs, situation: Situation) -> Iterator[str]:
    if needs.no_plain_text and not situation.farm.has_tls and route.name != "iis_relay":
        yield "no_plain_text: SharePoint 2013 knows no TLS"
    if route.limits is not None:
        limits = route.limits(situation)
        yield from (f"{need}: {text}" for need, text in limits.items() if need == "always" or getattr(needs, need))
        return
    imagined = _with_route(route, needs, situation)
    for cell in predict(imagined):
        if cell.needed and cell.want == "delivered" and cell.prediction.outcome != "delivered":
            yield _shortcoming(cell)


def _shortcoming(cell: Cell) -> str:
    need = BY_ID[cell.id].need
    cause_id = PREDICTED[cell.prediction.decisive]
    decisive = next((reason.value for reason in reversed(cell.prediction.reasons)), CAUSES[cause_id][0])
    what = "mailboxes" if need == "always" else need
    return f"{what}: {cell.name.lower()} would be {cell.prediction.outcome.replace('_', ' ')} ({decisive})"


def _with_route(route: Route, needs: Needs, situation: Situation) -> Situation:
    """The situation as it would be with that route alone, and with everything that is no matter of the route in order."""
    others = tuple(c for c in situation.connectors if c.name.casefold() != situation.connector_name.casefold())
    wanted = dataclasses.replace(situation, needs=needs)
    port = _setup_port(situation, others)
    if route.made is not None:
        made = (route.made(host.name, wanted) for host in situation.exchange)
        target = {host.name: next(iter(host.addresses), "0.0.0.0") for host in situation.exchange}
        others = tuple(dataclasses.replace(c, bindings=(_bound(target[c.server], port),)) for c in made)
    farm = dataclasses.replace(
        situation.farm,
        smtp_server=situation.farm.smtp_server or next((host.name for host in situation.exchange), ""),
        port=port,
        tls=needs.no_plain_text and situation.farm.has_tls,
        override_envelope_sender=False,
        alert_job_disabled=False,
    )
    recipients, groups = _recipients(situation)
    return dataclasses.replace(wanted, farm=farm, connectors=others, recipients=recipients, groups=groups)


def _bound(address: str, port: int) -> tuple[Any, int]:
    return Range.parse(address).first, port


def _setup_port(situation: Situation, others: tuple[Connector, ...]) -> int:
    """The port on which Exchange takes anonymous mail without a route; the farm's own where something listens there."""
    if any(situation.farm.port in connector.ports for connector in others):
        return situation.farm.port
    open_ports = sorted(port for connector in others if "AnonymousUsers" in connector.permission_groups for port in connector.ports)
    return next(iter(open_ports), situation.farm.port)


def _recipients(situation: Situation) -> tuple[tuple[Recipient, ...], dict[str, GroupSenders]]:
    """One recipient of each kind, with groups that ask of the farm's mail only what a route can give: to count as authenticated."""
    spare = stand_ins(own_domain(situation.accepted_domains))
    found = {kind: situation.address(kind) or address for kind, address in spare.items()}
    sender = frozenset({situation.farm.from_address.casefold()})
    groups = {
        found["group_authenticated"].casefold(): GroupSenders(found["group_authenticated"], True, frozenset(), frozenset()),
        found["group_permitted"].casefold(): GroupSenders(found["group_permitted"], False, sender, frozenset()),
    }
    return tuple(Recipient(kind, address, address) for kind, address in found.items()), groups
