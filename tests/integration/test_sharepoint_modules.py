# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules that work on SharePoint's servers: what they change, what they send, and that they leave nothing behind."""

from __future__ import annotations

import datetime
import json
import ssl
import time
from typing import Any

import imap_tools
import pytest

from tests.integration.conftest import Lab, Run, StartLab

PATCHED = "16.0.4534.1000"
FARM = "sharepoint@corp.example"
ALICE, BOB = "alice@corp.example", "bob@corp.example"
PORTAL = "https://portal.corp.example:8443/"
EMAIL = {"server": "ex01.corp.example", "port": 1025, "from_address": FARM, "web_applications": ["all"]}
PASSWORDS = {ALICE: "Alice-Pa55", BOB: "Bob-Pa55"}


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> Lab:
    """All is well here: mail of the farm is accepted from whomever it comes."""
    return start_lab("--state", "externally-secured")


def _result(run: Run) -> dict[str, Any]:
    (entry,) = run.results
    return {**entry["result"], "status": entry["status"]}


def _test(lab: Lab, kind: str, *options: str, **changed: Any) -> dict[str, Any]:
    arguments = {
        "kind": kind,
        "web_url": PORTAL,
        "web_address": f"{lab.subnet}.21",
        "web_username": "CORP\\alice",
        "web_password": "Alice-Pa55",
        "web_ca_path": str(lab.state / "ca.pem"),
        "timeout": 30,
    }
    return _result(lab.task("test_message", {**arguments, **changed}, *options))


def _email(lab: Lab, *options: str, **changed: Any) -> dict[str, Any]:
    return _result(lab.task("outgoing_email", {**EMAIL, **changed}, *options))


def _arrived(lab: Lab, address: str, token: str, seconds: float = 20) -> imap_tools.MailMessage:
    """The message with the token in its subject, read over IMAP as soon as it is there."""
    context = ssl.create_default_context(cafile=str(lab.state / "ca.pem"))
    deadline = time.monotonic() + seconds
    with imap_tools.MailBox(f"{lab.subnet}.31", 1993, ssl_context=context).login(address, PASSWORDS[address]) as mailbox:
        while True:
            for message in mailbox.fetch(imap_tools.AND(subject=token), mark_seen=False):
                return message
            assert time.monotonic() < deadline, f"no message with {token} for {address}"
            mailbox.idle.wait(timeout=1)


def _senders(message: imap_tools.MailMessage) -> tuple[str, str]:
    """From the envelope, and from the header."""
    return message.headers["return-path"][0].strip("<>"), message.from_


@pytest.mark.parametrize(
    ("kind", "changed", "recipient", "sender", "process"),
    [
        ("notification", {"to": [BOB]}, BOB, FARM, "w3wp"),
        ("alert", {"list": "Mail test"}, ALICE, FARM, "owstimer"),
        ("workflow", {"to": [ALICE]}, ALICE, FARM, "owstimer"),
        ("invitation", {"to": [BOB]}, BOB, ALICE, "w3wp"),
        ("invitation", {"to": ["i:0#.w|corp\\bob"]}, BOB, ALICE, "w3wp"),
    ],
)
def test_what_is_sent_arrives_from_whom_it_should_and_nothing_is_left(
    lab: Lab, kind: str, changed: dict[str, Any], recipient: str, sender: str, process: str
) -> None:
    before = lab.ask("snapshot")
    result = _test(lab, kind, **changed)
    assert result["status"] == "ok", result
    sent = result["sent"]
    assert (sent["process"], sent["sender"], sent["error"], result["changed"]) == (process, sender, "", False)
    assert recipient in sent["recipients"]
    assert _senders(_arrived(lab, recipient, sent["token"])) == (sender, sender)
    assert lab.ask("snapshot") == before


def test_an_alert_names_groups_among_its_recipients(lab: Lab) -> None:
    sent = _test(lab, "alert")["sent"]
    assert sent["recipients"] == [ALICE, "board@corp.example", "everyone@corp.example", "partner@outside.example"]


def test_an_invitation_says_what_it_shared_and_took_back(lab: Lab) -> None:
    result = _test(lab, "invitation", to=[BOB], token="invitation1")
    assert result["shared"] == {
        "url": "https://portal.corp.example:8443/Shared%20Documents/SharePoint%20mail%20test%20invitation1.txt",
        "with": BOB,
        "role": "View",
        "taken_back": True,
    }


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"to": ["nobody@corp.example"]}, ["did not share", "nobody@corp.example", "Nothing was sent"]),
        ({"to": [ALICE, BOB]}, ["one address", "Nothing was sent"]),
        ({"to": [ALICE], "list": "Mail test"}, ["Mail test", "not a document library"]),
        ({"to": [ALICE], "list": "Nowhere"}, ["no list", "Nowhere"]),
        ({"to": [ALICE], "web_username": "CORP\\bob", "web_password": "Bob-Pa55"}, ["CORP\\bob", "is not allowed", "Manage Permissions"]),
    ],
)
def test_an_invitation_that_is_refused_leaves_nothing(lab: Lab, changed: dict[str, Any], words: list[str]) -> None:
    before = lab.ask("snapshot")
    result = _test(lab, "invitation", **changed)
    assert result["status"] == "failed"
    assert all(word in result["msg"] for word in words), result["msg"]
    assert "\n" not in result["msg"] and "Traceback" not in result["msg"]
    assert lab.ask("snapshot") == before


def test_what_cannot_be_tried_here_is_no_failure(lab: Lab) -> None:
    before = lab.ask("snapshot")
    for kind, changed, reason, words in (
        ("alert_confirmation", {}, "no_alert_over_rest", "SharePoint 2016 cannot create an alert over the web"),
        ("workflow", {"list": "Mail test"}, "workflow_not_automatic", "no workflow that starts by itself"),
    ):
        result = _test(lab, kind, **changed)
        assert (result["status"], result["reason_id"], result["changed"]) == ("ok", reason, False)
        assert words in result["not_run"] and "sent" not in result
    assert lab.ask("snapshot") == before


def test_a_disabled_timer_job_is_told_and_read(fresh_lab: StartLab) -> None:
    lab = fresh_lab("--state", "timer-job-disabled")
    before = lab.ask("snapshot")
    result = _test(lab, "alert")
    assert (result["status"], result["reason_id"]) == ("ok", "timer_job_disabled")
    assert "job-immediate-alerts" in result["not_run"] and "Enable-SPTimerJob" in result["not_run"]
    (facts,) = lab.task("farm_info", {}).of("farm_info")
    disabled = {application["url"]: application["alert_job_disabled"] for application in facts["farm"]["web_applications"]}
    assert [url for url, is_disabled in disabled.items() if is_disabled] == [PORTAL]
    assert None not in disabled.values()
    assert lab.ask("snapshot") == before


@pytest.mark.every_core
def test_the_envelope_sender_and_the_character_set_are_kept_and_used(fresh_lab: StartLab) -> None:
    lab = fresh_lab("--state", "externally-secured")
    before = lab.ask("snapshot")
    members = {"override_envelope_sender": True, "character_set": 28592}
    foreseen = _email(lab, "--check", "--diff", **members)
    assert foreseen["changed"] and lab.ask("snapshot") == before
    assert foreseen["diff"][0]["before"]["override_envelope_sender"] is None
    assert foreseen["diff"][0]["after"] == {**foreseen["diff"][0]["before"], **members}

    result = _email(lab, **members)
    assert result["changed"] and result["after"] == foreseen["after"]
    (facts,) = lab.task("farm_info", {}).of("farm_info")
    for application in facts["farm"]["web_applications"]:
        assert members.items() <= application["outgoing_email"].items()
    assert not _email(lab, **members)["changed"]
    assert not _email(lab)["changed"], "what is not given is left as it is"

    sent = _test(lab, "invitation", to=[BOB])["sent"]
    message = _arrived(lab, BOB, sent["token"])
    assert sent["sender"] == FARM and _senders(message) == (FARM, FARM)
    assert [part.get_content_charset() for part in message.obj.walk()] == ["iso-8859-2"]

    # A change of the rest does not lose them, and all is put back together.
    other = _email(lab, reply_to="helpdesk@corp.example")
    assert other["changed"] and other["after"][PORTAL] == {**result["after"][PORTAL], "reply_to": "helpdesk@corp.example"}
    back = _email(lab, override_envelope_sender=False, character_set=65001)
    assert back["after"][PORTAL] == {**result["before"][PORTAL], "override_envelope_sender": False}
    sent = _test(lab, "invitation", to=[BOB])["sent"]
    assert _senders(_arrived(lab, BOB, sent["token"])) == (ALICE, ALICE)


def test_a_version_without_the_envelope_sender_says_so_and_has_the_character_set(fresh_lab: StartLab) -> None:
    lab = fresh_lab("--sharepoint-build", "15.0.4805.1000")
    before = lab.ask("snapshot")
    port = {"port": 25}  # the only one that SharePoint 2013 knows
    refused = _email(lab, override_envelope_sender=True, **port)
    assert refused["status"] == "failed" and "override_envelope_sender" in refused["msg"] and "2013" in refused["msg"]
    assert lab.ask("snapshot") == before
    result = _email(lab, override_envelope_sender=False, character_set=1252, **port)
    assert result["changed"] and result["after"][PORTAL]["character_set"] == 1252
    assert "override_envelope_sender" not in result["after"][PORTAL]
    (facts,) = lab.task("farm_info", {}).of("farm_info")
    assert {application["outgoing_email"]["override_envelope_sender"] for application in facts["farm"]["web_applications"]} == {None}
    (reason,) = [_test(lab, "alert_confirmation")["not_run"]]
    assert "SharePoint 2013" in reason


def test_an_endpoint_that_calls_no_members_is_told_so_before_anything_is_changed(lab: Lab) -> None:
    """Everything else works there. Both settings that need members are named, and the plain one of the same task is not written."""
    constrained = {"vars": {"ansible_psrp_configuration_name": "SharePointConstrained"}}
    before = lab.ask("snapshot")
    wish = {**EMAIL, "reply_to": "helpdesk@corp.example", "override_envelope_sender": True, "character_set": 1252}
    for options in ((), ("--check",)):
        result = _result(lab.task("outgoing_email", wish, *options, **constrained))
        words = ("override_envelope_sender and character_set", "SharePointConstrained", "Cannot invoke method", "Nothing was changed")
        assert result["status"] == "failed" and all(word in result["msg"] for word in words), result["msg"]
    assert lab.ask("snapshot") == before
    kept = {"override_envelope_sender": None, "character_set": 65001}
    assert not _result(lab.task("outgoing_email", {**EMAIL, **kept}, **constrained))["changed"]


def test_a_code_page_that_is_none_is_refused(lab: Lab) -> None:
    result = _email(lab, character_set=0)
    assert result["status"] == "failed" and "code page" in result["msg"] and "Nothing was changed" in result["msg"]


def _probe(lab: Lab, *options: str, **changed: Any) -> dict[str, Any]:
    arguments = {"host": "ex01.corp.example", "port": 1025, "mail_from": FARM, "rcpt_to": ALICE}
    return _result(lab.task("server_probe", {**arguments, **changed}, *options))


def test_a_farm_server_sees_what_the_connector_gives_it(lab: Lab) -> None:
    result = _probe(lab, send=True, rcpt_to=BOB, token="serverprobe1")
    assert result["connection"] == {
        "tcp": True,
        "source_address": f"{lab.subnet}.21",
        "remote_address": f"{lab.subnet}.31",
        "error": "",
    }
    assert [(one["tls"], one["credentials"], one["accepted"]) for one in result["mail"]] == [(False, False, True)]
    assert _senders(_arrived(lab, BOB, "serverprobe1")) == (FARM, FARM)


def test_a_farm_server_is_told_why_its_mail_is_refused(fresh_lab: StartLab) -> None:
    lab = fresh_lab("--sharepoint-build", PATCHED)
    result = _probe(lab, send=True, rcpt_to="partner@outside.example")
    (refused,) = result["mail"]
    assert refused["accepted"] is False
    assert refused["enhanced_code"] == "5.7.54" and refused["reply"].startswith("5.7.54 ") and refused["reply"] in refused["error"]


def test_nothing_is_sent_unless_asked_and_in_check_mode(lab: Lab) -> None:
    before = lab.ask("snapshot")
    for options, changed in (((), {}), (("--check",), {"send": True})):
        result = _probe(lab, *options, **changed)
        assert result["connection"]["tcp"] is True and result["mail"] == []
    assert lab.ask("snapshot") == before


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"host": "nowhere.corp.example"}, ["cannot resolve", "nowhere.corp.example"]),
        ({"port": 1026}, ["cannot open", "1026"]),
    ],
)
def test_a_server_that_is_not_reached_is_a_finding(lab: Lab, changed: dict[str, Any], words: list[str]) -> None:
    result = _probe(lab, **changed)
    assert result["status"] == "ok" and result["connection"]["tcp"] is False
    assert all(word in result["connection"]["error"] for word in words)


def test_credentials_are_tried_and_never_shown(lab: Lab) -> None:
    run = lab.task(
        "server_probe",
        {
            "host": "ex01.corp.example",
            "port": 1025,
            "mail_from": FARM,
            "rcpt_to": ALICE,
            "send": True,
            "tls": True,
            "credential_username": "CORP\\alice",
            "credential_password": "not this one",
        },
        "-vvvv",
    )
    result = _result(run)
    assert [(one["tls"], one["credentials"]) for one in result["mail"]] == [(False, False), (True, False), (True, True)]
    assert "not this one" not in run.output + json.dumps(run.results)


def test_the_log_of_the_other_server_is_read_where_it_was_written(fresh_lab: StartLab) -> None:
    """An unpatched farm in New York, whose alerts are refused. The log's times are local, and name no zone."""
    lab = fresh_lab("--timer-server", "sp02", "--time-zone", "America/New_York")
    run = lab.playbook(
        [
            {
                "name": "Alert, and what both servers say of it",
                "hosts": "sharepoint",
                "gather_facts": False,
                "tasks": [
                    {
                        "name": "Alert",
                        "sharepoint.mail.test_message": {
                            "kind": "alert",
                            "web_url": PORTAL,
                            "web_address": f"{lab.subnet}.21",
                            "web_username": "CORP\\alice",
                            "web_password": "Alice-Pa55",
                            "web_ca_path": str(lab.state / "ca.pem"),
                        },
                        "register": "alert",
                        "run_once": True,
                    },
                    {
                        "name": "Log",
                        "sharepoint.mail.server_log": {
                            "start": "{{ alert.sent.time }}",
                            "tokens": ["{{ alert.sent.token }}"],
                            "recipients": "{{ alert.sent.recipients }}",
                        },
                    },
                ],
            }
        ]
    )
    assert run.code == 0, run.output
    (alert,) = run.of("test_message")
    assert alert["sent"]["server"] == "sp02" and alert["log"] == []
    logs = run.of("server_log")
    assert sorted(len(log["log"]) > 0 for log in logs) == [False, True]
    lines = [line for log in logs for line in log["log"]]
    assert {line["server"] for line in lines} == {"sp02"}
    assert any("5.7.1" in line["message"] and line["process"] == "OWSTIMER.EXE" for line in lines)
    now = datetime.datetime.now(datetime.UTC)
    ages = [now - datetime.datetime.fromisoformat(line["time"]) for line in lines]
    assert all(datetime.timedelta(0) <= age < datetime.timedelta(minutes=5) for age in ages), lines
