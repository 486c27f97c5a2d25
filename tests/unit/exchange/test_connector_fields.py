"""Settings of a receive connector: their limits, and one form of what is asked for and what is read."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import BadInput
from ansible_collections.sharepoint.mail.plugins.plugin_utils.exchange.connectors.fields import (
    AUTH_MECHANISMS,
    SETTINGS,
    connector_facts,
    span,
    span_seconds,
)
from ansible_collections.sharepoint.mail.plugins.plugin_utils.resource.declaration import wanted

LABEL = "a" * 63
ORDERED = ["ExchangeUsers", "ExchangeLegacyServers", "Partners"]


@pytest.mark.parametrize(
    ("option", "value", "form"),
    [
        ("fqdn", "", ""),
        ("fqdn", "mail-1.corp.example", "mail-1.corp.example"),
        ("fqdn", f"{LABEL}.{LABEL}.{LABEL}.{'a' * 61}.a", f"{LABEL}.{LABEL}.{LABEL}.{'a' * 61}.a"),
        ("banner", "", ""),
        ("banner", "220 Hello", "220 Hello"),
        ("comment", "", ""),
        ("max_message_size", "64KB", 65536),
        ("max_message_size", "2147483647", 2147483647),
        ("max_recipients_per_message", "1", 1),
        ("max_recipients_per_message", 512000, 512000),
        ("message_rate_limit", " 1 ", 1),
        ("message_rate_limit", " unlimited ", "Unlimited"),
        ("max_inbound_connection_per_source", "10000", 10000),
        ("max_inbound_connection_per_source", "Unlimited", "Unlimited"),
        ("connection_timeout", "00:00:01", "00:00:01"),
        ("connection_timeout", "1.00:00:00", "1.00:00:00"),
        ("connection_inactivity_timeout", "86400", "1.00:00:00"),
        ("tarpit_interval", "00:00:00", "00:00:00"),
        ("permission_groups", ["Custom", "Partners", "AnonymousUsers"], ["AnonymousUsers", "Partners"]),
        ("permission_groups", ["Partners", "Zulu", "ExchangeLegacyServers", "ExchangeUsers"], [*ORDERED, "Zulu"]),
        ("permission_groups", ["Custom"], ["None"]),
        ("auth_mechanism", [], ["None"]),
        ("auth_mechanism", ["Zulu", "Alpha", "Tls"], ["Tls", "Alpha", "Zulu"]),
        ("bindings", "0.0.0.0:25", ["0.0.0.0:25"]),
    ],
)
def test_what_can_be_asked_for(option: str, value: Any, form: Any) -> None:
    assert wanted(SETTINGS, {option: value}) == {option: form}


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("fqdn", "no name", "'no name' is not a valid host name"),
        ("fqdn", f"{LABEL}.{LABEL}.{LABEL}.{'a' * 62}.a", "is not a valid host name"),
        ("banner", "250 hello", ": a banner is one line that starts with 220."),
        ("max_message_size", "65535", "65535 is not between 65536 and 2147483647"),
        ("max_message_size", "2147483648", "2147483648 is not between 65536 and 2147483647"),
        ("max_message_size", "Unlimited", "'Unlimited' is not a valid number of bytes"),
        ("max_recipients_per_message", 0, "0 is not between 1 and 512000"),
        ("max_recipients_per_message", 512001, "512001 is not between 1 and 512000"),
        ("message_rate_limit", "0", "0 is not between 1"),
        ("message_rate_limit", "some", "'some' is neither a number nor Unlimited"),
        ("max_inbound_connection_per_source", "10001", "10001 is not between 1 and 10000"),
        ("connection_timeout", "00:00:00", "0 is not between 1 and 86400"),
        ("connection_inactivity_timeout", "1.00:00:01", "86401 is not between 1 and 86400"),
        ("tarpit_interval", "1:60:00", "'1:60:00' is not a valid time span such as 00:10:00"),
    ],
)
def test_what_cannot_be_asked_for(option: str, value: Any, words: str) -> None:
    with pytest.raises(BadInput) as refusal:
        wanted(SETTINGS, {option: value})
    assert refusal.value.message.startswith(f"{option}: ") and words in refusal.value.message
    assert refusal.value.message.endswith(". Nothing was changed.")


@given(st.integers(min_value=0, max_value=10**8))
@example(23 * 3600)
@example(86400)
def test_a_time_span_has_one_form(seconds: int) -> None:
    text = span(seconds)
    assert span_seconds(text) == span_seconds(str(seconds)) == seconds
    assert text == span(text) == span(f" {text}.0 ") == span(datetime.timedelta(seconds=seconds))


@given(st.sets(st.sampled_from([name for name in AUTH_MECHANISMS if name != "None"])))
def test_mechanisms_come_in_one_order(chosen: set[str]) -> None:
    forms = [wanted(SETTINGS, {"auth_mechanism": names})["auth_mechanism"] for names in (sorted(chosen), sorted(chosen, reverse=True))]
    assert forms[0] == forms[1] == ([name for name in AUTH_MECHANISMS if name in chosen] or ["None"])


@pytest.mark.parametrize(
    ("found", "facts"),
    [
        ({"Identity": "EX01\\Mail", "Name": "Shown", "Server": "EX09"}, ("EX01\\Mail", "Shown", "EX01")),
        ({"Identity": "EX01\\Mail"}, ("EX01\\Mail", "Mail", "EX01")),
        ({"Identity": "EX01\\Back\\slash"}, ("EX01\\Back\\slash", "Back\\slash", "EX01")),
        ({"Identity": "Mail", "Name": "Mail", "Server": "EX02"}, ("Mail", "Mail", "EX02")),
        ({"Identity": "Mail"}, ("Mail", "", "")),
        ({}, ("", "", "")),
    ],
)
def test_who_a_connector_is(found: dict[str, Any], facts: tuple[str, str, str]) -> None:
    shown = connector_facts(found)
    assert (shown["identity"], shown["name"], shown["server"]) == facts


def test_what_a_host_shows_of_none_of_it() -> None:
    """Null and cleared text are one; of the rest nothing is known."""
    shown = connector_facts({})
    empty = {"identity": "", "name": "", "server": "", "fqdn": "", "banner": "", "comment": "", "permission_groups": ["None"]}
    assert shown == {**dict.fromkeys(setting.option for setting in SETTINGS), **empty}
