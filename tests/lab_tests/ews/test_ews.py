"""The lab's mailboxes over Exchange Web Services, through exchangelib, and over IMAP: one store, two ways in.

Runs in the controller's environment, against a lab in a process and an environment of its own.
"""

from __future__ import annotations

import datetime
import imaplib
import os
import smtplib
import ssl
import sys
from collections.abc import Iterator
from email.header import Header
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from exchangelib import BASIC, DELEGATE, NTLM, Account, Configuration, Credentials  # noqa: E402  the path comes first
from exchangelib.errors import ErrorFolderNotFound, ErrorItemNotFound, ErrorNonExistentMailbox, UnauthorizedError  # noqa: E402  the path is set above
from exchangelib.protocol import BaseProtocol  # noqa: E402  the path is set above
from requests import PreparedRequest, Response  # noqa: E402  the path is set above
from requests.adapters import HTTPAdapter  # noqa: E402  the path is set above

from tests.demo.demo import BUILD, lab  # noqa: E402  the path is set above
from tests.waiting import wait_for  # noqa: E402  the path is set above

PASSWORDS = {"alice": "Alice-Pa55", "bob": "Bob-Pa55", "ex_admin": "Exchange-Pa55"}
SUBNET = f"127.{20 + os.getpid() % 70}.250"


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A running lab's authority."""
    state = tmp_path_factory.mktemp("lab")
    with lab(BUILD / "lab-venv" / "bin" / "python", state, "--subnet", SUBNET):
        authority = state / "ca.pem"

        class Trusting(HTTPAdapter):
            def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
                return super().send(request, *args, **{**kwargs, "verify": str(authority)})

        usual = BaseProtocol.HTTP_ADAPTER_CLS
        BaseProtocol.HTTP_ADAPTER_CLS = Trusting
        yield authority
        BaseProtocol.HTTP_ADAPTER_CLS = usual


def open_mailbox(name: str, mailbox: str = "", password: str = "", auth_type: str = BASIC) -> Account:
    configuration = Configuration(
        service_endpoint=f"https://{SUBNET}.31:2443/EWS/Exchange.asmx",
        credentials=Credentials(f"CORP\\{name}", password or PASSWORDS[name]),
        auth_type=auth_type,
    )
    return Account(f"{mailbox or name}@corp.example", config=configuration, autodiscover=False, access_type=DELEGATE)


def send(message: str, *recipients: str) -> None:
    with smtplib.SMTP(f"{SUBNET}.31", 1025, local_hostname="controller", timeout=30) as client:
        client.sendmail("sharepoint@corp.example", recipients, message.encode())


def by_imap(ca: Path, name: str, subject: str) -> list[tuple[str, bytes]]:
    """UID and content of the messages with that subject."""
    with imaplib.IMAP4_SSL(f"{SUBNET}.31", 1993, ssl_context=ssl.create_default_context(cafile=str(ca)), timeout=30) as client:
        client.login(f"{name}@corp.example", PASSWORDS[name])
        client.select("INBOX")
        uids = client.uid("SEARCH", "SUBJECT", f'"{subject}"')[1][0].decode().split()
        return [(uid, client.uid("FETCH", uid, "(BODY.PEEK[])")[1][0][1]) for uid in uids]


@pytest.mark.parametrize("auth_type", [BASIC, NTLM])
def test_a_message_is_found_by_subject_and_read(ca: Path, auth_type: str) -> None:
    subject = f"[token-{auth_type}] Größe <b>"
    head = "From: Farm <sharepoint@corp.example>\r\nTo: Alice <alice@corp.example>\r\nMessage-ID: <1@farm>\r\nX-AlertId: 4711\r\n"
    dated = f"Date: Mon, 05 Jan 2026 10:00:00 +0100\r\nSubject: {Header(subject, 'utf-8').encode()}\r\n"
    send(f"{head}{dated}Content-Type: text/plain; charset=utf-8\r\n\r\nbödy\r\n", "alice@corp.example")
    inbox = open_mailbox("alice", auth_type=auth_type).inbox
    found = wait_for(lambda: list(inbox.filter(subject__icontains=f"[TOKEN-{auth_type}]")) or None)
    assert [message.subject for message in found] == [subject]
    message = found[0]
    assert message.message_id == "<1@farm>" and message.sender is None and message.author.email_address == "sharepoint@corp.example"
    assert [(person.name, person.email_address) for person in message.to_recipients] == [("Alice", "alice@corp.example")]
    assert abs(message.datetime_received - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(minutes=5)
    assert message.datetime_sent == datetime.datetime(2026, 1, 5, 9, tzinfo=datetime.UTC)
    named = {header.name: header.value for header in message.headers}
    assert named["X-AlertId"] == "4711" and named["X-MS-Exchange-Organization-AuthAs"] == "Anonymous"
    assert "bödy" in message.text_body and not message.is_read


def test_what_exchangelib_and_imap_see_is_the_same(ca: Path) -> None:
    for number in range(3):
        send(f"To: bob@corp.example\r\nSubject: same {number}\r\nMessage-ID: <same{number}@farm>\r\n\r\nx\r\n", "bob@corp.example")
    inbox = open_mailbox("bob").inbox
    wait_for(lambda: True if inbox.filter(subject__contains="same ").count() == 3 else None)
    by_ews = {message.mime_content for message in inbox.filter(subject__contains="same ").only("mime_content")}
    assert by_ews == {content for _unused, content in by_imap(ca, "bob", "same ")}
    newest = list(inbox.filter(subject__startswith="same", datetime_received__gt=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)))
    assert len(newest) == 3
    assert [m.subject for m in inbox.all().order_by("-subject").only("subject")[:2]] == ["same 2", "same 1"]
    assert inbox.get(message_id="<same1@farm>").subject == "same 1"

    inbox.get(subject="same 0").delete()
    assert by_imap(ca, "bob", "same 0") == []
    with imaplib.IMAP4_SSL(f"{SUBNET}.31", 1993, ssl_context=ssl.create_default_context(cafile=str(ca)), timeout=30) as client:
        client.login("bob@corp.example", PASSWORDS["bob"])
        client.select("INBOX")
        client.uid("STORE", by_imap(ca, "bob", "same 1")[0][0], "+FLAGS", "(\\Deleted)")
        client.expunge()
    assert [message.subject for message in inbox.all().only("subject")] == ["same 2"]
    gone = inbox.get(subject="same 2")
    inbox.get(subject="same 2").delete()
    with pytest.raises(ErrorItemNotFound):
        gone.refresh()


def test_hostile_text_stays_text(ca: Path) -> None:
    send("From: a@corp.example\r\nSubject: hostile \x01 ]]> <m:x/> &amp; \x1b[31m\r\nX-Odd: \x02\r\n\r\n\x03\r\n", "alice@corp.example")
    found = wait_for(lambda: list(open_mailbox("alice").inbox.filter(subject__contains="hostile")) or None)
    assert "]]> <m:x/> &amp;" in found[0].subject and "\x01" not in found[0].subject
    assert b"\x01" in found[0].mime_content


def test_a_delivery_report_is_a_report(ca: Path) -> None:
    with smtplib.SMTP(f"{SUBNET}.31", 1025, local_hostname="controller", timeout=30) as client:
        client.sendmail("alice@corp.example", "everyone@corp.example", "Subject: for all\r\n\r\nx")
    inbox = open_mailbox("alice").inbox
    report = wait_for(lambda: next(iter(inbox.filter(subject="Undeliverable: for all")), None))
    assert report.item_class == "REPORT.IPM.Note.NDR" and b"5.7.133" in report.mime_content


def test_who_may_not_is_refused(ca: Path) -> None:
    with pytest.raises(UnauthorizedError):
        open_mailbox("alice", password="wrong").inbox.all().count()
    for account in (open_mailbox("alice", "bob"), open_mailbox("ex_admin", "alice")):
        with pytest.raises((ErrorNonExistentMailbox, ErrorFolderNotFound)):
            account.inbox.all().count()
