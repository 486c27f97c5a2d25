"""Settings of the relay: one form for what is asked for and what is read, and what must not be is refused with a reason."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import BadInput
from ansible_collections.sharepoint.mail.plugins.plugin_utils.iis.settings import (
    BY_OPTION,
    asked,
    connect_addresses,
    networks,
    outbound_properties,
    outbound_security,
)
from ansible_collections.sharepoint.mail.plugins.plugin_utils.iis.smtp_relay import SmtpRelay


@pytest.mark.parametrize(
    ("authentication", "tls", "action"),
    [("basic", True, 268), ("basic", False, 264), ("ntlm", True, 140), ("ntlm", False, 136), ("none", True, 4), ("none", False, 0)],
)
def test_outbound_security_is_said_twice_and_alike(authentication: str, tls: bool, action: int) -> None:
    written = outbound_properties({"RouteAction": 0}, authentication, tls)
    assert written == {"RouteAction": action, "AlwaysUseSsl": tls}
    assert outbound_security(written) == (authentication, tls)


def test_a_route_that_is_no_number_stays_text_and_can_be_replaced() -> None:
    found = {"RouteAction": "relay", "AlwaysUseSsl": True}
    assert outbound_security(found) == ("relay", None)
    assert outbound_properties(found, "basic", True) == {"RouteAction": 268, "AlwaysUseSsl": True}


def test_other_flags_of_the_route_stay() -> None:
    assert outbound_properties({"RouteAction": 0x40000 | 268}, "ntlm", True)["RouteAction"] == 0x40000 | 140


@pytest.mark.parametrize("found", [{"RouteAction": 264, "AlwaysUseSsl": True}, {"RouteAction": 268, "AlwaysUseSsl": False}])
def test_tls_that_one_property_denies_is_not_known(found: dict[str, Any]) -> None:
    assert outbound_security(found) == ("basic", None)


@pytest.mark.parametrize(
    ("option", "given", "normal", "raw"),
    [
        ("smart_host", "EX01.corp.example", "ex01.corp.example", "ex01.corp.example"),
        ("smart_host", "10.0.0.5", "10.0.0.5", "[10.0.0.5]"),
        ("smart_host", "[10.0.0.5]", "10.0.0.5", "[10.0.0.5]"),
        ("smart_host_type", "always", "always", 2),
        ("authentication", ["ntlm", "anonymous"], ["anonymous", "ntlm"], 5),
        ("relay_authenticated", True, True, -1),
        ("relay_authenticated", False, False, 0),
        ("retry_minutes", [15, 30, 60, 240], [15, 30, 60, 240], "15,30,60,240"),
        ("max_message_size", "32MB", 33554432, 33554432),
        ("protocol_log", True, True, 1),
        ("queue_directory", "D:\\Mail\\Queue\\", "D:\\Mail\\Queue", "D:\\Mail\\Queue"),
    ],
)
def test_what_is_written_reads_as_what_was_asked(option: str, given: Any, normal: Any, raw: Any) -> None:
    assert asked({option: given}) == {option: normal}
    setting = BY_OPTION[option]
    assert setting.argument(normal) == raw
    assert setting.read({str(setting.source): raw}) == normal


@pytest.mark.parametrize("value", [1, -1])
def test_both_documented_ways_to_say_yes(value: int) -> None:
    assert BY_OPTION["relay_authenticated"].read({"RelayForAuth": value}) is True


def test_what_is_not_set_or_not_understood_hides_nothing() -> None:
    assert BY_OPTION["smart_host"].read({"SmartHost": None}) == ""
    assert BY_OPTION["hop_count"].read({}) is None
    assert BY_OPTION["fqdn"].read({"FullyQualifiedDomainName": "not a name"}) == "not a name"


def test_networks_in_every_spelling() -> None:
    assert networks(["10.0.1.0, 255.255.255.0", "10.0.0.5,255.255.255.255", "10.0.2.0/255.255.255.0", "10.0.0.5"]) == [
        "10.0.0.5",
        "10.0.1.0/24",
        "10.0.2.0/24",
    ]
    assert connect_addresses(["ANY"]) == ["any"]


OPTIONS: dict[str, Any] = {"state": "started", "start_type": "delayed"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"relay_addresses": []}, "relay_addresses is empty"),
        ({"relay_addresses": ["0.0.0.0/0"]}, "would let everybody relay"),
        ({"relay_addresses": ["0.0.0.0"]}, "not the address of a client"),
        ({"relay_addresses": ["10.0.0.0/8"]}, "list the servers one by one"),
        ({"relay_addresses": ["::1"]}, "IPv6"),
        ({"connect_addresses": []}, "nobody could connect"),
        ({"connect_addresses": ["0.0.0.0/0"]}, "everybody"),
        ({"connect_addresses": ["any", "10.0.0.5"]}, "'any' is neither an address"),
        ({"connect_addresses": ["2001:db8::1"]}, "IPv6"),
        ({"firewall_addresses": ["::/0"]}, "everybody"),
        ({"firewall_addresses": ["Any"]}, "neither an address"),
        ({"bindings": []}, "bindings is empty"),
        ({"bindings": [{"address": "::", "port": 25}]}, "not a valid IPv4 address"),
        ({"bindings": [{"address": "", "port": 70000}]}, "not between 1 and 65535"),
        ({"authentication": []}, "authentication is empty"),
        ({"smart_host": "ex 01"}, "not a valid host name"),
        ({"smart_host_port": 0}, "smart_host_port: 0 is not between 1 and 65535"),
        ({"hop_count": 0}, "hop_count"),
        ({"retry_minutes": [15, 0]}, "retry_minutes"),
        ({"max_message_size": "much"}, "max_message_size"),
        ({"max_message_size": "4GB"}, "max_message_size"),
        ({"queue_directory": "Queue"}, "not a full path"),
        ({"queue_directory": ""}, "queue_directory is empty"),
        ({"start_type": "disabled"}, "contradicts"),
    ],
)
def test_wrong_input_gets_one_sentence(options: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput) as refusal:
        SmtpRelay.items({**OPTIONS, **options})
    assert words in refusal.value.message
    assert "Nothing was changed." in refusal.value.message


def test_what_a_state_and_a_smart_host_imply() -> None:
    (item,) = SmtpRelay.items({**OPTIONS, "smart_host": "ex01.corp.example", "relay_addresses": ["10.0.0.5"]})
    assert item.want == {
        "present": True,
        "restart_needed": False,
        "running": True,
        "start_type": "delayed",
        "smart_host": "ex01.corp.example",
        "smart_host_type": "always",
        "relay_list": "listed",
        "relay_addresses": ["10.0.0.5"],
    }
    assert SmtpRelay.items({**OPTIONS, "state": "present", "smart_host": ""})[0].want["smart_host_type"] == "none"
    assert not SmtpRelay.items({"state": "absent"})[0].present
