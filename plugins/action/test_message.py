# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes SharePoint send a test message."""

from __future__ import annotations

import dataclasses
from typing import Any

from ..plugin_utils.common.errors import BadInput, MailError
from ..plugin_utils.common.moments import now
from ..plugin_utils.sharepoint import farm
from ..plugin_utils.sharepoint.messages import test_message, timer_messages
from ..plugin_utils.sharepoint.messages.invitation import send_invitation
from ..plugin_utils.sharepoint.messages.not_run import NotRun
from ..plugin_utils.sharepoint.messages.test_message import Sent, addresses
from ..plugin_utils.sharepoint.messages.web import SiteAddress, Web
from ..plugin_utils.sharepoint.server_log import read_log
from ..plugin_utils.task.action import MailAction


class ActionModule(MailAction):
    _supports_check_mode = False
    required_if = (("kind", "notification", ("to",)), ("kind", "invitation", ("to",)))

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        token = test_message.make_token(options["token"])
        if options["timeout"] <= 0:
            raise BadInput(f"timeout: {options['timeout']} is not more than 0. Nothing was sent.")
        site = SiteAddress(
            url=options["web_url"],
            username=options["web_username"],
            password=options["web_password"],
            address=options["web_address"] or "",
            ca_path=options["web_ca_path"] or "",
            use_proxy=options["web_use_proxy"],
        )
        try:
            if options["kind"] == "alert_confirmation":
                raise test_message.no_confirmation(farm.product(self.session()))
            with Web(site) as web:
                sent, result = self._send(web, options, token)
        except NotRun as reason:
            return {"kind": options["kind"], **reason.as_dict()}
        log = None
        if options["read_log"]:
            sent, log = self._sender(sent, options["web_url"]), self._log(sent)
        return {"kind": options["kind"], "sent": sent.as_dict(), **result, "log": log}

    def _send(self, web: Web, options: dict[str, Any], token: str) -> tuple[Sent, dict[str, Any]]:
        kind, to = options["kind"], options["to"] or []
        if kind == "notification":
            return test_message.send_notification(web, addresses(to), token), {}
        if kind == "invitation":
            if len(to) != 1:
                raise BadInput(f"to: an invitation is for one address or login name, not for {len(to)}. Nothing was sent.")
            sent, shared = send_invitation(web, options["list"], to[0], token)
            return sent, {"shared": shared.as_dict()}
        how = (options["timeout"], self._display.display)
        if kind == "alert":
            sent, run = timer_messages.send_alert(self.session(), web, options["list"], token, *how)
        else:
            sent, run = timer_messages.send_workflow_task(self.session(), web, options["list"], addresses(to) if to else [], token, *how)
        return sent, {"job": run}

    def _sender(self, sent: Sent, web_url: str) -> Sent:
        """With the address that it should come from: an invitation has its person's, unless the web application insists on its own."""
        try:
            address, override = farm.sender(self.session(), web_url)
        except MailError as error:
            self._display.vv(f"The farm's mail settings were not read. {error.message}")
            return dataclasses.replace(sent, sender=None)
        return sent if sent.sender and not override else dataclasses.replace(sent, sender=address)

    def _log(self, sent: Sent) -> list[dict[str, str]] | None:
        """SharePoint's log tells more where it can be read; the message was sent all the same where it cannot."""
        try:
            return read_log(self.session(), [sent.token], sent.recipients, sent.time, now())
        except MailError as error:
            self._display.vv(f"SharePoint's log was not read. {error.message}")
            return None
