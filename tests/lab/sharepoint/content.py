"""What stands in a site: users, lists with items, alerts, and the events that wait for the alert job."""

from __future__ import annotations

import dataclasses
import datetime
import threading
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from tests.lab.directory import Account
from tests.lab.engine.objects import EnumValue, Method, NetObject
from tests.lab.sharepoint.persisted import identifier
from tests.lab.sharepoint.product import ALERT_CHANNELS, ALERT_FREQUENCY, ALERT_STATUS, EVENT_TYPE


@dataclasses.dataclass(frozen=True)
class SPUser(NetObject):
    """Somebody who has access to a site."""

    number: int
    account: Account

    type_names = ("Microsoft.SharePoint.SPUser", "Microsoft.SharePoint.SPPrincipal", "System.Object")

    @property
    def login_name(self) -> str:
        """The name in claims form, as web applications with Windows claims have it."""
        return f"i:0#.w|{self.account.full_name.lower()}"

    @property
    def email(self) -> str:
        return self.account.mail or ""

    def __str__(self) -> str:
        return self.login_name

    def properties(self) -> Mapping[str, Any]:
        return {
            "ID": self.number,
            "LoginName": self.login_name,
            "UserLogin": self.login_name,
            "Name": self.account.name,
            "DisplayName": self.account.name,
            "Email": self.email,
            "IsSiteAdmin": "farm" in self.account.roles,
        }


@dataclasses.dataclass(frozen=True)
class Item:
    """A list item. ``version`` counts its states; it is the ETag."""

    number: int
    title: str
    author: SPUser
    created: datetime.datetime
    version: int = 1


class SPList(NetObject):
    """A list and its items."""

    type_names = ("Microsoft.SharePoint.SPList", "System.Object")

    def __init__(self, web_url: str, title: str) -> None:
        self.title = title
        self.id = identifier("list", web_url + title)
        self.url = f"{web_url}Lists/{title}"
        self.items: dict[int, Item] = {}
        self._last = 0

    def __str__(self) -> str:
        return self.title

    def properties(self) -> Mapping[str, Any]:
        return {"Title": self.title, "ID": self.id, "Id": self.id, "ItemCount": len(self.items), "BaseTemplate": 100}

    @property
    def entity_type(self) -> str:
        """Type of its items over REST: characters outside of A-Z, a-z, 0-9 stand as ``_xHHHH_``."""
        name = "".join(letter if letter.isascii() and letter.isalnum() else f"_x{ord(letter):04x}_" for letter in self.title)
        return f"SP.Data.{name[:1].upper()}{name[1:]}ListItem"

    def add(self, title: str, author: SPUser) -> Item:
        self._last += 1
        self.items[self._last] = Item(self._last, title, author, datetime.datetime.now(datetime.UTC).replace(microsecond=0))
        return self.items[self._last]


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


class SPWeb(NetObject):
    """The root web of a site."""

    type_names = ("Microsoft.SharePoint.SPWeb", "System.Object")

    def __init__(self, url: str, title: str, users: Sequence[Account]) -> None:
        self.url = url.rstrip("/")
        self.title = title
        self.id = identifier("web", url)
        self.users = [SPUser(number, account) for number, account in enumerate(users, start=1)]
        self.lists: list[SPList] = []
        self.alerts: list[SPAlert] = []
        self._events: list[AlertEvent] = []
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
        return next((user for user in self.users if user.account.name == account.name), None)

    def add_item(self, to: SPList, title: str, author: SPUser) -> Item:
        with self._lock:
            item = to.add(title, author)
            self._queue(to, item, "Add")
            return item

    def delete_item(self, of: SPList, item: Item) -> None:
        with self._lock:
            del of.items[item.number]
            self._queue(of, item, "Delete")

    def _queue(self, about: SPList, item: Item, event: str) -> None:
        self._events += [AlertEvent(alert, item, event) for alert in self.alerts if alert.list is about and alert.wants(event)]

    def take_events(self) -> list[AlertEvent]:
        """The events that wait, which then wait no more."""
        with self._lock:
            events, self._events = self._events, []
            return events

    @property
    def waiting(self) -> int:
        """How many alert events wait for the job."""
        return len(self._events)


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
