# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import FactError
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.evidence import OUTCOMES
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.rules.cell import Cell
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.rules.doors import Asked
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.rules.predict import predict
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.scenarios import SCENARIOS, Mail
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.situation.facts import parse_situation
from tests.unit.delivery import by_hand

SECURED = [*by_hand.defaults(), by_hand.externally_secured("EX01"), by_hand.externally_secured("EX02")]


def _cells(**changed: Any) -> dict[tuple[str, str], Cell]:
    probes = changed.pop("probes", ())
    return {(cell.id, cell.server): cell for cell in predict(parse_situation(**by_hand.situation_facts(**changed)), Asked(probes))}


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
    for server in ("SP01", "SP02"):
        outcomes = _outcomes(server, **facts)
        assert {scenario: outcomes[scenario] for scenario in expected} == expected
        # What the same process sends to the same domain shares its fate.
        assert outcomes["alert_confirmation"] == outcomes["invitation"] == notification and outcomes["workflow"] == alert


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
    assert "CORP\\sp_pool" in w3wp["AUTH answered"] and "continues anonymously" in w3wp["after 5.7.1"]


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


@pytest.mark.parametrize(
    ("connectors", "authenticated", "permitted", "decided"),
    [
        (by_hand.defaults(), "bounced", "bounced", ("group_authentication", "group_unresolved")),
        (SECURED, "delivered", "delivered", ("accepted", "accepted")),
    ],
    ids=["anonymous", "secured"],
)
@pytest.mark.parametrize("read", [True, False])
def test_groups(connectors: list[dict[str, Any]], authenticated: str, permitted: str, decided: tuple[str, str], read: bool) -> None:
    cells = _cells(
        farm=by_hand.farm(patched=True),
        connectors=connectors,
        recipients=by_hand.RECIPIENTS,
        groups=by_hand.groups() if read else None,
        needs=by_hand.ALL_NEEDS,
    )
    one, other = cells["alert_group_authenticated", "SP01"].prediction, cells["alert_group_permitted", "SP01"].prediction
    assert (one.outcome, other.outcome) == (authenticated, permitted)
    assert (one.decisive, other.decisive) == decided
    assert {reason.standing for reason in one.reasons if reason.fact == "group"} == {"observed" if read else "inferred"}
    if authenticated == "bounced":
        assert "5.7.133" in one.reasons[-1].value and "5.7.124" in other.reasons[-1].value


def test_rights_that_were_read_go_before_permission_groups() -> None:
    cells = _cells(connectors=[*by_hand.defaults(), by_hand.anonymous(relay=True)], farm=by_hand.farm(port=26))
    relayed = cells["alert_external", "SP01"].prediction
    assert relayed.outcome == "delivered" and any("read by exchange_receive_connector_info" in reason.by for reason in relayed.reasons)
    without = by_hand.anonymous()
    assert _outcomes(connectors=[without], farm=by_hand.farm(port=26))["alert_external"] == "refused"
    denied = {**without["rights"][0], "deny": True, "rights": ["ms-exch-smtp-submit"]}
    assert _outcomes(connectors=[{**without, "rights": [*without["rights"], denied]}], farm=by_hand.farm(port=26))["alert"] == "refused"


def test_invitations_go_out_as_the_user_who_shares() -> None:
    cells = _cells(recipients=by_hand.RECIPIENTS, sharer=by_hand.ALICE, needs={"send_as_users": True})
    cell = cells["invitation", "SP01"]
    assert (cell.recipient, cell.sender, cell.needed, cell.prediction.outcome) == (by_hand.BOB, by_hand.ALICE, True, "delivered")
    overridden = _cells(farm=by_hand.farm(override_envelope_sender=True), sharer=by_hand.ALICE)["invitation", "SP01"]
    assert overridden.sender == by_hand.SHAREPOINT
    # An account that logged on has no right to be somebody else.
    users = by_hand.connector("users", permission_groups=["AnonymousUsers", "ExchangeUsers"])
    refused = _cells(connectors=[users])["invitation", "SP01"].prediction
    assert refused.decisive == "send_as" and any("5.7.60" in reason.value for reason in refused.reasons)


def test_a_disabled_job_sends_no_alert_and_everything_else() -> None:
    farm = by_hand.farm(patched=True)
    farm["web_applications"][0]["alert_job_disabled"] = True
    outcomes = _outcomes(farm=farm)
    assert {outcomes[scenario] for scenario in ("alert", "alert_external")} == {"not_sent"}
    assert outcomes["workflow"] == outcomes["notification"] == "delivered"


def test_what_a_sharepoint_server_can_show_by_cmdlet() -> None:
    cells = _cells()
    mail = cells["server_mail", "SP01"].prediction
    assert mail.outcome == "delivered" and any("continues anonymously" in reason.value for reason in mail.reasons)
    assert cells["server_connection", "SP01"].prediction.outcome == "delivered"
    assert _cells(farm=by_hand.farm(port=2626))["server_connection", "SP01"].prediction.outcome == "not_run"


MECHANISMS = st.frozensets(st.sampled_from(["Tls", "Integrated", "BasicAuth", "ExchangeServer", "ExternalAuthoritative"]))
GROUPS = st.frozensets(st.sampled_from(["AnonymousUsers", "ExchangeUsers", "ExchangeServers", "Custom"]))
RIGHTS: st.SearchStrategy[Any] = st.none() | st.just([]) | st.just(by_hand.anonymous(relay=True)["rights"])
CONNECTORS = st.builds(
    lambda name, server, auth, groups, rights, ranges, tls, on: by_hand.connector(
        name,
        server,
        auth_mechanism=sorted(auth),
        permission_groups=sorted(groups),
        rights=rights,
        remote_ip_ranges=ranges,
        require_tls=tls,
        enabled=on,
    ),
    st.sampled_from(["SharePoint mail", "Printers", "Default Frontend"]),
    st.sampled_from(["EX01", "EX02"]),
    MECHANISMS,
    GROUPS,
    RIGHTS,
    st.sampled_from([by_hand.EVERYBODY, ["10.0.0.21"], ["10.0.0.20/30"], ["10.0.0.22", "192.0.2.0/24"]]),
    st.booleans(),
    st.booleans(),
)
FARMS = st.builds(
    lambda patched, server, port, tls, override, disabled: {
        **(made := by_hand.farm(patched=patched, server=server, port=port, tls=tls, override_envelope_sender=override)),
        "web_applications": [{**made["web_applications"][0], "alert_job_disabled": disabled}],
    },
    st.booleans(),
    st.sampled_from(["ex01.corp.example", "mail.corp.example", ""]),
    st.sampled_from([25, 26, 587]),
    st.booleans(),
    st.none() | st.booleans(),
    st.none() | st.booleans(),
)


@given(FARMS, st.lists(CONNECTORS, max_size=4), st.booleans())
def test_every_cell_is_predicted_with_its_reasons(farm: dict[str, Any], connectors: list[dict[str, Any]], read: bool) -> None:
    situation = by_hand.situation_facts(
        farm=farm,
        connectors=connectors,
        recipients=by_hand.RECIPIENTS,
        needs=by_hand.ALL_NEEDS,
        groups=by_hand.groups() if read else None,
    )
    cells = predict(parse_situation(**situation))
    assert {(cell.id, cell.server) for cell in cells} >= {
        (scenario.id, server) for scenario in SCENARIOS if isinstance(scenario.trial, Mail) for server in ("SP01", "SP02")
    }
    for cell in cells:
        prediction = cell.prediction
        assert prediction.outcome in OUTCOMES and prediction.reasons
        assert all(reason.fact and reason.value and reason.by for reason in prediction.reasons)
        # What goes out has met a connector, and says which and why; a mere connection meets none before it is greeted.
        if prediction.outcome in ("delivered", "bounced") and cell.id != "server_connection":
            assert prediction.connector in [reason.value for reason in prediction.reasons if reason.fact == "receive connector"]
    # Nothing hangs on chance.
    assert cells == predict(parse_situation(**situation))
