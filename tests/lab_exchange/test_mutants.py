"""Each way of making the organisation wrong changes what a client sees, in that one point."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.lab_exchange.conftest import World
from tests.lab_exchange.test_sessions import EXTERNALLY_SECURED, make

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
