# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules about Exchange, run by ansible-playbook; what they configure is tried over SMTP, from addresses of the test's own."""

from __future__ import annotations

import datetime
import json
import smtplib
from typing import Any

import pytest

from tests.integration.conftest import Lab, StartLab
from tests.integration.test_wrong_input import EXCHANGE

PORT = 1026
ANY = ["0.0.0.0-255.255.255.255"]
PARTNER = "partner@outside.example"
EVERYONE, BOARD = "everyone@corp.example", "board@corp.example"
RELAY_RIGHT = "ms-Exch-SMTP-Accept-Any-Recipient"
BYPASS = {"bypass_security_group_manager_check": True}
CONNECTORS_ONLY = {**EXCHANGE, "ansible_psrp_user": "ex_connectors@corp.example", "ansible_winrm_password": "Connectors-Pa55"}


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> Lab:
    return start_lab()


def run(lab: Lab, module: str, arguments: dict[str, Any], *options: str, **variables: Any) -> dict[str, Any]:
    """The one task's result, with its status."""
    (entry,) = lab.task(module, arguments, *options, vars={**EXCHANGE, **variables}).results
    return {**entry["result"], "status": entry["status"]}


def refused(lab: Lab, module: str, arguments: dict[str, Any], *words: str, **variables: Any) -> None:
    """The task is refused with these words, and nothing changes."""
    before = lab.ask("snapshot")
    result = run(lab, module, arguments, **variables)
    assert result["status"] == "failed" and not result["changed"], result
    assert [word for word in (*words, "Nothing was changed.") if word not in result["msg"]] == [], result["msg"]
    assert lab.ask("snapshot") == before


def connector(lab: Lab, **more: Any) -> dict[str, Any]:
    options = {
        "name": "SharePoint mail",
        "servers": ["EX01", "EX02"],
        "preset": "anonymous",
        "bindings": [f"0.0.0.0:{PORT}"],
        "remote_ip_ranges": [client(lab)],
        **more,
    }
    return {name: value for name, value in options.items() if value is not None}


def client(lab: Lab) -> str:
    """The address that the connectors are for; the farm's servers keep theirs to themselves."""
    return f"{lab.subnet}.90"


def dial(lab: Lab, source: str, recipient: str, port: int = PORT) -> tuple[list[str], int, str]:
    """AUTH-like keywords of EHLO, and the answer to RCPT TO."""
    with smtplib.SMTP(f"{lab.subnet}.31", port, source_address=(source, 0)) as smtp:
        smtp.ehlo("client.corp.example")
        keywords = sorted(name for name in smtp.esmtp_features if name in ("auth", "x-exps", "starttls"))
        smtp.mail("sharepoint@corp.example")
        code, reply = smtp.rcpt(recipient)
        return keywords, code, reply.decode("ascii")


def send(lab: Lab, token: str, *recipients: str, port: int = PORT) -> str:
    """Sends a message and returns when, for the trace."""
    moment = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=1)
    with smtplib.SMTP(f"{lab.subnet}.31", port, source_address=(client(lab), 0)) as smtp:
        head = f"From: sharepoint@corp.example\r\nTo: {', '.join(recipients)}\r\nMessage-ID: <{token}@farm>\r\nSubject: test {token}"
        smtp.sendmail("sharepoint@corp.example", recipients, f"{head}\r\n\r\nx\r\n")
    return moment.isoformat()


def test_check_mode_makes_no_connector_and_says_that_it_would_relay(lab: Lab) -> None:
    before = lab.ask("snapshot")
    result = run(lab, "exchange_receive_connector", connector(lab, relay=True), "--check", "--diff")
    assert (result["status"], result["changed"]) == ("ok", True)
    assert [entry["after"]["relay"] for entry in result["diff"]] == [True, True]
    assert lab.ask("snapshot") == before


def test_an_anonymous_connector_never_offers_to_authenticate(lab: Lab) -> None:
    assert run(lab, "exchange_receive_connector", connector(lab))["changed"]
    assert dial(lab, client(lab), "alice@corp.example") == ([], 250, "2.1.5 Recipient OK")
    keywords, code, reply = dial(lab, client(lab), PARTNER)
    assert (keywords, code) == ([], 550) and reply.startswith("5.7.54")
    before = lab.ask("snapshot")
    again = run(lab, "exchange_receive_connector", connector(lab))
    assert (again["status"], again["changed"]) == ("ok", False)
    assert {entry["relay"] for entry in again["after"].values()} == {None}
    assert lab.ask("snapshot") == before


def test_the_relay_right_comes_and_goes_and_converges(lab: Lab) -> None:
    given = run(lab, "exchange_receive_connector", connector(lab, relay=True), "--diff")
    assert [(entry["before"]["relay"], entry["after"]["relay"]) for entry in given["diff"]] == [(False, True), (False, True)]
    assert dial(lab, client(lab), PARTNER)[1] == 250
    facts = run(lab, "exchange_receive_connector_info", {"name": "SharePoint mail", "servers": ["EX01"], "rights": True})["connectors"][0]
    assert facts["permission_groups"] == ["AnonymousUsers", "Custom"]
    (anonymous,) = [entry for entry in facts["rights"] if entry["sid"] == "S-1-5-7"]
    assert RELAY_RIGHT in anonymous["rights"] and (anonymous["deny"], anonymous["inherited"]) == (False, False)
    before = lab.ask("snapshot")
    for arguments in (connector(lab, relay=True), connector(lab)):
        assert not run(lab, "exchange_receive_connector", arguments)["changed"]
    assert lab.ask("snapshot") == before
    refused(
        lab, "exchange_receive_connector", connector(lab, remote_ip_ranges=ANY), "relay for anonymous clients", "allow_any_remote_address"
    )
    assert run(lab, "exchange_receive_connector", connector(lab, relay=False))["changed"]
    assert dial(lab, client(lab), PARTNER)[1] == 550


def test_tls_is_offered_when_it_is_required_and_authentication_still_is_not(lab: Lab) -> None:
    assert run(lab, "exchange_receive_connector", connector(lab, require_tls=True))["changed"]
    assert dial(lab, client(lab), PARTNER)[0] == ["starttls"]
    assert run(lab, "exchange_receive_connector", connector(lab, require_tls=False))["changed"]


@pytest.mark.every_core
def test_from_anonymous_to_externally_secured_and_back(lab: Lab) -> None:
    run(lab, "exchange_receive_connector", connector(lab, relay=True))
    secured = run(lab, "exchange_receive_connector", connector(lab, preset="externally_secured", relay=False))
    assert secured["changed"]
    assert {tuple(entry["auth_mechanism"]) for entry in secured["after"].values()} == {("ExternalAuthoritative",)}
    assert dial(lab, client(lab), PARTNER)[1] == 250, "it relays without the right"
    assert not run(lab, "exchange_receive_connector", connector(lab, preset="externally_secured", relay=False))["changed"]
    back = run(lab, "exchange_receive_connector", connector(lab, relay=True))
    assert {(entry["permission_groups"][0], entry["relay"]) for entry in back["after"].values()} == {("AnonymousUsers", True)}
    assert dial(lab, client(lab), PARTNER)[1] == 250
    assert not run(lab, "exchange_receive_connector", connector(lab, relay=True))["changed"]


def test_the_right_is_given_last_and_taken_first(lab: Lab) -> None:
    def writes() -> list[str]:
        return [
            statement[-1]["cmdlet"]
            for line in (lab.state / "pipelines.jsonl").read_text(encoding="utf-8").splitlines()
            for statement in json.loads(line)["statements"]
            if statement[-1]["cmdlet"].partition("-")[0] in ("Set", "Add", "Remove")
        ]

    only = {"servers": ["EX01"]}
    run(lab, "exchange_receive_connector", connector(lab, **only, relay=False))
    for wider, relay, order in (
        (1, True, ["Set-ReceiveConnector", "Add-ADPermission"]),
        (2, False, ["Remove-ADPermission", "Set-ReceiveConnector"]),
    ):
        known = len(writes())
        ranges = [client(lab), f"{lab.subnet}.9{wider}"]
        run(lab, "exchange_receive_connector", connector(lab, **only, relay=relay, remote_ip_ranges=ranges))
        assert writes()[known:] == order


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"preset": "externally_secured", "relay": True}, ["exclude each other"]),
        ({"relay": True, "remote_ip_ranges": ANY}, ["relay for anonymous clients", "allow_any_remote_address"]),
        ({"auth_mechanism": ["Integrated"]}, ["auth_mechanism is Integrated", "preset anonymous means None"]),
        ({"preset": None, "permission_groups": ["ExchangeUsers"], "auth_mechanism": ["Tls"], "relay": True}, ["without AnonymousUsers"]),
        ({"name": "Another", "relay": True, "relay_user": "NT AUTHORITY\\NOBODY"}, ["NOBODY", "relay_user"]),
    ],
)
def test_what_must_not_be_is_refused(lab: Lab, more: dict[str, Any], words: list[str]) -> None:
    refused(lab, "exchange_receive_connector", connector(lab, **more), *words)


@pytest.mark.parametrize("name", ["SharePoint mail", "Another"])
def test_without_the_role_for_rights_no_connector_is_half_made(lab: Lab, name: str) -> None:
    role = 'the management role "Active Directory Permissions"'
    account = {key: CONNECTORS_ONLY[key] for key in ("ansible_psrp_user", "ansible_winrm_password")}
    refused(lab, "exchange_receive_connector", connector(lab, name=name, relay=True), "Get-ADPermission", role, **account)
    result = run(lab, "exchange_receive_connector_info", {"servers": ["EX01"], "rights": True}, **account)
    assert {entry["rights"] for entry in result["connectors"]} == {None}
    assert len([warning for warning in result["warnings"] if "Active Directory Permissions" in warning]) == 1


def test_an_anonymous_connector_without_the_right_may_be_open(lab: Lab) -> None:
    arguments = connector(lab, name="Open", bindings=["0.0.0.0:1027"], remote_ip_ranges=ANY, relay=False)
    assert run(lab, "exchange_receive_connector", arguments)["changed"]
    assert dial(lab, f"{lab.subnet}.99", PARTNER, 1027)[1] == 550
    assert run(lab, "exchange_receive_connector", {"name": "Open", "servers": ["EX01", "EX02"], "state": "absent"})["changed"]


def test_a_group_that_wants_authenticated_senders_bounces_and_then_does_not(lab: Lab) -> None:
    run(lab, "exchange_receive_connector", connector(lab))
    run(lab, "exchange_group_senders", {"groups": [EVERYONE], "require_sender_authentication": True, **BYPASS})
    trace = {"subjects": ["tokenbounced"], "start": send(lab, "tokenbounced", EVERYONE), "wait": 20}
    bounced = run(lab, "exchange_message_trace", trace)
    assert bounced["missing"] == [] and bounced["subject_logging"] == {"EX01": True, "EX02": True}
    (failed,) = [event for event in bounced["events"] if event["event_id"] == "FAIL" and event["message_id"] == "<tokenbounced@farm>"]
    assert "5.7." in failed["recipient_status"][0]
    (report,) = [event for event in bounced["events"] if event["event_id"] == "DSN" and event["reference"] == ["<tokenbounced@farm>"]]
    assert report["message_id"] != "<tokenbounced@farm>" and report["recipients"] == ["sharepoint@corp.example"]

    change = {"groups": ["everyone"], "require_sender_authentication": False}
    refused(lab, "exchange_group_senders", change, "manager of the group", "bypass_security_group_manager_check: true")
    before = lab.ask("snapshot")
    foreseen = run(lab, "exchange_group_senders", {**change, **BYPASS}, "--check", "--diff")
    assert foreseen["changed"] and foreseen["diff"][0]["after"]["require_sender_authentication"] is False
    assert lab.ask("snapshot") == before
    assert run(lab, "exchange_group_senders", {**change, **BYPASS})["changed"]
    assert not run(lab, "exchange_group_senders", change)["changed"]
    delivered = run(
        lab,
        "exchange_message_trace",
        {"subjects": ["tokenpassed"], "start": send(lab, "tokenpassed", EVERYONE), "until": ["DELIVER"], "wait": 20},
    )
    assert delivered["missing"] == []
    assert "FAIL" not in {event["event_id"] for event in delivered["events"]}


def test_permitted_senders_are_set_added_and_taken_away(lab: Lab) -> None:
    def senders(state: str, *names: str) -> dict[str, Any]:
        return {"groups": [BOARD], "permitted_senders": list(names), "permitted_senders_state": state, **BYPASS}

    def permitted() -> list[str]:
        group: dict[str, Any] = run(lab, "exchange_group_senders_info", {"groups": ["board"]})["groups"][0]
        assert (group["address"], group["name"], group["reject_from"]) == (BOARD, "board", [])
        return list(group["accept_only_from"])

    steps = [
        (senders("exact", "alice"), ["alice@corp.example"]),
        (senders("present", "sharepoint@corp.example", EVERYONE), ["alice@corp.example", EVERYONE, "sharepoint@corp.example"]),
        (senders("absent", "ALICE@corp.example", "nobody@corp.example"), [EVERYONE, "sharepoint@corp.example"]),
        (senders("exact"), []),
        (senders("exact", "sharepoint"), ["sharepoint@corp.example"]),
    ]
    for arguments, after in steps:
        before = lab.ask("snapshot")
        assert run(lab, "exchange_group_senders", arguments, "--check")["after"][BOARD]["permitted_senders"] == after
        assert lab.ask("snapshot") == before
        assert run(lab, "exchange_group_senders", arguments)["changed"]
        assert permitted() == after
        assert not run(lab, "exchange_group_senders", arguments)["changed"]
    refused(lab, "exchange_group_senders", senders("absent", "sharepoint"), "everybody may send")
    refused(lab, "exchange_group_senders", senders("present", "farm@corp.example"), "farm@corp.example", "mail contact")
    refused(lab, "exchange_group_senders", {**senders("exact"), "groups": ["nogroup"]}, "nogroup", "no distribution group")
    refused(lab, "exchange_group_senders", {"groups": [BOARD]}, "nothing to configure")


def test_one_task_follows_many_messages(lab: Lab) -> None:
    run(lab, "exchange_receive_connector", connector(lab))
    start = send(lab, "tokenfirst", "alice@corp.example")
    send(lab, "tokensecond", "bob@corp.example")
    send(lab, "tokenother", "bob@corp.example")
    result = run(lab, "exchange_message_trace", {"subjects": ["tokenfirst", "tokensecond"], "start": start, "wait": 20})
    assert (result["missing"], result["not_asked"]) == ([], {})
    assert {event["message_id"] for event in result["events"]} == {"<tokenfirst@farm>", "<tokensecond@farm>"}
    lost = run(lab, "exchange_message_trace", {"subjects": ["tokenfirst", "tokenlost"], "start": start, "wait": 1})
    assert lost["missing"] == ["a message with 'tokenlost' in its subject"]


def test_without_logged_subjects_recipients_and_time_find_the_message(start_lab: StartLab) -> None:
    silent = start_lab("--state", "subject-logging-off")
    start = send(silent, "tokensilent", "alice@corp.example", port=1025)
    question = {"subjects": ["tokensilent"], "start": start, "wait": 20}
    result = run(silent, "exchange_message_trace", {**question, "recipients": ["alice@corp.example"]})
    assert (result["missing"], result["subject_logging"]) == ([], {"EX01": False, "EX02": False})
    assert result["searched_by"] == {"EX01": ["recipients"], "EX02": ["recipients"]}
    assert "<tokensilent@farm>" in {event["message_id"] for event in result["events"]}
    assert all("does not log subjects" in warning for warning in result["warnings"]) and len(result["warnings"]) == 2
    nothing = run(silent, "exchange_message_trace", {**question, "wait": 0})
    assert nothing["events"] == [] and all("Set recipients or sender" in warning for warning in nothing["warnings"])
