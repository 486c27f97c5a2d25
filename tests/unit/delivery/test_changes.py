# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What would arrive after a change, by the results of the modules that write in check mode."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import FactError
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.rules.predict import predict
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.situation.changes import facts_after
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.situation.facts import parse_situation
from tests.unit.delivery import by_hand, relay_by_hand

FARM_ADDRESSES = ["10.0.0.21", "10.0.0.22"]
WANTED: dict[str, Any] = {
    "bindings": ["0.0.0.0:25"],
    "remote_ip_ranges": FARM_ADDRESSES,
    "transport_role": "FrontendTransport",
    "require_tls": None,
}
SECURED = {**WANTED, "auth_mechanism": ["ExternalAuthoritative"], "permission_groups": ["ExchangeServers"], "relay": False}
ANONYMOUS = {**WANTED, "auth_mechanism": ["None"], "permission_groups": ["AnonymousUsers"], "relay": True}
LOGON = {
    **WANTED,
    "bindings": ["0.0.0.0:587"],
    "auth_mechanism": ["Tls", "BasicAuth", "BasicAuthRequireTLS"],
    "permission_groups": ["ExchangeUsers"],
    "relay": None,
}
PORTAL = "https://portal.corp.example/"
# As iis_smtp_relay says it in check mode of a server that is not installed.
RELAY = {
    "server": "SP01",
    "present": None,
    "running": None,
    "authentication": ["anonymous"],
    "connect_addresses": FARM_ADDRESSES,
    "relay_addresses": FARM_ADDRESSES,
    "relay_list": None,
    "relay_authenticated": False,
    "firewall_addresses": FARM_ADDRESSES,
    "bindings": None,
    "smart_host": "ex01.corp.example",
    "smart_host_type": None,
    "smart_host_port": 587,
    "smart_host_authentication": "basic",
    "smart_host_tls": True,
    "smart_host_username": relay_by_hand.ACCOUNT,
}


def _connectors(settings: dict[str, Any] | None, before: dict[str, Any] | None = None) -> dict[str, Any]:
    """A loop over the servers."""
    results = [
        {"before": {f"{server}\\SharePoint mail": before}, "after": {f"{server}\\SharePoint mail": settings}} for server in ("EX01", "EX02")
    ]
    return {"changed": True, "results": results}


def _email(**changed: Any) -> dict[str, Any]:
    email = {**by_hand.FARM["web_applications"][0]["outgoing_email"], **changed}
    email.pop("server_addresses")
    return {"changed": True, "before": {}, "after": {PORTAL: email}}


def _outcomes(changes: list[dict[str, Any]], **facts: Any) -> dict[str, str]:
    given = by_hand.situation_facts(**{"recipients": by_hand.RECIPIENTS, "needs": by_hand.ALL_NEEDS, **facts})
    untouched = copy.deepcopy(given)
    after = facts_after(given, changes)
    assert given == untouched
    return {cell.id: cell.prediction.outcome for cell in predict(parse_situation(**after)) if cell.server == "SP01"}


def test_a_connector_that_would_be_made() -> None:
    assert _outcomes([])["alert"] == "not_sent"
    secured = _outcomes([_connectors(SECURED)])
    assert {secured[id_] for id_ in ("alert", "alert_external", "alert_group_authenticated", "invitation")} == {"delivered"}


def test_the_relay_right_that_would_be_given_or_taken() -> None:
    email = _email(port=26)
    at_26 = {**ANONYMOUS, "bindings": ["0.0.0.0:26"]}
    given = _outcomes([_connectors(at_26), email])
    assert (given["alert"], given["alert_external"], given["alert_group_authenticated"]) == ("delivered", "delivered", "bounced")
    there = [*by_hand.defaults(), by_hand.anonymous("EX01", relay=True), by_hand.anonymous("EX02", relay=True)]
    taken = _outcomes([_connectors({**at_26, "relay": False}), email], connectors=there)
    assert (taken["alert"], taken["alert_external"]) == ("delivered", "refused")
    # What the task is not about stays as it was read.
    kept = _outcomes([_connectors({**at_26, "relay": None}, before=at_26), email], connectors=there)
    assert kept["alert_external"] == "delivered"


def test_rights_that_were_read_do_not_outlive_their_permission_groups() -> None:
    there = [*by_hand.defaults(), by_hand.anonymous("EX01", bindings=["0.0.0.0:25"])]
    assert _outcomes([_connectors(SECURED)], connectors=there)["invitation"] == "delivered"


def test_a_connector_that_would_be_removed() -> None:
    there = [*by_hand.defaults(), by_hand.externally_secured("EX01"), by_hand.externally_secured("EX02")]
    assert _outcomes([], connectors=there)["alert"] == "delivered"
    assert _outcomes([_connectors(None, before=SECURED)], connectors=there)["alert"] == "not_sent"


def test_outgoing_email_that_would_be_set() -> None:
    assert _outcomes([_email(server="ex02.corp.example")])["notification"] == "delivered"
    assert _outcomes([_email(port=2600)])["notification"] == "not_sent"


def test_a_relay_that_would_be_installed_and_grants_that_would_be_given() -> None:
    grants = {
        "account": relay_by_hand.ACCOUNT,
        "account_addresses": [relay_by_hand.OWN],
        "send_as": relay_by_hand.EVERYBODY_GRANTED,
        "before": {relay_by_hand.ACCOUNT: {"mailboxes": []}},
        "after": {relay_by_hand.ACCOUNT: {"mailboxes": [by_hand.ALICE, by_hand.BOB]}},
    }
    relay = {"relay": RELAY, "before": {"SmtpSvc/1": None}, "after": {"SmtpSvc/1": {"running": True}}}
    email = _email(server="sp01.corp.example", from_address=relay_by_hand.OWN)
    facts = {"exchange_servers": relay_by_hand.SERVERS, "sharer": by_hand.ALICE}
    through = _outcomes([_connectors(LOGON), relay, email], **facts)
    assert (through["alert"], through["alert_external"], through["alert_group_authenticated"]) == ("delivered",) * 3
    assert _outcomes([_connectors(LOGON), relay, grants, email], **facts)["invitation"] == "delivered"
    refused = _outcomes(
        [_connectors(LOGON), relay, {**grants, "send_as": [relay_by_hand.grant(by_hand.ALICE, allowed=False)]}, email], **facts
    )
    assert refused["invitation"] == "bounced"


def test_a_relay_that_would_be_closed() -> None:
    facts = relay_by_hand.situation_facts()
    nobody = {"relay": {**relay_by_hand.relay(), "relay_addresses": [], "relay_list": None}}
    cells = predict(parse_situation(**facts_after(facts, [nobody])))
    assert {cell.prediction.decisive for cell in cells if cell.id == "alert"} == {"relay_refuses"}
    gone = {"relay": {**dict.fromkeys(RELAY), "server": "SP01", "present": False, "running": False}}
    cells = predict(parse_situation(**facts_after(facts, [gone])))
    assert {cell.prediction.outcome for cell in cells if cell.id == "alert"} != {"delivered"}


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"failed": True, "msg": "The connector is open to all."}, "open to all"),
        ({"ping": "pong"}, "not a result of a module"),
        ({"after": {"something": {"else": 1}}}, "something"),
        ({"after": {PORTAL: "settings"}, "before": None}, "not valid"),
    ],
)
def test_what_is_no_change_is_refused(result: dict[str, Any], said: str) -> None:
    with pytest.raises(FactError, match=said):
        _outcomes([result])


def test_what_was_skipped_changes_nothing() -> None:
    assert _outcomes([{"skipped": True}, {"results": [{"skipped": True}]}]) == _outcomes([])
