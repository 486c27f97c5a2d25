"""A whole lab in one of its states, in this process, and what its people have received."""

from __future__ import annotations

import dataclasses
import email
import email.utils
import imaplib
import itertools
import os
import smtplib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.lab.exchange.tracking import Query
from tests.lab.network import IMAPS_PORT, SMTP_PORT
from tests.lab.sharepoint.timer import IMMEDIATE_ALERTS
from tests.lab.states import world_in
from tests.lab.world import Options, World
from tests.lab_tests.sharepoint.clients import Browser
from tests.waiting import wait_for

DEADLINE = 30
_numbers = itertools.count(1)


@dataclasses.dataclass
class Received:
    """A message in a mailbox: whose, the address that it was written to, and its headers."""

    mailbox: str
    to: str
    headers: email.message.Message


@dataclasses.dataclass
class Lab:
    """A world that serves."""

    world: World

    def browser(self, server: str, user: str) -> Browser:
        account = self.world.directory.find(user)
        assert account is not None
        return Browser(self.world.farm, server, user, account.password)

    def notify(self, server: str = "sp01", subject: str = "notification") -> None:
        """A mail to alice that the web server process sends."""
        with self.browser(server, "alice") as browser:
            assert browser.send_email("alice@corp.example", subject=subject).status == 200

    def alert(self, subject: str = "news") -> None:
        """A new item, and a run of the timer job to its end. A disabled job does not run."""
        with self.browser("sp01", "bob") as browser:
            assert browser.add_item(subject).status == 201
        for job in self.world.farm.jobs:
            if job.name == IMMEDIATE_ALERTS and job.application.name == "portal":
                self.world.farm.timer.start(job)
        self.world.farm.timer.wait()

    def settle(self) -> None:
        """Returns when the relays and Exchange have dealt with all they have taken: the relays' queues are empty, and Exchange's one
        queue has passed a message on that came last."""
        wait_for(lambda: all(machine.spool.lengths() == (0, 0) for machine in self.world.windows.machines.values()))
        subject = f"settled {next(_numbers)}"
        addresses = self.world.network.addresses
        with smtplib.SMTP(addresses["ex02"], SMTP_PORT, "stranger", DEADLINE, (addresses["stranger"], 0)) as client:
            client.sendmail("a@corp.example", "bob@corp.example", f"Subject: {subject}\r\n\r\nx")
        wait_for(lambda: self.received("bob@corp.example", subject))

    def received(self, mailbox: str, subject: str) -> list[Received]:
        account = self.world.directory.find(mailbox)
        assert account is not None
        host = "mx" if mailbox.endswith("outside.example") else "ex01"
        context = self.world.pki.client_context()
        with imaplib.IMAP4_SSL(self.world.network.addresses[host], IMAPS_PORT, ssl_context=context, timeout=DEADLINE) as client:
            client.login(mailbox, account.password)
            client.select("INBOX")
            uids = client.uid("SEARCH", "SUBJECT", f'"{subject}"')[1][0].decode().split()
            contents = [client.uid("FETCH", uid, "(BODY.PEEK[])")[1][0][1] for uid in uids]
        messages = [email.message_from_bytes(content) for content in contents]
        return [Received(mailbox, email.utils.parseaddr(str(message["To"]))[1], message) for message in messages]

    def delivered(self, subject: str) -> set[str]:
        """The addresses that a message with that subject was written to, and which has arrived with everybody it is for."""
        self.settle()
        found = {
            (one.mailbox.partition("@")[0], one.to.partition("@")[0])
            for mailbox in ("alice@corp.example", "bob@corp.example", "partner@outside.example")
            for one in self.received(mailbox, subject)
        }
        readers = {"alice": {"alice"}, "partner": {"partner"}, "everyone": {"alice", "bob"}, "board": {"bob"}}
        return {to for to, people in readers.items() if {(person, to) for person in people} <= found}

    def failures(self) -> dict[str, str]:
        """Recipients that Exchange gave up, and with what status."""
        failures: dict[str, str] = {}
        for log in self.world.organisation.state.tracking.values():
            log.index_lag = 0
            for event in log.search(Query(equal={"EventId": "FAIL"})):
                fields = event.properties()
                failures |= {to.partition("@")[0]: why for to, why in zip(fields["Recipients"], fields["RecipientStatus"], strict=True)}
        return failures

    def log(self, server: str = "sp01") -> str:
        """What SharePoint's log of a server says."""
        return "\n".join(entry.message for entry in self.world.farm.logs[server].read())


@pytest.fixture
def lab_in(tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    """Starts a lab in a state: ``lab_in("patched", mutants=frozenset())``."""
    with ExitStack() as stack:

        def start(state: str, **options: Any) -> Lab:
            subnet = f"127.{1 + os.getpid() % 250}.{200 + next(_numbers) % 50}"
            world = world_in(state, dataclasses.replace(Options(tmp_path / "lab", subnet), **options))
            world.start()
            stack.callback(world.stop)
            return Lab(world)

        yield start
