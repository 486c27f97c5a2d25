# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.evidence import OUTCOMES, Outcome
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.observe.material import gather
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.report.verdict import findings, judge, passes, verify
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.scenarios import Want
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.situation.facts import parse_situation
from tests.unit.delivery import by_hand

OUTCOME = st.sampled_from(OUTCOMES)
SECURED = [*by_hand.defaults(), by_hand.externally_secured("EX01"), by_hand.externally_secured("EX02")]
STOPPED = {"server": "SP01", "process": "OWSTIMER", "message": "Error: SmtpException: 5.7.1 Client was not authenticated"}


def _report(
    *,
    tests: list[dict[str, Any]] | None = None,
    messages: list[dict[str, Any]] | None = None,
    events: list[dict[str, Any]] | None = None,
    probes: list[dict[str, Any]] | None = None,
    **situation: Any,
) -> dict[str, Any]:
    facts = parse_situation(**by_hand.situation_facts(**situation))
    return verify(facts, gather(tests or [], messages or [], events, by_hand.all_probes() if probes is None else probes))


def _cell(report: dict[str, Any], scenario: str, server: str) -> dict[str, Any]:
    return next(entry for entry in report["scenarios"] if (entry["id"], entry["server"]) == (scenario, server))


def _verdicts(report: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {(entry["id"], entry["server"]): entry["verdict"] for entry in report["scenarios"]}


def _broken(**changed: Any) -> dict[str, Any]:
    """The unpatched farm without a route: notifications arrive, the alert does not."""
    given: dict[str, Any] = {
        "tests": [by_hand.notification("SP01"), by_hand.notification("SP02"), by_hand.alert(log=[STOPPED])],
        "messages": [
            by_hand.message("noteSP01"),
            by_hand.message("noteSP02"),
            by_hand.message("alertword", found=False),
            by_hand.message("alertword", by_hand.PARTNER, found=False),
        ],
        "events": [by_hand.event("RECEIVE", "noteSP01"), by_hand.event("DELIVER", "noteSP01", source="STOREDRIVER")],
    }
    return _report(**{**given, **changed})


def _repaired(**changed: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "connectors": SECURED,
        "route": "externally_secured",
        "tests": [by_hand.notification("SP01"), by_hand.notification("SP02"), by_hand.alert()],
        "messages": [
            by_hand.message("noteSP01", auth_as="Internal"),
            by_hand.message("noteSP02", auth_as="Internal"),
            by_hand.message("alertword", auth_as="Internal"),
            by_hand.message("alertword", by_hand.PARTNER, auth_as=""),
        ],
        "events": [by_hand.event("DELIVER", "alertword")],
    }
    return _report(**{**given, **changed})


@given(st.sampled_from(get_args(Want)), st.booleans(), OUTCOME, OUTCOME)
def test_every_combination_has_the_one_verdict_that_the_rules_give(want: Want, needed: bool, predicted: Outcome, seen: Outcome) -> None:
    meaning = {
        "pass": seen == want,
        "fail": needed and seen != want,
        "as_predicted": not needed and seen == predicted,
        "skipped": not needed and seen == "not_run",
        "surprise": seen != predicted,
    }
    verdict = judge(want, needed, predicted, seen)
    assert meaning[verdict]
    # What does not come true is always seen, also where it is what was wanted; what was not tried is never called a surprise.
    assert (verdict == "surprise") == (seen not in (predicted, "not_run"))
    assert (verdict == "skipped") == (not needed and seen == "not_run")
    assert passes([verdict]) == (verdict not in ("fail", "surprise"))


def test_the_broken_farm_fails_just_as_predicted() -> None:
    report = _broken()
    assert report["verdict"] == "fail"
    verdicts = _verdicts(report)
    never_tried = ("alert_confirmation", "workflow", "invitation", "server_connection", "server_mail")
    assert {verdicts.pop((scenario, server)) for scenario in never_tried for server in ("SP01", "SP02")} == {"skipped"}
    assert verdicts == {
        ("notification", "SP01"): "pass",
        ("notification", "SP02"): "pass",
        ("alert", "SP01"): "fail",
        ("alert", "SP02"): "skipped",
        ("alert_external", "SP01"): "fail",
        ("alert_external", "SP02"): "skipped",
        ("unlisted_relay", "EX01"): "pass",
        ("unlisted_relay", "EX02"): "pass",
        ("unlisted_connector", "EX01"): "skipped",
        ("unlisted_connector", "EX02"): "skipped",
        ("spoof", "EX01"): "skipped",
        ("spoof", "EX02"): "skipped",
    }
    alert = _cell(report, "alert", "SP01")
    assert (alert["predicted"], alert["observed"], alert["needed"], alert["process"]) == ("not_sent", "not_sent", True, "owstimer")
    assert "OWSTIMER stops" in alert["cause"] and "mail_route: anonymous" in alert["remedy"] and "KB3191880" in alert["remedy"]
    facts = {(piece["part"], piece["fact"]): piece for piece in alert["evidence"]}
    assert facts["observation", "SharePoint log, OWSTIMER"]["standing"] == "observed"
    assert facts["observation", "AUTH offered to the controller"]["value"] == "NTLM; after STARTTLS NTLM LOGIN"
    assert facts["prediction", "AUTH answered"]["standing"] == "inferred"


def test_externally_secured_passes() -> None:
    report = _repaired()
    assert report["verdict"] == "pass"
    assert set(_verdicts(report).values()) == {"pass", "skipped"}
    facts = {piece["fact"]: piece for piece in _cell(report, "alert", "SP01")["evidence"]}
    assert (facts["counts as authenticated"]["value"], facts["counts as authenticated"]["standing"]) == ("yes", "inferred")


def test_the_report_is_json_and_keeps_the_contract() -> None:
    report = json.loads(json.dumps(_repaired()))
    assert (report["schema"], report["route"]) == (1, "externally_secured")
    for entry in report["scenarios"]:
        assert {"id", "name", "server", "process", "recipient", "want", "needed", "predicted", "observed", "verdict", "evidence"} <= set(
            entry
        )
        assert entry["predicted"] in OUTCOMES and entry["observed"] in OUTCOMES
        assert all({"fact", "value", "standing", "by"} <= set(piece) for piece in entry["evidence"])


@pytest.mark.parametrize(
    ("report", "cell"),
    [
        # AUTH never offered, or a timer that goes on: what is wanted, for no reason that is known.
        (_broken(messages=[by_hand.message("alertword"), by_hand.message("alertword", by_hand.PARTNER, found=False)]), ("alert", "SP01")),
        # Dropped after 250.
        (
            _repaired(messages=[by_hand.message("alertword", found=False)], events=[by_hand.event("RECEIVE", "alertword")]),
            ("alert", "SP01"),
        ),
        # Ranges ignored; relay for anyone.
        (
            _repaired(probes=[*by_hand.all_probes()[:2], by_hand.probe("unlisted_connector", "EX01", "accepted")]),
            ("unlisted_connector", "EX01"),
        ),
        (_broken(probes=[by_hand.probe("unlisted_relay", "EX02", "accepted")]), ("unlisted_relay", "EX02")),
    ],
    ids=["auth-never-offered", "dropped-after-250", "ranges-ignored", "relay-for-anyone"],
)
def test_a_product_that_does_not_do_what_its_configuration_says_surprises(report: dict[str, Any], cell: tuple[str, str]) -> None:
    found = _cell(report, *cell)
    assert (found["verdict"], report["verdict"]) == ("surprise", "fail")
    assert found["cause"] and found["remedy"]


@pytest.mark.parametrize(
    ("message", "events", "log", "observed"),
    [
        (True, [], [], "delivered"),
        (False, ["RECEIVE"], [], "accepted_not_delivered"),
        (False, ["RECEIVE", "DELIVER"], [], "accepted_not_delivered"),
        (None, ["RECEIVE", "DELIVER"], [], "delivered"),
        (None, ["RECEIVE", "SEND"], [], "accepted_not_delivered"),
        (False, ["RECEIVE", "FAIL", "DSN"], [], "bounced"),
        (False, ["RECEIVE", "FAIL"], [], "accepted_not_delivered"),
        (False, [], ["The server response was: 5.7.54 SMTP; Unable to relay recipient in non-accepted domain"], "refused"),
        (False, [], ["5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM"], "refused"),
        (False, [], ["530 5.7.1 Client was not authenticated"], "not_sent"),
        (False, [], ["Error in processing. The server response was: 5.7.3 Must issue a STARTTLS command first"], "refused"),
        (False, [], ["Failure sending mail. The server response was: 4.3.2 Service not active"], "refused"),
        (False, [], ["The remote certificate is invalid according to the validation procedure."], "not_sent"),
        # A subject is people's text, and says nothing of the error.
        (False, [], ["Mail Subject: 5.7.54 unable to relay alertword. Error: SmtpException: Failure sending mail."], "not_sent"),
        (False, [], [], "not_sent"),
        (False, None, [], "not_sent"),
    ],
)
def test_what_became_of_a_mail(message: bool | None, events: list[str] | None, log: list[str], observed: str) -> None:
    report = _repaired(
        tests=[by_hand.alert(log=[{"server": "SP01", "message": line} for line in log])],
        messages=[] if message is None else [by_hand.message("alertword", found=message)],
        events=None if events is None else [by_hand.event(name, "alertword") for name in events if name != "DSN"] + by_hand.reports(events),
    )
    assert _cell(report, "alert", "SP01")["observed"] == observed


def test_a_refusal_that_no_log_tells_from_a_mail_not_sent_is_taken_as_predicted_and_said_to_be_inferred() -> None:
    report = _report(farm=by_hand.farm(patched=True), tests=[by_hand.alert()], messages=[by_hand.message("alertword")], events=[])
    external = _cell(report, "alert_external", "SP01")
    assert (external["predicted"], external["observed"], external["verdict"]) == ("refused", "refused", "fail")
    assert external["evidence"][-1]["fact"] == "outcome" and external["evidence"][-1]["standing"] == "inferred"
    assert "relay" in external["cause"]


def test_a_line_about_another_recipient_says_nothing_about_this_one() -> None:
    line = {"server": "SP01", "message": f"Failed attempt 1 sending mail to recipients: {by_hand.PARTNER}. 5.7.54 unable to relay"}
    report = _report(farm=by_hand.farm(patched=True), tests=[by_hand.alert(log=[line])], messages=[by_hand.message("alertword")], events=[])
    assert not any("log" in piece["fact"] for piece in _cell(report, "alert", "SP01")["evidence"])
    assert any("log" in piece["fact"] for piece in _cell(report, "alert_external", "SP01")["evidence"])


def test_an_alert_belongs_to_the_server_that_ran_the_job() -> None:
    report = _broken(tests=[by_hand.alert("sp02.corp.example")])
    assert [_cell(report, "alert", server)["observed"] for server in ("SP01", "SP02")] == ["not_run", "not_sent"]
    unknown = by_hand.alert("", job=None)
    by_address = _report(tests=[unknown], events=[by_hand.event("RECEIVE", "alertword", original_client_ip="10.0.0.22")])
    assert _cell(by_address, "alert", "SP02")["observed"] == "accepted_not_delivered"


def test_nothing_tried_is_a_failure_of_what_is_needed() -> None:
    report = _report(probes=[], needs={})
    assert {entry["verdict"] for entry in report["scenarios"] if entry["needed"]} == {"fail"}
    assert {entry["verdict"] for entry in report["scenarios"] if not entry["needed"]} == {"skipped"}
    assert _cell(report, "alert_external", "SP01")["needed"] is False


def test_what_is_not_needed_and_turns_out_as_predicted_passes() -> None:
    report = _report(
        farm=by_hand.farm(patched=True),
        needs={},
        tests=[by_hand.notification("SP01"), by_hand.alert()],
        messages=[by_hand.message("noteSP01"), by_hand.message("alertword"), by_hand.message("alertword", by_hand.PARTNER, found=False)],
        events=[],
    )
    assert _cell(report, "alert_external", "SP01")["verdict"] == "as_predicted"
    assert report["verdict"] == "pass"


@pytest.mark.parametrize(
    ("probe", "observed"),
    [
        ({"outcome": "not_connected", "stage": "connect", "reply": ""}, "not_run"),
        ({"stage": "rcpt", "reply": "451 4.7.0 Try again"}, "not_run"),
        ({"stage": "mail", "reply": "412 4.3.2 Service not active"}, "not_run"),
        ({"stage": "greeting", "reply": "421 4.3.2 Service not available"}, "refused"),
        ({"stage": "greeting", "reply": "connection closed by the server"}, "refused"),
        ({}, "refused"),
    ],
)
def test_what_a_probe_shows(probe: dict[str, Any], observed: str) -> None:
    report = _report(probes=[by_hand.probe("unlisted_relay", "EX01", **probe)])
    assert _cell(report, "unlisted_relay", "EX01")["observed"] == observed


def test_spoofing_is_reported_and_fails_only_where_it_matters() -> None:
    accepted = by_hand.probe("spoof", "EX01", "accepted", rcpt_to=by_hand.ALICE)
    assert _cell(_report(probes=[accepted], needs={}), "spoof", "EX01")["verdict"] == "as_predicted"
    assert _cell(_report(probes=[accepted], needs={"spoof_refused": True}), "spoof", "EX01")["verdict"] == "fail"


def test_results_are_taken_as_they_were_registered() -> None:
    failed = {
        "failed": True,
        "msg": "refused the password",
        "invocation": {"module_args": {"kind": "notification", "web_address": "10.0.0.21"}},
    }
    report = _report(
        tests=[{"results": [failed, by_hand.notification("SP02")]}, {"skipped": True}],
        messages=[{"messages": [by_hand.message("noteSP02")], "missing": []}],
        events=[{"events": [by_hand.event("DELIVER", "noteSP02")]}],
        probes=[{"results": by_hand.all_probes()}],
    )
    assert _cell(report, "notification", "SP02")["verdict"] == "pass"
    first = _cell(report, "notification", "SP01")
    assert (first["observed"], first["verdict"]) == ("not_run", "fail")
    assert "refused the password" in first["cause"]
    assert _cell(report, "unlisted_relay", "EX02")["verdict"] == "pass"


def test_the_connector_used_is_inferred_from_the_address_that_exchange_saw() -> None:
    def used(address: str) -> dict[str, str]:
        report = _repaired(events=[by_hand.event("RECEIVE", "alertword", original_client_ip=address)])
        return next(piece for piece in _cell(report, "alert", "SP01")["evidence"] if piece["fact"] == "connector used")

    assert (used("10.0.0.21")["value"], used("10.0.0.21")["standing"]) == ("EX01\\SharePoint mail", "inferred")
    assert "balancer" in used("10.0.0.30")["value"]


def test_findings_name_scenario_cause_and_remedy() -> None:
    (line,) = findings(_broken())
    places, _colon, explanation = line.partition(": ")
    assert places == "Immediate alert to a mailbox, SP01 (fail); Immediate alert to an external user, SP01 (fail)"
    assert "KB3191880" in explanation
    assert not findings(_repaired())
