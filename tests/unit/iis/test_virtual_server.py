"""What a server's objects say, as settings: forms that real hosts may use and the lab does not."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import CommandMissing, RemoteError
from ansible_collections.sharepoint.mail.plugins.plugin_utils.iis import firewall
from ansible_collections.sharepoint.mail.plugins.plugin_utils.iis.virtual_server import (
    VirtualServer,
    WindowsServer,
    current_settings,
    relay_facts,
)
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.session import Reply

ADDRESSES = Reply([{"RemoteAddress": ["10.0.1.0/255.255.255.0", "10.0.0.5"]}])
PORTS = Reply([{"LocalPort": "25", "Protocol": "TCP"}])


def host(start: str = "Auto", state: str = "Running", delayed: bool = False) -> WindowsServer:
    features = {"SMTP-Server": True, "Web-WMI": True}
    return WindowsServer("SP01", "Windows", features, {"SMTPSVC": {"StartMode": start, "State": state}}, delayed, None, None)


def server(found: dict[str, Any] | None = None, connect: dict[str, Any] | None = None, state: int | None = 2) -> VirtualServer:
    return VirtualServer(found or {}, [], connect or {}, state)


@pytest.mark.parametrize(
    "rule",
    [
        {"Enabled": "True", "Action": "Allow", "Direction": "Inbound"},
        {"Enabled": 1, "Action": 2, "Direction": 1},
    ],
)
def test_a_rule_says_whom_it_lets_in_by_names_or_by_numbers(rule: dict[str, Any]) -> None:
    found = firewall.rule([Reply([rule]), ADDRESSES, PORTS])
    assert found == firewall.Rule(["10.0.0.5", "10.0.1.0/24"], ["25"])


@pytest.mark.parametrize("change", [{"Enabled": "False"}, {"Action": "Block"}, {"Direction": "Outbound"}])
def test_a_rule_that_lets_nobody_in(change: dict[str, Any]) -> None:
    rule = {"Enabled": "True", "Action": "Allow", "Direction": "Inbound", **change}
    assert firewall.rule([Reply([rule]), ADDRESSES, PORTS]) == firewall.Rule([], ["25"])


def test_no_rule_is_no_error_and_no_cmdlet_is_one() -> None:
    absent = [Reply(errors=[RemoteError("No rule", "CmdletizationQuery_NotFound_InstanceID,Get-NetFirewallRule")]) for _number in range(3)]
    assert firewall.rule(absent) is None
    missing = [Reply(errors=[CommandMissing("No cmdlet", "CommandNotFoundException")]), Reply(read=False), Reply(read=False)]
    with pytest.raises(CommandMissing):
        firewall.rule(missing)


@pytest.mark.parametrize(
    ("start", "delayed", "kind"),
    [("Auto", False, "automatic"), ("Auto", True, "delayed"), ("Manual", True, "manual"), ("Disabled", False, "disabled")],
)
def test_start_types(start: str, delayed: bool, kind: str) -> None:
    assert host(start, delayed=delayed).start_type == kind


@pytest.mark.parametrize(
    ("service", "state", "running"),
    [("Running", 2, True), ("Running", 1, True), ("Running", None, True), ("Running", 4, False), ("Stopped", 2, False)],
)
def test_a_virtual_server_may_stand_still_in_a_service_that_runs(service: str, state: int | None, running: bool) -> None:
    assert current_settings(host(state=service), server(state=state))["running"] is running


@pytest.mark.parametrize(
    ("connect", "addresses"),
    [
        ({}, None),
        ({"GrantByDefault": True, "IPGrant": ["10.0.0.5, 255.255.255.255"]}, None),
        ({"GrantByDefault": False, "IPGrant": None}, []),
        ({"GrantByDefault": False, "IPGrant": "10.0.0.5, 255.255.255.255"}, ["10.0.0.5"]),
        ({"GrantByDefault": False, "IPGrant": ["10.0.1.0,255.255.255.0", "10.0.0.5, 255.255.255.255"]}, ["10.0.0.5", "10.0.1.0/24"]),
        ({"GrantByDefault": False, "IPGrant": ["something new"]}, ["something new"]),
    ],
)
def test_who_may_connect(connect: dict[str, Any], addresses: list[str] | None) -> None:
    assert relay_facts("SP01", current_settings(host(), server(connect=connect)))["connect_addresses"] == addresses


@pytest.mark.parametrize(
    ("connect", "names"),
    [
        ({}, []),
        ({"GrantByDefault": True, "DomainGrant": ["partner.example"]}, []),
        ({"GrantByDefault": False, "DomainGrant": None}, []),
        ({"GrantByDefault": False, "DomainGrant": [""]}, []),
        ({"GrantByDefault": False, "DomainGrant": "Partner.example"}, ["partner.example"]),
        ({"GrantByDefault": False, "DomainGrant": ["b.example", "a.example"]}, ["a.example", "b.example"]),
    ],
)
def test_who_may_connect_by_name(connect: dict[str, Any], names: list[str]) -> None:
    assert relay_facts("SP01", current_settings(host(), server(connect=connect)))["connect_names"] == names


@pytest.mark.parametrize(
    ("value", "kind"), [(None, "nobody"), (b"", "everybody"), ([], "everybody"), ([1, 2, 3], "unknown"), ("x", "unknown")]
)
def test_the_relay_list_in_whatever_type_it_comes(value: Any, kind: str) -> None:
    facts = current_settings(host(), server({"RelayIpList": value}))
    assert (facts["relay_list"], facts["relay_addresses"]) == (kind, [])


def test_what_is_not_installed_is_not_known() -> None:
    facts = relay_facts("SP01", current_settings(WindowsServer("SP01", "Windows", {}, {}, False, None, None), None))
    assert {name for name, value in facts.items() if value is not None} == {"server", "present", "running", "restart_needed"}
