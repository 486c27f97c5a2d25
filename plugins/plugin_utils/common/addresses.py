# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IP addresses, ranges of them, and bindings, as Exchange writes them."""

from __future__ import annotations

import dataclasses
import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@dataclasses.dataclass(frozen=True)
class Range:
    """Remote addresses from ``first`` to ``last``, and the text that says so."""

    text: str
    first: Address
    last: Address

    @classmethod
    def parse(cls, text: str) -> Range:
        """A single address, ``a-b`` or CIDR (host bits allowed, as Exchange allows them). Raises ValueError."""
        first, dash, last = (part.strip() for part in text.partition("-"))
        if dash:
            bounds = (parse_address(first), parse_address(last))
        else:
            network = ipaddress.ip_network(text.partition("%")[0].strip(), strict=False)
            bounds = (network[0], network[-1])
        if bounds[0].version != bounds[1].version or int(bounds[0]) > int(bounds[1]):
            raise ValueError(f"{text!r} is not a valid range of addresses: its ends are of different kinds or in the wrong order")
        return cls(text, *bounds)

    def contains(self, address: Address) -> bool:
        return address.version == self.first.version and int(self.first) <= int(address) <= int(self.last)

    def holds(self, address: str) -> bool:
        """As ``contains``, for an address as text."""
        return self.contains(parse_address(address))

    @property
    def size(self) -> int:
        """Number of addresses; of two ranges that contain a client, the smaller one is the more specific."""
        return int(self.last) - int(self.first) + 1


def parse_address(text: str) -> Address:
    return ipaddress.ip_address(text.strip().strip("[]").partition("%")[0])


def binding(text: str) -> tuple[Address, int]:
    """``192.0.2.1:25`` or ``[2001:db8::1]:25``. Raises ValueError."""
    host, _unused, port = text.rpartition(":")
    if not port.isdecimal():
        raise ValueError(f"{text!r} is not a valid binding of address and port")
    return parse_address(host), int(port)
