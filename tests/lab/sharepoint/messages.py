"""What SharePoint's mails look like. Headers of alerts: [MS-OSALER] section 4."""

from __future__ import annotations

import codecs
import datetime
import html
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from tests.lab.sharepoint.smtp import ADDRESS, Envelope
from tests.lab.sharepoint.web_application import UTF8, MailSettings

MAILER = "WSS (version 3)"


def compose(
    settings: MailSettings,
    display_name: str,
    to: Sequence[str],
    copies: Sequence[str],
    blind_copies: Sequence[str],
    subject: str,
    body: str,
    headers: Mapping[str, str],
) -> Envelope:
    """An HTML message from the web application's own address. Line breaks in headers become spaces: they cannot start new ones."""
    message = EmailMessage(policy=SMTP)
    message["X-Mailer"] = MAILER
    # A sender that is no address is refused when it comes to sending; a header cannot hold it.
    message["From"] = formataddr((_one_line(display_name), settings.sender if ADDRESS.fullmatch(settings.sender) else ""))
    if settings.reply_to:
        message["Reply-To"] = _one_line(settings.reply_to)
    message["To"] = ", ".join(to)
    if copies:
        message["Cc"] = ", ".join(copies)
    message["Subject"] = _one_line(subject)
    message["Date"] = format_datetime(datetime.datetime.now(datetime.UTC))
    for name, value in headers.items():
        message[name] = _one_line(value)
    message.set_content(body, subtype="html", charset=charset(settings.code_page), cte="8bit")
    return Envelope([*to, *copies, *blind_copies], _one_line(subject), message.as_bytes())


def charset(code_page: int) -> str:
    """Name of a Windows code page's character set; UTF-8 for one that is not known."""
    if code_page != UTF8:
        try:
            return codecs.lookup(f"cp{code_page}").name
        except LookupError:
            return "utf-8"
    return "utf-8"


def alert_body(list_title: str, item_title: str, event: str, url: str) -> str:
    title = html.escape(item_title)
    return (
        f'<html><body><p><a href="{html.escape(url)}">{title}</a> has been {event}</p>'
        f"<p>{html.escape(list_title)}</p><table><tr><td>Title:</td><td>{title}</td></tr></table></body></html>\n"
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
