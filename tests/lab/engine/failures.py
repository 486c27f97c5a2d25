"""Failures that a host shows on demand."""

from __future__ import annotations

import threading

SHELL_QUOTA = (
    "The WS-Management service cannot process the request. This user is allowed a maximum number of {0} concurrent shells, "
    "which has been exceeded. Close existing shells or raise the quota for this user."
)


class Failures:
    """What goes wrong on one host. Safe to change from any thread while the host runs; ``clear()`` ends everything."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        self._countdown: int | None = None
        self._action = ""
        self._answer_lost = False
        self._process_ends: int | None = None
        self._delay = 0.0
        self._no_shells: str | None = None

    def drop_connection(self, request: int = 1, action: str = "", answer_lost: bool = False) -> None:
        """Cuts the connection at the n-th WSMan request from now (1 is the next), once. ``action`` counts one kind only: ``Create``,
        ``Command``, ``Send``, ``Receive``, ``Signal`` or ``Delete``. The request is not carried out, unless ``answer_lost``: then
        it is, and only its answer gets lost.
        """
        with self._lock:
            self._countdown, self._action, self._answer_lost = request, action, answer_lost

    def end_processes(self, request: int = 1) -> None:
        """At the n-th Command from now the processes behind all shells of the host end, once, and the shells with them."""
        with self._lock:
            self._process_ends = request

    def delay_replies(self, seconds: float) -> None:
        """Every answer comes this many seconds later."""
        self._delay = seconds

    def refuse_shells(self, message: str = SHELL_QUOTA.format(5)) -> None:
        """New sessions are refused with WSMan fault ERROR_WSMAN_QUOTA_MAX_SHELLS and this text."""
        self._no_shells = message

    @property
    def delay(self) -> float:
        return self._delay

    @property
    def no_shells(self) -> str | None:
        return self._no_shells

    def process_ends(self, action: str) -> bool:
        """Counts one request."""
        with self._lock:
            if self._process_ends is None or action != "Command":
                return False
            self._process_ends -= 1
            if self._process_ends > 0:
                return False
            self._process_ends = None
            return True

    def cut(self, action: str) -> tuple[bool, bool]:
        """Counts one request. Returns whether its connection is to be cut, and whether the request is carried out all the same."""
        with self._lock:
            if self._countdown is None or self._action not in ("", action):
                return False, True
            self._countdown -= 1
            if self._countdown > 0:
                return False, True
            self._countdown = None
            return True, self._answer_lost
