"""CLIXML as a host writes it: objects flattened to one level ([MS-PSRP] 2.2.5; the depths were measured).

A property that is no simple value becomes its text. A list or a hashtable keeps its shape at any depth and costs none; an object
made by ``Select-Object`` costs none either, so its properties arrive one level deeper.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Any

from tests.lab.engine.objects import EnumValue, IPAddress, NetObject, Uri, Version
from tests.lab.engine.values import INT32_MAX, INT32_MIN, text, type_names

CUSTOM_OBJECT = "System.Management.Automation.PSCustomObject"
_ADDED = "IPAddressToString"
"""A property that PowerShell's type data adds to every System.Net.IPAddress."""
_ESCAPED = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\U00010000-\U0010ffff]|_(?=[xX])")


@dataclasses.dataclass
class Rich:
    """An object whose wire form is spelled out: error records, states, invocation information.

    ``adapted`` are its own properties (``<Props>``), ``extended`` those that PowerShell added (``<MS>``). Nested values are written at
    full depth. The same ``Rich`` met twice in one message is written as a reference.
    """

    type_names: Sequence[str] = ()
    to_string: str | None = None
    adapted: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    extended: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    content: Any = None
    """A list or dict (``<LST>``, ``<DCT>``), for collections of a given type."""


@dataclasses.dataclass(frozen=True)
class Int64:
    """A number that is an Int64 whatever its size."""

    number: int


@dataclasses.dataclass(frozen=True)
class Secret:
    """A secure string already encrypted with the session key."""

    cipher: str


def message(value: Any, depth: int = 1) -> bytes:
    """The CLIXML of one message. A null is a message without data."""
    return b"" if value is None else ET.tostring(_Writer().write(value, depth), encoding="utf-8")


def escaped(value: str) -> str:
    """Control characters, surrogates and ``_x`` as ``_xHHHH_`` ([MS-PSRP] 2.2.5.3.2)."""

    def code(match: re.Match[str]) -> str:
        units = match[0].encode("utf-16-be", "surrogatepass").hex().upper()
        return "".join(f"_x{units[index : index + 4]}_" for index in range(0, len(units), 4))

    return _ESCAPED.sub(code, value)


def duration(value: datetime.timedelta) -> str:
    """ISO 8601 as XmlConvert writes it: ``PT10M``, ``P1DT2H``, ``PT0S``."""
    sign, value = ("-", -value) if value < datetime.timedelta(0) else ("", value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{value.microseconds:06}".rstrip("0") if value.microseconds else ""
    time = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M")) if number)
    if seconds or fraction or not (time or value.days):
        time += f"{seconds}{fraction}S"
    return f"{sign}P{f'{value.days}D' if value.days else ''}{f'T{time}' if time else ''}"


def date(value: datetime.datetime) -> str:
    """A date without a zone stays without; UTC is written ``Z``; any other zone as its offset (DateTimeKind.Local)."""
    written = value.replace(tzinfo=None).isoformat()
    if value.tzinfo is None:
        return written
    return written + ("Z" if value.tzinfo is datetime.UTC else value.isoformat()[-6:])


class _Writer:
    """Writes one message: reference numbers and type name lists count within it."""

    def __init__(self) -> None:
        self._count = 0
        self._types: dict[tuple[str, ...], str] = {}
        self._seen: dict[int, str] = {}
        self._kept: list[Any] = []

    def write(self, value: Any, depth: int, name: str | None = None) -> ET.Element:
        element = self._simple(value)
        if element is None:
            element = self._object(value, depth)
        if name is not None:
            element.set("N", escaped(name))
        return element

    def _simple(self, value: Any) -> ET.Element | None:
        tag, content = simple(value)
        if tag == "Obj":
            return None
        element = ET.Element(tag)
        if content:
            element.text = content
        return element

    def _object(self, value: Any, depth: int) -> ET.Element:
        if id(value) in self._seen:
            return ET.Element("Ref", RefId=self._seen[id(value)])
        custom = isinstance(value, NetObject) and CUSTOM_OBJECT in value.type_names
        collection = isinstance(value, list | tuple | dict)
        if depth < 1 and not (custom or collection or isinstance(value, Rich | IPAddress)):
            return self._text(value)
        number = str(self._count)
        self._count += 1
        element = ET.Element("Obj", RefId=number)
        if isinstance(value, NetObject | Rich):
            self._seen[id(value)] = number
            self._kept.append(value)
        if isinstance(value, Rich):
            self._rich(element, value)
            return element
        self._type(element, type_names(value) if not isinstance(value, dict) else ("System.Collections.Hashtable", "System.Object"))
        if collection:
            element.append(self._collection(value, depth))
        elif isinstance(value, EnumValue):
            self._to_string(element, str(value))
            element.append(self.write(value.number, depth))
        elif custom:
            self._properties(element, "MS", value.properties(), depth)
        elif isinstance(value, IPAddress):
            self._to_string(element, str(value))
            adapted = {name: content for name, content in value.properties().items() if name != _ADDED}
            self._properties(element, "Props", adapted | {"Address": Int64(adapted["Address"])}, 0)
            self._properties(element, "MS", {_ADDED: str(value)}, 0)
        else:
            self._to_string(element, text(value))
            self._properties(element, "Props", value.properties() if isinstance(value, NetObject) else {}, depth - 1)
            self._properties(element, "MS", value.notes() if isinstance(value, NetObject) else {}, depth - 1)
        return element

    def _rich(self, element: ET.Element, value: Rich) -> None:
        if value.type_names:
            self._type(element, tuple(value.type_names))
        if value.to_string is not None:
            self._to_string(element, value.to_string)
        self._properties(element, "Props", value.adapted, 1)
        self._properties(element, "MS", value.extended, 1)
        if value.content is not None:
            element.append(self._collection(value.content, 1))

    def _text(self, value: Any) -> ET.Element:
        element = ET.Element("S")
        element.text = escaped(text(value))
        return element

    def _type(self, element: ET.Element, names: tuple[str, ...]) -> None:
        if names in self._types:
            ET.SubElement(element, "TNRef", RefId=self._types[names])
            return
        self._types[names] = str(len(self._types))
        chain = ET.SubElement(element, "TN", RefId=self._types[names])
        for name in names:
            ET.SubElement(chain, "T").text = name

    def _to_string(self, element: ET.Element, content: str) -> None:
        ET.SubElement(element, "ToString").text = escaped(content)

    def _properties(self, element: ET.Element, tag: str, properties: Mapping[str, Any], depth: int) -> None:
        if properties:
            group = ET.SubElement(element, tag)
            for name, value in properties.items():
                group.append(self.write(value, depth, name))

    def _collection(self, value: Any, depth: int) -> ET.Element:
        if not isinstance(value, dict):
            items = ET.Element("LST")
            for item in value:
                items.append(self.write(item, depth))
            return items
        table = ET.Element("DCT")
        for key, item in value.items():
            entry = ET.SubElement(table, "En")
            entry.append(self.write(key, depth, "Key"))
            entry.append(self.write(item, depth, "Value"))
        return table


def simple(value: Any) -> tuple[str, str]:
    """The tag and the text of a primitive value; ``("Obj", "")`` for anything else."""
    if value is None:
        return "Nil", ""
    if isinstance(value, bool):
        return "B", str(value).lower()
    if isinstance(value, int):
        return ("I32" if INT32_MIN <= value <= INT32_MAX else "I64"), str(value)
    if isinstance(value, str):
        return "S", escaped(value)
    if isinstance(value, Int64):
        return "I64", str(value.number)
    if isinstance(value, float):
        return "Db", repr(value)
    if isinstance(value, bytes):
        return "BA", base64.b64encode(value).decode()
    if isinstance(value, uuid.UUID):
        return "G", str(value)
    if isinstance(value, datetime.datetime):
        return "DT", date(value)
    if isinstance(value, datetime.timedelta):
        return "TS", duration(value)
    if isinstance(value, Uri):
        return "URI", escaped(value.text)
    if isinstance(value, Version):
        return "Version", value.text
    if isinstance(value, Secret):
        return "SS", value.cipher
    return "Obj", ""
