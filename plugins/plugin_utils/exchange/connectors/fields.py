# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of a receive connector: option, cmdlet parameter, canonical form, and what is sent. Each is declared here once.

Types and limits: Microsoft's reference of Set-ReceiveConnector.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any

from ...common.errors import BadInput
from ...remoting.values import UNLIMITED, names, parse_byte_size
from ...resource import Field
from .addresses import canonical_bindings, canonical_ranges

AUTH_MECHANISMS = ("None", "Tls", "Integrated", "BasicAuth", "BasicAuthRequireTLS", "ExchangeServer", "ExternalAuthoritative")
PERMISSION_GROUPS = ("None", "AnonymousUsers", "ExchangeUsers", "ExchangeServers", "ExchangeLegacyServers", "Partners", "Custom")

_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):([0-5]?\d):([0-5]?\d)(?:\.0+)?")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")


def _text(value: Any) -> str:
    """Empty text and null are one: Exchange shows a cleared setting as either."""
    return str(value) if value is not None else ""


def _host_name(value: Any) -> str:
    text = _text(value)
    if text and (len(text) > 255 or not all(_LABEL.fullmatch(label) for label in text.split("."))):
        raise ValueError(f"{text!r} is no host name")
    return text


def _banner(value: Any) -> str:
    text = _text(value)
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


def span(value: Any) -> str:
    """``[d.]hh:mm:ss`` of a time span: read from Exchange, written as such, or given as seconds. Raises ValueError."""
    if isinstance(value, datetime.timedelta):
        seconds = int(value.total_seconds())
    elif str(value).strip().isdecimal():
        seconds = int(str(value))
    else:
        match = _SPAN.fullmatch(str(value).strip())
        if match is None:
            raise ValueError(f"{str(value)!r} is no time span such as 00:10:00")
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


@dataclasses.dataclass(frozen=True)
class Setting(Field):
    """A field whose ``normal`` raises ValueError for what cannot be, with the limits of its number (``measure`` gives it)."""

    least: int | None = None
    most: int | None = None
    measure: Callable[[Any], int] = int

    def read(self, current: Mapping[str, Any]) -> Any:
        """None where the host shows nothing; a value that cannot be understood stays text, so that one oddity hides no connector."""
        value = current.get(str(self.source))
        if value is None and self.normal not in _TEXTS:
            return None
        try:
            return self.normal(value)
        except ValueError:
            return str(value)


_TEXTS = (_text, _host_name, _banner)


def _setting(option: str, parameter: str, normal: Callable[[Any], Any], **more: Any) -> Setting:
    return Setting(option, parameter, parameter, normal, **more)


_DAY = {"least": 1, "most": 86400, "measure": span_seconds}

SETTINGS = (
    _setting("bindings", "Bindings", lambda value: canonical_bindings(_list(value))),
    _setting("remote_ip_ranges", "RemoteIPRanges", lambda value: canonical_ranges(_list(value))),
    _setting("auth_mechanism", "AuthMechanism", _flags(AUTH_MECHANISMS), argument=", ".join),
    _setting("permission_groups", "PermissionGroups", _settable_groups, argument=", ".join),
    # Set-ReceiveConnector takes TransportRole, but the connector then belongs to another service and may take its port from it.
    _setting("transport_role", "TransportRole", str, at_creation=True),
    _setting("enabled", "Enabled", bool),
    _setting("fqdn", "Fqdn", _host_name),
    _setting("banner", "Banner", _banner, argument=lambda value: value or None),
    _setting("comment", "Comment", _text),
    _setting("require_tls", "RequireTLS", bool),
    _setting("max_message_size", "MaxMessageSize", parse_byte_size, argument=lambda value: f"{value}B", least=65536, most=2147483647),
    _setting("max_recipients_per_message", "MaxRecipientsPerMessage", int, least=1, most=512000),
    _setting("message_rate_limit", "MessageRateLimit", _limit, argument=str, least=1, most=2147483647),
    _setting("max_inbound_connection_per_source", "MaxInboundConnectionPerSource", _limit, argument=str, least=1, most=10000),
    _setting("connection_timeout", "ConnectionTimeout", span, **_DAY),
    _setting("connection_inactivity_timeout", "ConnectionInactivityTimeout", span, **_DAY),
    _setting("tarpit_interval", "TarpitInterval", span),
    _setting("protocol_logging_level", "ProtocolLoggingLevel", str),
    _setting("enable_auth_gssapi", "EnableAuthGSSAPI", bool),
    _setting("extended_protection_policy", "ExtendedProtectionPolicy", str),
    _setting("suppress_xanonymous_tls", "SuppressXAnonymousTls", bool),
)


def wanted(options: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical settings that a task gives; those it leaves out are not in it. Raises BadInput, naming the option."""
    settings: dict[str, Any] = {}
    for setting in SETTINGS:
        value = options.get(setting.option)
        if value is None:
            continue
        try:
            normal = setting.normal(value)
            limited = setting.least is not None and setting.most is not None and not (setting.normal is _limit and normal == UNLIMITED)
            number = setting.measure(normal) if limited else None
        except ValueError as error:
            raise BadInput(f"{setting.option}: {error}. Nothing was changed.") from error
        if number is not None and not (setting.least or 0) <= number <= (setting.most or 0):
            raise BadInput(f"{setting.option}: {value} is not between {setting.least} and {setting.most}. Nothing was changed.")
        settings[setting.option] = normal
    return settings


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
