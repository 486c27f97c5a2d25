# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a mailbox's protocol has to offer to those who wait for messages."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Set
from datetime import datetime
from typing import Protocol

from ..common.libraries import MailMessage


@dataclasses.dataclass(frozen=True)
class Arrived:
    """A message in a mailbox. ``key`` is its name there, ``time`` when the server took it, by its clock (whole seconds).

    ``remove`` removes this message and no other; it returns False when it could only be marked as deleted.
    """

    key: str
    message: MailMessage
    time: datetime | None
    remove: Callable[[], bool]

    @property
    def text(self) -> str:
        """Everything in it, to find a word in."""
        return f"{self.message.subject}\n{self.message.obj.as_bytes().decode('utf-8', 'replace')}"


class MailboxReader(Protocol):
    """A session with one mailbox, used by one thread. Its methods raise one of ``errors`` when the connection is lost."""

    errors: tuple[type[BaseException], ...]

    def has_news(self, tokens: Set[str]) -> bool:
        """Whether a message may be there that was not at the last call; true at the first. ``tokens`` are what is looked for."""

    def with_subject(self, token: str) -> Iterator[Arrived]:
        """Messages with ``token`` in their subject, newest first; at least their headers."""

    def reports(self, token: str) -> Iterator[Arrived]:
        """Whole messages that mention ``token`` and may be delivery status notifications."""

    def pause(self, seconds: float) -> None:
        """Waits, and keeps the session alive."""

    def close(self) -> None:
        """Ends the session; never raises."""
