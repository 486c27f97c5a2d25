# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a verification tries: laid out from facts, before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.facts import (
    ConnectorFacts,
    ExchangeServerFacts,
    FarmFacts,
    RecipientFacts,
    RelayFacts,
)
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery import plan
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.rules.predict import predict
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.scenarios import scenarios_to_try
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.situation.facts import parse_situation
from tests.unit.delivery import by_hand

FARM: FarmFacts = {
    "servers": [
        {"name": "SP01", "addresses": ["192.0.2.11", "192.0.2.12"]},
        {"name": "SP02", "addresses": ["192.0.2.13"]},
        {"name": "SP03", "addresses": []},
    ]
}
ALICE, BOB, ALL = "alice@corp.example", "bob@corp.example", "all@corp.example"
PEOPLE: list[RecipientFacts] = [
    {"address": ALICE, "kind": "mailbox"},
    {"address": BOB, "kind": "mailbox"},
    {"address": ALL, "kind": "group_authenticated", "member": BOB},
    {"address": "partner@example.com", "kind": "external"},
]
CONNECTORS: list[ConnectorFacts] = [
    {"server": "EX01", "name": "SharePoint Mail", "bindings": ["0.0.0.0:25", "[::]:25", "0.0.0.0:2600"], "require_tls": True},
    {"server": "EX01", "name": "Default Frontend EX01", "bindings": ["0.0.0.0:25"], "require_tls": False},
    {"server": "EX02", "name": "SharePoint mail", "bindings": ["0.0.0.0:26"], "require_tls": False},
]
SERVERS: list[ExchangeServerFacts] = [{"name": "EX01", "host": "192.0.2.21"}, {"name": "ex02", "host": "192.0.2.22"}]


def test_w3wp_is_tried_on_every_server_whose_address_is_known_and_the_timer_job_once() -> None:
    tests = plan.tests_to_send(FARM, PEOPLE, ["notification", "invitation", "alert", "server_mail"], alert_list="Mail test")
    assert [(t["kind"], t["server"], t["web_address"], t.get("to"), t.get("list")) for t in tests] == [
        ("notification", "SP01", "192.0.2.11", [ALICE], None),
        ("invitation", "SP01", "192.0.2.11", [BOB], None),
        ("notification", "SP02", "192.0.2.13", [ALICE], None),
        ("invitation", "SP02", "192.0.2.13", [BOB], None),
        ("alert", "farm", "192.0.2.11", None, "Mail test"),
    ]


def test_a_relay_is_a_door_at_each_of_its_ports() -> None:
    relay: RelayFacts = {
        "server": "SP02",
        "host": "192.0.2.13",
        "bindings": [{"address": "", "port": 2600}, {"address": "192.0.2.13", "port": 25}],
    }
    doors = plan.doors_to_try(SERVERS, [], PEOPLE, connector_name="SharePoint mail", port=25, outside="nobody@example.com", relays=[relay])
    assert [(d["server"], d["host"], d["port"], d["rcpt_to"]) for d in doors if d["scenario"] == "relay_unlisted"] == [
        ("SP02", "192.0.2.13", 25, "nobody@example.com"),
        ("SP02", "192.0.2.13", 2600, "nobody@example.com"),
    ]


def test_every_port_of_the_connector_that_was_made_is_a_door() -> None:
    needs = {"spoof_refused": True}
    doors = plan.doors_to_try(
        SERVERS, CONNECTORS, PEOPLE, connector_name="SharePoint mail", port=25, outside="nobody@example.com", needs=needs
    )
    assert [(d["scenario"], d["server"], d["port"], d["rcpt_to"]) for d in doors] == [
        ("unlisted_relay", "EX01", 25, "nobody@example.com"),
        ("unlisted_connector", "EX01", 25, "nobody@example.com"),
        ("unlisted_connector", "EX01", 2600, "nobody@example.com"),
        ("tls_missing", "EX01", 25, ALICE),
        ("tls_missing", "EX01", 2600, ALICE),
        ("spoof", "EX01", 25, ALICE),
        ("unlisted_relay", "ex02", 25, "nobody@example.com"),
        ("unlisted_connector", "ex02", 26, "nobody@example.com"),
        ("spoof", "ex02", 25, ALICE),
    ]
    assert all(d["starttls"] is False for d in doors if d["scenario"] == "tls_missing")


def test_each_readable_copy_is_awaited_where_it_arrives() -> None:
    alert = {"process": "owstimer", "server": "SP01", "token": "tok1", "time": "2026-01-01T00:00:00Z", "sender": "sharepoint@corp.example"}
    shared = {"process": "w3wp", "server": "SP02", "token": "tok2", "time": "2026-01-01T00:00:01Z", "sender": ALICE, "recipients": [BOB]}
    tests: list[dict[str, Any]] = [
        {"sent": {**alert, "recipients": [ALICE, ALL, "stranger@example.com"]}},
        {"sent": shared},
        {"not_run": "no workflow"},
    ]
    probes: list[dict[str, Any]] = [
        {"server": "SP01", "token": "tok3", "mail": [{"accepted": True}]},
        {"server": "SP02", "token": "tok4", "mail": []},
        {"msg": "down"},
    ]
    expected = plan.messages_to_expect(tests, PEOPLE, probes)
    assert [(m["mailbox"], m.get("to"), m["token"], m.get("ndr_in")) for m in expected] == [
        (ALICE, ALICE, "tok1", None),
        (BOB, ALL, "tok1", None),
        (BOB, BOB, "tok2", ALICE),
        (ALICE, None, "tok3", None),
    ]


@pytest.mark.parametrize(
    ("people", "sharer", "invited"),
    [
        ([ALICE, BOB], "", BOB),
        ([ALICE, BOB], ALICE, BOB),
        ([BOB, ALICE], ALICE, BOB),
        ([BOB, ALICE], "Alice@corp.example", BOB),
        ([ALICE], ALICE, ALICE),
    ],
)
def test_who_is_invited_is_whom_the_invitation_is_predicted_for(people: list[str], sharer: str, invited: str) -> None:
    recipients: list[RecipientFacts] = [{"address": address, "kind": "mailbox"} for address in people]
    tests = plan.tests_to_send(FARM, recipients, ["invitation"], sharer=sharer)
    assert {address for test in tests for address in test["to"]} == {invited}
    cells = predict(parse_situation(**by_hand.situation_facts(recipients=recipients, sharer=sharer, needs={})))
    assert {cell.recipient for cell in cells if cell.id == "invitation"} == {invited}


def test_one_message_tries_all_scenarios_that_it_reaches() -> None:
    tests = plan.tests_to_send(FARM, PEOPLE, ["alert_external", "alert"])
    assert [(test["kind"], test["scenarios"]) for test in tests] == [("alert", ["alert", "alert_external"])]


def test_what_leaves_traces_is_tried_where_it_is_needed() -> None:
    least = scenarios_to_try({})
    assert {"notification", "alert", "server_mail"} <= set(least) and not {"invitation", "workflow", "unlisted_relay"} & set(least)
    assert set(scenarios_to_try({"workflow": True, "send_as_users": True})) - set(least) == {"workflow", "invitation"}


def test_a_scenario_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no scenario 'carrier_pigeon'"):
        plan.tests_to_send(FARM, PEOPLE, ["carrier_pigeon"])


def test_without_a_mailbox_there_is_nothing_to_plan() -> None:
    with pytest.raises(ValueError, match="kind mailbox"):
        plan.tests_to_send(FARM, [{"address": ALL, "kind": "group_permitted"}], ["alert"])
