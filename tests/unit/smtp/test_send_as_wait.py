# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When another try as a mailbox makes sense, and when it does not."""

from __future__ import annotations

from typing import cast

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import MailError
from ansible_collections.sharepoint.mail.plugins.plugin_utils.smtp.probe import Probe, ProbeOutcome, ProbeResult, Stage
from ansible_collections.sharepoint.mail.plugins.plugin_utils.smtp.send_as_wait import Tried, message, wait_until_allowed

NOT_YET = "550 5.7.60 SMTP; Client does not have permissions to send as this sender"


def result(outcome: ProbeOutcome, stage: Stage = "data", reply: str = "", auth_error: str = "") -> ProbeResult:
    return ProbeResult(outcome=outcome, stage=stage, reply=reply, auth_error=auth_error)


TAKEN = result("accepted", "done", "250 2.6.0 Queued")
REFUSED = result("refused", reply=NOT_YET)


class Door:
    """Gives these answers, one to each message."""

    host, port = "ex01.corp.example", 587

    def __init__(self, *answers: ProbeResult) -> None:
        self.answers = iter(answers)

    def run(self, _envelope: object) -> ProbeResult:
        return next(self.answers)


def waited(*answers: ProbeResult, senders: int = 1, timeout: float = 20, told: list[str] | None = None) -> list[Tried]:
    envelopes = [message("CORP\\svc_relay", f"user{number}@corp.example", "test@corp.example") for number in range(senders)]
    said = [] if told is None else told
    return wait_until_allowed(cast(Probe, Door(*answers)), envelopes, timeout=timeout, interval=0.001, progress=said.append)


@pytest.mark.parametrize(
    "passing",
    [
        REFUSED,
        result("refused", reply="550 5.7.1 Client does not have permissions to send as this sender"),
        result("refused", "mail", "421 4.4.2 Message submission rate for this client has exceeded the configured limit"),
    ],
)
def test_what_may_pass_is_tried_again(passing: ProbeResult) -> None:
    (one,) = waited(passing, passing, TAKEN)
    assert (one.attempts, one.reply) == (3, TAKEN.reply) and one.seconds is not None


def test_a_server_that_was_there_may_come_back() -> None:
    (one,) = waited(REFUSED, result("not_connected", "connect"), TAKEN)
    assert one.attempts == 3


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (result("not_connected", "connect"), "could not be tried"),
        (result("not_connected", "auth", auth_error="not encrypted"), "not encrypted"),
        (result("refused", "auth", "535 5.7.3 Authentication unsuccessful"), "refused at AUTH: 535"),
        (result("refused", "auth", "454 4.7.0 Temporary authentication failure"), "refused at AUTH: 454"),
        (result("refused", "rcpt", "550 5.1.10 RESOLVER.ADR.RecipientNotFound"), "refused at RCPT: 550"),
    ],
)
def test_what_does_not_pass_ends_the_waiting(answer: ProbeResult, words: str) -> None:
    with pytest.raises(MailError, match=words):
        waited(answer)


def test_only_those_still_refused_are_tried_again_and_named() -> None:
    told: list[str] = []
    first, second = waited(REFUSED, TAKEN, TAKEN, senders=2, told=told)
    assert (first.attempts, second.attempts) == (2, 1)
    assert len(told) == 1 and "user0@" in told[0] and "user1@" not in told[0]


def test_the_end_of_the_time_is_no_error_here() -> None:
    assert [one.facts()["works"] for one in waited(REFUSED, TAKEN, senders=2, timeout=0)] == [False, True]


def test_a_message_says_what_it_is_for() -> None:
    envelope = message("CORP\\svc_relay", "alice@corp.example", "test@corp.example")
    assert envelope.subject == "Test of Send As: CORP\\svc_relay as alice@corp.example"
    assert b"test of Send As" in envelope.message() and b"Nobody needs to answer" in envelope.message()
