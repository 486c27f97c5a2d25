# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads SharePoint's log of one server for lines about test mail."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.common.errors import BadInput
from ..plugin_utils.common.moments import now, required_moment
from ..plugin_utils.sharepoint.messages.test_message import make_token
from ..plugin_utils.sharepoint.server_log import read_log
from ..plugin_utils.task.action import MailAction


class ActionModule(MailAction):
    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        start, end = (now() if options[name] is None else required_moment(name, options[name]) for name in ("start", "end"))
        if start > end:
            raise BadInput(f"start ({start.isoformat()}) is after end ({end.isoformat()}). Nothing was read.")
        tokens = [make_token(token) for token in options["tokens"]]
        return {"log": read_log(self.session(), tokens, options["recipients"] or [], start, end)}
