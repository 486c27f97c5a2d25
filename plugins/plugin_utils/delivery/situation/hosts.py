# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers, and the names and addresses by which they are known."""

from __future__ import annotations

import dataclasses

from ...common.addresses import is_address

UNLISTED_ADDRESS = "192.0.2.1"
"""Stands for an unlisted host where no probe says which address it came from: RFC 5737 reserves it, so that no real range lists it."""


@dataclasses.dataclass(frozen=True)
class Host:
    """A server: its name in the product, the name it is reached by, and its addresses."""

    name: str
    host: str
    addresses: tuple[str, ...]

    def known_as(self, name: str) -> bool:
        """Whether ``name`` (short or full, or an address) is this server."""
        return bool(name) and (name in self.addresses or any(same_host(name, own) for own in (self.name, self.host) if own))


def ipv4(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Those that the SMTP server of IIS, which knows no IPv6, can be reached from; all where none is IPv4."""
    return tuple(address for address in addresses if ":" not in address) or addresses


def same_host(one: str, other: str) -> bool:
    """Host names without regard to case; a short name equals the first label of a full one. Addresses are equal only to themselves."""
    one, other = one.casefold().rstrip("."), other.casefold().rstrip(".")
    if one == other:
        return True
    if is_address(one) or is_address(other) or ("." in one and "." in other):
        return False
    return one.partition(".")[0] == other.partition(".")[0]
