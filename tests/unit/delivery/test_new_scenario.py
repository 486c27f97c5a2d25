# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios that the collection does not have: declared here, and nowhere else."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.facts import PlannedTestFacts
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery import plan
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.observe.material import gather
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.report.html import page
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.report.junit import junit
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.report.text import matrix_lines
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.report.verdict import verify
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.scenarios import (
    SCENARIOS,
    Door,
    Mail,
    Scenario,
    scenarios_to_try,
    selectable,
)
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.situation.facts import parse_situation
from tests.unit.delivery import by_hand
from tests.unit.delivery.by_hand import ALICE, BOB, PARTNER
from tests.unit.test_repository import ROOT

INVITATION_EXTERNAL = Scenario(
    "invitation_external",
    "Sharing invitation to an external user",
    "the same to an external user",
    process="w3wp",
    trial=Mail("invitation"),
    recipient="external",
    needs=frozenset({"external", "send_as_users"}),
    sender="sharer",
    where_needed=True,
)
SUBMISSION = Scenario(
    "unlisted_submission",
    "Unlisted host hands in mail for a colleague at the connector that was made",
    "to send to a colleague through the connector that was made",
    at="exchange",
    process="probe",
    trial=Door(made=True),
    recipient="mailbox",
    needs=frozenset(),
    want="refused",
)
DECLARED = (*SCENARIOS, INVITATION_EXTERNAL, SUBMISSION)
NEEDS = {"external": True, "send_as_users": True}
SECURED: Any = [*by_hand.defaults(), by_hand.externally_secured("EX01"), by_hand.externally_secured("EX02")]


def _sent(test: PlannedTestFacts, sender: str = ALICE) -> dict[str, Any]:
    token = f"{test['server']}{test['to'][0].partition('@')[0]}"
    sent = {"token": token, "subject": f"Test {token}", "time": "2026-11-24T12:00:00+00:00", "server": test["server"], "error": ""}
    return {"kind": test["kind"], "sent": {**sent, "recipients": test["to"], "process": "w3wp", "sender": sender}, "log": []}


def _report(*, needs: dict[str, bool], arrives: bool) -> dict[str, Any]:
    """What the plan lays out is tried, and all of it arrives but the mail to the partner, where that is not to."""
    facts = by_hand.situation_facts(recipients=by_hand.RECIPIENTS, needs=needs, connectors=SECURED, sharer=ALICE)
    tests = plan.tests_to_send(facts["farm"], facts["recipients"], ["invitation", "invitation_external"], sharer=ALICE, declared=DECLARED)
    sent = [_sent(test) for test in tests]
    messages = [
        {**by_hand.message(one["sent"]["token"], to, found=arrives or to != PARTNER), "to": to, "return_path": ALICE}
        for one in sent
        for to in one["sent"]["recipients"]
    ]
    doors = plan.doors_to_try(
        [{"name": name, "host": f"{name.lower()}.corp.example"} for name in ("EX01", "EX02")],
        SECURED,
        facts["recipients"],
        connector_name="SharePoint mail",
        port=25,
        outside="nobody@example.com",
        declared=DECLARED,
    )
    probes = [{**by_hand.probe(door["scenario"], door["server"]), **door} for door in doors]
    return verify(parse_situation(**facts), gather(sent, messages, [], probes, declared=DECLARED), DECLARED)


def _cells(report: dict[str, Any], scenario: str) -> list[tuple[Any, ...]]:
    keys = ("server", "recipient", "needed", "predicted", "observed", "verdict")
    return [tuple(entry[key] for key in keys) for entry in report["scenarios"] if entry["id"] == scenario]


@pytest.mark.parametrize("needs", [{"external": True}, NEEDS])
def test_a_message_is_predicted_tried_observed_and_reported(needs: dict[str, bool]) -> None:
    report = _report(needs=needs, arrives=True)
    needed = needs == NEEDS
    assert _cells(report, "invitation_external") == [
        ("SP01", PARTNER, needed, "delivered", "delivered", "pass"),
        ("SP02", PARTNER, needed, "delivered", "delivered", "pass"),
    ]
    # Another scenario of the same kind of message is not taken for it.
    assert {cell[1] for cell in _cells(report, "invitation")} == {BOB}


def test_its_loss_is_explained() -> None:
    report = _report(needs=NEEDS, arrives=False)
    lost = [entry for entry in report["scenarios"] if entry["id"] == "invitation_external"]
    assert [(entry["observed"], entry["verdict"]) for entry in lost] == [("not_sent", "surprise")] * 2
    assert all(entry["cause"] and entry["remedy"] for entry in lost)
    assert {entry["verdict"] for entry in report["scenarios"] if entry["id"] == "invitation"} == {"pass"}
    for shown in ("\n".join(matrix_lines(report)), junit(report), page(report)):
        assert INVITATION_EXTERNAL.name in shown


def test_a_door_is_predicted_tried_observed_and_reported() -> None:
    cells = _cells(_report(needs={}, arrives=True), "unlisted_submission")
    # What the controller meets at that port is Default Frontend, which takes mail for a colleague from anybody: the probe was refused.
    assert cells == [(server, ALICE, True, "delivered", "refused", "surprise") for server in ("EX01", "EX02")]


def test_it_can_be_chosen_and_is_tried_by_default_where_it_is_needed() -> None:
    assert "invitation_external" in selectable(DECLARED) and "unlisted_submission" not in selectable(DECLARED)
    assert "invitation_external" not in scenarios_to_try({"external": True}, DECLARED)
    assert "invitation_external" in scenarios_to_try(NEEDS, DECLARED)


def test_no_module_of_delivery_decides_by_the_id_of_a_scenario() -> None:
    ids = {scenario.id for scenario in SCENARIOS}
    found = [
        (path.name, constant.value)
        for path in (ROOT / "plugins" / "plugin_utils" / "delivery").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare)
        for constant in ast.walk(node)
        if isinstance(constant, ast.Constant) and constant.value in ids
    ]
    assert found == []
