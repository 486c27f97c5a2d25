"""Non-delivery reports (RFC 3464), as Exchange sends them to the envelope sender."""

from __future__ import annotations

import email.message
import email.utils
from collections.abc import Mapping
from email.mime.base import MIMEBase
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

from tests.lab.exchange import headers
from tests.lab.network import DOMAIN

SENDER = f"MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@{DOMAIN}"
"""The internal address that reports come from; its local part is the same in every organisation."""


def non_delivery_report(server: str, message_id: str, sender: str, original: bytes, failures: Mapping[str, str]) -> bytes:
    """The report for ``sender``. ``failures``: recipient to its ``550 5.x.y text``."""
    report = MIMEMultipart("report", report_type="delivery-status")
    report["From"] = email.utils.formataddr(("Microsoft Outlook", SENDER))
    report["To"] = sender
    report["Subject"] = f"Undeliverable: {headers.get(original, 'Subject')}"
    report["Date"] = email.utils.formatdate(localtime=True)
    report["Message-ID"] = message_id
    report["In-Reply-To"] = headers.get(original, "Message-ID")
    report["Auto-Submitted"] = "auto-replied"
    lines = "\n".join(f"{recipient}\n{server}\nRemote Server returned '{status}'" for recipient, status in failures.items())
    report.attach(MIMEText(f"Delivery has failed to these recipients or groups:\n\n{lines}\n", _charset="utf-8"))
    report.attach(_delivery_status(server, failures))
    attached = MIMEMessage(email.message_from_bytes(original.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"))
    report.attach(attached)
    return report.as_bytes(policy=report.policy.clone(linesep="\r\n"))


def _delivery_status(server: str, failures: Mapping[str, str]) -> MIMEBase:
    part = MIMEBase("message", "delivery-status")
    blocks: list[email.message.Message | str] = [_block({"Reporting-MTA": f"dns;{server}"})]
    for recipient, status in failures.items():
        code = status.split(" ", 2)[1]
        fields = {"Final-Recipient": f"rfc822;{recipient}", "Action": "failed", "Status": code, "Diagnostic-Code": f"smtp;{status}"}
        blocks.append(_block(fields))
    part.set_payload(blocks)
    return part


def _block(fields: Mapping[str, str]) -> email.message.Message:
    block = email.message.Message()
    for name, value in fields.items():
        block[name] = value
    return block
