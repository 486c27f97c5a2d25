"""An Exchange organisation and the outside domain, started on addresses of their own for each test."""

from __future__ import annotations

import contextlib
import dataclasses
import imaplib
import itertools
import os
import smtplib
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.lab.clock import Clock
from tests.lab.directory import Directory, default_directory
from tests.lab.engine.cmdlets import Call, TerminatingError
from tests.lab.exchange.organisation import Organisation
from tests.lab.network import IMAPS_PORT, SMTP_PORT, Network
from tests.lab.outside import OutsideDomain
from tests.lab.pki import Authority
from tests.waiting import wait_for

_numbers = itertools.count(1)
DEADLINE = 30
"""Seconds after which something that was expected counts as never coming."""


@dataclasses.dataclass
class Session:
    """What a cmdlet needs of the engine's session."""

    user: str = "CORP\\ex_admin"
    host: str = "ex01"


@dataclasses.dataclass
class Ran:
    outputs: list[Any]
    errors: list[TerminatingError]
    warnings: list[str]


class World:
    """The organisation, the outside domain, and clients for them."""

    def __init__(self, network: Network, mutants: frozenset[str]) -> None:
        self.network = network
        self.directory: Directory = default_directory()
        self.pki = Authority(network)
        self.clock = Clock()
        self.exchange = Organisation(network, self.directory, self.pki, mutants, self.clock)
        self.outside = OutsideDomain(network, self.directory, self.pki)
        self.trust: ssl.SSLContext = self.pki.client_context()

    def run(self, name: str, **parameters: Any) -> Ran:
        """Runs a cmdlet with parameters converted by the cmdlet's own types, as the engine does."""
        session = Session()
        cmdlet = self.exchange.cmdlets(session)[name.lower()]
        types = cmdlet.types
        bound = {
            key: types[cmdlet.signature[key]["type"]](value) if cmdlet.signature[key]["type"] in types else value
            for key, value in parameters.items()
        }
        ran = Ran([], [], [])
        ran.outputs = list(cmdlet.implementation(Call(bound, session, ran.errors.append, ran.warnings.append)))
        return ran

    def connect(self, source: str, port: int = SMTP_PORT, server: str = "ex01") -> smtplib.SMTP:
        """An SMTP client at a host's address, after EHLO."""
        address = self.network.addresses.get(source, source)
        client = smtplib.SMTP(
            self.network.addresses[server], port, local_hostname=f"{source}.corp.example", source_address=(address, 0), timeout=DEADLINE
        )
        client.ehlo()
        return client

    def send(self, source: str, sender: str, recipients: list[str], subject: str, **where: Any) -> dict[str, tuple[int, bytes]]:
        """Sends a message; gives the recipients that were refused."""
        message = f"From: {sender}\r\nTo: {', '.join(recipients)}\r\nSubject: {subject}\r\n\r\nhello\r\n"
        with self.connect(source, **where) as client:
            return client.sendmail(sender, recipients, message)

    @contextlib.contextmanager
    def inbox(self, address: str) -> Iterator[imaplib.IMAP4_SSL]:
        account = self.directory.find(address)
        assert account is not None
        host = "mx" if address.endswith("outside.example") else "ex01"
        with imaplib.IMAP4_SSL(self.network.addresses[host], IMAPS_PORT, ssl_context=self.trust, timeout=DEADLINE) as client:
            client.login(address, account.password)
            client.select("INBOX")
            yield client

    def mail(self, address: str, subject: str) -> bytes:
        """The message with that subject, once it is there."""

        def look() -> bytes | None:
            with self.inbox(address) as client:
                found = client.uid("SEARCH", "SUBJECT", f'"{subject}"')[1][0].split()
                return client.uid("FETCH", found[0].decode(), "(BODY.PEEK[])")[1][0][1] if found else None

        return wait_for(look)

    def inbox_is_empty(self, address: str) -> bool:
        with self.inbox(address) as client:
            return client.uid("SEARCH", "ALL")[1] in ([b""], [None])

    def events(self, subject: str, server: str = "EX01", *, until: str) -> list[dict[str, Any]]:
        """Tracking events of a message on a server, once there is one of the kind ``until``."""

        def look() -> list[dict[str, Any]] | None:
            found = [dict(one.properties()) for one in self.run("Get-MessageTrackingLog", Server=server, MessageSubject=subject).outputs]
            return found if until in {event["EventId"] for event in found} else None

        return wait_for(look)


@contextlib.contextmanager
def running(*mutants: str) -> Iterator[World]:
    world = World(Network(f"127.{os.getpid() % 250 + 1}.{next(_numbers)}"), frozenset(mutants))
    world.outside.start()
    world.exchange.start()
    try:
        yield world
    finally:
        world.exchange.stop()
        world.outside.stop()


@pytest.fixture
def world() -> Iterator[World]:
    with running() as one:
        yield one


@pytest.fixture
def mutant() -> Callable[[str], contextlib.AbstractContextManager[World]]:
    return running
