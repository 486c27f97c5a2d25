# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a verification tries, laid out before anything is sent: test messages, doors that must be shut, and what should arrive where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..common.facts import ConnectorFacts, ExchangeServerFacts, FarmFacts, PlannedTestFacts, ProbeFacts, RecipientFacts
from ..common.registered import loop_item, results
from .needs import Needs
from .scenarios import SCENARIOS, Door, Mail, Scenario, chosen
from .situation.recipients import addresses_for

Facts = Mapping[str, Any]


def tests_to_send(
    farm: FarmFacts,
    recipients: Sequence[RecipientFacts],
    scenarios: Sequence[str],
    alert_list: str = "",
    workflow_list: str = "",
    sharer: str = "",
    declared: Sequence[Scenario] = SCENARIOS,
) -> list[PlannedTestFacts]:
    """Options of ``test_message`` for each test, with the ``server`` it is sent through and the ids of the ``scenarios`` that it tries.

    ``farm`` is that of ``farm_info``, ``sharer`` the address of the user who opens the site. Who is written to is whom predictions are
    about. A server whose address is not known is left out, and so is a scenario that nobody is the recipient of. Raises ValueError when
    no recipient is a mailbox, or an id is that of no scenario.
    """
    people = _people(recipients)
    servers = [(str(server["name"]), str(server["addresses"][0])) for server in farm["servers"] if server.get("addresses")]
    lists = {"alert": alert_list, "workflow": workflow_list}
    wanted = [(one, one.trial) for one in chosen(scenarios, declared) if isinstance(one.trial, Mail)]
    through_each, once = [[pair for pair in wanted if pair[1].once is flag] for flag in (False, True)]
    tests: list[PlannedTestFacts] = []
    for name, address in servers:
        for scenario, message in through_each:
            to = addresses_for(scenario.recipient, people, sharer)[:1]
            if to:
                tests.append({"kind": message.kind, "server": name, "web_address": address, "to": to, "scenarios": [scenario.id]})
    for kind in dict.fromkeys(message.kind for _unused, message in once) if servers else ():
        ids = [scenario.id for scenario, message in once if message.kind == kind]
        test: PlannedTestFacts = {"kind": kind, "server": "farm", "web_address": servers[0][1], "scenarios": ids}
        if lists.get(kind):
            test["list"] = lists[kind]
        tests.append(test)
    return tests


def doors_to_try(
    servers: Sequence[ExchangeServerFacts],
    connectors: Sequence[ConnectorFacts],
    recipients: Sequence[RecipientFacts],
    *,
    connector_name: str,
    port: int,
    outside: str,
    relays: Sequence[Mapping[str, Any]] = (),
    needs: Facts | None = None,
    declared: Sequence[Scenario] = SCENARIOS,
) -> list[ProbeFacts]:
    """Probes of ``smtp_probe`` for what no unlisted host may do: the farm's port, every port of the connector that was made, and of relays.

    ``servers`` have ``name`` and ``host``; ``connectors`` are those of ``exchange_receive_connector_info``; ``outside`` is a recipient
    of another domain; ``relays`` are results of ``iis_smtp_relay_info`` in a loop over hosts,
    or its ``relay`` with the ``host`` where it is reached. What is tried only where the farm needs it is decided by ``needs``.
    Raises ValueError when no recipient is a mailbox.
    """
    people = _people(recipients)
    wanted = Needs.parse(needs or {})
    tried = [(one, one.trial) for one in declared if isinstance(one.trial, Door) and one.is_tried(wanted)]

    def door(scenario: Scenario, server: str, host: str, port: int, *, starttls: bool = True) -> ProbeFacts:
        to = outside if scenario.recipient == "outside" else next(iter(addresses_for(scenario.recipient, people)), outside)
        probe: ProbeFacts = {"server": server, "host": host, "scenario": scenario.id, "port": port, "rcpt_to": to}
        if scenario.sender == "colleague":
            probe["mail_from"] = addresses_for("mailbox", people)[-1]
        if not starttls:
            probe["starttls"] = False
        return probe

    doors = [
        door(scenario, relay["server"], relay["host"], bound)
        for relay in map(_relay, results(relays))
        for bound in sorted({int(binding["port"]) for binding in relay.get("bindings") or ()})
        for scenario, _unused in tried
        if scenario.at == "relays"
    ]
    for server in servers:
        name, host = str(server["name"]), server["host"]
        made = list(_made(connectors, name, connector_name))
        for scenario, trial in tried:
            if scenario.at == "exchange" and not trial.made:
                doors.append(door(scenario, name, host, int(port)))
            for connector in made if scenario.at == "exchange" and trial.made else ():
                if connector.get("require_tls") or not trial.clear_text:
                    ports = sorted({int(str(binding).rpartition(":")[2]) for binding in connector["bindings"]})
                    doors += [door(scenario, name, host, own, starttls=not trial.clear_text) for own in ports]
    return doors


def messages_to_expect(
    tests: Iterable[Facts], recipients: Sequence[RecipientFacts], server_probes: Iterable[Facts] = ()
) -> list[dict[str, Any]]:
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
            expected.append(
                {
                    "id": f"Send-MailMessage {probe['server']}",
                    "mailbox": addresses_for("mailbox", _people(recipients))[0],
                    "token": probe["token"],
                }
            )
    return expected


def _people(recipients: Iterable[RecipientFacts]) -> list[tuple[str, str]]:
    """Kinds and addresses. Raises ValueError when none is a mailbox."""
    people = [(str(recipient.get("kind") or "mailbox"), str(recipient["address"])) for recipient in recipients]
    if not any(kind == "mailbox" for kind, _unused in people):
        raise ValueError("no recipient is of kind mailbox: add the mailbox that test messages are for")
    return people


def _relay(result: Mapping[str, Any]) -> dict[str, Any]:
    """A relay with the host where it is reached: the inventory's, over which a loop of iis_smtp_relay_info went."""
    relay: Mapping[str, Any] = result.get("relay") or result
    return {**relay, "host": relay.get("host") or loop_item(result) or relay["server"]}


def _is_group(recipient: RecipientFacts) -> bool:
    return str(recipient.get("kind") or "").startswith("group_")


def _made(connectors: Iterable[ConnectorFacts], server: str, name: str) -> Iterator[ConnectorFacts]:
    """Exchange compares names without regard to case."""
    wanted = (server.casefold(), name.casefold())
    return (c for c in connectors if (str(c["server"]).casefold(), str(c["name"]).casefold()) == wanted)
