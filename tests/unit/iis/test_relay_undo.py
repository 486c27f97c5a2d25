"""What of a relay cannot be put back, and what takes its place."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.iis.relay_undo import lasting

THEN: dict[str, Any] = {
    "present": True,
    "start_type": "delayed",
    "relay_list": "listed",
    "relay_addresses": ["10.0.0.5"],
    "connect_addresses": ["any"],
    "firewall_addresses": [],
    "smart_host": "ex01.corp.example",
    "smart_host_authentication": "none",
    "smart_host_tls": False,
    "smart_host_username": "",
}
LOGS_ON = {**THEN, "smart_host_authentication": "basic", "smart_host_username": "CORP\\svc"}
NOW = {**THEN, "relay_addresses": ["10.0.0.6"]}
LIST = ["relay_list", "relay_addresses"]
SECURITY = ["smart_host_authentication", "smart_host_tls"]
WAY = ["smart_host", "smart_host_type", "smart_host_port", *SECURITY, "smart_host_username"]


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (None, None),
        (None, {"start_type": None, "firewall_addresses": ["10.0.0.5"]}),
        (THEN, None),
        (THEN, NOW),
        (THEN, LOGS_ON),
        (LOGS_ON, {**LOGS_ON, "smart_host_authentication": "ntlm"}),
        ({**THEN, "relay_list": "everybody"}, {**THEN, "relay_list": "everybody"}),
        ({**THEN, "smart_host_tls": None}, {**THEN, "smart_host_tls": None}),
        ({**THEN, "connect_addresses": ["10.0.0.5", "10.0.1.0/24"]}, NOW),
        ({**THEN, "connect_addresses": []}, NOW),
        ({**THEN, "present": False}, {**THEN, "present": False, "running": True}),
    ],
)
def test_all_of_it_can_be_put_back(then: dict[str, Any] | None, now: dict[str, Any] | None) -> None:
    assert lasting(then, now, "SP01", None, False) == []


@pytest.mark.parametrize(
    ("then", "now", "words", "options"),
    [
        (LOGS_ON, NOW, "logged on to ex01.corp.example as CORP\\svc", WAY),
        (LOGS_ON, None, "password cannot be read", WAY),
        ({**LOGS_ON, "smart_host": ""}, {**LOGS_ON, "smart_host_username": "CORP\\other"}, "logged on to its smart host", WAY),
        ({**THEN, "relay_list": "everybody", "relay_addresses": []}, NOW, "not made open again", LIST),
        ({**THEN, "relay_list": "everybody", "relay_addresses": []}, None, "not made open again", LIST),
        ({**THEN, "relay_list": "unknown", "relay_addresses": []}, NOW, "does not know", LIST),
        ({**THEN, "smart_host_tls": None}, NOW, "not recognised", SECURITY),
        ({**THEN, "smart_host_authentication": "relay"}, NOW, "not recognised", SECURITY),
        ({**THEN, "connect_addresses": ["all of us"]}, NOW, "all of us", ["connect_addresses", "connect_names"]),
        ({**THEN, "present": False}, NOW, "without Web-WMI", ["present"]),
        ({**THEN, "present": False}, None, "without Web-WMI", ["present"]),
        ({"start_type": None, "present": False, "firewall_addresses": ["10.0.0.5"]}, None, "firewall rule", []),
        ({"start_type": None, "present": False, "firewall_addresses": []}, NOW, "stay installed", []),
        (None, NOW, "stay installed", []),
    ],
)
def test_what_stays(then: dict[str, Any] | None, now: dict[str, Any] | None, words: str, options: list[str]) -> None:
    (found,) = lasting(then, now, "SP01", None, False)
    assert words in found.sentence and "SP01" in found.sentence
    assert (list(found.options), found.instead) == (options, {})


def test_a_password_that_the_task_has_can_be_put_back_for_its_own_account() -> None:
    for now in (NOW, None, LOGS_ON):
        assert lasting(LOGS_ON, now, "SP01", "CORP\\svc", True) == []
        assert len(lasting(LOGS_ON, now, "SP01", "CORP\\other", True)) == 1
    assert len(lasting(LOGS_ON, LOGS_ON, "SP01", None, True)) == 1, "it is written over the earlier one"


def test_an_absent_list_becomes_the_servers_own() -> None:
    (found,) = lasting({**THEN, "relay_list": "nobody", "relay_addresses": []}, NOW, "SP01", None, False)
    assert list(found.options) == LIST
    assert found.instead == {"relay_list": "listed", "relay_addresses": ["127.0.0.1"]}
