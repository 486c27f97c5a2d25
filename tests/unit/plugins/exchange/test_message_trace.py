"""What is asked of the servers, and when a trace has come to its end."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.exchange.message_trace import Search, angled, unfinished
from ansible_collections.sharepoint.mail.plugins.plugin_utils.moments import parse_moment

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
UNTIL = frozenset({"DELIVER", "FAIL"})


def search(**more: Any) -> Search:
    return Search(servers=("EX01",), start=START, end=None, **more)


def event(message_id: str, event_id: str, *recipients: str) -> dict[str, Any]:
    return {"message_id": message_id, "event_id": event_id, "recipients": list(recipients)}


def test_moments_are_sent_as_moments_and_ids_in_brackets() -> None:
    described, known = search(subject="token", message_ids=("<a@b>",), sender="x@y").first("EX01")
    assert described.commands[0].parameters == {
        "Server": "EX01",
        "Start": START,
        "MessageSubject": "token",
        "Sender": "x@y",
        "ResultSize": "Unlimited",
    }
    assert known.commands[0].parameters["MessageId"] == angled("a@b") == angled("<a@b>") == "<a@b>"


@pytest.mark.parametrize(
    ("events", "wanted", "missing"),
    [
        ([], {"subject": "token"}, ["a message with 'token' in its subject"]),
        ([], {"message_ids": ("<1>",)}, ["<1>"]),
        ([event("<1>", "RECEIVE", "a@x")], {"subject": "token"}, ["<1>"]),
        ([event("<1>", "RECEIVE", "a@x"), event("<1>", "DELIVER", "a@x")], {"subject": "token"}, []),
        ([event("<1>", "DELIVER", "a@x")], {"subject": "token", "recipients": ("A@x", "b@x")}, ["<1> to b@x"]),
        ([event("<1>", "DELIVER", "a@x"), event("<2>", "fail", "b@x")], {"subject": "token", "recipients": ("a@x", "b@x")}, []),
        ([], {"recipients": ("a@x",)}, ["a message to a@x"]),
    ],
)
def test_what_is_missing(events: list[dict[str, Any]], wanted: dict[str, Any], missing: list[str]) -> None:
    assert unfinished(events, search(**wanted), UNTIL) == missing


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-01T01:00:00.1234567+01:00", START.replace(microsecond=123456)),
        ("2026-01-01T00:00:00Z", START),
        ("2026-01-01T00:00:00", START),
        ("2026-01-01", START),
        ("yesterday", None),
        (None, None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_moments(text: str | None, moment: datetime.datetime | None) -> None:
    assert parse_moment(text) == moment
