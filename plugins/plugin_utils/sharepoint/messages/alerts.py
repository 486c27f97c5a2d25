# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alerts on lists, read by cmdlets."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from ...common.errors import BadInput, RemoteError
from ...remoting.pipeline import cmdlet
from ...remoting.session import Session
from ..shell import farm

_HOW_TO_MAKE: Final = (
    "Create one once, in the browser: open a list (a small one for tests), tab List, Alert Me, Set alert on this list; Send Alerts "
    "To the people to test, Change Type 'New items are added', When to Send Alerts 'Send notification immediately'."
)


@dataclasses.dataclass(frozen=True)
class AlertedList:
    """A list with immediate alerts, and the addresses that they go to."""

    id: str
    title: str
    recipients: tuple[str, ...]


def alerted_list(session: Session, web_url: str, title: str | None) -> AlertedList:
    """The list named ``title``, or the first one, with immediate alerts about new items that are on and go to somebody by mail.

    Raises BadInput, saying how a person makes one, when there is none.
    """
    farm(session)  # loads the cmdlets where the session needs it
    alerts = cmdlet("Get-SPWeb", Identity=web_url).member("Alerts")
    walks = (("AlertFrequency",), ("Status",), ("EventType",), ("DeliveryChannels",), ("List", "ID"), ("List", "Title"), ("User", "Email"))
    try:
        answers = session.read(*(alerts.member(*walk) for walk in walks))
    except RemoteError as error:
        if "Cannot find an SPWeb" in error.reply:
            raise BadInput(f"The farm of {session.host} has no site {web_url} ({error.reply}) Nothing was sent.") from error
        raise
    if len({len(answer) for answer in answers}) != 1:
        raise RemoteError("the alerts changed while they were read", cmdlet="Get-SPWeb", host=session.host)
    usable: dict[str, list[tuple[str, str]]] = {}
    for frequency, status, events, channels, list_id, list_title, address in zip(*answers, strict=True):
        if (
            str(frequency) == "Immediate"
            and str(status) == "On"
            and (_flags(events) & {"All", "Add"})
            and "Email" in _flags(channels)
            and address
            and (title is None or str(list_title).casefold() == title.casefold())
        ):
            usable.setdefault(str(list_id), []).append((str(list_title), str(address)))
    for list_id, found in usable.items():
        return AlertedList(list_id, found[0][0], tuple(sorted({address for _unused, address in found})))
    which = "No list" if title is None else f"The list {title!r}"
    verb = "has" if title is None else "does not have"
    raise BadInput(
        f"{which} of {web_url} {verb} an immediate alert about new items that is enabled and has an e-mail address. "
        f"Nothing was sent. {_HOW_TO_MAKE}"
    )


def _flags(value: Any) -> set[str]:
    return {name.strip() for name in str(value or "").split(",")}
