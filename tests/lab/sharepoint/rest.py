"""The part of SharePoint's REST interface that mail tests need, as the w3wp of one server answers it for one web application."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import hmac
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.lab.directory import Account
from tests.lab.network import DOMAIN
from tests.lab.sharepoint.content import Item, SPList, SPUser, SPWeb
from tests.lab.sharepoint.messages import compose
from tests.lab.sharepoint.odata import Entity, RestError, Value, read_body, texts
from tests.lab.sharepoint.smtp import Mailer, Process
from tests.lab.sharepoint.web_application import MailSettings

DIGEST_SECONDS = 1800
DIGEST_TIME = "%d %b %Y %H:%M:%S -0000"
LIST = r"/web/lists(?:/getbytitle\('(?P<list>(?:[^']|'')*)'\)|\(guid'(?P<id>[0-9a-f-]{36})'\))"
FILTER = re.compile(r"(?:Title eq '(?P<is>(?:[^']|'')*)'|startswith\(Title,\s*'(?P<begin>(?:[^']|'')*)'\))")

Result = tuple[int, Entity | Value | Sequence[Entity] | None]


@dataclasses.dataclass(frozen=True)
class Request:
    """A request of somebody who has logged on. ``headers`` by lower-case name; ``method`` after X-HTTP-Method was looked at."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    account: Account
    correlation: uuid.UUID

    @property
    def query(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query, keep_blank_values=True).items()}

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


class Api:
    """``answer`` gives status and content of one request, or raises RestError."""

    def __init__(self, web: SPWeb, settings: Callable[[], MailSettings], process: Process, mailer: Mailer, key: bytes, build: str) -> None:
        self._web = web
        self._settings = settings
        self._process = process
        self._mailer = mailer
        self._key = key
        self._build = build
        self._routes: list[tuple[str, str, Callable[[Request, re.Match[str]], Result]]] = [
            ("POST", r"/contextinfo", self._context_info),
            ("POST", r"/sp\.utilities\.utility\.sendemail", self._send_email),
            ("GET", r"/web", lambda request, match: (200, self._web_entity())),
            ("GET", r"/web/currentuser", lambda request, match: (200, self._user_entity(self._user(request)))),
            ("GET", r"/web/lists", lambda request, match: (200, [self._list_entity(entry) for entry in self._web.lists])),
            ("GET", LIST, lambda request, match: (200, self._list_entity(self._list(match)))),
            ("GET", LIST + r"/items", self._items),
            ("POST", LIST + r"/items", self._add_item),
            ("GET", LIST + r"/items\((?P<number>\d+)\)", lambda request, match: (200, self._item_entity(*self._item(match)))),
            ("DELETE", LIST + r"/items\((?P<number>\d+)\)", self._delete_item),
        ]

    def answer(self, request: Request) -> Result:
        path = unquote(urlsplit(request.target).path)
        if not path.lower().startswith("/_api/"):
            raise RestError(404, "-1, System.IO.FileNotFoundException", "404 FILE NOT FOUND")
        resource = path[len("/_api") :].rstrip("/")
        matches = [(method, handler, re.fullmatch(route, resource, re.IGNORECASE)) for method, route, handler in self._routes]
        found = [(method, handler, match) for method, handler, match in matches if match is not None]
        if not found:
            message = f"Cannot find resource for the request {resource.strip('/')}."
            raise RestError(404, "-1, Microsoft.SharePoint.Client.ResourceNotFoundException", message)
        self._user(request)
        for method, handler, match in found:
            if method == request.method:
                if method != "GET" and handler != self._context_info:
                    self._check_digest(request)
                return handler(request, match)
        message = f"The HTTP method '{request.method}' cannot be used to access the resource '{resource.strip('/')}'."
        raise RestError(405, "-1, Microsoft.SharePoint.Client.InvalidClientQueryException", message)

    def _user(self, request: Request) -> SPUser:
        user = self._web.user(request.account)
        if user is None:
            message = "Access denied. You do not have permission to perform this action or access this resource."
            raise RestError(403, "-2147024891, System.UnauthorizedAccessException", message)
        return user

    # The digest: made for one user, valid for half an hour.

    def _digest(self, account: Account, time: str) -> str:
        return f"0x{hmac.new(self._key, f'{account.name}{self._web.url}{time}'.encode(), hashlib.sha512).hexdigest().upper()},{time}"

    def _check_digest(self, request: Request) -> None:
        given = request.headers.get("x-requestdigest", "")
        time = given.partition(",")[2]
        now = datetime.datetime.now(datetime.UTC)
        try:
            made = datetime.datetime.strptime(time, DIGEST_TIME).replace(tzinfo=datetime.UTC)
            valid = hmac.compare_digest(given.encode(), self._digest(request.account, time).encode())
        except ValueError:
            valid = False
        if not valid or (now - made).total_seconds() > DIGEST_SECONDS:
            message = (
                "The security validation for this page is invalid. Click Back in your Web browser, refresh the page, "
                "and try your operation again."
            )
            raise RestError(400, "-2130575251, Microsoft.SharePoint.SPException", message)

    def _context_info(self, request: Request, match: re.Match[str]) -> Result:
        time = datetime.datetime.now(datetime.UTC).strftime(DIGEST_TIME)
        information = {
            "FormDigestTimeoutSeconds": DIGEST_SECONDS,
            "FormDigestValue": self._digest(request.account, time),
            "LibraryVersion": self._build,
            "SiteFullUrl": self._web.url,
            "WebFullUrl": self._web.url,
        }
        return 200, Value("GetContextWebInformation", information)

    # Mail

    def _send_email(self, request: Request, match: re.Match[str]) -> Result:
        """Answers 200 whatever becomes of the mail; only a mail for nobody at all, or from nobody, is an error."""
        wanted = read_body(request.body, request.content_type, "SP.Utilities.EmailProperties", "properties")
        settings = self._settings()
        if not settings.server or not settings.sender:
            raise RestError(
                500, "-2147467259, Microsoft.SharePoint.SPException", "The server's outgoing e-mail settings are not configured."
            )
        to, copies, blind_copies = ([self._known(address) for address in texts(wanted.get(field))] for field in ("To", "CC", "BCC"))
        everybody = [user for user in (*to, *copies, *blind_copies) if user is not None]
        if not everybody:
            message = "The e-mail message cannot be sent. Make sure the e-mail has a valid recipient."
            raise RestError(400, "-1, Microsoft.SharePoint.SPException", message)
        subject, body = str(wanted.get("Subject") or ""), str(wanted.get("Body") or "")
        envelope = compose(settings, self._web.title, _reachable(to), _reachable(copies), _reachable(blind_copies), subject, body, {})
        if envelope.recipients:
            self._mailer.send(self._process, settings, envelope, request.correlation)
        return 200, Value("SendEmail", None)

    def _known(self, recipient: str) -> SPUser | None:
        """The user of this site behind an address or a login name."""
        wanted = recipient.strip().lower()
        return next((user for user in self._web.users if wanted and wanted in (user.email.lower(), user.login_name)), None)

    # Lists and items

    def _list(self, match: re.Match[str]) -> SPList:
        if match["id"] is not None:
            for entry in self._web.lists:
                if str(entry.id) == match["id"].lower():
                    return entry
            raise RestError(404, "-2130575322, System.ArgumentException", "List does not exist. It may have been deleted by another user.")
        title = match["list"].replace("''", "'")
        for entry in self._web.lists:
            if entry.title.lower() == title.lower():
                return entry
        raise RestError(404, "-1, System.ArgumentException", f"List '{title}' does not exist at site with URL '{self._web.url}'.")

    def _item(self, match: re.Match[str]) -> tuple[SPList, Item]:
        of = self._list(match)
        item = of.items.get(int(match["number"]))
        if item is None:
            raise RestError(404, "-2130575338, System.ArgumentException", "Item does not exist. It may have been deleted by another user.")
        return of, item

    def _items(self, request: Request, match: re.Match[str]) -> Result:
        of = self._list(match)
        items = list(of.items.values())
        if "$filter" in request.query:
            items = [item for item in items if _passes(item, request.query["$filter"])]
        if "$top" in request.query:
            items = items[: int(request.query["$top"])] if request.query["$top"].isdigit() else items
        return 200, [self._item_entity(of, item) for item in items]

    def _add_item(self, request: Request, match: re.Match[str]) -> Result:
        to = self._list(match)
        wanted = read_body(request.body, request.content_type, to.entity_type)
        item = self._web.add_item(to, str(wanted.get("Title") or ""), self._user(request))
        return 201, self._item_entity(to, item)

    def _delete_item(self, request: Request, match: re.Match[str]) -> Result:
        of, item = self._item(match)
        if request.headers.get("if-match") not in ("*", f'"{item.version}"'):
            message = "The request ETag value does not match the object's ETag value."
            raise RestError(412, "-1, Microsoft.SharePoint.Client.ClientServiceException", message)
        self._web.delete_item(of, item)
        return 200, None

    # What things look like

    def _web_entity(self) -> Entity:
        properties = {"Id": str(self._web.id), "Title": self._web.title, "Url": self._web.url, "ServerRelativeUrl": "/"}
        return Entity("SP.Web", f"{self._web.url}/_api/Web", properties)

    def _user_entity(self, user: SPUser) -> Entity:
        properties = {"Id": user.number, "LoginName": user.login_name, "Title": user.account.name, "Email": user.email}
        return Entity("SP.User", f"{self._web.url}/_api/Web/GetUserById({user.number})", properties)

    def _list_entity(self, entry: SPList) -> Entity:
        properties = {
            "Id": str(entry.id),
            "Title": entry.title,
            "ItemCount": len(entry.items),
            "ListItemEntityTypeFullName": entry.entity_type,
            "BaseTemplate": 100,
        }
        return Entity("SP.List", f"{self._web.url}/_api/Web/Lists(guid'{entry.id}')", properties)

    def _item_entity(self, of: SPList, item: Item) -> Entity:
        properties: dict[str, Any] = {
            "Id": item.number,
            "ID": item.number,
            "Title": item.title,
            "AuthorId": item.author.number,
            "Created": item.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        uri = f"{self._web.url}/_api/Web/Lists(guid'{of.id}')/Items({item.number})"
        return Entity(of.entity_type, uri, properties, f'"{item.version}"')


def _reachable(users: Sequence[SPUser | None]) -> list[str]:
    """Addresses that SendEmail sends to: users of the company's own mail domain; others get nothing, and nobody is told."""
    return [user.email for user in users if user is not None and user.email.lower().endswith(f"@{DOMAIN}")]


def _passes(item: Item, expression: str) -> bool:
    match = FILTER.fullmatch(expression.strip())
    if match is None:
        message = f'The expression "{expression}" is not valid.'
        raise RestError(400, "-1, Microsoft.SharePoint.Client.InvalidClientQueryException", message)
    if match["is"] is not None:
        return item.title == match["is"].replace("''", "'")
    return item.title.startswith(match["begin"].replace("''", "'"))
