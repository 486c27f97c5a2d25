"""What waiting adds to a delivery: from a message's arrival in the mailbox, as another session sees it, to the module's notice of it."""

from __future__ import annotations

import imaplib
import importlib
import smtplib
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.demo.demo import BUILD, lab
from tests.integration.conftest import LAB_PYTHON

importlib.import_module("tests.unit.conftest")  # it makes the collection importable

from ansible_collections.sharepoint.mail.plugins.plugin_utils.mailbox.watch import Mailbox, Wanted, await_messages  # noqa: E402  not importable before that

SUBNET = "127.97.1"
ALICE, PASSWORD = "alice@corp.example", "Alice-Pa55"
MESSAGES = 8
LIMIT = 1.0
"""Seconds that waiting may add to the slowest delivery."""
PROTOCOLS: dict[str, dict[str, Any]] = {"imap": {"port": 1993}, "ews": {"port": 2443, "auth": "basic"}}


@contextmanager
def arrivals(context: ssl.SSLContext) -> Iterator[list[float]]:
    """When the mailbox's server announced each new message to a session that does nothing but listen (RFC 2177)."""
    seen: list[float] = []
    client = imaplib.IMAP4_SSL(f"{SUBNET}.31", 1993, ssl_context=context)
    client.login(ALICE, PASSWORD)
    client.select()
    client.send(b"bench IDLE\r\n")
    client.readline()

    def listen() -> None:
        while not (line := client.readline()).startswith(b"bench "):
            if line.rstrip().endswith(b"EXISTS"):
                seen.append(time.monotonic())

    listener = threading.Thread(target=listen)
    listener.start()
    try:
        yield seen
    finally:
        client.send(b"DONE\r\n")
        listener.join(10)
        client.logout()


def delays(protocol: str, ca_path: Path) -> list[float]:
    """Seconds from arrival to notice, for each of several messages that come one after the other."""
    tokens = [f"{protocol}bench{number}" for number in range(MESSAGES)]
    noticed: dict[str, float] = {}
    described: dict[str, Any] = {"protocol": protocol, "ca_path": str(ca_path), **PROTOCOLS[protocol]}
    mailbox = Mailbox(address=ALICE, host=f"{SUBNET}.31", username=ALICE, password=PASSWORD, **described)
    started = threading.Event()

    def notice(one: Wanted) -> None:
        noticed.setdefault(one.token, time.monotonic())

    def send() -> None:
        started.wait(60)
        for number, token in enumerate(tokens):
            # Different moments within the module's round.
            time.sleep(0.6 + 0.07 * number)
            with smtplib.SMTP(f"{SUBNET}.31", 1025) as client:
                client.sendmail(ALICE, [ALICE], f"From: {ALICE}\r\nTo: {ALICE}\r\nSubject: {token}\r\n\r\nx\r\n")

    with arrivals(ssl.create_default_context(cafile=str(ca_path))) as seen:
        sender = threading.Thread(target=send)
        sender.start()
        await_messages(
            [mailbox],
            [Wanted(token, ALICE, token) for token in tokens],
            timeout=60,
            remove=False,
            progress=lambda *_counts: started.set(),
            noticed=notice,
        )
        sender.join()
        if len(noticed) < MESSAGES or len(seen) < MESSAGES:
            raise RuntimeError(f"{protocol}: {len(noticed)} of {MESSAGES} messages were noticed, {len(seen)} announced")
        return [noticed[token] - arrived for token, arrived in zip(tokens, seen, strict=False)]


def main() -> int:
    worst = 0.0
    with tempfile.TemporaryDirectory(dir=BUILD) as folder, lab(LAB_PYTHON, Path(folder) / "lab", "--subnet", SUBNET):
        for protocol in PROTOCOLS:
            measured = delays(protocol, Path(folder) / "lab" / "ca.pem")
            worst = max(worst, *measured)
            mean = sum(measured) / len(measured)
            print(f"waiting over {protocol}: noticed {mean:.3f} s after arrival on average, {max(measured):.3f} s at most")
    print(f"waiting adds {worst:.3f} s to the slowest delivery; the limit is {LIMIT:.1f} s")
    return 0 if worst < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
