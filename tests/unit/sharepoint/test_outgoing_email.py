"""Builds of SharePoint, and what the outgoing e-mail refuses before it asks a host."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import BadInput
from ansible_collections.sharepoint.mail.plugins.plugin_utils.sharepoint.outgoing_email import OutgoingEmail
from ansible_collections.sharepoint.mail.plugins.plugin_utils.sharepoint.product import Product

OPTIONS: dict[str, Any] = {
    "server": "ex01.corp.example",
    "from_address": "sharepoint@corp.example",
    "reply_to": None,
    "port": 25,
    "tls": False,
    "override_envelope_sender": None,
    "character_set": None,
    "farm_default": True,
    "web_applications": None,
}


@pytest.mark.parametrize(
    ("build", "name", "answers"),
    [
        ("15.0.4805.1000", "2013", False),
        ("16.0.4351.1000", "2016", True),
        ("16.0.4522.1000", "2016", True),
        ("16.0.4534.1000", "2016", False),
        ("16.0.5561.1001", "2016", False),
        ("16.0.10337.12109", "2019", False),
        ("16.0.14326.20450", "SE", False),
    ],
)
def test_products(build: str, name: str, answers: bool) -> None:
    product = Product.parse(build)
    assert product is not None
    assert (str(product), product.name) == (build, name)
    verdict = product.answers_challenges()
    assert verdict["value"] is answers
    assert build in verdict["reason"]


def test_what_is_no_build() -> None:
    assert Product.parse("16.0") is None
    assert str(Product.parse("16.0.4522.1000 (sts)")) == "16.0.4522.1000"


def test_answers_go_to_the_sender_by_default() -> None:
    (item,) = OutgoingEmail.items(OPTIONS)
    assert item.want["reply_to"] == "sharepoint@corp.example"


@pytest.mark.parametrize(
    "address",
    ["sharepoint", "@corp.example", "a@", "a b@corp.example", "a@corp..example", "a@b@c", "a@corp.example\n", "A <a@corp.example>"],
)
def test_an_address_that_is_none(address: str) -> None:
    for name in ("from_address", "reply_to"):
        with pytest.raises(BadInput, match=f"{name}: .* is not a valid e-mail address. Nothing was changed."):
            OutgoingEmail.items({**OPTIONS, name: address})


@pytest.mark.parametrize("address", ["o'brien@corp.example", "first.last+tag@corp", "a_b-c@x1.example"])
def test_unusual_addresses_are_taken(address: str) -> None:
    assert OutgoingEmail.items({**OPTIONS, "from_address": address})


@pytest.mark.parametrize("server", ["", "ex01:25", "ex 01", "-ex01", "[::1]", "smtp://ex01"])
def test_a_server_that_is_none(server: str) -> None:
    with pytest.raises(BadInput, match="neither a host name nor an IP address"):
        OutgoingEmail.items({**OPTIONS, "server": server})


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_is_none(port: int) -> None:
    with pytest.raises(BadInput, match="not between 1 and 65535"):
        OutgoingEmail.items({**OPTIONS, "port": port})


def test_nothing_to_configure_is_said() -> None:
    with pytest.raises(BadInput, match="nothing to configure"):
        OutgoingEmail.items({**OPTIONS, "farm_default": False})
