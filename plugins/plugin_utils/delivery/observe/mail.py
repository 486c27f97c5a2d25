# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of each scenario that SharePoint's own mail tries, from evidence alone."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence

from ..evidence import Evidence, Outcome, Predicted, inferred, observed
from ..rules.cell import Cell
from ..situation.facts import Situation
from .material import Facts, Material, Test
from .seen import connector_evidence, error_in, job_evidence, log_evidence, mailbox_evidence, probe_evidence, sender_of, trace_evidence

# ULS says why SharePoint's client gave up: the server's reply stands in the line (texts of real servers, "SMTP replies").
_REFUSED = re.compile(
    r"5\.7\.54|5\.7\.57|5\.7\.60|during MAIL FROM|unable to relay|permissions to send as|5\.1\.\d+|user unknown"
    r"|STARTTLS|5\.7\.3\b|4\.3\.2 Service not active",
    re.I,
)
_STOPPED = re.compile(r"5\.7\.1\b|not authenticated", re.I)
TRACKING_SILENT = "Messages arrived that message tracking does not show: the log, or the service that searches it, is not reliable."
SUBJECTS_NOT_LOGGED = (
    "Subjects are not logged (MessageTrackingLogSubjectLoggingEnabled), so a message that did not arrive cannot be identified."
)


@dataclasses.dataclass(frozen=True)
class Observation:
    """``possible`` holds outcomes that this evidence cannot tell from ``outcome``, ``why`` the reason that it cannot.

    ``sender`` is the address that a message which arrived came from; ``notes`` are limits of the evidence, as id and sentence.
    ``not_run`` and ``reason_id`` say why something cannot be tried on this farm.
    """

    outcome: Outcome
    evidence: tuple[Evidence, ...] = ()
    possible: frozenset[Outcome] = frozenset()
    why: str = ""
    seconds: float | None = None
    probes: tuple[Facts, ...] = ()
    sender: str = ""
    notes: tuple[tuple[str, str], ...] = ()
    not_run: str = ""
    reason_id: str = ""
    hops: tuple[Facts, ...] = ()

    def settled(self, predicted: Predicted) -> Observation:
        """Where the evidence cannot tell the predicted outcome from another, it is taken, and said to be inferred."""
        if predicted == self.outcome or predicted == "not_predicted" or predicted not in self.possible:
            return self
        return dataclasses.replace(self, outcome=predicted, evidence=(*self.evidence, inferred("outcome", predicted, self.why)))


NOT_RUN = Observation("not_run")


def observe_mail(cell: Cell, situation: Situation, material: Material) -> Observation:
    """The observation of a cell whose mail SharePoint sends."""
    test = test_of(cell, situation, material)
    if test is None:
        return NOT_RUN
    if not test.token:
        said = test.not_run or f"could not be sent: {test.error}"
        evidence = (observed("test message", said, "test_message"),)
        return Observation("not_run", evidence, not_run=test.not_run, reason_id=test.reason_id)
    return _observe_test(cell, situation, material, test)


def test_of(cell: Cell, situation: Situation, material: Material) -> Test | None:
    """The last test message that this cell's server sent to this cell's recipient. What cannot be tried at all is so on every server."""
    server = situation.farm_server(cell.server)
    for test in reversed(material.tests):
        if test.tries(cell.scenario, cell.recipient):
            runner = material.runner(test, situation)
            if (server is not None and server.known_as(runner)) or (not runner and not test.token):
                return test
    return None


def tried_elsewhere(cell: Cell, situation: Situation, material: Material) -> bool:
    """Whether another server sent this cell's message: one run of the timer job is on one server only."""
    if cell.process == "probe":
        return False
    runners = [material.runner(test, situation) for test in material.tests if test.tries(cell.scenario, cell.recipient)]
    known = any(host.known_as(runner) for runner in runners for host in situation.farm.servers)
    return known and test_of(cell, situation, material) is None


def _observe_test(cell: Cell, situation: Situation, material: Material, test: Test) -> Observation:
    recipient = situation.recipient(cell.recipient)
    group = recipient is not None and recipient.kind.startswith("group_")
    mailbox = recipient.member if recipient is not None and group else cell.recipient
    message = material.message(test.token, cell.recipient, mailbox)
    trace = material.trace(test, cell.recipient, message, group=group)
    lines = tuple(line for line in material.lines(test) if _about(line, cell.recipient, test))
    evidence = [
        observed("test message", f"{test.subject or test.token}, {test.time}", f"test_message ({test.process} on {cell.server})"),
        *job_evidence(test, cell.scenario.job),
        *log_evidence(test, lines, cell.server),
        *probe_evidence(situation, material),
        *trace_evidence(material, trace),
        *connector_evidence(cell, situation, trace),
        *mailbox_evidence(message, mailbox or "of a member, which is not configured"),
    ]
    if test.error:
        evidence.append(observed("answer of SharePoint", test.error, "test_message"))
    said = [*(error_in(str(line.get("message", ""))) for line in lines), test.error]
    outcome, possible, why = _mail_outcome(message, trace, material, said)
    if situation.relay is not None and outcome == "not_sent" and not _says_error(lines, test):
        outcome, possible, why = _left_with_relay(material, test, possible)
    seconds = message.get("seconds") if message and message.get("found") else None
    notes = _notes(material, message, trace)
    hops = tuple((message or {}).get("received") or ())
    return Observation(outcome, tuple(evidence), possible, why, seconds, sender=sender_of(message), notes=notes, hops=hops)


def _notes(material: Material, message: Facts | None, trace: Sequence[Facts]) -> tuple[tuple[str, str], ...]:
    if material.events is None or trace:
        return ()
    if not material.subjects_logged:
        return (("subject_logging_off", SUBJECTS_NOT_LOGGED),)
    silent = bool(message and message.get("found")) or material.tracking_is_silent()
    return (("tracking_silent", TRACKING_SILENT),) if silent else ()


def _mail_outcome(
    message: Facts | None, trace: Iterable[Facts], material: Material, said: Iterable[str]
) -> tuple[Outcome, frozenset[Outcome], str]:
    """The outcome, what it cannot be told from, and why."""
    nothing: frozenset[Outcome] = frozenset()
    ids = {str(event.get("event_id") or "").upper() for event in trace}
    if message and message.get("found"):
        return "delivered", nothing, ""
    if "DSN" in ids or (message and message.get("ndr")):
        return "bounced", nothing, ""
    if ids:
        # Nobody looked into the mailbox: Exchange's own word that it is there counts. A failure that nobody was told of is a loss.
        delivered = message is None and "DELIVER" in ids and "FAIL" not in ids
        return ("delivered" if delivered else "accepted_not_delivered"), nothing, ""
    text = "\n".join(said)
    if _REFUSED.search(text):
        return "refused", nothing, ""
    if _STOPPED.search(text):
        return "not_sent", frozenset({"refused"}), "SharePoint's log shows the reply, not the command that it answers"
    if material.events is None:
        return "not_sent", _ANY_LOSS, "not in the mailbox, and message tracking was not read"
    if not material.subjects_logged:
        return "not_sent", _ANY_LOSS, "not in the mailbox, and message tracking has no subjects to find it by"
    why = "no tracking event, and no line in SharePoint's log that distinguishes a refusal from mail that was not sent"
    return "not_sent", frozenset({"refused"}), why


def _says_error(lines: Iterable[Facts], test: Test) -> bool:
    return bool(test.error) or any("Error: " in str(line.get("message", "")) for line in lines)


def _left_with_relay(material: Material, test: Test, possible: frozenset[Outcome]) -> tuple[Outcome, frozenset[Outcome], str]:
    """SharePoint complains of nothing, Exchange knows of nothing: the relay took the mail. What came back may be no report that arrives."""
    read = test.log is not None or bool(material.server_log)
    more: frozenset[Outcome] = frozenset({"bounced"} if read else {"bounced", "not_sent", "refused"})
    why = "the relay accepted it, and neither Exchange nor a mailbox shows what happened to it"
    if not read:
        why += "; SharePoint's log was not read"
    return "accepted_not_delivered", (possible if not read or material.events is None else frozenset()) | more, why


_ANY_LOSS: frozenset[Outcome] = frozenset({"refused", "accepted_not_delivered", "bounced"})


def _about(line: Facts, recipient: str, test: Test) -> bool:
    """ULS lines name the recipients of a mail; one that names only others is about another mail of the same test."""
    text = str(line.get("message", "")).casefold()
    return recipient.casefold() in text or not any(other in text for other in test.recipients)
