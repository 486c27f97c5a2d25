"""CIM instances as Windows PowerShell holds them, and how one that a client sends becomes a live one."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.lab.engine.objects import Custom, NetObject, TypedList
from tests.lab.engine.serialise import Rich
from tests.lab.engine.values import INT32_MAX, INT32_MIN
from tests.lab.iis.metabase import BINDINGS, BOOLEAN, BYTES, SERVER_BINDING, SINT32, STRING, STRINGS, Property

CIM_INSTANCE = "Microsoft.Management.Infrastructure.CimInstance"
Row = Mapping[str, Any]


class CimInstance(NetObject):
    """An instance of a class, live in the session. ``partial``: it was fetched with some of its properties only. ``declared``: the
    class's properties, where the instance knows its class."""

    def __init__(
        self,
        namespace: str,
        class_name: str,
        values: Row,
        keys: Iterable[str] = (),
        partial: bool = False,
        declared: Mapping[str, Property] | None = None,
    ) -> None:
        self.namespace = namespace.replace("\\", "/")
        self.class_name = class_name
        self.values = dict(values)
        self.keys = tuple(keys)
        self.partial = partial
        self.declared = declared
        named = f"{CIM_INSTANCE}#{self.namespace}/{class_name}" if namespace else f"{CIM_INSTANCE}#{class_name}"
        self.type_names = (named, CIM_INSTANCE, "System.Object")

    def __str__(self) -> str:
        keys = ", ".join(f'{name} = "{self.values.get(name)}"' for name in self.keys)
        return f"{self.class_name} ({keys})" if keys else self.class_name

    def properties(self) -> Mapping[str, Any]:
        return {**self.values, "PSComputerName": None}

    def notes(self) -> Mapping[str, Any]:
        """The class goes along, so that the instance can come back."""
        if self.declared is None:
            return {}
        mixml = declaration(self.class_name, self.declared)
        facts = {
            "ClassName": self.class_name,
            "Namespace": self.namespace,
            "ServerName": "localhost",
            "Hash": zlib.crc32(mixml.encode()) & 0x7FFFFFFF,
            "MiXml": mixml,
        }
        return {"__ClassMetadata": TypedList([Rich(extended=facts)], "System.Collections.ArrayList")}


def declaration(class_name: str, properties: Mapping[str, Property]) -> str:
    """A class in the XML that the management infrastructure writes."""
    declared = ""
    for name, one in properties.items():
        tag = "PROPERTY.ARRAY" if one.kind.endswith("[]") else "PROPERTY"
        kind = "instance" if one.kind == BINDINGS else one.kind.removesuffix("[]")
        declared += f'<{tag} NAME="{name}" TYPE="{kind}"></{tag}>'
    return f'<CLASS NAME="{class_name}">{declared}</CLASS>'


@dataclass(frozen=True)
class CimClass:
    """A class of a namespace. ``rows`` gives its instances' values; ``write`` stores changes, and is None where that cannot be."""

    name: str
    properties: Mapping[str, Property]
    rows: Callable[[], Iterable[Row]]
    write: Callable[[Mapping[str, Any]], None] | None = None
    keys: tuple[str, ...] = ("Name",)


class TypeMismatch(Exception):
    """A value that a property cannot take; the text is what CIM says."""


def converted(name: str, kind: str, value: Any) -> Any:
    """A value for a property of a CIM type. Nothing is converted but what .NET casts. Raises TypeMismatch."""
    if value is None:
        return None
    if kind == SINT32 and isinstance(value, int) and not isinstance(value, bool):
        if not INT32_MIN <= value <= INT32_MAX:
            raise TypeMismatch("Value was either too large or too small for an Int32.")
        return value
    if (kind == STRING and isinstance(value, str)) or (kind == BOOLEAN and isinstance(value, bool)):
        return value
    if kind == BYTES and (isinstance(value, bytes) or value == []):
        return bytes(value)
    if kind == STRINGS and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return list(value)
    if kind == BINDINGS and isinstance(value, list):
        return [_binding(name, item) for item in value]
    raise TypeMismatch(f'Type mismatch for property "{name}"')


def _binding(name: str, value: Any) -> dict[str, Any]:
    instance = value if isinstance(value, CimInstance) else rehydrated(value)
    if instance is None or instance.class_name.lower() != "serverbinding":
        raise TypeMismatch(f'Type mismatch for property "{name}"')
    unknown = set(instance.values) - set(SERVER_BINDING)
    if unknown:
        raise TypeMismatch(f'Type mismatch for property "{name}"')
    return {own: converted(own, one.kind, instance.values.get(own)) for own, one in SERVER_BINDING.items()}


def rehydrated(value: Any) -> CimInstance | None:
    """What PowerShell makes of an object that arrives with the type names of a CIM instance: a live one, when the object brings
    its class along (``__ClassMetadata``: a list, from the root class down, with Namespace, ClassName, ServerName, Hash and MiXml), and
    has no property that the class lacks. None for anything else.
    """
    if not isinstance(value, Custom) or CIM_INSTANCE not in {name.removeprefix("Deserialized.") for name in value.type_names}:
        return None
    content = dict(value.properties())
    declared = _declared(content.pop("__ClassMetadata", None))
    content.pop("__InstanceMetadata", None)
    content.pop("PSComputerName", None)
    if declared is None:
        return None
    if not {name.lower() for name in content} <= {name.lower() for name in declared.properties}:
        return None
    return CimInstance(declared.namespace, declared.class_name, content)


class Declaration(NamedTuple):
    """A class, as the metadata of its instances describes it."""

    namespace: str
    class_name: str
    properties: set[str]


def _declared(metadata: Any) -> Declaration | None:
    """None when the metadata does not describe a class."""
    names: set[str] = set()
    namespace = class_name = ""
    for entry in metadata if isinstance(metadata, list) else []:
        facts = entry.properties() if isinstance(entry, NetObject) else {}
        if not {"Namespace", "ClassName", "ServerName", "Hash", "MiXml"} <= set(facts) or not isinstance(facts["Hash"], int):
            return None
        try:
            declaration = ET.fromstring(str(facts["MiXml"]))
        except ET.ParseError:
            return None
        namespace, class_name = str(facts["Namespace"]), str(facts["ClassName"])
        if declaration.tag != "CLASS" or str(declaration.get("NAME")).lower() != class_name.lower():
            return None
        names |= {str(one.get("NAME")) for one in declaration if one.tag.startswith("PROPERTY")}
    return Declaration(namespace, class_name, names) if class_name else None


_CONDITION = re.compile(r"\s*(\w+)\s*(=|<>|!=|LIKE\s)\s*('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|-?\d+|TRUE|FALSE)\s*", re.IGNORECASE)


class InvalidQuery(Exception):
    """A filter that is no WQL."""


def matching(rows: Iterable[Row], condition: str) -> list[Row]:
    """The rows that fit a WQL condition: comparisons joined by AND. Raises InvalidQuery."""
    found = list(rows)
    position = 0
    while True:
        match = _CONDITION.match(condition, position)
        if match is None:
            raise InvalidQuery(condition)
        found = [row for row in found if _fits(row, *match.groups())]
        position = match.end()
        if position == len(condition):
            return found
        joined = re.compile(r"AND\b", re.IGNORECASE).match(condition, position)
        if joined is None:
            raise InvalidQuery(condition)
        position = joined.end()


def _fits(row: Row, name: str, operator: str, literal: str) -> bool:
    values = {own.lower(): value for own, value in row.items()}
    if name.lower() not in values:
        raise InvalidQuery(name)
    own = str(values[name.lower()]).lower()
    wanted = re.sub(r"\\(.)", r"\1", literal[1:-1]) if literal[0] in "'\"" else literal
    if operator.strip().upper() == "LIKE":
        pattern = re.escape(wanted.lower()).replace("%", ".*").replace("_", ".")
        return re.fullmatch(pattern, own) is not None
    return (own == wanted.lower()) == (operator == "=")
