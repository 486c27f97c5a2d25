# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Predictions: every scenario on every server, from the facts alone, before anything is known of what happened."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.connectors import Connector
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.evidence import Evidence, inferred, observed
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.facts import Farm, Host, Situation
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.session_rules import Client, Prediction, Process, predict_session

Want = Literal["delivered", "refused"]
UNLISTED_ADDRESS = "192.0.2.1"
"""Stands for an unlisted host where no probe says which address it came from: RFC 5737 reserves it, so that no real range lists it."""
OUTSIDE_RECIPIENT = "postmaster@example.com"

NAMES = {
    "notification": "Notification to a mailbox",
    "alert": "Immediate alert to a mailbox",
    "alert_external": "Immediate alert to an external user",
    "unlisted_relay": "Unlisted host relays to an outside domain",
    "unlisted_connector": "Unlisted host uses the connector that was made",
    "spoof": "Unlisted host sends as an internal sender",
}


@dataclasses.dataclass(frozen=True)
class Cell:
    """One scenario on one server: what is wanted, and what the rules expect."""

    id: str
    server: str
    process: Process
    recipient: str
    want: Want
    needed: bool
    prediction: Prediction

    @property
    def name(self) -> str:
        return NAMES[self.id]


def predict(situation: Situation, probes: Sequence[Mapping[str, Any]] = ()) -> list[Cell]:
    """All cells. ``probes`` (results of ``smtp_probe``) only tell which address, port and recipient an unlisted host was tried with."""
    cells = []
    for server in situation.farm.servers:
        cells.append(_mail(situation, server, "notification", "w3wp", situation.mailbox, needed=True))
    for server in situation.farm.servers:
        cells.append(_mail(situation, server, "alert", "owstimer", situation.mailbox, needed=True))
    if situation.external:
        for server in situation.farm.servers:
            cells.append(_mail(situation, server, "alert_external", "owstimer", situation.external, needed=situation.needs.external))
    for scenario in ("unlisted_relay", "unlisted_connector", "spoof"):
        cells.extend(_probe(situation, server, scenario, probes) for server in situation.exchange)
    return cells


def _mail(situation: Situation, server: Host, scenario: str, process: Process, recipient: str, *, needed: bool) -> Cell:
    """Mail of a SharePoint server. A server with several addresses, or a name that no single Exchange server has, must work every way."""
    farm = situation.farm
    if not farm.smtp_server:
        prediction = Prediction("not_sent", "no_server", (observed("outgoing mail server", "none", f"farm_info: {farm.web_application}"),))
        return Cell(scenario, server.name, process, recipient, "delivered", needed, prediction)
    client = _client(farm, process)
    addresses = server.addresses or (UNLISTED_ADDRESS,)
    ways = [
        (address, target, predict_session(situation, target, farm.port, dataclasses.replace(client, address=address), recipient))
        for address in addresses
        for target in situation.mail_targets()
    ]
    address, target, worst = next((way for way in ways if way[2].outcome != "delivered"), ways[0])
    start = [
        observed("address of the server", ", ".join(server.addresses) or "unknown", "farm_info"),
        observed(
            "outgoing mail server",
            f"{farm.smtp_server}:{farm.port}, TLS {'on' if farm.tls else 'off'}",
            f"farm_info: {farm.web_application}",
        ),
    ]
    if len({way[2].outcome for way in ways}) > 1:
        start.append(
            inferred("way to Exchange", f"not certain; the worst is from {address} to {target.name}", "several addresses or servers")
        )
    prediction = dataclasses.replace(worst, reasons=(*start, *worst.reasons))
    return Cell(scenario, server.name, process, recipient, "delivered", needed, prediction)


def _client(farm: Farm, process: Process) -> Client:
    account = farm.pool_account if process == "w3wp" else farm.timer_account
    return Client("", process, account if farm.answers_challenges else None, farm.answers_reason, farm.tls)


def _probe(situation: Situation, server: Host, scenario: str, probes: Iterable[Mapping[str, Any]]) -> Cell:
    """A host that no range lists. Relaying through the binding of the connector that was made is what only that connector would allow."""
    tried = [
        probe
        for probe in probes
        if probe.get("scenario") == scenario and server.known_as(str(probe.get("server") or probe.get("host", "")))
    ]
    internal = scenario == "spoof"
    recipient = str(tried[0]["rcpt_to"]) if tried else situation.mailbox if internal else situation.external or OUTSIDE_RECIPIENT
    needed = situation.needs.spoof_refused if internal else True
    if scenario == "unlisted_connector":
        made = made_connector(situation, server)
        if made is None:
            absent = observed(
                "connector that was made", f"{server.name} has no {situation.connector_name!r}", "exchange_receive_connector_info"
            )
            return Cell(scenario, server.name, "probe", recipient, "refused", False, Prediction("not_run", "no_connector", (absent,)))
        ports = sorted(made.ports)
    else:
        ports = [situation.farm.port]
    ways = [(str(probe.get("client_address") or UNLISTED_ADDRESS), int(probe["port"])) for probe in tried] or [
        (UNLISTED_ADDRESS, port) for port in ports
    ]
    predictions = [(address, port, _unlisted(situation, server, address, port, recipient)) for address, port in ways]
    # A door that is open counts before one that is shut, and one that is shut before one that is not there.
    address, port, worst = min(predictions, key=lambda way: ("delivered", "refused", "not_run").index(way[2].outcome))
    by = f"smtp_probe from {address}" if tried else "no probe ran; an address that no range lists stands for the host"
    vantage = Evidence("unlisted host", f"{address} to {server.name}, port {port}", "observed" if tried else "inferred", by)
    prediction = dataclasses.replace(worst, reasons=(vantage, *worst.reasons))
    return Cell(scenario, server.name, "probe", recipient, "refused", needed, prediction)


def _unlisted(situation: Situation, server: Host, address: str, port: int, recipient: str) -> Prediction:
    client = Client(address, "probe", None, "", tls=False)
    return predict_session(situation, server, port, client, recipient)


def made_connector(situation: Situation, server: Host) -> Connector | None:
    """The connector of the route, on that server; None where it was not made."""
    name = situation.connector_name.casefold()
    return next((c for c in situation.connectors if c.name.casefold() == name and server.known_as(c.server)), None)
