"""What SharePoint's mails look like. Headers of alerts: [MS-OSALER] section 4."""

from __future__ import annotations

import codecs
import dataclasses
import datetime
import html
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from tests.lab.sharepoint.smtp import ADDRESS, Envelope
from tests.lab.sharepoint.web_application import MailSettings

MAILER = "WSS (version 3)"
CHARACTER_SETS = {
    874: "windows-874",
    932: "shift_jis",
    936: "gb2312",
    949: "euc-kr",
    950: "big5",
    20127: "us-ascii",
    20866: "koi8-r",
    50220: "iso-2022-jp",
    51932: "euc-jp",
    51949: "euc-kr",
    54936: "gb18030",
    65001: "utf-8",
}
"""Code pages whose name does not follow from their number."""


@dataclasses.dataclass(frozen=True)
class Sender:
    """Who a message is from: what stands in From, and the envelope's sender. ``reply_to`` empty: no such header."""

    name: str
    address: str
    reply_to: str = ""

    @classmethod
    def of(cls, settings: MailSettings, name: str) -> Sender:
        """The web application's own addresses, under a name."""
        return cls(name, settings.sender, settings.reply_to)


def compose(
    settings: MailSettings,
    sender: Sender,
    to: Sequence[str],
    copies: Sequence[str],
    blind_copies: Sequence[str],
    subject: str,
    body: str,
    headers: Mapping[str, str],
) -> Envelope:
    """An HTML message in the web application's character set. Line breaks in headers become spaces: they cannot start new ones."""
    message = EmailMessage(policy=SMTP)
    message["X-Mailer"] = MAILER
    # A sender that is no address is refused when it comes to sending; a header cannot hold it.
    message["From"] = formataddr((_one_line(sender.name), sender.address if ADDRESS.fullmatch(sender.address) else ""))
    if sender.reply_to:
        message["Reply-To"] = _one_line(sender.reply_to)
    message["To"] = ", ".join(to)
    if copies:
        message["Cc"] = ", ".join(copies)
    message["Subject"] = _one_line(subject)
    message["Date"] = format_datetime(datetime.datetime.now(datetime.UTC))
    for name, value in headers.items():
        message[name] = _one_line(value)
    encoding = charset(settings.code_page)
    # A character that the set does not have becomes a question mark, as .NET's encodings do it.
    message.set_content(body.encode(encoding, "replace").decode(encoding), subtype="html", charset=encoding, cte="8bit")
    return Envelope(sender.address, [*to, *copies, *blind_copies], _one_line(subject), message.as_bytes())


def charset(code_page: int) -> str:
    """Internet name of a Windows code page's character set (Code Page Identifiers); UTF-8 for one that is not known."""
    name = CHARACTER_SETS.get(code_page) or (f"windows-{code_page}" if 1250 <= code_page <= 1258 else f"iso-8859-{code_page - 28590}")
    try:
        codecs.lookup(name)
    except LookupError:
        return "utf-8"
    return name


def alert_body(list_title: str, item_title: str, event: str, url: str) -> str:
    title = html.escape(item_title)
    return (
        f'<html><body><p><a href="{html.escape(url)}">{title}</a> has been {event}</p>'
        f"<p>{html.escape(list_title)}</p><table><tr><td>Title:</td><td>{title}</td></tr></table></body></html>\n"
    )


def task_body(task: str, assigned_to: str, url: str) -> str:
    title = html.escape(task)
    return (
        f'<html><body><p>Task assigned to {html.escape(assigned_to)}: <a href="{html.escape(url)}">{title}</a></p>'
        f"<table><tr><td>Title:</td><td>{title}</td></tr></table></body></html>\n"
    )


def invitation_body(inviting: str, title: str, text: str, url: str) -> str:
    return (
        f"<html><body><p>{html.escape(text)}</p>"
        f'<p>{html.escape(inviting)} has shared <a href="{html.escape(url)}">{html.escape(title)}</a> with you.</p></body></html>\n'
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
