"""Local bindings and remote IP ranges of receive connectors, and which range is the most specific."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from tests.lab.engine.objects import NetObject

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclasses.dataclass(frozen=True)
class IPRange(NetObject):
    """A remote IP range: a single address, ``a-b``, or CIDR (host bits may be set, as the product's documentation shows)."""

    text: str
    low: Address
    high: Address
    form: str

    type_names = ("Microsoft.Exchange.Data.IPRange", "System.Object")

    @classmethod
    def parse(cls, value: object) -> IPRange:
        """Raises ValueError with a sentence when ``value`` is no range."""
        if isinstance(value, IPRange):
            return value
        text = str(value).strip()
        try:
            if "/" in text:
                network = ipaddress.ip_network(text, strict=False)
                return cls(text, network[0], network[-1], "CIDR")
            first, dash, last = text.partition("-")
            low = ipaddress.ip_address(first.strip())
            high = ipaddress.ip_address(last.strip()) if dash else low
        except ValueError:
            raise ValueError(f'The IP range "{text}" isn\'t valid.') from None
        if low.version != high.version or int(low) > int(high):
            raise ValueError(f'The IP range "{text}" isn\'t valid.')
        return cls(text, low, high, "LoHi" if dash else "SingleAddress")

    @property
    def size(self) -> int:
        """How many addresses follow the first one: 0 for a single address."""
        return int(self.high) - int(self.low)

    def __contains__(self, address: Address) -> bool:
        return address.version == self.low.version and int(self.low) <= int(address) <= int(self.high)

    def same_as(self, other: IPRange) -> bool:
        """Whether both cover the same addresses, however they are written."""
        return (self.low, self.high) == (other.low, other.high)

    def __str__(self) -> str:
        return self.text

    def properties(self) -> Mapping[str, Any]:
        return {"LowerBound": str(self.low), "UpperBound": str(self.high), "RangeFormat": self.form, "Expression": self.text}


@dataclasses.dataclass(frozen=True)
class IPBinding(NetObject):
    """A local IP address and port: ``0.0.0.0:1025``, ``[::]:1025``, ``127.0.10.31:1025``."""

    address: Address
    port: int

    type_names = ("Microsoft.Exchange.Data.IPBinding", "System.Net.IPEndPoint", "System.Net.EndPoint", "System.Object")

    @classmethod
    def parse(cls, value: object) -> IPBinding:
        """Raises ValueError with a sentence when ``value`` is no binding."""
        if isinstance(value, IPBinding):
            return value
        text = str(value).strip()
        host, _unused, port = text.rpartition(":")
        try:
            address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
            number = int(port)
        except ValueError:
            raise ValueError(f'The IP binding "{text}" isn\'t valid: give an address and a port, such as 0.0.0.0:25 or [::]:25.') from None
        if not 0 < number < 65536 or host.startswith("[") != (address.version == 6):
            raise ValueError(f'The IP binding "{text}" isn\'t valid: give an address and a port, such as 0.0.0.0:25 or [::]:25.')
        return cls(address, number)

    def listens_on(self, local: Address) -> bool:
        """Whether this binding takes connections to ``local``; an unspecified address of either family stands for all of a host's."""
        return self.address.is_unspecified or self.address == local

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if self.address.version == 6 else f"{self.address}:{self.port}"

    def properties(self) -> Mapping[str, Any]:
        family = "InterNetworkV6" if self.address.version == 6 else "InterNetwork"
        return {"Port": self.port, "AddressFamily": family, "Address": str(self.address)}


def most_specific(ranges: Iterable[IPRange], address: Address) -> IPRange | None:
    """The smallest range that contains the address; None when none does."""
    matching = [candidate for candidate in ranges if address in candidate]
    return min(matching, key=lambda candidate: candidate.size, default=None)
