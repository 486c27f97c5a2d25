# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sharing invitation, which w3wp sends as the person who shares."""

from __future__ import annotations

import dataclasses
from typing import Any, Final
from urllib.parse import quote, urlsplit

from ...common.errors import BadInput, MailError
from ...common.moments import now
from . import list_items
from .list_items import DELETE
from .not_run import NotRun
from .test_message import Sent, subject_of
from .web import Web, WebRefused

_VIEW: Final = 1
"""SP.Sharing.Role ([MS-CSOMSPT]): 1 is View."""
_LIBRARY: Final = 101
_SHARED_DOCUMENTS: Final = "SP.Data.Shared_x0020_DocumentsItem"
"""Type of the items of the library that setup makes, in any language."""
_CONTENT: Final = b"This document tests whether mail of SharePoint is delivered. It is removed at once.\r\n"


@dataclasses.dataclass
class Shared:
    """What was shared. ``taken_back``: the document inherits its permissions again, or is gone."""

    url: str
    recipient: str
    taken_back: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {"url": self.url, "with": self.recipient, "role": "View", "taken_back": self.taken_back}


def send_invitation(web: Web, library: str | None, recipient: str, token: str) -> tuple[Sent, Shared]:
    """Uploads a small document, shares it with ``recipient`` (an address or a login name), and takes both back.

    SharePoint sends the mail before it answers. ``Sent.sender`` is the address of the user who shares, if there is one.
    Raises NotRun where the farm has no such way of sharing, else MailError; permission and document are taken back in any case.
    """
    user = web.get("web/currentuser?$select=LoginName,Email")
    path, title = _library(web, library)
    name = f"{subject_of(token)}.txt"
    document = web.post(f"{path}/rootfolder/files/add(url='{list_items.text(name)}',overwrite=false)", document=_CONTENT)
    location = str(document.get("ServerRelativeUrl") or "")
    site = urlsplit(web.url)
    shared = Shared(f"{site.scheme}://{site.netloc}{quote(location)}", recipient)
    sent = Sent(token, subject_of(token), now(), web.server, (recipient,), "w3wp", sender=str(user.get("Email") or "") or None)
    with list_items.removed_afterwards(lambda: _take_back(web, location, title, shared)):
        address = _share(web, shared)
    return dataclasses.replace(sent, recipients=(address,)), shared


def _library(web: Web, title: str | None) -> tuple[str, str]:
    """Path and title of the library named, or of the one for shared documents, or of the first that people use."""
    if title is not None:
        found = [list_items.described(web, list_items.by_title(title), title)]
    else:
        lists = [entry for entry in list_items.all_lists(web) if not entry.get("IsCatalog") and not entry.get("IsSiteAssetsLibrary")]
        found = sorted(lists, key=lambda entry: entry.get("ListItemEntityTypeFullName") != _SHARED_DOCUMENTS)
    for entry in found:
        if entry.get("BaseTemplate") == _LIBRARY:
            return list_items.by_id(str(entry.get("Id"))), str(entry.get("Title"))
    if title is not None:
        raise BadInput(f"{title!r} of {web.url} is not a document library: an invitation shares a document. Nothing was sent.")
    raise NotRun(
        "no_document_library",
        f"{web.url} has no document library that {web.site.username} may see, and an invitation shares a document. Nothing was sent.",
    )


def _share(web: Web, shared: Shared) -> str:
    """Shares the document; the address that the mail went to."""
    wish = {
        "resourceAddress": shared.url,
        "userRoleAssignments": [{"__metadata": {"type": "SP.Sharing.UserRoleAssignment"}, "Role": _VIEW, "UserId": shared.recipient}],
        "validateExistingPermissions": False,
        "additiveMode": True,
        "sendServerManagedNotification": True,
        "customMessage": "This invitation tests whether mail of SharePoint is delivered. Nobody needs to do anything.",
        "includeAnonymousLinksInNotification": False,
    }
    try:
        answer = web.post("SP.Sharing.DocumentSharingManager.UpdateDocumentSharingInfo", wish)
    except WebRefused as refusal:
        if refusal.status == 404 and "ResourceNotFound" in refusal.code:
            raise NotRun(
                "sharing_not_available",
                f"{web.url} does not know SP.Sharing.DocumentSharingManager ({refusal.reply}): this SharePoint cannot share over REST. "
                f"Nothing was sent.",
            ) from refusal
        refusal.message += f" The document was not shared with {shared.recipient}, and nothing was sent."
        if refusal.status == 403:
            refusal.message += f" {web.site.username} needs the permission Manage Permissions on the library."
        raise
    outcome = next(iter(list_items.results(answer.get("UpdateDocumentSharingInfo", answer))), {})
    if not outcome.get("Status"):
        reason = str(outcome.get("Message") or "it gave no reason").rstrip(". ")
        raise BadInput(f"{web.url} did not share the document with {shared.recipient}: {reason}. Nothing was sent.")
    return str(outcome.get("Email") or shared.recipient)


def _take_back(web: Web, location: str, library: str, shared: Shared) -> str:
    """Removes the permission, then the document. Empty, or a sentence about what is left."""
    path = f"web/getfilebyserverrelativeurl('{list_items.text(location)}')"
    reasons = []
    try:
        web.post(f"{path}/listitemallfields/resetroleinheritance")
        own = web.get(f"{path}/listitemallfields/hasuniqueroleassignments").get("HasUniqueRoleAssignments")
        shared.taken_back = own is False
    except MailError as error:
        reasons.append(error.message)
    try:
        web.post(path, headers=DELETE)
    except MailError as error:
        reasons.append(error.message)
    else:
        shared.taken_back = True  # what was granted on the document went with it
        return ""
    state = "" if shared.taken_back else f", which {shared.recipient} may still read,"
    return (
        f" The document {location} that this task put into the library {library!r}{state} could not be removed: {' '.join(reasons)} "
        f"Remove it by hand."
    )
