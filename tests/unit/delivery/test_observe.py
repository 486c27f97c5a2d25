# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.observe.material import gather
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.report.verdict import verify
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.situation.facts import parse_situation
from tests.unit.delivery import by_hand
from tests.unit.delivery.by_hand import ALICE, BOARD, BOB, EVERYONE, PARTNER

SECURED = [*by_hand.defaults(), by_hand.externally_secured("EX01"), by_hand.externally_secured("EX02")]
ALERT = by_hand.alert()
ALERT["sent"]["recipients"] = [ALICE, PARTNER, EVERYONE, BOARD]


def _cells(situation: dict[str, Any] | None = None, **material: Any) -> dict[tuple[str, str], dict[str, Any]]:
    return {(entry["id"], entry["server"]): entry for entry in _report(situation, **material)["scenarios"]}


def _report(situation: dict[str, Any] | None = None, **material: Any) -> dict[str, Any]:
    facts = by_hand.situation_facts(
        **{"connectors": SECURED, "recipients": by_hand.RECIPIENTS, "groups": by_hand.groups(), **(situation or {})}
    )
    seen: dict[str, Any] = {"tests": [ALERT], "messages": [], "events": [], "probes": [], **material}
    return verify(parse_situation(**facts), gather(**seen))


def _copy(recipient: str, mailbox: str, *, found: bool = True) -> dict[str, Any]:
    copy = by_hand.message("alertword", mailbox, found=found)
    return {**copy, "to": [recipient]} if found else copy


@pytest.mark.parametrize("arrived", [set(), {ALICE}, {EVERYONE}, {BOARD}, {ALICE, EVERYONE, BOARD}])
def test_copies_of_one_message_in_one_mailbox_are_told_apart(arrived: set[str]) -> None:
    # Alice has an alert of her own, and is the member in whose mailbox the groups' copies are looked for.
    recipients = [{**recipient, "member": ALICE} if "member" in recipient else recipient for recipient in by_hand.RECIPIENTS]
    messages = [_copy(address, ALICE, found=address in arrived) for address in (ALICE, EVERYONE, BOARD)]
    cells = _cells({"recipients": recipients}, messages=messages)
    scenarios = {"alert": ALICE, "alert_group_authenticated": EVERYONE, "alert_group_permitted": BOARD}
    assert {scenario: cells[scenario, "SP01"]["observed"] == "delivered" for scenario in scenarios} == {
        scenario: address in arrived for scenario, address in scenarios.items()
    }


def test_a_groups_message_is_not_taken_for_its_members_own() -> None:
    group = {"message_id": "<group>"}
    events = [
        by_hand.event("RECEIVE", "alertword", EVERYONE, **group),
        by_hand.event("EXPAND", "alertword", ALICE, **group),
        by_hand.event("DELIVER", "alertword", ALICE, **group),
    ]
    cells = _cells(events=events)
    assert cells["alert_group_authenticated", "SP01"]["observed"] == "delivered"
    assert cells["alert", "SP01"]["observed"] == "not_sent"


@pytest.mark.parametrize(
    ("names", "report", "observed", "cause"),
    [
        (["RECEIVE"], None, "accepted_not_delivered", "lost_after_acceptance"),
        (["RECEIVE", "FAIL"], None, "accepted_not_delivered", "ndr_missing"),
        (["RECEIVE", "FAIL", "DSN"], None, "bounced", "rejected_later"),
        ([], {"recipient": PARTNER, "status": "5.7.1", "diagnostic": "550 5.7.1 Access denied"}, "bounced", "rejected_later"),
    ],
)
def test_what_became_of_accepted_mail(names: list[str], report: dict[str, str] | None, observed: str, cause: str) -> None:
    events = [by_hand.event(name, "alertword", PARTNER) for name in names if name != "DSN"]
    events += by_hand.reports(names, recipient=PARTNER)
    messages = [{**by_hand.message("alertword", PARTNER, found=False), "ndr": report}]
    cell = _cells(events=events, messages=messages)["alert_external", "SP01"]
    assert (cell["observed"], cell["verdict"], cell["cause_id"]) == (observed, "surprise", cause)


def test_silent_tracking_is_noted_where_mail_arrived_all_the_same() -> None:
    report = _report(messages=[_copy(ALICE, ALICE), *(_copy(address, BOB, found=False) for address in (EVERYONE, BOARD))])
    cells = {(entry["id"], entry["server"]): entry for entry in report["scenarios"]}
    assert [note["id"] for note in cells["alert", "SP01"]["notes"]] == ["tracking_silent"]
    assert (cells["alert", "SP01"]["verdict"], cells["alert", "SP01"]["cause_id"]) == ("pass", "")
    assert (cells["alert_group_permitted", "SP01"]["verdict"], cells["alert_group_permitted", "SP01"]["cause_id"]) == (
        "surprise",
        "tracking_silent",
    )
    assert len(report["notes"]) == 1


def test_without_subjects_a_message_is_followed_by_the_id_that_its_copy_bears() -> None:
    event = by_hand.event("DELIVER", "", ALICE, message_id="<known@sp01>", subject="")
    traced = {"events": [event], "subject_logging": {"EX01": False}}
    arrived = {**_copy(ALICE, ALICE), "headers": {"message-id": "<known@sp01>"}}
    cells = _cells(messages=[arrived, _copy(PARTNER, PARTNER, found=False)], events=[traced])
    assert any(piece["fact"].startswith("tracking: DELIVER") for piece in cells["alert", "SP01"]["evidence"])
    assert cells["alert", "SP01"]["notes"] == []
    lost = cells["alert_external", "SP01"]
    assert [note["id"] for note in lost["notes"]] == ["subject_logging_off"]
    assert lost["cause_id"] == "subject_logging_off"


def test_other_servers_logs_tell_what_the_tests_host_did_not_see() -> None:
    said = f"sending mail to recipients: {PARTNER}. Mail Subject: Mail test - alertword. Error: 5.7.54 Unable to relay"
    line = {"server": "SP02", "process": "OWSTIMER.EXE", "message": said}
    alert = {**ALERT, "job": {**ALERT["job"], "server": "SP02"}}
    cells = _cells(tests=[alert], server_log=[{"log": [line, {**line, "message": "of another token. Error: 5.7.60"}]}])
    cell = cells["alert_external", "SP02"]
    assert (cell["observed"], cell["cause_id"]) == ("refused", "no_relay_right")
    assert sum(piece["by"] == "ULS of SP02" for piece in cell["evidence"]) == 1


def _server_probe(**changed: Any) -> dict[str, Any]:
    probe: dict[str, Any] = {
        "server": "sp01.corp.example",
        "host": "ex01.corp.example",
        "port": 25,
        "token": "probeword",
        "connection": {"tcp": True, "source_address": "10.0.0.21", "remote_address": "10.0.0.31"},
        "mail": [{"tls": False, "credentials": False, "accepted": True, "error": "", "reply": ""}],
        "invocation": {"module_args": {"rcpt_to": ALICE, "mail_from": "sharepoint@corp.example"}},
    }
    return {**probe, **changed}


@pytest.mark.parametrize(
    ("probe", "connection", "mail"),
    [
        ({}, "delivered", "delivered"),
        ({"mail": [{"tls": False, "credentials": False, "accepted": False, "reply": "5.7.60 no"}]}, "delivered", "refused"),
        ({"mail": []}, "delivered", "not_run"),
        ({"connection": {"tcp": False}, "mail": []}, "not_run", "not_run"),
        ({"failed": True, "msg": "no session"}, "not_run", "not_run"),
        ({"server": "elsewhere", "connection": {"tcp": True, "source_address": "10.9.9.9"}}, "not_run", "not_run"),
    ],
)
def test_what_a_servers_own_probe_shows(probe: dict[str, Any], connection: str, mail: str) -> None:
    cells = _cells(server_probes=[_server_probe(**probe)])
    assert cells["server_connection", "SP01"]["observed"] == connection
    assert cells["server_mail", "SP01"]["observed"] == mail
    assert cells["server_mail", "SP02"]["observed"] == "not_run"


def test_a_servers_message_that_was_looked_for_and_is_not_there_is_lost() -> None:
    cells = _cells(server_probes=[_server_probe()], messages=[by_hand.message("probeword", found=False)])
    assert (cells["server_mail", "SP01"]["observed"], cells["server_mail", "SP01"]["cause_id"]) == (
        "accepted_not_delivered",
        "lost_after_acceptance",
    )


def test_missing_tls_is_tried_where_the_connector_requires_it() -> None:
    strict = by_hand.externally_secured(require_tls=True, auth_mechanism=["Tls", "ExternalAuthoritative"], remote_ip_ranges=["10.0.0.99"])
    probe = by_hand.probe("tls_missing", "EX01", stage="mail", reply="451 5.7.3 Must issue a STARTTLS command first", rcpt_to=ALICE)
    situation = {"connectors": [*by_hand.defaults(), strict]}
    cells = _cells(situation, probes=[probe])
    assert ("tls_missing", "EX02") not in cells
    cell = cells["tls_missing", "EX01"]
    assert (cell["needed"], cell["predicted"], cell["observed"], cell["verdict"]) == (True, "refused", "refused", "pass")
    # Who meets another connector cannot tell what this one requires.
    stranger = {**probe, "client_address": "10.0.0.98", "outcome": "accepted", "stage": "done"}
    cell = _cells(situation, probes=[stranger])["tls_missing", "EX01"]
    assert (cell["needed"], cell["verdict"]) == (False, "as_predicted")
