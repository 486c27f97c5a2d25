"""Values on their way between the lab's world and a child: JSON, with an object for what JSON has no type for (``{"$": kind, …}``).

Live objects stay in the world: what travels is a handle, the names of the types, and the members that the child makes a class from.
"""

from __future__ import annotations

import base64
import datetime
import inspect
import uuid
from collections.abc import Mapping
from typing import Any

from tests.lab.engine.members import parameter_types
from tests.lab.engine.objects import (
    Credential,
    Custom,
    EnumType,
    EnumValue,
    IPAddress,
    NetObject,
    SecureString,
    Text,
    Uri,
    Version,
)
from tests.lab.engine.serialise import CUSTOM_OBJECT, Rich
from tests.lab.engine.values import INT32_MAX, INT32_MIN, text, time_span, type_names

Json = Any
_EPOCH = datetime.datetime(1, 1, 1)
_TYPES = {
    "str": "string",
    "int": "int",
    "bool": "bool",
    "float": "double",
    "datetime": "datetime",
    "datetime.datetime": "datetime",
    "timedelta": "timespan",
    "datetime.timedelta": "timespan",
    "UUID": "guid",
    "uuid.UUID": "guid",
    "Uri": "uri",
    "Version": "version",
    "bytes": "bytes",
    "None": "void",
}
"""Types of the world, as annotations write them, and what the child calls them. Whatever else there is, is an ``object`` there."""


class Values:
    """The objects of one session that its child knows, and the translation both ways."""

    def __init__(self) -> None:
        self._handles: dict[int, int] = {}
        self._objects: list[Any] = []
        self._enums: dict[str, EnumType] = {}

    def know(self, kinds: Mapping[str, Any]) -> None:
        """Enumerations of parameters, which may come back before any of their values went out."""
        for kind in kinds.values():
            if isinstance(kind, EnumType):
                self._enums[kind.name] = kind

    def keep(self, value: Any) -> int:
        """The handle of an object; the same for the same object."""
        if id(value) not in self._handles:
            self._handles[id(value)] = len(self._objects)
            self._objects.append(value)
        return self._handles[id(value)]

    def kept(self, handle: int) -> Any:
        if handle < 0:
            raise ValueError("a child gave an object that it has not got from the world")
        return self._objects[handle]

    def encode(self, value: Any) -> Json:
        """For the child."""
        if value is None or isinstance(value, bool | str):
            return value
        if isinstance(value, int):
            return value if INT32_MIN <= value <= INT32_MAX else {"$": "long", "v": str(value)}
        if isinstance(value, float):
            return {"$": "double", "v": repr(value)}
        if isinstance(value, list | tuple):
            return {"$": "list", "v": [self.encode(item) for item in value], "types": list(type_names(value))}
        if isinstance(value, dict):
            return {"$": "table", "v": [[self.encode(key), self.encode(item)] for key, item in value.items()]}
        if isinstance(value, EnumValue):
            return {"$": "enum", "number": value.number, "type": self._enum(value.type)}
        if isinstance(value, Text):
            return {"$": "text", "v": value.text, "types": list(type_names(value))}
        if isinstance(value, NetObject):
            return self._object(value)
        if isinstance(value, Rich):
            return {"$": "custom", "types": list(value.type_names), "v": self._pairs({**value.adapted, **value.extended})}
        return self._plain(value)

    def _plain(self, value: Any) -> Json:
        if isinstance(value, bytes):
            return {"$": "bytes", "v": base64.b64encode(value).decode()}
        if isinstance(value, uuid.UUID):
            return {"$": "guid", "v": str(value)}
        if isinstance(value, datetime.datetime):
            kind = "utc" if value.tzinfo is datetime.UTC else "unspecified" if value.tzinfo is None else "local"
            return {"$": "datetime", "v": str((value.replace(tzinfo=None) - _EPOCH) // datetime.timedelta(microseconds=1)), "kind": kind}
        if isinstance(value, datetime.timedelta):
            return {"$": "timespan", "v": time_span(value)}
        if isinstance(value, Uri | Version):
            return {"$": type(value).__name__.lower(), "v": value.text}
        if isinstance(value, SecureString):
            return {"$": "secret", "v": value.plain}
        if isinstance(value, Credential):
            return {"$": "credential", "user": value.user_name, "v": value.password}
        raise TypeError(f"no way to tell a child of {type(value).__name__}")

    def _pairs(self, values: Mapping[str, Any]) -> list[list[Json]]:
        return [[name, self.encode(item)] for name, item in values.items()]

    def _enum(self, kind: EnumType) -> Json:
        self._enums[kind.name] = kind
        return {"name": kind.name, "flags": kind.flags, "members": dict(kind.members)}

    def _object(self, value: NetObject) -> Json:
        if isinstance(value, IPAddress):
            return {"$": "ip", "v": str(value)}
        if CUSTOM_OBJECT in value.type_names:
            return {"$": "custom", "types": list(value.type_names), "v": self._pairs(value.properties())}
        return {
            "$": "object",
            "handle": self.keep(value),
            "text": text(value),
            "types": list(value.type_names),
            "properties": self._properties(value),
            "methods": self._methods(value),
            "notes": self._pairs(value.notes()),
        }

    def _properties(self, value: NetObject) -> list[Json]:
        """Name, type and whether there is a setter. A null says nothing of its type: then the declared one, or text for what is set."""
        settable, declared = value.settable(), value.declared_types()
        shape = []
        for name, content in value.properties().items():
            kind: Any = declared.get(name, content.type if isinstance(content, EnumValue) else type(content).__name__)
            if content is None and name not in declared:
                kind = "str" if name in settable else "object"
            shape.append([name, self._type(kind), name in settable])
        return shape

    def _methods(self, value: NetObject) -> list[Json]:
        """Name, types of the arguments, and the type of what is returned, for each overload."""
        return [
            [name, [self._type(kind) for kind in parameter_types(method)], self._type(_returns(method))]
            for name, overloads in value.methods().items()
            for method in overloads
        ]

    def _type(self, annotation: Any) -> Json:
        if isinstance(annotation, EnumType):
            return self._enum(annotation)
        written = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
        name = _TYPES.get(written.removesuffix(" | None"), "object")
        return f"{name}?" if written.endswith(" | None") else name

    def decode(self, value: Json) -> Any:
        """From the child. Raises ValueError for what no child says."""
        if isinstance(value, list):
            return [self.decode(item) for item in value]
        if not isinstance(value, dict):
            return value
        match value["$"]:
            case "object" | "converted":
                return self.kept(value["handle"])
            case "enum":
                kind = self._enums.get(value["type"]) or EnumType(value["type"], {value["text"]: value["number"]})
                return kind(int(value["number"]))
            case "table":
                return {self.decode(key): self.decode(item) for key, item in value["v"]}
            case "custom":
                return Custom(value["types"][:-1], value["text"], {name: self.decode(item) for name, item in value["v"]})
            case "text":
                return Text(value["v"], value["type"])
            case "credential":
                return Credential(value["user"], value["v"])
        return _decoded(value["$"], value["v"], value)


def _decoded(kind: str, written: str, whole: Mapping[str, Any]) -> Any:
    match kind:
        case "long":
            return int(written)
        case "double":
            return float(written)
        case "bytes":
            return base64.b64decode(written)
        case "guid":
            return uuid.UUID(written)
        case "datetime":
            moment = _EPOCH + datetime.timedelta(microseconds=int(written))
            return moment if whole["kind"] == "unspecified" else moment.replace(tzinfo=datetime.UTC)
        case "timespan":
            return datetime.timedelta(microseconds=int(written))
        case "uri":
            return Uri(written)
        case "version":
            return Version(written)
        case "ip":
            return IPAddress(written)
        case "secret":
            return SecureString(written)
    raise ValueError(f"a child said {kind}")


def _returns(method: Any) -> Any:
    annotation = inspect.signature(method).return_annotation
    return "None" if annotation is None else annotation
