# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The protocol log of an IIS SMTP server: refusals and failures in it, on either side. Pure.

One line per command, W3C Extended format, in UTC. The server logs what it sends to a smart host, too, under the user names
``OutboundConnectionCommand`` and ``OutboundConnectionResponse``; blanks stand as ``+`` there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

_OUTBOUND: Final = "OutboundConnectionResponse"
_FAILED: Final = re.compile(r"[45]\d\d")
# What the server writes by default, for a stretch of log that does not hold the line that says so.
_USUAL: Final = ("date", "time", "c-ip", "cs-username", "s-sitename", "s-computername", "s-ip", "s-port", "cs-method", "cs-uri-stem")
_USUAL_REST: Final = ("cs-uri-query", "sc-status")


def errors(lines: Iterable[str], most: int) -> list[dict[str, str]]:
    """The last ``most`` errors, oldest first: ``time`` (ISO 8601, UTC), ``side`` (inbound or outbound), ``remote`` and ``text``."""
    found = []
    fields: tuple[str, ...] = (*_USUAL, *_USUAL_REST)
    day = ""
    for line in lines:
        if line.startswith("#"):
            name, _colon, value = line[1:].partition(":")
            if name == "Fields":
                fields = tuple(value.split())
            elif name == "Date":
                day = value.split()[0] if value.split() else ""
            continue
        values = dict(zip(fields, line.split(), strict=False))
        text = _error(values)
        if text is not None:
            outbound = values.get("cs-username") == _OUTBOUND
            found.append(
                {
                    "time": f"{values.get('date', day)}T{values.get('time', '')}+00:00",
                    "side": "outbound" if outbound else "inbound",
                    "remote": values.get("c-ip", ""),
                    "text": text,
                }
            )
    return found[-most:] if most else []


def _error(values: Mapping[str, str]) -> str | None:
    said = _words(values.get("cs-uri-query"))
    if values.get("cs-username") == _OUTBOUND:
        return said if _FAILED.match(said) else None
    status = values.get("sc-status", "")
    if not _FAILED.fullmatch(status):
        return None
    return " ".join(part for part in (status, _words(values.get("cs-method")), said) if part)


def _words(value: str | None) -> str:
    return "" if value in (None, "-") else str(value).replace("+", " ").strip()
