"""The route over a relay: what a relay must refuse, also from those who can log on, and what is put back when it fails."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.demo.demo import ROUTES, UNPATCHED
from tests.integration.conftest import Lab, StartLab
from tests.integration.test_states import NEEDS, RELAY
from tests.integration.test_story import SITE, VERIFY, paths, verified

OPEN_TO_LOGONS = {"authentication": ["anonymous", "ntlm"], "connect_addresses": ["any"]}


FARMS: dict[str, Lab] = {}


def relay_farm(start_lab: StartLab) -> Lab:
    """A farm with a relay that tests only look at, shared by them."""
    if "relay" not in FARMS:
        FARMS["relay"] = start_lab("--state", "iis-relay")
    return FARMS["relay"]


def _relay_unlisted(lab: Lab) -> tuple[dict[str, Any], list[bool]]:
    """The cell, and whether each probe had logged on."""
    variables = {**RELAY, "verify_delivery_needs": NEEDS, "verify_delivery_relay_plain_text_logon": True, "verify_delivery_fail": False}
    run = lab.playbook(VERIFY, variables={**variables, **paths(lab)})
    assert run.code == 0, run.output
    probes = [p for r in run.of("smtp_probe") for p in r.get("probes", ()) if p["scenario"] == "relay_unlisted"]
    cell = next(c for c in verified(lab, run)["scenarios"] if c["id"] == "relay_unlisted")
    return cell, [bool(p.get("authenticated")) for p in probes]


@pytest.mark.deep
def test_who_logs_on_to_the_relay_is_refused_too(start_lab: StartLab) -> None:
    lab = start_lab("--state", "iis-relay")
    reach = {"firewall_addresses": [f"{lab.subnet}.0/24", "127.0.0.1"]}
    changed = lab.task("iis_smtp_relay", {**OPEN_TO_LOGONS, **reach, "relay_authenticated": False})
    assert changed.code == 0, changed.output
    cell, logged_on = _relay_unlisted(lab)
    assert logged_on == [False, True]
    assert (cell["predicted"], cell["observed"], cell["verdict"]) == ("refused", "refused", "pass")

    changed = lab.task("iis_smtp_relay", {"relay_authenticated": True})
    assert changed.code == 0, changed.output
    cell, logged_on = _relay_unlisted(lab)
    assert logged_on == [False, True]
    assert (cell["predicted"], cell["observed"], cell["verdict"]) == ("delivered", "delivered", "fail")
    assert cell["cause_id"] == "relay_open" and "relay_authenticated" in cell["cause"] + cell["remedy"]


def test_the_route_is_foreseen_as_it_is_made(start_lab: StartLab) -> None:
    lab = start_lab("--sharepoint-build", UNPATCHED)
    before = lab.ask("snapshot")
    route = {**ROUTES["iis_relay"], "mail_route": "iis_relay"}
    foreseen = lab.playbook(SITE, "--check", "--diff", variables={**route, **paths(lab)})
    assert foreseen.code == 0, foreseen.output
    assert lab.ask("snapshot") == before
    assert len(foreseen.changed) == 5, "the connectors, a grant, the relay (one item of a loop), outgoing email"
    assert "Relay-Pa55" not in foreseen.output

    made = lab.playbook(SITE, "-vvvv", variables={**route, **paths(lab)})
    assert made.code == 0, made.output
    assert made.changed == foreseen.changed
    assert verified(lab, made)["verdict"] == "pass"
    told = made.output + json.dumps(made.results) + (lab.state / "report.json").read_text(encoding="utf-8")
    assert [secret for secret in ("Relay-Pa55", "Exchange-Pa55", "Install-Pa55", "Alice-Pa55", "TlRMTVNTUAA") if secret in told] == []


@pytest.mark.deep
def test_a_relay_that_does_not_deliver_is_taken_away_again(fresh_lab: StartLab) -> None:
    lab = fresh_lab("--mutant", "relay-loses-mail")
    before = lab.ask("snapshot")
    run = lab.playbook(SITE, variables={**ROUTES["iis_relay"], "mail_route": "iis_relay", **paths(lab)})
    assert run.code == 2, run.output
    assert "was restored (" in run.failures[-1]
    after = lab.ask("snapshot")
    assert (after["exchange"], after["sharepoint"]) == (before["exchange"], before["sharepoint"])
    assert "SMTP-Server" not in after["windows"]["sp01"]["features"] and after["windows"]["sp01"]["firewall"] == {}
    assert (lab.state / "report.undone.json").exists()


def test_two_relays_reached_from_a_play_that_goes_one_by_one(fresh_lab: StartLab) -> None:
    lab = fresh_lab()
    play = {
        "name": "One by one",
        "hosts": "sharepoint",
        "serial": 1,
        "gather_facts": False,
        "tasks": [{"ansible.builtin.include_role": {"name": "sharepoint.mail.iis_smtp_relay"}}],
    }
    run = lab.playbook([play], variables={"iis_smtp_relay_hosts": ["sp01", "sp02"]})
    assert run.code == 0, run.output
    windows = lab.ask("snapshot")["windows"]
    assert [windows[host]["services"]["SMTPSVC"]["running"] for host in ("sp01", "sp02")] == [True, True]
    assert [result["changed"] for result in run.of("iis_smtp_relay")] == [True, True], "each once, whatever serial says"


@pytest.mark.deep
def test_what_people_forget_and_limits_do_no_harm(fresh_lab: StartLab) -> None:
    lab = fresh_lab("--sharepoint-build", UNPATCHED)
    # Nobody says who shares: the test of the invitation knows it.
    route = {**ROUTES["iis_relay"], "mail_route": "iis_relay", "verify_delivery_sharer": "", "verify_delivery_needs": NEEDS}
    made = lab.playbook(SITE, variables={**route, **paths(lab)})
    assert made.code == 0, made.output
    assert verified(lab, made)["verdict"] == "pass"
    before = lab.ask("snapshot")
    # A play that runs on the other server only finds the relay where it is.
    limited = lab.playbook(SITE, "--limit", "sp02", variables={**route, **paths(lab)})
    assert (limited.code, limited.changed) == (0, []), limited.output
    assert verified(lab, limited)["verdict"] == "pass"
    assert lab.ask("snapshot") == before


def test_rights_that_are_missing_are_said_to_be_and_prove_nothing(start_lab: StartLab) -> None:
    lab = relay_farm(start_lab)
    limited = {"exchange_access_username": "ex_limited@corp.example", "exchange_access_password": "Limited-Pa55"}
    run = lab.playbook(VERIFY, variables={**RELAY, **limited, "verify_delivery_needs": {"groups": True}, **paths(lab)})
    report = verified(lab, run)
    assert "is not known, and not predicted" in run.output
    assert {c["observed"] for c in report["scenarios"] if c["id"] == "alert"} >= {"delivered"}
    assert [c["id"] for c in report["scenarios"] if c["verdict"] in ("surprise", "fail") and c["process"] != "probe"] == []


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"outgoing_email_tls": True}, "leave out outgoing_email_tls"),
        ({"iis_smtp_relay_state": "absent"}, "needs a relay"),
        ({"iis_smtp_relay_hosts": []}, "iis_smtp_relay_hosts is empty"),
        ({"iis_smtp_relay_smart_host": "ex02.corp.example"}, "iis_smtp_relay_take_over"),
        ({"iis_smtp_relay_relay_addresses": ["0.0.0.0/0"]}, "0.0.0.0/0"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_changed(start_lab: StartLab, variables: dict[str, Any], words: str) -> None:
    lab = relay_farm(start_lab)
    before = lab.ask("snapshot")
    run = lab.playbook(SITE, variables={**ROUTES["iis_relay"], "mail_route": "iis_relay", **variables, **paths(lab)})
    assert run.code == 2 and words in run.failures[-1], run.output
    assert run.changed == []
    assert lab.ask("snapshot") == before


@pytest.mark.deep
def test_a_grant_that_cannot_be_waited_for_is_taken_back(fresh_lab: StartLab) -> None:
    lab = fresh_lab("--state", "anonymous-port")
    before = lab.ask("snapshot")
    wait = {"host": f"{lab.subnet}.31", "port": 1599, "password": "Relay-Pa55", "recipient": "svc_relay@corp.example"}
    variables = {**ROUTES["iis_relay"], "mail_route": "iis_relay", "exchange_connector_send_as_wait": wait}
    run = lab.playbook(SITE, variables={**variables, **paths(lab)})
    assert run.code == 2 and "was restored (" in run.failures[-1], run.output
    assert "Relay-Pa55" not in run.output + json.dumps(run.results)
    assert lab.ask("snapshot") == before
