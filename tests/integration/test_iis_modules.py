# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The relay of a farm server, configured by ansible-playbook and tried over SMTP, from addresses of the test's own."""

from __future__ import annotations

import json
import smtplib
import time
from typing import Any

import pytest

from tests.integration.conftest import Lab, StartLab
from tests.integration.iis_relay import (
    PASSWORD,
    by_hand,
    client,
    dial,
    info,
    relay,
    run,
    send,
    set_by_hand,
    stranger,
    windows,
    writes,
)

BUGGY = bytes([24, 0, 0, 128, 32, 0, 0, 128, 60, 0, 0, 128, 68, 0, 0, 128, 1, 0, 0, 0, 76, *[0] * 7, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3])


@pytest.fixture(scope="module")
def lab(relay_lab: Lab) -> Lab:
    return relay_lab


def refused(lab: Lab, *words: str, **more: Any) -> None:
    before = lab.ask("snapshot")
    result = relay(lab, **more)
    assert result["status"] == "failed" and not result["changed"], result
    assert [word for word in (*words, "Nothing was changed.") if word not in result["msg"]] == [], result["msg"]
    assert "\n" not in result["msg"].strip() and PASSWORD not in json.dumps(result)
    assert lab.ask("snapshot") == before


def test_check_mode_foresees_a_relay_where_there_is_none(bare: Lab) -> None:
    before = bare.ask("snapshot")
    result = relay(bare, "--check", "--diff")
    assert (result["status"], result["changed"], result["before"]) == ("ok", True, {"SmtpSvc/1": None})
    assert result["diff"][0]["after"]["relay_addresses"] == [client(bare)]
    assert (result["relay"]["server"], result["relay"]["smart_host"]) == ("SP01", "ex01.corp.example")
    assert bare.ask("snapshot") == before


@pytest.mark.every_core
def test_from_nothing_to_a_relay_for_one_and_back(bare: Lab) -> None:
    made = relay(bare)
    assert (made["status"], made["changed"]) == ("ok", True), made
    state = windows(bare)
    assert {"SMTP-Server", "Web-WMI"} <= set(state["features"])
    assert state["services"]["SMTPSVC"] == {"delayed": 1, "running": True, "start": 2, "values": {}}
    assert state["firewall"]["sharepoint.mail-smtp-relay"]["remote_addresses"] == [client(bare)]
    assert dial(bare, client(bare)) == (False, 250), "it relays, and never asks who sends"
    with pytest.raises((smtplib.SMTPException, OSError)):
        dial(bare, stranger(bare))
    send(bare)
    found = info(bare)
    deadline = time.monotonic() + 20
    while not found["counters"]["messages_sent_total"] and time.monotonic() < deadline:
        found = info(bare)
    assert (found["counters"]["messages_sent_total"], found["queue"]["files"], found["badmail"]) == (1, 0, 0), "it logs on to Exchange"
    assert found["relay"] == made["relay"]
    assert (found["relay"]["relay_list"], found["relay"]["relay_authenticated"]) == ("listed", False)

    before = bare.ask("snapshot")
    again = relay(bare, "--diff")
    assert (again["status"], again["changed"], again.get("diff")) == ("ok", False, [])
    assert bare.ask("snapshot") == before

    gone = run(bare, "iis_smtp_relay", {"state": "absent"})
    assert (gone["changed"], gone["after"], gone["relay"]["present"]) == (True, {"SmtpSvc/1": None}, False)
    state = windows(bare)
    assert "SMTP-Server" not in state["features"] and "Web-WMI" in state["features"] and state["firewall"] == {}
    assert not run(bare, "iis_smtp_relay", {"state": "absent"})["changed"]


def test_writes_travel_alone_and_the_service_starts_last(bare: Lab) -> None:
    known = len(writes(bare))
    assert relay(bare)["changed"]
    messages = writes(bare)[known:]
    assert [len(statements) for statements in messages] == [1] * len(messages)
    last = [statements[0][-1] for statements in messages]
    assert [command["cmdlet"] for command in last] == [
        "Install-WindowsFeature",
        "Set-CimInstance",
        "Set-CimInstance",
        "Set-CimInstance",
        "New-NetFirewallRule",
        "Set-Service",
        "New-ItemProperty",
        "Start-Service",
    ]
    names = [list(command["parameters"]["Property"]["value"]) for command in last if command["cmdlet"] == "Set-CimInstance"]
    assert names[:2] == [["GrantByDefault"], ["IPGrant"]] and {"RelayIpList", "ServerBindings", "RoutePassword"} <= set(names[2])
    run(bare, "iis_smtp_relay", {"state": "absent"})


def test_what_is_there_is_read(lab: Lab) -> None:
    found = info(lab)
    farm = [f"{lab.subnet}.21", f"{lab.subnet}.22"]
    facts = found["relay"]
    assert (facts["server"], facts["present"], facts["running"], facts["start_type"]) == ("SP01", True, True, "delayed")
    assert (facts["bindings"], facts["authentication"]) == ([{"address": "", "port": 1025}], ["anonymous"])
    assert (facts["connect_addresses"], facts["relay_list"], facts["relay_addresses"]) == (None, "listed", farm)
    assert (facts["smart_host"], facts["smart_host_type"], facts["smart_host_port"]) == ("ex01.corp.example", "always", 1587)
    assert (facts["smart_host_authentication"], facts["smart_host_tls"]) == ("basic", True)
    assert (facts["smart_host_username"], facts["firewall_addresses"]) == ("CORP\\svc_relay", None)
    assert (found["queue"]["files"], found["badmail"], found["errors"], found["changed"]) == (0, 0, None, False)
    assert found["counters"]["remote_queue_length"] == 0


def test_the_password_stands_in_no_output(lab: Lab) -> None:
    for more in ({"update_password": "always"}, {"smart_host": "sp01.corp.example", "smart_host_port": 1025}):
        task = {"smart_host_username": "CORP\\svc_relay", "smart_host_password": PASSWORD, **more}
        outcome = lab.task("iis_smtp_relay", task, "-vvvv", "--diff")
        assert outcome.results and PASSWORD not in outcome.output + json.dumps(outcome.results)


def test_a_password_is_written_with_its_account_or_always(lab: Lab) -> None:
    own = {"bindings": None, "connect_addresses": None, "firewall_addresses": None, "relay_addresses": None}
    assert not relay(lab, **own)["changed"]
    changed = relay(lab, update_password="always", **own)
    assert changed["changed"] and changed["before"] == changed["after"]
    other = relay(lab, smart_host_username="CORP\\other", **own)
    assert other["changed"] and other["relay"]["smart_host_username"] == "CORP\\other"
    assert relay(lab, **own)["changed"]


@pytest.mark.parametrize(
    ("authentication", "tls", "action"),
    [("ntlm", True, 140), ("ntlm", False, 136), ("none", True, 4), ("none", False, 0), ("basic", True, 268)],
)
def test_outbound_security_is_said_in_both_properties(lab: Lab, authentication: str, tls: bool, action: int) -> None:
    task = {"smart_host_authentication": authentication, "smart_host_tls": tls}
    if authentication != "none":
        task |= {"smart_host_username": "CORP\\svc_relay", "smart_host_password": PASSWORD}
    assert run(lab, "iis_smtp_relay", task)["changed"]
    settings = windows(lab)["settings"]
    assert (settings["RouteAction"], settings["AlwaysUseSsl"]) == (action, tls)
    assert not run(lab, "iis_smtp_relay", task)["changed"]


def test_one_setting_is_one_write_and_a_restart_that_is_noted_before(lab: Lab) -> None:
    known = len(writes(lab))
    result = run(lab, "iis_smtp_relay", {"max_message_size": "20MB", "retry_minutes": [5, 10, 20, 60]}, "--diff")
    (entry,) = result["diff"]
    assert {name for name in entry["after"] if entry["before"][name] != entry["after"][name]} == {"max_message_size", "retry_minutes"}
    assert [statements[0][-1]["cmdlet"] for statements in writes(lab)[known:]] == [
        "New-ItemProperty",
        "Set-CimInstance",
        "Restart-Service",
        "Remove-ItemProperty",
    ]
    settings = windows(lab)["settings"]
    assert (settings["MaxMessageSize"], settings["SmtpRemoteProgressiveRetry"]) == (20971520, "5,10,20,60")


def test_a_smart_host_by_its_address_stands_in_brackets(lab: Lab) -> None:
    assert run(lab, "iis_smtp_relay", {"smart_host": f"{lab.subnet}.32"})["changed"]
    assert windows(lab)["settings"]["SmartHost"] == f"[{lab.subnet}.32]"
    assert run(lab, "iis_smtp_relay", {"smart_host": "ex01.corp.example"})["relay"]["smart_host"] == "ex01.corp.example"


def test_the_service_is_left_alone_stopped_and_started(lab: Lab) -> None:
    assert run(lab, "iis_smtp_relay", {"state": "stopped"})["relay"]["running"] is False
    assert not run(lab, "iis_smtp_relay", {"state": "present"})["changed"]
    known = len(writes(lab))
    run(lab, "iis_smtp_relay", {"state": "present", "hop_count": 20})
    assert [statements[0][-1]["cmdlet"] for statements in writes(lab)[known:]] == ["Set-CimInstance"]
    assert run(lab, "iis_smtp_relay", {})["relay"]["running"] is True


@pytest.mark.parametrize(
    ("start_type", "service"),
    [("automatic", (2, 0)), ("manual", (3, 0)), ("delayed", (2, 1))],
)
def test_how_the_service_starts(lab: Lab, start_type: str, service: tuple[int, int]) -> None:
    assert run(lab, "iis_smtp_relay", {"start_type": start_type})["relay"]["start_type"] == start_type
    found = windows(lab)["services"]["SMTPSVC"]
    assert (found["start"], found["delayed"] or 0) == service


@pytest.mark.parametrize("everybody", [False, True])
def test_who_may_connect_by_name_goes_with_the_list_of_addresses(lab: Lab, everybody: bool) -> None:
    """Names in a list that does not count now would count once the addresses do."""
    found = {"Namespace": "root/MicrosoftIISv2", "ClassName": "IIsIPSecuritySetting", "Filter": "Name='SmtpSvc/1'"}
    own = {"connect_addresses": [client(lab)]}
    run(lab, "iis_smtp_relay", own)
    names = {"DomainGrant": ["partner.example"], "GrantByDefault": everybody}
    by_hand(lab, ("Get-CimInstance", found), ("Set-CimInstance", {"Property": names}))
    assert info(lab)["relay"]["connect_names"] == ([] if everybody else ["partner.example"])
    assert run(lab, "iis_smtp_relay", own, "--check")["changed"]
    closed = run(lab, "iis_smtp_relay", own)
    assert (closed["changed"], closed["relay"]["connect_names"]) == (True, [])
    assert windows(lab)["ip_security"]["DomainGrant"] == []
    assert not run(lab, "iis_smtp_relay", own)["changed"]
    run(lab, "iis_smtp_relay", {"connect_addresses": ["any"]})


def test_a_folder_is_made_before_it_is_named(lab: Lab) -> None:
    known = len(writes(lab))
    assert run(lab, "iis_smtp_relay", {"badmail_directory": "D:\\Mail\\Bad", "protocol_log_directory": "D:\\Mail\\Log"})["changed"]
    assert [statements[0][-1]["cmdlet"] for statements in writes(lab)[known:]] == [
        "New-Item",
        "New-Item",
        "New-ItemProperty",
        "Set-CimInstance",
        "Restart-Service",
        "Remove-ItemProperty",
    ]


def test_a_failure_after_a_change_returns_what_was_there(lab: Lab) -> None:
    """IISADMIN is stopped and disabled, so it cannot be started once Web-WMI is installed."""
    earlier = info(lab)["relay"]["firewall_addresses"]
    by_hand(lab, ("Uninstall-WindowsFeature", {"Name": "Web-WMI"}))
    by_hand(lab, ("Set-Service", {"Name": "IISADMIN", "StartupType": "Disabled"}))
    by_hand(lab, ("Stop-Service", {"Name": "IISADMIN", "Force": True}))
    task = {
        "state": "present",
        "smart_host_username": "CORP\\svc_relay",
        "smart_host_password": PASSWORD,
        "firewall_addresses": [client(lab)],
    }
    result = run(lab, "iis_smtp_relay", task)
    by_hand(lab, ("Set-Service", {"Name": "IISADMIN", "StartupType": "Automatic"}))
    by_hand(lab, ("Start-Service", {"Name": "IISADMIN"}))
    assert run(lab, "iis_smtp_relay", {})["relay"]["running"] is True
    assert (result["status"], result["changed"]) == ("failed", True), result
    assert "Web-WMI" in windows(lab)["features"]
    shown = {"present": False, "running": False, "restart_needed": False, "start_type": "delayed", "firewall_addresses": earlier or []}
    assert {name: value for name, value in result["before"]["SmtpSvc/1"].items() if value is not None} == shown
    assert "IISADMIN" in result["msg"] and result["msg"].endswith("Already changed: SmtpSvc/1."), result["msg"]
    assert "\n" not in result["msg"].strip() and PASSWORD not in json.dumps(result)


def test_the_firewall_rule_follows_ports_and_addresses(lab: Lab) -> None:
    assert run(lab, "iis_smtp_relay", {"firewall_addresses": ["10.0.1.0/24", client(lab)]})["changed"]
    by_hand(lab, ("Set-NetFirewallRule", {"Name": "sharepoint.mail-smtp-relay", "LocalPort": ["2525"]}))
    assert run(lab, "iis_smtp_relay", {"firewall_addresses": ["10.0.1.0/24", client(lab)]})["changed"]
    assert windows(lab)["firewall"]["sharepoint.mail-smtp-relay"]["local_ports"] == ["1025"]
    assert run(lab, "iis_smtp_relay", {"firewall_addresses": []})["relay"]["firewall_addresses"] is None
    assert list(windows(lab)["firewall"]) == ["SMTP relay"], "a rule of somebody else's stays"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"relay_addresses": []}, ["relay_addresses is empty"]),
        ({"relay_addresses": ["0.0.0.0/0"]}, ["everybody relay"]),
        ({"relay_addresses": ["10.0.0.0/8"]}, ["16777216 addresses", "one by one"]),
        ({"relay_addresses": ["::1"]}, ["IPv6"]),
        ({"connect_addresses": ["0.0.0.0/0"]}, ["everybody"]),
        ({"smart_host": "sp01.corp.example", "smart_host_port": 1025}, ["SP01 itself", "loop"]),
        ({"smart_host": "127.0.0.1", "smart_host_port": 1025}, ["SP01 itself", "loop"]),
        ({"smart_host_tls": False}, ["in clear text", "allow_unencrypted_logon"]),
        ({"smart_host_username": "CORP\\new", "smart_host_password": None}, ["CORP\\new", "smart_host_password"]),
        ({"smart_host_username": ""}, ["smart_host_username"]),
        ({"start_type": "disabled"}, ["contradicts"]),
    ],
)
def test_what_must_not_be_is_refused(lab: Lab, more: dict[str, Any], words: list[str]) -> None:
    refused(lab, *words, **more)


def test_a_list_that_is_not_understood_is_left_alone(lab: Lab) -> None:
    known = info(lab)["relay"]["relay_addresses"]
    set_by_hand(lab, RelayIpList=BUGGY.ljust(84, b"\0"))
    assert info(lab)["relay"]["relay_list"] == "unknown"
    refused(lab, "layout", "IIS 6 console", "leave out relay_addresses")
    set_by_hand(lab, RelayIpList=b"")
    found = info(lab)["relay"]
    assert (found["relay_list"], found["relay_addresses"]) == ("everybody", [])
    refused(lab, "lets everybody relay", "set relay_addresses", relay_addresses=None)
    refused(lab, "lets everybody relay", "nothing starts it", relay_addresses=None, state="stopped")
    stopped = run(lab, "iis_smtp_relay", {"state": "stopped", "start_type": "manual"})
    assert (stopped["relay"]["running"], stopped["relay"]["relay_list"]) == (False, "everybody")
    closed = run(lab, "iis_smtp_relay", {"relay_addresses": known})
    assert closed["changed"] and closed["relay"]["relay_list"] == "listed"


def test_a_running_service_that_is_disabled_is_not_to_be_restarted(lab: Lab) -> None:
    disabled = {"state": "present", "start_type": "disabled"}
    refused(lab, "cannot be restarted", "state stopped", hop_count=22, **disabled)
    left = run(lab, "iis_smtp_relay", disabled)
    assert (left["changed"], left["relay"]["running"], left["relay"]["start_type"]) == (True, True, "disabled")
    assert run(lab, "iis_smtp_relay", {"hop_count": 22})["relay"]["start_type"] == "delayed"


def test_windows_server_2025_is_told_the_other_routes(start_lab: StartLab) -> None:
    lab = start_lab("--windows", "2025")
    refused(lab, "SP01 runs", "2025", "anonymous", "externally_secured")
    found = info(lab)
    assert (found["status"], found["relay"]["present"], found["queue"]) == ("ok", False, None)


@pytest.mark.parametrize(("farm", "module"), [("lab", "iis_smtp_relay_info"), ("lab", "iis_smtp_relay"), ("bare", "iis_smtp_relay")])
def test_who_is_no_administrator_is_told_so(request: pytest.FixtureRequest, farm: str, module: str) -> None:
    used: Lab = request.getfixturevalue(farm)
    before = used.ask("snapshot")
    reader = {
        "ansible_user": "CORP\\sp_reader",
        "ansible_password": "Reader-Pa55",
        "ansible_psrp_configuration_name": "Microsoft.PowerShell",
    }
    result = run(used, module, {}, **reader)
    assert result["status"] == "failed" and "local administrators only: sign in as one" in result["msg"], result
    assert used.ask("snapshot") == before


def test_the_console_is_a_feature_of_its_own(lab: Lab) -> None:
    assert run(lab, "iis_smtp_relay", {"install_console": True})["changed"]
    assert "Web-Lgcy-Mgmt-Console" in windows(lab)["features"]
    assert not run(lab, "iis_smtp_relay", {"install_console": True})["changed"]


def test_without_web_wmi_the_relay_is_seen_and_repaired(lab: Lab) -> None:
    by_hand(lab, ("Uninstall-WindowsFeature", {"Name": "Web-WMI"}))
    found = info(lab)
    assert (found["relay"]["present"], found["relay"]["running"]) == (False, True)
    assert "Web-WMI" in found["warnings"][0]
    before = lab.ask("snapshot")
    assert run(lab, "iis_smtp_relay", {}, "--check")["changed"]
    assert lab.ask("snapshot") == before
    assert run(lab, "iis_smtp_relay", {})["relay"]["present"] is True


@pytest.mark.parametrize(
    ("relay_list", "more", "words"),
    [
        (b"", {}, "lets everybody relay"),
        (BUGGY.ljust(84, b"\0"), {"relay_addresses": ["10.0.0.5"]}, "layout"),
    ],
)
def test_what_web_wmi_hid_is_judged_before_it_is_touched(lab: Lab, relay_list: bytes, more: dict[str, Any], words: str) -> None:
    known = info(lab)["relay"]["relay_addresses"]
    by_hand(lab, ("Stop-Service", {"Name": "SMTPSVC"}))
    set_by_hand(lab, RelayIpList=relay_list)
    by_hand(lab, ("Uninstall-WindowsFeature", {"Name": "Web-WMI"}))
    before = windows(lab)
    result = run(lab, "iis_smtp_relay", {"hop_count": 25, **more})
    assert (result["status"], result["changed"]) == ("failed", True), result
    for text in (words, "only after Web-WMI had been installed; nothing else was changed."):
        assert text in result["msg"]
    assert result["before"]["SmtpSvc/1"]["start_type"] == "delayed"
    assert windows(lab) == {**before, "features": windows(lab)["features"]}
    assert sorted(windows(lab)["features"]) == sorted([*before["features"], "Web-WMI"])
    set_by_hand(lab, RelayIpList=b"")
    assert run(lab, "iis_smtp_relay", {"relay_addresses": known})["relay"]["running"] is True


def test_a_queue_that_grows_is_seen_with_its_age_and_its_reason(lab: Lab) -> None:
    let_in = {"firewall_addresses": [client(lab), stranger(lab)], "relay_addresses": [client(lab)]}
    run(lab, "iis_smtp_relay", {**let_in, "protocol_log": True, "smart_host_port": 1599})
    send(lab)
    found = info(lab)
    deadline = time.monotonic() + 20
    while not found["queue"]["oldest_seconds"] and time.monotonic() < deadline:
        found = info(lab)
    assert (found["queue"]["files"], 1 <= (found["queue"]["oldest_seconds"] or 0) < 60) == (1, True), found["queue"]
    assert found["queue"]["bytes"] > 0 and found["counters"]["remote_queue_length"] + found["counters"]["remote_retry_queue_length"] == 1
    assert dial(lab, stranger(lab))[1] == 550
    errors = info(lab)["errors"]
    assert any(error["side"] == "inbound" and error["remote"] == stranger(lab) and error["text"].startswith("550") for error in errors)
    assert info(lab, errors=0)["errors"] == []
    run(lab, "iis_smtp_relay", {"firewall_addresses": []})


def test_a_smart_host_by_the_servers_own_name_is_refused_before_there_is_one(bare: Lab) -> None:
    before = bare.ask("snapshot")
    result = relay(bare, smart_host="sp01.corp.example", smart_host_port=1025)
    assert result["status"] == "failed" and "loop" in result["msg"], result
    assert bare.ask("snapshot") == before
