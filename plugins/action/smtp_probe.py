# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tries over SMTP what a server offers and takes."""

from __future__ import annotations

import dataclasses
import socket
import ssl
from typing import Any

from ansible_collections.sharepoint.mail.plugins.plugin_utils.action import MailAction
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.errors import DeliveryError
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.smtp_probe import Envelope, Probe
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.errors import BadInput

_RETURNED_AS_GIVEN = ("host", "port", "mail_from", "rcpt_to", "scenario", "server", "token")


class ActionModule(MailAction):
    needs_connection = False

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        send = options["send"]
        if send and not options["token"]:
            raise BadInput("A message that is sent needs a token in its subject, by which it can be found. Nothing was sent.")
        if send and self.check_mode:
            return {"skipped": True, "msg": "Nothing is sent in check mode."}
        try:
            envelope = Envelope(options["mail_from"], options["rcpt_to"], send=send, subject=f"smtp_probe {options['token'] or ''}".strip())
            probe = Probe(
                options["host"],
                options["port"],
                ehlo=options["ehlo"] or socket.gethostname(),
                timeout=options["timeout"],
                source=options["source_address"],
                context=_context(options) if options["starttls"] else None,
            )
        except DeliveryError as error:
            raise BadInput(str(error)) from error
        return {**{name: options[name] for name in _RETURNED_AS_GIVEN}, **dataclasses.asdict(probe.run(envelope))}


def _context(options: dict[str, Any]) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=options["ca_path"])
    except (OSError, ssl.SSLError) as error:
        raise BadInput(f"ca_path: {options['ca_path']} cannot be read as certificate authorities: {error}. Nothing was sent.") from error
    if not options["validate_certs"]:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
