# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Predictions: every scenario on every server, from the facts alone, before anything is known of what happened."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ..evidence import Evidence, Outcome, inferred, observed
from ..scenarios import AT_EXCHANGE, FROM_SERVERS, MAIL, NAMES, MailScenario
from ..situation.facts import Farm, Situation
from ..situation.hosts import UNLISTED_ADDRESS, Host, ipv4
from ..situation.relays import Relay
from .relay_rules import WHOEVER_LOGS_ON, predict_through_relay
from .session_rules import Client, Prediction, Process, predict_session

Want = Literal["delivered", "refused"]
Probes = Sequence[Mapping[str, Any]]
OUTSIDE_RECIPIENT = "postmaster@example.com"


@dataclasses.dataclass(frozen=True)
class Cell:
    """One scenario on one server: what is wanted, and what the rules expect.

    ``sender`` is the address that the message is expected to come from, where that is not the farm's (the invitation, a server's probe);
    empty for the user who shares, where nobody said who that is.
    """

    id: str
    server: str
    process: Process
    recipient: str
    want: Want
    needed: bool
    prediction: Prediction
    sender: str = ""

    @property
    def name(self) -> str:
        return NAMES[self.id]


def predict(
    situation: Situation, probes: Probes = (), server_probes: Probes = (), addressed: Mapping[str, str] | None = None
) -> list[Cell]:
    """All cells.

    ``probes`` (results of ``smtp_probe``) and ``server_probes`` (of ``server_probe``) only tell with which address, port, sender and
    recipient something was tried, ``addressed`` the recipients of test messages by scenario, where SharePoint chose them.
    """
    cells = []
    for scenario in MAIL:
        recipient = (addressed or {}).get(scenario.id) or _recipient(situation, scenario)
        if recipient:
            cells += [_mail(situation, server, scenario, recipient) for server in situation.farm.servers]
    for refusal in AT_EXCHANGE:
        for server in situation.exchange:
            made = situation.made_connector(server)
            if refusal != "tls_missing" or (made is not None and made.require_tls):
                cells.append(_refusal(situation, server, refusal, probes))
    cells += [_relay_unlisted(situation, relay, probes) for relay in situation.relays]
    for trial in FROM_SERVERS:
        cells += [_from_server(situation, server, trial, server_probes) for server in situation.farm.servers]
    return cells


def _recipient(situation: Situation, scenario: MailScenario) -> str:
    return situation.invited if scenario.recipient == "invited" else situation.address(scenario.recipient)


def _mail(situation: Situation, server: Host, scenario: MailScenario, recipient: str) -> Cell:
    farm = situation.farm
    sender = farm.from_address
    beginning: list[Evidence] = []
    if scenario.id == "invitation":
        sender = farm.from_address if farm.override_envelope_sender else situation.sharer
        who = f"the farm's address {sender}" if farm.override_envelope_sender else f"the user who shares {sender}".strip()
        overridden = observed(
            "envelope sender overridden", "yes" if farm.override_envelope_sender else "no", f"farm_info: {farm.web_application}"
        )
        beginning = [overridden, inferred("sender of the invitation", who, "SharePoint documentation, Plan outgoing email")]
    if scenario.test == "alert" and farm.alert_job_disabled:
        disabled = observed("timer job", f"job-immediate-alerts of {farm.web_application} is disabled", "farm_info")
        prediction = Prediction("not_sent", "job_disabled", (disabled,))
    else:
        prediction = _way(situation, server, _client(farm, scenario.process, sender), recipient)
    prediction = dataclasses.replace(prediction, reasons=(*beginning, *prediction.reasons))
    needed = scenario.needed(situation.needs)
    sender = sender if scenario.id == "invitation" else ""
    return Cell(scenario.id, server.name, scenario.process, recipient, "delivered", needed, prediction, sender)


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
        value = f"{farm.smtp_server} is no Exchange server: if it is a balancer that shows Exchange its own address, that one must match"
        start.append(inferred("way to Exchange", value, "names and addresses of the Exchange servers"))
    if len({way.outcome for way in ways}) > 1:
        value = f"not certain; the worst is from {worst.client} to {worst.target}"
        start.append(inferred("way to Exchange", value, "several addresses or servers"))
    return dataclasses.replace(worst, reasons=(*start, *worst.reasons))


def _client(farm: Farm, process: Literal["w3wp", "owstimer"], sender: str) -> Client:
    account = farm.pool_account if process == "w3wp" else farm.timer_account
    return Client("", process, account if farm.answers_challenges else None, farm.answers_reason, farm.tls, sender)


def _refusal(situation: Situation, server: Host, scenario: str, probes: Probes) -> Cell:
    """A host that no range lists. Relaying through the binding of the connector that was made is what only that connector would allow."""
    tried = [
        probe
        for probe in probes
        if probe.get("scenario") == scenario and server.known_as(str(probe.get("server") or probe.get("host", "")))
    ]
    inside = scenario in ("spoof", "tls_missing")
    recipient = str(tried[0]["rcpt_to"]) if tried else situation.mailbox if inside else situation.external or OUTSIDE_RECIPIENT
    made = situation.made_connector(server)
    ports = [situation.farm.port]
    if scenario in ("unlisted_connector", "tls_missing"):
        if made is None:
            absent = observed(
                "connector that was made", f"{server.name} has no {situation.connector_name!r}", "exchange_receive_connector_info"
            )
            return Cell(scenario, server.name, "probe", recipient, "refused", False, Prediction("not_run", "no_connector", (absent,)))
        ports = sorted(made.ports)
    sender = str(tried[0].get("mail_from") or "") if tried else situation.farm.from_address
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
    needed = {"spoof": situation.needs.spoof_refused, "tls_missing": meets}.get(scenario, True)
    return Cell(scenario, server.name, "probe", recipient, "refused", needed, prediction)


# A door that is open counts before one that is shut, and one that is shut before one that is not there.
_OPEN_FIRST: tuple[Outcome, ...] = ("delivered", "bounced", "accepted_not_delivered", "refused", "not_run", "not_sent")


def _relay_unlisted(situation: Situation, relay: Relay, probes: Probes) -> Cell:
    """A host that the relay does not list, once as it is and once as somebody who has an account there, where the relay takes any."""
    server = situation.relay_host(relay)
    tried = [probe for probe in probes if at_relay(server, probe)]
    recipient = str(tried[0]["rcpt_to"]) if tried else situation.external or OUTSIDE_RECIPIENT
    sender = str(tried[0].get("mail_from") or "") if tried else situation.farm.from_address
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
    return Cell("relay_unlisted", server.name, "probe", recipient, "refused", prediction.outcome != "not_run", prediction)


def _from(probe: Mapping[str, Any]) -> str:
    """The address that a probe came from."""
    return str(probe.get("client_address") or UNLISTED_ADDRESS)


def at_relay(server: Host, probe: Mapping[str, Any]) -> bool:
    """Whether a result of ``smtp_probe`` is about the relay on that server."""
    named = str(probe.get("server") or probe.get("host", ""))
    return probe.get("scenario") == "relay_unlisted" and server.known_as(named)


def _from_server(situation: Situation, server: Host, scenario: str, server_probes: Probes) -> Cell:
    """What a SharePoint server can show of the way to Exchange by cmdlet."""
    tried = next((probe for probe in server_probes if tried_from(server, probe)), {})
    recipient = str(tried.get("rcpt_to") or situation.mailbox)
    why = "the client of Send-MailMessage answers a challenge with the account of its process, whatever SharePoint's build"
    account = str(tried.get("account") or "the account of the session")
    client = Client("", "probe", account, why, False, str(tried.get("mail_from") or situation.farm.from_address))
    prediction = _way(situation, server, client, recipient)
    if scenario == "server_connection":
        # A server without a matching connector still takes the connection, and closes it with 421.
        met = ("receive connector",) if situation.relay is None else ("relay", "admitted by the relay")
        kept = ("address of the server", "outgoing mail server", "Exchange servers", *met)
        prediction = dataclasses.replace(prediction, reasons=tuple(r for r in prediction.reasons if r.fact in kept))
        if prediction.decisive in ("no_server", "no_listener", "relay_stopped", "relay_firewall"):
            prediction = dataclasses.replace(prediction, outcome="not_run")
        else:
            prediction = dataclasses.replace(prediction, outcome="delivered", decisive="accepted")
    return Cell(scenario, server.name, "probe", recipient, "delivered", False, prediction, client.sender)


def tried_from(server: Host, probe: Mapping[str, Any]) -> bool:
    """Whether a result of ``server_probe`` comes from that SharePoint server: it says so, or its end of the connection does."""
    connection = probe.get("connection") or {}
    names = (probe.get("server"), probe.get("source_address"), connection.get("source_address"))
    return any(server.known_as(str(name or "")) for name in names)
