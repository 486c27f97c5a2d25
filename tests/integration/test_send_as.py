# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send As, given and taken by ansible-playbook; what it is good for is tried over SMTP, as the relay's account."""

from __future__ import annotations

import json
import smtplib
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from tests.integration.conftest import Lab, StartLab
from tests.integration.test_exchange_modules import CONNECTORS_ONLY, refused, run
from tests.waiting import wait_for

ACCOUNT = "CORP\\svc_relay"
ALICE, BOB, OWN = "alice@corp.example", "bob@corp.example", "svc_relay@corp.example"
STAFF = "corp.example/Staff"
PASSWORD = "Relay-Pa55"
CACHE = 7200


@pytest.fixture(scope="module")
def running(start_lab: StartLab) -> Lab:
    return start_lab()


@pytest.fixture
def lab(running: Lab) -> Iterator[Lab]:
    """The lab, in which nobody may send as somebody else and Exchange remembers nothing of the tests before."""
    yield running
    run(running, "exchange_send_as", give(organizational_unit="corp.example", state="absent"))
    running.advance(CACHE)


def give(**options: Any) -> dict[str, Any]:
    return {"account": ACCOUNT, **options}


def wait(lab: Lab, **changed: Any) -> dict[str, Any]:
    door = {"host": f"{lab.subnet}.31", "port": 1587, "ca_path": str(lab.state / "ca.pem"), "password": PASSWORD, "recipient": BOB}
    return {**door, "timeout": 60, "interval": 0.2, **changed}


def submit(lab: Lab, sender: str) -> int:
    """The code with which Exchange answers a message of the relay's account as ``sender``."""
    with smtplib.SMTP(f"{lab.subnet}.31", 1587) as client:
        client.starttls(context=ssl.create_default_context(cafile=lab.state / "ca.pem"))
        client.login(ACCOUNT, PASSWORD)
        try:
            client.sendmail(sender, [BOB], f"From: {sender}\r\nTo: {BOB}\r\nSubject: x\r\n\r\nx\r\n")
        except smtplib.SMTPDataError as error:
            assert "5.7.60" in str(error.smtp_error)
            return error.smtp_code
        return 250


def own_rights(lab: Lab) -> dict[str, list[str]]:
    """Who has a right to which recipient or organisational unit, as the lab knows it."""
    everything: dict[str, list[str]] = lab.ask("snapshot")["exchange"]["permissions"]
    return {name.partition(",")[0]: entries for name, entries in everything.items() if entries and "Receive Connectors" not in name}


def on_the_unit(lab: Lab, verb: str) -> None:
    """Gives or takes the right on the organisational unit Staff, as an administrator would by hand."""
    # Declared as a bool, and documented to take the path of a file with certificate authorities, too.
    trusted: dict[str, Any] = {"cert_validation": str(lab.state / "ca.pem")}
    wsman = WSMan(
        f"{lab.subnet}.31",
        port=1443,
        path="PowerShell",
        auth="basic",
        username="ex_admin@corp.example",
        password="Exchange-Pa55",
        ssl=True,
        **trusted,
        no_proxy=True,
    )
    with RunspacePool(wsman, configuration_name="Microsoft.Exchange") as pool:
        shell = PowerShell(pool).add_cmdlet(f"{verb}-ADPermission")
        given = {"Identity": "OU=Staff,DC=corp,DC=example", "User": ACCOUNT, "ExtendedRights": ["Send As"], "Confirm": False}
        for name, value in given.items():
            shell.add_parameter(name, value)
        shell.invoke()
        assert not shell.had_errors


def test_an_old_answer_is_believed_for_two_hours(lab: Lab) -> None:
    assert (submit(lab, OWN), submit(lab, ALICE)) == (250, 550)
    given = run(lab, "exchange_send_as", give(mailboxes=[ALICE]), "--diff")
    assert (given["status"], given["changed"], given["cache_minutes"]) == ("ok", True, 120)
    assert "up to 2 hours" in given["note"] and given["waited"] == []
    assert given["diff"][0]["after"] == given["after"][ACCOUNT] == {"mailboxes": [ALICE], "inherited": []}
    assert own_rights(lab) == {"CN=alice": [f"allow {ACCOUNT}: Send-As"]}
    assert submit(lab, ALICE) == 550
    lab.advance(CACHE - 600)
    assert submit(lab, ALICE) == 550
    lab.advance(600)
    assert submit(lab, ALICE) == 250
    run(lab, "exchange_send_as", give(mailboxes=[ALICE], state="absent"))
    assert submit(lab, ALICE) == 250
    lab.advance(CACHE)
    assert submit(lab, ALICE) == 550


def test_mailboxes_and_units_converge_and_the_accounts_own_needs_nothing(lab: Lab) -> None:
    task = give(mailboxes=["alice", "ALICE@corp.example", OWN], organizational_unit=STAFF)
    before = lab.ask("snapshot")
    foreseen = run(lab, "exchange_send_as", task, "--check", "--diff")
    assert foreseen["changed"] and foreseen["after"][ACCOUNT]["mailboxes"] == [ALICE, BOB]
    assert lab.ask("snapshot") == before
    given = run(lab, "exchange_send_as", task)
    assert {name: given[name] for name in ("after", "send_as")} == {name: foreseen[name] for name in ("after", "send_as")}
    assert own_rights(lab) == {name: [f"allow {ACCOUNT}: Send-As"] for name in ("CN=alice", "CN=bob")}
    assert [(one["mailbox"], one["allowed"], one["own"]) for one in given["send_as"]] == [
        ("alice", True, False),
        ("bob", True, False),
        ("svc_relay", True, True),
    ]
    again = run(lab, "exchange_send_as", {**task, "account": OWN})
    assert (again["changed"], again["note"], again["account_addresses"]) == (False, "", [OWN])
    taken = run(lab, "exchange_send_as", {**task, "mailboxes": [BOB], "organizational_unit": None, "state": "absent"})
    assert taken["changed"] and list(own_rights(lab)) == ["CN=alice"]


def test_what_an_account_may(lab: Lab) -> None:
    run(lab, "exchange_send_as", give(mailboxes=[ALICE]))
    read = run(lab, "exchange_send_as_info", give(organizational_unit="OU=Staff,DC=corp,DC=example"))
    assert (read["changed"], read["account"], read["account_addresses"]) == (False, ACCOUNT, [OWN])
    shown = {"mailbox": "alice", "address": ALICE, "addresses": [ALICE], "account": ACCOUNT, "allowed": True, "inherited": False}
    assert read["send_as"][0] == {**shown, "own": False}
    assert [(one["mailbox"], one["allowed"]) for one in read["send_as"]] == [("alice", True), ("bob", False)]
    somebody = run(lab, "exchange_send_as_info", {"account": "CORP\\sp_farm", "mailboxes": [BOB]})
    assert (somebody["account_addresses"], somebody["send_as"][0]["allowed"]) == ([], False)


def test_an_inherited_right_is_enough_and_is_not_taken_from_a_mailbox(lab: Lab) -> None:
    run(lab, "exchange_send_as", give(mailboxes=[ALICE]))
    on_the_unit(lab, "Add")
    try:
        assert run(lab, "exchange_send_as", give(organizational_unit=STAFF))["changed"] is False
        taken = run(lab, "exchange_send_as", give(organizational_unit=STAFF, state="absent"))
        assert taken["changed"] and taken["after"][ACCOUNT] == {"mailboxes": [], "inherited": [ALICE, BOB]}
        assert "may still send as alice@corp.example, bob@corp.example" in taken["warnings"][0]
        assert [(one["allowed"], one["inherited"]) for one in taken["send_as"]] == [(True, True), (True, True)]
        assert list(own_rights(lab)) == ["OU=Staff"] and submit(lab, BOB) == 250
    finally:
        on_the_unit(lab, "Remove")


def test_the_number_of_messages_does_not_grow_with_the_mailboxes(lab: Lab) -> None:
    def sent(**options: Any) -> int:
        pipelines = lab.state / "pipelines.jsonl"
        before = len(pipelines.read_text(encoding="utf-8").splitlines())
        assert run(lab, "exchange_send_as", give(**options))["changed"]
        return len(pipelines.read_text(encoding="utf-8").splitlines()) - before

    assert sent(mailboxes=[ALICE]) == sent(mailboxes=[ALICE, BOB]) == sent(mailboxes=[ALICE, BOB], state="absent") > 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mailboxes": [ALICE, "nobody@corp.example", "board@corp.example"]}, ["nobody@corp.example", "board@corp.example"]),
        ({"organizational_unit": "corp.example/Nowhere"}, ["no organizational unit corp.example/Nowhere"]),
        ({"mailboxes": [ALICE], "account": "CORP\\nobody"}, ["no account CORP\\nobody"]),
        ({"mailboxes": [ALICE], "account": "svc_relay"}, ["neither DOMAIN\\name nor a user principal name"]),
        ({"mailboxes": []}, ["mailboxes is empty"]),
        ({}, ["one of the following is required: mailboxes, organizational_unit"]),
    ],
)
def test_what_does_not_exist_is_named_and_nothing_changes(lab: Lab, options: dict[str, Any], words: list[str]) -> None:
    refused(lab, "exchange_send_as", give(**options), *words)


def test_a_long_list_of_names_is_one_question_in_several_parts(lab: Lab) -> None:
    # More than WSMan takes in one envelope (150 kB), so that pypsrp has to cut it.
    names = [f"nobody-{number:04}-{'x' * 60}@corp.example" for number in range(3000)]
    refused(lab, "exchange_send_as", give(mailboxes=[ALICE, *names, BOB]), "nobody-0000-", "nobody-0004-", "And 2995 more.")


def test_an_account_without_the_roles_is_told_which(lab: Lab) -> None:
    limited = {"ansible_psrp_user": "ex_limited@corp.example", "ansible_winrm_password": "Limited-Pa55"}
    refused(lab, "exchange_send_as", give(mailboxes=[ALICE]), "Add-ADPermission", "Active Directory Permissions", **limited)
    refused(lab, "exchange_send_as", give(mailboxes=[ALICE]), "Get-Mailbox", "View-Only Recipients", **CONNECTORS_ONLY)


def test_waiting_ends_when_exchange_believes_the_grant(lab: Lab) -> None:
    assert submit(lab, ALICE) == 550

    def let_time_pass() -> None:
        wait_for(lambda: own_rights(lab))
        time.sleep(1)
        lab.advance(CACHE)

    passing = threading.Thread(target=let_time_pass)
    passing.start()
    result = run(lab, "exchange_send_as", give(organizational_unit=STAFF, wait=wait(lab)), "-vvvv")
    passing.join()
    assert result["status"] == "ok", result
    alice, bob = result["waited"]
    assert (alice["address"], alice["works"], bob["works"], bob["attempts"]) == (ALICE, True, True, 1)
    assert alice["attempts"] > 1 and alice["seconds"] > 0 and alice["reply"].startswith("250")
    assert PASSWORD not in json.dumps(result)
    assert "Waiting until Exchange applies Send As" in latest_output(lab)
    again = run(lab, "exchange_send_as", give(organizational_unit=STAFF, wait=wait(lab)))
    assert (again["changed"], again["waited"]) == (False, [])


def latest_output(lab: Lab) -> str:
    newest: Path = max(lab.state.glob("run-*.txt"), key=lambda path: int(path.stem.removeprefix("run-")))
    return newest.read_text(encoding="utf-8")


def test_waiting_in_vain_says_that_the_grant_stands(lab: Lab) -> None:
    assert submit(lab, ALICE) == 550
    result = run(lab, "exchange_send_as", give(mailboxes=[ALICE], wait=wait(lab, timeout=1)))
    assert (result["status"], result["changed"]) == ("failed", True)
    assert [word for word in (ALICE, "5.7.60", "The grant stays in place", "have not expired") if word not in result["msg"]] == []
    assert result["waited"][0]["works"] is False and own_rights(lab)
    lab.advance(CACHE)
    later = run(lab, "exchange_send_as", give(mailboxes=[ALICE], wait=wait(lab, only_changed=False)))
    assert (later["status"], later["changed"], later["waited"][0]["attempts"]) == ("ok", False, 1)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"password": "not this one"}, ["refused at AUTH", "535 5.7.3"]),
        ({"starttls": False}, ["could not be tried", "not encrypted"]),
        ({"port": 1026}, ["could not be tried", "Connection refused"]),
        ({"recipient": "nobody@corp.example"}, ["refused at RCPT", "5.1.10"]),
    ],
)
def test_what_waiting_cannot_mend_ends_it_at_once(lab: Lab, changed: dict[str, Any], words: list[str]) -> None:
    result = run(lab, "exchange_send_as", give(mailboxes=[ALICE], wait=wait(lab, **changed)))
    assert (result["status"], result["changed"]) == ("failed", True)
    assert [word for word in (*words, "The grant stays in place") if word not in result["msg"]] == [], result["msg"]
    assert own_rights(lab)


def test_nothing_is_sent_in_check_mode_and_a_wrong_wait_is_refused_first(lab: Lab) -> None:
    checked = run(lab, "exchange_send_as", give(mailboxes=[ALICE], wait=wait(lab)), "--check")
    assert (checked["status"], checked["changed"], checked["waited"]) == ("ok", True, [])
    refused(lab, "exchange_send_as", give(mailboxes=[ALICE], state="absent", wait=wait(lab)), "state: present")
    refused(lab, "exchange_send_as", give(mailboxes=[ALICE], wait=wait(lab, ca_path="/nowhere/ca.pem")), "/nowhere/ca.pem")
    refused(lab, "exchange_send_as", give(mailboxes=[ALICE], wait=wait(lab, interval=0)), "more than 0")


def test_the_info_reads_what_there_is(lab: Lab) -> None:
    own = run(lab, "exchange_send_as_info", give())
    assert (own["account_addresses"], own["send_as"], own["unknown"]) == ([OWN], [], [])
    some = run(lab, "exchange_send_as_info", give(mailboxes=[ALICE, "nobody@corp.example"]))
    assert [(one["address"], one["allowed"]) for one in some["send_as"]] == [(ALICE, False)]
    assert len(some["unknown"]) == 1 and "nobody" in some["unknown"][0]
