# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tries over SMTP what a server offers and takes."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import socket
from collections.abc import Callable
from typing import Any

from ..plugin_utils.common.errors import BadInput
from ..plugin_utils.delivery.scenarios import SCENARIOS, Door
from ..plugin_utils.smtp.certificate import authorities
from ..plugin_utils.smtp.envelope import Envelope
from ..plugin_utils.smtp.logon import Logon
from ..plugin_utils.smtp.probe import Probe
from ..plugin_utils.task.action import MailAction

_GIVEN = ("host", "port", "mail_from", "rcpt_to", "scenario", "server", "token")
_IN_CLEAR_TEXT = {scenario.id for scenario in SCENARIOS if isinstance(scenario.trial, Door) and scenario.trial.clear_text}
_AT_ONCE = 8
"""Exchange takes 20 connections of one address at a time (``MaxInboundConnectionPerSource``)."""


class ActionModule(MailAction):
    needs_connection = False
    required_one_of = (("host", "probes"),)
    mutually_exclusive = (("host", "probes"),)

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        shared = {name: value for name, value in options.items() if name != "probes"}
        asked = [{**shared, **{name: value for name, value in probe.items() if value is not None}} for probe in options["probes"] or ()]
        tries = [_Try(one, self.address_of) for one in (asked or [shared])]
        left_out = {"skipped": True, "msg": "Nothing is sent in check mode."}
        if not asked:
            return left_out if self.check_mode and tries[0].sends else tries[0].run()
        with concurrent.futures.ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            running = [None if self.check_mode and one.sends else pool.submit(one.run) for one in tries]
        return {"probes": [{**one.given, **left_out} if run is None else run.result() for one, run in zip(tries, running, strict=True)]}


class _Try:
    """One probe, with its options checked. Raises BadInput."""

    def __init__(self, options: dict[str, Any], address_of: Callable[[str], str]) -> None:
        absent = [name for name in ("host", "mail_from", "rcpt_to") if options[name] is None]
        if absent:
            raise BadInput(f"A probe lacks {', '.join(absent)}. Nothing was sent.")
        self.given = {name: options[name] for name in _GIVEN}
        self.sends = bool(options["send"])
        if self.sends and not options["token"]:
            raise BadInput("A message that is sent needs a token in its subject, by which it can be found. Nothing was sent.")
        username, password = options["username"], options["password"]
        if bool(username) != bool(password):
            raise BadInput("A probe that logs on needs both username and password. Nothing was sent.")
        starttls = options["starttls"] and options["scenario"] not in _IN_CLEAR_TEXT
        subject = f"smtp_probe {options['token'] or ''}".strip()
        self._envelope = Envelope(options["mail_from"], options["rcpt_to"], send=self.sends, subject=subject)
        self._probe = Probe(
            address_of(options["host"]),
            options["port"],
            ehlo=options["ehlo"] or socket.gethostname(),
            timeout=options["timeout"],
            source=options["source_address"],
            context=authorities(options["ca_path"]) if starttls else None,
            validate_certs=options["validate_certs"],
            tls_name=options["tls_name"],
            logon=Logon(username, password, options["allow_plain_text_logon"]) if username else None,
        )

    def run(self) -> dict[str, Any]:
        return {**self.given, **dataclasses.asdict(self._probe.run(self._envelope))}
