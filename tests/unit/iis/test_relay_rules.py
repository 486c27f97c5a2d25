"""What a relay must not be: each rule gives a reason, and lets pass what is right."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.iis import relay_rules as rules
from ansible_collections.sharepoint.mail.plugins.plugin_utils.iis.virtual_server import VirtualServer, WindowsServer

GOOD: dict[str, Any] = {
    "fqdn": "sp01.corp.example",
    "bindings": [{"address": "", "port": 25}],
    "smart_host": "ex01.corp.example",
    "smart_host_type": "always",
    "smart_host_port": 25,
    "smart_host_authentication": "basic",
    "smart_host_tls": True,
    "smart_host_username": "CORP\\svc_relay",
}
OWN = ["10.0.0.21"]


def host(**features: bool) -> WindowsServer:
    return WindowsServer("SP01", "Microsoft Windows Server 2025 Standard", features, {}, False, None, None)


def serving(start: str = "Auto", state: str = "Running") -> WindowsServer:
    return WindowsServer("SP01", "Windows", {}, {"SMTPSVC": {"StartMode": start, "State": state}}, False, None, None)


def server(relay_list: bytes | None) -> VirtualServer:
    return VirtualServer({"RelayIpList": relay_list}, [], {})


def test_a_server_without_the_feature_is_told_the_other_routes() -> None:
    reason = rules.missing_feature(host())
    assert reason is not None
    for word in ("SP01", "2025", "anonymous", "externally_secured"):
        assert word in reason
    assert rules.missing_feature(host(**{"SMTP-Server": False})) is None


def test_a_list_that_cannot_be_read_is_not_overwritten() -> None:
    want = {"relay_addresses": ["10.0.0.5"]}
    assert "leave out relay_addresses" in str(rules.unreadable_list(want, server(b"\x01" * 84), "SP01"))
    assert rules.unreadable_list({}, server(b"\x01" * 84), "SP01") is None
    assert rules.unreadable_list(want, server(b""), "SP01") is None


def test_an_open_relay_is_closed_or_refused() -> None:
    assert "set relay_addresses" in str(rules.open_relay({"running": True}, server(b""), serving()))
    assert rules.open_relay({"relay_addresses": ["10.0.0.5"]}, server(b""), serving()) is None
    assert rules.open_relay({}, server(None), serving()) is None


@pytest.mark.parametrize(
    ("start_type", "there", "refused"),
    [
        ("delayed", "Manual", True),
        ("automatic", "Disabled", True),
        (None, "Auto", True),
        (None, "Manual", False),
        ("manual", "Auto", False),
        ("disabled", "Auto", False),
    ],
)
def test_an_open_relay_that_stops_must_not_come_back_with_windows(start_type: str | None, there: str, refused: bool) -> None:
    want = {"running": False} | ({"start_type": start_type} if start_type else {})
    assert (rules.open_relay(want, server(b""), serving(there)) is not None) == refused


@pytest.mark.parametrize(
    ("want", "state", "change", "refused"),
    [
        ({"start_type": "disabled"}, "Running", True, True),
        ({"start_type": "disabled"}, "Running", False, False),
        ({"start_type": "disabled"}, "Stopped", True, False),
        ({"start_type": "disabled", "running": False}, "Running", True, False),
        ({"start_type": "manual"}, "Running", True, False),
    ],
)
def test_a_disabled_service_is_not_to_be_restarted(want: dict[str, Any], state: str, change: bool, refused: bool) -> None:
    assert (rules.restart_of_disabled(want, serving(state=state), change) is not None) == refused


@pytest.mark.parametrize(
    ("changes", "before", "password", "words"),
    [
        ({}, {}, True, None),
        ({}, GOOD, False, None),
        ({}, {}, False, "needs its smart_host_password"),
        ({}, {**GOOD, "smart_host_username": "CORP\\other"}, False, "needs its smart_host_password"),
        ({"smart_host_username": ""}, {}, True, "needs a smart_host_username"),
        ({"smart_host_authentication": "ntlm", "smart_host_username": None}, {}, True, "needs a smart_host_username"),
        ({"smart_host_tls": False}, {}, True, "in clear text"),
        ({"smart_host_tls": False, "smart_host_authentication": "ntlm"}, {}, True, None),
        ({"smart_host_authentication": "none", "smart_host_tls": False}, {}, False, None),
        ({"smart_host_authentication": "relay"}, {}, False, "RouteAction is relay"),
        ({"smart_host_authentication": "relay", "smart_host_tls": None}, {}, False, None),
    ],
)
def test_who_logs_on_needs_an_account_and_tls(changes: dict[str, Any], before: dict[str, Any], password: bool, words: str | None) -> None:
    reason = rules.smart_host_account({**GOOD, **changes}, before, password, False, "SP01")
    assert reason is None if words is None else words in str(reason)


def test_a_password_in_the_clear_can_be_asked_for() -> None:
    assert rules.smart_host_account({**GOOD, "smart_host_tls": False}, {}, True, True, "SP01") is None


@pytest.mark.parametrize(
    ("changes", "circle"),
    [
        ({}, False),
        ({"smart_host": "sp01"}, True),
        ({"smart_host": "sp01.corp.example"}, True),
        ({"smart_host": "sp01.other.example"}, False),
        ({"smart_host": "localhost"}, True),
        ({"smart_host": "127.0.0.1"}, True),
        ({"smart_host": "10.0.0.21"}, True),
        ({"smart_host": "10.0.0.31"}, False),
        ({"smart_host": "sp01.corp.example", "smart_host_port": 587}, False),
        ({"smart_host": "10.0.0.99", "bindings": [{"address": "10.0.0.99", "port": 25}]}, True),
        ({"smart_host": "10.0.0.21", "bindings": [{"address": "10.0.0.99", "port": 25}]}, False),
        ({"smart_host": "sp01", "smart_host_type": "none"}, False),
    ],
)
def test_mail_does_not_go_in_a_circle(changes: dict[str, Any], circle: bool) -> None:
    reason = rules.smart_host_itself({**GOOD, **changes}, "SP01", OWN)
    assert (reason is not None) == circle
    assert reason is None or "mail loop" in reason


def test_a_smart_host_that_is_used_has_a_name() -> None:
    assert "needs a smart_host" in str(rules.smart_host_itself({**GOOD, "smart_host": ""}, "SP01", OWN))
