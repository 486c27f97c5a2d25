# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole predictions as people read them: each reason in its place, with its words and its source.

chains.txt holds them, situation by situation; of cells that the usual situation has as well (direct, or through a relay), only the
difference is told. What a change of a rule does to them is a diff of that file, to be read before it is committed.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.rules.cell import Cell
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.rules.doors import NOTHING_ASKED, Asked, is_about
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.rules.predict import predict, tried_from
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.scenarios import chosen
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.situation.facts import parse_situation
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.situation.hosts import Host
from tests.unit.delivery import by_hand, relay_by_hand
from tests.unit.delivery.by_hand import ALICE, BOARD, BOB, SHAREPOINT, externally_secured
from tests.unit.delivery.relay_by_hand import ACCOUNT, OWN, grant, relay, relay_probe

SECURED = [*by_hand.defaults(), externally_secured(), externally_secured("EX02")]
PATCHED = by_hand.farm(patched=True)
OVERRIDDEN = by_hand.farm(override_envelope_sender=True)
GROUPS = {"recipients": by_hand.RECIPIENTS, "needs": by_hand.ALL_NEEDS}
TO_GROUPS = ("alert_group_authenticated SP01", "alert_group_permitted SP01")
DOORS = ("unlisted_relay EX01", "unlisted_connector EX01", "spoof EX01", "tls_missing EX01")
LOST = by_hand.farm()
LOST["web_applications"][0]["alert_job_disabled"] = True
MOVED = by_hand.farm(port=26)
MOVED["servers"][0]["addresses"] = []
TWO_WAYS = by_hand.farm(patched=True)
TWO_WAYS["servers"][0]["addresses"] = ["10.0.0.21", "10.0.0.25"]
LOCAL = relay_by_hand.situation_facts()["farm"]
LOCAL["farm_account"] = LOCAL["web_applications"][0]["application_pool_account"] = "SP02\\sp_farm"
REJECTED = [{**group, "reject_from": [SHAREPOINT]} for group in by_hand.groups()]
USERS = by_hand.connector("users", permission_groups=["AnonymousUsers", "ExchangeUsers"])
CLIENTS = [
    by_hand.connector("Client Frontend EX01", bindings=["0.0.0.0:587"], permission_groups=["Custom"], auth_mechanism=["Tls", "BasicAuth"])
]
SUBMIT_ONLY = [{**by_hand.anonymous()["rights"][0], "rights": ["ms-Exch-SMTP-Submit"]}]
ELSEWHERE = by_hand.connector("elsewhere", bindings=["10.0.0.99:25"])
SEVERAL = [{**group, "require_sender_authentication": False, "accept_only_from": [ALICE, SHAREPOINT]} for group in by_hand.groups()]
STRICT = [externally_secured(bindings=["0.0.0.0:26"], auth_mechanism=["Tls", "ExternalAuthoritative"], require_tls=True)]
BARE = by_hand.connector("x", bindings=["0.0.0.0:587"], auth_mechanism=[])
MANY = [grant(f"user{number}@corp.example", allowed=False) for number in range(5)]

# name: facts that are not as by_hand has them, and the cells that are shown
DIRECT: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "as setup leaves it": ({}, ("notification SP01", "alert SP01", "alert_external SP02", "server_mail SP01", "server_connection SP01")),
    "a build that ignores challenges": ({"farm": PATCHED}, ("alert SP01", "alert_external SP01")),
    "an externally secured connector": ({"connectors": SECURED}, ("alert_external SP01", *DOORS)),
    "its range lacks a server": ({"connectors": [externally_secured(remote_ip_ranges=["10.0.0.21"])]}, ("alert SP01", "alert SP02")),
    "TLS that nobody offers": ({"connectors": SECURED, "farm": by_hand.farm(tls=True)}, ("alert SP01",)),
    "TLS that is required": ({"connectors": [by_hand.connector("strict", require_tls=True)]}, ("alert SP01", "server_connection SP01")),
    "a connector of the route that requires TLS": ({"connectors": [*by_hand.defaults(), *STRICT]}, DOORS),
    "no server": ({"farm": by_hand.farm(server="")}, ("alert SP01", "server_connection SP01", "server_mail SP01")),
    "no listener": ({"farm": by_hand.farm(port=2626)}, ("alert SP01", "server_connection SP01", "unlisted_relay EX01")),
    "no Exchange server": ({"connectors": [], "exchange_servers": []}, ("alert SP01", "server_mail SP01")),
    "no range": ({"connectors": [externally_secured(remote_ip_ranges=["192.0.2.1"])]}, ("alert SP01", "server_mail SP01", *DOORS)),
    "a balancer": ({"farm": by_hand.farm(server="mail.corp.example", server_addresses=[]), "connectors": SECURED[:-1]}, ("alert SP01",)),
    "a server with two addresses": ({"farm": TWO_WAYS, "connectors": SECURED[:-1]}, ("alert_external SP01",)),
    "a server without addresses": ({"farm": MOVED, "connectors": [by_hand.anonymous()]}, ("alert SP01",)),
    "a connector for clients": ({"farm": by_hand.farm(port=587)}, ("alert SP01", "notification SP01")),
    "a connector that takes clients too": ({"connectors": [USERS]}, ("invitation SP01", "alert SP01", "notification SP01")),
    "groups that were read": ({**GROUPS, "groups": by_hand.groups(), "farm": PATCHED}, TO_GROUPS),
    "groups that were not read": ({**GROUPS, "farm": PATCHED}, TO_GROUPS),
    "groups and trust": ({**GROUPS, "groups": by_hand.groups(ALICE), "connectors": SECURED}, TO_GROUPS),
    "groups that reject the farm": ({**GROUPS, "groups": REJECTED, "connectors": SECURED}, TO_GROUPS),
    "rights edited by hand that were not read": (
        {"connectors": [by_hand.anonymous(relay=True, rights=None)], "farm": by_hand.farm(port=26)},
        ("alert_external SP01",),
    ),
    "rights edited by hand": (
        {"connectors": [by_hand.anonymous(relay=True)], "farm": by_hand.farm(port=26)},
        ("alert_external SP01", "unlisted_connector EX01"),
    ),
    "a disabled timer job": ({"farm": LOST}, ("alert SP01", "notification SP01")),
    "a user who shares": ({"sharer": ALICE, **GROUPS}, ("invitation SP01",)),
    "a user who shares and is overridden": ({"sharer": ALICE, "farm": OVERRIDDEN}, ("invitation SP01",)),
    "senders that a connector does not take": (
        {"connectors": [by_hand.anonymous(rights=SUBMIT_ONLY)], "farm": by_hand.farm(port=26)},
        ("alert SP01", "invitation SP01"),
    ),
    "a sender from outside": (
        {"connectors": [by_hand.anonymous(rights=SUBMIT_ONLY)], "farm": by_hand.farm(port=26, from_address="farm@outside.example")},
        ("alert SP01",),
    ),
    "no mechanism": ({"connectors": [by_hand.connector("plain", auth_mechanism=[])]}, ("alert SP01",)),
    "TLS and a challenge": ({"farm": by_hand.farm(tls=True)}, ("alert SP01",)),
    "a binding to another address": ({"connectors": [ELSEWHERE], "exchange_servers": relay_by_hand.SERVERS}, ("alert SP01",)),
    "a group that permits several": ({**GROUPS, "groups": SEVERAL, "farm": PATCHED}, TO_GROUPS),
    "nobody knows who shares": ({}, ("invitation SP01",)),
}
RELAY: dict[str, tuple[tuple[dict[str, Any], ...], dict[str, Any], tuple[str, ...]]] = {
    "a relay": ((), {}, ("alert SP01", "alert_external SP02", "invitation SP01", "relay_unlisted SP01", "server_connection SP02")),
    "a relay that is stopped": ((relay(running=False),), {}, ("alert SP02", "relay_unlisted SP01", "server_connection SP02")),
    "a relay on another port": ((relay(bindings=[{"address": "10.0.0.21", "port": 26}]),), {}, ("alert SP02", "relay_unlisted SP01")),
    "a relay without a binding": ((relay(bindings=[]),), {}, ("alert SP02", "relay_unlisted SP01")),
    "its connection control": ((relay(connect_addresses=["10.0.0.22"]),), {}, ("alert SP01", "alert SP02", "relay_unlisted SP01")),
    "its firewall": ((relay(firewall_addresses=["10.0.0.21"]),), {}, ("alert SP01", "alert SP02", "server_connection SP02")),
    "TLS from SharePoint": ((), {"tls": True}, ("alert SP02",)),
    "who must log on": ((relay(authentication=["basic"]),), {}, ("alert SP02", "relay_unlisted SP01")),
    "who may log on": (
        (relay(authentication=["anonymous", "basic", "ntlm"], relay_authenticated=True),),
        {},
        ("alert SP02", "notification SP02", "server_mail SP02", "relay_unlisted SP01"),
    ),
    "a build that does not log on": ((relay(authentication=["ntlm"]),), {"patched": True}, ("alert SP02",)),
    "an account of another server": (
        (relay(authentication=["anonymous", "ntlm"]),),
        {"farm": LOCAL},
        ("alert SP02", "notification SP02"),
    ),
    "nobody may relay": ((relay(relay_list="nobody", relay_addresses=[]),), {}, ("alert SP02",)),
    "everybody may relay": ((relay(relay_list="everybody", relay_addresses=[]),), {}, ("alert SP02", "relay_unlisted SP01")),
    "nobody knows who may relay": ((relay(relay_list="unknown", relay_addresses=[]),), {}, ("alert SP02", "relay_unlisted SP01")),
    "who is not listed": ((relay(relay_addresses=["10.0.0.21"]),), {}, ("alert SP02",)),
    "no smart host": ((relay(smart_host=""),), {}, ("alert SP02",)),
    "a smart host that is the second choice": ((relay(smart_host_type="fallback"),), {}, ("alert SP02",)),
    "a smart host that is a balancer": ((relay(smart_host="mail.corp.example"),), {}, ("alert SP02",)),
    "no Exchange server behind it": ((), {"connectors": [], "exchange_servers": []}, ("alert SP02",)),
    "no connector behind it": ((relay(smart_host_port=588),), {}, ("alert SP02",)),
    "TLS that Exchange does not offer": (
        (),
        {"connectors": [by_hand.connector("x", bindings=["0.0.0.0:587"], auth_mechanism=[])]},
        ("alert SP02",),
    ),
    "TLS that Exchange requires": (
        (relay(smart_host_tls=False),),
        {"connectors": [by_hand.connector("x", bindings=["0.0.0.0:587"], require_tls=True)]},
        ("alert SP02",),
    ),
    "a logon that Exchange offers under TLS only": ((relay(smart_host_tls=False),), {}, ("alert SP02",)),
    "a logon that Exchange does not offer": (
        (relay(smart_host_authentication="ntlm"),),
        {"connectors": CLIENTS},
        ("alert SP02",),
    ),
    "a relay that does not log on": (
        (relay(smart_host_authentication="none", smart_host_port=25, account_addresses=None),),
        {},
        ("alert SP02", "alert_external SP02", "alert_group_authenticated SP02", "invitation SP02"),
    ),
    "an account whose rights were not read": ((relay(account_addresses=None),), {}, ("alert SP02", "invitation SP02")),
    "Send As for all": ((), {"send_as": relay_by_hand.EVERYBODY_GRANTED}, ("invitation SP02",)),
    "Send As for all, sharer unknown": ((), {"send_as": relay_by_hand.EVERYBODY_GRANTED, "sharer": ""}, ("invitation SP02",)),
    "Send As for one": ((), {"send_as": [grant(ALICE), grant(BOB, allowed=False)], "sharer": ""}, ("invitation SP02",)),
    "Send As for none": ((), {"send_as": MANY, "sharer": ""}, ("invitation SP02",)),
    "Send As for none of three": ((), {"send_as": MANY[:3], "sharer": ""}, ("invitation SP02",)),
    "Send As for none of four": ((), {"send_as": MANY[:4], "sharer": ""}, ("invitation SP02",)),
    "Send As for others only": ((), {"send_as": MANY}, ("invitation SP02",)),
    "Send As for another account": ((), {"send_as": [grant(ALICE, account="CORP\\other")]}, ("invitation SP02",)),
    "Send As that nobody read, sharer unknown": ((), {"sharer": ""}, ("invitation SP02",)),
    "a farm with an address of its own": ((), {"from_address": SHAREPOINT}, ("alert SP02", "alert_group_permitted SP02")),
}


def asked(*probes: Any, **more: Any) -> Asked:
    return Asked(probes, **more)


# with the trials that were made: probes, probes of servers, and recipients that SharePoint chose
TRIED: dict[str, tuple[dict[str, Any], Asked, tuple[str, ...]]] = {
    "probes from a listed and an unlisted address": (
        by_hand.situation_facts(connectors=SECURED),
        asked(by_hand.probe("unlisted_relay", "EX01", client_address="10.0.0.21"), by_hand.probe("unlisted_connector", "EX01")),
        ("unlisted_relay EX01", "unlisted_connector EX01"),
    ),
    "a probe that is planned": (
        by_hand.situation_facts(connectors=SECURED),
        asked({"scenario": "unlisted_relay", "host": "ex01.corp.example", "port": 587}, sender=BOARD),
        ("unlisted_relay EX01", "unlisted_connector EX01", "server_mail SP01"),
    ),
    "probes of a relay": (
        relay_by_hand.situation_facts(relay(authentication=["anonymous", "basic"], relay_authenticated=True)),
        asked(relay_probe(), relay_probe("accepted", authenticated=True, mail_from=SHAREPOINT)),
        ("relay_unlisted SP01",),
    ),
    "a probe of a server": (
        by_hand.situation_facts(),
        asked(
            server_probes=[
                {"server": "SP01", "rcpt_to": BOB, "mail_from": OWN, "account": ACCOUNT},
                {"connection": {"source_address": "10.0.0.22"}, "rcpt_to": "partner@outside.example"},
            ]
        ),
        ("server_mail SP01", "server_mail SP02", "server_connection SP01"),
    ),
    "a recipient that SharePoint chose": (
        by_hand.situation_facts(farm=PATCHED),
        asked(addressed={"alert": "stranger@outside.example", "notification": ALICE}),
        ("alert SP01", "notification SP01"),
    ),
}


def reasons(cell: Cell) -> list[str]:
    return [f"{reason.fact}: {reason.value} [{reason.standing}: {reason.by}]" for reason in cell.prediction.reasons]


def told(cell: Cell, usual: Cell | None) -> list[str]:
    """A cell as text, the reasons that it has in common with the ``usual`` one left out; of other recipients only what becomes of it."""
    heads = []
    for one in (cell, *cell.alternatives):
        prediction = one.prediction
        head = f"  {one.id} on {one.server}, {one.sender or 'the farm'} to {one.recipient}{', needed' if one.needed else ''}: "
        way = f"{prediction.client or '-'} to {prediction.target or '-'} by {prediction.connector or '-'}"
        heads.append(f"{head}{prediction.outcome} ({prediction.decisive}), {way}")
    known, now, lines = reasons(usual) if usual else [], reasons(cell), [heads[0]]
    for step, first, last, start, end in difflib.SequenceMatcher(None, known, now, autojunk=False).get_opcodes():
        if step != "equal":
            gone = ", ".join(reason.partition(":")[0] for reason in known[first:last])
            lines += [f"    without {gone}"] * bool(gone) + [f"    {reason}" for reason in now[start:end]]
    return [*lines, *heads[1:]]


def cells_of(facts: dict[str, Any], asked: Asked = NOTHING_ASKED) -> dict[str, Cell]:
    return {f"{cell.id} {cell.server}": cell for cell in predict(parse_situation(**facts), asked)}


def chains(name: str, facts: dict[str, Any], asked: Asked, shown: tuple[str, ...]) -> str:
    usual = {} if name in (next(iter(DIRECT)), next(iter(RELAY))) else USUAL["relays" in facts]
    cells = cells_of(facts, asked)
    lines = [line for which in shown for line in (told(cells[which], usual.get(which)) if which in cells else [f"  {which}: no such door"])]
    return "\n".join([f"== {name}", *lines, ""])


USUAL = {False: cells_of(by_hand.situation_facts()), True: cells_of(relay_by_hand.situation_facts())}
CHAINS = {
    **{name: (by_hand.situation_facts(**facts), NOTHING_ASKED, shown) for name, (facts, shown) in DIRECT.items()},
    **{name: (relay_by_hand.situation_facts(*relays, **facts), NOTHING_ASKED, shown) for name, (relays, facts, shown) in RELAY.items()},
    **TRIED,
}
KNOWN = {
    part.partition("\n")[0]: f"== {part}"
    for part in Path(__file__).with_name("chains.txt").read_text(encoding="utf-8").split("== ")
    if part
}


@pytest.mark.parametrize("name", CHAINS)
def test_a_prediction_tells_its_reasons(name: str) -> None:
    assert chains(name, *CHAINS[name]) == KNOWN[name]


def test_a_cell_knows_what_was_said_of_each_recipient() -> None:
    cell = cells_of(by_hand.situation_facts(farm=PATCHED), asked(addressed={"alert": "stranger@outside.example"}))["alert SP01"]
    (stranger,) = cell.alternatives
    assert cell.recipients == [ALICE, "stranger@outside.example"]
    assert (cell.about("ALICE@corp.example"), cell.about("Stranger@outside.example"), cell.about(BOB)) == (cell, stranger, None)
    nothing = cell.unpredicted()
    assert (nothing.recipients, nothing.prediction.outcome, nothing.prediction.decisive) == ([ALICE], "not_predicted", "not_predicted")
    assert (nothing.prediction.reasons, nothing.id, nothing.alternatives) == ((), "alert", ())


@pytest.mark.parametrize(
    ("trial", "about"),
    [
        ({"scenario": "spoof", "server": "EX01", "host": "mail.corp.example"}, True),
        ({"scenario": "spoof", "host": "ex01.corp.example"}, True),
        ({"scenario": "spoof", "server": "EX02", "host": "ex01.corp.example"}, False),
        ({"scenario": "unlisted_relay", "server": "EX01"}, False),
        ({"scenario": "spoof"}, False),
    ],
)
def test_which_door_a_probe_is_about(trial: dict[str, Any], about: bool) -> None:
    (spoof,) = chosen(["spoof"])
    assert is_about(trial, spoof, Host("EX01", "ex01.corp.example", ("10.0.0.31",))) is about


@pytest.mark.parametrize(
    ("trial", "here"),
    [
        ({"server": "SP01"}, True),
        ({"source_address": "10.0.0.21"}, True),
        ({"connection": {"source_address": "10.0.0.21"}}, True),
        ({"server": "SP02", "connection": None}, False),
        ({}, False),
    ],
)
def test_which_server_a_probe_comes_from(trial: dict[str, Any], here: bool) -> None:
    assert tried_from(Host("SP01", "", ("10.0.0.21",)), trial) is here


def test_no_situation_is_told_in_vain() -> None:
    assert list(KNOWN) == list(CHAINS)
