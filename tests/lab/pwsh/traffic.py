"""What passes between a client and a child, understood as far as the recorder and the end of a pipeline need it ([MS-PSRP] 2.2)."""

from __future__ import annotations

import contextlib
import re
import struct
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import psrpcore

from tests.lab.engine import wire

ERROR_RECORD = 0x00041005
PIPELINE_STATE = 0x00041006
STATES = {"3": "Stopped", "4": "Completed", "5": "Failed"}
"""The states (PSInvocationState) in which a pipeline has ended."""
_HEADER = struct.Struct(">QQBI")
_LAST = 2
_MESSAGE_HEADER = 40
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Messages:
    """Puts the fragments of one direction together."""

    def __init__(self) -> None:
        self._partial: dict[int, bytes] = {}

    def add(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The messages that are complete now: their types and their CLIXML."""
        while len(data) >= _HEADER.size:
            number, _unused, flags, length = _HEADER.unpack_from(data)
            body, data = data[_HEADER.size : _HEADER.size + length], data[_HEADER.size + length :]
            whole = self._partial.pop(number, b"") + body
            if flags & _LAST:
                yield int.from_bytes(whole[4:8], "little"), whole[_MESSAGE_HEADER:].removeprefix(_BYTE_ORDER_MARK)
            else:
                self._partial[number] = whole


def end(clixml: bytes) -> tuple[str, dict[str, str] | None]:
    """How a pipeline ended by a PIPELINE_STATE, empty while it goes on; and the error that it ended with."""
    root = ET.fromstring(clixml)
    record = root.find("MS/*[@N='ExceptionAsErrorRecord']")
    return STATES.get(root.findtext("MS/I32[@N='PipelineState']", ""), ""), None if record is None else _recorded(record)


def error(clixml: bytes) -> dict[str, str]:
    """An ERROR_RECORD as the recorder keeps it."""
    return _recorded(ET.fromstring(clixml))


def _recorded(record: ET.Element) -> dict[str, str]:
    exception = record.find("MS/*[@N='Exception']")
    message = "" if exception is None else exception.findtext("*/*[@N='Message']", "")
    return {"id": _text(record.findtext("MS/*[@N='FullyQualifiedErrorId']", "")), "message": _text(message)}


def _text(escaped: str) -> str:
    return re.sub("_x([0-9A-F]{4})_", lambda match: chr(int(match[1], 16)), escaped)


class Listener:
    """Reads what a client sends, without a part in it: psrpcore's pool, whose answers nobody gets. Secrets stay encrypted."""

    def __init__(self) -> None:
        self._pool = psrpcore.ServerRunspacePool()

    def add(self, data: bytes, pipeline: uuid.UUID | None) -> list[list[dict[str, Any]]] | None:
        """The statements of the pipeline that these fragments complete, as the recorder keeps them; None when they complete none."""
        found = None
        # What psrpcore cannot read is not recorded, and no reason to keep it from PowerShell.
        with contextlib.suppress(ValueError, TypeError, AttributeError, psrpcore.PSRPCoreError):
            if pipeline is not None and pipeline not in self._pool.pipeline_table:
                psrpcore.ServerPipeline(self._pool, pipeline)
            self._pool.receive_data(psrpcore.PSRPPayload(data, psrpcore.StreamType.default, pipeline))
            while (event := self._pool.next_event()) is not None:
                if isinstance(event, psrpcore.CreatePipelineEvent):
                    found = wire.recorded_statements(self._pool.pipeline_table[event.pipeline_id].metadata)
        return found
