# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common import rights as names
from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.addresses import Range
from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.facts import ConnectorFacts
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.rules.selection import Match, select
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.situation.connectors import Connector
from tests.unit.delivery import by_hand


def _select(facts: list[ConnectorFacts], client: str, port: int = 25, local: str | None = "10.0.0.31", server: str = "EX01") -> Match:
    return select([Connector.parse(entry) for entry in facts], server, local, port, client)


def _name(match: Match) -> str | None:
    return match.connector.name if match.connector else None


def test_the_most_specific_range_wins_among_overlapping_ones() -> None:
    # The example of the documentation: everybody, a network, one host.
    facts = [
        by_hand.connector("everybody", remote_ip_ranges=["0.0.0.0-255.255.255.255"]),
        by_hand.connector("network", remote_ip_ranges=["192.168.1.1/24"]),
        by_hand.connector("host", remote_ip_ranges=["192.168.1.10"]),
    ]
    assert [_name(_select(facts, client)) for client in ("192.168.1.10", "192.168.1.11", "192.168.2.1")] == ["host", "network", "everybody"]
    assert "more specific than those of EX01\\everybody, EX01\\network" in _select(facts, "192.168.1.10").why


def test_a_wrong_but_narrower_connector_takes_the_farm() -> None:
    facts = [
        by_hand.externally_secured(remote_ip_ranges=["10.0.0.0/24"]),
        by_hand.connector("scanners", remote_ip_ranges=["10.0.0.16-10.0.0.31"]),
    ]
    assert _name(_select(facts, "10.0.0.21")) == "scanners"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"enabled": False}, "Default Frontend EX01"),
        ({"bindings": ["0.0.0.0:2525"]}, "Default Frontend EX01"),
        ({"bindings": ["10.0.0.77:25"]}, "Default Frontend EX01"),
        ({"server": "EX02"}, "Default Frontend EX01"),
        ({"bindings": ["10.0.0.31:25"]}, "SharePoint mail"),
        ({}, "SharePoint mail"),
    ],
)
def test_what_keeps_a_connector_from_taking_a_connection(changed: dict[str, Any], expected: str) -> None:
    assert _name(_select([*by_hand.defaults(), by_hand.externally_secured(**changed)], "10.0.0.21")) == expected


def test_of_equal_ranges_the_very_address_wins() -> None:
    facts = [by_hand.connector("any address"), by_hand.connector("this address", bindings=["10.0.0.31:25"])]
    assert _name(_select(facts, "10.0.0.21")) == "this address"


def test_no_connector_and_whether_somebody_listens() -> None:
    own_port = [by_hand.externally_secured(bindings=["0.0.0.0:2626"])]
    closed, stranger = _select(own_port, "10.0.0.21", port=25), _select(own_port, "10.0.0.99", port=2626)
    assert (closed.connector, closed.listening) == (None, False)
    assert (stranger.connector, stranger.listening) == (None, True)


def test_ipv6() -> None:
    facts = [*by_hand.defaults(), by_hand.connector("six", bindings=["[::]:25"], remote_ip_ranges=["2001:db8::/64"])]
    assert _name(_select(facts, "2001:db8::21", local="2001:db8::31")) == "six"
    assert _name(_select(facts, "2001:db8:1::21", local="2001:db8::31")) == "Default Frontend EX01"
    assert _name(_select(facts, "10.0.0.21")) == "Default Frontend EX01"


@pytest.mark.parametrize("text", ["10.0.0.300", "10.0.0.9-10.0.0.1", "10.0.0.1-2001:db8::1", "", "10.0.0.0/33", "a-b"])
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(ValueError):
        Range.parse(text)


def test_an_unreadable_connector_is_named() -> None:
    with pytest.raises(ValueError, match=r"EX01\\\\odd.*'here' is not a valid binding"):
        Connector.parse(by_hand.connector("odd", bindings=["here"]))


@pytest.mark.parametrize(
    ("mechanisms", "plain", "under_tls"),
    [
        (by_hand.STANDARD_AUTH, ("NTLM",), ("NTLM", "LOGIN")),
        (["Tls", "BasicAuth"], ("LOGIN",), ("LOGIN",)),
        (["Tls"], (), ()),
        (["ExternalAuthoritative", "Tls"], (), ()),
        ([], (), ()),
    ],
)
def test_auth_offered(mechanisms: list[str], plain: tuple[str, ...], under_tls: tuple[str, ...]) -> None:
    connector = Connector.parse(by_hand.connector("c", auth_mechanism=mechanisms))
    assert (connector.auth_offered(tls=False), connector.auth_offered(tls=True)) == (plain, under_tls)


@pytest.mark.parametrize(
    ("connector", "authenticated", "submits", "relays", "any_sender", "counts_as_authenticated"),
    [
        (by_hand.connector("default"), False, True, False, True, False),
        (by_hand.connector("default"), True, False, False, False, False),
        (by_hand.connector("client", permission_groups=["ExchangeUsers"]), False, False, False, False, False),
        (by_hand.connector("client", permission_groups=["ExchangeUsers"]), True, True, True, False, False),
        (by_hand.externally_secured(), False, True, True, True, True),
        (by_hand.externally_secured(permission_groups=["AnonymousUsers"]), False, False, False, False, False),
    ],
)
def test_rights(
    connector: ConnectorFacts, authenticated: bool, submits: bool, relays: bool, any_sender: bool, counts_as_authenticated: bool
) -> None:
    parsed = Connector.parse(connector)
    rights = parsed.rights(parsed.principal(authenticated))
    held = [right in rights for right in (names.SUBMIT, names.ANY_RECIPIENT, names.ANY_SENDER, names.AUTHENTICATION_FLAG)]
    assert held == [submits, relays, any_sender, counts_as_authenticated]
