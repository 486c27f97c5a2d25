# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values: from what arrives to plain Python, and from plain Python to what is sent."""

from __future__ import annotations

import datetime
import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from typing import Any, Final
from xml.sax.saxutils import quoteattr

from ..common.libraries import ComplexObject, GenericComplexObject, PSCredential, TaggedValue, isodate
from ..common.native import native
from .pipeline import CimInstance, Credential, SecureText

UNLIMITED: Final = "Unlimited"
"""What Exchange's ``Unlimited<T>`` shows when there is no limit."""

_CIM: Final = "Microsoft.Management.Infrastructure.CimInstance"
_BYTES_IN_PARENTHESES = re.compile(r"\(([\d.,\u00a0\u202f' ]+)bytes\)", re.IGNORECASE)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KB|MB|GB|TB)?", re.IGNORECASE)
_FACTORS = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}


class EnumText(str):
    """The text of an enumeration's value; ``number`` is the number behind it."""

    number: int

    def __new__(cls, text: str, number: int) -> EnumText:
        value = super().__new__(cls, text)
        value.number = number
        return value


class HostObject(dict[str, Any]):
    """An object of the host: its properties by name. ``text`` is its ``ToString()``, ``type_name`` its .NET type."""

    text: str | None = None
    type_name: str = ""

    def __str__(self) -> str:
        return super().__repr__() if self.text is None else self.text


def plain(value: Any) -> Any:
    """What pypsrp read, as plain Python.

    Objects become HostObject, enumerations EnumText, IP addresses their text, lists list, hashtables dict,
    time spans timedelta, dates, versions, URIs and GUIDs text. A secure string, which cannot be read, becomes None.
    """
    if isinstance(value, GenericComplexObject):
        return _plain_object(value)
    if isinstance(value, ComplexObject):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, dict):
        return {plain(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, ET.Element):
        return None
    return value


def _plain_object(value: GenericComplexObject) -> Any:
    types = [name.removeprefix("Deserialized.") for name in value.types]
    if "System.Enum" in types and value.property_sets:
        return EnumText(value.to_string or "", int(value.property_sets[0]))
    if "System.Net.IPAddress" in types:
        return value.to_string
    if value.property_sets:  # a list or dictionary with a type of its own, or a simple value that carries notes
        return plain(value.property_sets[0])
    properties = {**value.adapted_properties, **value.extended_properties}
    if not properties and value.to_string is not None:
        return value.to_string
    result = HostObject({name: plain(entry) for name, entry in properties.items()})
    result.text = value.to_string
    result.type_name = types[0] if types else ""
    return result


def wire(value: Any) -> Any:
    """``value`` as pypsrp takes it, with the type of [MS-PSRP] 2.2.5.1 that its Python type means."""
    if isinstance(value, CimInstance):
        return _cim_instance(value)
    if isinstance(value, SecureText):
        return TaggedValue("SS", value.text)
    if isinstance(value, Credential):
        credential: Any = PSCredential  # its constructor has no types
        return credential(username=value.user_name, password=value.password)
    if isinstance(value, datetime.timedelta):
        return TaggedValue("TS", isodate.duration_isoformat(value))
    if isinstance(value, uuid.UUID):
        return value
    if isinstance(value, (list, tuple, set, frozenset)):
        return [wire(entry) for entry in value]
    if isinstance(value, Mapping):
        return {wire(key): wire(entry) for key, entry in value.items()}
    value = native(value)  # what was read from a host may be written to one: EnumText is no exact str
    if isinstance(value, datetime.datetime):
        element = ET.Element("DT")  # pypsrp cannot write a date, but passes a finished element on
        element.text = value.isoformat().replace("+00:00", "Z")
        return element
    if isinstance(value, float):
        return TaggedValue("Db", value)
    if isinstance(value, int) and not -(2**31) <= value < 2**31:
        return TaggedValue("I64", value)
    return value


def _cim_instance(value: CimInstance) -> Any:
    """An object of which the host makes a live CIM instance again, because its class comes along as ``__ClassMetadata``.

    Source: InternalDeserializer.RehydrateCimInstance and RehydrateCimClass of PowerShell; tried on no Windows.
    """
    properties = "".join(f'<PROPERTY NAME={quoteattr(name)} TYPE="string"></PROPERTY>' for name in value.properties)
    declared: Any = GenericComplexObject()
    declared.extended_properties = {
        "ClassName": value.class_name,
        "Namespace": value.namespace,
        "ServerName": "localhost",
        "Hash": 0,
        "MiXml": f"<CLASS NAME={quoteattr(value.class_name)}>{properties}</CLASS>",
    }
    made: Any = GenericComplexObject()
    made.types = [f"{_CIM}#{value.namespace}/{value.class_name}", _CIM, "System.Object"]
    made.to_string = value.class_name
    made.adapted_properties = {name: native(text) for name, text in value.properties.items()}
    made.extended_properties = {"__ClassMetadata": [declared]}
    return made


def needs_key(value: Any) -> bool:
    """Whether ``value`` holds a secret that only a session with exchanged keys can carry."""
    if isinstance(value, (list, tuple)):
        return any(needs_key(entry) for entry in value)
    if isinstance(value, Mapping):
        return any(needs_key(entry) for entry in value.values())
    return isinstance(value, (SecureText, Credential))


def parse_byte_size(text: str | int) -> int | str:
    """Bytes of an Exchange size: ``36 MB (37,748,736 bytes)``, ``36MB``, ``37748736``; ``Unlimited`` stays that.

    Raises ValueError for anything else. Source: ByteQuantifiedSize as Exchange's cmdlets show and take it
    (Set-ReceiveConnector, parameter MaxMessageSize).
    """
    text = str(text).strip()
    if text.lower() == UNLIMITED.lower():
        return UNLIMITED
    exact = _BYTES_IN_PARENTHESES.search(text)
    if exact is not None:
        return int(re.sub(r"\D", "", exact[1]))
    size = _SIZE.fullmatch(text)
    if size is None:
        raise ValueError(f"{text!r} is not a valid size")
    return int(float(size[1]) * _FACTORS[(size[2] or "B").upper()])


def names(value: str | Iterable[str] | None) -> list[str]:
    """The names of a flags enumeration (``Tls, Integrated``) or of a list, each stripped; ``None`` and empty text give none."""
    entries = value.split(",") if isinstance(value, str) else list(value or ())
    return [entry.strip() for entry in entries if entry.strip()]
