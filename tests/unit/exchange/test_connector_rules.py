"""Wrong input gets a sentence before any host is asked; settings have one form."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import BadInput
from ansible_collections.sharepoint.mail.plugins.plugin_utils.exchange.connectors.fields import SETTINGS, connector_facts, span
from ansible_collections.sharepoint.mail.plugins.plugin_utils.exchange.connectors.receive_connector import ReceiveConnector
from ansible_collections.sharepoint.mail.plugins.plugin_utils.exchange.connectors.rules import check_conflicts, check_timeouts
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.values import EnumText
from ansible_collections.sharepoint.mail.plugins.plugin_utils.resource.declaration import wanted

GOOD: dict[str, Any] = {
    "name": "SharePoint mail",
    "servers": ["EX01", "EX02"],
    "state": "present",
    "preset": "externally_secured",
    "bindings": ["0.0.0.0:25"],
    "remote_ip_ranges": ["10.0.0.2", "10.0.0.1"],
}
ANONYMOUS = {**GOOD, "preset": "anonymous"}
EVERYBODY = ["0.0.0.0-255.255.255.255"]
EXPLICIT = {**GOOD, "preset": None, "permission_groups": ["AnonymousUsers"]}


def test_the_longest_name() -> None:
    assert ReceiveConnector.items({**GOOD, "name": "x" * 64})


def test_a_preset_is_settings() -> None:
    first, second = ReceiveConnector.items(GOOD)
    assert (first.name, second.identity) == ("EX01\\SharePoint mail", "EX02\\SharePoint mail")
    assert first.want == {
        "bindings": ["0.0.0.0:25"],
        "remote_ip_ranges": ["10.0.0.1", "10.0.0.2"],
        "auth_mechanism": ["ExternalAuthoritative"],
        "permission_groups": ["ExchangeServers"],
        "transport_role": "FrontendTransport",
    }


def test_tls_may_join_the_preset() -> None:
    item = ReceiveConnector.items({**GOOD, "auth_mechanism": ["ExternalAuthoritative", "Tls"], "require_tls": True})[0]
    assert item.want["auth_mechanism"] == ["Tls", "ExternalAuthoritative"]


@pytest.mark.parametrize(
    ("more", "mechanisms"),
    [({}, ["None"]), ({"require_tls": True}, ["Tls"]), ({"auth_mechanism": ["Tls"]}, ["Tls"]), ({"require_tls": False}, ["None"])],
)
def test_the_anonymous_preset_has_no_mechanism_that_offers_authentication(more: dict[str, Any], mechanisms: list[str]) -> None:
    want = ReceiveConnector.items({**ANONYMOUS, **more})[0].want
    assert want["auth_mechanism"] == mechanisms
    assert (want["permission_groups"], want["transport_role"]) == (["AnonymousUsers"], "FrontendTransport")
    assert "relay" not in want


def test_the_authenticated_preset_wants_a_logon_and_takes_passwords_under_tls_only() -> None:
    want = ReceiveConnector.items({**GOOD, "preset": "authenticated", "require_tls": True})[0].want
    assert set(want["auth_mechanism"]) == {"Tls", "Integrated", "BasicAuth", "BasicAuthRequireTLS"}
    assert (want["permission_groups"], want["transport_role"]) == (["ExchangeUsers"], "FrontendTransport")


def test_required_tls_brings_tls_along() -> None:
    assert ReceiveConnector.items({**GOOD, "require_tls": True})[0].want["auth_mechanism"] == ["Tls", "ExternalAuthoritative"]


def test_who_may_be_anonymous_from_anywhere() -> None:
    assert ReceiveConnector.items({**ANONYMOUS, "remote_ip_ranges": EVERYBODY, "relay": False})
    assert ReceiveConnector.items({**ANONYMOUS, "remote_ip_ranges": EVERYBODY, "relay": True, "allow_any_remote_address": True})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {**ANONYMOUS, "relay": True, "remote_ip_ranges": [*EVERYBODY, "::1"]},
            "SharePoint mail would relay for anonymous clients and be open to 0.0.0.0/0, ::1: anyone could send any mail to anyone "
            "through it. Nothing was changed.",
        ),
        ({**ANONYMOUS, "auth_mechanism": ["Integrated"]}, "the preset anonymous means None"),
        ({**ANONYMOUS, "auth_mechanism": ["Integrated", "Tls"]}, "auth_mechanism is Tls, Integrated, but the preset anonymous means None"),
        ({**ANONYMOUS, "permission_groups": ["ExchangeUsers"]}, "the preset anonymous means AnonymousUsers"),
        ({**GOOD, "relay": True}, "already relays"),
        (
            {**EXPLICIT, "permission_groups": ["Partners", "ExchangeUsers"], "auth_mechanism": ["Tls"], "relay": True},
            "without AnonymousUsers in permission_groups (it would have ExchangeUsers, Partners) they cannot send",
        ),
        ({**GOOD, "remote_ip_ranges": ["10.0.0.300"]}, "remote_ip_ranges: '10.0.0.300'"),
        ({**GOOD, "remote_ip_ranges": []}, "remote_ip_ranges is empty"),
        ({**GOOD, "bindings": ["25"]}, "bindings: '25'"),
        ({**GOOD, "bindings": []}, "bindings is empty"),
        ({**GOOD, "remote_ip_ranges": ["0.0.0.0-255.255.255.255"]}, "allow_any_remote_address"),
        (
            {**GOOD, "remote_ip_ranges": ["10.0.0.1", "::/0"]},
            "SharePoint mail would be externally secured and be open to 10.0.0.1, ::/0: anyone could send any mail to anyone through it, "
            "as a trusted sender. Nothing was changed.",
        ),
        ({**GOOD, "servers": []}, "servers is empty"),
        ({**GOOD, "servers": [" "]}, "servers is empty"),
        ({**GOOD, "name": "x" * 65}, "1 to 64 characters"),
        ({**GOOD, "name": "EX01\\mail"}, "no backslash"),
        ({**GOOD, "name": "default frontend ex02"}, "setup"),
        ({**GOOD, "name": "Default EX01", "state": "absent"}, "setup"),
        ({**GOOD, "name": "Client Proxy EX01", "servers": ["ex01.corp.example"]}, "setup"),
        ({**GOOD, "auth_mechanism": ["Tls"]}, "auth_mechanism is Tls, but the preset"),
        ({**GOOD, "permission_groups": ["AnonymousUsers"]}, "permission_groups is AnonymousUsers, but the preset"),
        ({**GOOD, "transport_role": "HubTransport"}, "transport_role is HubTransport, but the preset"),
        ({**GOOD, "require_tls": True, "auth_mechanism": ["ExternalAuthoritative"]}, ": require_tls needs Tls in auth_mechanism (it"),
        ({**EXPLICIT, "auth_mechanism": ["None", "Tls"]}, ": auth_mechanism None cannot be combined with others (it would have None, Tls)"),
        (
            {**EXPLICIT, "auth_mechanism": ["BasicAuthRequireTLS", "BasicAuth"]},
            ": auth_mechanism BasicAuthRequireTLS also needs BasicAuth and Tls (it",
        ),
        (
            {**EXPLICIT, "auth_mechanism": ["ExternalAuthoritative", "Integrated"]},
            ": only Tls can be combined with auth_mechanism ExternalAuthoritative (it",
        ),
        ({**EXPLICIT, "auth_mechanism": ["Integrated"], "require_tls": True}, ": require_tls needs Tls in auth_mechanism (it"),
        (
            {**EXPLICIT, "auth_mechanism": ["ExternalAuthoritative"]},
            ": auth_mechanism ExternalAuthoritative needs ExchangeServers in permission_groups (it",
        ),
        ({**GOOD, "max_message_size": "1KB"}, "max_message_size"),
        ({**GOOD, "max_message_size": "much"}, "max_message_size"),
        ({**GOOD, "max_message_size": "Unlimited"}, "max_message_size"),
        ({**GOOD, "message_rate_limit": "0"}, "message_rate_limit"),
        ({**GOOD, "max_inbound_connection_per_source": "20000"}, "max_inbound_connection_per_source"),
        ({**GOOD, "connection_timeout": "2.00:00:00"}, "connection_timeout"),
        ({**GOOD, "tarpit_interval": "soon"}, "tarpit_interval"),
        ({**GOOD, "banner": "250 hello"}, "banner"),
        ({**GOOD, "banner": "220 a\r\n250 b"}, "banner"),
        ({**GOOD, "fqdn": "no name"}, "fqdn"),
    ],
)
def test_wrong_input_gets_one_sentence(options: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput) as refusal:
        ReceiveConnector.items(options)
    assert words in refusal.value.message
    assert "Nothing was changed." in refusal.value.message


def test_what_is_dangerous_can_be_asked_for() -> None:
    item = ReceiveConnector.items({**GOOD, "remote_ip_ranges": ["0.0.0.0/0"], "allow_any_remote_address": True})[0]
    assert item.want["remote_ip_ranges"] == ["0.0.0.0/0"]


def test_settings_asked_for_and_read_have_the_same_form() -> None:
    asked = wanted(
        SETTINGS,
        {
            "max_message_size": "36 MB",
            "connection_timeout": "600",
            "message_rate_limit": "unlimited",
            "auth_mechanism": ["Integrated", "Tls"],
            "permission_groups": ["AnonymousUsers"],
            "comment": "",
        },
    )
    read = connector_facts(
        {
            "Identity": "EX01\\SharePoint mail",
            "MaxMessageSize": "36 MB (37,748,736 bytes)",
            "ConnectionTimeout": datetime.timedelta(minutes=10),
            "MessageRateLimit": "Unlimited",
            "AuthMechanism": EnumText("Tls, Integrated", 3),
            "PermissionGroups": "AnonymousUsers, Custom",
            "Comment": None,
            "Bindings": ["[::]:25", "0.0.0.0:25"],
            "RemoteIPRanges": ["something new"],
        }
    )
    assert {name: read[name] for name in asked} == {**asked, "permission_groups": ["AnonymousUsers", "Custom"]}
    assert (read["server"], read["name"], read["enabled"]) == ("EX01", "SharePoint mail", None)
    assert read["bindings"] == ["0.0.0.0:25", "[::]:25"]
    assert read["remote_ip_ranges"] == "['something new']", "an odd value hides no connector"


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("00:10:00", "00:10:00"),
        (600, "00:10:00"),
        ("1.00:00:00", "1.00:00:00"),
        ("24:00:00", "1.00:00:00"),
        (datetime.timedelta(0), "00:00:00"),
    ],
)
def test_time_spans(value: Any, form: str) -> None:
    assert span(value) == form


OTHER = {"identity": "EX01\\Other", "transport_role": "HubTransport", "bindings": ["0.0.0.0:25"], "remote_ip_ranges": ["10.0.0.1"]}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "different transport roles"),
        ({"bindings": ["10.1.1.1:25"]}, "different transport roles"),
        ({"transport_role": "HubTransport", "remote_ip_ranges": ["10.0.0.1"]}, "could not distinguish them"),
    ],
)
def test_conflicts_name_the_other_connector(changes: dict[str, Any], words: str) -> None:
    settings = {"transport_role": "FrontendTransport", "bindings": ["0.0.0.0:25"], "remote_ip_ranges": ["10.0.0.2"], **changes}
    with pytest.raises(BadInput) as refusal:
        check_conflicts("EX01\\SharePoint mail", settings, [OTHER])
    assert words in refusal.value.message and "EX01\\Other" in refusal.value.message


def test_every_other_connector_is_compared() -> None:
    """One that lives elsewhere hides none behind it, and every binding that is taken is named."""
    settings = {"transport_role": "FrontendTransport", "bindings": ["0.0.0.0:25", "10.1.1.1:26"], "remote_ip_ranges": ["10.0.0.1"]}
    elsewhere = {**OTHER, "identity": "EX01\\Elsewhere", "bindings": ["0.0.0.0:587"]}
    taken = {**OTHER, "bindings": ["0.0.0.0:25", "0.0.0.0:26"]}
    with pytest.raises(BadInput, match=r"cannot listen on 0\.0\.0\.0:25, 10\.1\.1\.1:26: EX01\\Other \(HubTransport\)"):
        check_conflicts("EX01\\SharePoint mail", settings, [elsewhere, taken])
    same = {**taken, "bindings": settings["bindings"], "transport_role": "FrontendTransport"}
    with pytest.raises(BadInput, match=r"the same binding \(0\.0\.0\.0:25, 10\.1\.1\.1:26\)"):
        check_conflicts("EX01\\SharePoint mail", settings, [elsewhere, same])


@pytest.mark.parametrize(
    ("timeout", "inactivity", "refused"),
    [(61, 60, False), (60, 60, True), (59, 60, True), (None, 60, False), (60, None, False), (None, None, False)],
)
def test_a_connection_outlives_its_inactivity(timeout: int | None, inactivity: int | None, refused: bool) -> None:
    if not refused:
        check_timeouts("EX01\\Mail", timeout, inactivity)
        return
    with pytest.raises(BadInput) as refusal:
        check_timeouts("EX01\\Mail", timeout, inactivity)
    assert f"connection_timeout ({timeout} s) must be longer than connection_inactivity_timeout ({inactivity} s)" in refusal.value.message
    assert refusal.value.message.endswith("Nothing was changed.")


def test_connectors_that_live_side_by_side() -> None:
    settings = {"transport_role": "HubTransport", "bindings": ["0.0.0.0:25"], "remote_ip_ranges": ["10.0.0.2"]}
    check_conflicts("EX01\\SharePoint mail", settings, [OTHER])
    check_conflicts("EX01\\SharePoint mail", {**settings, "transport_role": "FrontendTransport", "bindings": ["0.0.0.0:26"]}, [OTHER])
    # A binding to one address of all of them is another binding.
    check_conflicts("EX01\\SharePoint mail", {**settings, "bindings": ["10.1.1.1:25"], "remote_ip_ranges": ["10.0.0.1"]}, [OTHER])
