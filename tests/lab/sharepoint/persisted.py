"""Objects of the configuration database that hold no mail settings: servers, accounts, pools, service instances."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from tests.lab.engine.objects import NetObject
from tests.lab.sharepoint.product import OBJECT_STATUS, SERVER_ROLE

_NAMESPACE = uuid.UUID("6c1f5d0e-6a5b-4a57-9c5e-2f6f5d3c1a00")


def identifier(kind: str, name: str) -> uuid.UUID:
    """An id that is the same in every run of the lab."""
    return uuid.uuid5(_NAMESPACE, f"{kind}:{name.lower()}")


class PersistedObject(NetObject):
    """An SPPersistedObject: a name, an id, and the text ``<class> Name=<name>``."""

    classes: tuple[str, ...] = ()
    """Class names between this object's own and SPPersistedObject, most derived first."""

    def __init__(self, name: str, key: str | None = None) -> None:
        self.name = name
        self.id = identifier(self.classes[0], key or name)
        self.type_names = (
            *(f"Microsoft.SharePoint.Administration.{name}" for name in (*self.classes, "SPPersistedObject", "SPAutoSerializingObject")),
            "System.Object",
        )

    def __str__(self) -> str:
        return f"{self.classes[0]} Name={self.name}"

    def properties(self) -> Mapping[str, Any]:
        return {"Name": self.name, "DisplayName": self.name, "Id": self.id, "Status": OBJECT_STATUS("Online"), **self.own_properties()}

    def own_properties(self) -> Mapping[str, Any]:
        return {}


class SPServer(PersistedObject):
    """A host that the farm knows. Hosts without SharePoint (SQL Server, an SMTP server) have the role ``Invalid``."""

    classes: tuple[str, ...] = ("SPServer", "SPPersistedUpgradableObject")

    def __init__(self, name: str, role: str) -> None:
        super().__init__(name)
        self.role = role

    def own_properties(self) -> Mapping[str, Any]:
        return {"Address": self.name, "Role": SERVER_ROLE(self.role), "NeedsUpgrade": False}


class SPManagedAccount(PersistedObject):
    """A service account whose password the farm keeps."""

    classes: tuple[str, ...] = ("SPManagedAccount",)

    def __str__(self) -> str:
        return self.name

    def own_properties(self) -> Mapping[str, Any]:
        return {"Username": self.name, "UserName": self.name, "AutomaticChange": False}


class SPProcessAccount(NetObject):
    """The account a process of the farm runs as."""

    type_names = (
        "Microsoft.SharePoint.Administration.SPServerFarmAccount",
        "Microsoft.SharePoint.Administration.SPProcessAccount",
        "System.Object",
    )

    def __init__(self, account: SPManagedAccount) -> None:
        self.account = account

    def properties(self) -> Mapping[str, Any]:
        return {"Name": self.account.name, "LookupName": self.account.name, "ManagedAccount": self.account}


class SPApplicationPool(PersistedObject):
    """The IIS application pool of a web application; w3wp runs as its account."""

    classes: tuple[str, ...] = ("SPApplicationPool", "SPProcessIdentity")

    def __init__(self, name: str, account: SPManagedAccount) -> None:
        super().__init__(name)
        self.account = account

    def own_properties(self) -> Mapping[str, Any]:
        return {"Username": self.account.name, "ManagedAccount": self.account, "ProcessAccount": SPProcessAccount(self.account)}


class SPServiceInstance(PersistedObject):
    """A service on a server."""

    classes: tuple[str, ...] = ("SPServiceInstance",)

    def __init__(self, class_name: str, type_name: str, server: SPServer) -> None:
        self.classes = (class_name, "SPServiceInstance")
        super().__init__("", f"{type_name}/{server.name}")
        self.type_name = type_name
        self.server = server

    def __str__(self) -> str:
        return self.classes[0]

    def own_properties(self) -> Mapping[str, Any]:
        return {"TypeName": self.type_name, "Server": self.server, "Hidden": False}


class SPFarm(PersistedObject):
    """The farm itself."""

    classes: tuple[str, ...] = ("SPFarm", "SPPersistedUpgradableObject")

    def __init__(self, name: str, facts: Mapping[str, Any]) -> None:
        super().__init__(name)
        self._facts = facts

    def own_properties(self) -> Mapping[str, Any]:
        return self._facts
