# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of an IIS SMTP virtual server: option, property of ``IIsSmtpServerSetting``, canonical form. Each is declared here once.

Types and meanings: Microsoft's "IIS 6.0 WMI Provider" reference; whole numbers are SINT32 there, so -1 is the metabase's 4294967295.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ..common.addresses import is_address
from ..common.errors import BadInput
from ..iis import relay_ip_list
from ..remoting.values import parse_byte_size
from ..resource.declaration import Field, wanted

ANY: Final = "any"
"""As the one entry of ``connect_addresses``: whoever reaches the server may connect."""

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_AUTHENTICATION: Final = {"anonymous": 1, "basic": 2, "ntlm": 4}  # AuthFlags (ms524513); that NTLM is 4 is not stated there
_SMART_HOST_TYPES: Final = ("none", "fallback", "always")  # SmartHostType 0, 1, 2 (ms525300)

# RouteAction, the flags of Outbound Security. 264 and 268 (basic, with TLS) are seen in public scripts; 136 and 140 (NTLM) are inferred
# from the table of flags, and were seen on no host.
_TLS, _SASL, _NTLM, _BASIC = 4, 8, 0x80, 0x100
_OUTBOUND: Final = {"none": 0, "basic": _BASIC | _SASL, "ntlm": _NTLM | _SASL}


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _name(value: Any) -> str:
    text = _text(value).lower()
    if text and (len(text) > 255 or not _HOST_NAME.fullmatch(text)):
        raise ValueError(f"{text!r} is not a valid host name")
    return text


def smart_host(value: Any) -> str:
    """A host name in lower case, or an address without the brackets that IIS wants around it. Raises ValueError."""
    text = _text(value).lower()
    bare = text.removeprefix("[").removesuffix("]")
    return bare if is_address(bare) else _name(text)


def _directory(value: Any) -> str:
    text = _text(value).rstrip("\\")
    if text and not re.fullmatch(r"(?:[A-Za-z]:|%\w+%|\\\\[^\\/:*?\"<>|]+)(?:\\[^\\/:*?\"<>|]+)+", text):
        raise ValueError(f"{text!r} is not a full path of a folder, such as D:\\Mail\\Queue")
    return text


def _bytes(value: Any) -> int:
    size = parse_byte_size(value)
    if not isinstance(size, int):
        raise ValueError(f"{value} is not a valid number of bytes")
    return size


def _minutes(value: Any) -> list[int]:
    entries = value.split(",") if isinstance(value, str) else value or ()
    return [int(str(entry).strip()) for entry in entries if str(entry).strip()]


def _flags(value: Any) -> list[str]:
    if isinstance(value, int):
        return [name for name, bit in _AUTHENTICATION.items() if value & bit]
    return [name for name in _AUTHENTICATION if name in value]


def _smart_host_type(value: Any) -> str:
    return str(value) if isinstance(value, str) else _SMART_HOST_TYPES[value] if value in (0, 1, 2) else "none"


def _truth(value: Any) -> bool:
    """Of RelayForAuth both 1 and -1 are documented as "yes" (ms525280, cc778501), so only zero and the rest are told apart."""
    return bool(value)


SETTINGS: Final = (
    Field.of("fqdn", "FullyQualifiedDomainName", _name, null=""),
    Field.of("authentication", "AuthFlags", _flags, argument=lambda names: sum(_AUTHENTICATION[name] for name in names)),
    Field.of("relay_authenticated", "RelayForAuth", _truth, argument=lambda allowed: -1 if allowed else 0),
    Field.of("smart_host", "SmartHost", smart_host, argument=lambda host: f"[{host}]" if is_address(host) else host, null=""),
    Field.of("smart_host_type", "SmartHostType", _smart_host_type, argument=_SMART_HOST_TYPES.index),
    Field.of("smart_host_port", "RemoteSmtpPort", int, least=1, most=65535),
    Field.of("smart_host_username", "RouteUserName", _text, null=""),
    Field.of("masquerade_domain", "MasqueradeDomain", _name, null=""),
    Field.of("max_message_size", "MaxMessageSize", _bytes, least=0),
    Field.of("max_session_size", "MaxSessionSize", _bytes, least=0),
    Field.of(
        "retry_minutes", "SmtpRemoteProgressiveRetry", _minutes, argument=lambda minutes: ",".join(map(str, minutes)), least=1, most=9999
    ),
    Field.of("expire_minutes", "SmtpRemoteNDRExpireMinutes", int, least=1),
    Field.of("delay_minutes", "SmtpRemoteDelayExpireMinutes", int, least=1),
    Field.of("local_expire_minutes", "SmtpLocalNDRExpireMinutes", int, least=1),
    Field.of("local_delay_minutes", "SmtpLocalDelayExpireMinutes", int, least=1),
    Field.of("hop_count", "HopCount", int, least=1, most=256),
    Field.of("queue_directory", "QueueDirectory", _directory, null=""),
    Field.of("badmail_directory", "BadMailDirectory", _directory, null=""),
    Field.of("pickup_directory", "PickupDirectory", _directory, null=""),
    Field.of("drop_directory", "DropDirectory", _directory, null=""),
    Field.of("protocol_log", "LogType", _truth, argument=int),
    Field.of("protocol_log_directory", "LogFileDirectory", _directory, null=""),
)
BY_OPTION: Final = {setting.option: setting for setting in SETTINGS}
DIRECTORIES: Final = tuple(setting.option for setting in SETTINGS if setting.normal is _directory)


def outbound_security(found: Mapping[str, Any]) -> tuple[str, bool | None]:
    """``smart_host_authentication`` and ``smart_host_tls``. TLS is None where the two properties that say so contradict each other.

    A RouteAction that is no number stays text, as what cannot be understood does elsewhere.
    """
    action = _route_action(found)
    if action is None:
        return str(found["RouteAction"]), None
    kind = next((name for name, bits in _OUTBOUND.items() if bits and action & bits == bits), "none")
    flag, always = bool(action & _TLS), bool(found.get("AlwaysUseSsl"))
    return kind, flag if flag == always else None


def outbound_properties(found: Mapping[str, Any], authentication: str, tls: bool) -> dict[str, Any]:
    """RouteAction and AlwaysUseSsl, said alike; flags that have nothing to do with it stay. ``authentication`` is one of the choices."""
    others = (_route_action(found) or 0) & ~(_TLS | _SASL | _NTLM | _BASIC)
    return {"RouteAction": others | _OUTBOUND[authentication] | (_TLS if tls else 0), "AlwaysUseSsl": tls}


def _route_action(found: Mapping[str, Any]) -> int | None:
    """The flags; None for what is no number."""
    try:
        return int(found.get("RouteAction") or 0)
    except (TypeError, ValueError):
        return None


def bindings(value: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Bindings as ``address`` (empty for all) and ``port``, sorted, each once. Raises ValueError."""
    found: set[tuple[str, int]] = set()
    for entry in value:
        address, port = _text(entry.get("address")), int(entry.get("port") or 25)
        if address and (not is_address(address) or ":" in address):
            raise ValueError(f"{address!r} is not a valid IPv4 address (empty means all addresses of the server)")
        if not 1 <= port <= 65535:
            raise ValueError(f"the port {port} is not between 1 and 65535")
        found.add(("" if address == "0.0.0.0" else address, port))
    return [{"address": address, "port": port} for address, port in sorted(found)]


def texts(value: Any) -> list[str]:
    """The entries of a list of texts as a host shows it: an array, a text alone, or nothing."""
    return [str(entry) for entry in (value if isinstance(value, list) else [value]) if entry not in (None, "")]


def networks(value: Iterable[str]) -> list[str]:
    """Addresses and networks in canonical form, sorted, each once: ``10.0.0.5``, ``10.0.1.0/24``. Raises ValueError.

    Takes ``address, mask`` (IIsIPSecuritySetting) and ``address/mask`` (the firewall), too.
    """
    found: dict[tuple[int, int, int], str] = {}
    for entry in value:
        text = re.sub(r"\s*,\s*", "/", str(entry).strip())
        try:
            network = ipaddress.ip_network(text)
        except ValueError:
            raise ValueError(f"{str(entry)!r} is neither an address nor a network such as 10.0.1.0/24") from None
        single = network.prefixlen == network.max_prefixlen
        key = (network.version, int(network.network_address), network.prefixlen)
        found[key] = str(network.network_address) if single else str(network)
    return [found[key] for key in sorted(found)]


def connect_addresses(value: Iterable[str]) -> list[str]:
    """Who may connect: ``["any"]``, or IPv4 addresses and networks. Raises ValueError."""
    entries = [str(entry).strip() for entry in value]
    if [entry.lower() for entry in entries] == [ANY]:
        return [ANY]
    if not entries:
        raise ValueError(f"the list is empty, so nobody could connect; [{ANY}] lets everybody connect")
    return reachable_only(networks(entries), ipv4=True)


def reachable_only(entries: list[str], ipv4: bool) -> list[str]:
    """``entries`` themselves. Raises ValueError for the whole Internet, the unspecified address and, with ``ipv4``, for IPv6."""
    for entry in entries:
        network = ipaddress.ip_network(entry)
        if network.network_address.is_unspecified:
            raise ValueError(f"{entry} means everybody")
        if ipv4 and network.version == 6:
            raise ValueError(f"{entry} is an IPv6 address, and only IPv4 is known to work in the SMTP server's lists")
    return entries


LISTS: Final = (
    Field("bindings", "bindings", normal=bindings),
    Field("connect_addresses", "connect_addresses", normal=connect_addresses),
    Field("relay_addresses", "relay_addresses", normal=relay_ip_list.single_addresses),
    Field("firewall_addresses", "firewall_addresses", normal=lambda value: reachable_only(networks(value), ipv4=False)),
)
"""Lists that are written in ways of their own."""
_CHOICES: Final = ("smart_host_authentication", "smart_host_tls", "start_type")
_NEVER_EMPTY: Final = ("bindings", "relay_addresses", "authentication", "retry_minutes", *DIRECTORIES)


def asked(options: Mapping[str, Any]) -> dict[str, Any]:
    """What a task asks for in canonical form; options that it leaves out are not in it. Raises BadInput, naming the option."""
    want = {name: options[name] for name in _CHOICES if options.get(name) is not None} | wanted((*LISTS, *SETTINGS), options)
    for name in _NEVER_EMPTY:
        if name in want and not want[name]:
            raise BadInput(f"{name} is empty: leave it out to keep what is there. Nothing was changed.")
    return want
