# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Has SharePoint send a test message."""

from __future__ import annotations

from typing import Any

from ansible_collections.sharepoint.mail.plugins.plugin_utils.action import MailAction
from ansible_collections.sharepoint.mail.plugins.plugin_utils.moments import now
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.errors import BadInput, MailError
from ansible_collections.sharepoint.mail.plugins.plugin_utils.sharepoint import test_message
from ansible_collections.sharepoint.mail.plugins.plugin_utils.sharepoint.alerts import log_lines
from ansible_collections.sharepoint.mail.plugins.plugin_utils.sharepoint.web import SiteAddress, Web


class ActionModule(MailAction):
    _supports_check_mode = False
    required_if = [("kind", "notification", ["to"])]  # noqa: RUF012  Ansible's own form of the rule

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
        with Web(site) as web:
            if options["kind"] == "notification":
                sent = test_message.send_notification(web, test_message.addresses(options["to"]), token)
                result: dict[str, Any] = {"sent": sent.as_dict()}
            else:
                sent, run = test_message.send_alert(self.session(), web, options["list"], token, options["timeout"], self._display.display)
                result = {"sent": sent.as_dict(), "job": run}
        result["log"] = self._log(sent) if options["read_log"] else None
        return result

    def _log(self, sent: test_message.Sent) -> list[dict[str, str]] | None:
        """SharePoint's log tells more where it can be read; the message was sent all the same where it cannot."""
        try:
            return log_lines(self.session(), sent.token, sent.recipients, sent.time, now())
        except MailError as error:
            self._display.vv(f"SharePoint's log was not read. {error.message}")
            return None
