# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Farms in trouble, as a verification sees them: each is told apart from evidence alone, with its cause and the change that mends it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.causes import CAUSES, PREDICTED, SAID
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.explain.explain import recognise
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.observe.material import gather
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.report.verdict import verify
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.situation.facts import parse_situation
from tests.unit.delivery import by_hand
from tests.unit.delivery.by_hand import ALICE, BOARD, BOB, EVERYONE, PARTNER

SECURED = [*by_hand.defaults(), by_hand.externally_secured("EX01"), by_hand.externally_secured("EX02")]
OWN_PORT = [*by_hand.defaults(), by_hand.anonymous("EX01", relay=True), by_hand.anonymous("EX02", relay=True)]
NO_RELAY = [*by_hand.defaults(), by_hand.anonymous("EX01"), by_hand.anonymous("EX02")]
REQUIRES_TLS = [*by_hand.defaults(), *(by_hand.externally_secured(name, require_tls=True) for name in ("EX01", "EX02"))]
PRINTERS = by_hand.connector(
    "Printers", remote_ip_ranges=["10.0.0.21"], permission_groups=["AnonymousUsers"], auth_mechanism=["Integrated"]
)
OVERLAPPING = [
    *by_hand.defaults(),
    *(by_hand.externally_secured(name, remote_ip_ranges=["10.0.0.20/30"]) for name in ("EX01", "EX02")),
    PRINTERS,
]
ONE_SERVER = [*by_hand.defaults(), *(by_hand.externally_secured(name, remote_ip_ranges=["10.0.0.21"]) for name in ("EX01", "EX02"))]
SERVERS = [
    {"name": "EX01", "host": "ex01.corp.example", "addresses": ["10.0.0.31"]},
    {"name": "EX02", "host": "ex02.corp.example", "addresses": ["10.0.0.32"]},
]
NOT_AUTHENTICATED = "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required"
NOT_PERMITTED = "550 5.7.1 RESOLVER.RST.NotAuthorized; not authorized"


def _uls(reply: str, server: str = "SP01", recipient: str = ALICE) -> dict[str, str]:
    said = f"Failed attempt 1 sending mail to recipients: {recipient}. Mail Subject: Mail test - alertword. Error: SmtpException: {reply}"
    return {"server": server, "process": "OWSTIMER.EXE", "message": said}


def _failed(recipient: str, status: str) -> list[dict[str, Any]]:
    return [
        by_hand.event("RECEIVE", "alertword", recipient),
        by_hand.event("FAIL", "alertword", recipient, source="ROUTING", recipient_status=[status]),
        *by_hand.reports(["DSN"], recipient=recipient),
    ]


def _invitation(sender: str) -> dict[str, Any]:
    sent = {"token": "invite", "subject": "alice shared a document", "time": "2026-11-24T12:00:00+00:00", "server": "SP01"}
    return {"kind": "invitation", "sent": {**sent, "recipients": [BOB], "process": "w3wp", "error": "", "sender": sender}, "log": []}


def _arrived(token: str, recipient: str, mailbox: str = "", **more: Any) -> dict[str, Any]:
    return {**by_hand.message(token, mailbox or recipient), "to": [recipient], **more}


def _alert(server: str = "SP01", log: list[dict[str, str]] | None = None, **changed: Any) -> dict[str, Any]:
    alert = by_hand.alert(server, log)
    alert["sent"]["recipients"] = [ALICE, PARTNER, EVERYONE, BOARD]
    return {**alert, **changed}


@dataclasses.dataclass(frozen=True)
class Trouble:
    """What is configured and what was seen, and what must be said of one cell."""

    situation: dict[str, Any]
    cell: tuple[str, str]
    outcomes: tuple[str, str]
    verdict: str
    cause: str
    remedy: str
    tests: tuple[dict[str, Any], ...] = ()
    messages: tuple[dict[str, Any], ...] = ()
    events: tuple[dict[str, Any], ...] = ()
    probes: tuple[dict[str, Any], ...] = ()


TROUBLES = {
    "a unpatched": Trouble(
        {},
        ("alert", "SP01"),
        ("not_sent", "not_sent"),
        "fail",
        "process_answers_challenge",
        "KB3191880",
        tests=(_alert(log=[_uls("The server response was: 5.7.1 Client was not authenticated")]),),
    ),
    "c own port, group": Trouble(
        {"connectors": OWN_PORT, "farm": by_hand.farm(port=26)},
        ("alert_group_authenticated", "SP01"),
        ("bounced", "bounced"),
        "fail",
        "group_wants_authentication",
        "exchange_group_senders",
        tests=(_alert(),),
        events=tuple(_failed(EVERYONE, NOT_AUTHENTICATED)),
    ),
    "d no relay": Trouble(
        {"connectors": NO_RELAY, "farm": by_hand.farm(port=26)},
        ("alert_external", "SP01"),
        ("refused", "refused"),
        "fail",
        "no_relay_right",
        "mail_route: externally_secured",
        tests=(_alert(log=[_uls("5.7.54 SMTP; Unable to relay recipient in non-accepted domain", recipient=PARTNER)]),),
    ),
    "f overridden": Trouble(
        {"connectors": SECURED, "farm": by_hand.farm(override_envelope_sender=True)},
        ("invitation", "SP01"),
        ("delivered", "delivered"),
        "fail",
        "envelope_sender_overridden",
        "outgoing_email_override_envelope_sender: false",
        tests=(_invitation("sharepoint@corp.example"),),
        messages=(_arrived("invite", BOB, return_path="sharepoint@corp.example"),),
    ),
    "g balancer": Trouble(
        {
            "connectors": SECURED,
            "farm": by_hand.farm(server="mail.corp.example", server_addresses=["10.0.0.40"]),
            "exchange_servers": SERVERS,
        },
        ("alert_external", "SP01"),
        ("delivered", "not_sent"),
        "surprise",
        "other_address_matches",
        "outgoing_email_server",
        tests=(by_hand.notification("SP01"), _alert(log=[_uls("5.7.1 Client was not authenticated", recipient=PARTNER)])),
        messages=(_arrived("noteSP01", ALICE),),
        events=(by_hand.event("RECEIVE", "noteSP01", original_client_ip="10.0.0.40"),),
    ),
    "h overlapping": Trouble(
        {"connectors": OVERLAPPING},
        ("alert", "SP01"),
        ("not_sent", "not_sent"),
        "fail",
        "more_specific_connector",
        "remote_ip_ranges of EX01\\Printers",
        tests=(_alert(log=[_uls("5.7.1 Client was not authenticated")]),),
    ),
    "i name of the certificate": Trouble(
        {
            "connectors": [*by_hand.defaults(), by_hand.externally_secured(auth_mechanism=["Tls", "ExternalAuthoritative"])],
            "farm": by_hand.farm(tls=True),
        },
        ("alert", "SP01"),
        ("delivered", "not_sent"),
        "surprise",
        "certificate_name",
        "a name in the certificate",
        tests=(_alert(log=[_uls("The remote certificate is invalid according to the validation procedure.")]),),
    ),
    "i TLS not used": Trouble(
        {"connectors": REQUIRES_TLS},
        ("alert", "SP01"),
        ("refused", "refused"),
        "fail",
        "tls_not_used",
        "outgoing_email_tls: true",
        tests=(_alert(log=[_uls("Error in processing. The server response was: 5.7.3 Must issue a STARTTLS command first")]),),
    ),
    "j transport inactive": Trouble(
        {"connectors": SECURED},
        ("alert", "SP01"),
        ("delivered", "refused"),
        "surprise",
        "transport_inactive",
        "maintenance",
        tests=(_alert(log=[_uls("Failure sending mail. The server response was: 4.3.2 Service not active")]),),
    ),
    "j transport inactive, probed": Trouble(
        {"connectors": SECURED},
        ("unlisted_relay", "EX01"),
        ("refused", "not_run"),
        "fail",
        "transport_inactive",
        "maintenance",
        probes=(by_hand.probe("unlisted_relay", "EX01", stage="mail", reply="412 4.3.2 Service not active"),),
    ),
    "k timer job disabled": Trouble(
        {"connectors": SECURED, "farm": by_hand.farm()},
        ("alert", "SP01"),
        ("not_sent", "not_run"),
        "fail",
        "timer_job_disabled",
        "Enable-SPTimerJob",
        tests=({"kind": "alert", "not_run": "The timer job is switched off. Nothing was sent.", "reason_id": "timer_job_disabled"},),
    ),
    "l server not listed": Trouble(
        {"connectors": ONE_SERVER},
        ("alert", "SP02"),
        ("not_sent", "not_sent"),
        "fail",
        "server_not_in_ranges",
        "exchange_connector_remote_ip_ranges",
        tests=(_alert("SP02", log=[_uls("5.7.1 Client was not authenticated", "SP02")]),),
    ),
    "l server not listed, patched": Trouble(
        {"connectors": ONE_SERVER, "farm": by_hand.farm(patched=True)},
        ("alert_external", "SP02"),
        ("refused", "refused"),
        "fail",
        "server_not_in_ranges",
        "exchange_connector_remote_ip_ranges",
        tests=(_alert("SP02", log=[_uls("5.7.54 unable to relay", "SP02", PARTNER)]),),
    ),
    "m rejected later": Trouble(
        {"connectors": SECURED},
        ("alert_external", "SP01"),
        ("delivered", "bounced"),
        "surprise",
        "rejected_later",
        "status in the evidence",
        tests=(_alert(),),
        events=tuple(_failed(PARTNER, "550 5.7.1 <partner@outside.example>: Recipient address rejected: Access denied")),
    ),
    "n sender not permitted": Trouble(
        {"connectors": SECURED, "groups": by_hand.groups(permitted=ALICE)},
        ("alert_group_permitted", "SP01"),
        ("bounced", "bounced"),
        "fail",
        "sender_not_permitted",
        "accept_only_from",
        tests=(_alert(),),
        events=tuple(_failed(BOARD, NOT_PERMITTED)),
    ),
}


def _report(trouble: Trouble) -> dict[str, Any]:
    facts = by_hand.situation_facts(
        **{"recipients": by_hand.RECIPIENTS, "needs": by_hand.ALL_NEEDS, "groups": by_hand.groups(), **trouble.situation}
    )
    if "timer" in trouble.cause:
        facts["farm"]["web_applications"][0]["alert_job_disabled"] = True
    return verify(parse_situation(**facts), gather(trouble.tests, trouble.messages, trouble.events, trouble.probes))


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_each_trouble_is_told_apart(trouble: Trouble) -> None:
    cell = next(entry for entry in _report(trouble)["scenarios"] if (entry["id"], entry["server"]) == trouble.cell)
    assert (cell["predicted"], cell["observed"], cell["verdict"]) == (*trouble.outcomes, trouble.verdict)
    assert cell["cause_id"] == trouble.cause
    assert trouble.remedy in cell["remedy"]
    assert cell["cause"] and "{" not in cell["cause"] + cell["remedy"]


@pytest.mark.parametrize("patched", [False, True])
def test_all_well(patched: bool) -> None:
    invitation = _invitation(ALICE)
    facts = by_hand.situation_facts(
        connectors=SECURED,
        farm=by_hand.farm(patched=patched),
        recipients=by_hand.RECIPIENTS,
        needs=by_hand.ALL_NEEDS,
        groups=by_hand.groups(),
    )
    copies = [
        _arrived("alertword", ALICE),
        _arrived("alertword", PARTNER),
        _arrived("alertword", EVERYONE, BOB),
        _arrived("alertword", BOARD, BOB),
        _arrived("invite", BOB, return_path=ALICE),
        *(_arrived(f"note{server}", ALICE) for server in ("SP01", "SP02")),
    ]
    tests = [by_hand.notification("SP01"), by_hand.notification("SP02"), _alert(), invitation]
    report = verify(parse_situation(**facts), gather(tests, copies, None, by_hand.all_probes()))
    assert report["verdict"] == "pass"
    assert {entry["cause_id"] for entry in report["scenarios"]} == {""}
    assert report["risks"] == []


def test_what_the_timer_job_would_meet_on_another_server_is_a_risk() -> None:
    trouble = dataclasses.replace(TROUBLES["l server not listed"], tests=(_alert("SP01"),))
    report = _report(trouble)
    risk = next(risk for risk in report["risks"] if "'Immediate alert to a mailbox'" in risk)
    assert risk.startswith("If the timer job moves to SP02,") and "10.0.0.22 of SP02 is in no remote range" in risk
    cell = next(entry for entry in report["scenarios"] if (entry["id"], entry["server"]) == ("alert", "SP02"))
    assert (cell["verdict"], cell["needed"]) == ("skipped", False)


def test_mail_in_plain_text_is_a_risk_where_it_must_not_be() -> None:
    report = _report(Trouble({"needs": {"no_plain_text": True}}, ("", ""), ("", ""), "", "", ""))
    assert "outgoing_email_tls: true" in report["risks"][0]


@pytest.mark.parametrize(
    ("overridden", "came_from", "verdict", "cause"),
    [
        (False, ALICE, "pass", ""),
        (False, "sharepoint@corp.example", "surprise", "envelope_sender_overridden"),
        (True, ALICE, "surprise", "envelope_sender_kept"),
        (True, "sharepoint@corp.example", "fail", "envelope_sender_overridden"),
        (False, "mallory@corp.example", "surprise", "sender_unexpected"),
        (False, "", "pass", ""),
    ],
)
def test_from_whom_an_invitation_comes(overridden: bool, came_from: str, verdict: str, cause: str) -> None:
    trouble = Trouble(
        {"connectors": SECURED, "farm": by_hand.farm(override_envelope_sender=overridden), "sharer": ALICE},
        ("invitation", "SP01"),
        ("delivered", "delivered"),
        verdict,
        cause,
        "",
        tests=(_invitation("sharepoint@corp.example" if overridden else ALICE),),
        messages=(_arrived("invite", BOB, return_path=came_from),),
    )
    cell = next(entry for entry in _report(trouble)["scenarios"] if (entry["id"], entry["server"]) == ("invitation", "SP01"))
    assert (cell["verdict"], cell["cause_id"]) == (verdict, cause)


def test_a_test_that_cannot_run_here_says_why() -> None:
    reason = "No alert can be made over the web in SharePoint 2016."
    trouble = dataclasses.replace(
        TROUBLES["a unpatched"],
        tests=({"kind": "alert_confirmation", "not_run": reason, "reason_id": "no_alert_over_rest"},),
    )
    for entry in _report(trouble)["scenarios"]:
        if entry["id"] == "alert_confirmation":
            assert (entry["observed"], entry["verdict"], entry["cause_id"]) == ("not_run", "skipped", "no_alert_over_rest")
            assert entry["cause"] == reason


def test_every_rule_has_a_cause_and_every_cause_its_texts() -> None:
    assert set(PREDICTED.values()) <= set(CAUSES) and {cause for _unused, cause in SAID} <= set(CAUSES)
    assert all(cause.strip() and remedy.strip() for cause, remedy in CAUSES.values())


@given(st.text())
def test_texts_of_strangers_name_a_known_cause_or_none(text: str) -> None:
    assert recognise([text]) in {None, *CAUSES}


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", "a\r\nb\x1b[2J", "{route} {0} %s {{ 7*7 }}", "\u202e\x00"])
def test_hostile_texts_are_only_text(hostile: str) -> None:
    farm = by_hand.farm(from_address=f"{hostile}@corp.example", server=hostile)
    recipients = [{"address": f"{hostile}@corp.example", "kind": "mailbox"}, {"address": f"{hostile}@x.example", "kind": "external"}]
    trouble = Trouble(
        {"farm": farm, "recipients": recipients, "needs": {"external": True}, "groups": None},
        ("", ""),
        ("", ""),
        "",
        "",
        "",
        tests=(by_hand.alert(log=[{"server": hostile, "process": hostile, "message": f"{hostile} Error: 5.7.54 {hostile}"}]),),
        events=(by_hand.event("FAIL", "alertword", hostile, recipient_status=[hostile], subject=f"alertword {hostile}"),),
    )
    assert _report(trouble)["verdict"] == "fail"


@pytest.mark.parametrize("observed", [("delivered", "tls_not_enforced"), ("refused", "")])
def test_an_invitation_that_should_not_have_left_is_no_matter_of_its_sender(observed: tuple[str, str]) -> None:
    trouble = dataclasses.replace(
        TROUBLES["i TLS not used"],
        tests=(_invitation(ALICE),),
        messages=(
            _arrived("invite", BOB, return_path=ALICE) if observed[0] == "delivered" else by_hand.message("invite", BOB, found=False),
        ),
    )
    cell = next(entry for entry in _report(trouble)["scenarios"] if (entry["id"], entry["server"]) == ("invitation", "SP01"))
    assert (cell["observed"], cell["cause_id"]) == (observed[0], observed[1] or "tls_not_used")


def test_a_risk_is_told_only_where_it_is_news() -> None:
    # The same failure on the server that did the work says it already.
    assert not any("'Immediate alert" in risk for risk in _report(TROUBLES["a unpatched"])["risks"])
