"""What is asked of the servers, and when a trace has come to its end."""

from __future__ import annotations

import datetime
from typing import Any, cast

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import BadInput, CommandMissing, RemoteError
from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.moments import parse_moment
from ansible_collections.sharepoint.mail.plugins.plugin_utils.exchange.message_trace import Search, angled, trace, unfinished
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.pipeline import Statement
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.session import Reply, Session

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
UNTIL = frozenset({"DELIVER", "FAIL"})


def search(**more: Any) -> Search:
    return Search(**{"servers": ("EX01",), "start": START, "end": None, **more})


class Logs:
    """Hosts with tracking logs: lists of events by server, or the error that stands in for one. They filter as Exchange does."""

    host = "ex01"

    def __init__(self, **logs: list[dict[str, Any]] | RemoteError) -> None:
        self.logs = logs

    def read_each(self, *statements: Statement) -> list[Reply]:
        return [self._answer(**statement.commands[0].parameters) for statement in statements]

    def _answer(self, Server: str, MessageSubject: str = "", Recipients: Any = (), **more: Any) -> Reply:
        log = self.logs[Server]
        if isinstance(log, RemoteError):
            return Reply(errors=[log])
        equal = {name: more[name] for name in ("MessageId", "EventId") if name in more}
        return Reply(
            [
                entry
                for entry in log
                if all(entry.get(name) == value for name, value in equal.items())
                and MessageSubject in entry.get("MessageSubject", "")
                and (not Recipients or set(Recipients) & set(entry.get("Recipients", [])))
            ]
        )


def line(message_id: str, event_id: str, subject: str = "", *recipients: str, **more: Any) -> dict[str, Any]:
    return {"MessageId": message_id, "EventId": event_id, "MessageSubject": subject, "Recipients": list(recipients), **more}


def found(logs: Logs, **more: Any) -> list[tuple[str, str, str]]:
    events = trace(cast(Session, logs), search(**more)).events
    return sorted((event["server"], event["message_id"], event["event_id"]) for event in events)


def test_a_message_is_followed_where_its_subject_is_not_logged() -> None:
    logs = Logs(EX01=[line("<1>", "RECEIVE", "the token"), line("<2>", "RECEIVE", "other")], EX02=[line("<1>", "DELIVER", "", "a@x")])
    assert found(logs, servers=("EX01", "EX02"), subjects=("token",)) == [("EX01", "<1>", "RECEIVE"), ("EX02", "<1>", "DELIVER")]


def test_a_server_without_subjects_is_asked_by_recipients_and_strangers_are_left_out() -> None:
    logs = Logs(
        EX01=[line("<1>", "RECEIVE", "the token", "a@x"), line("<2>", "RECEIVE", "other", "a@x")],
        EX02=[line("<2>", "DELIVER", "", "a@x"), line("<3>", "RECEIVE", "", "a@x"), line("<4>", "RECEIVE", "", "b@x")],
    )
    wanted = {"servers": ("EX01", "EX02"), "subjects": ("token",), "recipients": ("a@x",), "silent": frozenset({"EX02"})}
    # <2> was found on EX02 only, and following it to EX01 shows that it is somebody else's; <3> may be the one.
    assert found(logs, **wanted) == [("EX01", "<1>", "RECEIVE"), ("EX02", "<3>", "RECEIVE")]
    assert [search(**wanted).searched_by(server) for server in ("EX01", "EX02")] == [["subject", "recipients"], ["recipients"]]


def test_without_anything_to_ask_by_a_silent_server_is_not_asked_for_everything() -> None:
    silent = search(subjects=("token",), silent=frozenset({"EX01"}))
    assert silent.first("EX01") == [] and silent.searched_by("EX01") == []


@pytest.mark.parametrize("reference", ["<1>", "77"])
def test_a_failure_brings_its_notification_along(reference: str) -> None:
    logs = Logs(
        EX01=[line("<1>", "FAIL", "token", "a@x", InternalMessageId="77"), line("<n>", "DSN", "", "s@x", Reference=[reference])],
        EX02=[line("<n>", "DELIVER"), line("<m>", "DSN", "", "s@x", Reference=["<other>"])],
    )
    events = found(logs, servers=("EX01", "EX02"), subjects=("token",))
    assert events == [("EX01", "<1>", "FAIL"), ("EX01", "<n>", "DSN"), ("EX02", "<n>", "DELIVER")]


def test_a_server_that_cannot_be_asked_is_reported_while_others_answer() -> None:
    down = RemoteError("The RPC server is unavailable.", "RpcError", "Get-MessageTrackingLog", "ex01")
    logs = Logs(EX01=[line("<1>", "DELIVER", "token")], EX02=down)
    traced = trace(cast(Session, logs), search(servers=("EX01", "EX02"), subjects=("token",)))
    assert [event["event_id"] for event in traced.events] == ["DELIVER"]
    assert traced.not_asked.keys() == {"EX02"} and "Transport Log Search must run on EX02" in traced.not_asked["EX02"]
    with pytest.raises(RemoteError, match="RPC server"):
        trace(cast(Session, Logs(EX01=down, EX02=down)), search(servers=("EX01", "EX02"), subjects=("token",)))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (CommandMissing("not recognized", "CommandNotFoundException", "Get-MessageTrackingLog", "ex01"), CommandMissing),
        (RemoteError("object 'EX02' couldn't be found on 'dc'", "ManagementObjectNotFoundException"), BadInput),
    ],
)
def test_what_the_user_has_to_mend_is_an_error(error: RemoteError, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        trace(cast(Session, Logs(EX01=[], EX02=error)), search(servers=("EX01", "EX02"), subjects=("token",)))


def event(message_id: str, event_id: str, *recipients: str, subject: str = "") -> dict[str, Any]:
    return {"message_id": message_id, "event_id": event_id, "recipients": list(recipients), "subject": subject}


def test_moments_are_sent_as_moments_and_ids_in_brackets() -> None:
    described, known = search(subjects=("token",), message_ids=("<a@b>",), sender="x@y").first("EX01")
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
        ([], {"subjects": ("token",)}, ["a message with 'token' in its subject"]),
        ([], {"message_ids": ("<1>",)}, ["<1>"]),
        ([event("<1>", "RECEIVE", "a@x")], {"subjects": ("token",)}, ["<1>"]),
        ([event("<1>", "RECEIVE", "a@x"), event("<1>", "DELIVER", "a@x")], {"subjects": ("token",)}, []),
        ([event("<1>", "DELIVER", "a@x")], {"subjects": ("token",), "recipients": ("A@x", "b@x")}, ["<1> to b@x"]),
        ([event("<1>", "DELIVER", "a@x"), event("<2>", "fail", "b@x")], {"subjects": ("token",), "recipients": ("a@x", "b@x")}, []),
        ([], {"recipients": ("a@x",)}, ["a message to a@x"]),
        ([], {}, ["a message"]),
        ([event("<1>", "DELIVER", subject="My One")], {"subjects": ("one", "two")}, ["a message with 'two' in its subject"]),
        ([event("<1>", "DELIVER"), event("<2>", "DELIVER")], {"subjects": ("one", "two")}, []),
        ([event("<1>", "FAIL", subject="one"), event("<n>", "DSN", subject="Undeliverable: one")], {"subjects": ("one",)}, []),
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
