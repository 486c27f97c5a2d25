# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a scenario failed or surprised, and the change that would mend it, recognised from evidence alone."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

from ..causes import CAUSES, PREDICTED, SAID, SAID_WITH_RELAY
from ..evidence import Outcome
from ..observe.mail import Observation
from ..observe.material import Material
from ..observe.seen import error_in
from ..rules.cell import Cell
from ..situation.connectors import Connector
from ..situation.facts import Situation
from .relay_causes import relay_cause

# A wrong connector shows as one of these; the connector is the cause then, and they are what it does.
_OF_CONNECTOR = frozenset(
    {
        "process_answers_challenge",
        "no_relay_right",
        "may_not_send_as",
        "no_submit_right",
        "group_wants_authentication",
        "tls_not_used",
        "tls_not_offered",
        "server_not_in_ranges",
        "unknown",
    }
)


@dataclasses.dataclass(frozen=True)
class Explanation:
    """Empty where there is nothing to explain. ``cause_id`` is a stable word."""

    cause_id: str = ""
    cause: str = ""
    remedy: str = ""


@dataclasses.dataclass(frozen=True)
class Case:
    """All that a cause is recognised from. ``route`` are the variables of the route that remedies name."""

    cell: Cell
    observation: Observation
    situation: Situation
    material: Material
    route: str

    def explanation(self, cause_id: str, address: str = "", said: str = "", server: str = "") -> Explanation:
        """The cause's texts, filled in. Values come last: what braces they hold stays as it is. ``server``: not the cell's own."""
        cell, situation = self.cell, self.situation
        prediction = cell.prediction
        made, relay = self.made, situation.relay
        values = {
            "route": self.route,
            "server": server or cell.server,
            "address": address or prediction.client or "unknown",
            "connector": prediction.connector or "the connector there",
            "made": made.identity if made else repr(situation.connector_name),
            "recipient": cell.recipient,
            "sender": situation.farm.from_address,
            "smtp_server": situation.farm.smtp_server or "that none is set for",
            "envelope": self.envelope or "the user who shares",
            "relay": cell.server if cell.scenario.at == "relays" else relay.server if relay else "the farm's server",
            "account": relay.account if relay else "its account",
            "smart_host": f"{relay.smart_host}:{relay.smart_host_port}" if relay else "Exchange",
            "said": said or _deciding(cell),
        }
        cause, remedy = CAUSES[cause_id]
        return Explanation(cause_id, cause.format(**values), remedy.format(**values))

    @property
    def made(self) -> Connector | None:
        """The connector made for the farm on the Exchange server that the prediction is about."""
        target = self.situation.exchange_server(self.cell.prediction.target)
        return self.situation.made_connector(target) if target else None

    @property
    def envelope(self) -> str:
        """The sender of this cell's mail; empty for a user who is not known."""
        return self.cell.sender if self.cell.scenario.sender == "sharer" else self.cell.sender or self.situation.farm.from_address

    @property
    def sent_from(self) -> str:
        """Addresses of the SharePoint server that sends this cell's mail."""
        host = self.situation.farm_server(self.cell.server)
        return ", ".join(host.addresses) if host else ""


def _deciding(cell: Cell) -> str:
    """The last reason of a prediction that is more than a consequence."""
    reasons = [reason.value for reason in cell.prediction.reasons if not reason.fact.startswith("after ")]
    return reasons[-1] if reasons else ""


def explain(case: Case, verdict: str) -> Explanation:
    """The likely cause and the remedy of a cell that fails, surprises or, as predicted, is not what a farm would like."""
    cell, observation = case.cell, case.observation
    if verdict == "pass":
        return Explanation()
    if verdict == "skipped":
        return Explanation(observation.reason_id, observation.not_run) if observation.not_run else Explanation()
    if observation.outcome == "not_run":
        return _not_run(case)
    if cell.scenario.sender == "sharer" and observation.outcome == cell.prediction.outcome == "delivered":
        return _invitation(case)
    if cell.prediction.decisive == "not_predicted" and (cell.want == "refused" or observation.outcome == "delivered"):
        return case.explanation("not_predicted")
    if cell.want == "refused":
        return _refusal(case, verdict)
    accepted = observation.outcome == "accepted_not_delivered" and cell.prediction.outcome in ("refused", "not_sent")
    if observation.outcome == "delivered" or accepted:
        return case.explanation(_ARRIVED.get(cell.prediction.decisive, "other_way_taken"))
    return _lost(case, verdict)


def foreseen(case: Case) -> Explanation:
    """Why the prediction of a cell that was not tried is not what is wanted."""
    return _blame_connector(case, PREDICTED[case.cell.prediction.decisive])


_ARRIVED = {
    "timer_stops": "challenge_not_met",
    "tls_required": "tls_not_enforced",
    "group_authentication": "restriction_not_applied",
    "group_unresolved": "restriction_not_applied",
    "group_not_permitted": "restriction_not_applied",
}


def _not_run(case: Case) -> Explanation:
    observation = case.observation
    said = observation.evidence[-1].value if observation.evidence else "no test result of it was given"
    if case.cell.prediction.decisive == "job_disabled" or observation.reason_id == "timer_job_disabled" or "is disabled" in said:
        return case.explanation("timer_job_disabled")
    if observation.not_run:
        remedy = "Prepare the site as it says, or leave this scenario out of what is needed. Until then its result is not known."
        return Explanation(observation.reason_id or "not_tried", observation.not_run, remedy)
    found = _said(case)
    if found in ("transport_inactive", "server_unreachable"):
        return case.explanation(found)
    return case.explanation("not_tried", said=said.rstrip("."))


def _invitation(case: Case) -> Explanation:
    """It arrived: what is left to explain is from whom it came."""
    situation, observation = case.situation, case.observation
    if not observation.sender or observation.sender == situation.farm.from_address.casefold():
        return case.explanation("envelope_sender_overridden")
    return case.explanation(
        "envelope_sender_kept" if situation.farm.override_envelope_sender else "sender_unexpected", said=observation.sender
    )


def _refusal(case: Case, verdict: str) -> Explanation:
    refused = case.observation.outcome == "refused"
    if case.cell.scenario.at == "relays" and not refused:
        opened = (reason.by for reason in case.cell.prediction.reasons if reason.fact == "RCPT TO to the relay")
        return case.explanation("relay_open", said="nothing that was read allows it" if verdict == "surprise" else next(opened, ""))
    if verdict != "surprise":
        return case.explanation(PREDICTED[case.cell.prediction.decisive])
    return case.explanation("unlisted_host_refused" if refused else "unlisted_host_admitted")


def _lost(case: Case, verdict: str) -> Explanation:
    """Mail that did not arrive."""
    if verdict != "surprise":
        return _blame_connector(case, PREDICTED[case.cell.prediction.decisive])
    outcome = case.observation.outcome
    said = _said(case)
    relay = case.situation.relay
    at_relay = relay and relay_cause(case.situation, relay, case.material, case.observation, case.envelope, said)
    if at_relay:
        return case.explanation(at_relay[0], address=case.sent_from, said=at_relay[1])
    if outcome == "bounced" and said not in ("group_wants_authentication", "sender_not_permitted"):
        return case.explanation("rejected_later")
    if outcome == "accepted_not_delivered":
        failed = any(piece.fact.startswith("tracking: FAIL") for piece in case.observation.evidence)
        return case.explanation("ndr_missing" if failed else "lost_after_acceptance")
    if said is None:
        said = next((note for note, _unused in case.observation.notes), "unknown")
    return _blame_connector(case, said)


def _blame_connector(case: Case, cause_id: str) -> Explanation:
    """The cause itself, or the wrong connector of which it is the effect."""
    cell, situation = case.cell, case.situation
    if cause_id not in _OF_CONNECTOR:
        return case.explanation(cause_id)
    relay = situation.relay
    strangers = case.material.strangers(situation) if relay is None else frozenset()
    if strangers:
        return case.explanation("other_address_matches", address=", ".join(sorted(strangers)))
    prediction, made = cell.prediction, case.made
    meant = made is not None and situation.port_at_exchange in made.ports
    if made is not None and meant and prediction.client and prediction.connector != made.identity:
        listed = any(span.holds(prediction.client) for span in made.ranges)
        client = relay.server if relay is not None else cell.server
        return case.explanation("more_specific_connector" if listed else "server_not_in_ranges", server=client)
    if relay is not None:
        return case.explanation(cause_id)
    foreseen_well: tuple[Outcome, ...] = ("delivered",)
    if prediction.outcome in foreseen_well and situation.balanced and all(host.addresses for host in situation.exchange):
        return case.explanation("other_address_matches", address=", ".join(situation.farm.smtp_addresses))
    return case.explanation(cause_id)


def _said(case: Case) -> str | None:
    """The cause that something observed names: a reply, a log line, the status in message tracking, a report."""
    pieces = (piece for piece in case.observation.evidence if piece.standing == "observed" and piece.fact.startswith(_SPEAKING))
    return recognise((error_in(piece.value) for piece in pieces), with_relay=case.situation.relay is not None)


_SPEAKING = (
    "SharePoint log",
    "answer of SharePoint",
    "timer job",
    "tracking: FAIL",
    "tracking: DEFER",
    "tracking: DSN",
    "non-delivery report",
    "reply to",
    "Send-MailMessage",
    "TCP connection",
)


def recognise(texts: Iterable[str], *, with_relay: bool = False) -> str | None:
    """The cause that texts of servers name, the most telling first; None when they name none."""
    said = "\n".join(texts)
    known = (*SAID_WITH_RELAY, *SAID) if with_relay else SAID
    return next((cause_id for pattern, cause_id in known if re.search(pattern, said, re.I)), None)
