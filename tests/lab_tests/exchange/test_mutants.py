"""Each way of making the organisation wrong changes what a client sees, in that one point."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.lab_tests.exchange.conftest import World
from tests.lab_tests.exchange.test_sessions import EXTERNALLY_SECURED, make

Mutant = Callable[[str], AbstractContextManager[World]]


def test_auth_never_offered(mutant: Mutant) -> None:
    with mutant("auth-never-offered") as world, world.connect("sp01") as client:
        assert not client.has_extn("auth") and client.has_extn("x-exps")


def test_dropped_after_250(mutant: Mutant) -> None:
    with mutant("dropped-after-250") as world:
        assert world.send("sp01", "a@corp.example", ["alice@corp.example"], "gone") == {}
        assert [event["EventId"] for event in world.events("gone", until="RECEIVE")] == ["RECEIVE"]
        assert world.inbox_is_empty("alice@corp.example")


def test_ranges_ignored(mutant: Mutant) -> None:
    with mutant("ranges-ignored") as world:
        make(world, "Secured", EXTERNALLY_SECURED, [world.network.addresses["sp01"]])
        with world.connect("stranger") as client:
            assert not client.has_extn("auth")
            client.mail("a@corp.example")
            assert client.rcpt("partner@outside.example")[0] == 250


def test_relay_for_anyone(mutant: Mutant) -> None:
    with mutant("relay-for-anyone") as world, world.connect("stranger") as client:
        client.mail("a@corp.example")
        assert client.rcpt("partner@outside.example")[0] == 250


def test_group_check_off(mutant: Mutant) -> None:
    with mutant("group-check-off") as world:
        world.send("stranger", "a@outside.example", ["everyone@corp.example"], "let in")
        assert world.mail("bob@corp.example", "let in")
    with mutant("group-check-off") as world:
        world.send("stranger", "sharepoint@corp.example", ["board@corp.example"], "still refused")
        assert "FAIL" in {event["EventId"] for event in world.events("still refused", until="DSN")}


def test_permitted_senders_ignored(mutant: Mutant) -> None:
    with mutant("permitted-senders-ignored") as world:
        world.send("stranger", "a@outside.example", ["board@corp.example"], "let in")
        assert world.mail("bob@corp.example", "let in")


def test_ndr_not_sent(mutant: Mutant) -> None:
    with mutant("ndr-not-sent") as world:
        world.send("sp01", "alice@corp.example", ["everyone@corp.example"], "into the void")
        assert [event["EventId"] for event in world.events("into the void", until="FAIL")] == ["RECEIVE", "FAIL"]
        world.send("sp01", "a@corp.example", ["alice@corp.example"], "later")
        assert world.mail("alice@corp.example", "later")
        with world.inbox("alice@corp.example") as client:
            assert client.uid("SEARCH", "SUBJECT", '"Undeliverable"')[1] in ([b""], [None])


def test_tracking_silent(mutant: Mutant) -> None:
    with mutant("tracking-silent") as world:
        world.send("sp01", "a@corp.example", ["alice@corp.example"], "unseen")
        assert world.mail("alice@corp.example", "unseen")
        for log in world.exchange.state.tracking.values():
            log.index_lag = 0
        assert [world.run("Get-MessageTrackingLog", Server=server).outputs for server in ("EX01", "EX02")] == [[], []]


def test_tls_not_required(mutant: Mutant) -> None:
    with mutant("tls-not-required") as world:
        make(world, "Secured", {**EXTERNALLY_SECURED, "RequireTLS": True}, [world.network.addresses["sp01"]])
        assert world.send("sp01", "a@corp.example", ["alice@corp.example"], "in the clear") == {}
