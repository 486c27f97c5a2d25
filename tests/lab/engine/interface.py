"""What the WSMan front asks of a PowerShell engine: the lab's own (``shell``), or a real one (``tests.lab.pwsh``)."""

from __future__ import annotations

import uuid
from typing import Protocol

from tests.lab.engine.session import Session

RECEIVE_BYTES = 96 * 1024
"""Raw bytes in one Receive: 128 KiB as base64, within the smallest envelope that clients ask for (150 KiB)."""


class ShellClosed(Exception):
    """The shell ended while a request waited for it, or before."""


class OpenShell(Protocol):
    """One shell with its runspace pool. All methods may be called from any thread, and raise ShellClosed once it has ended."""

    id: str
    session: Session

    def create_pipeline(self, pipeline_id: uuid.UUID, data: bytes) -> None:
        """Takes the first fragments of a pipeline."""

    def feed(self, data: bytes, pipeline_id: uuid.UUID | None = None, prompt_response: bool = False) -> None:
        """Takes what a client sent: fragments for a pipeline, or for the pool. ``prompt_response``: they answer a host call."""

    def receive(self, pipeline_id: uuid.UUID | None, timeout: float) -> tuple[bytes, bool] | None:
        """What the pipeline (None: the pool) has to say, and whether that is all; None when ``timeout`` seconds pass without a word."""

    def signal(self, pipeline_id: uuid.UUID) -> None:
        """Stops a running pipeline; of one that has ended it frees what is left."""

    def wait(self, pipeline_id: uuid.UUID, seconds: float) -> None:
        """Returns when the pipeline has ended, or does not run, or that many seconds later."""

    def close(self) -> None:
        """Ends the session, and waits until it has ended."""


class Engine(Protocol):
    """Opens shells."""

    name: str
    """As a run tells it: ``own``, or ``PowerShell 7.6.9``."""

    def open(self, shell_id: str, session: Session, opening: bytes) -> OpenShell:
        """A new shell; ``opening`` holds the client's first fragments. Raises ShellClosed when the session does not start."""
