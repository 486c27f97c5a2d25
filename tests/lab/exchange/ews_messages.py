"""Messages as Exchange Web Services show them: their properties, and the restrictions that a search may have.

Names are those of the schema (EWS reference for Exchange: "FieldURI", "Restriction").
"""

from __future__ import annotations

import base64
import datetime
import email
import email.message
import email.utils
import re
from collections.abc import Callable, Iterable, Mapping
from xml.etree import ElementTree

from tests.lab.exchange import headers
from tests.lab.mailboxes import Stored

TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
Element = ElementTree.Element
Plain = str | int | bool | datetime.datetime
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no place for."""


class EwsError(Exception):
    """A refusal: its response code, and a sentence."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def local_name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def make(name: str, text: str | None = None, children: Iterable[Element] = (), **attributes: str) -> Element:
    """An element of the types schema."""
    element = Element(f"{{{TYPES}}}{name}", {key: _clean(value) for key, value in attributes.items()})
    element.text = None if text is None else _clean(text)
    element.extend(children)
    return element


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)


def _field(name: str) -> Callable[[Stored], str]:
    return lambda message: headers.get(message.content, name)


def _sent(message: Stored) -> Plain:
    try:
        return email.utils.parsedate_to_datetime(headers.get(message.content, "Date")).astimezone(datetime.UTC)
    except ValueError:
        return message.received


def _kind(message: Stored) -> str:
    report = headers.get(message.content, "Content-Type").lower().startswith("multipart/report")
    return "REPORT.IPM.Note.NDR" if report else "IPM.Note"


PLAIN: Mapping[str, Callable[[Stored], Plain]] = {
    "item:Subject": _field("Subject"),
    "item:ItemClass": _kind,
    "item:DateTimeReceived": lambda message: message.received,
    "item:DateTimeCreated": lambda message: message.received,
    "item:DateTimeSent": _sent,
    "item:Size": lambda message: len(message.content),
    "item:DisplayTo": _field("To"),
    "item:InReplyTo": _field("In-Reply-To"),
    "message:InternetMessageId": _field("Message-ID"),
    "message:References": _field("References"),
    "message:IsRead": lambda message: message.read,
}
"""Properties that are one value: FindItem gives them, and restrictions may name them."""


def _parsed(message: Stored) -> email.message.Message:
    return email.message_from_bytes(message.content)


def _mime(message: Stored) -> Element:
    return make("MimeContent", base64.b64encode(message.content).decode(), CharacterSet="UTF-8")


def _headers(message: Stored) -> Element:
    found = _parsed(message).items()
    return make(
        "InternetMessageHeaders",
        children=[make("InternetMessageHeader", " ".join(str(value).split()), HeaderName=name) for name, value in found],
    )


def _body(message: Stored, wanted: tuple[str, ...] = ("text/html", "text/plain"), name: str = "Body") -> Element:
    parts = {part.get_content_type(): part for part in reversed(list(_parsed(message).walk()))}
    kind = next((kind for kind in wanted if kind in parts), "")
    payload = parts[kind].get_payload(decode=True) if kind else b""
    text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return make(name, text, BodyType="HTML" if kind == "text/html" else "Text")


def _mailboxes(message: Stored, field: str) -> list[Element]:
    pairs = email.utils.getaddresses([headers.get(message.content, field)])
    return [
        make("Mailbox", children=[make("Name", name or address), make("EmailAddress", address), make("RoutingType", "SMTP")])
        for name, address in pairs
        if address
    ]


def _people(name: str, field: str) -> Callable[[Stored], Element]:
    return lambda message: make(name, children=_mailboxes(message, field))


COMPLEX: Mapping[str, Callable[[Stored], Element]] = {
    "item:MimeContent": _mime,
    "item:InternetMessageHeaders": _headers,
    "item:Body": _body,
    "item:TextBody": lambda message: _body(message, ("text/plain",), "TextBody"),
    "message:From": _people("From", "From"),
    "message:Sender": _people("Sender", "Sender"),
    "message:ToRecipients": _people("ToRecipients", "To"),
    "message:CcRecipients": _people("CcRecipients", "Cc"),
    "message:ReplyTo": _people("ReplyTo", "Reply-To"),
}
"""Properties that only GetItem gives."""


def item(message: Stored, item_id: Element, wanted: Iterable[str], found: bool) -> Element:
    """The message with the ``wanted`` properties that it has; of a message that was ``found``, only the plain ones."""
    element = make("Message", children=[item_id])
    for uri in wanted:
        if uri in PLAIN and (value := PLAIN[uri](message)) != "":
            element.append(make(uri.partition(":")[2], _text(value)))
        elif uri in COMPLEX and not found:
            shown = COMPLEX[uri](message)
            if len(shown) or shown.text:
                element.append(shown)
    return element


def _text(value: Plain) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)


def sort_key(uri: str) -> Callable[[Stored], Plain]:
    """Raises EwsError for a property that cannot be sorted by."""
    if uri not in PLAIN:
        raise EwsError("ErrorUnsupportedPathForSortGroup", f"The property {uri} can not be used for sorting.")
    return PLAIN[uri]


def matches(restriction: Element, message: Stored) -> bool:
    """Whether a search finds the message. Raises EwsError for what the lab does not know."""
    name = local_name(restriction)
    children = list(restriction)
    if name == "And":
        return all(matches(child, message) for child in children)
    if name == "Or":
        return any(matches(child, message) for child in children)
    if name == "Not":
        return not matches(children[0], message)
    uri = children[0].get("FieldURI", "")
    if uri not in PLAIN:
        raise EwsError("ErrorUnsupportedPathForQuery", f"The property {uri or local_name(children[0])} can not be used with a search.")
    value = PLAIN[uri](message)
    if name == "Exists":
        return value != ""
    constant = next(one.get("Value", "") for one in restriction.iter(f"{{{TYPES}}}Constant"))
    if name == "Contains":
        return _contains(restriction, _text(value), constant)
    if name not in _COMPARISONS:
        raise EwsError("ErrorInvalidRestriction", f"The restriction {name} is not known.")
    return _COMPARISONS[name](_compare(value, constant))


_COMPARISONS: Mapping[str, Callable[[int], bool]] = {
    "IsEqualTo": lambda order: order == 0,
    "IsNotEqualTo": lambda order: order != 0,
    "IsGreaterThan": lambda order: order > 0,
    "IsGreaterThanOrEqualTo": lambda order: order >= 0,
    "IsLessThan": lambda order: order < 0,
    "IsLessThanOrEqualTo": lambda order: order <= 0,
}


def _contains(restriction: Element, text: str, constant: str) -> bool:
    if "IgnoreCase" in restriction.get("ContainmentComparison", "") or restriction.get("ContainmentComparison") == "Loose":
        text, constant = text.lower(), constant.lower()
    mode = restriction.get("ContainmentMode")
    if mode == "FullString":
        return text == constant
    return text.startswith(constant) if mode == "Prefixed" else constant in text


def _compare(value: Plain, constant: str) -> int:
    """Negative, zero or positive, as the value stands to the constant; text is compared without case."""
    if isinstance(value, datetime.datetime):
        other = datetime.datetime.fromisoformat(constant)
        other = other if other.tzinfo else other.replace(tzinfo=datetime.UTC)
        return (value > other) - (value < other)
    if isinstance(value, int) and not isinstance(value, bool):
        return (value > int(constant)) - (value < int(constant))
    mine, its = _text(value).lower(), constant.lower()
    return (mine > its) - (mine < its)
