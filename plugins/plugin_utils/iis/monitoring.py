# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How an IIS SMTP relay is doing: its settings, what waits in its queue, what it could not deliver, its counters, its last errors.

A growing queue means that the smart host is down or refuses; badmail is what could not even be returned to its sender.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ..common.errors import RemoteError
from ..common.moments import parse_moment
from ..iis import protocol_log
from ..iis import virtual_server as iis
from ..remoting.pipeline import Statement, cmdlet
from ..remoting.session import Reply, Session

_COUNTERS: Final = cmdlet("Get-CimInstance", ClassName="Win32_PerfFormattedData_SMTPSVC_SMTPServer", Filter="Name='_Total'")
_NO_COUNTERS: Final = re.compile(r"(?:Frequency|Timestamp)_.*|PS.*|__.*|Caption|Description|Name")
_WORD: Final = re.compile(r"NDRs?|DSN|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_WINDOWS: Final = re.compile(r"%(?:windir|SystemRoot)%", re.IGNORECASE)
_LINES: Final = 2000
"""Lines of the log that are read, from its end."""


def relay_state(session: Session, most_errors: int) -> tuple[dict[str, Any], list[str]]:
    """``relay``, ``queue``, ``badmail``, ``counters`` and ``errors``, and warnings about what could not be read (None in the facts).

    Raises RemoteError when the relay itself cannot be read.
    """
    host = iis.read_host(session)
    server = iis.read_virtual_server(session, host)
    settings = iis.current_settings(host, server)
    facts: dict[str, Any] = {
        "relay": iis.relay_facts(host.name, settings),
        "queue": None,
        "badmail": None,
        "counters": None,
        "errors": None,
    }
    warnings = [f"The firewall was not read. {host.firewall_error.message}"] if host.firewall_error else []
    if server is None:
        if host.features.get(iis.SMTP):
            warnings.append(
                f"{host.name} has an SMTP server, but its settings cannot be read without the feature {iis.WMI} (IIS 6 WMI Compatibility)."
            )
        return facts, warnings
    log_folder = None
    if settings["protocol_log"]:  # the name of its folder may begin with %windir%, which no cmdlet resolves
        log_folder = _WINDOWS.sub(lambda _match: host.folder, f"{settings['protocol_log_directory']}\\SMTPSVC1")
    reads: dict[str, Statement] = {
        "queue": _files(settings["queue_directory"]),
        "badmail": _files(settings["badmail_directory"]),
        "counters": _COUNTERS,
    }
    if log_folder:
        reads["log"] = _files(log_folder)
    replies = dict(zip(reads, session.read_each(*reads.values()), strict=True))
    if log_folder and any(error.has_id("PathNotFound") for error in replies["log"].errors):
        replies["log"] = Reply()  # the folder is made with the first line
    for name, reply in replies.items():
        if reply.errors or not reply.read:
            warnings.append(f"The relay's {name} was not read. {reply.errors[0].message if reply.errors else ''}".rstrip())
    if _answered(replies["queue"]):
        facts["queue"] = _queue(replies["queue"].outputs, host.now)
    if _answered(replies["badmail"]):
        # .BAD is the message; .BDP and .BDR beside it say why it lies there.
        facts["badmail"] = len(
            {str(entry.get("Name")).rpartition(".")[0] for entry in replies["badmail"].outputs if isinstance(entry, Mapping)}
        )
    if _answered(replies["counters"]):
        facts["counters"] = counters(replies["counters"].outputs)
    if log_folder and _answered(replies["log"]):
        try:
            facts["errors"] = _last_errors(session, log_folder, replies["log"].outputs, most_errors)
        except RemoteError as error:
            warnings.append(f"The relay's log was not read. {error.message}")
    return facts, warnings


def counters(outputs: list[Any]) -> dict[str, int] | None:
    """The numbers of the first object, ``RemoteQueueLength`` as ``remote_queue_length``; None where there is no object."""
    found = next((entry for entry in outputs if isinstance(entry, Mapping)), None)
    if found is None:
        return None
    return {
        "_".join(word.lower() for word in _WORD.findall(str(name))): int(value)
        for name, value in sorted(found.items())
        if isinstance(value, (int, float)) and not isinstance(value, bool) and not _NO_COUNTERS.fullmatch(str(name))
    }


def _files(folder: str) -> Statement:
    return cmdlet("Get-ChildItem", LiteralPath=folder, File=True)


def _answered(reply: Reply) -> bool:
    return reply.read and not reply.errors


def _queue(outputs: list[Any], now: Any) -> dict[str, Any]:
    files = [entry for entry in outputs if isinstance(entry, Mapping)]
    clock = parse_moment(now)
    moments = [moment for entry in files if (moment := parse_moment(entry.get("LastWriteTimeUtc"))) is not None]
    return {
        "files": len(files),
        "bytes": sum(int(entry.get("Length") or 0) for entry in files),
        "oldest_seconds": max(0, int((clock - min(moments)).total_seconds())) if clock and moments else None,
    }


def _last_errors(session: Session, folder: str, outputs: list[Any], most: int) -> list[dict[str, str]]:
    """Of the newest file of the log."""
    files = [entry for entry in outputs if isinstance(entry, Mapping) and str(entry.get("Name")).lower().endswith(".log")]
    if not files or not most:
        return []
    newest = max(files, key=lambda entry: str(entry.get("LastWriteTimeUtc")))
    (lines,) = session.read(cmdlet("Get-Content", LiteralPath=f"{folder}\\{newest['Name']}", Tail=_LINES))
    return protocol_log.errors([str(line) for line in lines], most)
