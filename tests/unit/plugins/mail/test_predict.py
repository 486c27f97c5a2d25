# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.errors import FactError
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.facts import parse_situation
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.predict import Cell, predict
from tests.unit.plugins.mail import by_hand

SECURED = [*by_hand.defaults(), by_hand.externally_secured("EX01"), by_hand.externally_secured("EX02")]


def _cells(**changed: Any) -> dict[tuple[str, str], Cell]:
    probes = changed.pop("probes", ())
    return {(cell.id, cell.server): cell for cell in predict(parse_situation(**by_hand.situation_facts(**changed)), probes)}


def _outcomes(server: str = "SP01", **changed: Any) -> dict[str, str]:
    return {scenario: cell.prediction.outcome for (scenario, where), cell in _cells(**changed).items() if where == server}


@pytest.mark.parametrize(
    ("facts", "notification", "alert", "external"),
    [
        ({}, "delivered", "not_sent", "not_sent"),
        ({"farm": by_hand.farm(patched=True)}, "delivered", "delivered", "refused"),
        ({"connectors": SECURED}, "delivered", "delivered", "delivered"),
        ({"connectors": SECURED, "farm": by_hand.farm(patched=True)}, "delivered", "delivered", "delivered"),
        ({"connectors": SECURED, "farm": by_hand.farm(tls=True)}, "not_sent", "not_sent", "not_sent"),
        ({"farm": by_hand.farm(patched=True, tls=True)}, "delivered", "delivered", "refused"),
        ({"farm": by_hand.farm(server="")}, "not_sent", "not_sent", "not_sent"),
        ({"farm": by_hand.farm(port=2626)}, "not_sent", "not_sent", "not_sent"),
        ({"farm": by_hand.farm(patched=True, port=587)}, "refused", "refused", "refused"),
        ({"farm": by_hand.farm(port=587)}, "refused", "refused", "refused"),
        ({"connectors": [by_hand.connector("strict", require_tls=True)]}, "refused", "refused", "refused"),
    ],
    ids=[
        "broken",
        "patched",
        "secured",
        "secured-patched",
        "secured-no-tls",
        "tls",
        "no-server",
        "no-listener",
        "submission",
        "send-as",
        "strict",
    ],
)
def test_mail_of_the_farm(facts: dict[str, Any], notification: str, alert: str, external: str) -> None:
    expected = {"notification": notification, "alert": alert, "alert_external": external}
    assert _outcomes("SP01", **facts) == _outcomes("SP02", **facts) == expected


def test_a_server_missing_from_the_ranges_is_told_apart() -> None:
    connectors = [*by_hand.defaults(), by_hand.externally_secured(remote_ip_ranges=["10.0.0.21"])]
    assert _outcomes("SP01", connectors=connectors)["alert"] == "delivered"
    assert _outcomes("SP02", connectors=connectors)["alert"] == "not_sent"


def test_the_chain_says_what_is_inferred_and_from_what() -> None:
    reasons = {reason.fact: reason for reason in _cells()["alert", "SP01"].prediction.reasons}
    assert reasons["receive connector"].value == "EX01\\Default Frontend EX01"
    assert "remote range 0.0.0.0-255.255.255.255, which contains 10.0.0.21" in reasons["receive connector"].by
    assert reasons["AUTH offered"].value == "NTLM"
    assert "CORP\\sp_farm" in reasons["AUTH answered"].value and "KB3191880" in reasons["AUTH answered"].by
    assert "5.7.1" in reasons["reply to AUTH"].value
    assert "not sent" in reasons["after 5.7.1"].value
    assert {reason.standing for fact, reason in reasons.items() if fact not in ("address of the server", "outgoing mail server")} == {
        "inferred"
    }
    w3wp = {reason.fact: reason.value for reason in _cells()["notification", "SP01"].prediction.reasons}
    assert "CORP\\sp_pool" in w3wp["AUTH answered"] and "goes on anonymously" in w3wp["after 5.7.1"]


@pytest.mark.parametrize("connectors", [by_hand.defaults(), SECURED], ids=["broken", "secured"])
def test_an_unlisted_host_is_refused_on_a_shared_port(connectors: list[dict[str, Any]]) -> None:
    cells = _cells(connectors=connectors)
    for server in ("EX01", "EX02"):
        assert (cells["unlisted_relay", server].prediction.outcome, cells["unlisted_relay", server].needed) == ("refused", True)
        assert (cells["spoof", server].prediction.outcome, cells["spoof", server].needed) == ("delivered", False)
        use = cells["unlisted_connector", server]
        assert (use.prediction.outcome, use.needed) == (("refused", True) if connectors is SECURED else ("not_run", False))


def test_an_unlisted_host_on_an_own_port() -> None:
    connectors = [*by_hand.defaults(), by_hand.externally_secured(bindings=["0.0.0.0:2626"])]
    cell = _cells(connectors=connectors)["unlisted_connector", "EX01"]
    assert (cell.prediction.outcome, cell.prediction.decisive) == ("refused", "no_range")


def test_a_connector_open_to_everybody_is_predicted_to_relay() -> None:
    open_to_all = by_hand.externally_secured(remote_ip_ranges=["0.0.0.0-255.255.255.255"], bindings=["0.0.0.0:2626"])
    cell = _cells(connectors=[*by_hand.defaults(), open_to_all])["unlisted_connector", "EX01"]
    assert cell.prediction.outcome == "delivered"


def test_a_probe_from_a_listed_address_is_predicted_for_that_address() -> None:
    probes = [by_hand.probe("unlisted_relay", "EX01", client_address="10.0.0.21")]
    assert _cells(connectors=SECURED, probes=probes)["unlisted_relay", "EX01"].prediction.outcome == "delivered"


def test_a_balancers_name_is_predicted_for_the_worst_server_behind_it() -> None:
    connectors = [*by_hand.defaults(), by_hand.externally_secured("EX01")]
    farm = by_hand.farm(server="mail.corp.example", server_addresses=["10.0.0.30"])
    cell = _cells(connectors=connectors, farm=farm)["alert", "SP01"]
    assert cell.prediction.outcome == "not_sent"
    assert any("EX02" in reason.value for reason in cell.prediction.reasons if reason.fact == "way to Exchange")


def test_the_farms_settings_stand_in_for_a_web_application_without_its_own() -> None:
    farm = by_hand.farm(server="", port=0)
    administration = {"name": "CA", "url": "https://ca/", "central_administration": True}
    farm["web_applications"].append({**administration, "outgoing_email": {"server": "ex01", "port": 25, "tls": False}})
    assert _outcomes(farm=farm)["notification"] == "delivered"


def test_subdomains_of_a_wildcard_domain_are_internal() -> None:
    assert _outcomes(farm=by_hand.farm(patched=True), accepted_domains=["*.example"])["alert_external"] == "delivered"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"recipients": []}, "no recipient is of kind mailbox"),
        ({"recipients": [{"address": by_hand.ALICE}], "needs": {"external": True}}, "no recipient is of kind external"),
        ({"web_application": "Nowhere"}, "no web application Nowhere"),
        ({"accepted_domains": None}, "accepted domains are not known"),
        ({"connectors": [{"identity": "EX01\\odd"}]}, "receive connector lacks the fact"),
        ({"connectors": [by_hand.connector("odd", remote_ip_ranges=["nowhere"])]}, "'nowhere'"),
        ({"farm": {"servers": []}}, "the farm's facts lack 'web_applications'"),
    ],
)
def test_facts_that_are_missing_or_wrong(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(FactError, match=sentence.replace("(", r"\(")):
        _cells(**changed)
