# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A relay goes by what it read when it started. A restart that was cut off is seen on the server by the next run, and made."""

from __future__ import annotations

import smtplib
from typing import Any

import pytest

from tests.integration.conftest import Lab
from tests.integration.iis_relay import by_hand, client, dial, info, run, set_by_hand, stranger, windows, writes
from tests.integration.test_iis_role import restored, role

OLD_PORT, NEW_PORT = 1025, 1026
NOTE = "New-ItemProperty"
STORE = "Set-CimInstance"
RESTART = "Restart-Service"
FORGET = "Remove-ItemProperty"


@pytest.fixture(scope="module")
def lab(relay_lab: Lab) -> Lab:
    """A rule of the administrator's own lets everybody reach both ports; without it the firewall would close the old one at once."""
    ports = {"LocalPort": [str(OLD_PORT), str(NEW_PORT)], "Protocol": "TCP", "Direction": "Inbound", "Action": "Allow"}
    by_hand(relay_lab, ("New-NetFirewallRule", {"Name": "both", "DisplayName": "Both ports", **ports}))
    return relay_lab


def wide(lab: Lab) -> dict[str, Any]:
    both = [client(lab), stranger(lab)]
    return {"bindings": [{"port": OLD_PORT}], "relay_addresses": both, "firewall_addresses": both}


def narrow(lab: Lab) -> dict[str, Any]:
    return {**wide(lab), "bindings": [{"port": NEW_PORT}], "relay_addresses": [client(lab)]}


def doors(lab: Lab) -> dict[int, list[int | None]]:
    """What the client and the stranger are told at RCPT TO, at either port; None where nobody listens."""
    return {port: [_answer(lab, source, port) for source in (client(lab), stranger(lab))] for port in (OLD_PORT, NEW_PORT)}


def _answer(lab: Lab, source: str, port: int) -> int | None:
    try:
        return dial(lab, source, port=port)[1]
    except (OSError, smtplib.SMTPException):
        return None


SERVES_WIDE = {OLD_PORT: [250, 250], NEW_PORT: [None, None]}
SERVES_NARROW = {OLD_PORT: [None, None], NEW_PORT: [250, 550]}


def written(lab: Lab, known: int) -> list[str]:
    return [statements[0][-1]["cmdlet"] for statements in writes(lab)[known:]]


@pytest.fixture
def was_wide(lab: Lab) -> None:
    run(lab, "iis_smtp_relay", wide(lab))
    assert doors(lab) == SERVES_WIDE and windows(lab)["services"]["SMTPSVC"]["values"] == {}


def cut(lab: Lab, cmdlet: str, when: str) -> dict[str, Any]:
    """The change, with the connection cut at one of its messages: ``before`` it is carried out, or ``after``."""
    with lab.fault("lost", host="sp01", about=cmdlet, when=when):
        return run(lab, "iis_smtp_relay", narrow(lab))


def converges(lab: Lab) -> None:
    again = run(lab, "iis_smtp_relay", narrow(lab))
    assert (again["status"], again["relay"]["restart_needed"], again["relay"]["running"]) == ("ok", False, True), again
    assert doors(lab) == SERVES_NARROW
    assert windows(lab)["services"]["SMTPSVC"]["values"] == {}
    before = lab.ask("snapshot")
    assert not run(lab, "iis_smtp_relay", narrow(lab))["changed"] and lab.ask("snapshot") == before


@pytest.mark.usefixtures("was_wide")
def test_a_restart_that_was_lost_is_made_up_for(lab: Lab) -> None:
    broken = cut(lab, RESTART, "before")
    assert (broken["status"], broken["changed"]) == ("failed", True) and "broke during Restart-Service" in broken["msg"], broken
    assert broken["before"]["SmtpSvc/1"]["bindings"] == [{"address": "", "port": OLD_PORT}]
    assert doors(lab) == SERVES_WIDE, "the old port answers, and who was taken off the list may relay"
    found = info(lab)["relay"]
    assert (found["bindings"], found["restart_needed"]) == ([{"address": "", "port": NEW_PORT}], True)

    before = lab.ask("snapshot")
    foreseen = run(lab, "iis_smtp_relay", narrow(lab), "--check", "--diff")
    assert foreseen["changed"] and lab.ask("snapshot") == before
    (entry,) = foreseen["diff"]
    assert {name for name in entry["after"] if entry["before"][name] != entry["after"][name]} == {"restart_needed"}

    known = len(writes(lab))
    again = run(lab, "iis_smtp_relay", narrow(lab))
    assert again["changed"] and again["before"]["SmtpSvc/1"]["restart_needed"]
    assert written(lab, known) == [RESTART, FORGET]
    converges(lab)


@pytest.mark.usefixtures("was_wide")
@pytest.mark.parametrize(
    ("cmdlet", "when"),
    [
        (RESTART, "after"),
        (STORE, "after"),
        *(
            pytest.param(*values, marks=pytest.mark.deep)
            for values in (
                (NOTE, "before"),
                (NOTE, "after"),
                (STORE, "before"),
                ("Set-NetFirewallRule", "after"),
                (FORGET, "before"),
                (FORGET, "after"),
            )
        ),
    ],
)
def test_wherever_the_change_is_cut_the_next_run_ends_it(lab: Lab, cmdlet: str, when: str) -> None:
    broken = cut(lab, cmdlet, when)
    assert broken["status"] == "failed" and cmdlet in broken["msg"].partition("broke during")[2].partition(":")[0], broken
    converges(lab)


@pytest.mark.usefixtures("was_wide")
def test_a_password_that_no_setting_shows_is_not_forgotten(lab: Lab) -> None:
    """Which of the settings waits for the restart does not matter."""
    password = {"update_password": "always", "smart_host_username": "CORP\\svc_relay", "smart_host_password": "Relay-Pa55"}
    with lab.fault("lost", host="sp01", about=RESTART):
        broken = run(lab, "iis_smtp_relay", password)
    assert broken["status"] == "failed" and broken["changed"] and RESTART in broken["msg"], broken
    known = len(writes(lab))
    assert run(lab, "iis_smtp_relay", {})["changed"]
    assert written(lab, known) == [RESTART, FORGET]


@pytest.mark.usefixtures("was_wide")
def test_what_stops_the_service_ends_the_need(lab: Lab) -> None:
    cut(lab, RESTART, "before")
    refused = run(lab, "iis_smtp_relay", {"state": "present", "start_type": "disabled"})
    assert refused["status"] == "failed" and "needs a restart" in refused["msg"] and not refused["changed"], refused
    stopped = run(lab, "iis_smtp_relay", {**narrow(lab), "state": "stopped"})
    assert (stopped["changed"], stopped["relay"]["restart_needed"]) == (True, False)
    assert windows(lab)["services"]["SMTPSVC"]["values"] == {}
    converges(lab)


@pytest.mark.usefixtures("was_wide")
def test_a_stopped_service_has_nothing_to_note(lab: Lab) -> None:
    run(lab, "iis_smtp_relay", {"state": "stopped"})
    known = len(writes(lab))
    assert run(lab, "iis_smtp_relay", {**narrow(lab), "state": "present"})["changed"]
    assert NOTE not in written(lab, known)
    converges(lab)


def test_the_role_puts_back_what_it_could_not_put_to_use(lab: Lab) -> None:
    """The restart is lost in the role's change, and made when the old settings are back."""
    both = [client(lab), stranger(lab)]
    lists = {f"iis_smtp_relay_{name}_addresses": both for name in ("relay", "connect", "firewall")}
    assert role(lab, **lists, iis_smtp_relay_bindings=[{"port": OLD_PORT}]).code == 0
    before = windows(lab)
    change = {**lists, "iis_smtp_relay_relay_addresses": [client(lab)], "iis_smtp_relay_bindings": [{"port": NEW_PORT}]}
    assert doors(lab) == SERVES_WIDE
    with lab.fault("lost", host="sp01", about=RESTART):
        broken = role(lab, **change)
    assert [failure for failure in broken.failures if "broke during Restart-Service" in failure], broken.output
    restored(lab, broken)
    assert doors(lab) == SERVES_WIDE
    assert windows(lab) == before


def test_changes_by_other_tools_are_not_noticed(lab: Lab) -> None:
    """A limit that the documentation states: nothing on the server tells what the service has read."""
    run(lab, "iis_smtp_relay", {"hop_count": 15})
    set_by_hand(lab, HopCount=20)
    assert not run(lab, "iis_smtp_relay", {"hop_count": 20})["changed"]
