"""Remote IP ranges: containment and specificity."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.exchange.ranges import IPBinding, IPRange, most_specific

addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


@given(address=st.ip_addresses(v=4), length=st.integers(0, 32))
def test_cidr_and_its_bounds_are_the_same_range(address: ipaddress.IPv4Address, length: int) -> None:
    cidr = IPRange.parse(f"{address}/{length}")
    assert cidr.same_as(IPRange.parse(f"{cidr.low}-{cidr.high}")) and address in cidr
    assert cidr.size == 2 ** (32 - length) - 1


@given(address=addresses, lengths=st.lists(st.integers(0, 32), min_size=1))
def test_the_longest_prefix_wins_whatever_the_order(address: ipaddress.IPv4Address | ipaddress.IPv6Address, lengths: list[int]) -> None:
    found = most_specific([IPRange.parse(f"{address}/{length}") for length in lengths], address)
    assert found is not None and found.text == f"{address}/{max(lengths)}"


@given(address=addresses, bounds=st.lists(st.tuples(addresses, addresses)))
def test_the_winner_contains_the_address_and_nothing_smaller_does(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
    bounds: list[tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, ipaddress.IPv4Address | ipaddress.IPv6Address]],
) -> None:
    ranges = [IPRange.parse(f"{low}-{high}") for low, high in bounds if low.version == high.version and int(low) <= int(high)]
    containing = [one for one in ranges if one.low.version == address.version and int(one.low) <= int(address) <= int(one.high)]
    found = most_specific(ranges, address)
    assert (found is None) == (not containing)
    if found is not None:
        assert found.size == min(one.size for one in containing)


@pytest.mark.parametrize(
    "text", ["192.168.1.1/24", "2001:db8::cd3/60", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "10.0.0.1", "fe80::1%3"]
)
def test_ranges_keep_the_text_they_were_given(text: str) -> None:
    assert str(IPRange.parse(text)) == text


@pytest.mark.parametrize("text", ["0.0.0.0:1025", "[::]:1025", "127.0.0.1:1", "[2001:db8::1]:65535"])
def test_bindings(text: str) -> None:
    assert str(IPBinding.parse(text)) == text


@pytest.mark.parametrize("text", ["0.0.0.0", ":25", "[0.0.0.0]:25", ":::25", "0.0.0.0:0", "0.0.0.0:65536", "host:25"])
def test_what_is_no_binding(text: str) -> None:
    with pytest.raises(ValueError, match="isn't valid"):
        IPBinding.parse(text)
