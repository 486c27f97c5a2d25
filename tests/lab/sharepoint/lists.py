"""Lists and document libraries, and what stands in them."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any

from tests.lab.engine.objects import NetObject
from tests.lab.sharepoint.persisted import identifier
from tests.lab.sharepoint.principals import Assignments, SPUser
from tests.lab.sharepoint.workflow import WorkflowAssociation


@dataclasses.dataclass(eq=False)
class Item:
    """A list item, or a document (``name`` is its file name then). ``version`` counts its states; it is the ETag.

    ``assignments`` None: what the web's users may do holds for it too.
    """

    number: int
    title: str
    author: SPUser
    created: datetime.datetime
    version: int = 1
    name: str = ""
    content: bytes = b""
    assignments: Assignments | None = None
    assigned_to: SPUser | None = None
    """Who has to do it, if it is a task."""
    tasks: list[Item] = dataclasses.field(default_factory=list)
    """What workflows that run on this item have handed out."""

    @property
    def label(self) -> str:
        return self.name or self.title


class SPList(NetObject):
    """A list and its items."""

    type_names: tuple[str, ...] = ("Microsoft.SharePoint.SPList", "System.Object")
    template = 100

    def __init__(self, web_url: str, title: str) -> None:
        self.title = title
        self.id = identifier("list", web_url + title)
        self.folder = f"/Lists/{title}"
        self.url = web_url.rstrip("/") + self.folder
        self.items: dict[int, Item] = {}
        self.workflows: list[WorkflowAssociation] = []
        self._last = 0

    def __str__(self) -> str:
        return self.title

    def properties(self) -> Mapping[str, Any]:
        return {
            "Title": self.title,
            "ID": self.id,
            "ItemCount": len(self.items),
            "BaseTemplate": self.template,
            "WorkflowAssociations": self.workflows,
        }

    @property
    def entity_type(self) -> str:
        """Type of its items over REST: characters outside of A-Z, a-z, 0-9 stand as ``_xHHHH_``."""
        return f"SP.Data.{_entity_name(self.title)}ListItem"

    def add(self, title: str, author: SPUser, name: str = "", content: bytes = b"") -> Item:
        self._last += 1
        created = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        self.items[self._last] = Item(self._last, title, author, created, name=name, content=content)
        return self.items[self._last]


class SPTaskList(SPList):
    """A list of tasks, each of them somebody's."""

    template = 107


class SPDocumentLibrary(SPList):
    """A library: its items are files in one folder."""

    type_names = ("Microsoft.SharePoint.SPDocumentLibrary", *SPList.type_names)
    template = 101

    def __init__(self, web_url: str, title: str, folder: str) -> None:
        super().__init__(web_url, title)
        self.folder = folder
        self.url = web_url.rstrip("/") + folder

    @property
    def entity_type(self) -> str:
        return f"SP.Data.{_entity_name(self.folder.strip('/'))}Item"

    def file(self, name: str) -> Item | None:
        return next((item for item in self.items.values() if item.name.lower() == name.lower()), None)


def _entity_name(text: str) -> str:
    name = "".join(letter if letter.isascii() and letter.isalnum() else f"_x{ord(letter):04x}_" for letter in text)
    return f"{name[:1].upper()}{name[1:]}"
