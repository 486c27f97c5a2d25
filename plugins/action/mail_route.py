# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Predicts what becomes of a farm's mail, and recommends a route for it."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.common.errors import BadInput, FactError
from ..plugin_utils.delivery.report.verdict import prediction_entry
from ..plugin_utils.delivery.routes.declared import Route, named, not_configured
from ..plugin_utils.delivery.routes.routes import recommend
from ..plugin_utils.delivery.rules.predict import predict
from ..plugin_utils.delivery.situation.facts import FACTS, own_domain, parse_situation
from ..plugin_utils.delivery.situation.recipients import stand_ins
from ..plugin_utils.task.action import MailAction


class ActionModule(MailAction):
    needs_connection = False
    required_together = (("farm", "connectors", "accepted_domains"),)

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        if options["farm"] is None:
            return {"configures": _to_configure(options["route"]).configures(options["wanted"])}
        route = named(options["route"]) if options["route"] else None
        return {"configures": route.configures(options["wanted"]) if route else None, **_predicted(options)}


def _to_configure(name: str | None) -> Route:
    """The route that is asked for. Raises BadInput for one that this version does not configure."""
    route = named(name)
    if not route.configured:
        raise BadInput(not_configured(name))
    return route


def _predicted(options: dict[str, Any]) -> dict[str, Any]:
    facts = {name: options[name] for name in FACTS}
    named_kinds = {str(recipient.get("kind") or "mailbox") for recipient in options["recipients"]}
    spare = stand_ins(own_domain(options["accepted_domains"]))
    recipients = [*options["recipients"], *({"address": spare[kind], "kind": kind} for kind in spare if kind not in named_kinds)]
    try:
        situation = parse_situation(**{**facts, "recipients": recipients}, route=options["route"] or "")
    except FactError as error:
        raise BadInput(f"Nothing can be predicted: {error}.") from error
    advice = recommend(situation.needs, situation)
    return {
        "predictions": [prediction_entry(cell) for cell in predict(situation)],
        "recommended": advice.as_dict(),
        "routes": [route.as_dict() for route in advice.routes],
    }
