# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test mail sent through SharePoint itself: what all kinds have in common, and the notification."""

from __future__ import annotations

import dataclasses
import datetime
import re
import secrets
import string
from collections.abc import Sequence
from typing import Any, Final

from ...common.errors import BadInput
from ...common.moments import now
from ..product import Product
from .not_run import NotRun
from .web import Web, WebRefused

_TOKEN = re.compile(r"[A-Za-z0-9]{6,32}")
_TOKEN_LENGTH: Final = 12
_BODY: Final = "This message tests whether mail of SharePoint is delivered. Nobody needs to do anything."


@dataclasses.dataclass(frozen=True)
class Sent:
    """A test message. ``time`` is when it was asked for, by the controller's clock; ``error`` what SharePoint said against it.

    ``sender`` is the address that it should come from, None where the settings that decide it were not read.
    """

    token: str
    subject: str
    time: datetime.datetime
    server: str
    recipients: tuple[str, ...]
    process: str
    error: str = ""
    sender: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self), "time": self.time.isoformat(), "recipients": list(self.recipients)}


def make_token(given: str | None) -> str:
    """The token asked for, or a new one that nobody can guess. Raises BadInput for one that is not 6 to 32 letters and digits."""
    if given is not None:
        if not _TOKEN.fullmatch(given):
            raise BadInput(f"token: {given!r} is not 6 to 32 letters and digits. Nothing was sent.")
        return given
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _unused in range(_TOKEN_LENGTH))


def addresses(given: Sequence[str], option: str = "to") -> list[str]:
    """Addresses given in an option. Raises BadInput for an empty list or what cannot be an address."""
    for address in given:
        local, at, domain = address.partition("@")
        if not (local and at and domain) or not address.isprintable() or any(letter in address for letter in " ,;<>"):
            raise BadInput(f"{option}: {address!r} is not a valid e-mail address. Nothing was sent.")
    if not given:
        raise BadInput(f"{option} is empty: the message needs a recipient. Nothing was sent.")
    return list(given)


def subject_of(token: str) -> str:
    """Subject of a notification, and title of the item or document of other kinds, in whose subject SharePoint repeats it."""
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


def no_confirmation(product: Product) -> NotRun:
    """Why w3wp cannot be made to confirm an alert over the web."""
    if product.name in ("2013", "2016"):
        reason = (
            f"SharePoint {product.name} cannot create an alert over the web, and one that is created in a shell is "
            "confirmed by the shell's process."
        )
    else:
        reason = (
            f"SharePoint {product.name} creates alerts over its client object model (AlertCollection.Add), for which no REST address is "
            f"documented, and this module supports REST only."
        )
    return NotRun("no_alert_over_rest", f"{reason} Nothing was sent. The notification is sent by the same process, w3wp.")
