# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Predicts what happens to a farm's mail, and recommends a route for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..plugin_utils.common.errors import BadInput, FactError
from ..plugin_utils.common.facts import ProbeFacts
from ..plugin_utils.delivery.report.text import prediction_lines
from ..plugin_utils.delivery.report.verdict import prediction_entry
from ..plugin_utils.delivery.routes.declared import Route, named, not_configured
from ..plugin_utils.delivery.routes.prediction import foretell
from ..plugin_utils.delivery.rules.doors import Asked
from ..plugin_utils.delivery.rules.predict import predict
from ..plugin_utils.delivery.situation.changes import facts_after
from ..plugin_utils.delivery.situation.facts import FACTS, Situation, own_domain, parse_situation
from ..plugin_utils.delivery.situation.recipients import KINDS, stand_ins
from ..plugin_utils.delivery.situation.registered import plain_facts
from ..plugin_utils.smtp.vantage import source_address
from ..plugin_utils.task.action import MailAction


class ActionModule(MailAction):
    needs_connection = False
    required_together = (("farm", "connectors", "accepted_domains"),)

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        if options["farm"] is None:
            return {"configures": _to_configure(options["route"]).configures(options["wanted"])}
        route = named(options["route"]) if options["route"] else None
        return {"configures": route.configures(options["wanted"]) if route else None, **_predicted(options, self.address_of)}


def _to_configure(name: str | None) -> Route:
    """The route that is asked for. Raises BadInput for one that this version does not configure."""
    route = named(name)
    if not route.configured:
        raise BadInput(not_configured(name))
    return route


def _predicted(options: dict[str, Any], address_of: Callable[[str], str]) -> dict[str, Any]:
    facts = plain_facts({name: options[name] for name in FACTS})
    route = options["route"] or ""
    try:
        asked = Asked([_from_here(probe, address_of) for probe in options["probes"]], sender=options["probe_sender"] or "")
        foretold = foretell(_situation(facts, route, _asked_for(facts)), asked)
        everything = predict(_situation(facts, route, KINDS))
        after = None
        if options["changes"]:
            after = foretell(_situation(facts_after(facts, options["changes"]), route, _asked_for(facts)), asked).record()
    except FactError as error:
        raise BadInput(f"Nothing can be predicted: {error}.") from error
    record = foretold.record()
    return {
        "predictions": [prediction_entry(cell) for cell in everything],
        "recommended": record["recommended"],
        "routes": record["routes"],
        "prediction": record,
        "matrix": prediction_lines(record, "What arrives today"),
        "after_change": after and {"prediction": after, "matrix": prediction_lines(after, "What would arrive after the change")},
    }


def _asked_for(facts: dict[str, Any]) -> list[str]:
    """Kinds of recipients without which nothing can be said of what the farm needs."""
    needs = facts["needs"]
    kinds = ["mailbox", *(["external"] if needs.get("external") else [])]
    group_named = any(str(recipient.get("kind") or "").startswith("group_") for recipient in facts["recipients"])
    return [*kinds, *(["group_authenticated"] if needs.get("groups") and not group_named else [])]


def _situation(facts: dict[str, Any], route: str, kinds: Iterable[str]) -> Situation:
    """With an address that stands for each of these kinds of recipients of which none is named."""
    found = {str(recipient.get("kind") or "mailbox") for recipient in facts["recipients"]}
    spare = stand_ins(own_domain(facts["accepted_domains"]))
    added = [{"address": spare[kind], "kind": kind} for kind in kinds if kind not in found]
    return parse_situation(**{**facts, "recipients": [*facts["recipients"], *added]}, route=route)


def _from_here(probe: ProbeFacts, address_of: Callable[[str], str]) -> ProbeFacts:
    """A planned probe with the address that it comes from. Raises FactError for one without host or port."""
    try:
        host, port = str(probe["host"]), int(probe["port"])
    except (KeyError, TypeError, ValueError) as error:
        raise FactError(f"an entry of probes has no host or no numeric port ({error})") from error
    return {**probe, "port": port, "client_address": probe.get("client_address") or source_address(address_of(host), port)}
