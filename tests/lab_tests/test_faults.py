"""Faults on order at the doors other than WinRM, and over the control server of a whole lab."""

from __future__ import annotations

import os
import smtplib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from requests_ntlm import HttpNtlmAuth

from tests.control import Control
from tests.demo.demo import BUILD, lab

SUBNET = f"127.{os.environ.get('LAB_NETWORK') or 100 + os.getpid() % 100}.180"
CONTROL = Control(f"{SUBNET}.1")
Ask = Callable[[], requests.Response]


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running lab's authority."""
    state: Path = tmp_path_factory.mktemp("lab")
    with lab(BUILD / "lab-venv" / "bin" / "python", state, "--subnet", SUBNET):
        yield str(state / "ca.pem")


@pytest.fixture(params=["rest", "ews"])
def door(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def ask(door: str, ca: str) -> Ask:
    """One request at that door, about something that is there."""

    def rest() -> requests.Response:
        headers = {"Host": "portal.corp.example:8443", "Accept": "application/json"}
        logon = HttpNtlmAuth("CORP\\alice", "Alice-Pa55")
        return requests.get(f"https://{SUBNET}.21:8443/_api/web", headers=headers, auth=logon, verify=ca, timeout=10)

    def ews() -> requests.Response:
        body = (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
            '<ResolveNames xmlns="http://schemas.microsoft.com/exchange/services/2006/messages"/></s:Body></s:Envelope>'
        )
        return requests.post(f"https://{SUBNET}.31:2443/EWS/Exchange.asmx", body, auth=("CORP\\alice", "Alice-Pa55"), verify=ca, timeout=10)

    return {"rest": rest, "ews": ews}[door]


ABOUT = {"rest": {"host": "sp01", "request": "GET", "about": "_api/web"}, "ews": {"host": "ex01", "about": "ResolveNames"}}


@pytest.mark.parametrize("when", ["before", "after"])
def test_no_answer(door: str, when: str, ask: Ask) -> None:
    with CONTROL.fault("lost", door=door, when=when, **ABOUT[door]), pytest.raises(requests.ConnectionError):
        ask()


def test_half_an_answer(door: str, ask: Ask) -> None:
    with CONTROL.fault("cut", door=door, when="after", **ABOUT[door]), pytest.raises(requests.exceptions.ChunkedEncodingError):
        ask()


def test_another_answer(door: str, ask: Ask) -> None:
    usual = ask()
    with CONTROL.faults(
        {"what": "html", "door": door, **ABOUT[door]},
        {"what": "status", "status": 502, "door": door, "nth": 2, **ABOUT[door]},
        {"what": "delay", "seconds": 0.2, "door": door, "nth": 3, "when": "after", **ABOUT[door]},
    ):
        page, refused = ask(), ask()
        started = time.monotonic()
        late = ask()
        waited = time.monotonic() - started
    assert page.status_code == 200 and page.headers["Content-Type"] == "text/html" and b"<html>" in page.content
    assert refused.status_code == 502
    assert waited >= 0.2 and late.content == usual.content


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    ("fault", "expected"),
    [({"what": "lost"}, None), ({"what": "status", "status": 452, "text": "4.3.1 Insufficient system resources"}, 452)],
)
def test_smtp(command: str, fault: dict[str, Any], expected: int | None, ca: str) -> None:
    with (
        smtplib.SMTP(f"{SUBNET}.31", 1025, timeout=10, source_address=(f"{SUBNET}.21", 0)) as client,
        CONTROL.faults({**fault, "door": "smtp", "host": "ex01", "request": command}),
    ):
        try:
            client.sendmail("sharepoint@corp.example", ["alice@corp.example"], "Subject: x\r\n\r\nx\r\n")
        except smtplib.SMTPServerDisconnected:
            assert expected is None
        except smtplib.SMTPRecipientsRefused as refused:
            assert [code for code, _text in refused.recipients.values()] == [expected]
        except smtplib.SMTPResponseException as refused:
            assert refused.smtp_code == expected
        else:
            raise AssertionError("it was sent")


def test_smtp_replies_late(ca: str) -> None:
    with (
        smtplib.SMTP(f"{SUBNET}.31", 1025, timeout=0.5, source_address=(f"{SUBNET}.21", 0)) as client,
        CONTROL.fault("delay", door="smtp", about="alice@corp.example", seconds=5),
        pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)),
    ):
        client.sendmail("sharepoint@corp.example", ["alice@corp.example"], "Subject: x\r\n\r\nx\r\n")


def test_one_server_of_two(ca: str) -> None:
    """A fault at the other server strikes nobody who asks this one."""
    declared = [{"what": "lost", "door": "smtp", "host": "ex02"}]
    assert CONTROL.ask("faults", declared)[0]["hits"] == 0
    with smtplib.SMTP(f"{SUBNET}.31", 1025, timeout=10) as client:
        assert client.docmd("EHLO", "x")[0] == 250 and client.mail("sharepoint@corp.example")[0] == 250
    assert CONTROL.ask("faults")[0]["met"] == 0
    assert CONTROL.ask("faults", []) == []
