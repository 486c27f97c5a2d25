# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a verification tries, laid out before anything is sent: test messages, doors that must be shut, and what should arrive where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Facts = Mapping[str, Any]
EACH_SERVER = ("notification", "invitation")
ONCE = ("alert_confirmation", "alert", "workflow")


def tests_to_send(
    farm: Facts, recipients: Sequence[Facts], scenarios: Sequence[str], alert_list: str = "", workflow_list: str = ""
) -> list[dict[str, Any]]:
    """Options of ``test_message`` for each test, with the ``server`` it is sent through.

    ``farm`` is that of ``farm_info``. What w3wp sends is tried through every server of the farm; what the timer job sends, once. A
    notification goes to the first mailbox among the recipients, an invitation to the last. A server whose address is not known is left
    out. Raises ValueError when no recipient is a mailbox.
    """
    mailboxes = _mailboxes(recipients)
    servers = [(str(server["name"]), str(server["addresses"][0])) for server in farm["servers"] if server.get("addresses")]
    to = {"notification": mailboxes[0], "invitation": mailboxes[-1]}
    lists = {"alert": alert_list, "workflow": workflow_list}
    tests: list[dict[str, Any]] = [
        {"kind": kind, "server": name, "web_address": address, "to": [to[kind]]}
        for name, address in servers
        for kind in EACH_SERVER
        if kind in scenarios
    ]
    for kind in ONCE:
        if kind in scenarios and servers:
            chosen = {"list": lists[kind]} if lists.get(kind) else {}
            tests.append({"kind": kind, "server": "farm", "web_address": servers[0][1], **chosen})
    return tests


def doors_to_try(
    servers: Sequence[Facts],
    connectors: Sequence[Facts],
    recipients: Sequence[Facts],
    *,
    connector_name: str,
    port: int,
    outside: str,
    spoof: bool = False,
    relays: Sequence[Facts] = (),
) -> list[dict[str, Any]]:
    """Probes of ``smtp_probe`` for what no unlisted host may do: the farm's port, every port of the connector that was made, and of relays.

    ``servers`` have ``name`` and ``host``; ``connectors`` are those of ``exchange_receive_connector_info``; ``outside`` is a recipient
    of another domain; ``spoof`` also tries to send as a colleague; ``relays`` are those of ``iis_smtp_relay_info``, each with the
    ``host`` where it is reached. Raises ValueError when no recipient is a mailbox.
    """
    mailboxes = _mailboxes(recipients)
    doors: list[dict[str, Any]] = [
        {"server": relay["server"], "host": relay["host"], "scenario": "relay_unlisted", "port": port, "rcpt_to": outside}
        for relay in relays
        for port in sorted({int(binding["port"]) for binding in relay.get("bindings") or ()})
    ]
    for server in servers:
        door = {"server": server["name"], "host": server["host"]}
        doors.append({**door, "scenario": "unlisted_relay", "port": int(port), "rcpt_to": outside})
        for connector in _made(connectors, str(server["name"]), connector_name):
            for own in sorted({int(str(binding).rpartition(":")[2]) for binding in connector["bindings"]}):
                doors.append({**door, "scenario": "unlisted_connector", "port": own, "rcpt_to": outside})
                if connector.get("require_tls"):
                    doors.append({**door, "scenario": "tls_missing", "port": own, "rcpt_to": mailboxes[0], "starttls": False})
        if spoof:
            doors.append({**door, "scenario": "spoof", "port": int(port), "mail_from": mailboxes[-1], "rcpt_to": mailboxes[0]})
    return doors


def messages_to_expect(tests: Iterable[Facts], recipients: Sequence[Facts], server_probes: Iterable[Facts] = ()) -> list[dict[str, Any]]:
    """Messages of ``mailbox_message``: for each test that was sent, the copy of each recipient whose mailbox can be read.

    ``tests`` are results of ``test_message``, ``server_probes`` of ``server_probe``. A group's copy is looked for at its ``member``; a
    report of non-delivery in the sender's mailbox, where that is among the recipients.
    """
    readable = {str(recipient["address"]) for recipient in recipients if not _is_group(recipient)}
    expected = []
    for sent in (result["sent"] for result in tests if result.get("sent")):
        for recipient in recipients:
            mailbox = str(recipient.get("member") or recipient["address"])
            if recipient["address"] not in sent["recipients"] or mailbox not in readable:
                continue
            message = {"id": f"{sent['process']} {sent.get('server') or ''} {recipient['address']}", "mailbox": mailbox}
            message.update(to=recipient["address"], token=sent["token"], sent=sent["time"])
            if sent.get("sender") in readable:
                message["ndr_in"] = sent["sender"]
            expected.append(message)
    for probe in server_probes:
        if any(attempt.get("accepted") for attempt in probe.get("mail") or ()):
            expected.append({"id": f"Send-MailMessage {probe['server']}", "mailbox": _mailboxes(recipients)[0], "token": probe["token"]})
    return expected


def _mailboxes(recipients: Iterable[Facts]) -> list[str]:
    found = [str(recipient["address"]) for recipient in recipients if recipient.get("kind", "mailbox") == "mailbox"]
    if not found:
        raise ValueError("no recipient is of kind mailbox: name the mailbox that test messages are for")
    return found


def _is_group(recipient: Facts) -> bool:
    return str(recipient.get("kind") or "").startswith("group_")


def _made(connectors: Iterable[Facts], server: str, name: str) -> Iterator[Facts]:
    """Exchange compares names without regard to case."""
    wanted = (server.casefold(), name.casefold())
    return (c for c in connectors if (str(c["server"]).casefold(), str(c["name"]).casefold()) == wanted)
