# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The routes that a farm's mail can take, and the least trusting one that serves its needs.

What a route can do is not written down here: the connector or the relay that it would make is put in the place of the real ones, and
the rules of ``predict`` say what becomes of the mail.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from ..causes import CAUSES, PREDICTED
from ..needs import Needs
from ..rules.cell import Cell
from ..rules.predict import predict
from ..situation.facts import Situation
from .imagined import anonymous, anonymous_with_relay, default_connector, externally_secured, iis_relay


@dataclasses.dataclass(frozen=True)
class Route:
    """A way of the farm's mail. ``name`` is the value of the role variable ``mail_route``; ``relay`` whether it has the relay right.

    ``imagine`` gives the situation as it would be with that route; ``limits`` what it cannot do, by need, where the rules cannot tell;
    ``configured`` whether this version of the collection configures it; ``remarks`` what else to know of it.
    """

    name: str
    what: str
    trusts: str
    relay: bool | None = None
    configured: bool = True
    imagine: Callable[[Situation, Needs], Situation] | None = None
    limits: Callable[[Situation], dict[str, str]] | None = None
    remarks: tuple[str, ...] = ()

    @property
    def variables(self) -> str:
        """As it is asked for, for people."""
        return f"mail_route: {self.name}" + (f", exchange_connector_relay: {str(self.relay).lower()}" if self.relay is not None else "")


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
        imagine=default_connector,
    ),
    Route(
        "anonymous",
        "an own receive connector that offers no AUTH, without the relay right",
        "the farm's addresses to send anonymously, as any other host may",
        relay=False,
        imagine=anonymous,
    ),
    Route(
        "anonymous",
        "an own receive connector that offers no AUTH, with the relay right",
        "the farm's addresses to send to anybody outside",
        relay=True,
        imagine=anonymous_with_relay,
    ),
    Route(
        "iis_relay",
        "IIS SMTP on a farm server, which authenticates to Exchange",
        "one account, whose password the relay keeps, to send as itself, and as who granted it Send As, to anybody",
        imagine=iis_relay,
        remarks=(
            "The farm sends as an address of that account, or as one that granted it Send As; a user's invitation needs the user's grant, "
            "and Exchange may go on with its old answer for 2 hours.",
            "The relay is a single point: it keeps a password, and no mail leaves the farm while it stands still.",
            "Windows Server 2025 has no SMTP server; 2012 R2 to 2022 have.",
        ),
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
        imagine=externally_secured,
    ),
)
"""In the order of trust that they ask of Exchange, the least first. An account may be denied and its grants counted, an address not."""


@dataclasses.dataclass(frozen=True)
class Judged:
    """A route, why it does not serve the needs (empty when it does), and all that it cannot do, needed or not."""

    route: Route
    why: tuple[str, ...]
    cannot: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        reasons = self.why or (f"It serves all that the farm needs. It trusts {self.route.trusts}.",)
        return {
            "route": self.route.name,
            "relay": self.route.relay,
            "what": self.route.what,
            "trusts": self.route.trusts,
            "configured": self.route.configured,
            "satisfies": not self.why,
            "cannot": list(self.cannot),
            "why": [
                *reasons,
                *self.route.remarks,
                *([] if self.route.configured else ["Not configured by this version of the collection."]),
            ],
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
    judged = tuple(_judge(route, needs, situation) for route in ROUTES)
    chosen = next((one.route for one in judged if not one.why and one.route.configured), None)
    if chosen is None:
        return Recommendation(None, "No route that this version configures serves all that the farm needs; see routes for why.", judged)
    less = [one for one in judged[: ROUTES.index(chosen)] if one.why]
    others = "; ".join(f"{_label(one.route)} does not serve: {one.why[0]}" for one in less)
    reason = f"{_label(chosen)} is the least trusting route that serves all that the farm needs. It trusts {chosen.trusts}."
    return Recommendation(chosen, f"{reason} {others}".strip(), judged)


def _judge(route: Route, needs: Needs, situation: Situation) -> Judged:
    # TLS changes what is imagined, and so is asked for only where it is needed. That none may spoof is no matter of a route.
    everything = dataclasses.replace(needs, external=True, groups=True, send_as_users=True, workflow=True)
    why, cannot = (tuple(dict.fromkeys(_shortcomings(route, asked, situation))) for asked in (needs, everything))
    return Judged(route, why, cannot)


def _label(route: Route) -> str:
    right = {True: " with relay", False: " without relay", None: ""}[route.relay]
    return f"{route.name}{right}"


def _shortcomings(route: Route, needs: Needs, situation: Situation) -> Iterator[str]:
    if route.limits is not None:
        limits = route.limits(situation)
        yield from (f"{need}: {text}" for need, text in limits.items() if need == "always" or getattr(needs, need))
    if route.imagine is None:
        return
    imagined = route.imagine(situation, needs)
    if needs.no_plain_text:
        yield from _plain_text(imagined)
    for cell in predict(imagined):
        if cell.needed and cell.want == "delivered" and cell.prediction.outcome != "delivered":
            yield _shortcoming(cell)


def _plain_text(imagined: Situation) -> Iterator[str]:
    """Where mail travels in plain text all the same."""
    servers = [host.name for host in imagined.farm.servers]
    if imagined.relay is not None:
        # What the relay's own server sends never leaves it.
        others = ", ".join(name for name in servers if name != imagined.relay.server)
        if others:
            yield f"no_plain_text: mail of {others} reaches the relay on {imagined.relay.server} in plain text"
    elif not imagined.farm.has_tls:
        yield "no_plain_text: SharePoint 2013 knows no TLS"


def _shortcoming(cell: Cell) -> str:
    cause_id = PREDICTED[cell.prediction.decisive]
    told = (reason.value for reason in reversed(cell.prediction.reasons) if reason.fact != "after the refusal")
    decisive = next(told, CAUSES[cause_id][0])
    what = ", ".join(sorted(cell.scenario.needs or ())) or "mailboxes"
    return f"{what}: {cell.name.lower()} would be {cell.prediction.outcome.replace('_', ' ')} ({decisive})"
