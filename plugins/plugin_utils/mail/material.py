# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was tried and seen, gathered from the results of other modules, registered as they are: alone, in loops, skipped or failed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.facts import Situation

Facts = Mapping[str, Any]


_PROCESSES = {"notification": "w3wp", "alert": "owstimer"}


@dataclasses.dataclass(frozen=True)
class Test:
    """A message sent through SharePoint. ``error`` is why it could not be, or what SharePoint said; ``log`` None: ULS was not read."""

    __test__ = False  # not a test class of pytest

    process: str
    server: str
    token: str
    subject: str
    time: str
    recipients: frozenset[str]
    job: Facts | None
    log: tuple[Facts, ...] | None
    error: str

    @classmethod
    def parse(cls, result: Facts) -> Test:
        """From a result of ``test_message``: the message's facts are in ``sent``; a failed task has only what it was asked for."""
        asked = (result.get("invocation") or {}).get("module_args") or {}
        wanted = {"process": _PROCESSES.get(str(asked.get("kind"))), "server": asked.get("web_address"), "recipients": asked.get("to")}
        facts = {**wanted, **result, **(result.get("sent") or {})}
        log = facts.get("log")
        message = "" if result.get("sent") else str(facts.get("msg") or "")
        return cls(
            process=str(facts.get("process") or ""),
            server=str(facts.get("server") or ""),
            token=str(facts.get("token") or ""),
            subject=str(facts.get("subject") or ""),
            time=str(facts.get("time") or ""),
            recipients=frozenset(str(address).casefold() for address in facts.get("recipients") or ()),
            job=facts.get("job") or None,
            log=None if log is None else tuple(log),
            error=str(facts.get("error") or message),
        )

    def reaches(self, recipient: str) -> bool:
        return not self.recipients or recipient.casefold() in self.recipients


@dataclasses.dataclass(frozen=True)
class Material:
    """All that was tried and seen. ``events`` None: message tracking was not read."""

    tests: tuple[Test, ...]
    messages: tuple[Facts, ...]
    events: tuple[Facts, ...] | None
    probes: tuple[Facts, ...]

    def message(self, test: Test, recipient: str) -> Facts | None:
        """What was seen in the recipient's mailbox; None when nobody looked."""
        wanted = (test.token, recipient.casefold())
        return next((m for m in self.messages if (str(m.get("token")), str(m.get("mailbox")).casefold()) == wanted), None)

    def trace(self, test: Test, recipient: str) -> tuple[Facts, ...]:
        """Tracking events of the message to that recipient, found by its token and followed by message id, in order of time."""
        events = self.events or ()
        ids = {event.get("message_id") for event in events if test.token and test.token in str(event.get("subject") or "")} - {None, ""}
        mine = (event for event in events if event.get("message_id") in ids and _concerns(event, recipient))
        return tuple(sorted(mine, key=lambda event: str(event.get("timestamp") or "")))

    def runner(self, test: Test, situation: Situation) -> str:
        """Name of the farm server that sent a test message: the timer job's history says it, else the address that Exchange saw."""
        if test.process != "owstimer":
            return test.server
        if test.job and test.job.get("server"):
            return str(test.job["server"])
        for recipient in test.recipients or frozenset({situation.mailbox}):
            addresses = {client_address(event) for event in self.trace(test, recipient)} - {""}
            for server in situation.farm.servers:
                if addresses & set(server.addresses):
                    return server.name
        return situation.farm.servers[0].name if situation.farm.servers else ""


def client_address(event: Facts) -> str:
    """The client that the frontend saw; the hub, which writes the event, sees the frontend as its client."""
    return str(event.get("original_client_ip") or event.get("client_ip") or "")


def gather(tests: Sequence[Facts], messages: Sequence[Facts], events: Sequence[Facts] | None, probes: Sequence[Facts]) -> Material:
    """Results as other tasks registered them: a loop's are unrolled, skipped ones (check mode) left out."""
    return Material(
        tests=tuple(Test.parse(result) for result in _results(tests)),
        messages=tuple(_members(messages, "messages")),
        events=None if events is None else tuple(_members(events, "events")),
        probes=tuple(_results(probes)),
    )


def _results(registered: Iterable[Facts]) -> Iterator[Facts]:
    for result in registered:
        if isinstance(result.get("results"), list):
            yield from _results(result["results"])
        elif not result.get("skipped"):
            yield result


def _members(registered: Iterable[Facts], key: str) -> Iterator[Facts]:
    """The entries themselves, or those that a whole result carries under ``key``."""
    for result in _results(registered):
        if isinstance(result.get(key), list):
            yield from result[key]
        elif not result.get("failed"):
            yield result


def _concerns(event: Facts, recipient: str) -> bool:
    recipients = event.get("recipients")
    addresses = [recipients] if isinstance(recipients, str) else recipients or []
    return not addresses or recipient.casefold() in (str(address).casefold() for address in addresses)
