"""Exchange's value types: sizes, limits, time spans, multi-valued properties, object ids."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from typing import Any

from tests.lab.engine.objects import Text, TypedList

UNLIMITED = "Unlimited"
_UNITS = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}


class MultiValuedProperty(TypedList):
    """Exchange's list; ``element`` is the .NET name of what it holds."""

    def __init__(self, values: Iterable[Any] = (), element: str = "System.String", assembly: str = "mscorlib") -> None:
        super().__init__(
            list(values),
            f"Microsoft.Exchange.Data.MultiValuedProperty`1[[{element}, {assembly}]]",
            "Microsoft.Exchange.Data.MultiValuedPropertyBase",
        )


def parse_size(value: object) -> int:
    """Bytes of ``36MB``, ``36 MB (37,748,736 bytes)`` or a number. Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?B)?\s*(?:\(([\d,]+) bytes\))?\s*", str(value), re.IGNORECASE)
    if match is None:
        raise ValueError(f'"{value}" isn\'t a valid size: give bytes, or a number with B, KB, MB, GB or TB')
    number, unit, exact = match.groups()
    return int(exact.replace(",", "")) if exact else int(float(number) * _UNITS[(unit or "B").upper()])


def size(number: int) -> Text:
    """A ByteQuantifiedSize, in words as .NET writes it: ``36 MB (37,748,736 bytes)``."""
    unit, factor = next(((unit, factor) for unit, factor in reversed(_UNITS.items()) if number >= factor), ("B", 1))
    return Text(f"{number / factor:.4g} {unit} ({number:,} bytes)", "Microsoft.Exchange.Data.ByteQuantifiedSize")


def parse_limit(value: object) -> int | None:
    """A number, or None for ``unlimited``. Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return None if str(value).strip().lower() == "unlimited" else int(str(value))


def limit(number: int | None) -> Text:
    return Text(UNLIMITED if number is None else str(number), "Microsoft.Exchange.Data.Unlimited`1[[System.Int32, mscorlib]]")


def parse_span(value: object) -> datetime.timedelta:
    """A time span from ``[d.]hh:mm[:ss]``, a number of days (as .NET reads a bare number) or a TimeSpan. Raises ValueError."""
    if isinstance(value, datetime.timedelta):
        return value
    match = re.fullmatch(r"\s*(?:(\d+)\.)?(\d+):(\d+)(?::(\d+))?\s*", str(value))
    if match:
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return datetime.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if re.fullmatch(r"\s*\d+\s*", str(value)):
        return datetime.timedelta(days=int(str(value)))
    raise ValueError(f'"{value}" isn\'t a time span')


def span(value: datetime.timedelta) -> Text:
    """An EnhancedTimeSpan, which is no simple value to the serializer and therefore travels as its text, ``00:10:00``."""
    seconds = int(value.total_seconds())
    days, rest = divmod(seconds, 86400)
    text = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return Text(f"{days}.{text}" if days else text, "Microsoft.Exchange.Data.EnhancedTimeSpan")


def object_id(text: str) -> Text:
    return Text(text, "Microsoft.Exchange.Data.Directory.ADObjectId")


def fqdn(text: str) -> Text:
    return Text(text, "Microsoft.Exchange.Data.Fqdn")


def smtp_address(text: str) -> Text:
    return Text(text, "Microsoft.Exchange.Data.SmtpAddress")
