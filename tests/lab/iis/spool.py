"""Mail that the relay has taken and not yet got rid of: the queue, and the badmail folder."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import threading
import time
from collections.abc import Sequence

from tests.lab.iis.files import Files
from tests.lab.iis.metabase import Effective

RETRY_SECONDS = 1.0
"""Between two attempts; a real server waits for the minutes that its settings name."""


@dataclasses.dataclass
class Queued:
    """A message and whom it still has to go to. ``path`` is its file; ``due`` and ``accepted`` are on the monotonic clock."""

    path: str
    sender: str
    recipients: list[str]
    content: bytes
    accepted: float
    due: float = 0.0
    attempts: int = 0


class Spool:
    """Survives the service. Its files lie in the folders that the settings name at the time."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._numbers = itertools.count(1)
        self._waiting: list[Queued] = []
        self._changed = threading.Condition()
        self.counters: collections.Counter[str] = collections.Counter()

    def add(self, settings: Effective, sender: str, recipients: Sequence[str], content: bytes) -> None:
        """Raises FileNotFoundError when the queue's folder is not there."""
        name = f"NTFS_{next(self._numbers):08x}01dc5e00000001.EML"
        path = f"{settings.text('QueueDirectory')}\\{name}"
        self._files.write(path, content)
        with self._changed:
            self._waiting.append(Queued(path, sender, list(recipients), content, time.monotonic()))
            self._changed.notify_all()

    def due(self, patience: float) -> list[Queued]:
        """What is to be tried now; waits at most so many seconds for something to come."""
        with self._changed:
            now = time.monotonic()
            ready = [one for one in self._waiting if one.due <= now]
            if not ready:
                self._changed.wait(patience)
            return ready

    def wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def later(self, message: Queued, recipients: Sequence[str]) -> None:
        """Keeps the message for those recipients."""
        message.recipients = list(recipients)
        message.attempts += 1
        message.due = time.monotonic() + RETRY_SECONDS
        self.counters["Retries"] += 1

    def done(self, message: Queued) -> None:
        with self._changed:
            self._waiting.remove(message)
        self._files.remove(message.path)

    def retry_now(self) -> None:
        """What waits for its next attempt is tried at once, as after a start of the service."""
        with self._changed:
            for message in self._waiting:
                message.due = 0.0

    def give_up(self, settings: Effective, message: Queued, reason: str) -> None:
        """Puts the message into the badmail folder. Without that folder it stays in the queue's, under another ending."""
        stem = message.path.rpartition("\\")[2].removesuffix(".EML")
        folder = settings.text("BadMailDirectory")
        told = f"Unable to deliver this message because the follow error was encountered: {reason}\r\n"
        try:
            self._files.write(f"{folder}\\{stem}.BAD", message.content)
            self._files.write(f"{folder}\\{stem}.BDR", told.encode())
            self._files.write(f"{folder}\\{stem}.BDP", b"")
        except FileNotFoundError:
            self._files.write(message.path.removesuffix(".EML") + ".BAD", message.content)

    def lengths(self) -> tuple[int, int]:
        """Messages that wait for their first attempt, and those that wait for another one."""
        with self._changed:
            retried = sum(1 for one in self._waiting if one.attempts)
            return len(self._waiting) - retried, retried
