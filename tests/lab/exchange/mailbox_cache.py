"""The mailbox information cache: what Exchange has looked up about who may send as whom, it believes for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tests.lab.clock import Clock

AGE_LIMIT = 120 * 60.0
"""Seconds: the default of the registry value ``Mailbox Cache Age Limit``, which is in minutes."""


class MailboxCache:
    """Answers by account and mailbox. One is believed for ``AGE_LIMIT`` from when it was looked up, however often it is asked for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[float, bool]] = {}
        self._lock = threading.Lock()

    def believes(self, account: str, mailbox: str, look_up: Callable[[], bool]) -> bool:
        """What is believed of the account and the mailbox (its distinguished name); looked up when nothing is, or not any more."""
        key = (account.lower(), mailbox.lower())
        with self._lock:
            known = self._known.get(key)
            if known is None or self._clock.now() - known[0] >= AGE_LIMIT:
                known = self._known[key] = (self._clock.now(), look_up())
            return known[1]
