# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""First predicted, then tried: a prediction survives JSON, and nothing that is read later changes it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import FactError
from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.facts import ProbeFacts
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.observe.material import Material, gather
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.report.text import matrix_lines, prediction_lines
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.report.verdict import tried, verify
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.routes.prediction import Foretold, foretell
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.rules.doors import Asked
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.situation.facts import Situation, parse_situation
from tests.unit.delivery import by_hand, relay_by_hand
from tests.unit.delivery.by_hand import ALICE, BOB

SECURED = [*by_hand.defaults(), by_hand.externally_secured("EX01"), by_hand.externally_secured("EX02")]
CONNECTORS = st.sampled_from([by_hand.defaults(), SECURED, [*by_hand.defaults(), by_hand.anonymous(relay=True)], []])
FARMS = st.builds(by_hand.farm, patched=st.booleans(), port=st.sampled_from([25, 26, 587]), tls=st.booleans())
MESSAGES = st.lists(
    st.builds(by_hand.message, st.sampled_from(["noteSP01", "alertword", "task"]), st.sampled_from([ALICE, BOB]), found=st.booleans()),
    max_size=4,
)
PROBES = st.lists(
    st.builds(
        by_hand.probe,
        st.sampled_from(["unlisted_relay", "unlisted_connector", "spoof", "tls_missing"]),
        st.sampled_from(["EX01", "EX02"]),
        st.sampled_from(["refused", "accepted", "not_connected"]),
        client_address=st.sampled_from(["10.0.0.99", "10.0.0.21", ""]),
    ),
    max_size=5,
)


def _workflow(recipient: str) -> dict[str, Any]:
    sent = {"token": "task", "subject": "Task task", "time": "2026-11-24T12:00:00+00:00", "server": "SP01", "error": ""}
    return {"kind": "workflow", "sent": {**sent, "recipients": [recipient], "process": "owstimer"}, "job": {"server": "SP01"}, "log": []}


TESTS = st.lists(
    st.sampled_from(
        [by_hand.notification("SP01"), by_hand.alert(), relay_by_hand.invitation(), _workflow(BOB), _workflow("stranger@corp.example")]
    ),
    max_size=4,
)


def _through_json(foretold: Foretold) -> Foretold:
    return Foretold.parse(json.loads(json.dumps(foretold.record())))


@settings(max_examples=30)
@given(FARMS, CONNECTORS, st.booleans(), TESTS, MESSAGES, PROBES)
def test_a_prediction_from_json_is_judged_as_the_one_that_was_made(
    farm: dict[str, Any],
    connectors: list[dict[str, Any]],
    through_relay: bool,
    tests: list[dict[str, Any]],
    messages: list[dict[str, Any]],
    probes: list[dict[str, Any]],
) -> None:
    common: dict[str, Any] = {"connectors": connectors, "recipients": by_hand.RECIPIENTS, "needs": by_hand.ALL_NEEDS, "sharer": ALICE}
    facts = relay_by_hand.situation_facts(**common) if through_relay else by_hand.situation_facts(farm=farm, **common)
    situation, material = parse_situation(**facts), gather(tests, messages, [], probes)
    foretold = foretell(situation, tried(situation, material))
    assert _through_json(foretold) == foretold
    assert verify(situation, material, foretold=_through_json(foretold)) == verify(situation, material)


def _situation(**changed: Any) -> Situation:
    return parse_situation(**by_hand.situation_facts(**{"recipients": by_hand.RECIPIENTS, "connectors": SECURED, **changed}))


def _cells(report: dict[str, Any], scenario: str) -> dict[str, dict[str, Any]]:
    return {entry["server"]: entry for entry in report["scenarios"] if entry["id"] == scenario}


def _predicted(report: dict[str, Any]) -> list[tuple[Any, ...]]:
    keys = ("id", "server", "recipient", "predicted", "decided_by")
    return [
        (*(entry[key] for key in keys), [piece for piece in entry["evidence"] if piece["part"] == "prediction"])
        for entry in report["scenarios"]
    ]


def _nothing() -> Material:
    return gather([], [], None, [])


def test_what_is_read_later_changes_no_prediction() -> None:
    before = parse_situation(**relay_by_hand.situation_facts(send_as=[], sharer=""))
    foretold = _through_json(foretell(before))
    later = parse_situation(
        **relay_by_hand.situation_facts(
            relay_by_hand.relay(running=False, queue=3),
            send_as=relay_by_hand.EVERYBODY_GRANTED,
            connectors=by_hand.defaults()[:1],
            sharer=BOB,
        )
    )
    material = gather([relay_by_hand.invitation(BOB)], [], [], [relay_by_hand.relay_probe("accepted", client_address="10.0.0.21")])
    assert _predicted(verify(later, material, foretold=foretold)) == _predicted(verify(before, _nothing(), foretold=foretold))


def test_whom_sharepoint_chose_is_one_of_those_who_were_predicted() -> None:
    situation = _situation(needs={"workflow": True})
    foretold = _through_json(foretell(situation))
    report = verify(situation, gather([_workflow(BOB)], [by_hand.message("task", BOB)], [], []), foretold=foretold)
    cell = _cells(report, "workflow")["SP01"]
    assert (cell["recipient"], cell["predicted"], cell["verdict"]) == (BOB, "delivered", "pass")


@pytest.mark.parametrize(("arrives", "observed", "cause"), [(True, "delivered", "not_predicted"), (False, "not_sent", "unknown")])
def test_with_what_nobody_predicted_nothing_agrees(arrives: bool, observed: str, cause: str) -> None:
    stranger = "stranger@corp.example"
    situation = _situation(needs={"workflow": True})
    material = gather([_workflow(stranger)], [by_hand.message("task", stranger, found=arrives)], [], [])
    report = verify(situation, material, foretold=foretell(situation))
    cell = _cells(report, "workflow")["SP01"]
    assert (cell["recipient"], cell["predicted"], cell["observed"]) == (stranger, "not_predicted", observed)
    assert (cell["verdict"], cell["cause_id"], report["verdict"]) == ("surprise", cause, "fail")
    assert any("not predicted" in line for line in matrix_lines(report))


def test_an_invitation_that_went_elsewhere_was_not_predicted() -> None:
    situation = _situation(needs=by_hand.ALL_NEEDS, sharer=ALICE)
    sent = relay_by_hand.invitation()
    sent["sent"]["recipients"] = ["stranger@corp.example"]
    report = verify(situation, gather([sent], [], [], []), foretold=foretell(situation))
    assert _cells(report, "invitation")["SP01"]["predicted"] == "not_predicted"
    # Without a prediction from before, it is predicted for whom it went to.
    later = verify(situation, gather([sent], [], [], []))
    cell = _cells(later, "invitation")["SP01"]
    assert (cell["recipient"], cell["predicted"]) == ("stranger@corp.example", "delivered")


def test_a_server_that_came_later_was_not_predicted() -> None:
    early = by_hand.farm()
    early["servers"] = early["servers"][:1]
    foretold = foretell(_situation(farm=early))
    probes = [by_hand.probe("spoof", "EX01", rcpt_to=ALICE)]
    report = verify(_situation(), gather([by_hand.notification("SP02")], [by_hand.message("noteSP02")], [], probes), foretold=foretold)
    assert _cells(report, "notification")["SP02"]["predicted"] == "not_predicted"
    # What was not tried there is not in the report at all.
    assert set(_cells(report, "alert")) == {"SP01"}
    assert _cells(report, "spoof")["EX01"]["predicted"] == "delivered"


def test_a_server_that_is_gone_was_predicted_and_not_tried() -> None:
    later = by_hand.farm()
    later["servers"] = later["servers"][:1]
    report = verify(_situation(farm=later), _nothing(), foretold=foretell(_situation()))
    assert _cells(report, "alert")["SP02"]["observed"] == "not_run"


def test_where_a_planned_probe_comes_from_decides_what_it_meets() -> None:
    planned: ProbeFacts = {
        "scenario": "unlisted_relay",
        "server": "EX01",
        "host": "ex01.corp.example",
        "port": 25,
        "rcpt_to": "nobody@example.com",
    }
    fates = {}
    for address in ("10.0.0.21", "10.0.0.99"):
        cells = foretell(_situation(), Asked([{**planned, "client_address": address}])).cells
        fates[address] = next(cell.prediction.outcome for cell in cells if (cell.id, cell.server) == ("unlisted_relay", "EX01"))
    assert fates == {"10.0.0.21": "delivered", "10.0.0.99": "refused"}


def test_a_planned_probe_of_a_relay_is_predicted_as_anybody_and_logged_on() -> None:
    offering = relay_by_hand.relay(authentication=["anonymous", "ntlm"], relay_authenticated=True)
    situation = parse_situation(**relay_by_hand.situation_facts(offering))
    planned: ProbeFacts = {
        "scenario": "relay_unlisted",
        "server": "SP01",
        "host": "sp01.corp.example",
        "port": 25,
        "client_address": "10.0.0.99",
    }
    cells = foretell(situation, Asked([planned])).cells
    assert next(cell.prediction.outcome for cell in cells if cell.id == "relay_unlisted") == "delivered"


def test_the_person_who_waits_sees_what_is_expected() -> None:
    record = foretell(_situation(connectors=by_hand.defaults())).record()
    title, header, _dashes, *rows = prediction_lines(record, "What arrives today")
    assert title == "What arrives today" and header.split() == ["scenario", "server", "predicted", "wanted", "needed"]
    assert len(rows) == len(record["cells"])
    assert next(row for row in rows if row.startswith("Immediate alert to a mailbox")).split()[-4:] == [
        "SP01",
        "not_sent",
        "delivered",
        "yes",
    ]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({}, "schema"),
        ({"schema": 99}, "schema"),
        ({"cells": [{"id": "carrier_pigeon"}]}, "carrier_pigeon"),
        ({"cells": None}, "is not valid"),
        ({"cells": [{}]}, "id"),
    ],
)
def test_what_is_no_prediction_is_refused(broken: dict[str, Any], said: str) -> None:
    record = {**foretell(_situation()).record(), **broken} if broken else {"something": "else"}
    with pytest.raises(FactError, match=said):
        Foretold.parse(record)


def test_an_outcome_that_is_none_is_refused() -> None:
    record = json.loads(json.dumps(foretell(_situation()).record()))
    record["cells"][0]["outcome"] = "perhaps"
    with pytest.raises(FactError, match="perhaps"):
        Foretold.parse({"prediction": record})
