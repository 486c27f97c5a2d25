# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Predictions for doors that must be shut: what becomes of mail from a host that nobody lists, at Exchange and at the farm's relays."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ..evidence import Evidence, Outcome, observed
from ..scenarios import Door, Scenario
from ..situation.facts import Situation
from ..situation.hosts import UNLISTED_ADDRESS, Host
from ..situation.relays import Relay
from .cell import Cell
from .relay_rules import WHOEVER_LOGS_ON, predict_through_relay
from .session_rules import Client, Prediction, predict_session

Probes = Sequence[Mapping[str, Any]]

# A door that is open counts before one that is shut, and one that is shut before one that is not there.
_OPEN_FIRST: tuple[Outcome, ...] = ("delivered", "bounced", "accepted_not_delivered", "refused", "not_run", "not_sent")


def predict_door(situation: Situation, server: Host, scenario: Scenario, door: Door, probes: Probes) -> Cell | None:
    """A host that no range of the Exchange server lists; None where there is no such door."""
    made = situation.made_connector(server)
    if door.clear_text and (made is None or not made.require_tls):
        return None
    tried = [probe for probe in probes if is_about(probe, scenario, server)]
    recipient, sender = _envelope(situation, scenario, tried)
    if door.made and made is None:
        absent = observed(
            "connector that was made", f"{server.name} has no {situation.connector_name!r}", "exchange_receive_connector_info"
        )
        return Cell(scenario, server.name, recipient, False, Prediction("not_run", "no_connector", (absent,)))
    ports = sorted(made.ports) if door.made and made is not None else [situation.farm.port]
    ways = [(_from(probe), int(probe["port"])) for probe in tried] or [(UNLISTED_ADDRESS, port) for port in ports]
    predictions = [
        (predict_session(situation, server, port, Client(address, "probe", None, "", False, sender), recipient), port)
        for address, port in ways
    ]
    worst, port = min(predictions, key=lambda way: _OPEN_FIRST.index(way[0].outcome))
    by = f"smtp_probe from {worst.client}" if tried else "no probe ran; an address that no range lists stands for the host"
    vantage = Evidence("unlisted host", f"{worst.client} to {server.name}, port {port}", "observed" if tried else "inferred", by)
    prediction = dataclasses.replace(worst, reasons=(vantage, *worst.reasons))
    # Who does not meet the connector cannot tell what it requires.
    meets = made is not None and worst.connector == made.identity
    needed = scenario.needed(situation.needs) and (meets or not door.clear_text)
    return Cell(scenario, server.name, recipient, needed, prediction)


def predict_relay_door(situation: Situation, relay: Relay, scenario: Scenario, probes: Probes) -> Cell:
    """A host that the relay does not list, once as it is and once as somebody who has an account there, where the relay takes any."""
    server = situation.relay_host(relay)
    tried = [probe for probe in probes if is_about(probe, scenario, server)]
    recipient, sender = _envelope(situation, scenario, tried)
    if tried:
        ways = [(_from(probe), int(probe["port"]), WHOEVER_LOGS_ON if probe.get("authenticated") else None) for probe in tried]
    else:
        port = next((bound for _unused, bound in relay.bindings), situation.farm.port)
        accounts = (None, WHOEVER_LOGS_ON) if relay.authentication - {"anonymous"} else (None,)
        ways = [(UNLISTED_ADDRESS, port, account) for account in accounts]
    predictions = [
        predict_through_relay(situation, relay, port, Client(address, "probe", account, "", False, sender), recipient)
        for address, port, account in dict.fromkeys(ways)
    ]
    worst = min(predictions, key=lambda way: _OPEN_FIRST.index(way.outcome))
    by = "smtp_probe" if tried else "no probe ran; an address that nothing lists stands for the host"
    who = ", ".join(dict.fromkeys(address for address, *_unused in ways))
    vantage = Evidence("unlisted host", f"{who} to the relay on {server.name}", "observed" if tried else "inferred", by)
    prediction = dataclasses.replace(worst, reasons=(vantage, *worst.reasons))
    needed = scenario.needed(situation.needs) and prediction.outcome != "not_run"
    return Cell(scenario, server.name, recipient, needed, prediction)


def is_about(probe: Mapping[str, Any], scenario: Scenario, server: Host) -> bool:
    """Whether a probe (a result of ``smtp_probe``, or what it is asked for) is about that scenario at that server."""
    return probe.get("scenario") == scenario.id and server.known_as(str(probe.get("server") or probe.get("host", "")))


def _envelope(situation: Situation, scenario: Scenario, tried: Probes) -> tuple[str, str]:
    """Recipient and sender, those of the probes where there are any."""
    recipient = situation.recipients_of(scenario.recipient)[0]
    sender = situation.sender_of(scenario)
    if tried:
        recipient, sender = str(tried[0].get("rcpt_to") or recipient), str(tried[0].get("mail_from") or sender)
    return recipient, sender


def _from(probe: Mapping[str, Any]) -> str:
    """The address that a probe comes from."""
    return str(probe.get("client_address") or UNLISTED_ADDRESS)
