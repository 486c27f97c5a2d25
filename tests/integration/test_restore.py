# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module changed is brought back by its option ``restore``: the lab is as it was, and a second time changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.conftest import Lab, StartLab
from tests.integration.iis_relay import PASSWORD, client, windows
from tests.integration.test_exchange_modules import BOARD, BYPASS, CONNECTORS_ONLY, EVERYONE, PARTNER, connector, dial
from tests.integration.test_wrong_input import EXCHANGE

FARM = "sharepoint@corp.example"
PORTAL = "https://portal.corp.example:8443/"
EMAIL = {"server": "ex01.corp.example", "port": 1025, "from_address": FARM, "web_applications": ["all"]}
ACCOUNT = "CORP\\svc_relay"
ALICE, BOB = "alice@corp.example", "bob@corp.example"
SMTP = "SmtpSvc/1"


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> Lab:
    return start_lab()


def play(lab: Lab, module: str, *steps: dict[str, Any], **variables: Any) -> list[dict[str, Any]]:
    """Runs tasks of one module in one playbook. ``step_0`` is the first one's result, and so on; ``check`` in a step means check mode."""
    tasks = []
    for number, step in enumerate(steps):
        options = {name: value for name, value in step.items() if name != "check"}
        task = {"name": f"Step {number}", f"sharepoint.mail.{module}": options, "register": f"step_{number}", "ignore_errors": True}
        tasks.append({**task, "check_mode": bool(step.get("check")), "diff": True})
    run = lab.playbook([{"name": "Steps", "hosts": "sp01", "gather_facts": False, "vars": variables, "tasks": tasks}])
    assert len(run.results) == len(steps), run.output
    assert PASSWORD not in run.output + json.dumps(run.results)
    return [{"irreversible": None, **entry["result"], "failed": "failed" in entry["status"]} for entry in run.results]


def before(number: int) -> str:
    return f"{{{{ step_{number}.before }}}}"


CHANGED_EMAIL = {
    "server": "ex02.corp.example",
    "from_address": "farm@corp.example",
    "reply_to": BOB,
    "port": 1587,
    "tls": True,
    "override_envelope_sender": True,
    "character_set": 28592,
}
"""Of outgoing e-mail, each other than the lab's farm has it."""


def test_outgoing_email_comes_back_with_its_null(lab: Lab) -> None:
    """The envelope sender was never set, which is a third value beside true and false."""
    start = lab.ask("snapshot")
    changed = {**CHANGED_EMAIL, "web_applications": ["all"]}
    back = {**changed, "restore": before(0), "require_undo": True}
    done, foreseen, restored, again, nothing = play(
        lab, "outgoing_email", changed, {**back, "check": True}, back, back, {**changed, "restore": {}}
    )
    assert not any(step["failed"] for step in (done, foreseen, restored, again, nothing)), [done, restored]
    assert (done["changed"], done["irreversible"]) == (True, []) and done["after"][PORTAL]["override_envelope_sender"] is True
    kept = [option for option in CHANGED_EMAIL if done["before"][PORTAL][option] == done["after"][PORTAL][option]]
    assert kept == [], "each is changed"
    assert foreseen["changed"] and foreseen["after"] == restored["after"] == done["before"]
    assert restored["diff"][0]["after"]["override_envelope_sender"] is None
    assert (restored["changed"], restored["irreversible"], again["changed"]) == (True, [], False)
    assert (nothing["changed"], nothing["before"], nothing["irreversible"]) == (False, {}, [])
    now = lab.ask("snapshot")
    # Each SMTP server that it was ever given stays in the farm's list of servers.
    assert set(now["sharepoint"].pop("servers")) >= set(start["sharepoint"].pop("servers"))
    assert now == start


@pytest.mark.parametrize(
    ("restore", "words"),
    [
        ({"https://nowhere.corp.example/": {"server": "ex01.corp.example"}}, "has no web application"),
        ({PORTAL: None}, "neither creates nor removes"),
        ({PORTAL: {"smtp": "ex01"}}, "not what this module returned as before"),
        ({PORTAL: "as it was"}, "not what this module returned as before"),
        ({PORTAL: {}}, "not what this module returned as before"),
        ({"all": {"server": "ex02.corp.example"}}, "has no web application"),
        ({PORTAL: {"tls": "maybe"}}, "tls of https://portal.corp.example:8443/ is 'maybe'"),
        ({PORTAL: {"port": 1.5}}, "port of https://portal.corp.example:8443/ is 1.5"),
        ({PORTAL: {"port": 25}, PORTAL.upper(): {"port": 26}}, "is there twice"),
    ],
)
def test_what_is_no_earlier_state_is_refused(lab: Lab, restore: dict[str, Any], words: str) -> None:
    start = lab.ask("snapshot")
    (result,) = play(lab, "outgoing_email", {**EMAIL, "restore": restore})
    assert (result["failed"], result["changed"]) == (True, False)
    assert words in result["msg"] and result["msg"].endswith("Nothing was changed."), result["msg"]
    assert lab.ask("snapshot") == start


def test_an_smtp_server_cannot_be_taken_away_again(fresh_lab: StartLab) -> None:
    lab = fresh_lab("--state", "no-outgoing-email")
    start = lab.ask("snapshot")
    wish = {**EMAIL, "farm_default": False, "override_envelope_sender": True}
    careful = {**wish, "require_undo": True}
    look, refused, foreseen = play(lab, "outgoing_email", {**careful, "check": True}, careful, {**wish, "check": True})
    for step in (look, refused):
        assert step["failed"] and not step["changed"]
        for words in (PORTAL, "cannot remove an SMTP server", "Nothing was changed.", "require_undo: false"):
            assert words in step["msg"], step["msg"]
    assert any(sentence.startswith(PORTAL) for sentence in foreseen["irreversible"])
    assert lab.ask("snapshot") == start
    done, restored, again = play(lab, "outgoing_email", wish, {**wish, "restore": before(0)}, {**wish, "restore": before(0)})
    assert done["irreversible"] == restored["irreversible"] == again["irreversible"] == foreseen["irreversible"]
    assert (restored["changed"], again["changed"]) == (True, False)
    assert restored["after"][PORTAL]["override_envelope_sender"] is None, "what can be put back is"
    assert restored["after"][PORTAL]["server"] == EMAIL["server"]


SETTINGS = {
    "preset": None,
    "bindings": ["0.0.0.0:1028"],
    "remote_ip_ranges": ["10.0.0.0-10.0.0.9"],
    "auth_mechanism": ["Tls", "Integrated", "BasicAuth", "BasicAuthRequireTLS"],
    "permission_groups": ["ExchangeUsers"],
    "enabled": False,
    "fqdn": "mail.corp.example",
    "banner": "220 Hello",
    "comment": "Another",
    "require_tls": True,
    "max_message_size": "20MB",
    "max_recipients_per_message": 17,
    "message_rate_limit": "7",
    "max_inbound_connection_per_source": "9",
    "connection_timeout": "00:20:00",
    "connection_inactivity_timeout": "00:02:00",
    "tarpit_interval": "00:00:07",
    "protocol_logging_level": "Verbose",
    "enable_auth_gssapi": True,
    "extended_protection_policy": "Allow",
    "suppress_xanonymous_tls": True,
}
"""Of the receive connector, each other than a new connector has it."""


def test_a_connector_comes_back_changed_removed_and_made(lab: Lab) -> None:
    """Every setting of it is given to Exchange and kept, and all of them are brought back."""
    start = lab.ask("snapshot")
    wish = connector(lab, relay=True)
    (made,) = play(lab, "exchange_receive_connector", wish, **EXCHANGE)
    assert (made["changed"], made["irreversible"], list(made["before"].values())) == (True, [], [None, None])
    there = lab.ask("snapshot")
    changed = connector(lab, relay=False, **SETTINGS)
    gone = {"name": wish["name"], "servers": wish["servers"], "state": "absent", "require_undo": True}
    steps = play(
        lab,
        "exchange_receive_connector",
        changed,
        {**changed, "restore": before(0)},
        {**changed, "restore": before(0)},
        gone,
        {**gone, "restore": before(3)},
        {**wish, "restore": before(3)},
        **EXCHANGE,
    )
    assert not any(step["failed"] for step in steps), steps
    assert [step["changed"] for step in steps] == [True, True, False, True, True, False]
    assert [step["irreversible"] for step in steps] == [[]] * len(steps)
    (old, new), *_others = zip(steps[0]["before"].values(), steps[0]["after"].values(), strict=True)
    assert [option for option in SETTINGS if option != "preset" and old[option] == new[option]] == [], "each is changed"
    assert new["max_message_size"] == 20971520 and new["banner"] == "220 Hello"
    assert lab.ask("snapshot") == there
    assert dial(lab, client(lab), PARTNER)[1] == 250, "with its relay right"
    (removed,) = play(lab, "exchange_receive_connector", {**wish, "restore": made["before"]}, **EXCHANGE)
    assert removed["changed"] and lab.ask("snapshot") == start


def test_an_open_relay_that_was_there_may_come_back_and_setups_connectors_are_left_alone(lab: Lab) -> None:
    start = lab.ask("snapshot")
    wide = connector(lab, preset="externally_secured", remote_ip_ranges=["0.0.0.0-255.255.255.255"], allow_any_remote_address=True)
    narrow = connector(lab, preset="externally_secured")
    made, closed, restored, again, theirs = play(
        lab,
        "exchange_receive_connector",
        wide,
        narrow,
        {**narrow, "restore": before(1)},
        {**narrow, "restore": before(0)},
        {**narrow, "restore": {"EX01\\Default Frontend EX01": None}},
        **EXCHANGE,
    )
    assert made["changed"] and closed["changed"] and restored["after"] == made["after"], restored
    assert again["changed"] and theirs["failed"] and "was created by Exchange setup" in theirs["msg"]
    assert lab.ask("snapshot") == start


@pytest.mark.parametrize(
    ("about", "when"), [("New-ReceiveConnector", "before"), ("New-ReceiveConnector", "after"), ("Add-ADPermission", "after")]
)
def test_what_was_there_is_found_where_an_answer_was_lost(lab: Lab, about: str, when: str) -> None:
    """Whether the change was made nobody knows; ``restore`` looks."""
    start = lab.ask("snapshot")
    wish = connector(lab, relay=True)
    with lab.fault("lost", host="ex01", about=about, when=when):
        (broken,) = play(lab, "exchange_receive_connector", wish, **EXCHANGE)
    assert broken["failed"]
    (restored,) = play(lab, "exchange_receive_connector", {**wish, "restore": broken.get("before", {})}, **EXCHANGE)
    assert not restored["failed"] and lab.ask("snapshot") == start, (broken, restored)


def test_a_right_that_cannot_be_read_is_told_before_it_is_lost(lab: Lab) -> None:
    wish = connector(lab)
    play(lab, "exchange_receive_connector", wish, **EXCHANGE)
    gone = {"name": wish["name"], "servers": wish["servers"], "state": "absent"}
    refused, allowed = play(lab, "exchange_receive_connector", {**gone, "require_undo": True}, gone, **CONNECTORS_ONLY)
    assert refused["failed"] and "could not be read" in refused["msg"] and "Nothing was changed." in refused["msg"]
    assert allowed["changed"] and len(allowed["irreversible"]) == 2


def test_groups_come_back(lab: Lab) -> None:
    start = lab.ask("snapshot")
    wish = {"groups": [BOARD, EVERYONE], "require_sender_authentication": False, "permitted_senders": [BOB], **BYPASS}
    back = {**wish, "restore": before(0)}
    done, restored, again, wrong = play(
        lab, "exchange_group_senders", wish, back, back, {**wish, "restore": {"nogroup": {"permitted_senders": []}}}, **EXCHANGE
    )
    assert (done["changed"], restored["changed"], again["changed"]) == (True, True, False), restored
    assert restored["after"] == done["before"] and lab.ask("snapshot") == start
    assert wrong["failed"] and "nogroup" in wrong["msg"] and "Nothing was changed." in wrong["msg"]


def test_send_as_comes_back_in_both_directions(lab: Lab) -> None:
    start = lab.ask("snapshot")
    both = {"account": ACCOUNT, "mailboxes": [ALICE, BOB]}
    given, back, again, one, none, restored, other, outside = play(
        lab,
        "exchange_send_as",
        both,
        {**both, "restore": before(0)},
        {**both, "restore": before(0)},
        {**both, "mailboxes": [BOB]},
        {**both, "state": "absent"},
        {**both, "state": "absent", "restore": before(4)},
        {**both, "restore": {"CORP\\other": {"mailboxes": []}}},
        {**both, "mailboxes": [ALICE], "restore": before(4)},
        **EXCHANGE,
    )
    assert [step["changed"] for step in (given, back, again, one, none, restored)] == [True, True, False, True, True, True]
    assert back["after"] == given["before"] and back["note"] and back["waited"] == []
    assert none["before"][ACCOUNT]["mailboxes"] == restored["after"][ACCOUNT]["mailboxes"] == [BOB]
    assert [entry["allowed"] for entry in restored["send_as"] if entry["address"] == BOB] == [True]
    assert other["failed"] and "not the account of the task" in other["msg"]
    assert not outside["changed"] and outside["irreversible"] == [f"{BOB}: not among the task's mailboxes, so left as it is."]
    (gone,) = play(lab, "exchange_send_as", {**both, "restore": given["before"]}, **EXCHANGE)
    assert gone["changed"] and lab.ask("snapshot") == start


ADDRESSES = ("connect_addresses", "relay_addresses", "firewall_addresses")
RELAY = {
    "fqdn": "relay.corp.example",
    "bindings": [{"port": 1026}],
    "authentication": ["anonymous", "basic", "ntlm"],
    "relay_authenticated": True,
    "smart_host": "ex02.corp.example",
    "smart_host_port": 1588,
    "smart_host_type": "fallback",
    "smart_host_authentication": "basic",
    "smart_host_tls": True,
    "smart_host_username": ACCOUNT,
    "smart_host_password": PASSWORD,
    "masquerade_domain": "corp.example",
    "max_message_size": "20MB",
    "max_session_size": "40MB",
    "retry_minutes": [5, 10, 20, 60],
    "expire_minutes": 2000,
    "delay_minutes": 700,
    "local_expire_minutes": 2001,
    "local_delay_minutes": 701,
    "hop_count": 20,
    "queue_directory": "D:\\Mail\\Queue",
    "badmail_directory": "D:\\Mail\\Bad",
    "pickup_directory": "D:\\Mail\\Pickup",
    "drop_directory": "D:\\Mail\\Drop",
    "protocol_log": True,
    "protocol_log_directory": "D:\\Mail\\Log",
    "start_type": "manual",
}
"""Of a relay, most of them other than the lab's relay has."""


@pytest.mark.parametrize(
    ("restore", "words"),
    [({"hop_count": 20}, "not all of what"), ({"relay_list": "listed", "relay_addresses": ["10.0.0.5", 6]}, "is ['10.0.0.5', 6]")],
)
def test_a_part_of_what_a_relay_was_removes_none(relay_lab: Lab, restore: dict[str, Any], words: str) -> None:
    start = relay_lab.ask("snapshot")
    (result,) = play(relay_lab, "iis_smtp_relay", {"restore": {SMTP: restore}})
    assert (result["failed"], result["changed"]) == (True, False) and words in result["msg"], result
    assert relay_lab.ask("snapshot") == start


def relay(lab: Lab, **more: Any) -> dict[str, Any]:
    return {**RELAY, **{option: [client(lab)] for option in ADDRESSES}, **more}


def test_a_relay_that_was_made_goes_again(bare: Lab) -> None:
    start = windows(bare)
    wish = relay(bare, require_undo=True, take_over=False)
    made, gone, again = play(bare, "iis_smtp_relay", wish, {**wish, "restore": before(0)}, {**wish, "restore": before(0)})
    assert not made["failed"] and (made["before"], made["irreversible"]) == ({SMTP: None}, []), made
    assert (gone["changed"], gone["after"], again["changed"]) == (True, {SMTP: None}, False), gone
    assert ["Web-WMI, stay installed" in sentence for sentence in gone["irreversible"]] == [True] and again["irreversible"] == []
    state = windows(bare)
    # SharePoint's own prerequisites include Web-WMI and what it brings with it.
    assert "SMTP-Server" not in state["features"] and set(start["features"]) <= set(state["features"])
    assert not state["services"].get("SMTPSVC", {}).get("running")
    assert all(state[part] == start[part] for part in ("settings", "ip_security", "firewall"))


def test_a_relay_comes_back_changed_and_removed(fresh_lab: StartLab) -> None:
    """The account stays the same, so its password does not get lost; where the relay is made again, the task has it."""
    lab = fresh_lab("--state", "iis-relay")
    start = lab.ask("snapshot")
    wish = relay(lab)
    back, gone = {**wish, "restore": before(0)}, {"state": "absent"}
    done, restored, again, careful, removed, remade, twice, blind = play(
        lab,
        "iis_smtp_relay",
        {**wish, "require_undo": True},
        {**back, "update_password": "always"},
        {**back, "update_password": "always"},
        {**gone, "require_undo": True},
        gone,
        {**wish, "restore": before(4)},
        {**wish, "restore": before(4)},
        {"restore": before(4)},
    )
    assert not done["failed"] and done["irreversible"] == [], done
    unchanged = [option for option in wish if option in done["after"][SMTP] and done["before"][SMTP][option] == done["after"][SMTP][option]]
    assert sorted(unchanged) == ["smart_host_authentication", "smart_host_tls", "smart_host_username"], "each of the others is changed"
    assert (restored["changed"], restored["irreversible"], again["changed"]) == (True, [], False), restored
    assert careful["failed"] and "password cannot be read" in careful["msg"] and "Nothing was changed." in careful["msg"]
    assert removed["changed"] and "password cannot be read" in removed["irreversible"][0]
    assert (remade["changed"], remade["irreversible"], remade["after"]) == (True, [], removed["before"]), remade
    assert (twice["changed"], blind["changed"], blind["irreversible"]) == (False, False, [])
    assert lab.ask("snapshot") == start


def test_another_account_takes_the_way_to_the_smart_host_with_it(fresh_lab: StartLab) -> None:
    lab = fresh_lab("--state", "iis-relay")
    start = lab.ask("snapshot")
    other = {"smart_host_username": "CORP\\other", "smart_host_password": PASSWORD, "hop_count": 20}
    mine = {**other, "smart_host_username": ACCOUNT}
    refused, always, done, half, still, whole = play(
        lab,
        "iis_smtp_relay",
        {**other, "require_undo": True},
        {**mine, "update_password": "always", "require_undo": True},
        other,
        {**other, "restore": before(2)},
        {**other, "restore": before(2)},
        {**mine, "restore": before(2)},
    )
    for step in (refused, always):
        assert step["failed"] and ACCOUNT in step["msg"] and "password cannot be read" in step["msg"], step["msg"]
    assert (half["changed"], still["changed"], half["irreversible"]) == (True, False, done["irreversible"]), half
    assert (half["after"][SMTP]["smart_host_username"], half["after"][SMTP]["hop_count"]) == ("CORP\\other", 15)
    assert (whole["changed"], whole["irreversible"]) == (True, [])
    assert lab.ask("snapshot") == start


def test_a_list_that_was_absent_and_a_server_of_others(fresh_lab: StartLab) -> None:
    lab = fresh_lab()
    plain = {"state": "started", "start_type": "manual"}
    wish = {**plain, "relay_addresses": [client(lab)], "smart_host": "ex01.corp.example", "smart_host_port": 1587}
    made, polite, careful, done, back, again = play(
        lab,
        "iis_smtp_relay",
        plain,
        {**wish, "take_over": False},
        {**wish, "require_undo": True},
        wish,
        {**wish, "restore": before(3)},
        {**wish, "restore": before(3)},
    )
    assert made["after"][SMTP]["relay_list"] == "nobody", made
    assert polite["failed"] and "delivers mail itself" in polite["msg"] and "take_over: true" in polite["msg"]
    for step in (careful, polite):
        assert step["msg"].count("Nothing was changed.") == 1 and not step["changed"]
    assert "was absent" in careful["msg"] and done["irreversible"] == back["irreversible"]
    assert (back["changed"], again["changed"], back["after"][SMTP]["relay_addresses"]) == (True, False, ["127.0.0.1"]), back
    assert back["after"][SMTP]["smart_host"] == ""
