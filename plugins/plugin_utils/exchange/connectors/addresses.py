# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Remote IP ranges and bindings of receive connectors, each in one canonical form, so that equal settings are equal lists."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from ...common.addresses import Address, Range, binding

# As many addresses as count as "everyone": half of IPv4, and of IPv6 as much as its global unicast part 2000::/3 (RFC 4291, 2.4).
_EVERYONE = {4: 2**31, 6: 2**125}


def canonical_range(text: str) -> str:
    """An address, a CIDR network (host bits gone), or ``first-last`` where the range is no network. Raises ValueError."""
    return _range_text(_range(text))


def canonical_ranges(texts: Iterable[str]) -> list[str]:
    """Canonical ranges, sorted, each once. Raises ValueError.

    Ranges that touch or contain each other stay apart: the most specific range decides which connector takes a connection.
    """
    spans = {(span.first.version, int(span.first), int(span.last)): span for span in map(_range, texts)}
    return [_range_text(spans[key]) for key in sorted(spans)]


def canonical_bindings(texts: Iterable[str]) -> list[str]:
    """Canonical bindings ``192.0.2.1:25`` or ``[2001:db8::1]:25``, sorted, each once. Raises ValueError."""
    found = {(address.version, int(address), port): (address, port) for address, port in map(parse_binding, texts)}
    return [_binding_text(*found[key]) for key in sorted(found)]


def parse_binding(text: str) -> tuple[Address, int]:
    """Address and port of a binding. Raises ValueError, also for an IPv6 address without brackets and a port out of 1–65535."""
    text = str(text).strip()
    try:
        address, port = binding(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a valid binding of address and port, such as 0.0.0.0:25 or [::]:25") from None
    if not 1 <= port <= 65535:
        raise ValueError(f"{text!r}: the port is not between 1 and 65535")
    if (address.version == 6) != text.startswith("["):
        raise ValueError(f"{text!r}: only an IPv6 address is written in brackets")
    return address, port


def bindings_overlap(one: Iterable[str], other: Iterable[str]) -> list[str]:
    """Bindings of ``one`` at which a listener of ``other`` listens too; ``0.0.0.0`` and ``[::]`` stand for every address of their kind."""
    theirs = [parse_binding(text) for text in other]
    return [
        text
        for text in one
        for address, port in [parse_binding(text)]
        if any(
            port == their_port
            and address.version == their_address.version
            and (address == their_address or address.is_unspecified or their_address.is_unspecified)
            for their_address, their_port in theirs
        )
    ]


def open_to_everyone(texts: Iterable[str]) -> bool:
    """Whether the ranges together hold so many addresses that they name nobody in particular."""
    held = {4: 0, 6: 0}
    reached = {4: -1, 6: -1}
    for span in sorted(map(_range, texts), key=lambda span: int(span.first)):
        version = span.first.version
        held[version] += max(0, int(span.last) - max(int(span.first) - 1, reached[version]))
        reached[version] = max(reached[version], int(span.last))
    return any(held[version] >= limit for version, limit in _EVERYONE.items())


def _range(text: str) -> Range:
    try:
        return Range.parse(str(text))
    except ValueError:
        raise ValueError(
            f"{str(text)!r} is not a valid range: neither an address, nor first-last, nor a network such as 192.0.2.0/24"
        ) from None


def _range_text(span: Range) -> str:
    if span.first == span.last:
        return str(span.first)
    # Exactly one network when both ends are of one kind, which Range.parse has made sure of.
    networks = list(ipaddress.summarize_address_range(span.first, span.last))
    return str(networks[0]) if len(networks) == 1 else f"{span.first}-{span.last}"


def _binding_text(address: Address, port: int) -> str:
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
