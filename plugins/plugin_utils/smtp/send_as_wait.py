# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting, by trying, until Exchange believes that an account may send as somebody: it tells so to nobody but those who try."""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from ..common.errors import MailError
from .envelope import Envelope
from .probe import Probe, ProbeResult

_NOT_YET = re.compile(r"5\.7\.60\b|5\.7\.1 .*permissions to send as", re.IGNORECASE)
"""Exchange 2016 and later, and 2013."""


@dataclasses.dataclass
class Tried:
    """What became of the tries as one mailbox. ``seconds`` from the start until one was taken; None while none was."""

    address: str
    seconds: float | None = None
    attempts: int = 0
    reply: str = ""

    def facts(self) -> dict[str, Any]:
        return {"address": self.address, "works": self.seconds is not None, **dataclasses.asdict(self)}


def message(account: str, sender: str, recipient: str) -> Envelope:
    """The message of a try, which says what it is for. Raises AddressError."""
    text = (
        f"A test of Send As: {account} sends this as {sender}, to test whether Exchange already allows it. Nobody needs to answer.\n\n"
        f"Sent by exchange_send_as of the Ansible collection sharepoint.mail."
    )
    return Envelope(sender, recipient, send=True, subject=f"Test of Send As: {account} as {sender}", text=text)


def wait_until_allowed(
    probe: Probe,
    envelopes: Sequence[Envelope],
    *,
    timeout: float,
    interval: float,
    progress: Callable[[str], None],
) -> list[Tried]:
    """Submits each message until it is taken, at most for ``timeout`` seconds, with ``interval`` seconds between the rounds.

    Raises MailError when the server does not take the logon, or refuses for a reason that waiting does not mend.
    """
    began = time.monotonic()
    tried = [Tried(envelope.mail_from) for envelope in envelopes]
    while True:
        for one, envelope in zip(tried, envelopes, strict=True):
            if one.seconds is None:
                _try(probe, one, envelope, began)
        waiting = [one.address for one in tried if one.seconds is None]
        left = began + timeout - time.monotonic()
        if not waiting or left <= 0:
            return tried
        progress(f"Waiting until Exchange applies Send As, {left:.0f} s left; still refused: {_some(waiting)}")
        time.sleep(min(interval, left))


def _try(probe: Probe, one: Tried, envelope: Envelope, began: float) -> None:
    result = probe.run(envelope)
    one.attempts += 1
    one.reply = result.reply or result.auth_error
    if result.outcome == "accepted":
        one.seconds = round(time.monotonic() - began, 1)
    elif not _may_pass(result, first=one.attempts == 1):
        door = f"{probe.host}:{probe.port}"
        what = one.reply or result.tls_error or next(iter(reversed(result.transcript)), "")
        doing = "could not be tried" if result.outcome == "not_connected" else f"was refused at {result.stage.upper()}"
        raise MailError(f"Sending as {one.address} through {door} {doing}: {what}.")


def _may_pass(result: ProbeResult, first: bool) -> bool:
    """Whether another try may end otherwise: an old answer, a server that is busy, or one that was there before."""
    if result.outcome == "not_connected":
        return not first and not result.auth_error
    return bool(_NOT_YET.search(result.reply)) or (result.stage != "auth" and result.reply.startswith("4"))


def _some(addresses: Sequence[str], most: int = 5) -> str:
    more = len(addresses) - most
    return ", ".join(addresses[:most]) + (f" and {more} more" if more > 0 else "")
