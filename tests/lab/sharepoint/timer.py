"""The timer service (OWSTIMER): job definitions, their history, and the runs of those that send mail."""

from __future__ import annotations

import datetime
import itertools
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.lab.engine.objects import Method, NetObject
from tests.lab.sharepoint.content import SPWeb
from tests.lab.sharepoint.messages import Sender, alert_body, compose, task_body
from tests.lab.sharepoint.persisted import PersistedObject, identifier
from tests.lab.sharepoint.product import JOB_STATUS
from tests.lab.sharepoint.smtp import Mailer, Process
from tests.lab.sharepoint.uls import UlsLog
from tests.lab.sharepoint.web_application import MailSettings, WebApplication

IMMEDIATE_ALERTS = "job-immediate-alerts"
WORKFLOW = "job-workflow"


class SPJobHistory(NetObject):
    """One finished run of a job. Its status says how the job ended, and nothing about the mails' fate."""

    type_names = ("Microsoft.SharePoint.Administration.SPJobHistory", "System.Object")

    def __init__(self, number: int, job: SPTimerJob, server: str, start: datetime.datetime, end: datetime.datetime, error: str) -> None:
        self._values: dict[str, Any] = {
            "Id": number,
            "JobDefinitionId": job.id,
            "JobDefinitionTitle": job.title,
            "WebApplicationName": job.application.name,
            "ServerName": server,
            "StartTime": start,
            "EndTime": end,
            "Status": JOB_STATUS("Failed" if error else "Succeeded"),
            "ErrorMessage": error or None,
            "DatabaseName": job.application.content_database,
        }

    def properties(self) -> Mapping[str, Any]:
        return self._values


class SPTimerJob(PersistedObject):
    """A job definition of one web application. A disabled job does not run, not even by hand."""

    classes: tuple[str, ...] = ("SPJobDefinition", "SPPersistedUpgradableObject")

    def __init__(self, class_name: str, name: str, title: str, application: WebApplication, show: Callable[[], Any]) -> None:
        self.classes = (class_name, *SPTimerJob.classes)
        super().__init__(name, f"{application.url}{name}")
        self.title = title
        self.application = application
        self.disabled = False
        self.history: list[SPJobHistory] = []
        self._show = show

    def own_properties(self) -> Mapping[str, Any]:
        last = self.history[0].properties()["StartTime"] if self.history else datetime.datetime.min
        return {
            "DisplayName": self.title,
            "Title": self.title,
            "IsDisabled": self.disabled,
            "LastRunTime": last,
            "WebApplication": self._show(),
            "Server": None,
            "Schedule": "every 5 minutes between 0 and 59",
            "HistoryEntries": list(self.history),
        }

    def settable(self) -> frozenset[str]:
        return frozenset({"IsDisabled"})

    def set_property(self, name: str, value: Any) -> None:
        if name != "IsDisabled":
            super().set_property(name, value)
        self.disabled = bool(value)

    def methods(self) -> Mapping[str, Sequence[Method]]:
        return {"Update": [lambda: None]}


class TimerService:
    """Runs jobs on the server that holds the timer lock, each run in a thread of its own.

    ``process(server)`` is the OWSTIMER of a server, ``settings(application)`` what it finds as that application's mail settings.
    """

    def __init__(
        self,
        server: str,
        process: Callable[[str], Process],
        settings: Callable[[WebApplication], MailSettings],
        webs: Mapping[str, SPWeb],
        mailer: Mailer,
        logs: Mapping[str, UlsLog],
    ) -> None:
        self.server = server
        self._process = process
        self._settings = settings
        self._webs = webs
        self._mailer = mailer
        self._logs = logs
        self._runs: list[threading.Thread] = []
        self._numbers = itertools.count(1)
        self._one_at_a_time = threading.Lock()

    def start(self, job: SPTimerJob) -> None:
        """Asks for a run and does not wait for it."""
        if job.disabled:
            return
        run = threading.Thread(target=self._run, args=(job, self.server), name=f"OWSTIMER {job.name}", daemon=True)
        self._runs = [other for other in self._runs if other.is_alive()] + [run]
        run.start()

    def wait(self) -> None:
        """Returns when no job runs any more."""
        for run in list(self._runs):
            run.join()

    def _run(self, job: SPTimerJob, server: str) -> None:
        with self._one_at_a_time:
            start = datetime.datetime.now(datetime.UTC)
            process = self._process(server)
            correlation = uuid.uuid4()
            self._logs[server].write(
                str(process), "Monitoring", "nasq", "Medium", f"Entering monitored scope (Timer Job {job.name}). Parent No", correlation
            )
            if job.name == IMMEDIATE_ALERTS and job.application.alerts_enabled:
                self._send_alerts(job.application, process, correlation)
            elif job.name == WORKFLOW:
                self._send_tasks(job.application, process, correlation)
            end = datetime.datetime.now(datetime.UTC)
            job.history.insert(0, SPJobHistory(next(self._numbers), job, server, start, end, ""))

    def _send_alerts(self, application: WebApplication, process: Process, correlation: uuid.UUID) -> None:
        web = self._webs[application.name]
        settings = self._settings(application)
        for event in web.take_events():
            alert, item = event.alert, event.item
            headers = {
                "X-AlertTitle": alert.list.title,
                "X-AlertId": str(identifier("alert event", f"{alert.id}{item.number}{event.event}")),
                "X-AlertWebUrl": f"{web.url}/",
                "X-AlertWebSoap": f"{web.url}/_vti_bin/alerts.asmx",
                "X-AlertServerType": "STS",
            }
            url = f"{alert.list.url}/DispForm.aspx?ID={item.number}"
            body = alert_body(alert.list.title, item.label, {"Add": "added", "Delete": "deleted"}[event.event], url)
            subject = f"{alert.list.title} - {item.label}"
            envelope = compose(settings, Sender.of(settings, web.title), [alert.user.email], [], [], subject, body, headers)
            self._mailer.send(process, settings, envelope, correlation)

    def _send_tasks(self, application: WebApplication, process: Process, correlation: uuid.UUID) -> None:
        """Workflows go on: each hands out its task, and whoever has to do it is told."""
        web = self._webs[application.name]
        settings = self._settings(application)
        for workflow, task in web.hand_out_tasks():
            association = workflow.association
            url = f"{web.url}/Lists/{association.task_list}/DispForm.aspx?ID={task.number}"
            body = task_body(task.title, association.assigned_to.name, url)
            subject = f"{association.task_list} - {task.title}"
            sender = Sender.of(settings, web.title)
            envelope = compose(settings, sender, [association.assigned_to.email], [], [], subject, body, {})
            self._mailer.send(process, settings, envelope, correlation)
