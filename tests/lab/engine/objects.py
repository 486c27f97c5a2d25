"""Live .NET objects as the products hand them to the engine.

The products (Exchange, SharePoint) build these; the engine walks their members, binds them to parameters,
and flattens them one level deep when they leave the host.

Plain values are Python's own: ``None``, ``str``, ``bool``, ``int`` (Int32 when it fits), ``float``, ``bytes``,
``uuid.UUID``, ``datetime.datetime``, ``datetime.timedelta``, ``list`` and ``dict`` (a Hashtable).
"""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from typing import Any


class NetException(Exception):
    """Raised by a method or setter of a live object; the engine wraps it as ``Exception calling "X" with "n" argument(s)``."""

    def __init__(self, message: str, type_name: str = "System.InvalidOperationException") -> None:
        super().__init__(message)
        self.type_name = type_name


@dataclasses.dataclass(frozen=True)
class EnumType:
    """An enumeration: its .NET name, its members with their numbers, and whether it is a set of flags."""

    name: str
    members: Mapping[str, int]
    flags: bool = False

    def __call__(self, value: str | int | Sequence[str]) -> EnumValue:
        """From text (names comma-separated, any case), a list of names, or a number. Raises ValueError for an unknown name."""
        if isinstance(value, int):
            return EnumValue(self, value)
        names = value.split(",") if isinstance(value, str) else list(value)
        by_lower = {member.lower(): number for member, number in self.members.items()}
        number = 0
        for name in names:
            if name.strip().lower() not in by_lower:
                raise ValueError(name.strip())
            number |= by_lower[name.strip().lower()]
        return EnumValue(self, number)


@dataclasses.dataclass(frozen=True)
class EnumValue:
    """A value of an enumeration. ``str()`` gives the text as .NET does: ``Tls, ExternalAuthoritative``."""

    type: EnumType
    number: int

    def __str__(self) -> str:
        exact = [name for name, number in self.type.members.items() if number == self.number]
        if exact or not self.type.flags:
            return exact[0] if exact else str(self.number)
        return ", ".join(name for name, number in self.type.members.items() if number and number & self.number == number)

    def __contains__(self, name: str) -> bool:
        number = self.type.members[name]
        return number != 0 and number & self.number == number


@dataclasses.dataclass(frozen=True)
class Text:
    """A .NET value that is only its text once it is flattened (a size, an id, an IP range): a type name and ``ToString()``."""

    text: str
    type_name: str = "System.Object"

    def __str__(self) -> str:
        return self.text


@dataclasses.dataclass(frozen=True)
class Uri:
    """A System.Uri."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclasses.dataclass(frozen=True)
class Version:
    """A System.Version, for example 16.0.4522.1000."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclasses.dataclass(frozen=True)
class SecureString:
    """A System.Security.SecureString, opened: the lab's products may look inside; the recorder never does."""

    plain: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Credential:
    """A System.Management.Automation.PSCredential, opened."""

    user_name: str
    password: str = dataclasses.field(repr=False)


Method = Callable[..., Any]
"""A method of a live object: positional arguments in, a value (or ``None`` for void) out; raises NetException.

The engine converts arguments to the annotated types (``str``, ``int``, ``bool``), as the overload's parameter types do in .NET.
"""


class TypedList(list[Any]):
    """A list that is not an ``Object[]``: ``TypedList(items, "System.Collections.ArrayList")``; ``System.Object`` is appended."""

    def __init__(self, items: Sequence[Any], *type_names: str) -> None:
        super().__init__(items)
        self.type_names = (*type_names, "System.Object")


class NetObject:
    """A live object. Subclass it, or make one from parts with ``Custom``.

    ``type_names`` is the .NET inheritance chain, most derived first, ending in ``System.Object``.
    ``properties()`` returns the property values in order, live objects nested as they are.
    ``set_property()`` writes one (raises NetException); the default refuses.
    ``methods()`` maps a method's name to its overloads; the engine chooses by the number of arguments.
    """

    type_names: tuple[str, ...] = ("System.Object",)

    def __str__(self) -> str:
        return self.type_names[0]

    def properties(self) -> Mapping[str, Any]:
        return {}

    def notes(self) -> Mapping[str, Any]:
        """Properties that PowerShell adds when the object leaves the host; they need no depth."""
        return {}

    def set_property(self, name: str, value: Any) -> None:
        raise NetException(f"'{name}' is a ReadOnly property.")

    def settable(self) -> frozenset[str]:
        """Names of the properties that have a setter (``set_X`` exists for these)."""
        return frozenset()

    def declared_types(self) -> Mapping[str, str]:
        """Types of properties whose value may be null and then shows none, as Python writes them: ``bool | None``."""
        return {}

    def methods(self) -> Mapping[str, Sequence[Method]]:
        return {}


class Custom(NetObject):
    """An object made of given properties: ``Custom(("A.B",), "text", {"Name": "x"})``; ``System.Object`` is appended."""

    def __init__(self, type_names: Sequence[str], text: str, properties: Mapping[str, Any]) -> None:
        self.type_names = (*type_names, "System.Object")
        self._text = text
        self._properties = dict(properties)

    def __str__(self) -> str:
        return self._text

    def properties(self) -> Mapping[str, Any]:
        return self._properties


class IPAddress(NetObject):
    """A System.Net.IPAddress (IPv4). It keeps its properties where other objects become text (measured)."""

    type_names = ("System.Net.IPAddress", "System.Object")

    def __init__(self, address: str) -> None:
        self.address = ipaddress.IPv4Address(address)

    def __str__(self) -> str:
        return str(self.address)

    def properties(self) -> Mapping[str, Any]:
        return {
            "AddressFamily": "InterNetwork",
            "IsIPv6Multicast": False,
            "IsIPv6LinkLocal": False,
            "IsIPv6SiteLocal": False,
            "IsIPv6Teredo": False,
            "IsIPv6UniqueLocal": False,
            "IsIPv4MappedToIPv6": False,
            "Address": int.from_bytes(self.address.packed, "little"),
            "IPAddressToString": str(self.address),
        }
