"""Waits for what a test expects, and for no longer than that takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def wait_for(look: Callable[[], Found | None], seconds: float = 30) -> Found:
    """The first answer of ``look`` that is something; AssertionError when there is none within ``seconds``."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        answer = look()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"it did not come within {seconds:.0f} s")
