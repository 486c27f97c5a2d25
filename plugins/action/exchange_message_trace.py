# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Traces messages in Exchange's message tracking."""

from __future__ import annotations

import datetime
from typing import Any, ClassVar

from ansible_collections.sharepoint.mail.plugins.plugin_utils.action import MailAction
from ansible_collections.sharepoint.mail.plugins.plugin_utils.exchange import message_trace, organisation
from ansible_collections.sharepoint.mail.plugins.plugin_utils.moments import now, parse_moment
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.errors import BadInput
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.values import UNLIMITED


class ActionModule(MailAction):
    mutually_exclusive: ClassVar = [("start", "since_minutes")]
    required_one_of: ClassVar = [("start", "since_minutes")]

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        start, end = _window(options)
        size = str(options["result_size"])
        if size.lower() != UNLIMITED.lower() and not (size.isdecimal() and int(size) > 0):
            raise BadInput(f"result_size: {size!r} is neither a number from 1 on nor Unlimited. Nothing was read.")
        session = self.session()
        servers = options["servers"] or [server["name"] for server in organisation.exchange_servers(session, options["domain_controller"])]
        search = message_trace.Search(
            servers=tuple(dict.fromkeys(servers)),
            start=start,
            end=end,
            subject=options["subject"] or "",
            message_ids=tuple(message_trace.angled(entry) for entry in options["message_ids"] or ()),
            recipients=tuple(options["recipients"] or ()),
            sender=options["sender"] or "",
            result_size=size,
            domain_controller=options["domain_controller"],
        )
        if options["wait"] > 0:
            until = frozenset(name.upper() for name in options["until"])
            events, missing = message_trace.wait_for(session, search, until, options["wait"], self._display.display)
        else:
            events, missing = message_trace.trace(session, search), []
        wanted = {name.upper() for name in options["event_ids"] or ()}
        return {
            "events": [event for event in events if not wanted or event["event_id"].upper() in wanted],
            "missing": missing,
            "subject_logging": message_trace.subject_logging(session, search.servers, search.domain_controller),
        }


def _window(options: dict[str, Any]) -> tuple[datetime.datetime, datetime.datetime | None]:
    moments: dict[str, datetime.datetime] = {}
    for option in ("start", "end"):
        if options[option] is None:
            continue
        moment = parse_moment(options[option])
        if moment is None:
            raise BadInput(f"{option}: {options[option]!r} is no moment in ISO 8601, such as 2026-01-31T12:00:00Z. Nothing was read.")
        moments[option] = moment
    if options["since_minutes"] is not None:
        if options["since_minutes"] <= 0:
            raise BadInput(f"since_minutes: {options['since_minutes']} is not more than 0. Nothing was read.")
        moments["start"] = now() - datetime.timedelta(minutes=options["since_minutes"])
    end = moments.get("end")
    if end is not None and end <= moments["start"]:
        raise BadInput(f"end ({end.isoformat()}) is not after start ({moments['start'].isoformat()}). Nothing was read.")
    return moments["start"], end
