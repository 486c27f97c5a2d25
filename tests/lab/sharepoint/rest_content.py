"""Lists, items and files over REST."""

from __future__ import annotations

import datetime
import re
from typing import Any

from tests.lab.sharepoint.content import SPWeb
from tests.lab.sharepoint.lists import Item, SPDocumentLibrary, SPList
from tests.lab.sharepoint.odata import Entity, RestError, read_body
from tests.lab.sharepoint.persisted import identifier
from tests.lab.sharepoint.rest_request import FILE, FOLDER, ITEM, LIST, TEXT, Request, Result, Route, argument, unquoted
from tests.lab.sharepoint.workflow import WorkflowAssociation

FILTER = re.compile(rf"(?:Title eq '(?P<is>{TEXT})'|startswith\(Title,\s*'(?P<begin>{TEXT})'\))")
ADD_ARGUMENT = re.compile(rf"\s*(?:url='(?P<url>{TEXT})'|overwrite=(?P<overwrite>true|false))\s*(?:,|$)", re.IGNORECASE)


class ContentApi:
    """The lists of one web. ``routes()`` says which addresses it answers."""

    def __init__(self, web: SPWeb) -> None:
        self._web = web

    def routes(self) -> list[Route]:
        return [
            ("GET", r"/web/lists", lambda request, match: (200, [self._list_entity(entry) for entry in self._web.lists])),
            ("GET", LIST, lambda request, match: (200, self._list_entity(self.list_of(match)))),
            ("GET", LIST + r"/workflowassociations", self._workflows),
            ("GET", LIST + r"/items", self._items),
            ("POST", LIST + r"/items", self._add_item),
            ("GET", ITEM, lambda request, match: (200, self.item_entity(*self.item_of(match), request.names("$select")))),
            ("DELETE", LIST + r"/items\((?P<number>\d+)\)", self._delete_item),
            ("GET", FOLDER, lambda request, match: (200, self._folder_entity(self._folder(match)))),
            ("GET", FOLDER + r"/files", self._files),
            ("POST", FOLDER + r"/files/add\((?P<arguments>.*)\)", self._add_file),
            ("GET", FILE, lambda request, match: (200, self._file_entity(*self._file(unquoted(match["file"]))))),
            ("DELETE", FILE, self._delete_file),
        ]

    def list_of(self, match: re.Match[str]) -> SPList:
        """The list that an address names. Raises RestError when there is none."""
        number = argument(match, "id")
        if number is not None:
            for entry in self._web.lists:
                if str(entry.id) == number.lower():
                    return entry
            raise RestError(404, "-2130575322, System.ArgumentException", "List does not exist. It may have been deleted by another user.")
        title = unquoted(match["list"])
        found = self._web.list_titled(title)
        if found is None:
            raise RestError(404, "-1, System.ArgumentException", f"List '{title}' does not exist at site with URL '{self._web.url}'.")
        return found

    def item_of(self, match: re.Match[str]) -> tuple[SPList, Item]:
        """The item that an address names, by its number or by its file. Raises RestError when there is none."""
        path = argument(match, "file")
        if path is not None:
            return self._file(unquoted(path))
        of = self.list_of(match)
        item = of.items.get(int(match["number"]))
        if item is None:
            raise RestError(404, "-2130575338, System.ArgumentException", "Item does not exist. It may have been deleted by another user.")
        return of, item

    # Items

    def _items(self, request: Request, match: re.Match[str]) -> Result:
        of = self.list_of(match)
        items = list(of.items.values())
        if "$filter" in request.query:
            items = [item for item in items if _passes(item, request.query["$filter"])]
        if "$orderby" in request.query:
            items.sort(key=lambda item: item.number, reverse=_descending(request.query["$orderby"]))
        if "$top" in request.query:
            items = items[: int(request.query["$top"])] if request.query["$top"].isdigit() else items
        return 200, [self.item_entity(of, item, request.names("$select")) for item in items]

    def _add_item(self, request: Request, match: re.Match[str]) -> Result:
        to = self.list_of(match)
        wanted = read_body(request.body, request.content_type, to.entity_type)
        if isinstance(to, SPDocumentLibrary):
            message = "To add an item to a document library, use SPFileCollection.Add()"
            raise RestError(400, "-2130575284, Microsoft.SharePoint.SPException", message)
        author = self._web.user(request.account)
        assert author is not None, "the caller lets members in only"
        item = self._web.add_item(to, str(wanted.get("Title") or ""), author)
        return 201, self.item_entity(to, item)

    def _delete_item(self, request: Request, match: re.Match[str]) -> Result:
        of, item = self.item_of(match)
        request.check_etag(f'"{item.version}"')
        self._web.delete_item(of, item)
        return 200, None

    def _workflows(self, request: Request, match: re.Match[str]) -> Result:
        of = self.list_of(match)
        return 200, [self._workflow_entity(of, association) for association in of.workflows]

    # Files

    def _folder(self, match: re.Match[str]) -> SPList:
        path = argument(match, "folder")
        if path is None:
            return self.list_of(match)
        for entry in self._web.lists:
            if entry.folder.lower() == unquoted(path).rstrip("/").lower():
                return entry
        raise _file_not_found()

    def _library(self, match: re.Match[str]) -> SPDocumentLibrary:
        folder = self._folder(match)
        if not isinstance(folder, SPDocumentLibrary):
            raise _file_not_found()
        return folder

    def _file(self, path: str) -> tuple[SPDocumentLibrary, Item]:
        folder, _unused, name = path.rpartition("/")
        for entry in self._web.lists:
            if isinstance(entry, SPDocumentLibrary) and entry.folder.lower() == folder.lower():
                item = entry.file(name)
                if item is not None:
                    return entry, item
        raise _file_not_found()

    def securable(self, address: str) -> tuple[SPList, Item]:
        """The document or list item behind an absolute address: a file's own, or that of an item's form. Raises RestError."""
        path, _unused, query = address.removeprefix(self._web.url).partition("?")
        number = re.fullmatch(r"(?:.*&)?ID=(\d+)(?:&.*)?", query, re.IGNORECASE)
        for entry in self._web.lists:
            if number and path.lower() == f"{entry.folder}/DispForm.aspx".lower() and int(number[1]) in entry.items:
                return entry, entry.items[int(number[1])]
        return self._file(path)

    def _files(self, request: Request, match: re.Match[str]) -> Result:
        library = self._library(match)
        return 200, [self._file_entity(library, item) for item in library.items.values()]

    def _add_file(self, request: Request, match: re.Match[str]) -> Result:
        library = self._library(match)
        given: dict[str, str] = {}
        for found in ADD_ARGUMENT.finditer(match["arguments"]):
            given |= {name: value for name, value in found.groupdict().items() if value is not None}
        name = unquoted(given.get("url", "")).strip()
        if not name or any(sign in name for sign in '"*:<>?/\\|'):
            message = "The file or folder name contains characters that are not permitted.  Please use a different name."
            raise RestError(400, "-2130575245, Microsoft.SharePoint.SPException", message)
        author = self._web.user(request.account)
        assert author is not None, "the caller lets members in only"
        existing = library.file(name)
        if existing is None:
            return 200, self._file_entity(library, self._web.add_item(library, "", author, name, request.body))
        if given.get("overwrite", "false").lower() != "true":
            message = (
                f"A file with the name {library.folder.strip('/')}/{name} already exists. It was last modified by {existing.author.name}."
            )
            raise RestError(400, "-2130575257, Microsoft.SharePoint.SPException", message)
        existing.content = request.body
        existing.version += 1
        return 200, self._file_entity(library, existing)

    def _delete_file(self, request: Request, match: re.Match[str]) -> Result:
        library, item = self._file(unquoted(match["file"]))
        request.check_etag(self._file_etag(library, item))
        self._web.delete_item(library, item)
        return 200, None

    # What things look like

    def _list_entity(self, entry: SPList) -> Entity:
        properties = {
            "Id": str(entry.id),
            "Title": entry.title,
            "ItemCount": len(entry.items),
            "ListItemEntityTypeFullName": entry.entity_type,
            "BaseTemplate": entry.template,
            "Hidden": False,
            "IsCatalog": False,
        }
        return Entity("SP.List", f"{self._web.url}/_api/Web/Lists(guid'{entry.id}')", properties)

    def item_entity(self, of: SPList, item: Item, selected: set[str] | frozenset[str] = frozenset()) -> Entity:
        properties: dict[str, Any] = {
            "Id": item.number,
            "ID": item.number,
            "Title": item.title or None,
            "AuthorId": item.author.number,
            "Created": _time(item.created),
        }
        if item.assigned_to is not None:
            properties["AssignedToId"] = item.assigned_to.number
        own = {
            "FileLeafRef": item.name or f"{item.number}_.000",
            "FileRef": f"{of.folder}/{item.name or f'{item.number}_.000'}",
            "HasUniqueRoleAssignments": item.assignments is not None,
        }
        properties |= {name: value for name, value in own.items() if name.lower() in selected}
        uri = f"{self._web.url}/_api/Web/Lists(guid'{of.id}')/Items({item.number})"
        return Entity(of.entity_type, uri, properties, f'"{item.version}"')

    def _folder_entity(self, entry: SPList) -> Entity:
        properties = {
            "Name": entry.folder.rpartition("/")[2],
            "ServerRelativeUrl": entry.folder,
            "ItemCount": len(entry.items),
            "Exists": True,
        }
        return Entity("SP.Folder", f"{self._web.url}/_api/Web/GetFolderByServerRelativeUrl('{entry.folder}')", properties)

    def _file_etag(self, library: SPList, item: Item) -> str:
        return f'"{{{str(identifier("file", f"{library.id}{item.number}")).upper()}}},{item.version}"'

    def _file_entity(self, library: SPList, item: Item) -> Entity:
        path = f"{library.folder}/{item.name}"
        etag = self._file_etag(library, item)
        properties = {
            "Name": item.name,
            "ServerRelativeUrl": path,
            "Title": item.title or None,
            "ETag": etag,
            "Length": str(len(item.content)),
            "Exists": True,
            "TimeCreated": _time(item.created),
            "UniqueId": str(identifier("file", f"{library.id}{item.number}")),
            "UIVersionLabel": f"{item.version}.0",
        }
        quoted = path.replace("'", "''")
        return Entity("SP.File", f"{self._web.url}/_api/Web/GetFileByServerRelativeUrl('{quoted}')", properties)

    def _workflow_entity(self, of: SPList, association: WorkflowAssociation) -> Entity:
        properties = {
            name: _time(value) if isinstance(value, datetime.datetime) else str(value) if name == "Id" else value
            for name, value in association.properties().items()
        } | {"ListId": str(of.id), "WebId": str(self._web.id)}
        uri = f"{self._web.url}/_api/Web/Lists(guid'{of.id}')/WorkflowAssociations('{properties['Id']}')"
        return Entity("SP.Workflow.WorkflowAssociation", uri, properties)


def _time(value: datetime.datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")


def _file_not_found() -> RestError:
    return RestError(404, "-2147024894, System.IO.FileNotFoundException", "File Not Found.")


def _descending(order: str) -> bool:
    """Raises RestError for an order that is not by number."""
    match = re.fullmatch(r"id(?:\s+(asc|desc))?", order.strip(), re.IGNORECASE)
    if match is None:
        raise RestError(400, "-1, Microsoft.SharePoint.Client.InvalidClientQueryException", f'The expression "{order}" is not valid.')
    return (match[1] or "").lower() == "desc"


def _passes(item: Item, expression: str) -> bool:
    match = FILTER.fullmatch(expression.strip())
    if match is None:
        message = f'The expression "{expression}" is not valid.'
        raise RestError(400, "-1, Microsoft.SharePoint.Client.InvalidClientQueryException", message)
    if match["is"] is not None:
        return item.title == unquoted(match["is"])
    return item.title.startswith(unquoted(match["begin"]))
