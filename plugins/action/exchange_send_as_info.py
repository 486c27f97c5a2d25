# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads as which mailboxes an account may send."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.exchange.send_as_rights import Scope, read
from ..plugin_utils.task.action import MailAction


class ActionModule(MailAction):
    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        found = read(self.session(), Scope.of(options, nobody=True), lenient=True)
        return {**found.facts(), "unknown": list(found.unknown)}
