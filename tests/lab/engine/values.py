"""How .NET names the types of values, and what ToString() gives for them."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from tests.lab.engine.objects import Credential, EnumValue, NetObject, SecureString, Text, TypedList, Uri, Version

INT32_MAX = 2**31 - 1
INT32_MIN = -(2**31)
_SIMPLE: tuple[tuple[type, str], ...] = (
    (bool, "System.Boolean"),
    (str, "System.String"),
    (float, "System.Double"),
    (bytes, "System.Byte[]"),
    (uuid.UUID, "System.Guid"),
    (datetime.datetime, "System.DateTime"),
    (datetime.timedelta, "System.TimeSpan"),
    (Uri, "System.Uri"),
    (Version, "System.Version"),
    (SecureString, "System.Security.SecureString"),
    (Credential, "System.Management.Automation.PSCredential"),
    (dict, "System.Collections.Hashtable"),
    (list, "System.Object[]"),
    (tuple, "System.Object[]"),
)


def type_names(value: Any) -> tuple[str, ...]:
    """The inheritance chain of a value, most derived first."""
    if isinstance(value, NetObject | TypedList):
        return tuple(value.type_names)
    if isinstance(value, Text):
        return (value.type_name,) if value.type_name == "System.Object" else (value.type_name, "System.Object")
    if isinstance(value, EnumValue):
        return (value.type.name, "System.Enum", "System.ValueType", "System.Object")
    if isinstance(value, list | tuple):
        return ("System.Object[]", "System.Array", "System.Object")
    return (type_name(value), "System.Object")


def type_name(value: Any) -> str:
    """The full name of a value's type."""
    if isinstance(value, NetObject | TypedList | Text | EnumValue):
        return type_names(value)[0]
    if isinstance(value, int) and not isinstance(value, bool):
        return "System.Int32" if INT32_MIN <= value <= INT32_MAX else "System.Int64"
    return next((name for kind, name in _SIMPLE if isinstance(value, kind)), "System.Object")


def text(value: Any) -> str:
    """``ToString()`` in the invariant culture, as PowerShell converts to text; a list is its items separated by spaces."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return " ".join(text(item) for item in value)
    if isinstance(value, bytes):
        return " ".join(str(byte) for byte in value)
    if isinstance(value, datetime.datetime):
        return value.strftime("%m/%d/%Y %H:%M:%S")
    if isinstance(value, datetime.timedelta):
        return time_span(value)
    if isinstance(value, dict):
        return "System.Collections.Hashtable"
    if isinstance(value, SecureString | Credential):
        return type_name(value)
    return str(value)


def time_span(value: datetime.timedelta) -> str:
    """``[-][d.]hh:mm:ss[.fffffff]``, the constant format of System.TimeSpan."""
    sign, value = ("-", -value) if value < datetime.timedelta(0) else ("", value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days = f"{value.days}." if value.days else ""
    fraction = f".{value.microseconds:06}0" if value.microseconds else ""
    return f"{sign}{days}{hours:02}:{minutes:02}:{seconds:02}{fraction}"


def unrolled(value: Any) -> list[Any]:
    """What a pipeline gets when this value is written to it: the items of a list, or the value itself."""
    return list(value) if isinstance(value, list | tuple | bytes) else [value]
