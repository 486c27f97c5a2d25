# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Predictions for doors that must be shut: what becomes of mail from a host that nobody lists, at Exchange and at the farm's relays."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ...common.facts import ProbeFacts
from ..evidence import Evidence, Predicted, observed
from ..scenarios import Door, Scenario
from ..situation.facts import Situation
from ..situation.hosts import UNLISTED_ADDRESS, Host
from ..situation.relays import Relay
from .cell import Cell
from .relay_rules import WHOEVER_LOGS_ON, predict_through_relay
from .session_rules import Client, Prediction, predict_session


@dataclasses.dataclass(frozen=True)
class Asked:
    """What of the trials is known before, and decides what becomes of them.

    ``probes`` are those of ``smtp_probe``, planned or done, with the ``client_address`` that each comes from; ``server_probes`` those of
    ``server_probe``; ``sender`` is the sender of probes that name none. ``addressed`` are recipients of test messages, by scenario, that
    nobody could have named: SharePoint chose them.
    """

    probes: Sequence[ProbeFacts] = ()
    server_probes: Sequence[Mapping[str, Any]] = ()
    sender: str = ""
    addressed: Mapping[str, str] = dataclasses.field(default_factory=dict)


NOTHING_ASKED = Asked()

# A door that is open counts before one that is shut, and one that is shut before one that is not there.
_OPEN_FIRST: tuple[Predicted, ...] = ("delivered", "bounced", "accepted_not_delivered", "refused", "not_run", "not_sent")


def predict_door(situation: Situation, server: Host, scenario: Scenario, door: Door, asked: Asked) -> Cell | None:
    """A host that no range of the Exchange server lists; None where there is no such door."""
    made = situation.made_connector(server)
    if door.clear_text and (made is None or not made.require_tls):
        return None
    tried = [probe for probe in asked.probes if is_about(probe, scenario, server)]
    recipient, sender = _envelope(situation, scenario, asked, tried)
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
    known = any(probe.get("client_address") for probe in tried)
    by = f"smtp_probe from {worst.client}" if known else "an address that is in no range is used for the host"
    vantage = Evidence("unlisted host", f"{worst.client} to {server.name}, port {port}", "observed" if known else "inferred", by)
    prediction = dataclasses.replace(worst, reasons=(vantage, *worst.reasons))
    # Who does not meet the connector cannot tell what it requires.
    meets = made is not None and worst.connector == made.identity
    needed = scenario.needed(situation.needs) and (meets or not door.clear_text)
    return Cell(scenario, server.name, recipient, needed, prediction)


def predict_relay_door(situation: Situation, relay: Relay, scenario: Scenario, asked: Asked) -> Cell:
    """A host that the relay does not list, once as it is and once as somebody who has an account there, where the relay takes any."""
    server = situation.relay_host(relay)
    tried = [probe for probe in asked.probes if is_about(probe, scenario, server)]
    recipient, sender = _envelope(situation, scenario, asked, tried)
    port = next((bound for _unused, bound in relay.bindings), situation.farm.port)
    either = (None, WHOEVER_LOGS_ON) if relay.authentication - {"anonymous"} else (None,)
    ways = [
        (_from(probe), int(probe["port"]), account)
        for probe in tried or [ProbeFacts(port=port)]
        # A probe that is only planned is tried both ways.
        for account in (either if "outcome" not in probe else (WHOEVER_LOGS_ON if probe.get("authenticated") else None,))
    ]
    predictions = [
        predict_through_relay(situation, relay, port, Client(address, "probe", account, "", False, sender), recipient)
        for address, port, account in dict.fromkeys(ways)
    ]
    worst = min(predictions, key=lambda way: _OPEN_FIRST.index(way.outcome))
    known = any(probe.get("client_address") for probe in tried)
    by = "smtp_probe" if known else "an address that is in no list is used for the host"
    who = ", ".join(dict.fromkeys(address for address, *_unused in ways))
    vantage = Evidence("unlisted host", f"{who} to the relay on {server.name}", "observed" if known else "inferred", by)
    prediction = dataclasses.replace(worst, reasons=(vantage, *worst.reasons))
    needed = scenario.needed(situation.needs) and prediction.outcome != "not_run"
    return Cell(scenario, server.name, recipient, needed, prediction)


def is_about(probe: Mapping[str, Any], scenario: Scenario, server: Host) -> bool:
    """Whether a probe (a result of ``smtp_probe``, or what it is asked for) is about that scenario at that server."""
    return probe.get("scenario") == scenario.id and server.known_as(str(probe.get("server") or probe.get("host", "")))


def _envelope(situation: Situation, scenario: Scenario, asked: Asked, tried: Sequence[ProbeFacts]) -> tuple[str, str]:
    """Recipient and sender, those of the probes where there are any."""
    recipient = situation.recipients_of(scenario.recipient)[0]
    sender = situation.sender_of(scenario)
    if scenario.sender == "farm":
        sender = asked.sender or sender
    if tried:
        recipient, sender = str(tried[0].get("rcpt_to") or recipient), str(tried[0].get("mail_from") or sender)
    return recipient, sender


def _from(probe: ProbeFacts) -> str:
    """The address that a probe comes from."""
    return str(probe.get("client_address") or UNLISTED_ADDRESS)
