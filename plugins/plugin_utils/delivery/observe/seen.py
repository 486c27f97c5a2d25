# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was seen of a test message, as evidence: each piece says who saw it, or what it was inferred from."""

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from typing import Any

from ..evidence import Evidence, inferred, observed
from ..rules.cell import Cell
from ..situation.facts import Situation
from .material import Facts, Material, Test, client_address


def job_evidence(test: Test, name: str) -> list[Evidence]:
    """The timer job's run. It says how the job ended, and nothing of the mail's fate."""
    if not name:
        return []
    by = f"history of {name}"
    if not test.job:
        return [observed("timer job", "no entry in its history", by)]
    job = test.job
    value = f"{job.get('status')} on {job.get('server')}, {job.get('started')} to {job.get('ended')}"
    return [observed("timer job", value + (f"; {job['error']}" if job.get("error") else ""), by)]


def log_evidence(test: Test, lines: tuple[Facts, ...], server: str) -> list[Evidence]:
    """Lines of SharePoint's log."""
    return [
        observed(
            f"SharePoint log, {line.get('process') or test.process}", line.get("message", ""), f"ULS of {line.get('server') or server}"
        )
        for line in lines
    ]


def probe_evidence(situation: Situation, material: Material) -> list[Evidence]:
    """What the controller was offered where the farm's mail goes: another vantage point than the farm's, and so only a hint."""
    targets = situation.mail_targets()
    for probe in material.probes:
        if probe.get("outcome") == "not_connected" or probe.get("port") != situation.port_at_exchange:
            continue
        if any(target.known_as(str(probe.get("server") or probe.get("host", ""))) for target in targets):
            asked = situation.farm.tls and situation.relay is None
            return [auth_offered(probe), *(_certificate(probe, situation) if asked else [])]
    return []


def auth_offered(probe: Facts) -> Evidence:
    """AUTH in the reply to EHLO, before and after STARTTLS."""
    before = " ".join(probe.get("auth_before_tls") or ()) or "none"
    after = probe.get("auth_after_tls")
    value = before if after is None else f"{before}; after STARTTLS {' '.join(after) or 'none'}"
    return observed("AUTH offered to the controller", value, seen_from(probe))


def seen_from(probe: Facts) -> str:
    return f"smtp_probe from {probe.get('client_address') or 'the controller'}"


def _certificate(probe: Facts, situation: Situation) -> list[Evidence]:
    certificate = probe.get("certificate") or {}
    if not certificate:
        return []
    names = ", ".join(map(str, certificate.get("names") or ())) or str(certificate.get("subject") or "none")
    until = f", valid until {certificate['not_after']}" if certificate.get("not_after") else ""
    value = f"{names}{until}; SharePoint asks for {situation.farm.smtp_server}"
    return [observed("names in the server's certificate", value, seen_from(probe))]


def trace_evidence(material: Material, trace: tuple[Facts, ...]) -> list[Evidence]:
    """Tracking events: what Exchange did with the message."""
    if material.events is None:
        return []
    if not trace:
        off = "" if material.subjects_logged else "; subjects are not logged on every server, so it may be among those without a subject"
        return [observed("message tracking", f"no event for this message{off}", "exchange_message_trace")]
    found = []
    for event in trace:
        parts = {
            "connector": event.get("connector_id"),
            "client": client_address(event),
            "for": event.get("recipients"),
            "status": event.get("recipient_status"),
            "at": event.get("timestamp"),
        }
        value = ", ".join(f"{name} {text}" for name, part in parts.items() if (text := _text(part)))
        found.append(
            observed(f"tracking: {event.get('event_id')} ({event.get('source')})", value, f"message tracking of {event.get('server')}")
        )
    return found


def connector_evidence(cell: Cell, situation: Situation, trace: tuple[Facts, ...]) -> list[Evidence]:
    """Tracking names the hub's connector; the one that took SharePoint's connection follows from the client's address and the rules."""
    clients = {client_address(event) for event in trace if event.get("event_id") == "RECEIVE"} - {""}
    if not clients:
        return []
    client = ", ".join(sorted(clients))
    senders = [host for host in situation.farm.servers if host.known_as(cell.server)]
    whose = f"{cell.server}'s"
    if situation.relay is not None:
        senders, whose = [situation.relay_host(situation.relay)], f"that of the relay on {situation.relay.server}"
    if any(clients & set(host.addresses) for host in senders):
        by = f"the rules, and client address {client} in message tracking, which is {whose}"
        return [inferred("connector used", reason.value, by) for reason in cell.prediction.reasons if reason.fact == "receive connector"]
    where = cell.server if situation.relay is None else f"the relay on {situation.relay.server}"
    value = f"not certain: Exchange saw {client}, which is not an address of {where} (a balancer, or another server that sent)"
    return [inferred("connector used", value, "client address in message tracking")]


def mailbox_evidence(message: Facts | None, mailbox: str) -> list[Evidence]:
    """Whether it arrived, what its headers tell, and what a report says of it."""
    by = f"mailbox {mailbox}"
    if message is None:
        return [observed("mailbox", "not looked into", by)]
    report = _report(message)
    if not message.get("found"):
        return [observed("mailbox", "not there at the timeout", by), *report]
    found = [observed("mailbox", f"there {message.get('seconds')} s after it was sent", by), *report]
    for name, label in (("from", "From"), ("return_path", "Return-Path")):
        if message.get(name):
            found.append(observed(label, message[name], by))
    for name, label in (("auth_as", "AuthAs"), ("auth_mechanism", "AuthMechanism"), ("auth_source", "AuthSource")):
        if message.get(name):
            found.append(observed(f"X-MS-Exchange-Organization-{label}", message[name], by))
    if message.get("auth_as"):
        internal = str(message["auth_as"]).casefold() == "internal"
        found.append(inferred("counts as authenticated", "yes" if internal else "no", "X-MS-Exchange-Organization-AuthAs"))
    for hop in message.get("received") or ():
        delay = "" if hop.get("seconds") is None else f", {hop['seconds']} s"
        found.append(observed("hop", f"{hop.get('from') or '?'} to {hop.get('by') or '?'}{delay}", f"Received header, {by}"))
    return found


def _report(message: Facts) -> list[Evidence]:
    report = message.get("ndr")
    if not report:
        return []
    value = f"{report.get('recipient')}: {report.get('status')} {report.get('diagnostic')}"
    return [observed("non-delivery report", value, f"report of {report.get('reporting_mta') or 'Exchange'} in the sender's mailbox")]


def sender_of(message: Mapping[str, Any] | None) -> str:
    """Address that a message came from, in lower case: its envelope's, or the From header's where delivery did not keep that."""
    if not message or not message.get("found"):
        return ""
    given = message.get("return_path") or message.get("from") or (message.get("headers") or {}).get("from") or ""
    return email.utils.parseaddr(str(given))[1].casefold()


def error_in(line: str) -> str:
    """The part of a line of SharePoint's log that tells the error. What stands before it (the subject) was written by people."""
    return line.rpartition("Error: ")[2]


def _text(value: Any) -> str:
    return ", ".join(str(part) for part in value if part) if isinstance(value, list | tuple) else str(value or "")
