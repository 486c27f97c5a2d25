# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is predicted of mail that goes through an IIS SMTP relay."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import FactError
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.rules.cell import Cell
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.rules.doors import Asked
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.rules.predict import predict
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.situation.facts import parse_situation
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.situation.relays import same_account
from tests.unit.delivery import by_hand, relay_by_hand
from tests.unit.delivery.by_hand import ALICE, BOB, SHAREPOINT
from tests.unit.delivery.relay_by_hand import OWN, grant, relay, relay_probe

ALL = ("notification", "alert", "alert_external", "alert_group_authenticated", "alert_group_permitted", "workflow", "invitation")
# Exchange's side of a mailbox server whose clients may send as anybody: a right on the connector, as people give it by hand.
ANY_SENDER = {
    "user": "NT AUTHORITY\\Authenticated Users",
    "sid": "S-1-5-11",
    "deny": False,
    "inherited": False,
    "rights": ["ms-Exch-SMTP-Submit", "ms-Exch-SMTP-Accept-Any-Recipient", "ms-Exch-SMTP-Accept-Any-Sender"],
}


def _cells(*relays: dict[str, Any], **changed: Any) -> dict[tuple[str, str], Cell]:
    probes = changed.pop("probes", ())
    return {
        (cell.id, cell.server): cell
        for cell in predict(parse_situation(**relay_by_hand.situation_facts(*relays, **changed)), Asked(probes))
    }


def _fates(*relays: dict[str, Any], server: str = "SP01", **changed: Any) -> dict[str, tuple[str, str]]:
    cells = _cells(*relays, **changed)
    return {name: (cells[name, server].prediction.outcome, cells[name, server].prediction.decisive) for name in ALL}


def _alike(outcome: str, decisive: str) -> dict[str, tuple[str, str]]:
    return dict.fromkeys(ALL, (outcome, decisive))


DELIVERED = ("delivered", "accepted")


def test_everything_arrives_but_what_a_user_sends() -> None:
    for server in ("SP01", "SP02"):
        assert _fates(server=server) == {**_alike(*DELIVERED), "invitation": ("bounced", "relay_send_as")}


def test_the_chain_tells_of_both_sessions() -> None:
    reasons = [(reason.fact, reason.value) for reason in _cells()["alert", "SP02"].prediction.reasons]
    assert reasons[:2] == [
        ("address of the server", "10.0.0.22"),
        ("outgoing mail server", "sp01.corp.example:25, TLS off"),
    ]
    chain = dict(reasons)
    assert chain["AUTH offered by the relay"] == "no"
    assert chain["smart host"] == "ex01.corp.example:587, TLS, basic as CORP\\svc_relay"
    assert chain["receive connector"] == "EX01\\Client Frontend EX01"
    assert chain["log-on of the relay"] == "LOGIN as CORP\\svc_relay"
    assert "an address of CORP\\svc_relay itself" in chain["MAIL FROM"]
    prediction = _cells()["alert", "SP02"].prediction
    assert (prediction.client, prediction.target) == ("10.0.0.21", "EX01")
    refused = _cells()["invitation", "SP01"].prediction.reasons
    assert any(f"alice@corp.example is not known to be an address of {relay_by_hand.ACCOUNT}" in reason.value for reason in refused)
    assert refused[-1].value.endswith(f"returns the mail to the envelope sender {ALICE} with a report")


@pytest.mark.parametrize(
    ("changed", "sharer", "outcome"),
    [
        ({"send_as": relay_by_hand.EVERYBODY_GRANTED}, ALICE, "delivered"),
        ({"send_as": [grant(ALICE, allowed=False), grant(BOB)]}, ALICE, "bounced"),
        ({"send_as": [grant(ALICE), grant(BOB, allowed=False)]}, ALICE, "delivered"),
        ({"send_as": [grant(ALICE, account="CORP\\somebody")]}, ALICE, "bounced"),
        ({"send_as": [grant(ALICE, account="svc_relay@corp.example")]}, ALICE, "delivered"),
        ({"send_as": [grant("a.smith@corp.example", addresses=[ALICE])]}, ALICE, "delivered"),
        ({"send_as": []}, ALICE, "bounced"),
        # Who shares is not known: then all that were asked about must have granted it.
        ({"send_as": relay_by_hand.EVERYBODY_GRANTED}, "", "delivered"),
        ({"send_as": [grant(ALICE), grant(BOB, allowed=False)]}, "", "bounced"),
        ({"send_as": []}, "", "bounced"),
        ({}, "", "bounced"),
    ],
)
def test_a_user_sends_with_send_as(changed: dict[str, Any], sharer: str, outcome: str) -> None:
    assert _fates(sharer=sharer, **changed)["invitation"][0] == outcome


def test_a_right_on_the_connector_lets_the_account_send_as_anybody() -> None:
    clients = by_hand.connector("Client Frontend EX01", bindings=["0.0.0.0:587"], permission_groups=["Custom"], rights=[ANY_SENDER])
    fates = _fates(connectors=[*by_hand.defaults()[:1], clients], from_address=SHAREPOINT)
    assert fates == _alike(*DELIVERED)


def test_an_address_that_is_not_the_accounts_comes_back() -> None:
    fates = _fates(from_address=SHAREPOINT, send_as=relay_by_hand.EVERYBODY_GRANTED)
    assert fates == {**_alike("bounced", "relay_send_as"), "invitation": DELIVERED}


def test_an_overridden_envelope_sender_is_the_farms() -> None:
    facts = relay_by_hand.situation_facts()
    facts["farm"]["web_applications"][0]["outgoing_email"]["override_envelope_sender"] = True
    assert _fates(farm=facts["farm"])["invitation"] == DELIVERED


@pytest.mark.parametrize(
    ("changed", "own", "other"),
    [
        ({"running": False}, ("not_sent", "relay_stopped"), ("not_sent", "relay_stopped")),
        ({"bindings": [{"address": "", "port": 26}]}, ("not_sent", "no_listener"), ("not_sent", "no_listener")),
        ({"bindings": [{"address": "127.0.0.1", "port": 25}]}, ("not_sent", "no_listener"), ("not_sent", "no_listener")),
        ({"bindings": [{"address": "10.0.0.21", "port": 25}]}, DELIVERED, DELIVERED),
        # What a server sends to itself passes no firewall; the relay's own lists count for it all the same.
        ({"firewall_addresses": ["10.0.9.0/255.255.255.0"]}, DELIVERED, ("not_sent", "relay_firewall")),
        ({"firewall_addresses": ["10.0.0.0/24"]}, DELIVERED, DELIVERED),
        ({"firewall_addresses": ["LocalSubnet"]}, DELIVERED, DELIVERED),
        ({"connect_addresses": ["10.0.0.22"]}, ("not_sent", "relay_not_admitted"), DELIVERED),
        ({"relay_addresses": ["10.0.0.21"]}, DELIVERED, ("refused", "relay_refuses")),
        ({"relay_list": "nobody", "relay_addresses": []}, ("refused", "relay_refuses"), ("refused", "relay_refuses")),
        ({"relay_list": "everybody", "relay_addresses": []}, DELIVERED, DELIVERED),
        ({"relay_list": "unknown", "relay_addresses": []}, DELIVERED, DELIVERED),
        ({"smart_host": ""}, ("accepted_not_delivered", "relay_queue"), ("accepted_not_delivered", "relay_queue")),
        ({"smart_host_type": "none"}, ("accepted_not_delivered", "relay_queue"), ("accepted_not_delivered", "relay_queue")),
        ({"smart_host_type": "fallback"}, DELIVERED, DELIVERED),
        ({"smart_host": "[10.0.0.31]"}, DELIVERED, DELIVERED),
        ({"smart_host": "mail.corp.example"}, DELIVERED, DELIVERED),
        ({"smart_host_port": 588}, ("accepted_not_delivered", "relay_queue"), ("accepted_not_delivered", "relay_queue")),
        # Exchange's connector for clients offers LOGIN under TLS only.
        ({"smart_host_tls": False}, ("accepted_not_delivered", "relay_credentials"), ("accepted_not_delivered", "relay_credentials")),
        ({"smart_host_tls": False, "smart_host_authentication": "ntlm"}, DELIVERED, DELIVERED),
        # The connector for clients takes nobody who does not log on; the one on port 25 does, and its mail counts as anonymous.
        ({"smart_host_authentication": "none"}, ("bounced", "no_submit"), ("bounced", "no_submit")),
        ({"smart_host_authentication": "none", "smart_host_port": 25}, DELIVERED, DELIVERED),
    ],
)
def test_an_alert_to_a_mailbox(changed: dict[str, Any], own: tuple[str, str], other: tuple[str, str]) -> None:
    cells = _cells(relay(**changed))
    for server, expected in (("SP01", own), ("SP02", other)):
        prediction = cells["alert", server].prediction
        assert (prediction.outcome, prediction.decisive) == expected


def test_a_relay_that_does_not_log_on_has_the_rights_of_its_address() -> None:
    fates = _fates(relay(smart_host_authentication="none", smart_host_port=25))
    assert fates["alert_external"] == ("bounced", "no_relay")
    assert fates["alert_group_authenticated"] == ("bounced", "group_authentication")
    assert fates["invitation"] == DELIVERED
    secured = [*by_hand.defaults(), by_hand.externally_secured(remote_ip_ranges=["10.0.0.21"])]
    plain = relay(smart_host_authentication="none", smart_host_port=25, smart_host_tls=False)
    assert _fates(plain, connectors=secured, server="SP02") == _alike(*DELIVERED)


@pytest.mark.parametrize(
    ("account", "outcome"), [("CORP\\sp_farm", "delivered"), ("SP02\\sp_farm", "not_sent")], ids=["domain", "local to another server"]
)
def test_a_build_that_answers_challenges_needs_an_account_that_the_relay_knows(account: str, outcome: str) -> None:
    facts = relay_by_hand.situation_facts()
    facts["farm"]["farm_account"] = account
    offering = relay(authentication=["anonymous", "ntlm"])
    assert _fates(offering, farm=facts["farm"], server="SP02")["alert"][0] == outcome
    assert _fates(relay(), farm=facts["farm"], server="SP02")["alert"][0] == "delivered"


def test_who_logs_on_may_relay_where_the_relay_says_so() -> None:
    offering = {"authentication": ["ntlm"], "relay_list": "nobody", "relay_addresses": []}
    assert _fates(relay(**offering, relay_authenticated=True))["alert"] == DELIVERED
    assert _fates(relay(**offering))["alert"] == ("refused", "relay_refuses")
    patched = by_hand.farm(patched=True, server="sp01", from_address=OWN)
    assert _fates(relay(**offering, relay_authenticated=True), farm=patched)["alert"] == ("refused", "relay_refuses")


def test_tls_from_sharepoint_needs_a_certificate_of_the_relay() -> None:
    assert _fates(tls=True)["alert"] == ("not_sent", "no_tls")


def test_the_relay_is_known_by_name_or_address() -> None:
    ways: list[dict[str, Any]] = [{"server": "SP01", "server_addresses": []}, {"server": "10.0.0.21"}, {"server": "smtp.corp.example"}]
    for email in ways:
        farm = by_hand.farm(**{"server_addresses": ["10.0.0.21"], "from_address": OWN, **email})
        assert _fates(farm=farm)["alert"] == DELIVERED
    assert _fates(farm=by_hand.farm(patched=True, from_address=OWN))["alert_external"] == ("refused", "no_relay")


@pytest.mark.parametrize(
    ("changed", "outcome", "needed"),
    [
        ({}, "refused", True),
        ({"relay_list": "everybody"}, "delivered", True),
        ({"relay_list": "unknown"}, "refused", True),
        ({"authentication": ["anonymous", "basic"]}, "refused", True),
        ({"authentication": ["anonymous", "basic"], "relay_authenticated": True}, "delivered", True),
        ({"relay_list": "everybody", "connect_addresses": ["10.0.0.21"]}, "refused", True),
        ({"relay_list": "everybody", "firewall_addresses": ["10.0.0.22"]}, "refused", True),
        ({"running": False}, "not_run", False),
    ],
)
def test_a_host_that_is_not_listed(changed: dict[str, Any], outcome: str, needed: bool) -> None:
    cell = _cells(relay(**changed))["relay_unlisted", "SP01"]
    assert (cell.prediction.outcome, cell.want, cell.needed) == (outcome, "refused", needed)


def test_a_probe_says_who_it_was() -> None:
    offering = relay(authentication=["anonymous", "basic"], relay_authenticated=True)
    assert _cells(offering, probes=[relay_probe()])["relay_unlisted", "SP01"].prediction.outcome == "refused"
    both = [relay_probe(), relay_probe("accepted", authenticated=True)]
    assert _cells(offering, probes=both)["relay_unlisted", "SP01"].prediction.outcome == "delivered"
    both[1]["mail_from"] = both[0]["mail_from"] = SHAREPOINT
    # The relay takes it, and Exchange does not take that sender from the relay's account: open all the same.
    assert _cells(offering, probes=both)["relay_unlisted", "SP01"].prediction.outcome == "bounced"
    listed = [relay_probe(client_address="10.0.0.22")]
    assert _cells(probes=listed)["relay_unlisted", "SP01"].prediction.outcome == "delivered"


def test_every_relay_is_asked_and_none_that_is_not_there() -> None:
    cells = _cells(relay(), relay(server="SP02", fqdn="sp02.corp.example"))
    assert {server for name, server in cells if name == "relay_unlisted"} == {"SP01", "SP02"}
    absent = {"server": "SP02", "present": False}
    assert {server for name, server in _cells(relay(), absent) if name == "relay_unlisted"} == {"SP01"}


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"relays": [relay(relay_list="some")]}, "the relay 'SP01' is not valid: relay_list is 'some'; it is one of listed"),
        ({"relays": [relay(relay_addresses=["10.0.0"])]}, "relay 'SP01' is not valid: relay_addresses: '10.0.0'"),
        ({"relays": [relay(smart_host_username="")]}, "smart_host_username is empty"),
        ({"relays": [relay(bindings=[{"address": ""}])]}, "the relay 'SP01' lacks the fact 'port'"),
        ({"relays": [{"server": "SP01"}]}, "pass what iis_smtp_relay_info returned"),
        ({"send_as": [{"mailbox": "alice", "allowed": True, "account": "x"}]}, "entry of send_as 'alice' is not valid"),
        ({"send_as": [{"mailbox": "alice", "address": ALICE, "allowed": True}]}, "lacks the fact 'account'"),
    ],
)
def test_facts_that_make_no_sense(facts: dict[str, Any], sentence: str) -> None:
    with pytest.raises(FactError) as raised:
        parse_situation(**relay_by_hand.situation_facts(**facts))
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("CORP\\svc", "corp\\SVC", True),
        ("CORP\\svc", "svc@corp.example", True),
        ("CORP\\svc", "svc", True),
        ("CORP\\svc", "OTHER\\svc", False),
        ("svc@a.example", "svc@b.example", False),
        ("CORP\\svc", "CORP\\other", False),
    ],
)
def test_accounts_in_several_forms(one: str, other: str, same: bool) -> None:
    assert same_account(one, other) is same
