"""The lab's own clock, which a test can advance: what lasts for hours on a real server need not last that long in a test."""

from __future__ import annotations

import threading
import time


class Clock:
    """Seconds that go by as everywhere, and can be made to pass at once. It never goes back."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds since some fixed moment."""
        return time.monotonic() + self._offset

    def advance(self, seconds: float) -> float:
        """Lets ``seconds`` pass; returns how many were made to pass so far. Raises ValueError for less than none."""
        if seconds < 0:
            raise ValueError(f"The clock does not go back by {-seconds} seconds.")
        with self._lock:
            self._offset += seconds
            return self._offset
