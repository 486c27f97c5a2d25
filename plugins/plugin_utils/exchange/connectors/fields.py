# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of a receive connector: option, cmdlet parameter, canonical form, and what is sent. Each is declared here once.

Types and limits: Microsoft's reference of Set-ReceiveConnector.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any

from ...remoting.values import UNLIMITED, names, parse_byte_size
from ...resource.declaration import Field
from .addresses import canonical_bindings, canonical_ranges

AUTH_MECHANISMS = ("None", "Tls", "Integrated", "BasicAuth", "BasicAuthRequireTLS", "ExchangeServer", "ExternalAuthoritative")
PERMISSION_GROUPS = ("None", "AnonymousUsers", "ExchangeUsers", "ExchangeServers", "ExchangeLegacyServers", "Partners", "Custom")

_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):([0-5]?\d):([0-5]?\d)(?:\.0+)?")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")


def _host_name(value: Any) -> str:
    text = str(value)
    if text and (len(text) > 255 or not all(_LABEL.fullmatch(label) for label in text.split("."))):
        raise ValueError(f"{text!r} is not a valid host name")
    return text


def _banner(value: Any) -> str:
    text = str(value)
    if text and (not text.startswith("220") or not text.isprintable()):
        raise ValueError("a banner is one line that starts with 220")
    return text


def _flags(order: tuple[str, ...]) -> Callable[[Any], list[str]]:
    def canonical(value: Any) -> list[str]:
        found = set(names(value if value is None or isinstance(value, str) else [str(entry) for entry in value]))
        return sorted(found, key=lambda name: (order.index(name) if name in order else len(order), name)) or ["None"]

    return canonical


def _limit(value: Any) -> int | str:
    if str(value).strip().lower() == UNLIMITED.lower():
        return UNLIMITED
    try:
        return int(str(value).strip())
    except ValueError:
        raise ValueError(f"{str(value)!r} is neither a number nor Unlimited") from None


def _size(value: Any) -> int:
    size = parse_byte_size(value)
    if not isinstance(size, int):
        raise ValueError(f"{str(value)!r} is not a valid number of bytes")
    return size


def span(value: Any) -> str:
    """``[d.]hh:mm:ss`` of a time span: read from Exchange, written as such, or given as seconds. Raises ValueError."""
    if isinstance(value, datetime.timedelta):
        seconds = int(value.total_seconds())
    elif str(value).strip().isdecimal():
        seconds = int(str(value))
    else:
        match = _SPAN.fullmatch(str(value).strip())
        if match is None:
            raise ValueError(f"{str(value)!r} is not a valid time span such as 00:10:00")
        days, hours, minutes, rest = (int(part or 0) for part in match.groups())
        seconds = ((days * 24 + hours) * 60 + minutes) * 60 + rest
    days, seconds = divmod(seconds, 86400)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{days}.{clock}" if days else clock


def span_seconds(value: Any) -> int:
    """Seconds of what ``span`` takes. Raises ValueError."""
    days, _unused, clock = span(value).rpartition(".")
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + seconds


def _list(value: Any) -> list[str]:
    return [str(entry) for entry in ([value] if isinstance(value, str) else value or ())]


def _settable_groups(value: Any) -> list[str]:
    """Without ``Custom``: Exchange adds it by itself when rights were edited one by one, and takes it from nobody."""
    return _flags(PERMISSION_GROUPS)([group for group in _flags(PERMISSION_GROUPS)(value) if group != "Custom"])


_DAY = {"least": 1, "most": 86400, "measure": span_seconds}

SETTINGS = (
    Field.of("bindings", "Bindings", lambda value: canonical_bindings(_list(value))),
    Field.of("remote_ip_ranges", "RemoteIPRanges", lambda value: canonical_ranges(_list(value))),
    Field.of("auth_mechanism", "AuthMechanism", _flags(AUTH_MECHANISMS), argument=", ".join),
    Field.of("permission_groups", "PermissionGroups", _settable_groups, argument=", ".join),
    # Set-ReceiveConnector takes TransportRole, but the connector then belongs to another service and may take its port from it.
    Field.of("transport_role", "TransportRole", str, at_creation=True),
    Field.of("enabled", "Enabled", bool),
    # Empty text and null are one: Exchange shows a cleared setting as either.
    Field.of("fqdn", "Fqdn", _host_name, null=""),
    Field.of("banner", "Banner", _banner, argument=lambda value: value or None, null=""),
    Field.of("comment", "Comment", str, null=""),
    Field.of("require_tls", "RequireTLS", bool),
    Field.of("max_message_size", "MaxMessageSize", _size, argument=lambda value: f"{value}B", least=65536),
    Field.of("max_recipients_per_message", "MaxRecipientsPerMessage", int, least=1, most=512000),
    Field.of("message_rate_limit", "MessageRateLimit", _limit, argument=str, least=1),
    Field.of("max_inbound_connection_per_source", "MaxInboundConnectionPerSource", _limit, argument=str, least=1, most=10000),
    Field.of("connection_timeout", "ConnectionTimeout", span, **_DAY),
    Field.of("connection_inactivity_timeout", "ConnectionInactivityTimeout", span, **_DAY),
    Field.of("tarpit_interval", "TarpitInterval", span),
    Field.of("protocol_logging_level", "ProtocolLoggingLevel", str),
    Field.of("enable_auth_gssapi", "EnableAuthGSSAPI", bool),
    Field.of("extended_protection_policy", "ExtendedProtectionPolicy", str),
    Field.of("suppress_xanonymous_tls", "SuppressXAnonymousTls", bool),
)


def connector_facts(found: Mapping[str, Any]) -> dict[str, Any]:
    """A receive connector as Get-ReceiveConnector shows it: options' names, canonical values, None where the host shows nothing."""
    identity = str(found.get("Identity") or "")
    server, backslash, name = identity.partition("\\")
    return {
        "identity": identity,
        "name": str(found.get("Name") or name),
        "server": server if backslash else str(found.get("Server") or ""),
        **{setting.option: setting.read(found) for setting in SETTINGS},
        "permission_groups": _flags(PERMISSION_GROUPS)(found.get("PermissionGroups")),
    }
