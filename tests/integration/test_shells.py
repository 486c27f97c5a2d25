# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who opens a shell on a host closes it: hosts allow few, and nobody else would close them."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import ROOT, Lab, StartLab
from tests.integration.iis_relay import shell_on_sp01

WINRM = Path(__file__).with_name("winrm.yml")
MOST = 3
"""Shells that the lab's hosts allow a user here."""


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> Lab:
    return start_lab("--max-shells", str(MOST))


def left_open(lab: Lab) -> dict[str, int]:
    return {host: number for host, number in lab.ask("shells").items() if number}


def loop(hosts: str, **task: Any) -> list[dict[str, Any]]:
    """A play whose one task has more items than a host allows shells."""
    items = {"name": "Look", "sharepoint.mail.connection_info": {}, "loop": list(range(2 * MOST)), **task}
    return [{"name": "Look often", "hosts": hosts, "gather_facts": False, "tasks": [items]}]


@pytest.mark.parametrize("inventory", [None, WINRM], ids=["psrp", "winrm"])
def test_a_loop_leaves_no_shell_open(lab: Lab, inventory: Path | None) -> None:
    """The names in the inventory are not the addresses, so Ansible makes a connection for each item."""
    run = lab.playbook(loop("sharepoint"), extra=inventory)
    assert (run.code, len(run.of("connection_info"))) == (0, 4 * MOST), run.output
    assert left_open(lab) == {}


@pytest.mark.parametrize("inventory", [None, WINRM], ids=["psrp", "winrm"])
def test_a_task_that_is_delegated_leaves_no_shell_open(lab: Lab, inventory: Path | None) -> None:
    run = lab.playbook(loop("sp01", delegate_to="{{ ['sp01', 'sp02'][item % 2] }}"), extra=inventory)
    assert (run.code, len(run.of("connection_info"))) == (0, 2 * MOST), run.output
    assert left_open(lab) == {}


def test_the_limit_of_shells_is_told_in_the_hosts_words(lab: Lab) -> None:
    with ExitStack() as stack:
        for _number in range(MOST):
            stack.enter_context(shell_on_sp01(lab))
        (message,) = lab.task("connection_info", {}).failures
    assert f"This user is allowed a maximum number of {MOST} concurrent shells" in message and message.endswith("Nothing was changed.")
    assert left_open(lab) == {}


@pytest.mark.parametrize("inventory", [None, WINRM], ids=["psrp", "winrm"])
@pytest.mark.parametrize("name", ["sp01", "address"])
def test_a_session_that_died_is_not_used_again(lab: Lab, name: str, inventory: Path | None) -> None:
    """Where the name is the address, Ansible keeps one connection for all items."""
    address = f"{lab.subnet}.21"
    play = loop("sp01", delegate_to=name if name == "sp01" else address)
    play.insert(0, {"name": "A name that is the address", "hosts": "localhost", "gather_facts": False, "tasks": [_another_name(address)]})
    with lab.fault("session_ends", host="sp01", request="Command"):
        run = lab.playbook(play, extra=inventory)
    (message,) = run.failures
    assert "broke during" in message
    assert len(run.of("connection_info")) == 2 * MOST
    assert left_open(lab) == {}


def _another_name(address: str) -> dict[str, Any]:
    return {"name": "Add it", "ansible.builtin.add_host": {"name": address, "groups": "sharepoint"}}


def test_a_cut_connection_leaves_no_shell_open(lab: Lab) -> None:
    """The shell is still there: only the way to it was lost."""
    for action in ("Command", "Receive"):
        with lab.fault("lost", host="sp01", request=action, nth=2):
            (message,) = lab.task("connection_info", {}).failures
        assert "broke during" in message
        assert left_open(lab) == {}


@pytest.mark.parametrize("inventory", [None, WINRM], ids=["psrp", "winrm"])
@pytest.mark.parametrize(
    ("what", "when"), [("session_ends", "before"), ("session_ends", "after"), ("lost", "before"), ("lost", "after"), ("html", "before")]
)
def test_what_was_changed_before_a_session_broke_is_read_in_a_new_one(lab: Lab, what: str, when: str, inventory: Path | None) -> None:
    """The second web application's change breaks: whether it was made is seen, and restored."""
    start = lab.ask("snapshot")["sharepoint"]["web_applications"]
    wish = {"server": "ex02.corp.example", "port": 1025, "from_address": "sharepoint@corp.example", "web_applications": ["all"]}

    def play(**options: Any) -> list[dict[str, Any]]:
        return [
            {"name": "Once", "hosts": "sp01", "gather_facts": False, "tasks": [{"sharepoint.mail.outgoing_email": {**wish, **options}}]}
        ]

    with lab.fault(what, host="sp01", about="Set-SPWebApplication", nth=2, when=when):
        (entry,) = lab.playbook(play(), extra=inventory).results
    result, now = entry["result"], lab.ask("snapshot")["sharepoint"]["web_applications"]
    made = {name for name in start if start[name] != now[name]}
    assert entry["status"] == "failed" and len(made) == (2 if when == "after" else 1)
    assert (result["changed"], len(result["before"])) == (True, len(made)), result
    assert "Already changed: " in result["msg"] and "not known" not in result["msg"]
    assert left_open(lab) == {}
    restored = lab.playbook(play(restore=result["before"]), extra=inventory)
    assert restored.code == 0, restored.output
    assert lab.ask("snapshot")["sharepoint"]["web_applications"] == start


def steps(lab: Lab, *names: str) -> dict[str, Any]:
    task = {"name": "Share a connection", "on_one_connection": {"steps": list(names)}}
    run = lab.playbook([{"name": "One connection", "hosts": "sp01", "gather_facts": False, "tasks": [task]}])
    (entry,) = run.results
    assert left_open(lab) == {}
    result: dict[str, Any] = entry["result"]
    return result


def test_a_runspace_that_somebody_else_opened_stays_theirs(lab: Lab) -> None:
    result = steps(lab, "open", "info", "info", "script")
    opened, *later = result["runspaces"]
    assert later == [opened] * 3 and result["said"][:3] == [""] * 3, result
    assert "script" in result["said"][3].lower(), "it reached the host, where the lab runs no script text"


def test_a_connection_that_was_given_back_connects_again(lab: Lab) -> None:
    result = steps(lab, "info", "script", "info")
    assert result["said"][0] == result["said"][2] == "" and "script" in result["said"][1].lower(), result
    assert result["runspaces"][0] is None and result["runspaces"][1] == result["runspaces"][2]


def test_a_runspace_of_somebody_else_that_died_is_dropped(lab: Lab) -> None:
    with lab.fault("session_ends", host="sp01", request="Command"):
        result = steps(lab, "open", "info", "info")
    assert "broke during" in result["said"][1] and result["said"][2] == ""
    assert result["runspaces"][1:] == [None, None]


@pytest.fixture(scope="module")
def usual_lab(start_lab: StartLab) -> Lab:
    """Its hosts have WinRM's own limit of 30 shells."""
    return start_lab()


@pytest.mark.deep
@pytest.mark.parametrize("number", range(20))
def test_twenty_verifications_in_a_row(usual_lab: Lab, number: int) -> None:
    run = usual_lab.playbook(ROOT / "playbooks" / "verify.yml", variables={"verify_delivery_fail": False})
    assert run.code == 0, run.output
    assert left_open(usual_lab) == {}
