# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads receive connectors and accepted domains."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.exchange.connectors.permissions import add_rights
from ..plugin_utils.exchange.organisation import organisation_facts
from ..plugin_utils.task.action import MailAction


class ActionModule(MailAction):
    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        facts, warnings = organisation_facts(self.session(), options["servers"], options["name"], options["domain_controller"])
        if options["rights"]:
            warnings += add_rights(self.session(), facts["connectors"], options["domain_controller"])
        return {**facts, "warnings": warnings}
