"""The lab's alerts on their way through a real mail server: Exchange hands them to Postfix, and they are read in Dovecot."""

from __future__ import annotations

import email
import json
import re
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.conftest import INVENTORY, ROOT, Lab, Run, StartLab
from tests.servers.conftest import PEOPLE
from tests.servers.dovecot import Dovecot
from tests.servers.postfix import ARCHIVE, DOMAIN, NAME, Postfix

PARTNER = f"partner@{DOMAIN}"


@pytest.fixture(scope="module")
def lab(start_lab: StartLab, smtp: Postfix) -> Lab:
    return start_lab("--outside", f"{smtp.address}:{smtp.port}")


@pytest.fixture(scope="module")
def verified(lab: Lab, imap: Dovecot, certificate: Path) -> tuple[Run, dict[str, Any]]:
    """The run of site.yml and its report; the outside recipient's mailbox is Dovecot's."""
    inventory = yaml.safe_load(INVENTORY.read_text(encoding="utf-8"))
    recipients = inventory["all"]["children"]["sharepoint"]["vars"]["verify_delivery_recipients"]
    place = {"host": imap.address, "port": imap.port, "password": PEOPLE[PARTNER], "ca_path": str(certificate / "client.pem")}
    report = lab.state / "report.json"
    run = lab.playbook(
        ROOT / "playbooks" / "site.yml",
        variables={
            "mail_route": "externally_secured",
            "verify_delivery_json_path": str(report),
            "verify_delivery_recipients": [{**one, **place} if one["address"] == PARTNER else one for one in recipients],
        },
    )
    assert report.exists(), run.output
    return run, json.loads(report.read_text(encoding="utf-8"))


def test_the_whole_verification_passes(verified: tuple[Run, dict[str, Any]]) -> None:
    run, report = verified
    assert run.code == 0, run.output
    assert report["verdict"] == "pass"


def test_the_external_alert_came_through_both_servers(verified: tuple[Run, dict[str, Any]], smtp: Postfix) -> None:
    run, report = verified
    external = [cell for cell in report["scenarios"] if cell["id"] == "alert_external" and cell["observed"] != "not_run"]
    assert external and {cell["observed"] for cell in external} == {"delivered"}
    found = [message for result in run.of("mailbox_message") for message in result["messages"] if message["mailbox"] == PARTNER]
    assert found, run.output
    for message in found:
        first, *_between, last = message["received"]
        assert ".corp.example" in first["by"] and last["by"].startswith(NAME)
    assert f"to=<{PARTNER}>, relay=virtual" in smtp.log.read_text(encoding="utf-8")


def test_what_a_stricter_server_looks_at_is_there(verified: tuple[Run, dict[str, Any]], imap: Dovecot, smtp: Postfix) -> None:
    log = smtp.log.read_text(encoding="utf-8")
    assert not re.search(r"(reject|warning|bounced|SMTP smuggling|pipelining)[^\n]*from [\w.-]*\[127\.\d+\.\d+\.3[12]\]", log)
    _run, report = verified
    delivered = [content for content in imap.raw(ARCHIVE) if f"To: {PARTNER}".encode() in content and b"corp.example" in content]
    assert len(delivered) >= len([cell for cell in report["scenarios"] if cell["id"] == "alert_external" and cell["observed"] != "not_run"])
    for content in delivered:
        # Postfix hands mail on with the line ends of its own machine.
        assert max(len(line) for line in content.splitlines()) <= 998, "RFC 5322, section 2.1.1"
        message: Message = email.message_from_bytes(content)
        head = content.partition(b"\n\n")[0]
        assert head.isascii(), "RFC 5322 without SMTPUTF8"
        for name in ("Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type"):
            assert len(message.get_all(name, [])) == 1, f"{name} in {head!r}"
