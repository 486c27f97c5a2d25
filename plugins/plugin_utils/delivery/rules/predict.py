# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Predictions: every scenario on every server, from the facts alone, before anything is known of what happened."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..evidence import Evidence, inferred, observed
from ..scenarios import SCENARIOS, Cmdlet, Door, Scenario
from ..situation.facts import Farm, Situation
from ..situation.hosts import UNLISTED_ADDRESS, Host, ipv4
from .cell import Cell
from .doors import NOTHING_ASKED, Asked, predict_door, predict_relay_door
from .relay_rules import predict_through_relay
from .session_rules import Client, Prediction, predict_session


def predict(situation: Situation, asked: Asked = NOTHING_ASKED, scenarios: Sequence[Scenario] = SCENARIOS) -> list[Cell]:
    """All cells of these scenarios."""
    return [cell for scenario in scenarios for cell in _cells(situation, scenario, asked)]


def _cells(situation: Situation, scenario: Scenario, asked: Asked) -> Iterator[Cell]:
    trial = scenario.trial
    if isinstance(trial, Door) and scenario.at == "relays":
        yield from (predict_relay_door(situation, relay, scenario, asked) for relay in situation.relays)
    elif isinstance(trial, Door):
        found = (predict_door(situation, server, scenario, trial, asked) for server in situation.exchange)
        yield from (cell for cell in found if cell is not None)
    elif isinstance(trial, Cmdlet):
        yield from (_by_cmdlet(situation, server, scenario, trial, asked) for server in situation.farm.servers)
    else:
        known, stranger = situation.recipients_of(scenario.recipient), asked.addressed.get(scenario.id)
        recipients = list(dict.fromkeys([*known, *([stranger] if stranger else [])]))
        for server in situation.farm.servers if recipients else ():
            first, *others = (_mail(situation, server, scenario, recipient) for recipient in recipients)
            yield dataclasses.replace(first, alternatives=tuple(others))


def _mail(situation: Situation, server: Host, scenario: Scenario, recipient: str) -> Cell:
    """Mail that SharePoint sends from one of its servers."""
    farm = situation.farm
    sender = situation.sender_of(scenario)
    as_somebody = scenario.sender == "sharer"
    if scenario.job in farm.disabled_jobs:
        disabled = observed("timer job", f"{scenario.job} of {farm.web_application} is disabled", "farm_info")
        prediction = Prediction("not_sent", "job_disabled", (disabled,))
    else:
        account = farm.pool_account if scenario.process == "w3wp" else farm.timer_account
        answers = account if farm.answers_challenges else None
        client = Client("", scenario.process, answers, farm.answers_reason, farm.tls, sender)
        prediction = _way(situation, server, client, recipient)
    if as_somebody:
        prediction = dataclasses.replace(prediction, reasons=(*_whose(farm, sender), *prediction.reasons))
    needed = scenario.needed(situation.needs)
    return Cell(scenario, server.name, recipient, needed, prediction, sender if as_somebody else "")


def _whose(farm: Farm, sender: str) -> tuple[Evidence, ...]:
    """From whom a message comes that SharePoint sends for a person."""
    who = f"the farm's address {sender}" if farm.override_envelope_sender else f"the user who shares {sender}".strip()
    overridden = "yes" if farm.override_envelope_sender else "no"
    setting = observed("envelope sender overridden", overridden, f"farm_info: {farm.web_application}")
    return setting, inferred("sender of the invitation", who, "SharePoint documentation, Plan outgoing email")


def _way(situation: Situation, server: Host, client: Client, recipient: str) -> Prediction:
    """Mail of a SharePoint server. A server with several addresses, or a name that no single Exchange server has, must work every way."""
    farm = situation.farm
    where = f"farm_info: {farm.web_application}"
    if not farm.smtp_server:
        return Prediction("not_sent", "no_server", (observed("outgoing mail server", "none", where),))
    start = [
        observed("address of the server", ", ".join(server.addresses) or "unknown", "farm_info"),
        observed("outgoing mail server", f"{farm.smtp_server}:{farm.port}, TLS {'on' if farm.tls else 'off'}", where),
    ]
    relay = situation.relay
    addresses = server.addresses if relay is None else ipv4(server.addresses)
    clients = [dataclasses.replace(client, address=address) for address in addresses or (UNLISTED_ADDRESS,)]
    if relay is not None:
        ways = [predict_through_relay(situation, relay, farm.port, one, recipient) for one in clients]
    else:
        ways = [predict_session(situation, to, farm.port, one, recipient) for one in clients for to in situation.mail_targets()]
    if not ways:
        nobody = observed("Exchange servers", "none", "exchange_servers and connectors")
        return Prediction("not_sent", "no_listener", (*start, nobody))
    worst = next((way for way in ways if way.outcome != "delivered"), ways[0])
    if situation.balanced and relay is None:
        value = (
            f"{farm.smtp_server} is not an Exchange server: if it is a balancer that shows Exchange its own address, that one must match"
        )
        start.append(inferred("way to Exchange", value, "names and addresses of the Exchange servers"))
    if len({way.outcome for way in ways}) > 1:
        value = f"not certain; the worst is from {worst.client} to {worst.target}"
        start.append(inferred("way to Exchange", value, "several addresses or servers"))
    return dataclasses.replace(worst, reasons=(*start, *worst.reasons))


def _by_cmdlet(situation: Situation, server: Host, scenario: Scenario, trial: Cmdlet, asked: Asked) -> Cell:
    """What a SharePoint server can show of the way to Exchange by cmdlet."""
    tried = next((probe for probe in asked.server_probes if tried_from(server, probe)), {})
    recipient = str(tried.get("rcpt_to") or situation.recipients_of(scenario.recipient)[0])
    why = "the client of Send-MailMessage answers a challenge with the account of its process, whatever SharePoint's build"
    account = str(tried.get("account") or "the account of the session")
    client = Client("", "probe", account, why, False, str(tried.get("mail_from") or asked.sender or situation.sender_of(scenario)))
    prediction = _way(situation, server, client, recipient)
    if trial.shows == "connection":
        # A server without a matching connector still takes the connection, and closes it with 421.
        met = ("receive connector",) if situation.relay is None else ("relay", "admitted by the relay")
        kept = ("address of the server", "outgoing mail server", "Exchange servers", *met)
        prediction = dataclasses.replace(prediction, reasons=tuple(r for r in prediction.reasons if r.fact in kept))
        if prediction.decisive in ("no_server", "no_listener", "relay_stopped", "relay_firewall"):
            prediction = dataclasses.replace(prediction, outcome="not_run")
        else:
            prediction = dataclasses.replace(prediction, outcome="delivered", decisive="accepted")
    return Cell(scenario, server.name, recipient, scenario.needed(situation.needs), prediction, client.sender)


def tried_from(server: Host, probe: Mapping[str, Any]) -> bool:
    """Whether a result of ``server_probe`` comes from that SharePoint server: it says so, or its end of the connection does."""
    connection = probe.get("connection") or {}
    names = (probe.get("server"), probe.get("source_address"), connection.get("source_address"))
    return any(server.known_as(str(name or "")) for name in names)
