"""Each state of the lab, seen by the mail that goes through it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.lab.states import STATES
from tests.lab_tests.states.conftest import Lab

LabIn = Callable[..., Lab]
ALL = {"alice", "partner", "everyone", "board"}
GROUP, BOARD = "550 5.7.133", "550 5.7.1 RESOLVER.RST.NotAuthorized"

# State; whose immediate alerts arrive; whether a notification from sp01 arrives; what Exchange tracks as failed; what OWSTIMER's
# server logs.
EXPECTED = [
    ("unpatched", set(), True, {}, "5.7.1 Client was not authenticated"),
    ("patched", {"alice"}, True, {"everyone": GROUP, "board": BOARD}, "5.7.54 SMTP; Unable to relay recipient"),
    ("anonymous-port", {"alice", "partner"}, True, {"everyone": GROUP, "board": BOARD}, ""),
    ("anonymous-no-relay", {"alice"}, True, {"everyone": GROUP, "board": BOARD}, "5.7.54 SMTP; Unable to relay recipient"),
    ("externally-secured", ALL, True, {}, ""),
    ("envelope-overridden", ALL, True, {}, ""),
    ("load-balancer", set(), True, {}, "5.7.1 Client was not authenticated"),
    ("overlapping-connectors", set(), True, {}, "5.7.1 Client was not authenticated"),
    ("tls-name-mismatch", set(), False, {}, "The remote certificate is invalid"),
    ("tls-required", set(), False, {}, "5.7.3 Must issue a STARTTLS command first"),
    ("transport-inactive", set(), False, {}, "4.3.2 Service not active"),
    ("timer-job-disabled", set(), True, {}, ""),
    ("second-server-unlisted", set(), True, {}, "5.7.1 Client was not authenticated"),
    ("rejected-later", ALL - {"partner"}, True, {"partner": "550 5.7.1 <partner@outside.example>: Recipient address rejected"}, ""),
    ("permitted-sender-missing", ALL - {"board"}, True, {"board": BOARD}, ""),
    ("subject-logging-off", ALL, True, {}, ""),
    ("iis-relay", ALL, True, {}, ""),
    ("iis-relay-no-grants", ALL, True, {}, ""),
    ("iis-relay-open", ALL, True, {}, ""),
]


@pytest.mark.parametrize(("state", "alerted", "notified", "failed", "logged"), EXPECTED, ids=[row[0] for row in EXPECTED])
def test_what_mail_does(lab_in: LabIn, state: str, alerted: set[str], notified: bool, failed: dict[str, str], logged: str) -> None:
    lab = lab_in(state)
    lab.notify()
    lab.alert()
    assert lab.delivered("news") == alerted
    assert bool(lab.received("alice@corp.example", "notification")) == notified
    failures = lab.failures()
    assert failures.keys() == failed.keys()
    assert all(failures[address].startswith(status) for address, status in failed.items())
    errors = [line for line in lab.log(lab.world.farm.timer.server).splitlines() if "Failed attempt" in line and "news" in line]
    assert bool(errors) == bool(logged) and all(logged in line for line in errors)


def test_every_state_is_tested() -> None:
    assert {row[0] for row in EXPECTED} | {"no-outgoing-email"} == set(STATES)


def test_without_outgoing_email_sharepoint_says_so(lab_in: LabIn) -> None:
    lab = lab_in("no-outgoing-email")
    with lab.browser("sp01", "alice") as browser:
        answer = browser.send_email("alice@corp.example", subject="notification")
    assert answer.status == 500
    lab.alert()
    assert lab.delivered("news") == set()


def test_the_other_server_is_not_a_printer(lab_in: LabIn) -> None:
    lab = lab_in("overlapping-connectors", timer_server="sp02")
    lab.alert()
    assert lab.delivered("news") == ALL


def test_the_listed_server_is_well(lab_in: LabIn) -> None:
    lab = lab_in("second-server-unlisted")
    lab.world.farm.timer.server = "sp01"
    lab.alert()
    assert lab.delivered("news") == ALL


def test_exchange_sees_the_load_balancer(lab_in: LabIn) -> None:
    lab = lab_in("load-balancer")
    lab.notify()
    lab.settle()
    (message,) = lab.received("alice@corp.example", "notification")
    assert f"({lab.world.network.addresses['mail']})" in str(message.headers.get_all("Received"))
    assert message.headers["X-MS-Exchange-Organization-AuthAs"] == "Anonymous"


@pytest.mark.parametrize(
    ("state", "sender"), [("externally-secured", "alice@corp.example"), ("envelope-overridden", "sharepoint@corp.example")]
)
def test_whose_an_invitation_is(lab_in: LabIn, state: str, sender: str) -> None:
    lab = lab_in(state)
    with lab.browser("sp01", "alice") as browser:
        browser.add_file("offer.txt")
        assert browser.share("https://portal.corp.example:8443/Shared%20Documents/offer.txt", "bob").status == 200
    lab.settle()
    (invitation,) = lab.received("bob@corp.example", "offer.txt")
    assert sender in invitation.headers["From"] and sender in invitation.headers["Return-Path"]


@pytest.mark.parametrize(("state", "arrives"), [("iis-relay", True), ("iis-relay-no-grants", False)])
def test_invitations_through_the_relay_need_send_as(lab_in: LabIn, state: str, arrives: bool) -> None:
    lab = lab_in(state)
    with lab.browser("sp02", "alice") as browser:
        browser.add_file("offer.txt")
        assert browser.share("https://portal.corp.example:8443/Shared%20Documents/offer.txt", "bob").status == 200
    lab.settle()
    assert bool(lab.received("bob@corp.example", "offer.txt")) == arrives


def test_a_disabled_job_has_not_run(lab_in: LabIn) -> None:
    lab = lab_in("timer-job-disabled")
    lab.alert()
    assert {job.application.name for job in lab.world.farm.jobs if job.disabled} == {"portal"}
    assert not any(job.history for job in lab.world.farm.jobs)


def test_mutant_override_ignored(lab_in: LabIn) -> None:
    lab = lab_in("envelope-overridden", mutants=frozenset({"override-ignored"}))
    with lab.browser("sp01", "alice") as browser:
        browser.add_file("offer.txt")
        browser.share("https://portal.corp.example:8443/Shared%20Documents/offer.txt", "bob")
    lab.settle()
    (invitation,) = lab.received("bob@corp.example", "offer.txt")
    assert "alice@corp.example" in invitation.headers["From"]
