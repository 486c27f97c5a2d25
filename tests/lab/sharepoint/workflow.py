"""Workflows that start by themselves when an item is made, and the tasks they hand out."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any

from tests.lab.engine.objects import NetObject
from tests.lab.sharepoint.persisted import identifier
from tests.lab.sharepoint.principals import SPUser

MADE = datetime.datetime(2026, 1, 5, 8, 0, tzinfo=datetime.UTC)


@dataclasses.dataclass(eq=False)
class WorkflowAssociation(NetObject):
    """A workflow of a list, which gives its one task to ``assigned_to``."""

    name: str
    list_title: str
    task_list: str
    assigned_to: SPUser
    start_on_creation: bool = True
    enabled: bool = True

    type_names = (
        "Microsoft.SharePoint.Workflow.SPWorkflowAssociation",
        "Microsoft.SharePoint.SPAutoSerializingObject",
        "System.Object",
    )

    def __str__(self) -> str:
        return self.type_names[0]

    def properties(self) -> Mapping[str, Any]:
        """The members that SPWorkflowAssociation and SP.Workflow.WorkflowAssociation have in common."""
        return {
            "Id": identifier("workflow", f"{self.list_title}{self.name}"),
            "Name": self.name,
            "Description": "",
            "InternalName": self.name,
            "AllowManual": True,
            "AutoStartCreate": self.start_on_creation,
            "AutoStartChange": False,
            "Enabled": self.enabled,
            "IsDeclarative": False,
            "TaskListTitle": self.task_list,
            "HistoryListTitle": "Workflow History",
            "Created": MADE,
            "Modified": MADE,
        }

    def settable(self) -> frozenset[str]:
        return frozenset({"AutoStartCreate", "Enabled"})

    def set_property(self, name: str, value: Any) -> None:
        if name == "AutoStartCreate":
            self.start_on_creation = bool(value)
        elif name == "Enabled":
            self.enabled = bool(value)
        else:
            super().set_property(name, value)

    @property
    def starts(self) -> bool:
        return self.enabled and self.start_on_creation
