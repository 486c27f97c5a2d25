# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a SharePoint farm."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.sharepoint import farm
from ..plugin_utils.task.action import MailAction


class ActionModule(MailAction):
    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"farm": farm.facts(self.session())}
