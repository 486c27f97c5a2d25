# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mailbox over Exchange Web Services: what an Exchange server offers from the start, where IMAP has to be switched on."""

from __future__ import annotations

import functools
import os
import re
import time
from collections.abc import Iterator, Set
from datetime import UTC, datetime
from typing import Any

from ..common.errors import MailboxError
from ..common.libraries import HTTPAdapter, MailMessage, exchange_web_services, requests
from .reader import Arrived

REQUEST_TIMEOUT = 20
MOST_ITEMS = 100
"""Newest items among which a token is looked for: it stands in few."""


def open_mailbox(
    mailbox: str, *, url: str, address: str, username: str, password: str, auth: str, ca_path: str | None, folder: str
) -> EwsReader:
    """A session with the folder open; ``mailbox`` is what messages call it, ``folder`` the inbox or a path below the mailbox's root.

    Raises MailboxError, and MissingLibrary where exchangelib is not installed.
    """
    library = exchange_web_services()
    if ca_path and not os.access(ca_path, os.R_OK):
        raise MailboxError(f"{mailbox}: the certificate authorities in {ca_path} cannot be read. No mailbox was read.")
    configuration = library.Configuration(
        service_endpoint=url,
        credentials=library.Credentials(username, password),
        auth_type=library.BASIC if auth == "basic" else library.NTLM,
        # Every supported server speaks this one; asking which it is would cost a request.
        version=library.Version(build=library.Build(15, 0)),
    )
    try:
        account = library.Account(address, config=configuration, access_type=library.DELEGATE, default_timezone=library.UTC)
        account.protocol = _protocol(library, configuration, ca_path)
        opened = account.inbox
        if folder.casefold() != "inbox":
            opened = functools.reduce(lambda parent, name: parent / name, folder.split("/"), account.msg_folder_root)
    except library.errors.UnauthorizedError as error:
        raise MailboxError(f"{mailbox} refused the user name {username} or its password ({auth}). No mailbox was read.") from error
    except (library.errors.ErrorFolderNotFound, library.errors.ErrorItemNotFound) as error:
        raise MailboxError(f"{mailbox}: folder {folder} cannot be opened: {error}. No mailbox was read.") from error
    except (library.errors.EWSError, requests.exceptions.RequestException, OSError, ValueError) as error:
        reason = _reason(error)
        if reason.startswith("certificate"):
            raise MailboxError(
                f"{mailbox}: the server's certificate is not trusted ({reason}). Set ca_path to the certificate authority that issued it, "
                f"and use in ews_url or host a name that the certificate contains. No mailbox was read."
            ) from error
        raise MailboxError(
            f"{mailbox} cannot be read over EWS: {reason}. No mailbox was read; check ews_url, auth, the mailbox's address and "
            f"{username}'s right to it."
        ) from error
    return EwsReader(library, account, opened)


def _protocol(library: Any, configuration: Any, ca_path: str | None) -> Any:
    """exchangelib's protocol with a trust of its own: the library has one adapter class for the whole process, mailboxes differ."""

    class Adapter(HTTPAdapter):
        def send(
            self, request: Any, stream: bool = False, timeout: Any = None, verify: Any = True, cert: Any = None, proxies: Any = None
        ) -> Any:
            # Neither REQUESTS_CA_BUNDLE nor a proxy of the controller's environment has a say about a server inside.
            return super().send(request, stream=stream, timeout=timeout, verify=ca_path or True, cert=cert, proxies={})

    members = {"HTTP_ADAPTER_CLS": Adapter, "TIMEOUT": REQUEST_TIMEOUT}
    own = type(library.protocol.Protocol)("MailboxProtocol", (library.protocol.Protocol,), members)
    # Its class would look it up by endpoint and credentials, and find one that trusts differently.
    return type.__call__(own, config=configuration)


_REASON = re.compile(r"certificate verify failed: [^(\]'\"]+|\[Errno -?\d+\] [^'\")]+|Code: \d+|timed out")


def _reason(error: BaseException) -> str:
    """The reason alone: exchangelib, requests and urllib3 each wrap it in words of their own, as text."""
    found = _REASON.search(str(error))
    return " ".join((found.group() if found else str(error)).split()).rstrip(".").replace("Code:", "the server answered with HTTP status")


class EwsReader:
    """One folder of a mailbox."""

    def __init__(self, library: Any, account: Any, folder: Any) -> None:
        self._library, self._account, self._folder = library, account, folder
        self.errors: tuple[type[BaseException], ...] = (library.errors.EWSError, requests.exceptions.RequestException, OSError)
        self._seen: set[str] = set()
        self._items: list[Any] | None = None
        self._messages: dict[str, MailMessage] = {}

    def has_news(self, tokens: Set[str]) -> bool:
        """One request for all tokens (FindItem with a restriction on the subject)."""
        first = self._items is None
        restriction = functools.reduce(
            lambda left, right: left | right, (self._library.Q(subject__contains=token) for token in sorted(tokens))
        )
        newest = self._folder.filter(restriction).order_by("-datetime_received").only("subject", "datetime_received")
        self._items = list(newest[:MOST_ITEMS])
        unseen = {item.id for item in self._items} - self._seen
        self._seen |= unseen
        return first or bool(unseen)

    def with_subject(self, token: str) -> Iterator[Arrived]:
        for item in self._items or ():
            if token in (item.subject or ""):
                yield Arrived(item.id, self._message(item), _moment(item.datetime_received), functools.partial(self._remove, item))

    def reports(self, token: str) -> Iterator[Arrived]:
        """Exchange's notifications carry the subject of the message that they are about."""
        for arrived in self.with_subject(token):
            if arrived.message.obj.get_content_type() == "multipart/report":
                yield arrived

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)

    def close(self) -> None:
        self._account.protocol.close()

    def _message(self, item: Any) -> MailMessage:
        """The message as Exchange renders it, with the headers it came with where the rendering left some out."""
        if item.id not in self._messages:
            (whole,) = self._account.fetch([item], folder=self._folder, only_fields=["mime_content", "headers"])
            if isinstance(whole, Exception):
                raise whole
            message = MailMessage.from_bytes(bytes(whole.mime_content or b""))
            rendered = {name.casefold() for name in message.obj}
            for header in whole.headers or ():
                if header.name.casefold() not in rendered:
                    message.obj[header.name] = " ".join(str(header.value or "").split())
            self._messages[item.id] = message
        return self._messages[item.id]

    def _remove(self, item: Any) -> bool:
        # Not item.delete(), which takes the item its id.
        (outcome,) = self._account.bulk_delete([(item.id, item.changekey)])  # for good, not to the deleted items
        if isinstance(outcome, Exception):
            raise outcome
        return True


def _moment(moment: Any) -> datetime | None:
    """exchangelib's own kind of datetime as Python's."""
    return None if moment is None else datetime.fromtimestamp(moment.timestamp(), UTC)
