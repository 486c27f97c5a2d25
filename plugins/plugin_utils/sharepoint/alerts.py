# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alerts, the timer job that sends them, and SharePoint's log, read and started by cmdlets."""

from __future__ import annotations

import dataclasses
import datetime
import re
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from ansible_collections.sharepoint.mail.plugins.plugin_utils.moments import parse_moment
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.errors import BadInput, MailError, RemoteError
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.pipeline import cmdlet
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.session import Session
from ansible_collections.sharepoint.mail.plugins.plugin_utils.sharepoint.shell import farm

JOB: Final = "job-immediate-alerts"
"""Name of the job "Immediate Alerts" of each web application ("Default timer jobs in SharePoint Server")."""

_HOW_TO_MAKE = (
    "A person makes one once, in the browser: open a list (a small one for tests), tab List, Alert Me, Set alert on this list; Send Alerts "
    "To the people to test, Change Type 'New items are added', When to Send Alerts 'Send notification immediately'."
)
# Entries of the history are listed newest first; a run that is waited for is among these.
_RECENT: Final = 20
_CLOCKS: Final = datetime.timedelta(seconds=5)
"""How far the clocks of controller and farm may be apart."""

# "OWSTIMER.EXE (0x0A28)", in merged logs "OWSTIMER.EXE (SP01:0x0A28)".
_PROCESS = re.compile(r"(?P<name>[^\s(]+)(?:\s*\((?:(?P<server>[^:)]+):)?0x[^)]*\))?")


@dataclasses.dataclass(frozen=True)
class AlertedList:
    """A list with immediate alerts, and the addresses that they go to."""

    id: str
    title: str
    recipients: tuple[str, ...]


def alerted_list(session: Session, web_url: str, title: str | None) -> AlertedList:
    """The list named ``title``, or the first one, with immediate alerts about new items that are on and go to somebody by mail.

    Raises BadInput, saying how a person makes one, when there is none.
    """
    farm(session)  # loads the cmdlets where the session needs it
    alerts = cmdlet("Get-SPWeb", Identity=web_url).member("Alerts")
    walks = (("AlertFrequency",), ("Status",), ("EventType",), ("DeliveryChannels",), ("List", "ID"), ("List", "Title"), ("User", "Email"))
    try:
        answers = session.read(*(alerts.member(*walk) for walk in walks))
    except RemoteError as error:
        if "Cannot find an SPWeb" in error.reply:
            raise BadInput(f"The farm of {session.host} has no site {web_url} ({error.reply}) Nothing was sent.") from error
        raise
    if len({len(answer) for answer in answers}) != 1:
        raise RemoteError("the alerts changed while they were read", cmdlet="Get-SPWeb", host=session.host)
    usable: dict[str, list[tuple[str, str]]] = {}
    for frequency, status, events, channels, list_id, list_title, address in zip(*answers, strict=True):
        if (
            str(frequency) == "Immediate"
            and str(status) == "On"
            and (_flags(events) & {"All", "Add"})
            and "Email" in _flags(channels)
            and address
            and (title is None or str(list_title).casefold() == title.casefold())
        ):
            usable.setdefault(str(list_id), []).append((str(list_title), str(address)))
    for list_id, found in usable.items():
        return AlertedList(list_id, found[0][0], tuple(sorted({address for _unused, address in found})))
    which = "No list" if title is None else f"The list {title!r}"
    verb = "has" if title is None else "has not got"
    raise BadInput(
        f"{which} of {web_url} {verb} an immediate alert about new items that is on and goes to an address. "
        f"Nothing was sent. {_HOW_TO_MAKE}"
    )


def _flags(value: Any) -> set[str]:
    return {name.strip() for name in str(value or "").split(",")}


class AlertJob:
    """The job that sends a web application's immediate alerts."""

    def __init__(self, session: Session, web_url: str) -> None:
        parts = urlsplit(web_url)
        self.web_application = f"{parts.scheme}://{parts.netloc}"
        self._session = session
        self._job = cmdlet("Get-SPTimerJob", Identity=JOB, WebApplication=self.web_application)

    def check(self) -> None:
        """Raises MailError when the job is not there or disabled."""
        (disabled,) = self._session.read(self._job.member("IsDisabled"))
        if not disabled:
            raise MailError(f"{self.web_application} has no timer job {JOB}: its alerts are never sent. Nothing was sent.")
        if disabled[0]:
            raise MailError(
                f"The timer job {JOB} of {self.web_application} is disabled: no alert is sent. Nothing was sent. "
                f"Enable it (Enable-SPTimerJob)."
            )

    def history(self) -> list[dict[str, Any]]:
        """The latest finished runs, newest first: server, status, started, ended (UTC, ISO 8601), error."""
        (entries,) = self._session.read(self._job.member("HistoryEntries").pipe("Select-Object", First=_RECENT))
        return [_run(entry) for entry in entries if isinstance(entry, Mapping)]

    def start(self) -> None:
        """Asks the timer service for a run. It does not say when it begins."""
        self._session.write(self._job.pipe("Start-SPTimerJob"))

    def wait(
        self, known: Collection[str], since: datetime.datetime, timeout: float, progress: Callable[[str], None]
    ) -> dict[str, Any] | None:
        """The run that began after ``since``; None when there is none after ``timeout`` seconds.

        ``known`` are the ``started`` of runs that were there before. Farms write the history a moment after the run.
        """
        deadline = time.monotonic() + timeout
        told = time.monotonic()
        latest: dict[str, Any] | None = None
        while True:
            fresh = [run for run in self.history() if run["started"] not in known and run["ended"]]
            latest = fresh[0] if fresh else latest
            for run in fresh:
                began = parse_moment(run["started"])
                if began is not None and began >= since - _CLOCKS:
                    return run
            if time.monotonic() >= deadline:
                return latest
            if time.monotonic() - told >= 10:
                told = time.monotonic()
                progress(f"Waiting for {JOB} of {self.web_application}: {deadline - told:.0f} s left")
            time.sleep(min(0.5, max(0.0, deadline - time.monotonic())))


def _run(entry: Mapping[str, Any]) -> dict[str, Any]:
    def moment(name: str) -> str:
        value = parse_moment(entry.get(name))
        return "" if value is None or value.year == 1 else value.isoformat()

    return {
        "server": str(entry.get("ServerName") or ""),
        "status": str(entry.get("Status") or ""),
        "started": moment("StartTime"),
        "ended": moment("EndTime"),
        "error": str(entry.get("ErrorMessage") or ""),
    }


def log_lines(
    session: Session, token: str, recipients: Collection[str], start: datetime.datetime, end: datetime.datetime
) -> list[dict[str, str]] | None:
    """Lines of SharePoint's log on the session's server about a test mail: ``server``, ``time``, ``process``, ``message``.

    Lines with ``token`` and, in the category E-Mail, those that name a recipient and no subject. None when the log cannot be read.
    """
    try:
        farm(session)
    except MailError:
        return None
    # An explicit offset makes .NET read the moment as the server's local time, in which the log is written ([MS-PSRP] 2.2.5.1.9 and
    # XmlConvert.ToDateTime, RoundtripKind). That Get-SPLogEvent would not convert UTC is an assumption on the safe side.
    zone = datetime.timezone(datetime.timedelta(hours=1))
    events = cmdlet("Get-SPLogEvent", StartTime=(start - _CLOCKS).astimezone(zone), EndTime=(end + _CLOCKS).astimezone(zone))
    replies = session.read_each(
        events.pipe("Where-Object", Property="Message", Value=f"*{token}*", Like=True),
        events.pipe("Where-Object", Property="Category", Value="E-Mail", EQ=True),
    )
    if any(reply.errors or not reply.read for reply in replies):
        return None
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for event in (output for reply in replies for output in reply.outputs if isinstance(output, Mapping)):
        message = str(event.get("Message") or "")
        lowered = message.lower()
        named = any(recipient.lower() in lowered for recipient in recipients)
        if token.lower() not in lowered and (not named or "subject" in lowered):
            continue
        process = _PROCESS.match(str(event.get("Process") or ""))
        written = parse_moment(event.get("Timestamp"))
        line = {
            "server": (process["server"] if process else None) or session.host,
            "time": "" if written is None else written.isoformat(),
            "process": process["name"] if process else "",
            "message": message,
        }
        lines[tuple(line.values())] = line
    return sorted(lines.values(), key=lambda line: line["time"])
