"""A REST request, what it is answered with, and the parts of addresses that several resources share."""

from __future__ import annotations

import dataclasses
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import parse_qs, urlsplit

from tests.lab.directory import Account
from tests.lab.sharepoint.odata import Entity, RestError, Value

TEXT = r"(?:[^']|'')*"
"""What stands between the quotes of a text in an address: a quote in it is doubled."""
LIST = rf"/web/lists(?:/getbytitle\('(?P<list>{TEXT})'\)|\(guid'(?P<id>[0-9a-f-]{{36}})'\))"
FILE = rf"/web/getfilebyserverrelativeurl\('(?P<file>{TEXT})'\)"
ITEM = rf"(?:{LIST}/items\((?P<number>\d+)\)|{FILE}/listitemallfields)"
FOLDER = rf"(?:/web/getfolderbyserverrelativeurl\('(?P<folder>{TEXT})'\)|{LIST}/rootfolder)"


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

    def names(self, option: str) -> set[str]:
        """The lower-case names that ``$expand`` or ``$select`` lists."""
        return {name.strip().lower() for name in self.query.get(option, "").split(",") if name.strip()}

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    def check_etag(self, *etags: str) -> None:
        """Raises RestError unless If-Match names one of the states, or any."""
        if self.headers.get("if-match") not in ("*", *etags):
            message = "The request ETag value does not match the object's ETag value."
            raise RestError(412, "-1, Microsoft.SharePoint.Client.ClientServiceException", message)


Result = tuple[int, Entity | Value | Sequence[Entity] | None]
Handler = Callable[[Request, re.Match[str]], Result]
Route = tuple[str, str, Handler]
"""Method, pattern of the resource's address after ``/_api``, and what answers."""


def unquoted(text: str) -> str:
    """A text of an address without the doubling of its quotes."""
    return text.replace("''", "'")


def argument(match: re.Match[str], name: str) -> str | None:
    """What a named group of an address holds; None when the address does not have it."""
    return match.groupdict().get(name)


def denied() -> RestError:
    message = "Access denied. You do not have permission to perform this action or access this resource."
    return RestError(403, "-2147024891, System.UnauthorizedAccessException", message)
