# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test mail sent through SharePoint itself: a notification by w3wp, an alert by the timer service."""

from __future__ import annotations

import dataclasses
import datetime
import re
import secrets
import string
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import quote

from ansible_collections.sharepoint.mail.plugins.plugin_utils.moments import now
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.errors import BadInput, MailError
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.session import Session
from ansible_collections.sharepoint.mail.plugins.plugin_utils.sharepoint.alerts import AlertedList, AlertJob, alerted_list
from ansible_collections.sharepoint.mail.plugins.plugin_utils.sharepoint.web import Web, WebRefused

_TOKEN = re.compile(r"[A-Za-z0-9]{6,32}")
_TOKEN_LENGTH: Final = 12
_BODY: Final = "This message tests whether mail of SharePoint is delivered. Nobody needs to do anything."


@dataclasses.dataclass(frozen=True)
class Sent:
    """A test message. ``time`` is when it was asked for, by the controller's clock; ``error`` what SharePoint said against it."""

    token: str
    subject: str
    time: datetime.datetime
    server: str
    recipients: tuple[str, ...]
    process: str
    error: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self), "time": self.time.isoformat(), "recipients": list(self.recipients)}


def make_token(given: str | None) -> str:
    """The token asked for, or a new one that nobody can guess. Raises BadInput for one that is not 6 to 32 letters and digits."""
    if given is not None:
        if not _TOKEN.fullmatch(given):
            raise BadInput(f"token: {given!r} is not 6 to 32 letters and digits. Nothing was sent.")
        return given
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _unused in range(_TOKEN_LENGTH))


def addresses(given: Sequence[str]) -> list[str]:
    """Addresses of recipients. Raises BadInput for an empty list or what cannot be an address."""
    for address in given:
        local, at, domain = address.partition("@")
        if not (local and at and domain) or not address.isprintable() or any(letter in address for letter in " ,;<>"):
            raise BadInput(f"to: {address!r} is no e-mail address. Nothing was sent.")
    if not given:
        raise BadInput("to is empty: a notification needs a recipient. Nothing was sent.")
    return list(given)


def subject_of(token: str) -> str:
    """Subject of a notification, and title of the item of an alert, in whose subject SharePoint repeats it."""
    return f"SharePoint mail test {token}"


def send_notification(web: Web, recipients: Sequence[str], token: str) -> Sent:
    """Has the site's w3wp send a mail (SP.Utilities.Utility.SendEmail). SharePoint sends only to users of the site.

    An error that comes after the request was accepted as such (no recipient, no mail server) is ``Sent.error``.
    """
    subject = subject_of(token)
    properties = {
        "__metadata": {"type": "SP.Utilities.EmailProperties"},
        "To": {"__metadata": {"type": "Collection(Edm.String)"}, "results": list(recipients)},
        "Subject": subject,
        "Body": _BODY,
    }
    started = now()
    error = ""
    try:
        web.post("SP.Utilities.Utility.SendEmail", {"properties": properties})
    except WebRefused as refusal:
        if refusal.digest_refused or (refusal.status < 500 and "SPException" not in refusal.code):
            raise
        error = refusal.reply
    return Sent(token, subject, started, web.server, tuple(recipients), "w3wp", error)


def send_alert(
    session: Session, web: Web, title: str | None, token: str, timeout: float, progress: Callable[[str], None]
) -> tuple[Sent, dict[str, Any] | None]:
    """Adds an item to a list with immediate alerts, runs the job that sends them, removes the item.

    Returns the message and the job's run, None when none was seen within ``timeout`` seconds. Raises MailError; the item is removed
    in any case, and where that fails the error says which one is left.
    """
    web.get("web?$select=Title")  # who may not even look at the site is told so before any host is asked
    if title is not None:
        _entity_type(web, _by_title(title), title)  # an unknown list is told apart from one without alerts
    target = alerted_list(session, web.url, title)
    job = AlertJob(session, web.url)
    job.check()
    known = {run["started"] for run in job.history()}
    entity_type = _entity_type(web, _by_id(target), target.title)
    started = now()
    item = web.post(f"{_by_id(target)}/items", {"__metadata": {"type": entity_type}, "Title": subject_of(token)})
    try:
        job.start()
        run = job.wait(known, started, timeout, progress)
    except BaseException as error:  # whatever it is, what was made is removed first
        left = _remove(web, target, item)
        if isinstance(error, MailError):
            error.message += left
        raise
    left = _remove(web, target, item)
    if left:
        raise MailError(f"The test alert was asked for, but something of it is left.{left}")
    server = run["server"] if run else session.host
    return Sent(token, subject_of(token), started, server, target.recipients, "owstimer"), run


def _by_id(target: AlertedList) -> str:
    return f"web/lists(guid'{target.id.strip('{}')}')"


def _by_title(title: str) -> str:
    return "web/lists/getbytitle('{}')".format(quote(title.replace("'", "''"), safe=""))


def _entity_type(web: Web, path: str, title: str) -> str:
    try:
        return str(web.get(f"{path}?$select=Title,ListItemEntityTypeFullName").get("ListItemEntityTypeFullName") or "SP.ListItem")
    except WebRefused as refusal:
        if refusal.status == 404 or refusal.code.startswith(("-1, System.ArgumentException", "-2130575322", "-2147024809")):
            raise BadInput(
                f"{web.url} has no list {title!r} that {web.site.username} may see ({refusal.reply}). Nothing was sent."
            ) from refusal
        raise


def _remove(web: Web, target: AlertedList, item: dict[str, Any]) -> str:
    """Removes the item for good. Empty, or a sentence about what is left."""
    number = item.get("Id", item.get("ID"))
    try:
        web.post(f"{_by_id(target)}/items({int(str(number))})", headers={"X-HTTP-Method": "DELETE", "IF-MATCH": "*"})
    except (MailError, ValueError) as error:
        reason = error.message if isinstance(error, MailError) else "SharePoint did not tell its number"
        return (
            f" The item {number} that this task added to the list {target.title!r} of {web.url} could not be removed: {reason} "
            f"Remove it by hand."
        )
    return ""
