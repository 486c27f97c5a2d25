# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules that speak SMTP and IMAP themselves, run by ansible-playbook against the lab's servers."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.conftest import Lab, Run, StartLab

ALICE, BOB, EVERYONE = "alice@corp.example", "bob@corp.example", "everyone@corp.example"
PASSWORDS = ("Alice-Pa55", "Bob-Pa55", "Partner-Pa55", "not this one")


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> Lab:
    return start_lab()


def _result(run: Run) -> dict[str, Any]:
    """The one task's result, with its status."""
    (entry,) = run.results
    return {**entry["result"], "status": entry["status"]}


def _probe(lab: Lab, *options: str, **changed: Any) -> dict[str, Any]:
    arguments = {"host": f"{lab.subnet}.31", "port": 1025, "mail_from": ALICE, "rcpt_to": ALICE, "ca_path": str(lab.state / "ca.pem")}
    return _result(lab.task("smtp_probe", {**arguments, **changed}, *options))


def _mailbox(lab: Lab, **changed: Any) -> dict[str, Any]:
    return {
        "address": ALICE,
        "host": f"{lab.subnet}.31",
        "port": 1993,
        "password": "Alice-Pa55",
        "ca_path": str(lab.state / "ca.pem"),
        **changed,
    }


def _ews(lab: Lab, **changed: Any) -> dict[str, Any]:
    return _mailbox(lab, **{"protocol": "ews", "port": 2443, "auth": "basic", **changed})


def _send(lab: Lab, token: str, *recipients: str, sender: str = ALICE) -> None:
    with smtplib.SMTP(f"{lab.subnet}.31", 1025) as client:
        for recipient in recipients:
            client.sendmail(sender, [recipient], f"From: {sender}\r\nTo: {recipient}\r\nSubject: {token}\r\n\r\nx\r\n")


def _read(lab: Lab, token: str, *options: str, mailbox: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    arguments = {"mailboxes": [mailbox or _mailbox(lab)], "messages": [{"mailbox": ALICE, "token": token}], "timeout": 20, **changed}
    return _result(lab.task("mailbox_message", arguments, *options))


def test_a_probe_sees_what_an_unlisted_host_sees(lab: Lab) -> None:
    result = _probe(lab, rcpt_to="nobody@example.com", scenario="unlisted_relay", server="EX01")
    assert (result["outcome"], result["stage"], result["changed"]) == ("refused", "rcpt", False)
    assert result["reply"].startswith("550 5.7.54")
    assert (result["auth_before_tls"], result["auth_after_tls"]) == (["NTLM"], ["NTLM", "LOGIN"])
    assert result["client_address"] == result["seen_as"] == "127.0.0.1"
    assert (result["scenario"], result["server"]) == ("unlisted_relay", "EX01")


def test_a_probe_logs_on_under_tls_only_and_is_somebody_then(lab: Lab) -> None:
    relay = {"port": 1587, "username": "CORP\\svc_relay", "password": "Relay-Pa55", "mail_from": "svc_relay@corp.example"}
    result = _probe(lab, "-vvvv", **relay, rcpt_to="partner@outside.example")
    assert (result["outcome"], result["authenticated"], result["auth_reply"]) == ("accepted", True, "235 2.7.0 Authentication successful")
    assert " ~> AUTH LOGIN" in result["transcript"] and "Relay-Pa55" not in json.dumps(result)
    wrong = _probe(lab, **{**relay, "password": "not this one"})
    assert (wrong["status"], wrong["outcome"], wrong["stage"], wrong["authenticated"]) == ("ok", "refused", "auth", False)
    assert wrong["reply"] == wrong["auth_reply"] == "535 5.7.3 Authentication unsuccessful"
    clear = _probe(lab, **relay, starttls=False)
    assert (clear["outcome"], clear["stage"], clear["authenticated"]) == ("not_connected", "auth", False)
    assert "not encrypted" in clear["auth_error"] and not [line for line in clear["transcript"] if "AUTH" in line and ">" in line[:3]]
    untrusted = _probe(lab, **relay, ca_path=None)
    assert (untrusted["authenticated"], untrusted["stage"]) == (False, "auth") and "verify failed" in untrusted["tls_error"]
    ntlm = _probe(lab, **relay, starttls=False, allow_plain_text_logon=True)
    assert (ntlm["outcome"], ntlm["auth_before_tls"], ntlm["authenticated"]) == ("accepted", ["NTLM"], True)
    assert " -> AUTH NTLM" in ntlm["transcript"]
    lacking = _probe(lab, username="CORP\\svc_relay")
    assert lacking["status"] == "failed" and "both username and password" in lacking["msg"]


def test_a_certificate_that_is_not_trusted_ends_tls_and_not_the_probe(lab: Lab) -> None:
    result = _probe(lab, ca_path=None)
    assert (result["outcome"], result["auth_after_tls"]) == ("accepted", None)
    assert "certificate verify failed" in result["tls_error"]
    assert _probe(lab, ca_path=None, validate_certs=False)["tls_version"].startswith("TLS")


def test_only_send_sends_and_check_mode_does_not(lab: Lab) -> None:
    withdrawn, skipped = _probe(lab, token="tokenwithdrawn"), _probe(lab, "--check", token="tokencheck", send=True)
    assert (withdrawn["outcome"], withdrawn["sent"]) == ("accepted", False)
    assert skipped["status"] == "skipped"
    sent = _probe(lab, token="tokensent", send=True)
    assert (sent["outcome"], sent["sent"]) == ("accepted", True)
    messages = [{"mailbox": ALICE, "token": token} for token in ("tokensent", "tokenwithdrawn", "tokencheck")]
    found = _read(lab, "", messages=messages, timeout=2)
    assert found["missing"] == ["tokenwithdrawn", "tokencheck"]


@pytest.mark.every_core
@pytest.mark.parametrize("mailbox", [_mailbox, _ews], ids=["imap", "ews"])
def test_a_message_tells_how_it_was_judged_and_only_it_is_removed(lab: Lab, mailbox: Callable[[Lab], dict[str, Any]]) -> None:
    stays, goes = (f"{mailbox.__name__}{word}" for word in ("stays", "goes"))
    for token in (stays, goes):
        _send(lab, token, ALICE)
    (message,) = _read(lab, goes, mailbox=mailbox(lab))["messages"]
    assert (message["found"], message["auth_as"], message["removed"]) == (True, "Anonymous", False)
    assert (message["from"], message["to"], message["return_path"]) == (ALICE, [ALICE], ALICE)
    assert message["received"][0]["by"].startswith("ex01.corp.example")
    assert _read(lab, goes, "--check", mailbox=mailbox(lab), remove=True)["messages"][0]["removed"] is False
    removed = _read(lab, goes, mailbox=mailbox(lab), remove=True)
    assert (removed["messages"][0]["removed"], removed["changed"]) == (True, False)
    assert _read(lab, goes, mailbox=mailbox(lab), timeout=0)["missing"] == [goes]
    assert _read(lab, stays, mailbox=mailbox(lab), timeout=0)["missing"] == []


@pytest.mark.parametrize("mailbox", [_mailbox, _ews], ids=["imap", "ews"])
def test_word_that_a_group_refused_it_is_found_in_the_senders_mailbox(lab: Lab, mailbox: Callable[..., dict[str, Any]]) -> None:
    token = f"{mailbox.__name__}refused"
    _send(lab, token, EVERYONE, ALICE, sender=BOB)
    wanted = [
        {"id": "group", "mailbox": ALICE, "token": token, "to": EVERYONE, "ndr_in": BOB},
        {"id": "own", "mailbox": ALICE, "token": token, "to": ALICE, "ndr_in": BOB},
    ]
    mailboxes = [mailbox(lab), mailbox(lab, address=BOB, password="Bob-Pa55")]
    group, own = _read(lab, token, messages=wanted, mailboxes=mailboxes, remove=True)["messages"]
    assert (group["found"], group["ndr"]["recipient"], group["ndr"]["status"]) == (False, EVERYONE, "5.7.133")
    assert (own["found"], own["ndr"]) == (True, None)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"password": "not this one"}, [ALICE, "refused", "password"]),
        ({"host": "{subnet}.200"}, [ALICE, "{subnet}.200", "cannot be read over EWS", "Connection refused"]),
        ({"ca_path": None}, [ALICE, "certificate", "not trusted"]),
        ({"folder": "Nowhere"}, [ALICE, "Nowhere", "cannot be opened"]),
        ({"address": BOB}, [BOB, "cannot be read over EWS"]),
        ({"ews_url": "https://{subnet}.31:2443/elsewhere"}, [ALICE, "elsewhere", "404"]),
    ],
)
def test_a_mailbox_that_ews_does_not_open_is_named(lab: Lab, changed: dict[str, Any], words: list[str]) -> None:
    changed = {key: value.format(subnet=lab.subnet) if isinstance(value, str) else value for key, value in changed.items()}
    mailbox = _ews(lab, **{"username": ALICE, **changed})
    result = _read(lab, "tokenany", "-vvvv", messages=[{"mailbox": mailbox["address"], "token": "tokenany"}], mailbox=mailbox)
    assert result["status"] == "failed"
    assert all(word.format(subnet=lab.subnet) in result["msg"] for word in words), result["msg"]
    assert not [word for word in PASSWORDS if word in json.dumps(result)]


def test_several_bindings_at_once(lab: Lab) -> None:
    probes: list[dict[str, Any]] = [
        {"port": 1025, "server": "EX01"},
        {"port": 1587, "scenario": "tls_missing"},
        {"port": 1025, "tls_name": "relay.corp.example"},
        {"port": 1026},
        {"port": 1025, "send": True, "token": "tokenlist"},
    ]
    host = f"{lab.subnet}.31"
    result = _result(
        lab.task(
            "smtp_probe",
            {
                "mail_from": ALICE,
                "rcpt_to": ALICE,
                "ca_path": str(lab.state / "ca.pem"),
                "probes": [{"host": host, **probe} for probe in probes],
            },
            "--check",
        )
    )
    frontend, client, misnamed, nobody, sends = result["probes"]
    assert (frontend["outcome"], frontend["server"], frontend["policy"]["max_size"]) == ("accepted", "EX01", 37748736)
    assert "STARTTLS" in frontend["keywords"] and "STARTTLS" not in frontend["keywords_after_tls"]
    assert frontend["certificate"]["trusted"] and frontend["certificate"]["name_matches"]
    assert (client["scenario"], client["auth_after_tls"], client["certificate"]) == ("tls_missing", None, None)
    assert not any("STARTTLS" in line for line in client["transcript"] if ">" in line[:3])
    assert (misnamed["certificate"]["trusted"], misnamed["certificate"]["name_matches"]) == (True, False)
    assert "relay.corp.example is not among its names" in misnamed["tls_error"]
    assert nobody["outcome"] == "not_connected"
    assert sends["skipped"] and "transcript" not in sends


def test_a_probe_that_lacks_something_is_refused(lab: Lab) -> None:
    result = _result(lab.task("smtp_probe", {"probes": [{"host": f"{lab.subnet}.31", "mail_from": ALICE}]}))
    assert result["status"] == "failed" and "lacks rcpt_to" in result["msg"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"password": "not this one"}, [ALICE, "refused", "password"]),
        ({"host": "{subnet}.200"}, [ALICE, "{subnet}.200", "cannot be reached"]),
        ({"ca_path": None}, [ALICE, "certificate", "not trusted"]),
        ({"folder": "Nowhere"}, [ALICE, "Nowhere", "cannot be opened"]),
    ],
)
def test_a_mailbox_that_cannot_be_read_is_named(lab: Lab, changed: dict[str, Any], words: list[str]) -> None:
    changed = {key: value.format(subnet=lab.subnet) if isinstance(value, str) else value for key, value in changed.items()}
    result = _read(lab, "tokenany", "-vvvv", mailbox=_mailbox(lab, **changed))
    assert result["status"] == "failed"
    assert all(word.format(subnet=lab.subnet) in result["msg"] for word in words), result["msg"]


@pytest.mark.parametrize("address", [f"{ALICE}\r\nRCPT TO:<nobody@example.com>", "<nobody>", "no body@example.com"])
def test_an_address_that_could_end_its_command_is_refused(lab: Lab, address: str) -> None:
    result = _probe(lab, rcpt_to=address)
    assert result["status"] == "failed" and "Nothing was sent" in result["msg"]


def test_no_password_shows_at_any_verbosity(lab: Lab) -> None:
    for password in ("Alice-Pa55", "not this one"):
        run = lab.task(
            "mailbox_message",
            {"mailboxes": [_mailbox(lab, password=password)], "messages": [{"mailbox": ALICE, "token": "tokenany"}], "timeout": 0},
            "-vvvv",
        )
        shown = run.output + json.dumps(run.results)
        assert not [word for word in PASSWORDS if word in shown]
