# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of a site over REST, and items that a test adds and takes away again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from ...common.errors import BadInput, MailError
from .web import Web, WebRefused

DELETE = {"X-HTTP-Method": "DELETE", "IF-MATCH": "*"}
"""Headers that make a POST delete for good, whatever the state (not into the recycle bin)."""


def by_id(number: str) -> str:
    """Path of the list with this id."""
    return f"web/lists(guid'{number.strip('{}')}')"


def by_title(title: str) -> str:
    """Path of the list with this title."""
    return f"web/lists/getbytitle('{text(title)}')"


def text(value: str) -> str:
    """A text for an address, where it stands between single quotes: a quote is doubled ([MS-ODATA] 2.2.2, string literals)."""
    return quote(value.replace("'", "''"), safe="")


def entity_type(web: Web, path: str, title: str) -> str:
    """The type that new items of the list must name. Raises BadInput for a list that is not there."""
    return str(described(web, path, title).get("ListItemEntityTypeFullName") or "SP.ListItem")


def described(web: Web, path: str, title: str) -> dict[str, Any]:
    """The list at ``path``. Raises BadInput, naming ``title``, when it is not there."""
    try:
        return web.get(f"{path}?$select=Id,Title,BaseTemplate,ListItemEntityTypeFullName")
    except WebRefused as refusal:
        if refusal.status == 404 or refusal.code.startswith(("-1, System.ArgumentException", "-2130575322", "-2147024809")):
            raise BadInput(
                f"{web.url} has no list {title!r} that {web.site.username} may see ({refusal.reply}). Nothing was sent."
            ) from refusal
        raise


def all_lists(web: Web) -> list[dict[str, Any]]:
    """The site's lists that people see."""
    answer = web.get("web/lists?$select=Id,Title,BaseTemplate,Hidden,IsCatalog,IsSiteAssetsLibrary,ListItemEntityTypeFullName")
    return [entry for entry in results(answer) if not entry.get("Hidden")]


def results(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The objects of a collection."""
    entries = answer.get("results")
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


@contextmanager
def removed_afterwards(remove: Callable[[], str]) -> Iterator[None]:
    """Calls ``remove`` at the end of the block, however it ends.

    What it returns, a sentence about what is left or nothing, joins the block's error; without one it is raised as MailError.
    """
    try:
        yield
    except BaseException as error:  # whatever it is, what was made is removed first
        left = remove()
        if isinstance(error, MailError):
            error.message += left
            error.changed = error.changed or bool(left)
        raise
    left = remove()
    if left:
        leftover = MailError(f"The test message was requested, but the clean-up is not complete.{left}")
        leftover.changed = True
        raise leftover


@contextmanager
def added_item(web: Web, path: str, list_title: str, title: str) -> Iterator[dict[str, Any]]:
    """An item of the list at ``path`` for as long as the block lasts."""
    kind = entity_type(web, path, list_title)
    item = web.post(f"{path}/items", {"__metadata": {"type": kind}, "Title": title})
    with removed_afterwards(lambda: remove_item(web, path, list_title, item)):
        yield item


def remove_item(web: Web, path: str, list_title: str, item: dict[str, Any]) -> str:
    """Removes an item for good. Empty, or a sentence about what is left; one that is gone already is no fault."""
    number = item.get("Id", item.get("ID"))
    try:
        web.post(f"{path}/items({int(str(number))})", headers=DELETE)
    except (MailError, ValueError) as error:
        if isinstance(error, WebRefused) and error.status == 404:
            return ""
        reason = error.message if isinstance(error, MailError) else "SharePoint did not return its ID."
        return (
            f" The item {number} that this task added to the list {list_title!r} of {web.url} could not be removed: {reason} "
            f"Remove it by hand."
        )
    return ""
