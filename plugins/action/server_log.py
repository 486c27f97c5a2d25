# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads SharePoint's log of one server for lines about test mail."""

from __future__ import annotations

from typing import Any

from ansible_collections.sharepoint.mail.plugins.plugin_utils.action import MailAction
from ansible_collections.sharepoint.mail.plugins.plugin_utils.moments import now, parse_moment
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.errors import BadInput
from ansible_collections.sharepoint.mail.plugins.plugin_utils.sharepoint.server_log import read_log
from ansible_collections.sharepoint.mail.plugins.plugin_utils.sharepoint.test_message import make_token


class ActionModule(MailAction):
    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        moments = {}
        for name in ("start", "end"):
            moments[name] = now() if options[name] is None else parse_moment(options[name])
            if moments[name] is None:
                raise BadInput(f"{name}: {options[name]!r} is no moment in ISO 8601, such as 2026-01-31T13:45:00+00:00. Nothing was read.")
        start, end = moments["start"], moments["end"]
        if start > end:
            raise BadInput(f"start ({start.isoformat()}) lies after end ({end.isoformat()}). Nothing was read.")
        tokens = [make_token(token) for token in options["tokens"]]
        return {"log": read_log(self.session(), tokens, options["recipients"] or [], start, end)}
