"""Converting values to the types of parameters and of methods' arguments (LanguagePrimitives.ConvertTo, as far as it was measured)."""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from tests.lab.engine.dialect import Dialect
from tests.lab.engine.objects import EnumType, EnumValue, NetObject, Uri, Version
from tests.lab.engine.values import INT32_MAX, INT32_MIN, text, type_name, type_names

Converters = Mapping[str, Callable[[Any], Any]]

_FULL_NAMES = {
    "string": "System.String",
    "int": "System.Int32",
    "int32": "System.Int32",
    "long": "System.Int64",
    "int64": "System.Int64",
    "double": "System.Double",
    "bool": "System.Boolean",
    "boolean": "System.Boolean",
    "switch": "System.Management.Automation.SwitchParameter",
    "switchparameter": "System.Management.Automation.SwitchParameter",
    "datetime": "System.DateTime",
    "timespan": "System.TimeSpan",
    "guid": "System.Guid",
    "uri": "System.Uri",
    "version": "System.Version",
    "object": "System.Object",
    "psobject": "System.Management.Automation.PSObject",
    "hashtable": "System.Collections.Hashtable",
    "securestring": "System.Security.SecureString",
    "pscredential": "System.Management.Automation.PSCredential",
    "scriptblock": "System.Management.Automation.ScriptBlock",
}
_ANYTHING = ("System.Object", "System.Management.Automation.PSObject")
_VALUE_TYPES = {"System.Int32", "System.Int64", "System.Double", "System.DateTime", "System.TimeSpan", "System.Guid"}
_FLAGS = ("System.Boolean", "System.Management.Automation.SwitchParameter")
_SECRET = ("System.Security.SecureString", "System.Management.Automation.PSCredential")
_COLLECTION = re.compile(r"MultiValuedProperty<(?P<item>.+)>|(?P<array>.+)\[\]")


class CannotConvert(Exception):
    """The value is of a type that converts in principle, or of none that does; the text says all."""


class WrongKind(Exception):
    """The binder refuses the value before it tries to convert it. ``str()`` is the end of the message, often empty."""


class NullNotAllowed(Exception):
    """A null for bool."""


class NullForValueType(Exception):
    """A null for a type that cannot be null; found out when the property behind the parameter is set."""


def item_type(name: str) -> str | None:
    """The type of the items when ``name`` is a list type (``T[]`` or ``MultiValuedProperty<T>``), else None."""
    match = _COLLECTION.fullmatch(name)
    return (match["item"] or match["array"]) if match else None


def full_name(name: str, types: Converters) -> str:
    """The .NET name of a catalogue's type: known ones, enumerations, converters with a ``type_name``, or the name as it stands."""
    if name.lower() in _FULL_NAMES:
        return _FULL_NAMES[name.lower()]
    converter = types.get(name)
    if isinstance(converter, EnumType):
        return converter.name
    return str(getattr(converter, "type_name", name))


def convert(value: Any, name: str, types: Converters, dialect: Dialect) -> Any:
    """``value`` as the type ``name``. Raises one of this module's exceptions.

    A converter in ``types`` decides for its type. Types that nobody knows take text and live objects as they are: most are
    identities, which the cmdlet looks up itself.
    """
    if name.startswith("Nullable<"):
        return None if value is None else convert(value, name[len("Nullable<") : -1], types, dialect)
    full = full_name(name, types)
    if value is None:
        return _null(full, types.get(name))
    if name in types and (item_type(name) is not None or name.startswith("MultiValuedProperty")):
        return _by_converter(value, full, types[name])
    item = item_type(name)
    if item is not None:
        return [convert(entry, item, types, dialect) for entry in (value if isinstance(value, list | tuple) else [value])]
    if full in _ANYTHING:
        return value
    if full in _FLAGS:
        return _flag(value)
    converter = types.get(name)
    if isinstance(converter, EnumType):
        return _enum(value, converter)
    if isinstance(value, list | tuple):
        raise WrongKind("Specified method is not supported.")
    if converter is not None:
        return _by_converter(value, full, converter)
    return _known(value, full, dialect)


def _null(full: str, converter: Callable[[Any], Any] | None) -> Any:
    if full == "System.Boolean":
        raise NullNotAllowed
    if full == "System.Management.Automation.SwitchParameter":
        return True
    if full in _VALUE_TYPES or isinstance(converter, EnumType):
        raise NullForValueType(full)
    return None


def _flag(value: Any) -> bool:
    if isinstance(value, bool | int | float):
        return bool(value)
    raise WrongKind("")


def _enum(value: Any, kind: EnumType) -> EnumValue:
    if isinstance(value, EnumValue):
        value = value.number if value.type is kind else str(value)
    if isinstance(value, list | tuple):
        value = [text(entry) for entry in value]
    elif not isinstance(value, int):
        value = text(value)
        if value.lstrip("-").isdigit():
            value = int(value)
    try:
        return kind(value)
    except ValueError as error:
        reason = (
            f"Unable to match the identifier name {error} to a valid enumerator name. "
            f"Specify one of the following enumerator names and try again:\n{', '.join(kind.members)}"
        )
        raise CannotConvert(_failed(value, kind.name, reason)) from error


def _by_converter(value: Any, full: str, converter: Callable[[Any], Any]) -> Any:
    try:
        return converter(value)
    except ValueError as error:
        reason = str(error)
        raise CannotConvert(_failed(value, full, reason) if reason else _impossible(value, full)) from error


def _failed(value: Any, full: str, reason: str) -> str:
    return f'Cannot convert value "{text(value)}" to type "{full}". Error: "{reason}"'


def _impossible(value: Any, full: str) -> str:
    if full in _SECRET:
        return f'Cannot convert the value of type "{type_name(value)}" to type "{full}".'
    return f'Cannot convert the "{text(value)}" value of type "{type_name(value)}" to type "{full}".'


def _known(value: Any, full: str, dialect: Dialect) -> Any:
    if full == "System.String":
        return text(value)
    if type_name(value) == full or (full == "System.Int64" and isinstance(value, int)):
        return value
    if full in ("System.Int32", "System.Int64"):
        return _integer(value, full, dialect)
    if full in _PARSERS and isinstance(value, str):
        parser, complaint = _PARSERS[full]
        try:
            return parser(value)
        except ValueError as error:
            reason = getattr(dialect, complaint).format(value) if complaint else str(error)
            raise CannotConvert(_failed(value, full, reason)) from error
    if full.startswith("System.") or (isinstance(value, NetObject) and not _fits(value, full)):
        raise CannotConvert(_impossible(value, full))
    return value


def _fits(value: NetObject, full: str) -> bool:
    """An object fits a type of its own chain, and an identity type (``…IdParameter``), which is built from any object with an identity."""
    return full.endswith("IdParameter") or any(entry.rpartition(".")[2] == full.rpartition(".")[2] for entry in type_names(value))


def _integer(value: Any, full: str, dialect: Dialect) -> int:
    if isinstance(value, EnumValue):
        return value.number
    if not isinstance(value, str | int | float):
        raise CannotConvert(_impossible(value, full))
    try:
        number = int(value, 0) if isinstance(value, str) and value.strip().lower().startswith("0x") else round(float(value))
    except ValueError as error:
        raise CannotConvert(_failed(value, full, dialect.no_number.format(value))) from error
    if full == "System.Int32" and not INT32_MIN <= number <= INT32_MAX:
        raise CannotConvert(_failed(value, full, "Value was either too large or too small for an Int32."))
    return number


def _time_span(value: str) -> datetime.timedelta:
    match = re.fullmatch(r"(-?)(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?", value.strip())
    if match is None:
        return datetime.timedelta(days=int(value))
    sign, days, hours, minutes, seconds, fraction = match.groups()
    span = datetime.timedelta(
        days=int(days or 0),
        hours=int(hours),
        minutes=int(minutes),
        seconds=int(seconds or 0),
        microseconds=int((fraction or "").ljust(7, "0")) // 10,
    )
    return -span if sign else span


def _date(value: str) -> datetime.datetime:
    try:
        return datetime.datetime.fromisoformat(value)
    except ValueError:
        return datetime.datetime.strptime(value, "%m/%d/%Y %H:%M:%S" if " " in value else "%m/%d/%Y")


def _uri(value: str) -> Uri:
    parts = urlsplit(value)
    if parts.scheme in ("http", "https") and not parts.hostname:
        raise ValueError("Invalid URI: The hostname could not be parsed.")
    return Uri(value)


_PARSERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "System.Double": (float, "no_number"),
    "System.TimeSpan": (_time_span, "no_time_span"),
    "System.DateTime": (_date, "no_date"),
    "System.Guid": (uuid.UUID, "no_guid"),
    "System.Uri": (_uri, ""),
    "System.Version": (Version, ""),
}
