# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of each scenario, from evidence alone."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.evidence import Evidence, Outcome, inferred, observed
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.facts import Situation
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.material import Facts, Material, Test, client_address
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.predict import Cell

# ULS says why SharePoint's client gave up: the server's reply stands in the line (texts of real servers, "SMTP replies").
_REFUSED = re.compile(r"5\.7\.54|5\.7\.57|5\.7\.60|during MAIL FROM|unable to relay|permissions to send as|5\.1\.\d+|user unknown", re.I)
_STOPPED = re.compile(r"5\.7\.1\b|not authenticated", re.I)


@dataclasses.dataclass(frozen=True)
class Observation:
    """``possible`` holds outcomes that this evidence cannot tell from ``outcome``, ``why`` the reason that it cannot."""

    outcome: Outcome
    evidence: tuple[Evidence, ...] = ()
    possible: frozenset[Outcome] = frozenset()
    why: str = ""
    seconds: float | None = None
    probes: tuple[Facts, ...] = ()

    def settled(self, predicted: Outcome) -> Observation:
        """Where the evidence cannot tell the predicted outcome from another, it is taken, and said to be inferred."""
        if predicted == self.outcome or predicted not in self.possible:
            return self
        return dataclasses.replace(self, outcome=predicted, evidence=(*self.evidence, inferred("outcome", predicted, self.why)))


NOT_RUN = Observation("not_run")


def observe(cell: Cell, situation: Situation, material: Material) -> Observation:
    """The observation of one cell."""
    if cell.process == "probe":
        return _observe_probes(cell, situation, material)
    test = test_of(cell, situation, material)
    if test is None:
        return NOT_RUN
    return _observe_mail(cell, situation, material, test)


def test_of(cell: Cell, situation: Situation, material: Material) -> Test | None:
    """The last test message that this cell's server sent to this cell's recipient."""
    server = next(host for host in situation.farm.servers if host.name == cell.server)
    for test in reversed(material.tests):
        if test.process == cell.process and test.reaches(cell.recipient) and server.known_as(material.runner(test, situation)):
            return test
    return None


def tried_elsewhere(cell: Cell, situation: Situation, material: Material) -> bool:
    """Whether another server sent this cell's message: one run of the timer job is on one server only."""
    if cell.process == "probe":
        return False
    runners = [material.runner(test, situation) for test in material.tests if test.process == cell.process and test.reaches(cell.recipient)]
    known = any(host.known_as(runner) for runner in runners for host in situation.farm.servers)
    return known and test_of(cell, situation, material) is None


def _observe_mail(cell: Cell, situation: Situation, material: Material, test: Test) -> Observation:
    if not test.token:
        return Observation("not_run", (observed("test message", f"could not be sent: {test.error}", "test_message"),))
    message, trace = material.message(test, cell.recipient), material.trace(test, cell.recipient)
    lines = [line for line in test.log or () if _about(line, cell.recipient, test)]
    evidence = [
        observed("test message", f"{test.subject or test.token}, {test.time}", f"test_message ({test.process} on {cell.server})"),
        *_job_evidence(test),
        *(
            observed(f"SharePoint log, {_process(line, test)}", line.get("message", ""), f"ULS of {line.get('server', cell.server)}")
            for line in lines
        ),
        *_auth_evidence(situation, material),
        *_trace_evidence(material, trace),
        *_connector_evidence(cell, situation, trace),
        *_mailbox_evidence(message, cell.recipient),
    ]
    if test.error:
        evidence.append(observed("answer of SharePoint", test.error, "test_message"))
    outcome, possible, why = _mail_outcome(
        message, trace, material.events is not None, [*(str(x.get("message", "")) for x in lines), test.error]
    )
    seconds = message.get("seconds") if message and message.get("found") else None
    return Observation(outcome, tuple(evidence), possible, why, seconds)


def _mail_outcome(
    message: Facts | None, trace: Iterable[Facts], traced: bool, said: Iterable[str]
) -> tuple[Outcome, frozenset[Outcome], str]:
    """The outcome, what it cannot be told from, and why."""
    nothing: frozenset[Outcome] = frozenset()
    ids = {str(event.get("event_id") or "").upper() for event in trace}
    if message and message.get("found"):
        return "delivered", nothing, ""
    if "FAIL" in ids:
        return "bounced", nothing, ""
    if ids:
        # Nobody looked into the mailbox: Exchange's own word that it is there counts.
        return ("delivered" if message is None and "DELIVER" in ids else "accepted_not_delivered"), nothing, ""
    text = "\n".join(said)
    if _REFUSED.search(text):
        return "refused", nothing, ""
    if _STOPPED.search(text):
        return "not_sent", frozenset({"refused"}), "SharePoint's log gives the reply, not the command that it answers"
    if traced:
        return (
            "not_sent",
            frozenset({"refused"}),
            "no tracking event, and no line in SharePoint's log that tells a refusal from a mail not sent",
        )
    return "not_sent", frozenset({"refused", "accepted_not_delivered", "bounced"}), "not in the mailbox, and message tracking was not read"


def _about(line: Facts, recipient: str, test: Test) -> bool:
    """ULS lines name the recipients of a mail; one that names only others is about another mail of the same test."""
    text = str(line.get("message", "")).casefold()
    return recipient.casefold() in text or not any(other in text for other in test.recipients)


def _process(line: Facts, test: Test) -> str:
    return str(line.get("process") or test.process)


def _job_evidence(test: Test) -> list[Evidence]:
    if test.process != "owstimer":
        return []
    if not test.job:
        return [observed("timer job", "no entry in its history", "job-immediate-alerts")]
    job = test.job
    value = f"{job.get('status')} on {job.get('server')}, {job.get('started')} to {job.get('ended')}"
    error = f"; {job['error']}" if job.get("error") else ""
    return [observed("timer job", value + error, "history of job-immediate-alerts")]


def _auth_evidence(situation: Situation, material: Material) -> list[Evidence]:
    """What the controller was offered where the farm's mail goes: another vantage point than the farm's, and so only a hint."""
    targets = situation.mail_targets()
    for probe in material.probes:
        if probe.get("outcome") == "not_connected" or probe.get("port") != situation.farm.port:
            continue
        if any(target.known_as(str(probe.get("server") or probe.get("host", ""))) for target in targets):
            return [auth_offered(probe)]
    return []


def auth_offered(probe: Facts) -> Evidence:
    before = " ".join(probe.get("auth_before_tls") or ()) or "none"
    after = probe.get("auth_after_tls")
    value = before if after is None else f"{before}; after STARTTLS {' '.join(after) or 'none'}"
    return observed("AUTH offered to the controller", value, f"smtp_probe from {probe.get('client_address') or 'the controller'}")


def _trace_evidence(material: Material, trace: tuple[Facts, ...]) -> list[Evidence]:
    if material.events is None:
        return []
    if not trace:
        return [observed("message tracking", "no event of this message", "exchange_message_trace")]
    found = []
    for event in trace:
        parts = {
            "connector": event.get("connector_id"),
            "client": client_address(event),
            "status": event.get("recipient_status"),
            "at": event.get("timestamp"),
        }
        value = ", ".join(f"{name} {_text(part)}" for name, part in parts.items() if part)
        found.append(
            observed(f"tracking: {event.get('event_id')} ({event.get('source')})", value, f"message tracking of {event.get('server')}")
        )
    return found


def _connector_evidence(cell: Cell, situation: Situation, trace: tuple[Facts, ...]) -> list[Evidence]:
    """Tracking names the hub's connector; the one that took SharePoint's connection follows from the client's address and the rules."""
    clients = {client_address(event) for event in trace if event.get("event_id") == "RECEIVE"} - {""}
    if not clients:
        return []
    client = ", ".join(sorted(clients))
    if any(host.known_as(cell.server) and clients & set(host.addresses) for host in situation.farm.servers):
        by = f"the rules, and client address {client} in message tracking, which is {cell.server}'s"
        return [inferred("connector used", reason.value, by) for reason in cell.prediction.reasons if reason.fact == "receive connector"]
    value = f"not certain: Exchange saw {client}, which is no address of {cell.server} (a balancer, or another server that sent)"
    return [inferred("connector used", value, "client address in message tracking")]


def _mailbox_evidence(message: Facts | None, recipient: str) -> list[Evidence]:
    by = f"IMAP, mailbox {recipient}"
    if message is None:
        return [observed("mailbox", "not looked into", by)]
    if not message.get("found"):
        return [observed("mailbox", "not there when the time was up", by)]
    found = [observed("mailbox", f"there {message.get('seconds')} s after it was sent", by)]
    for name, label in (("auth_as", "AuthAs"), ("auth_mechanism", "AuthMechanism"), ("auth_source", "AuthSource")):
        if message.get(name):
            found.append(observed(f"X-MS-Exchange-Organization-{label}", message[name], by))
    if message.get("auth_as"):
        internal = str(message["auth_as"]).casefold() == "internal"
        found.append(inferred("counts as authenticated", "yes" if internal else "no", "X-MS-Exchange-Organization-AuthAs"))
    for hop in message.get("received") or ():
        delay = "" if hop.get("seconds") is None else f", {hop['seconds']} s"
        found.append(observed("hop", f"{hop.get('from') or '?'} to {hop.get('by') or '?'}{delay}", f"Received header, {by}"))
    return found


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _observe_probes(cell: Cell, situation: Situation, material: Material) -> Observation:
    host = situation.exchange_server(cell.server)
    tried = tuple(
        probe
        for probe in material.probes
        if probe.get("scenario") == cell.id and host is not None and host.known_as(str(probe.get("server") or probe.get("host", "")))
    )
    if not tried or cell.prediction.decisive == "no_connector":  # there is nothing of which the probe could be one
        return NOT_RUN
    evidence: list[Evidence] = []
    for probe in tried:
        by = f"smtp_probe from {probe.get('client_address') or 'the controller'}"
        where = f"{probe.get('host')}:{probe.get('port')}"
        evidence.append(observed("probe", f"{where}, {probe.get('mail_from')} to {probe.get('rcpt_to')}: {probe.get('outcome')}", by))
        if probe.get("reply"):
            evidence.append(observed(f"reply to {str(probe.get('stage') or 'the session').upper()}", probe["reply"], by))
        if probe.get("outcome") != "not_connected":
            evidence.append(auth_offered(probe))
    outcomes = [_probe_outcome(probe) for probe in tried]
    # One open door is enough to be open.
    outcome = min(outcomes, key=("accepted_not_delivered", "refused", "not_run").index)
    if outcome != "accepted_not_delivered":
        return Observation(outcome, tuple(evidence), probes=tried)
    arrived = [m for m in material.messages if m.get("found") and m.get("token") and m["token"] in [probe.get("token") for probe in tried]]
    if arrived:
        evidence += _mailbox_evidence(arrived[0], str(arrived[0].get("mailbox")))
        return Observation("delivered", tuple(evidence), seconds=arrived[0].get("seconds"), probes=tried)
    sent = any(probe.get("sent") for probe in tried)
    possible: frozenset[Outcome] = frozenset() if sent else frozenset({"delivered"})
    return Observation(outcome, tuple(evidence), possible, "the server accepted the recipient, and the probe sent nothing", probes=tried)


def _probe_outcome(probe: Mapping[str, Any]) -> Outcome:
    """A temporary failure in the transaction (4yz) says nothing about rights: as good as not tried."""
    outcome, stage, reply = probe.get("outcome"), probe.get("stage"), str(probe.get("reply") or "")
    if outcome == "accepted":
        return "accepted_not_delivered"
    if outcome == "refused" and not (stage in ("mail", "rcpt", "data") and reply.startswith("4")):
        return "refused"
    return "not_run"
