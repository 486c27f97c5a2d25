"""Values as they arrive: from psrpcore's types to the engine's, and what the recorder keeps of them."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from psrpcore import types as ps

from tests.lab.engine.objects import Credential, Custom, NetObject, SecureString, Uri, Version
from tests.lab.engine.recorder import MASK
from tests.lab.engine.serialise import date, duration

_TAGS: tuple[tuple[type, str], ...] = (
    (bool, "B"),
    (ps.PSSecureString, "SS"),
    (ps.PSVersion, "Version"),
    (ps.PSScriptBlock, "SBK"),
    (ps.PSUri, "URI"),
    (ps.PSChar, "C"),
    (ps.PSString, "S"),
    (ps.PSByteArray, "BA"),
    (ps.PSGuid, "G"),
    (ps.PSDateTime, "DT"),
    (ps.PSDuration, "TS"),
    (ps.PSInt64, "I64"),
    (ps.PSInt16, "I16"),
    (ps.PSUInt16, "U16"),
    (ps.PSUInt64, "U64"),
    (ps.PSUInt, "U32"),
    (ps.PSByte, "By"),
    (ps.PSSByte, "SB"),
    (ps.PSInt, "I32"),
    (ps.PSDecimal, "D"),
    (ps.PSDouble, "Db"),
    (ps.PSSingle, "Sg"),
    (str, "S"),
    (int, "I32"),
    (float, "Sg"),
)


def native(value: Any) -> Any:
    """The engine's value for one that psrpcore read. Objects that are no values become ``Custom`` with their properties."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, ps.PSSecureString):
        return SecureString(str(value.decrypt()))
    if isinstance(value, ps.PSCredential):
        return Credential(str(value.UserName), str(value.Password.decrypt()))
    if isinstance(value, ps.PSVersion):
        return Version(str(value))
    if isinstance(value, ps.PSUri):
        return Uri(str(value))
    if isinstance(value, dict):
        return {native(key): native(item) for key, item in value.items()}
    if isinstance(value, list | ps.PSIEnumerable | ps.PSStack):
        return [native(item) for item in value]
    return _primitive(value)


def _primitive(value: Any) -> Any:
    if isinstance(value, bytes):
        return bytes(value)
    if isinstance(value, uuid.UUID):
        return uuid.UUID(int=value.int)
    if isinstance(value, datetime.timedelta):
        return datetime.timedelta(seconds=value.total_seconds())
    if isinstance(value, datetime.datetime):
        return datetime.datetime.fromisoformat(value.isoformat())
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    return _object(value)


def _object(value: Any) -> NetObject:
    information = value.PSObject
    content = {entry.name: native(entry.get_value(value)) for entry in (*information.adapted_properties, *information.extended_properties)}
    return Custom(tuple(information.type_names) or ("System.Object",), information.to_string or "", content)


def tag(value: Any) -> str:
    """The CLIXML type of a value as it arrived: ``S``, ``I32``, ``B``, ``SS``, ``Nil``, or ``Obj:`` and the name of its type."""
    if value is None:
        return "Nil"
    if isinstance(value, ps.PSCredential):
        return "Obj:System.Management.Automation.PSCredential"
    for kind, name in _TAGS:
        if isinstance(value, kind):
            return name
    if isinstance(value, dict):
        return "Obj:System.Collections.Hashtable"
    if isinstance(value, list):
        return "Obj:System.Object[]" if not _type_names(value) else f"Obj:{_type_names(value)[0].removeprefix('Deserialized.')}"
    names = _type_names(value)
    return f"Obj:{names[0].removeprefix('Deserialized.')}" if names else "Obj"


def _type_names(value: Any) -> list[str]:
    return list(value.PSObject.type_names) if hasattr(value, "PSObject") else []


def recorded(value: Any) -> Any:
    """JSON for a value as it arrived; secure strings and credentials are masked."""
    if isinstance(value, ps.PSSecureString | ps.PSCredential):
        return MASK
    own = native(value) if not isinstance(value, dict | list) else value
    if isinstance(value, dict):
        return {str(key): recorded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [recorded(item) for item in value]
    if isinstance(own, datetime.timedelta):
        return duration(own)
    if isinstance(own, datetime.datetime):
        return date(own)
    return own if own is None or isinstance(own, bool | int | float | str) else str(own)


def statements(metadata: Any) -> list[list[Any]]:
    """The commands of a pipeline that psrpcore read, statement by statement."""
    found: list[list[Any]] = [[]]
    for command in metadata.commands:
        found[-1].append(command)
        if command.end_of_statement:
            found.append([])
    return found[:-1]


def given(command: Any) -> list[tuple[str | None, Any]]:
    """A command's parameters as they arrived; None is the name of a positional argument."""
    return [(None if name is None else str(name), value) for name, value in command.parameters]


def recorded_statements(metadata: Any) -> list[list[dict[str, Any]]]:
    """A pipeline as the recorder keeps it."""
    return [[_recorded(command) for command in statement] for statement in statements(metadata)]


def _recorded(command: Any) -> dict[str, Any]:
    parameters = {
        name if name is not None else f"[{index}]": {"type": tag(value), "value": recorded(value)}
        for index, (name, value) in enumerate(given(command))
    }
    entry: dict[str, Any] = {"cmdlet": str(command.command_text), "parameters": parameters}
    return {**entry, "script": True} if command.is_script else entry
