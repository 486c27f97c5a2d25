# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the IIS SMTP relay of a Windows server, and how it is doing."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.iis.monitoring import relay_state
from ..plugin_utils.task.action import MailAction


class ActionModule(MailAction):
    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        facts, warnings = relay_state(self.session(), max(0, options["errors"]))
        return {**facts, "warnings": warnings}
