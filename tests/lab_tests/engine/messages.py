"""What a client received, message by message, and how the measurement files tell the same."""

from __future__ import annotations

import contextlib
import datetime
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from pypsrp.messages import Message, MessageType

MEASUREMENTS = Path(__file__).parents[2] / "lab" / "measurements"
_NAMES = {value: name for name, value in vars(MessageType).items() if isinstance(value, int)}
Received = tuple[str, str]
"""A message's type and its CLIXML."""


@contextlib.contextmanager
def listening(understood: bool = True) -> Iterator[list[Received]]:
    """Collects the messages that pypsrp unpacks inside the block, as they were on the wire.

    Without ``understood`` pypsrp gets empty outputs instead: it cannot read a reference to an object inside a generic list.
    """
    received: list[Received] = []
    unpack = Message.unpack

    def record(data: bytes, serializer: Any) -> Message:
        kind = _NAMES[int.from_bytes(data[4:8], "little")]
        received.append((kind, data[40:].removeprefix(b"\xef\xbb\xbf").decode()))
        hidden = kind == "PIPELINE_OUTPUT" and not understood
        return unpack(data[:40] if hidden else data, serializer)

    with mock.patch.object(Message, "unpack", record):
        yield received


def measured(name: str) -> list[Received]:
    """The messages of a measurement file."""
    text = (MEASUREMENTS / name).read_text(encoding="utf-8")
    return [(kind, body.strip("\n")) for kind, body in re.findall(r"<!-- (\w+) -->\n(.*?)(?=\n<!-- |\Z)", text, re.DOTALL)]


def plain(clixml: str) -> Any:
    """A message's value as pipelines.json tells it."""
    return _plain(ET.fromstring(clixml)) if clixml else None


def _plain(element: ET.Element) -> Any:
    text = unescaped(element.text or "")
    match element.tag:
        case "Nil":
            return None
        case "I32" | "I64":
            return int(text)
        case "B":
            return text == "true"
        case "TS":
            minutes = re.fullmatch(r"PT(\d+)M", text)
            assert minutes is not None, text
            return str(datetime.timedelta(minutes=int(minutes[1]))).zfill(8)
        case "DT":
            return datetime.datetime.fromisoformat(text).strftime("%m/%d/%Y %H:%M:%S")
        case "Obj":
            return _object(element)
    return text


def _object(element: ET.Element) -> Any:
    kind = element.findtext("TN/T", "")
    if (items := element.find("LST")) is not None:
        return [_plain(item) for item in items]
    if (table := element.find("DCT")) is not None:
        return {_plain(entry[0]): _plain(entry[1]) for entry in table}
    if (number := element.find("I32")) is not None:
        return {"type": kind, "number": int(number.text or "")}
    properties = element.find("MS") if element.find("Props") is None else element.find("Props")
    assert properties is not None
    values = {unescaped(one.get("N", "")): one for one in properties}
    text = element.findtext("ToString")
    if text is None:
        # A custom object has no text on the wire; the measuring client made it from the properties.
        text = f"@{{{'; '.join(f'{name}={_text(one)}' for name, one in values.items())}}}"
    return {"type": kind, "text": unescaped(text), "properties": {name: _plain(one) for name, one in values.items()}}


def _text(element: ET.Element) -> str:
    if element.find("LST") is not None:
        return "System.Collections.ArrayList"
    if element.find("ToString") is not None:
        return unescaped(element.findtext("ToString", ""))
    value = _plain(element)
    return "" if value is None else str(value)


def unescaped(text: str) -> str:
    """``_x000A_`` is a newline ([MS-PSRP] 2.2.5.3.2)."""
    return re.sub("_x([0-9A-F]{4})_", lambda match: chr(int(match[1], 16)), text)


def errors(received: list[Received]) -> list[dict[str, Any]]:
    """The error records, with the one that a Failed pipeline ends with, as pipelines.json tells them."""
    found = []
    for kind, clixml in received:
        if kind not in ("ERROR_RECORD", "PIPELINE_STATE"):
            continue
        root = ET.fromstring(clixml)
        record = root if kind == "ERROR_RECORD" else root.find("MS/*[@N='ExceptionAsErrorRecord']")
        if record is None:
            continue
        extended = {one.get("N"): unescaped(one.text or "") for one in record.findall("MS/*")}
        found.append(
            {
                "id": extended["FullyQualifiedErrorId"],
                "category": str(extended["ErrorCategory_Message"]).partition(":")[0],
                "message": unescaped(record.findtext("MS/*[@N='Exception']/Props/*[@N='Message']", "")),
                "terminating": kind == "PIPELINE_STATE",
            }
        )
    return found


def outputs(received: list[Received]) -> list[Any]:
    return [plain(clixml) for kind, clixml in received if kind == "PIPELINE_OUTPUT"]


def state(received: list[Received]) -> str:
    numbers = [ET.fromstring(clixml).findtext("MS/I32") for kind, clixml in received if kind == "PIPELINE_STATE"]
    return {"3": "Stopped", "4": "Completed", "5": "Failed"}[numbers[-1] or ""]


def answer(received: list[Received]) -> dict[str, Any]:
    """What became of a message, as pipelines.json tells it: ``state``, ``outputs`` and ``errors``."""
    return {"state": state(received), "outputs": outputs(received), "errors": errors(received)}
