"""The Windows firewall of one host: inbound rules, and what they say of a connection. What no rule allows is dropped."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Sequence

ANY = "Any"


@dataclasses.dataclass
class Rule:
    """An inbound or outbound rule. Addresses and ports are texts as the cmdlets take them; ``Any`` alone is no condition."""

    name: str
    display_name: str
    direction: str = "Inbound"
    action: str = "Allow"
    enabled: bool = True
    protocol: str = ANY
    local_ports: list[str] = dataclasses.field(default_factory=lambda: [ANY])
    remote_ports: list[str] = dataclasses.field(default_factory=lambda: [ANY])
    local_addresses: list[str] = dataclasses.field(default_factory=lambda: [ANY])
    remote_addresses: list[str] = dataclasses.field(default_factory=lambda: [ANY])
    group: str | None = None
    description: str | None = None
    profile: str = ANY
    program: str = ANY
    service: str = ANY

    def matches(self, remote: str, local: str, port: int) -> bool:
        """Whether the rule is about a TCP connection from ``remote`` to the port."""
        return (
            self.enabled
            and self.direction == "Inbound"
            and self.protocol.upper() in (ANY.upper(), "TCP", "6")
            and _port_in(self.local_ports, port)
            and _address_in(self.remote_addresses, remote)
            and _address_in(self.local_addresses, local)
        )


def _port_in(ports: Sequence[str], port: int) -> bool:
    for entry in ports:
        low, _unused, high = entry.partition("-")
        if entry == ANY or (low.isdigit() and int(low) <= port <= int(high or low)):
            return True
    return False


def _address_in(addresses: Sequence[str], address: str) -> bool:
    return any(entry == ANY or _covers(entry, ipaddress.IPv4Address(address)) for entry in addresses)


def _covers(entry: str, address: ipaddress.IPv4Address) -> bool:
    if entry == "LocalSubnet":
        return True
    low, _unused, high = entry.partition("-")
    if high:
        return ipaddress.IPv4Address(low) <= address <= ipaddress.IPv4Address(high)
    return address in ipaddress.IPv4Network(entry, strict=False)


def canonical(entry: str) -> str:
    """An address condition as it is shown: subnets with a mask, single addresses bare. Raises ValueError for what is none."""
    if entry.lower() in ("any", "localsubnet"):
        return {"any": ANY, "localsubnet": "LocalSubnet"}[entry.lower()]
    low, _unused, high = entry.partition("-")
    if high:
        return f"{ipaddress.IPv4Address(low)}-{ipaddress.IPv4Address(high)}"
    network = ipaddress.IPv4Network(entry, strict=False)
    return str(network.network_address) if network.prefixlen == 32 else f"{network.network_address}/{network.netmask}"


class Firewall:
    """Rules by name, in the order in which they were made."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.rules: list[Rule] = []

    def allows(self, remote: str, port: int) -> bool:
        """Whether a connection from ``remote`` to a TCP port of this host gets through. What a host does with itself is no matter of
        the firewall's; a rule that blocks wins over one that allows."""
        if remote == self._address:
            return True
        actions = {rule.action for rule in self.rules if rule.matches(remote, self._address, port)}
        return "Allow" in actions and "Block" not in actions
