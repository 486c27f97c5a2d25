"""A server that runs in the foreground as a child of the tests, and is stopped with all its processes."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

LIFETIME = 900
"""Seconds after which a server is ended from outside, whatever became of the tests."""
START = 30.0


@contextlib.contextmanager
def daemon(command: Sequence[str], log: Path, listening: Sequence[tuple[str, int]]) -> Iterator[None]:
    """Runs ``command`` until the block ends; it is entered when every address in ``listening`` answers.

    Raises RuntimeError with the log's last lines when the server ends or does not answer in time.
    """
    with log.with_suffix(".out").open("wb") as output:
        # timeout(1) leads a process group of its own, and passes signals on to it; it outlives tests that are killed.
        process = subprocess.Popen(
            ["timeout", "--kill-after=5", str(LIFETIME), *command], stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0
        )
    try:
        deadline = time.monotonic() + START
        for address in listening:
            while not _answers(address):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{command[0]} does not answer on {address}; its last words:\n{_last_words(log)}")
                time.sleep(0.05)
        yield
    finally:
        _stop(process)


def _answers(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, 5).close()
    except OSError:
        return False
    return True


def _last_words(log: Path) -> str:
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in (log, log.with_suffix(".out")) if path.exists()]
    return "\n".join(texts)[-3000:]


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Asks the server to end, and ends its whole group when it does not."""
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
