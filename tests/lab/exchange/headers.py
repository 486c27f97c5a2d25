"""Message headers in transport: the header firewall, the trace, and what says how the sender was authenticated.

Sources: "Header firewall" (Exchange Server 2013 documentation); RFC 5322 for the syntax.
"""

from __future__ import annotations

import email
import email.errors
import email.header
import email.policy
import email.utils
from collections.abc import Callable, Iterable

ORGANIZATION = "x-ms-exchange-organization-"
FOREST = "x-ms-exchange-forest-"


def _fields(content: bytes) -> tuple[list[bytes], bytes]:
    """Header fields, each with its continuation lines, and the rest with the empty line before it."""
    head, separator, body = content.partition(b"\r\n\r\n")
    if content.startswith(b"\r\n"):
        head, separator, body = b"", b"\r\n", content[2:]
    fields: list[bytes] = []
    for line in head.split(b"\r\n") if head else []:
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1] += b"\r\n" + line
        else:
            fields.append(line)
    return fields, (separator or b"\r\n\r\n") + body


def _name(field: bytes) -> str:
    return field.partition(b":")[0].strip().decode(errors="replace").lower()


def keep(content: bytes, wanted: Callable[[str], bool]) -> bytes:
    """The message with only the fields whose lower-case name is ``wanted``."""
    fields, rest = _fields(content)
    return b"\r\n".join(field for field in fields if wanted(_name(field))) + rest


def prepend(content: bytes, fields: Iterable[tuple[str, str]]) -> bytes:
    """The message with fields in front, in the order given."""
    return b"".join(f"{name}: {value}\r\n".encode() for name, value in fields) + content


def get(content: bytes, name: str) -> str:
    """A field's value, unfolded, and decoded where it can be; empty when there is none."""
    message = email.message_from_bytes(content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n", policy=email.policy.compat32)
    value = message.get(name)
    if value is None:
        return ""
    try:
        text = str(email.header.make_header(email.header.decode_header(value)))
    except (email.errors.HeaderParseError, LookupError, UnicodeError):
        text = str(value)
    return " ".join(text.split())


def addresses(content: bytes, name: str) -> list[str]:
    """Mail addresses in a field."""
    return [address for _unused, address in email.utils.getaddresses([get(content, name)]) if address]


def leaving(content: bytes) -> bytes:
    """What a message loses when it leaves the organisation."""
    return keep(content, lambda name: not name.startswith((ORGANIZATION, FOREST)))
