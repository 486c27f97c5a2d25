# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The least trusting route that serves a farm's needs, and why the others do not."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from ..causes import CAUSES, PREDICTED
from ..needs import Needs
from ..rules.cell import Cell
from ..rules.predict import predict
from ..situation.facts import Situation
from .declared import ROUTES, Route


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
            "configured": self.route.known,
            "satisfies": not self.why,
            "cannot": list(self.cannot),
            "why": [
                *reasons,
                *self.route.remarks,
                *([] if self.route.known else ["Not configured by this version of the collection."]),
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
    chosen = next((one.route for one in judged if not one.why and one.route.known), None)
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
        yield "no_plain_text: SharePoint 2013 does not support TLS"


def _shortcoming(cell: Cell) -> str:
    cause_id = PREDICTED[cell.prediction.decisive]
    told = (reason.value for reason in reversed(cell.prediction.reasons) if reason.fact != "after the refusal")
    decisive = next(told, CAUSES[cause_id][0])
    what = ", ".join(sorted(cell.scenario.needs or ())) or "mailboxes"
    return f"{what}: {cell.name.lower()} would be {cell.prediction.outcome.replace('_', ' ')} ({decisive})"
