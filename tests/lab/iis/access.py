"""Who may connect to a relay and who may relay through it: the two lists of addresses that the metabase holds."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Sequence

# The head of an address list as every published sample has it: little-endian words, of which two count what follows. Words with the
# high bit are offsets from the start.
_WORDS = struct.Struct("<20I")
_COUNT, _ITEMS = 9, 11
_OFFSET = 0x80000000
_HEAD = (
    _OFFSET | 24,
    _OFFSET | 32,
    _OFFSET | 60,
    _OFFSET | 68,
    1,
    76,
    0,
    0,
    1,
    None,
    2,
    None,
    4,
    0,
    _OFFSET | 76,
    0,
    0,
    0,
    0,
    0xFFFFFFFF,
)


def listed_hosts(content: bytes) -> list[str] | None:
    """The addresses in a list of single hosts; None when the bytes are laid out in another way."""
    if len(content) < _WORDS.size:
        return None
    words = _WORDS.unpack_from(content)
    if any(wanted not in (None, word) for wanted, word in zip(_HEAD, words, strict=True)):
        return None
    count = words[_COUNT]
    if words[_ITEMS] != count + 1 or len(content) != _WORDS.size + 4 * count:
        return None
    return [str(ipaddress.IPv4Address(content[start : start + 4])) for start in range(_WORDS.size, len(content), 4)]


def list_of_hosts(addresses: Sequence[str]) -> bytes:
    """A list of single hosts, as the console writes it."""
    counted = {_COUNT: len(addresses), _ITEMS: len(addresses) + 1}
    words = [counted.get(place, word or 0) for place, word in enumerate(_HEAD)]
    return _WORDS.pack(*words) + b"".join(ipaddress.IPv4Address(address).packed for address in addresses)


def may_relay(relay_list: bytes | None, address: str) -> bool:
    """What RelayIpList says of a client. Absent: nobody. Empty: everybody. A layout that is not understood: nobody."""
    if relay_list is None:
        return False
    if not relay_list:
        return True
    return address in (listed_hosts(relay_list) or [])


def may_connect(grant_by_default: bool, granted: Sequence[str], denied: Sequence[str], address: str) -> bool:
    """What the connection list says of a client; entries are ``address, mask``. Denials count only where everybody else may come."""
    client = ipaddress.ip_address(address)
    if grant_by_default:
        return not any(client in network(entry) for entry in denied)
    return any(client in network(entry) for entry in granted)


def network(entry: str) -> ipaddress.IPv4Network:
    """The network of ``address, mask``. Raises ValueError."""
    address, _unused, mask = (part.strip() for part in entry.partition(","))
    return ipaddress.IPv4Network(f"{address}/{mask or '255.255.255.255'}", strict=False)
