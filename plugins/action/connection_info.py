# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports what a session on a host is and can do."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.task.action import MailAction
from ..plugin_utils.task.connection_info import describe


class ActionModule(MailAction):
    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"connection": describe(self.session(), options["cmdlets"])}
