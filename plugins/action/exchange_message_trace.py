# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Traces messages in Exchange's message tracking."""

from __future__ import annotations

import datetime
from typing import Any, ClassVar

from ..plugin_utils.common.errors import BadInput
from ..plugin_utils.common.moments import now, required_moment
from ..plugin_utils.exchange import message_trace, organisation
from ..plugin_utils.remoting.values import UNLIMITED
from ..plugin_utils.task.action import MailAction


class ActionModule(MailAction):
    mutually_exclusive: ClassVar = [("start", "since_minutes")]
    required_one_of: ClassVar = [("start", "since_minutes")]

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        start, end = _window(options)
        size = str(options["result_size"])
        if size.lower() != UNLIMITED.lower() and not (size.isdecimal() and int(size) > 0):
            raise BadInput(f"result_size: {size!r} is neither a number of at least 1 nor Unlimited. Nothing was read.")
        session = self.session()
        servers = options["servers"] or [server["name"] for server in organisation.exchange_servers(session, options["domain_controller"])]
        servers = list(dict.fromkeys(servers))
        subjects = [subject for subject in (options["subject"], *(options["subjects"] or ())) if subject]
        logging = message_trace.subject_logging(session, servers, options["domain_controller"])
        search = message_trace.Search(
            servers=tuple(servers),
            start=start,
            end=end,
            subjects=tuple(dict.fromkeys(subjects)),
            message_ids=tuple(message_trace.angled(entry) for entry in options["message_ids"] or ()),
            recipients=tuple(options["recipients"] or ()),
            sender=options["sender"] or "",
            result_size=size,
            domain_controller=options["domain_controller"],
            silent=frozenset(server for server, logs in (logging or {}).items() if not logs),
        )
        if options["wait"] > 0:
            until = frozenset(name.upper() for name in options["until"])
            traced = message_trace.wait_for(session, search, until, options["wait"], self._display.display)
        else:
            traced = message_trace.trace(session, search)
        wanted = {name.upper() for name in options["event_ids"] or ()}
        return {
            "events": [event for event in traced.events if not wanted or event["event_id"].upper() in wanted],
            "missing": traced.missing,
            "not_asked": traced.not_asked,
            "searched_by": {server: search.searched_by(server) for server in servers},
            "subject_logging": logging,
            "warnings": [*_silence(search), *(f"{server} could not be queried. {why}" for server, why in traced.not_asked.items())],
        }


def _silence(search: message_trace.Search) -> list[str]:
    """What the servers that log no subjects mean for the search."""
    if not search.subjects:
        return []
    sentences = []
    for server in sorted(search.silent):
        by = " and ".join(search.searched_by(server))
        done = (
            f"it was searched by {by} and time instead, and may show other messages too"
            if by
            else "it was searched for known message ids only"
        )
        remedy = "" if by else " Set recipients or sender, too."
        sentences.append(
            f"{server} does not log subjects (MessageTrackingLogSubjectLoggingEnabled of Set-TransportService is off): {done}.{remedy}"
        )
    return sentences


def _window(options: dict[str, Any]) -> tuple[datetime.datetime, datetime.datetime | None]:
    moments = {option: required_moment(option, options[option]) for option in ("start", "end") if options[option] is not None}
    if options["since_minutes"] is not None:
        if options["since_minutes"] <= 0:
            raise BadInput(f"since_minutes: {options['since_minutes']} is not more than 0. Nothing was read.")
        moments["start"] = now() - datetime.timedelta(minutes=options["since_minutes"])
    end = moments.get("end")
    if end is not None and end <= moments["start"]:
        raise BadInput(f"end ({end.isoformat()}) is not after start ({moments['start'].isoformat()}). Nothing was read.")
    return moments["start"], end
