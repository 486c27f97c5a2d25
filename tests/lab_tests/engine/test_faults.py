"""Faults on order, as a client meets them: every kind at the door ``winrm``, and which request it strikes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
import requests
from pypsrp.exceptions import WinRMTransportError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool

from tests.lab_tests.engine.conftest import SampleHost
from tests.lab_tests.engine.messages import errors, listening, outputs

QUOTA = (
    "The WS-Management service cannot process the request. This user is allowed a maximum number of 5 concurrent shells, "
    "which has been exceeded. Close existing shells or raise the quota for this user."
)


@pytest.fixture
def pool(sample_host: SampleHost) -> Iterator[RunspacePool]:
    """A session whose end nobody waits for: most of these break it."""
    with sample_host.wsman(read_timeout=5) as wsman:
        opened = RunspacePool(wsman)
        opened.open()
        yield opened


def say(pool: RunspacePool, word: str = "done") -> list[Any]:
    return list(PowerShell(pool).add_cmdlet("Write-Output").add_argument(word).invoke() or [])


def recorded(host: SampleHost, word: str) -> int:
    """How often it was said."""
    return sum(word in str(entry["statements"]) for entry in host.recorded())


@pytest.mark.parametrize(("when", "carried_out"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize(
    ("what", "fields", "expected"),
    [
        ("lost", {}, requests.ConnectionError),
        ("cut", {}, requests.exceptions.ChunkedEncodingError),
        ("html", {}, ElementTree.ParseError),
        ("status", {"status": 502}, WinRMTransportError),
        ("refused", {"code": 5, "text": "Access is denied. "}, WSManFaultError),
        ("session_ends", {}, WSManFaultError),
    ],
)
def test_a_command_that_goes_wrong(
    what: str, fields: dict[str, Any], expected: type[Exception], when: str, carried_out: int, pool: RunspacePool, sample_host: SampleHost
) -> None:
    """The caller sees the same, whether the command was carried out or not."""
    if (what, when) == ("cut", "before"):
        with pytest.raises(ValueError, match="'cut' does not happen 'before'"):
            sample_host.control.ask("faults", [{"what": what}])
        return
    word = f"{what}-{when}"
    with sample_host.control.fault(what, host="windows", about="Write-Output", when=when, **fields), pytest.raises(expected):
        say(pool, word)
    assert recorded(sample_host, word) == carried_out


def test_a_session_that_ended_is_gone(pool: RunspacePool, sample_host: SampleHost) -> None:
    with sample_host.control.fault("session_ends", request="Command"):
        with pytest.raises(WSManFaultError, match="did not return a proper response") as died:
            say(pool)
        assert died.value.code == 1726
        with pytest.raises(WSManFaultError, match="shell was not found"):
            say(pool)


def test_the_nth_that_carries_a_command(pool: RunspacePool, sample_host: SampleHost) -> None:
    """Other commands do not count, nor other requests; what starts with the name is another command."""
    with sample_host.control.fault("lost", about="write-output", nth=2):
        assert say(pool, "first") == ["first"]
        PowerShell(pool).add_cmdlet("Write-Much").add_parameter("Text", "x").invoke()
        with pytest.raises(requests.ConnectionError):
            say(pool, "second")
        assert [(one["met"], one["hits"]) for one in sample_host.control.ask("faults")] == [(2, 1)]


@pytest.mark.parametrize(("when", "carried_out"), [("before", 0), ("after", 1)])
def test_a_command_that_the_client_pipes_into(when: str, carried_out: int, pool: RunspacePool, sample_host: SampleHost) -> None:
    """It is carried out when its input has come, so that is the request that counts."""
    with sample_host.control.fault("lost", about="Write-Output", when=when), pytest.raises(requests.ConnectionError):
        PowerShell(pool).add_cmdlet("Write-Output").add_cmdlet("Select-Object").add_parameter("First", 6400 + carried_out).invoke(
            word for word in ["one"]
        )
    assert recorded(sample_host, str(6400 + carried_out)) == carried_out


def test_the_answers_of_one_command(pool: RunspacePool, sample_host: SampleHost) -> None:
    """A Receive belongs to its pipeline."""
    with sample_host.control.fault("lost", request="Receive", about="Get-Who", when="after"):
        assert say(pool) == ["done"]
        with pytest.raises(requests.ConnectionError):
            PowerShell(pool).add_cmdlet("Get-Who").invoke()


@pytest.mark.parametrize(("when", "words"), [("before", []), ("after", ["one"])])
def test_a_command_that_writes_an_error(when: str, words: list[str], pool: RunspacePool, sample_host: SampleHost) -> None:
    fault = {"text": "No server.", "error_id": "ServerNotFound", "category": "ObjectNotFound", "when": when, "times": 0}
    with sample_host.control.fault("error", about="Write-Output", **fault):
        for _time in range(2):
            with listening() as received:
                say(pool, "one")
            assert outputs(received) == words
            assert errors(received) == [
                {
                    "id": "ServerNotFound,Microsoft.PowerShell.Commands.WriteOutputCommand",
                    "category": "ObjectNotFound",
                    "message": "No server.",
                    "terminating": False,
                }
            ]
    assert say(pool, "again") == ["again"]


def test_a_shell_that_is_refused(sample_host: SampleHost) -> None:
    with (
        sample_host.control.fault("refused", request="Create", code=2150859173, text=QUOTA),
        sample_host.wsman() as wsman,
        pytest.raises(WSManFaultError, match="maximum number of 5 concurrent shells") as refused,
    ):
        RunspacePool(wsman).open()
    assert refused.value.code == 2150859173


def test_late_answers(pool: RunspacePool, sample_host: SampleHost) -> None:
    with sample_host.control.fault("delay", request="Command", seconds=0.3):
        assert say(pool) == ["done"]
    with sample_host.control.fault("delay", request="Command", seconds=30, when="after"), pytest.raises(requests.ReadTimeout):
        say(pool, "late")
    assert recorded(sample_host, "late") == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"what": "gone"}, "'gone' is no fault of the door 'winrm'"),
        ({"what": "html", "door": "smtp"}, "'html' is no fault of the door 'smtp'"),
        ({"what": "lost", "when": "later"}, "does not happen 'later'"),
        ({"what": "error"}, "names a command"),
        ({"what": "lost", "nth": 0}, "'nth' counts from 1"),
        ({"what": "lost", "hots": "ex01"}, "unexpected keyword argument 'hots'"),
        ({}, "missing 1 required positional argument: 'what'"),
    ],
)
def test_what_is_no_fault(fault: dict[str, Any], words: str, sample_host: SampleHost) -> None:
    with pytest.raises(ValueError, match=words):
        sample_host.control.ask("faults", [fault])
    assert sample_host.control.ask("faults") == []


def test_a_fault_that_never_strikes_fails_the_test(pool: RunspacePool, sample_host: SampleHost) -> None:
    with pytest.raises(AssertionError, match="never struck"), sample_host.control.fault("lost", host="other"):
        assert say(pool) == ["done"]
    assert sample_host.control.ask("faults") == []
