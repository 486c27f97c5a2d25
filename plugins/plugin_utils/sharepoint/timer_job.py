# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The timer jobs of a web application that send mail, started and watched by cmdlets."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from ..common.moments import parse_moment
from ..remoting.pipeline import cmdlet
from ..remoting.session import Session
from .messages.not_run import NotRun
from .shell import farm

ALERTS: Final = "job-immediate-alerts"
"""Name of the job "Immediate Alerts" of each web application ("Default timer jobs in SharePoint Server")."""
WORKFLOW: Final = "job-workflow"
"""Name of the job "Workflow", which goes on with workflows that wait (same page)."""

# Entries of the history are listed newest first; a run that is waited for is among these.
_RECENT: Final = 20
_OF_A_RUN: Final = ("ServerName", "Status", "StartTime", "EndTime", "ErrorMessage")
CLOCKS: Final = datetime.timedelta(seconds=5)
"""How far the clocks of controller and farm may be apart."""


class TimerJob:
    """The job ``name`` of the web application that a site belongs to."""

    def __init__(self, session: Session, web_url: str, name: str) -> None:
        parts = urlsplit(web_url)
        self.name = name
        self.web_application = f"{parts.scheme}://{parts.netloc}"
        self._session = session
        self._job = cmdlet("Get-SPTimerJob", Identity=name, WebApplication=self.web_application)

    def check(self) -> None:
        """Raises NotRun when the job is not there or disabled: then nothing would send the mail."""
        farm(self._session)  # loads the cmdlets where the session needs it
        reply = self._session.read_each(self._job.member("IsDisabled"))[0]
        if reply.errors and "Cannot find an SPTimerJob" not in reply.errors[0].reply:
            raise reply.errors[0]
        if not reply.outputs:
            raise NotRun(
                "timer_job_missing", f"{self.web_application} has no timer job {self.name}: its mail is never sent. Nothing was sent."
            )
        if reply.outputs[0]:
            raise NotRun(
                "timer_job_disabled",
                f"The timer job {self.name} of {self.web_application} is disabled: its mail is not sent. Nothing was sent. "
                f"Enable it (Enable-SPTimerJob).",
            )

    def history(self) -> list[dict[str, Any]]:
        """The latest finished runs, newest first: server, status, started, ended (UTC, ISO 8601), error."""
        entries = self._session.read(self._job.member("HistoryEntries").select(*_OF_A_RUN, First=_RECENT))[0]
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
                if began is not None and began >= since - CLOCKS:
                    return run
            if time.monotonic() >= deadline:
                return latest
            if time.monotonic() - told >= 10:
                told = time.monotonic()
                progress(f"Waiting for {self.name} of {self.web_application}: {deadline - told:.0f} s left")
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
