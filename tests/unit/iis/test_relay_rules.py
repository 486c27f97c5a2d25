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
        ({"smart_host_tls": False}, {}, True, "its password to ex01.corp.example in clear text"),
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
        ({"smart_host": "sp01", "smart_host_type": "fallback"}, True),
        # A name is complete with a dot at its end, and its case does not matter.
        ({"smart_host": "SP01.corp.example."}, True),
        ({"smart_host": "SP01X"}, False),
        ({"smart_host": "sp01.corp.example", "fqdn": "SP01.CORP.EXAMPLE"}, True),
        # What the server calls itself in SMTP need not be its name in the domain: both are.
        ({"smart_host": "sp01.corp.example", "fqdn": "Relay.corp.example"}, True),
        ({"smart_host": "relay.corp.example", "fqdn": "Relay.corp.example"}, True),
        # Before it is installed, it has no name of its own, no bindings and no port.
        ({"smart_host": "sp01.anywhere.example", "fqdn": None}, True),
        ({"smart_host": "ex01.anywhere.example", "fqdn": None}, False),
        ({"smart_host": "xxxx", "fqdn": None}, False),
        ({"smart_host": "sp01", "smart_host_port": None}, True),
        ({"smart_host": "10.0.0.21", "bindings": None}, True),
        ({"smart_host": "10.0.0.21", "bindings": None, "smart_host_port": None}, True),
        ({"smart_host": "10.0.0.21", "bindings": None, "smart_host_port": 587}, False),
    ],
)
def test_mail_does_not_go_in_a_circle(changes: dict[str, Any], circle: bool) -> None:
    reason = rules.smart_host_itself({**GOOD, **changes}, "SP01", OWN)
    assert (reason is not None) == circle
    assert reason is None or "mail loop" in reason


@pytest.mark.parametrize(("port", "named"), [(None, 25), (587, 587)])
def test_a_circle_is_told_with_its_port(port: int | None, named: int) -> None:
    settings = {**GOOD, "smart_host": "SP01", "smart_host_port": port, "bindings": [{"address": "", "port": named}]}
    assert str(rules.smart_host_itself(settings, "SP01", OWN)).startswith(f"The smart host sp01, port {named}, is SP01 itself")


@pytest.mark.parametrize("kind", ["always", "fallback"])
@pytest.mark.parametrize("smart_host", ["", None])
def test_a_smart_host_that_is_used_has_a_name(kind: str, smart_host: str | None) -> None:
    reason = rules.smart_host_itself({**GOOD, "smart_host": smart_host, "smart_host_type": kind}, "SP01", OWN)
    assert reason == f"smart_host_type {kind} needs a smart_host."
    assert rules.smart_host_itself({**GOOD, "smart_host": smart_host, "smart_host_type": "none"}, "SP01", OWN) is None


@pytest.mark.parametrize(
    ("want", "before", "words"),
    [
        ({"smart_host": "ex01"}, {"running": True, "smart_host": ""}, "already runs and delivers mail itself."),
        ({"smart_host": "ex01"}, {"running": True, "smart_host": "ex09"}, "already runs and passes mail on to ex09."),
        ({"smart_host": "ex01"}, {"running": True, "smart_host": "ex01"}, None),
        ({"smart_host": "ex01"}, {"running": False, "smart_host": "ex09"}, None),
        ({"smart_host": "ex01"}, {}, None),
        ({"hop_count": 20}, {"running": True, "smart_host": "ex09"}, None),
    ],
)
def test_a_server_of_others_is_not_taken_over(want: dict[str, Any], before: dict[str, Any], words: str | None) -> None:
    reason = rules.serves_others(want, before, "SP01")
    assert reason is None if words is None else words in str(reason) and str(reason).startswith("SP01 has an SMTP server")
