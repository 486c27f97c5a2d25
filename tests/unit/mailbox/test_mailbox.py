# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting in several mailboxes, played by a mailbox that is a list: who is waited for, how long, and what counts as found."""

from __future__ import annotations

import dataclasses
import functools
import threading
from collections.abc import Iterator, Sequence, Set
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from imap_tools import MailMessage

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import AddressError, MailboxError
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mailbox.reader import Arrived
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mailbox.watch import Mailbox, Wanted, await_messages

ALICE, BOB, GROUP = "alice@corp.example", "bob@corp.example", "everyone@corp.example"
REPORT = """\
From: postmaster@corp.example\r
To: {sender}\r
Subject: Undeliverable: {token}\r
Content-Type: multipart/report; report-type=delivery-status; boundary=b\r
\r
--b\r
\r
It was not delivered.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns;ex01.corp.example\r
\r
Final-Recipient: rfc822;{recipient}\r
Action: {action}\r
Status: 5.7.133\r
Diagnostic-Code: smtp;550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup\r
--b--\r
"""


def _mail(token: str, to: str) -> bytes:
    return (
        f"From: sharepoint@corp.example\r\nTo: {to}\r\nSubject: Mail test - {token}\r\nX-MS-Exchange-Organization-SCL: -1\r\n\r\nx".encode()
    )


def _report(token: str, recipient: str, action: str = "failed") -> bytes:
    return REPORT.format(token=token, sender=BOB, recipient=recipient, action=action).encode()


class _Reader:
    """A mailbox that holds ``messages``; more come with ``later``, one at each pause."""

    errors = (OSError,)

    def __init__(self, messages: Sequence[bytes], later: Sequence[bytes]) -> None:
        self.held = {str(number): message for number, message in enumerate(messages)}
        self.later = list(later)
        self.removed: list[str] = []
        self.time = datetime(2026, 11, 24, 12, 0, 3, tzinfo=UTC)
        self._changed = threading.Event()

    def has_news(self, tokens: Set[str]) -> bool:
        return True

    def with_subject(self, token: str) -> Iterator[Arrived]:
        for key, raw in self.held.items():
            if key in self.removed:
                continue
            message = MailMessage.from_bytes(raw)
            if token in message.subject:
                yield Arrived(key, message, self.time, functools.partial(self._remove, key))

    def _remove(self, key: str) -> bool:
        self.removed.append(key)
        return True

    reports = with_subject

    def pause(self, seconds: float) -> None:
        if self.later:
            self.held[str(len(self.held))] = self.later.pop(0)
        else:
            self._changed.wait(seconds)

    def close(self) -> None:
        self.closed = True


@dataclasses.dataclass(frozen=True)
class _Mailbox(Mailbox):
    reader: Any = None

    def open(self) -> Any:
        return self.reader


def _mailbox(address: str, *messages: bytes, later: Sequence[bytes] = ()) -> _Mailbox:
    return _Mailbox(address, "ex01.corp.example", address, "secret", reader=_Reader(messages, later))


def _wait(
    *mailboxes: Mailbox, wanted: Sequence[Wanted], timeout: float = 30, remove: bool = False
) -> tuple[list[dict[str, Any]], list[Any]]:
    told: list[Any] = []

    def progress(awaited: int, waiting: Sequence[Wanted], given_up: Sequence[Wanted]) -> None:
        told.append((awaited, [one.id for one in waiting], [one.id for one in given_up]))

    return await_messages(mailboxes, wanted, timeout=timeout, remove=remove, progress=progress), told


def test_progress_says_how_many_and_which() -> None:
    alice, bob = _mailbox(ALICE, later=[_mail("first", ALICE)]), _mailbox(BOB)
    wanted = [Wanted("one", ALICE, "first"), Wanted("two", BOB, "second", timeout=0)]
    found, told = _wait(alice, bob, wanted=wanted)
    assert [one["found"] for one in found] == [True, False]
    assert told[0] == (2, ["one", "two"], []) and told[-1] == (2, [], ["two"])
    assert alice.reader.closed and bob.reader.closed


def test_copies_of_one_message_are_told_apart_by_their_recipient() -> None:
    bob = _mailbox(BOB, _mail("token", BOB), _mail("token", GROUP))
    found, _unused = _wait(bob, wanted=[Wanted("group", BOB, "token", to=GROUP.upper()), Wanted("own", BOB, "token", to=BOB)], remove=True)
    assert [one["to"] for one in found] == [[GROUP], [BOB]]
    assert bob.reader.removed == ["1", "0"]


def test_copies_that_nobody_looks_for_are_removed_too_and_nothing_else() -> None:
    bob = _mailbox(BOB, _mail("token", BOB), _mail("token", GROUP), _mail("other", GROUP))
    (one,), _unused = _wait(bob, wanted=[Wanted("own", BOB, "token", to=BOB)], remove=True)
    assert one["found"]
    assert bob.reader.removed == ["0", "1"]


def test_one_message_is_not_two() -> None:
    found, _unused = _wait(_mailbox(BOB, _mail("token", BOB)), wanted=[Wanted("a", BOB, "token"), Wanted("b", BOB, "token", timeout=0)])
    assert [one["found"] for one in found] == [True, False]


def test_what_the_headers_say() -> None:
    (one,), _unused = _wait(
        _mailbox(ALICE, _mail("token", ALICE)), wanted=[Wanted("a", ALICE, "token", sent=datetime(2026, 11, 24, 12, tzinfo=UTC))]
    )
    assert (one["seconds"], one["scl"], one["from"], one["return_path"], one["ndr"]) == (3.0, "-1", "sharepoint@corp.example", "", None)


def test_a_report_of_failure_ends_the_waiting() -> None:
    alice, bob = _mailbox(ALICE), _mailbox(BOB, later=[_report("token", GROUP)])
    (one,), told = _wait(alice, bob, wanted=[Wanted("group", ALICE, "token", to=GROUP, ndr_in=BOB)], remove=True)
    assert not one["found"]
    assert (one["ndr"]["status"], one["ndr"]["recipient"], one["ndr"]["reporting_mta"]) == ("5.7.133", GROUP, "ex01.corp.example")
    assert one["ndr"]["diagnostic"].startswith("550 5.7.133") and one["ndr"]["removed"]
    assert told[-1] == (1, [], ["group"])


@pytest.mark.parametrize("report", [_report("token", ALICE), _report("other", GROUP), _report("token", GROUP, "delayed")])
def test_a_report_about_something_else_does_not(report: bytes) -> None:
    (one,), _unused = _wait(_mailbox(BOB, report), wanted=[Wanted("group", BOB, "token", to=GROUP, ndr_in=BOB, timeout=0)])
    assert (one["found"], one["ndr"]) == (False, None)


def test_each_message_has_its_own_deadline_counted_from_when_it_was_sent() -> None:
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    found, told = _wait(_mailbox(ALICE), wanted=[Wanted("late", ALICE, "token", sent=long_ago, timeout=60)], timeout=3600)
    assert not found[0]["found"] and told[-1] == (1, [], ["late"])


def test_a_lost_connection_is_named() -> None:
    mailbox = _mailbox(ALICE)

    def lost(_tokens: Set[str]) -> bool:
        raise OSError("gone")

    mailbox.reader.has_news = lost
    with pytest.raises(MailboxError, match=r"Mailbox alice@corp\.example on ex01\.corp\.example:993: the connection was lost .*gone"):
        _wait(mailbox, wanted=[Wanted("a", ALICE, "token")])


@pytest.mark.parametrize(("wanted", "word"), [({"mailbox": BOB}, BOB), ({"ndr_in": BOB}, BOB)])
def test_a_mailbox_nobody_described(wanted: dict[str, Any], word: str) -> None:
    with pytest.raises(MailboxError, match=word):
        _wait(_mailbox(ALICE), wanted=[Wanted(**{"id": "a", "mailbox": ALICE, "token": "token", **wanted})])


def test_tokens_and_hosts_are_checked() -> None:
    with pytest.raises(AddressError):
        Wanted("a", ALICE, 'x" OR ALL')
    with pytest.raises(MailboxError, match="no host"):
        Mailbox(ALICE, None, ALICE, "secret", protocol="ews")


@pytest.mark.parametrize(
    ("changed", "url"),
    [
        ({}, "https://ex01.corp.example/EWS/Exchange.asmx"),
        ({"port": 2443}, "https://ex01.corp.example:2443/EWS/Exchange.asmx"),
        ({"ews_url": "https://mail/ews", "host": None}, "https://mail/ews"),
    ],
)
def test_where_ews_is_looked_for(changed: dict[str, Any], url: str) -> None:
    mailbox = Mailbox(
        **{"address": ALICE, "host": "ex01.corp.example", "username": ALICE, "password": "secret", "protocol": "ews", **changed}
    )
    assert mailbox.url == url and url in str(mailbox) and "secret" not in repr(mailbox)
