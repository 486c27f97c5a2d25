# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Predicts what becomes of a farm's mail, and recommends a route for it."""

from __future__ import annotations

from typing import Any

from ansible_collections.sharepoint.mail.plugins.plugin_utils.action import MailAction
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.errors import DeliveryError
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.facts import own_domain, parse_situation
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.predict import predict
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.recipients import stand_ins
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.routes import recommend
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.verdict import prediction_entry
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.errors import BadInput


class ActionModule(MailAction):
    needs_connection = False

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        needs = options["needs"] or {}
        named = {str(recipient.get("kind") or "mailbox") for recipient in options["recipients"]}
        spare = stand_ins(own_domain(options["accepted_domains"]))
        recipients = [*options["recipients"], *({"address": spare[kind], "kind": kind} for kind in spare if kind not in named)]
        try:
            situation = parse_situation(**{**options, "needs": needs, "recipients": recipients, "route": ""})
        except DeliveryError as error:
            raise BadInput(f"Nothing can be predicted: {error}.") from error
        advice = recommend(situation.needs, situation)
        return {
            "predictions": [prediction_entry(cell) for cell in predict(situation)],
            "recommended": advice.as_dict(),
            "routes": [route.as_dict() for route in advice.routes],
        }
