# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Awaits messages in mailboxes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from ..plugin_utils.common.moments import required_moment
from ..plugin_utils.mailbox.watch import Mailbox, Wanted, await_messages
from ..plugin_utils.task.action import MailAction


class ActionModule(MailAction):
    needs_connection = False

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        self._began = time.monotonic()
        found = await_messages(
            [Mailbox(**{**mailbox, "username": mailbox["username"] or mailbox["address"]}) for mailbox in options["mailboxes"]],
            [_wanted(message) for message in options["messages"]],
            timeout=options["timeout"],
            remove=options["remove"] and not self.check_mode,
            progress=self._progress,
        )
        return {"messages": found, "missing": [message["id"] for message in found if not message["found"]]}

    def _progress(self, awaited: int, waiting: Sequence[Wanted], given_up: Sequence[Wanted]) -> None:
        """One short line, however many messages there are: which ones did not arrive is in the result."""
        arrived = awaited - len(waiting) - len(given_up)
        line = f"{arrived} of {awaited} arrived, {time.monotonic() - self._began:.0f} s"
        line += f"; waiting for {len(waiting)}" if waiting else ""
        self._display.display(line + (f"; {len(given_up)} did not arrive in time" if given_up else ""))


def _wanted(message: dict[str, Any]) -> Wanted:
    sent = required_moment(f"message {message['id']!r}: sent", message["sent"]) if message["sent"] else None
    return Wanted(**{**message, "id": message["id"] or message["token"], "sent": sent})
