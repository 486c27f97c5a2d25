# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Farms in trouble that send through a relay: each trouble is told apart from evidence alone."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.observe.material import gather
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.report.verdict import verify
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.situation.facts import parse_situation
from tests.unit.delivery import by_hand, relay_by_hand
from tests.unit.delivery.by_hand import ALICE, BOARD, BOB, EVERYONE, PARTNER
from tests.unit.delivery.relay_by_hand import EVERYBODY_GRANTED, grant, relay, relay_probe

NOT_AS_THIS_SENDER = {"recipient": BOB, "status": "5.7.60", "diagnostic": "550 5.7.60 SMTP; Client does not have permissions to send as"}
ANONYMOUS = {"recipient": ALICE, "status": "5.7.57", "diagnostic": "530 5.7.57 Client was not authenticated to send anonymous mail"}
NOTHING_IN_EXCHANGE: list[dict[str, Any]] = [by_hand.event("RECEIVE", "another")]
INVITED, ALERTED = ("invitation", "SP01"), ("alert", "SP01")
UNLISTED = ("relay_unlisted", "SP01")


@dataclasses.dataclass(frozen=True)
class Trouble:
    """What is configured and what was seen, and what must be said of one cell; ``said`` stands in its cause or remedy."""

    cell: tuple[str, str]
    outcomes: tuple[str, str]
    verdict: str
    cause: str
    said: str
    relay: dict[str, Any] = dataclasses.field(default_factory=dict)
    situation: dict[str, Any] = dataclasses.field(default_factory=dict)
    tests: tuple[dict[str, Any], ...] = ()
    messages: tuple[dict[str, Any], ...] = ()
    events: list[dict[str, Any]] | None = dataclasses.field(default_factory=lambda: NOTHING_IN_EXCHANGE)
    probes: tuple[dict[str, Any], ...] = ()


def _missing(token: str, mailbox: str, report: dict[str, str] | None = None) -> dict[str, Any]:
    return {**by_hand.message(token, mailbox, found=False), "ndr": report and {**report, "reporting_mta": "sp01.corp.example"}}


def _error(text: str, *, side: str = "outbound", time: str = "2026-11-24T12:00:03+00:00") -> dict[str, str]:
    """As iis_smtp_relay_info returns it."""
    return {"time": time, "side": side, "remote": "10.0.0.31", "text": text}


def _uls(reply: str) -> dict[str, str]:
    said = f"Failed attempt 1 sending mail to recipients: {ALICE}. Mail Subject: Mail test - alertword. Error: SmtpException: {reply}"
    return {"server": "SP01", "process": "OWSTIMER.EXE", "message": said}


INVITATION, ALERT = relay_by_hand.invitation(), relay_by_hand.alert()
LOST = Trouble(
    ALERTED, ("delivered", "accepted_not_delivered"), "surprise", "", "", tests=(ALERT,), messages=(_missing("alertword", ALICE),)
)
OWN_CONNECTOR = by_hand.connector("SharePoint mail", remote_ip_ranges=["10.0.0.22"], permission_groups=["ExchangeUsers"])
OPEN = {"relay_list": "everybody", "relay_addresses": []}

TROUBLES = {
    "no grant": Trouble(
        INVITED,
        ("bounced", "bounced"),
        "fail",
        "send_as_missing",
        "exchange_send_as",
        tests=(INVITATION,),
        messages=(_missing("invite", BOB, NOT_AS_THIS_SENDER),),
    ),
    "no grant, and no report that arrives": Trouble(
        INVITED, ("bounced", "bounced"), "fail", "send_as_missing", ALICE, tests=(INVITATION,), messages=(_missing("invite", BOB),)
    ),
    "a grant that Exchange does not believe yet": Trouble(
        INVITED,
        ("delivered", "bounced"),
        "surprise",
        "send_as_cached",
        "2 hours",
        situation={"send_as": EVERYBODY_GRANTED},
        tests=(INVITATION,),
        messages=(_missing("invite", BOB, NOT_AS_THIS_SENDER),),
    ),
    "the same, in message tracking": Trouble(
        INVITED,
        ("delivered", "bounced"),
        "surprise",
        "send_as_cached",
        "2 hours",
        situation={"send_as": EVERYBODY_GRANTED},
        tests=(INVITATION,),
        events=[
            by_hand.event("FAIL", "invite", BOB, message_id="<m>", subject="x invite", recipient_status=[NOT_AS_THIS_SENDER["diagnostic"]]),
            by_hand.event("DSN", "", ALICE, message_id="<report>", reference=["<m>"], subject="Undeliverable"),
        ],
    ),
    "server not listed": Trouble(
        ("alert", "SP02"),
        ("refused", "refused"),
        "fail",
        "relay_refuses_host",
        "10.0.0.22",
        relay={"relay_addresses": ["10.0.0.21"]},
        tests=(
            {**ALERT, "job": {**ALERT["job"], "server": "SP02"}, "log": [_uls("The server response was: 5.7.1 Unable to relay for a")]},
        ),
    ),
    "server refused although listed": Trouble(
        ALERTED,
        ("delivered", "refused"),
        "surprise",
        "relay_refuses_host",
        "10.0.0.21",
        tests=(relay_by_hand.alert([_uls("Mailbox unavailable. The server response was: 5.7.1 Unable to relay for alice@corp.example")]),),
    ),
    "wrong password": dataclasses.replace(
        LOST,
        cause="relay_credentials",
        said="535 5.7.3 Authentication unsuccessful; 2 files wait in its queue",
        relay={"queue": {"files": 2, "bytes": 900, "oldest_seconds": 3}, "errors": [_error("535 5.7.3 Authentication unsuccessful")]},
    ),
    "does not log on": dataclasses.replace(
        LOST,
        outcomes=("delivered", "bounced"),
        cause="relay_credentials",
        said="anonymous client",
        messages=(_missing("alertword", ALICE, ANONYMOUS),),
    ),
    "does not log on, group": Trouble(
        ("alert_group_authenticated", "SP01"),
        ("delivered", "bounced"),
        "surprise",
        "relay_credentials",
        "anonymous client",
        tests=(ALERT,),
        events=[
            by_hand.event("RECEIVE", "alertword", EVERYONE),
            by_hand.event("FAIL", "alertword", EVERYONE, recipient_status=["550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup"]),
            *by_hand.reports(["DSN"], recipient=EVERYONE),
        ],
    ),
    "log-on that cannot be": Trouble(
        ALERTED,
        ("accepted_not_delivered", "accepted_not_delivered"),
        "fail",
        "relay_credentials",
        "under TLS only",
        relay={"smart_host_tls": False},
        tests=(ALERT,),
        messages=(_missing("alertword", ALICE),),
    ),
    "does not log on, by what it could not return": dataclasses.replace(
        LOST, cause="relay_credentials", said="2 messages lie in its Badmail", relay={"badmail": 2}
    ),
    "queue": dataclasses.replace(LOST, cause="relay_queue", said="3 files wait in its queue", relay={"queue": {"files": 3}}),
    "smart host unreachable": dataclasses.replace(
        LOST,
        cause="relay_queue",
        said="421 4.3.2 Service not available",
        relay={"errors": [_error("421 4.3.2 Service not available")]},
    ),
    "no way to Exchange": Trouble(
        ALERTED,
        ("accepted_not_delivered", "accepted_not_delivered"),
        "fail",
        "relay_queue",
        "port 588",
        relay={"smart_host_port": 588},
        tests=(ALERT,),
        messages=(_missing("alertword", ALICE),),
    ),
    "relay not in the ranges of its connector": Trouble(
        ALERTED,
        ("bounced", "bounced"),
        "fail",
        "server_not_in_ranges",
        "The address 10.0.0.21 of SP01 is in no remote range of EX01\\SharePoint mail",
        relay={"smart_host_port": 25, "smart_host_authentication": "ntlm"},
        situation={"connectors": [*by_hand.defaults(), OWN_CONNECTOR]},
        tests=(ALERT,),
        messages=(_missing("alertword", ALICE, ANONYMOUS),),
    ),
    "stopped": Trouble(
        ALERTED,
        ("not_sent", "not_sent"),
        "fail",
        "relay_queue",
        "SMTPSVC",
        relay={"running": False},
        tests=(relay_by_hand.alert([_uls("Unable to connect to the remote server")]),),
    ),
    "unreachable": Trouble(
        ALERTED,
        ("delivered", "not_sent"),
        "surprise",
        "server_unreachable",
        "sp01.corp.example",
        tests=(relay_by_hand.alert([_uls("Unable to connect to the remote server")]),),
    ),
    "lost": dataclasses.replace(LOST, cause="lost_after_acceptance", said="Badmail"),
    # What the log tells of other mail, of other hosts and of other days has nothing to do with it.
    "lost, with errors of others": dataclasses.replace(
        LOST,
        cause="lost_after_acceptance",
        said="Badmail",
        relay={
            "queue": {"files": 0},
            "errors": [
                _error("535 5.7.3 Authentication unsuccessful", time="2026-11-23T12:00:00+00:00"),
                _error("550 RCPT TO:<nobody@example.com>", side="inbound"),
                _error("550 5.7.60 SMTP; Client does not have permissions to send as this sender"),
            ],
        },
    ),
    "a refusal that only the relay's log tells": dataclasses.replace(
        LOST,
        cell=INVITED,
        cause="send_as_cached",
        said="2 hours",
        relay={"errors": [_error("550 5.7.60 SMTP; Client does not have permissions to send as this sender")]},
        situation={"send_as": EVERYBODY_GRANTED},
        tests=(INVITATION,),
        messages=(_missing("invite", BOB),),
    ),
    "credentials that are not used": dataclasses.replace(
        LOST,
        cause="relay_credentials",
        said="530 5.7.57",
        relay={"errors": [_error("530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM")]},
    ),
    "lost behind Exchange": dataclasses.replace(
        LOST,
        cause="lost_after_acceptance",
        said="exchange_message_trace",
        relay={"queue": {"files": 3}},
        events=[by_hand.event("RECEIVE", "alertword")],
    ),
    "list of everybody": Trouble(
        UNLISTED, ("delivered", "delivered"), "fail", "relay_open", "means everybody", relay=OPEN, probes=(relay_probe("accepted"),)
    ),
    "serves anyone": Trouble(
        UNLISTED,
        ("refused", "accepted_not_delivered"),
        "surprise",
        "relay_open",
        "nothing that was read allows it",
        probes=(relay_probe("accepted", sent=True),),
    ),
    "serves who logs on": Trouble(
        UNLISTED,
        ("delivered", "delivered"),
        "fail",
        "relay_open",
        "relay_authenticated",
        relay={"authentication": ["anonymous", "ntlm"], "relay_authenticated": True},
        probes=(relay_probe(), relay_probe("accepted", authenticated=True)),
    ),
    "not as open as it says": Trouble(
        UNLISTED, ("delivered", "refused"), "surprise", "unlisted_host_refused", "firewall", relay=OPEN, probes=(relay_probe(),)
    ),
    "not probed": Trouble(UNLISTED, ("refused", "not_run"), "fail", "not_tried", "no test result of it"),
}


def _report(trouble: Trouble) -> dict[str, Any]:
    facts = relay_by_hand.situation_facts(relay(**trouble.relay), **trouble.situation)
    return verify(parse_situation(**facts), gather(trouble.tests, trouble.messages, trouble.events, trouble.probes))


def _cell(report: dict[str, Any], cell: tuple[str, str]) -> dict[str, Any]:
    return next(entry for entry in report["scenarios"] if (entry["id"], entry["server"]) == cell)


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_each_trouble_is_told_apart(trouble: Trouble) -> None:
    cell = _cell(_report(trouble), trouble.cell)
    assert (cell["predicted"], cell["observed"], cell["verdict"]) == (*trouble.outcomes, trouble.verdict)
    assert cell["cause_id"] == trouble.cause
    assert trouble.said in f"{cell['cause']} {cell['remedy']}"
    assert cell["remedy"] and "{" not in cell["cause"] + cell["remedy"]


def test_all_well() -> None:
    copies = [
        *(by_hand.message("alertword", member) | {"to": [to]} for to, member in ((ALICE, ALICE), (PARTNER, PARTNER), (EVERYONE, BOB))),
        by_hand.message("alertword", BOB) | {"to": [BOARD]},
        by_hand.message("invite", BOB) | {"return_path": ALICE},
        *(by_hand.message(f"note{server}") for server in ("SP01", "SP02")),
    ]
    tests = [by_hand.notification("SP01"), by_hand.notification("SP02"), ALERT, INVITATION]
    events = [by_hand.event("RECEIVE", token) for token in ("alertword", "noteSP01", "noteSP02")]
    probes = [*by_hand.all_probes(), relay_probe()]
    facts = relay_by_hand.situation_facts(send_as=[grant(ALICE)])
    report = verify(parse_situation(**facts), gather(tests, copies, events, probes))
    assert report["verdict"] == "pass"
    assert {entry["cause_id"] for entry in report["scenarios"]} == {""}
    # All mail comes from the relay's address, whichever server sent it.
    for server in ("SP01", "SP02"):
        used = next(piece for piece in _cell(report, ("notification", server))["evidence"] if piece["fact"] == "connector used")
        assert used["value"] == "EX01\\Client Frontend EX01" and "that of the relay on SP01" in used["by"]


def test_mail_that_did_not_come_from_the_relay_is_uncertain() -> None:
    trouble = dataclasses.replace(LOST, events=[by_hand.event("RECEIVE", "alertword", original_client_ip="10.0.0.22")])
    used = next(piece for piece in _cell(_report(trouble), ALERTED)["evidence"] if piece["fact"] == "connector used")
    assert "not an address of the relay on SP01" in used["value"]


def test_the_relays_address_does_not_tell_which_server_ran_the_timer_job() -> None:
    alert = {name: value for name, value in ALERT.items() if name != "job"}
    facts = relay_by_hand.situation_facts(relay(server="SP02", fqdn="sp02.corp.example"))
    facts["farm"]["web_applications"][0]["outgoing_email"].update(server="sp02.corp.example", server_addresses=["10.0.0.22"])
    material = gather([alert], [], [by_hand.event("RECEIVE", "alertword", original_client_ip="10.0.0.22")], [])
    assert material.runner(material.tests[0], parse_situation(**facts)) == "SP01"


def test_who_cannot_reach_the_relay_is_refused() -> None:
    closed = relay_probe("not_connected", stage="connect", reply="", client_address="")
    for kept_out in ({"firewall_addresses": ["10.0.0.22"]}, {"connect_addresses": ["10.0.0.0/27"]}):
        cell = _cell(_report(Trouble(UNLISTED, ("", ""), "", "", "", relay=kept_out, probes=(closed,))), UNLISTED)
        assert (cell["observed"], cell["verdict"]) == ("refused", "pass")
    cell = _cell(_report(Trouble(UNLISTED, ("", ""), "", "", "", probes=(closed,))), UNLISTED)
    assert (cell["observed"], cell["verdict"]) == ("not_run", "fail")


def test_what_no_log_tells_is_not_called_lost() -> None:
    # Nobody read SharePoint's log: whether the relay refused the mail or lost it cannot be told, and what was foreseen is taken.
    unread = {**ALERT, "log": None, "job": {**ALERT["job"], "server": "SP02"}}
    trouble = Trouble(("alert", "SP02"), ("refused", "refused"), "fail", "", "", relay={"relay_addresses": ["10.0.0.21"]}, tests=(unread,))
    assert _cell(_report(trouble), trouble.cell)["observed"] == "refused"


def test_who_has_an_account_is_a_risk_where_that_is_enough() -> None:
    open_to_accounts = {"authentication": ["anonymous", "basic"], "relay_authenticated": True}
    risks = _report(Trouble(ALERTED, ("", ""), "", "", "", relay=open_to_accounts))["risks"]
    assert any("Anyone who has an account" in risk and "SP01" in risk for risk in risks)
    assert _report(Trouble(ALERTED, ("", ""), "", "", ""))["risks"] == []


def test_a_relays_mail_in_plain_text_is_a_risk_where_it_must_not_be() -> None:
    needs = {"needs": {"no_plain_text": True}}
    risks = _report(Trouble(ALERTED, ("", ""), "", "", "", relay={"smart_host_tls": False}, situation=needs))["risks"]
    assert "SP02 sends it to the relay on SP01 in plain text" in risks[0] and "smart_host_tls: true" in risks[1]


def test_the_relays_log_tells_times_in_whole_seconds() -> None:
    told = TROUBLES["a refusal that only the relay's log tells"]
    sent = {**INVITATION, "sent": {**INVITATION["sent"], "time": "2026-11-24T12:00:03.600000+00:00"}}
    assert _cell(_report(dataclasses.replace(told, tests=(sent,))), told.cell)["cause_id"] == "send_as_cached"
    later = {**INVITATION, "sent": {**INVITATION["sent"], "time": "2026-11-24T12:00:04.100000+00:00"}}
    assert _cell(_report(dataclasses.replace(told, tests=(later,))), told.cell)["cause_id"] == "lost_after_acceptance"


def test_a_probe_that_the_relay_returns_is_seen_by_nobody() -> None:
    mail = [{"tls": False, "credentials": False, "accepted": True, "reply": "", "error": ""}]
    sent = {"server": "SP01", "host": "sp01.corp.example", "port": 25, "token": "word", "rcpt_to": ALICE, "mail": mail}
    for sender, verdict in (("sharepoint@corp.example", "as_predicted"), (relay_by_hand.OWN, "surprise")):
        facts = parse_situation(**relay_by_hand.situation_facts())
        material = gather([], [by_hand.message("word", found=False)], NOTHING_IN_EXCHANGE, [], [{**sent, "mail_from": sender}])
        cell = _cell(verify(facts, material), ("server_mail", "SP01"))
        assert cell["verdict"] == verdict
        assert ("may not send as sharepoint@corp.example" in cell["cause"]) is (verdict == "as_predicted")


def test_what_was_not_read_is_not_held_against_the_account() -> None:
    unread = relay(account_addresses=None)
    facts = relay_by_hand.situation_facts(unread, send_as=None)
    report = verify(parse_situation(**facts), gather((), (), None, ()))
    for cell in (ALERTED, INVITED):
        entry = _cell(report, cell)
        assert entry["predicted"] == "delivered"
        assert any("were not read, and are assumed to be sufficient" in str(piece["value"]) for piece in entry["evidence"])


def test_a_relay_knows_no_ipv6() -> None:
    farm = ["10.0.0.21", "10.0.0.22"]
    facts = relay_by_hand.situation_facts(relay(connect_addresses=farm, firewall_addresses=farm))
    for server in facts["farm"]["servers"]:
        server["addresses"] = ["fd00::21", *server["addresses"]]
    report = verify(parse_situation(**facts), gather((), (), None, ()))
    assert {_cell(report, ("notification", server))["predicted"] for server in ("SP01", "SP02")} == {"delivered"}


@pytest.mark.parametrize("relay_list", ["everybody", "unknown"])
def test_a_list_that_may_mean_everybody_is_a_risk_whoever_can_try_it(relay_list: str) -> None:
    closed = {"relay_list": relay_list, "relay_addresses": [], "firewall_addresses": ["10.0.0.21", "10.0.0.22"]}
    probe = relay_probe("not_connected", stage="connect", reply="", client_address="")
    report = _report(Trouble(UNLISTED, ("", ""), "", "", "", relay=closed, probes=(probe,)))
    assert any("relay list of the relay on SP01" in risk for risk in report["risks"])
    entry = _cell(report, UNLISTED)
    assert any("was not tried" in piece["by"] for piece in entry["evidence"])
