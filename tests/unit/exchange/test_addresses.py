"""Ranges and bindings have one canonical form."""

from __future__ import annotations

import ipaddress
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sharepoint.mail.plugins.plugin_utils.exchange.connectors.addresses import (
    bindings_overlap,
    canonical_bindings,
    canonical_range,
    canonical_ranges,
    open_to_everyone,
)

EVERYONE = ["0.0.0.0-255.255.255.255"], ["0.0.0.0/0"], ["::/0"], ["0.0.0.0/1", "128.0.0.0/1"], ["1.0.0.0-255.255.255.254"], ["2000::/3"]


@st.composite
def ranges(draw: st.DrawFn) -> str:
    version: Literal[4, 6] = draw(st.sampled_from([4, 6]))
    one, other = sorted([draw(st.ip_addresses(v=version)), draw(st.ip_addresses(v=version))], key=int)
    kind = draw(st.sampled_from(["single", "span", "network"]))
    if kind == "single":
        return str(one)
    return f"{one}-{other}" if kind == "span" else f"{one}/{draw(st.integers(0, one.max_prefixlen))}"


@given(st.lists(ranges(), max_size=6), st.randoms())
def test_the_form_of_ranges_knows_no_order_and_is_its_own_form(texts: list[str], random: object) -> None:
    shuffled = list(texts) + texts[:2]
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands out a random.Random
    canonical = canonical_ranges(texts)
    assert canonical_ranges(shuffled) == canonical
    assert canonical_ranges(canonical) == canonical


@given(ranges())
def test_a_range_keeps_its_ends(text: str) -> None:
    def ends(form: str) -> tuple[str, str]:
        first, dash, last = form.partition("-")
        network = None if dash else ipaddress.ip_network(form, strict=False)
        bounds = (network[0], network[-1]) if network is not None else (first, last)
        return tuple(str(ipaddress.ip_address(str(bound))) for bound in bounds)  # type: ignore[return-value]  # two of them

    assert ends(canonical_range(text)) == ends(text)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("192.168.1.1/24", "192.168.1.0/24"),
        ("192.168.1.0-192.168.1.255", "192.168.1.0/24"),
        ("192.168.1.0 - 192.168.2.7", "192.168.1.0-192.168.2.7"),
        ("2001:0DB8::CD3/128", "2001:db8::cd3"),
        ("10.0.0.1-10.0.0.1", "10.0.0.1"),
    ],
)
def test_forms(text: str, form: str) -> None:
    assert canonical_range(text) == form


@pytest.mark.parametrize(
    "text", ["", "nobody", "10.0.0.300", "10.0.0.9-10.0.0.1", "10.0.0.1-::1", "10.0.0.0/33", "10.0.0.1-", "10.0.0.1,10.0.0.2"]
)
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        canonical_range(text)


@pytest.mark.parametrize("texts", EVERYONE)
def test_everyone_in_any_form(texts: list[str]) -> None:
    assert open_to_everyone(texts)


@pytest.mark.parametrize("texts", [[], ["10.0.0.0/8", "192.168.0.0/16"], ["fc00::/7"], ["10.0.0.0/8"] * 200])
def test_somebody(texts: list[str]) -> None:
    assert not open_to_everyone(texts)


def test_bindings() -> None:
    assert canonical_bindings(["[::]:25", " 0.0.0.0:25", "[2001:DB8::0]:587", "0.0.0.0:25"]) == [
        "0.0.0.0:25",
        "[::]:25",
        "[2001:db8::]:587",
    ]


@pytest.mark.parametrize("text", ["", "25", "0.0.0.0", "0.0.0.0:0", "0.0.0.0:65536", "::1:25", "[10.0.0.1]:25", "mail:25"])
def test_what_is_no_binding_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        canonical_bindings([text])


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        (["0.0.0.0:25"], ["0.0.0.0:25"], ["0.0.0.0:25"]),
        (["10.0.0.1:25"], ["0.0.0.0:25"], ["10.0.0.1:25"]),
        (["10.0.0.1:25"], ["10.0.0.2:25", "[::]:25"], []),
        (["0.0.0.0:2525"], ["0.0.0.0:25"], []),
    ],
)
def test_overlap_of_bindings(one: list[str], other: list[str], shared: list[str]) -> None:
    assert bindings_overlap(one, other) == shared
