"""A site: its users and lists, alerts, permissions, and what waits for the timer jobs."""

from __future__ import annotations

import dataclasses
import threading
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from tests.lab.directory import Account
from tests.lab.engine.objects import EnumValue, Method, NetObject
from tests.lab.sharepoint.lists import Item, SPList
from tests.lab.sharepoint.persisted import identifier
from tests.lab.sharepoint.principals import CONTRIBUTE, FULL_CONTROL, Assignments, SecurityGroup, SPUser
from tests.lab.sharepoint.product import ALERT_CHANNELS, ALERT_FREQUENCY, ALERT_STATUS, EVENT_TYPE
from tests.lab.sharepoint.workflow import WorkflowAssociation

ALERT_ENUMERATIONS = {
    "Status": ALERT_STATUS,
    "AlertFrequency": ALERT_FREQUENCY,
    "EventType": EVENT_TYPE,
    "DeliveryChannels": ALERT_CHANNELS,
}
"""What can be set on an alert, and the type of each."""


class SPAlert(NetObject):
    """An alert on a list. What is set on it counts at once here; a real one waits for ``Update()``."""

    type_names = ("Microsoft.SharePoint.SPAlert", "System.Object")

    def __init__(self, user: SPUser, of: SPList, event_type: str) -> None:
        self.user = user
        self.list = of
        self.id = identifier("alert", f"{of.id}{user.login_name}")
        self.values: dict[str, EnumValue] = {
            "Status": ALERT_STATUS("On"),
            "AlertFrequency": ALERT_FREQUENCY("Immediate"),
            "EventType": EVENT_TYPE(event_type),
            "DeliveryChannels": ALERT_CHANNELS("Email"),
        }

    def properties(self) -> Mapping[str, Any]:
        return {"ID": self.id, "Title": self.list.title, "List": self.list, "User": self.user, "AlwaysNotify": False} | self.values

    def settable(self) -> frozenset[str]:
        return frozenset(ALERT_ENUMERATIONS)

    def set_property(self, name: str, value: Any) -> None:
        if name not in ALERT_ENUMERATIONS:
            super().set_property(name, value)
        self.values[name] = value if isinstance(value, EnumValue) else ALERT_ENUMERATIONS[name](value)

    def methods(self) -> Mapping[str, Sequence[Method]]:
        return {"Update": [lambda: None]}

    def wants(self, event: str) -> bool:
        """Whether the immediate job mails about an event, ``Add`` or ``Delete``."""
        return (
            str(self.values["Status"]) == "On"
            and str(self.values["AlertFrequency"]) == "Immediate"
            and event in self.values["EventType"]
            and "Email" in self.values["DeliveryChannels"]
        )


@dataclasses.dataclass(frozen=True)
class AlertEvent:
    """Something that happened and that an alert has to tell. ``event`` is ``Add`` or ``Delete``."""

    alert: SPAlert
    item: Item
    event: str


@dataclasses.dataclass(frozen=True)
class StartedWorkflow:
    """A workflow that runs on an item and has not handed out its task yet."""

    association: WorkflowAssociation
    item: Item


class SPWeb(NetObject):
    """The root web of a site. ``owners``: names of accounts with Full Control; the others have Contribute."""

    type_names = ("Microsoft.SharePoint.SPWeb", "System.Object")

    def __init__(self, url: str, title: str, members: Sequence[Account | SecurityGroup], owners: Sequence[str] = ()) -> None:
        self.url = url.rstrip("/")
        self.title = title
        self.id = identifier("web", url)
        self.users = [SPUser(number, member, member.name in owners) for number, member in enumerate(members, start=1)]
        self.lists: list[SPList] = []
        self.alerts: list[SPAlert] = []
        self._events: list[AlertEvent] = []
        self._workflows: list[StartedWorkflow] = []
        self._lock = threading.Lock()

    def __str__(self) -> str:
        return self.title

    def properties(self) -> Mapping[str, Any]:
        return {
            "ID": self.id,
            "Url": self.url,
            "Title": self.title,
            "Alerts": self.alerts,
            "Lists": self.lists,
            "SiteUsers": self.users,
            "ServerRelativeUrl": "/",
        }

    def user(self, account: Account) -> SPUser | None:
        return next((user for user in self.users if user.account == account), None)

    def find_user(self, name: str) -> SPUser | None:
        """By address, login name or display name."""
        wanted = name.strip().lower()
        return next((user for user in self.users if wanted and wanted in (user.email.lower(), user.login_name, user.name.lower())), None)

    def list_titled(self, title: str) -> SPList | None:
        return next((entry for entry in self.lists if entry.title.lower() == title.lower()), None)

    def add_item(self, to: SPList, title: str, author: SPUser, name: str = "", content: bytes = b"") -> Item:
        with self._lock:
            item = to.add(title, author, name, content)
            self._queue(to, item, "Add")
            self._workflows += [StartedWorkflow(association, item) for association in to.workflows if association.starts]
            return item

    def delete_item(self, of: SPList, item: Item) -> None:
        """Workflows that run on the item end with it, and their tasks go."""
        with self._lock:
            del of.items[item.number]
            self._queue(of, item, "Delete")
            self._workflows = [started for started in self._workflows if started.item is not item]
            for entry in self.lists:
                entry.items = {number: task for number, task in entry.items.items() if task not in item.tasks}

    def _queue(self, about: SPList, item: Item, event: str) -> None:
        self._events += [AlertEvent(alert, item, event) for alert in self.alerts if alert.list is about and alert.wants(event)]

    def take_events(self) -> list[AlertEvent]:
        """The events that wait, which then wait no more."""
        with self._lock:
            events, self._events = self._events, []
            return events

    def hand_out_tasks(self) -> list[tuple[StartedWorkflow, Item]]:
        """Makes the task of each workflow that has none yet."""
        with self._lock:
            started, self._workflows = self._workflows, []
            made = []
            for workflow in started:
                tasks = self.list_titled(workflow.association.task_list)
                if tasks is not None:
                    task = tasks.add(workflow.item.label, workflow.item.author)
                    task.assigned_to = workflow.association.assigned_to
                    workflow.item.tasks.append(task)
                    made.append((workflow, task))
            return made

    @property
    def waiting(self) -> int:
        """How many alert events wait for the job."""
        return len(self._events)

    # Permissions

    def inherited_assignments(self) -> Assignments:
        return {user.number: [FULL_CONTROL if user.owner else CONTRIBUTE] for user in self.users}

    def assignments(self, item: Item) -> Assignments:
        return self.inherited_assignments() if item.assignments is None else item.assignments

    def break_inheritance(self, item: Item, copy: bool = True) -> Assignments:
        """The item's own assignments, which from now on it has."""
        if item.assignments is None:
            item.assignments = self.inherited_assignments() if copy else {}
        return item.assignments


class SPSite(NetObject):
    """A site collection: here always one with a single web."""

    type_names = ("Microsoft.SharePoint.SPSite", "System.Object")

    def __init__(self, web: SPWeb, application: str) -> None:
        self.web = web
        self.application = application
        self.id: uuid.UUID = identifier("site", web.url)

    def __str__(self) -> str:
        return f"SPSite Url={self.web.url}"

    def properties(self) -> Mapping[str, Any]:
        return {"ID": self.id, "Url": self.web.url, "RootWeb": self.web, "AllWebs": [self.web], "CompatibilityLevel": 15}
