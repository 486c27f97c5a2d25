# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was tried and seen, gathered from the results of other modules, registered as they are: alone, in loops, skipped or failed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ...common.registered import members, results
from ..scenarios import SCENARIOS, Scenario
from ..situation.facts import Situation

Facts = Mapping[str, Any]
_AFTER_EXPANSION = ("EXPAND", "SEND", "DELIVER")


@dataclasses.dataclass(frozen=True)
class Test:
    """A message sent through SharePoint.

    ``error`` is why it could not be, or what SharePoint said; ``not_run`` why it cannot be tried on this farm, ``reason_id`` the same as
    a word; ``log`` None: ULS was not read.
    """

    __test__ = False  # not a test class of pytest

    kind: str
    process: str
    server: str
    token: str
    subject: str
    time: str
    recipients: frozenset[str]
    sender: str
    job: Facts | None
    log: tuple[Facts, ...] | None
    error: str
    not_run: str = ""
    reason_id: str = ""

    @classmethod
    def parse(cls, result: Facts, declared: Sequence[Scenario] = SCENARIOS) -> Test:
        """From a result of ``test_message``: the message's facts are in ``sent``; a failed task has only what it was asked for."""
        asked = (result.get("invocation") or {}).get("module_args") or {}
        wanted = {"kind": asked.get("kind"), "server": asked.get("web_address"), "recipients": asked.get("to")}
        facts = {**wanted, **result, **(result.get("sent") or {})}
        kind, process = _known(str(facts.get("kind") or ""), str(facts.get("process") or ""), declared)
        log = facts.get("log")
        message = "" if result.get("sent") or result.get("not_run") else str(facts.get("msg") or "")
        return cls(
            kind=kind,
            process=process,
            server=str(facts.get("server") or ""),
            token=str(facts.get("token") or "") if result.get("sent") else "",
            subject=str(facts.get("subject") or ""),
            time=str(facts.get("time") or ""),
            recipients=frozenset(str(address).casefold() for address in facts.get("recipients") or ()),
            sender=str(facts.get("sender") or ""),
            job=facts.get("job") or None,
            log=None if log is None else tuple(log),
            error=str(facts.get("error") or message),
            not_run=str(facts.get("not_run") or ""),
            reason_id=str(facts.get("reason_id") or ""),
        )

    def reaches(self, recipient: str) -> bool:
        return not self.recipients or recipient.casefold() in self.recipients

    def tries(self, scenario: Scenario, recipient: str) -> bool:
        """Whether this is the test of a scenario with that recipient."""
        return self.kind == scenario.message_kind and self.reaches(recipient)


def _known(kind: str, process: str, declared: Sequence[Scenario]) -> tuple[str, str]:
    """Kind and process of a test message, the one from the other where only one of them is told."""
    told = (kind, process)
    alike = (s for s in declared if s.message_kind and told in ((s.message_kind, s.process), (s.message_kind, ""), ("", s.process)))
    first = next(alike, None)
    return (kind or first.message_kind, process or first.process) if first else told


@dataclasses.dataclass(frozen=True)
class Material:
    """All that was tried and seen. ``events`` None: message tracking was not read. ``subjects_logged`` False: some server logs none."""

    tests: tuple[Test, ...]
    messages: tuple[Facts, ...]
    events: tuple[Facts, ...] | None
    probes: tuple[Facts, ...]
    server_probes: tuple[Facts, ...] = ()
    server_log: tuple[Facts, ...] = ()
    subjects_logged: bool = True

    def message(self, token: str, recipient: str, mailbox: str) -> Facts | None:
        """What was seen of the recipient's copy in a mailbox; None when nobody looked.

        Several copies may carry the token (a person's own, and that of a group the person belongs to): the To header tells them apart.
        """
        wanted = (token, mailbox.casefold())
        mine = [m for m in self.messages if (str(m.get("token")), str(m.get("mailbox")).casefold()) == wanted]
        copies = [m for m in mine if not m.get("found") or _addressed_to(m, recipient)]
        return next((m for m in copies if m.get("found")), next(iter(copies), None))

    def trace(self, test: Test, recipient: str, message: Facts | None = None, *, group: bool = False) -> tuple[Facts, ...]:
        """Tracking events of the message to that recipient, in order of time.

        It is found by its token, or by the id of the message that arrived, and followed by message id; what happens to the message of a
        ``group`` after the group was resolved is logged for its members. Reports about it are among the events.
        """
        events = self.events or ()
        ids = {event.get("message_id") for event in events if test.token and test.token in str(event.get("subject") or "")}
        arrived = str(((message or {}).get("headers") or {}).get("message-id") or "").strip()
        ids = (ids | {arrived}) - {None, ""} - {event.get("message_id") for event in events if _is_report(event)}
        received = [event for event in events if event.get("event_id") == "RECEIVE"]
        mine = {event.get("message_id") for event in received if _concerns(event, recipient)}
        ids -= {event.get("message_id") for event in received} - mine
        found = [
            event
            for event in events
            if event.get("message_id") in ids and (_concerns(event, recipient) or (group and event.get("event_id") in _AFTER_EXPANSION))
        ]
        known = ids | {event.get("internal_message_id") for event in found if event.get("internal_message_id")}
        found += [event for event in events if _is_report(event) and known & set(event.get("reference") or ())]
        return tuple(sorted(found, key=lambda event: str(event.get("timestamp") or "")))

    def lines(self, test: Test) -> tuple[Facts, ...]:
        """Lines of SharePoint's log about a test message, from its own result and from other servers' logs."""
        more = [line for line in self.server_log if test.token and test.token.casefold() in str(line.get("message") or "").casefold()]
        own = list(test.log or ())
        return (*own, *(line for line in more if line not in own))

    def runner(self, test: Test, situation: Situation) -> str:
        """Name of the farm server that sent a test message: the timer job's history says it, else the address that Exchange saw."""
        if test.process != "owstimer" or not test.token:
            return test.server
        if test.job and test.job.get("server"):
            return str(test.job["server"])
        # Through a relay all mail comes from the same address.
        for recipient in (test.recipients or frozenset({situation.mailbox})) if situation.relay is None else ():
            addresses = {client_address(event) for event in self.trace(test, recipient)} - {""}
            for server in situation.farm.servers:
                if addresses & set(server.addresses):
                    return server.name
        return situation.farm.servers[0].name if situation.farm.servers else ""

    def strangers(self, situation: Situation) -> frozenset[str]:
        """Addresses that Exchange saw as the client of the farm's mail, and that no SharePoint server has: a balancer's."""
        own = {address for server in situation.farm.servers for address in server.addresses}
        seen = {
            str(event.get("original_client_ip") or "")
            for test in self.tests
            for recipient in test.recipients
            for event in self.trace(test, recipient)
            if event.get("event_id") == "RECEIVE"
        }
        return frozenset(seen - {""} - own) if own else frozenset()

    def tracking_is_silent(self) -> bool:
        """Whether test messages arrived of which message tracking, though it was read, knows nothing."""
        if self.events is None or not self.subjects_logged:
            return False
        arrived = {str(message.get("token")) for message in self.messages if message.get("found")}
        tests = [test for test in self.tests if test.token and test.token in arrived]
        return bool(tests) and not any(self.trace(test, recipient) for test in tests for recipient in test.recipients)


def client_address(event: Facts) -> str:
    """The client that the frontend saw; the hub, which writes the event, sees the frontend as its client."""
    return str(event.get("original_client_ip") or event.get("client_ip") or "")


def gather(
    tests: Sequence[Facts],
    messages: Sequence[Facts],
    events: Sequence[Facts] | None,
    probes: Sequence[Facts],
    server_probes: Sequence[Facts] = (),
    server_log: Sequence[Facts] = (),
    declared: Sequence[Scenario] = SCENARIOS,
) -> Material:
    """Results as other tasks registered them: a loop's are unrolled, skipped ones (check mode) left out."""
    return Material(
        tests=tuple(Test.parse(result, declared) for result in results(tests)),
        messages=tuple(members(messages, "messages")),
        events=None if events is None else tuple(members(events, "events")),
        probes=tuple(results(probes)),
        server_probes=tuple(_with_question(result) for result in results(server_probes)),
        server_log=tuple(members(server_log, "log")),
        subjects_logged=all(
            flag is not False for result in results(events or ()) for flag in (result.get("subject_logging") or {}).values()
        ),
    )


def _with_question(result: Facts) -> Facts:
    asked = (result.get("invocation") or {}).get("module_args") or {}
    return {**{name: asked.get(name) for name in ("mail_from", "rcpt_to", "host", "port")}, **result}


def _addressed_to(message: Facts, recipient: str) -> bool:
    given = message.get("to")
    addresses = [given] if isinstance(given, str) else given or []
    return not addresses or recipient.casefold() in (str(address).casefold() for address in addresses)


def _is_report(event: Facts) -> bool:
    return str(event.get("event_id") or "").upper() == "DSN"


def _concerns(event: Facts, recipient: str) -> bool:
    recipients = event.get("recipients")
    addresses = [recipients] if isinstance(recipients, str) else recipients or []
    return not addresses or recipient.casefold() in (str(address).casefold() for address in addresses)
