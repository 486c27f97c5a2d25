# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What probes showed: those of the controller and other unlisted hosts, and those of the SharePoint servers by cmdlet."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..evidence import Evidence, Outcome, observed
from ..rules.cell import Cell
from ..rules.doors import is_about
from ..rules.predict import tried_from
from ..scenarios import Cmdlet, Door
from ..situation.facts import Situation
from .mail import NOT_RUN, Observation, observe_mail
from .material import Facts, Material
from .seen import auth_offered, mailbox_evidence, seen_from


def observe(cell: Cell, situation: Situation, material: Material) -> Observation:
    """The observation of one cell, of whatever kind."""
    trial = cell.scenario.trial
    if isinstance(trial, Door):
        return _observe_refusal(cell, situation, material)
    if isinstance(trial, Cmdlet):
        return _observe_from_server(cell, trial, situation, material)
    return observe_mail(cell, situation, material)


def _observe_refusal(cell: Cell, situation: Situation, material: Material) -> Observation:
    tried = _tried(cell, situation, material)
    if not tried or cell.prediction.decisive == "no_connector":  # there is nothing of which the probe could be one
        return NOT_RUN
    evidence: list[Evidence] = []
    for probe in tried:
        by = seen_from(probe)
        where = f"{probe.get('host')}:{probe.get('port')}"
        who = ", logged on" if probe.get("authenticated") else ""
        asked = f"{where}{who}, {probe.get('mail_from')} to {probe.get('rcpt_to')}"
        evidence.append(observed("probe", f"{asked}: {probe.get('outcome')}", by))
        if probe.get("reply"):
            evidence.append(observed(f"reply to {str(probe.get('stage') or 'the session').upper()}", probe["reply"], by))
        if probe.get("outcome") != "not_connected":
            evidence.append(auth_offered(probe))
    outcomes = [_refusal_outcome(probe) for probe in tried]
    # One open door is enough to be open.
    outcome = min(outcomes, key=("accepted_not_delivered", "refused", "not_run").index)
    if outcome == "not_run" and cell.prediction.decisive in ("relay_firewall", "relay_not_admitted"):
        # Who is kept out sees no more than that.
        why = "no connection, as the relay's server admits other hosts only; its own relay list was not tried"
        return Observation(outcome, tuple(evidence), frozenset({"refused"}), why, probes=tried)
    if outcome != "accepted_not_delivered":
        return Observation(outcome, tuple(evidence), probes=tried)
    tokens = {str(probe["token"]) for probe in tried if probe.get("token")}
    accepted = _accepted(evidence, tokens, any(probe.get("sent") for probe in tried), material, tried)
    return _left_with_relay(accepted) if cell.scenario.at == "relays" else accepted


def _tried(cell: Cell, situation: Situation, material: Material) -> tuple[Facts, ...]:
    """The probes of what a cell is about."""
    servers = map(situation.relay_host, situation.relays) if cell.scenario.at == "relays" else situation.exchange
    hosts = [host for host in servers if host.name == cell.server]
    return tuple(probe for probe in material.probes if any(is_about(probe, cell.scenario, host) for host in hosts))


def _refusal_outcome(probe: Mapping[str, Any]) -> Outcome:
    """A temporary failure in the transaction (4yz) says nothing about rights: as good as not tried. But 5.7.3 (TLS) comes as 451."""
    outcome, stage, reply = probe.get("outcome"), probe.get("stage"), str(probe.get("reply") or "")
    if outcome == "accepted":
        return "accepted_not_delivered"
    temporary = stage in ("mail", "rcpt", "data") and reply.startswith("4") and "5.7.3" not in reply
    return "refused" if outcome == "refused" and not temporary else "not_run"


def _accepted(evidence: list[Evidence], tokens: set[str], sent: bool, material: Material, probes: tuple[Facts, ...]) -> Observation:
    """The server took it. Whether it arrived is known only where a message was sent and somebody looked."""
    looked = [m for m in material.messages if m.get("token") and str(m["token"]) in tokens]
    arrived = next((m for m in looked if m.get("found")), None)
    if arrived is not None:
        evidence = [*evidence, *mailbox_evidence(arrived, str(arrived.get("mailbox")))]
        return Observation("delivered", tuple(evidence), seconds=arrived.get("seconds"), probes=probes)
    possible: frozenset[Outcome] = frozenset() if sent and looked else frozenset({"delivered", "bounced"})
    why = "the message was not looked for" if sent else "the server accepted the recipient, and the probe sent nothing"
    if sent and not tokens:
        # A message without a token cannot be looked for; that somebody sent it is all that is known.
        possible = frozenset()
    return Observation("accepted_not_delivered", tuple(evidence), possible, why, probes=probes)


def _left_with_relay(accepted: Observation) -> Observation:
    """What a relay returns goes to the sender of the probe, and nobody looks there."""
    if accepted.outcome != "accepted_not_delivered":
        return accepted
    why = accepted.why if accepted.possible else "the relay accepted it, and the mailbox that it would return it to is not read"
    return dataclasses.replace(accepted, possible=accepted.possible | {"bounced"}, why=why)


def _observe_from_server(cell: Cell, trial: Cmdlet, situation: Situation, material: Material) -> Observation:
    server = situation.farm_server(cell.server)
    tried = [probe for probe in material.server_probes if server is not None and tried_from(server, probe)]
    if not tried:
        return NOT_RUN
    probe = tried[0]
    if probe.get("failed"):
        said = f"could not be made: {probe.get('msg')}"
        return Observation("not_run", (observed("probe", said, "server_probe"),))
    connection = _connection(probe, cell)
    if trial.shows == "connection":
        reached = bool((probe.get("connection") or {}).get("tcp"))
        return Observation("delivered" if reached else "not_run", tuple(connection))
    seen = _observe_send(probe, cell, connection, material)
    return _left_with_relay(seen) if situation.relay is not None else seen


def _connection(probe: Facts, cell: Cell) -> list[Evidence]:
    connection = probe.get("connection") or {}
    by = f"Test-NetConnection on {cell.server}"
    where = f"{probe.get('host')}:{probe.get('port')} ({connection.get('remote_address') or 'address unknown'})"
    state = {True: "open", False: "not open", None: "not tried"}[connection.get("tcp")]
    said = f": {connection['error']}" if connection.get("error") else ""
    from_ = f", from {connection['source_address']}" if connection.get("source_address") else ""
    return [observed("TCP connection", f"{where} {state}{from_}{said}", by)]


def _observe_send(probe: Facts, cell: Cell, connection: list[Evidence], material: Material) -> Observation:
    """The try without TLS and credentials is the scenario; the others are evidence beside it."""
    evidence = list(connection)
    for mail in probe.get("mail") or ():
        how = f"{'with' if mail.get('tls') else 'without'} TLS, {'with' if mail.get('credentials') else 'without'} credentials"
        said = "accepted" if mail.get("accepted") else f"not accepted: {mail.get('reply') or mail.get('error') or 'not tried'}"
        evidence.append(observed(f"Send-MailMessage {how}", said, f"server_probe on {cell.server}"))
    plain = next((mail for mail in probe.get("mail") or () if not mail.get("tls") and not mail.get("credentials")), None)
    if plain is None or plain.get("accepted") is None:
        return Observation("not_run", tuple(evidence))
    if plain["accepted"]:
        return _accepted(evidence, {str(probe["token"])} if probe.get("token") else set(), True, material, ())
    # Without a reply there was no session that could have refused anything.
    return Observation("refused" if plain.get("reply") else "not_run", tuple(evidence))
