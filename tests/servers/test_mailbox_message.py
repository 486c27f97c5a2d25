"""What mailbox_message finds in a Dovecot."""

from __future__ import annotations

import imaplib
import smtplib
import ssl
import threading
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Lab
from tests.servers.conftest import PEOPLE
from tests.servers.dovecot import Dovecot
from tests.servers.postfix import DOMAIN, NAME, Postfix
from tests.waiting import wait_for

PARTNER = f"partner@{DOMAIN}"
ALICE = "alice@corp.example"
GONE = "gone@elsewhere.example"
ANOTHER = f"later@{DOMAIN}"


def _send(smtp: Postfix, subject: str) -> None:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = ALICE, PARTNER, subject
    message.set_content("x")
    with smtplib.SMTP(smtp.address, smtp.port, local_hostname="controller.corp.example", timeout=20) as client:
        client.sendmail(ALICE, [PARTNER], message.as_bytes())


def _submit(smtp: Postfix, certificate: Path, subject: str, *options: str) -> None:
    """Sends as a person of the domain, to an address that does not exist elsewhere."""
    context = ssl.create_default_context(cafile=str(certificate / "client.pem"))
    with smtplib.SMTP(smtp.address, smtp.port, local_hostname="controller.corp.example", timeout=20) as client:
        client.starttls(context=context)
        client.login(PARTNER, PEOPLE[PARTNER])
        client.sendmail(PARTNER, [GONE], f"From: {PARTNER}\r\nTo: {GONE}\r\nSubject: {subject}\r\n\r\nx\r\n", options)


@pytest.fixture
def read(controller: Lab, imap: Dovecot, certificate: Path) -> Any:
    def run(*tokens: str, mailbox: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
        place = {
            "address": PARTNER,
            "host": imap.address,
            "port": imap.port,
            "password": PEOPLE[PARTNER],
            "ca_path": str(certificate / "client.pem"),
            **(mailbox or {}),
        }
        messages = [{"mailbox": PARTNER, "token": token} for token in tokens]
        run = controller.task("mailbox_message", {"mailboxes": [place], "messages": messages, "timeout": 20, **changed})
        (entry,) = run.results
        return {**entry["result"], "status": entry["status"]}

    return run


def test_a_message_that_a_probe_sent_is_found_with_its_way(controller: Lab, read: Any, smtp: Postfix, certificate: Path) -> None:
    arguments = {"host": smtp.address, "port": smtp.port, "ehlo": "controller.corp.example", "mail_from": ALICE, "rcpt_to": PARTNER}
    run = controller.task("smtp_probe", {**arguments, "ca_path": str(certificate / "client.pem"), "send": True, "token": "tokenprobe"})
    assert run.of("smtp_probe")[0]["sent"], run.output
    (message,) = read("tokenprobe")["messages"]
    assert message["found"] and message["subject"] == "smtp_probe tokenprobe"
    assert message["received"][0]["by"].startswith(NAME)
    assert message["headers"]["message-id"] and message["headers"]["date"]


def test_a_message_that_comes_while_waiting_is_found(read: Any, smtp: Postfix, imap: Dovecot) -> None:
    logons = imap.log.read_text(encoding="utf-8").count("Login: user=<")

    def send_when_somebody_waits() -> None:
        wait_for(lambda: imap.log.read_text(encoding="utf-8").count("Login: user=<") > logons)
        _send(smtp, "while waiting tokenwaiting")

    sender = threading.Thread(target=send_when_somebody_waits)
    sender.start()
    try:
        result = read("tokenwaiting")
    finally:
        sender.join()
    assert result["missing"] == []


def test_a_token_in_an_encoded_and_folded_subject_is_found(read: Any, smtp: Postfix) -> None:
    subject = "Aufgaben – Überprüfung der Rechnungen für die Geschäftsstelle, die heute abend fällig werden: tokenencoded wurde geändert"
    _send(smtp, subject)
    (message,) = read("tokenencoded")["messages"]
    assert (message["found"], message["subject"]) == (True, subject)


def test_a_missing_message_is_no_failure(read: Any) -> None:
    result = read("tokennever", timeout=1)
    assert (result["status"], result["missing"]) == ("ok", ["tokennever"])


@pytest.mark.parametrize("options", [(), ("RET=HDRS", "ENVID=x1")], ids=["whole message", "its headers"])
def test_a_non_delivery_report_is_understood(
    controller: Lab, smtp: Postfix, imap: Dovecot, certificate: Path, options: tuple[str, ...]
) -> None:
    token = f"tokengone{len(options)}"
    _submit(smtp, certificate, f"lost {token}", *options)
    place = {"host": imap.address, "port": imap.port, "ca_path": str(certificate / "client.pem")}
    mailboxes = [{**place, "address": address, "password": PEOPLE[address]} for address in (PARTNER, ANOTHER)]
    messages = [{"mailbox": ANOTHER, "to": GONE, "token": token, "ndr_in": PARTNER}]
    run = controller.task("mailbox_message", {"mailboxes": mailboxes, "messages": messages, "timeout": 20})
    (message,) = run.of("mailbox_message")[0]["messages"]
    assert not message["found"]
    assert (message["ndr"]["recipient"], message["ndr"]["status"]) == (GONE, "5.7.1")
    assert "Relay access denied" in message["ndr"]["diagnostic"]
    assert NAME in message["ndr"]["reporting_mta"] and smtp.address in message["ndr"]["remote_mta"]


def test_only_the_message_with_the_token_is_removed(read: Any, smtp: Postfix, imap: Dovecot, certificate: Path) -> None:
    for token in ("tokenmarked", "tokengoes", "tokenstays"):
        _send(smtp, token)
    assert read("tokenmarked", "tokengoes", "tokenstays")["missing"] == []
    context = ssl.create_default_context(cafile=str(certificate / "client.pem"))
    with imaplib.IMAP4_SSL(imap.address, imap.port, ssl_context=context, timeout=20) as client:
        client.login(PARTNER, PEOPLE[PARTNER])
        client.select()
        # Somebody else marked a message as deleted, and has not expunged it.
        found = client.search(None, "SUBJECT", "tokenmarked")[1][0].decode()
        client.store(found, "+FLAGS", r"(\Deleted)")
        result = read("tokengoes", remove=True)
        assert result["messages"][0]["removed"] is True
        client.noop()
        assert client.search(None, "SUBJECT", "tokenmarked", "DELETED")[1] != [b""]
        assert client.search(None, "SUBJECT", "tokenstays", "UNSEEN")[1] != [b""]
        assert client.search(None, "SUBJECT", "tokengoes")[1] == [b""]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"password": "not this one"}, ["refused", "password"]),
        ({"ca_path": None}, ["certificate", "not trusted"]),
        ({"folder": "Nowhere"}, ["Nowhere", "cannot be opened"]),
        ({"port": 2528}, ["cannot be reached"]),
    ],
)
def test_a_mailbox_that_cannot_be_read_is_named(read: Any, smtp: Postfix, changed: dict[str, Any], words: list[str]) -> None:
    result = read("tokenany", mailbox=changed, timeout=1)
    assert result["status"] == "failed"
    assert all(word in result["msg"] for word in [PARTNER, *words]), result["msg"]
