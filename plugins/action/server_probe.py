# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests from a server of the farm whether mail can be sent."""

from __future__ import annotations

import dataclasses
from typing import Any

from ..plugin_utils.common.errors import BadInput
from ..plugin_utils.remoting.pipeline import Credential
from ..plugin_utils.sharepoint.messages.test_message import addresses, make_token
from ..plugin_utils.sharepoint.probe import Message, connect, send
from ..plugin_utils.task.action import MailAction


class ActionModule(MailAction):
    required_together = (("credential_username", "credential_password"),)
    required_if = (("send", True, ("mail_from", "rcpt_to")),)

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        host, port = options["host"], options["port"]
        if not 1 <= port <= 65535:
            raise BadInput(f"port: {port} is not between 1 and 65535. Nothing was sent.")
        given = {name: options[name] for name in ("mail_from", "rcpt_to") if options[name] is not None}
        for name, address in given.items():
            addresses([address], name)
        token = make_token(options["token"])
        credential = None
        if options["credential_username"]:
            credential = Credential(options["credential_username"], options["credential_password"])
        result: dict[str, Any] = {
            "host": host,
            "port": port,
            "mail_from": options["mail_from"],
            "rcpt_to": options["rcpt_to"],
            "server": self.host,
            "token": token,
            "connection": connect(self.session(), host, port),
            "mail": [],
        }
        if options["send"] and not self.check_mode:
            message = Message(given["mail_from"], given["rcpt_to"], f"server_probe {token}")
            result["mail"] = [
                dataclasses.asdict(attempt) for attempt in send(self.session(), host, port, message, options["tls"], credential)
            ]
        return result
