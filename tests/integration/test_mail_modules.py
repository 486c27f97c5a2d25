# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules that speak SMTP and IMAP themselves, run by ansible-playbook against the lab's servers."""

from __future__ import annotations

import json
import smtplib
from typing import Any

import pytest

from tests.integration.conftest import Lab, Run, StartLab

ALICE = "alice@corp.example"
PASSWORDS = ("Alice-Pa55", "Partner-Pa55", "not this one")


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


def test_a_message_tells_how_it_was_judged_and_only_it_is_removed(lab: Lab) -> None:
    for token in ("tokenstays", "tokengoes"):
        with smtplib.SMTP(f"{lab.subnet}.31", 1025) as client:
            client.sendmail(ALICE, [ALICE], f"From: {ALICE}\r\nTo: {ALICE}\r\nSubject: {token}\r\n\r\nx\r\n")
    (message,) = _read(lab, "tokengoes")["messages"]
    assert (message["found"], message["auth_as"], message["removed"]) == (True, "Anonymous", False)
    assert message["received"][0]["by"].startswith("ex01.corp.example")
    assert _read(lab, "tokengoes", "--check", remove=True)["messages"][0]["removed"] is False
    removed = _read(lab, "tokengoes", remove=True)
    assert (removed["messages"][0]["removed"], removed["changed"]) == (True, False)
    assert _read(lab, "tokengoes", timeout=0)["missing"] == ["tokengoes"]
    assert _read(lab, "tokenstays", timeout=0)["missing"] == []


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
