# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SharePoint's own log (ULS) of one server, read by ``Get-SPLogEvent``."""

from __future__ import annotations

import contextlib
import datetime
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..common.moments import parse_moment, whole_microseconds
from ..remoting.pipeline import cmdlet
from ..remoting.session import Session
from .shell import farm
from .timer_job import CLOCKS

# "OWSTIMER.EXE (0x0A28)", in merged logs "OWSTIMER.EXE (SP01:0x0A28)".
_PROCESS = re.compile(r"(?P<name>[^\s(]+)(?:\s*\((?:(?P<server>[^:)]+):)?0x[^)]*\))?")


def read_log(
    session: Session, tokens: Sequence[str], recipients: Collection[str], start: datetime.datetime, end: datetime.datetime
) -> list[dict[str, str]]:
    """Lines about test mail: ``server``, ``time``, ``process``, ``category``, ``level``, ``message``, in the order of time.

    Lines with one of the ``tokens``, and those of the category E-Mail that name a recipient and no subject. Raises MailError when
    the log cannot be read.
    """
    farm(session)  # loads the cmdlets where the session needs it
    zone = _zone(session)
    # An explicit offset makes .NET read the moment as the server's local time, in which the log is written ([MS-PSRP] 2.2.5.1.9 and
    # XmlConvert.ToDateTime, RoundtripKind). That Get-SPLogEvent would not convert UTC is an assumption on the safe side.
    offset = datetime.timezone(datetime.timedelta(hours=1))
    events = cmdlet("Get-SPLogEvent", StartTime=(start - CLOCKS).astimezone(offset), EndTime=(end + CLOCKS).astimezone(offset))
    answers = session.read(
        *(events.pipe("Where-Object", Property="Message", Value=f"*{token}*", Like=True) for token in tokens),
        events.pipe("Where-Object", Property="Category", Value="E-Mail", EQ=True),
    )
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for event in (output for answer in answers for output in answer if isinstance(output, Mapping)):
        line = _line(event, session.host, zone)
        if _concerns(line["message"].lower(), tokens, recipients):
            lines[tuple(line.values())] = line
    return sorted(lines.values(), key=lambda line: line["time"])


def _concerns(message: str, tokens: Sequence[str], recipients: Collection[str]) -> bool:
    if any(token.lower() in message for token in tokens):
        return True
    return "subject" not in message and any(recipient.lower() in message for recipient in recipients)


def _zone(session: Session) -> datetime.tzinfo | None:
    """The server's zone as it is now, None where the session does not tell: the log's times are local and name none."""
    for moment in session.read_each(cmdlet("Get-Date"))[0].outputs:
        with contextlib.suppress(ValueError):
            return datetime.datetime.fromisoformat(whole_microseconds(str(moment))).tzinfo
    return None


def _line(event: Mapping[str, Any], host: str, zone: datetime.tzinfo | None) -> dict[str, str]:
    process = _PROCESS.match(str(event.get("Process") or ""))
    written = parse_moment(event.get("Timestamp"), zone)
    return {
        "server": (process["server"] if process else None) or host,
        "time": "" if written is None else written.isoformat(),
        "process": process["name"] if process else "",
        "category": str(event.get("Category") or ""),
        "level": str(event.get("Level") or ""),
        "message": str(event.get("Message") or ""),
    }
