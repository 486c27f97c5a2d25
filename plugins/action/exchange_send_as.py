# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets an account send as mailboxes, and waits until Exchange believes it."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

from ..plugin_utils.common.errors import BadInput, MailError
from ..plugin_utils.exchange.send_as import SendAs
from ..plugin_utils.exchange.send_as_rights import CACHE_MINUTES
from ..plugin_utils.smtp.certificate import authorities
from ..plugin_utils.smtp.logon import Logon
from ..plugin_utils.smtp.probe import Probe
from ..plugin_utils.smtp.send_as_wait import message, wait_until_allowed
from ..plugin_utils.task.action import ResourceAction

_NOTE = (
    f"Exchange caches Send As permissions for up to {CACHE_MINUTES // 60} hours (Mailbox Cache Age Limit), where the account had tried to "
    f"send as the mailbox before."
)


class ActionModule(ResourceAction):
    resource = SendAs
    required_one_of = (("mailboxes", "organizational_unit"),)

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        door = _door(options)
        result = super().perform(options)
        result.update(note=_NOTE if result["changed"] else "", waited=[])
        if door is not None and not self.check_mode:
            (before,), (after,) = result["before"].values(), result["after"].values()
            given = [address for address in after["mailboxes"] if address not in before["mailboxes"]]
            allowed = [one["address"] for one in result["send_as"] if one["allowed"] and not one["own"]]
            self._close()  # the session would not outlast the waiting
            result.update(self._wait(door, options, given if options["wait"]["only_changed"] else allowed))
        return result

    def _wait(self, door: Probe, options: dict[str, Any], senders: Sequence[str]) -> dict[str, Any]:
        """``waited``; and how the task failed, if it did. The grant itself stands in any case."""
        wait, account = options["wait"], options["account"]
        stands = "The grant stays in place: Send As is in Exchange's directory and was read back."
        try:
            envelopes = [message(account, sender, wait["recipient"]) for sender in senders]
            tried = wait_until_allowed(door, envelopes, timeout=wait["timeout"], interval=wait["interval"], progress=self._display.display)
        except MailError as error:
            return {
                "failed": True,
                "msg": f"{error} {stands} Whether Exchange applies it is not known: correct this, and run the task "
                f"again with only_changed: false in wait.",
            }
        result: dict[str, Any] = {"waited": [one.facts() for one in tried]}
        refused = [one for one in tried if one.seconds is None]
        if refused:
            names = ", ".join(one.address for one in refused)
            result["failed"] = True
            result["msg"] = (
                f"After {wait['timeout']:g} s Exchange still refuses {account} to send as {names} ({refused[0].reply}). {stands} "
                f"The permissions that Exchange cached before have not expired yet; that takes up to {CACHE_MINUTES} minutes. Run the task "
                f"again later with only_changed: false in wait, or set a longer timeout."
            )
        return result


def _door(options: dict[str, Any]) -> Probe | None:
    """Where messages are tried. Raises BadInput."""
    wait = options["wait"]
    if wait is None or options["restore"] is not None:
        return None
    if options["state"] != "present":
        raise BadInput("wait requires state: present; it waits until Exchange accepts messages. Nothing was changed.")
    if wait["timeout"] <= 0 or wait["interval"] <= 0:
        raise BadInput("timeout and interval of wait are in seconds, and must be more than 0. Nothing was changed.")
    try:
        message(options["account"], "", wait["recipient"])
        return Probe(
            wait["host"],
            wait["port"],
            ehlo=socket.gethostname(),
            context=authorities(wait["ca_path"]) if wait["starttls"] else None,
            tls_name=wait["tls_name"],
            logon=Logon(wait["username"] or options["account"], wait["password"], wait["allow_plain_text_logon"]),
        )
    except MailError as error:
        raise BadInput(f"wait: {error} Nothing was changed.") from error
