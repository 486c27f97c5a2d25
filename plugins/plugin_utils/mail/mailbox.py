# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages in IMAP mailboxes: found by a token in the subject, awaited together, read without marking them, removed by that token only."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import imaplib
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from ansible_collections.sharepoint.mail.plugins.plugin_utils.libraries import AND, ImapToolsError, MailBox, MailboxLoginError, MailMessage
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.errors import AddressError, MailboxError
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.headers import AUTH_HEADERS, received_chain

_T = TypeVar("_T")

CONNECT_TIMEOUT = 20.0
LONGEST_IDLE = 5.0
"""Seconds. Short enough that a server which forgets to announce a message costs no more than this."""
POLL_INTERVAL = 1.0


@dataclasses.dataclass(frozen=True)
class Mailbox:
    """Where a mailbox is read, and as whom."""

    address: str
    host: str
    port: int
    username: str
    password: str = dataclasses.field(repr=False)
    ca_path: str | None = None
    folder: str = "INBOX"

    def __str__(self) -> str:
        return f"Mailbox {self.address} on {self.host}:{self.port}"


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A message to wait for. ``sent`` (with time zone) makes the latency; ``id`` is the caller's own name for it."""

    id: str
    mailbox: str
    token: str
    sent: datetime | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9._@+-]{4,200}", self.token):
            raise AddressError(f"The token {self.token!r} is not made of 4 to 200 letters, digits and ._@+- only. No mailbox was read.")


Progress = Callable[[Sequence[Wanted], int], None]
"""Called with the messages still missing and the number awaited, whenever one was found."""


def await_messages(
    mailboxes: Sequence[Mailbox], wanted: Sequence[Wanted], *, timeout: float, remove: bool, progress: Progress
) -> list[dict[str, Any]]:
    """Waits up to ``timeout`` seconds for all messages, in all mailboxes at once; one result per wanted message, in that order.

    Found messages are removed when ``remove``. Raises MailboxError when a mailbox cannot be read, before any waiting.
    """
    by_address = {mailbox.address.casefold(): mailbox for mailbox in mailboxes}
    for one in wanted:
        if one.mailbox.casefold() not in by_address:
            raise MailboxError(f"Message {one.id!r} is expected in {one.mailbox}, which is none of the mailboxes given.")
    used = {address: mailbox for address, mailbox in by_address.items() if any(one.mailbox.casefold() == address for one in wanted)}
    watch = _Watch(list(wanted), progress)
    with contextlib.ExitStack() as stack, concurrent.futures.ThreadPoolExecutor(max_workers=max(len(used), 1)) as pool:
        sessions = _all([pool.submit(_open, mailbox, stack) for mailbox in used.values()])
        deadline = time.monotonic() + timeout
        pairs = zip(used.values(), sessions, strict=True)
        _all([pool.submit(_wait, mailbox, session, watch, deadline, remove) for mailbox, session in pairs])
    return [watch.result(one) for one in wanted]


def _all(futures: Sequence[concurrent.futures.Future[_T]]) -> list[_T]:
    """All results, or one error with the sentences of all that failed."""
    errors = [error for future in futures if (error := future.exception()) is not None]
    for error in errors:
        if not isinstance(error, MailboxError):
            raise error
    if errors:
        raise MailboxError(" ".join(map(str, errors))) from errors[0]
    return [future.result() for future in futures]


class _Watch:
    """What all the waiting threads share: what was found, and what is missing."""

    def __init__(self, wanted: list[Wanted], progress: Progress) -> None:
        self._wanted, self._progress = wanted, progress
        self._found: dict[Wanted, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def missing(self, mailbox: Mailbox) -> list[Wanted]:
        with self._lock:
            return [one for one in self._wanted if one not in self._found and one.mailbox.casefold() == mailbox.address.casefold()]

    def found(self, one: Wanted, facts: dict[str, Any]) -> None:
        with self._lock:
            self._found[one] = facts
            self._progress([other for other in self._wanted if other not in self._found], len(self._wanted))

    def result(self, one: Wanted) -> dict[str, Any]:
        facts = self._found.get(one, {"found": False})
        return {"id": one.id, "mailbox": one.mailbox, "token": one.token, **facts}


def _close(session: MailBox) -> None:
    with contextlib.suppress(OSError, ImapToolsError, imaplib.IMAP4.error):
        session.logout()


def _open(mailbox: Mailbox, stack: contextlib.ExitStack) -> MailBox:
    """A logged-on session that ``stack`` closes. Raises MailboxError."""
    try:
        context = ssl.create_default_context(cafile=mailbox.ca_path or None)
    except (OSError, ssl.SSLError) as error:
        raise MailboxError(f"{mailbox}: the certificate authorities in {mailbox.ca_path} cannot be read: {error}.") from error
    try:
        session = MailBox(mailbox.host, mailbox.port, timeout=CONNECT_TIMEOUT, ssl_context=context)
    except ssl.SSLCertVerificationError as error:
        raise MailboxError(
            f"{mailbox}: the server's certificate is not trusted ({error.verify_message}). Give ca_path the authority that signed it, "
            f"and the host a name that stands in it. No mailbox was read."
        ) from error
    except (OSError, imaplib.IMAP4.error) as error:
        raise MailboxError(
            f"{mailbox} cannot be reached over IMAPS: {error}. No mailbox was read; check host, port and firewall."
        ) from error
    stack.callback(_close, session)
    try:
        session.login(mailbox.username, mailbox.password, initial_folder=mailbox.folder)
    except MailboxLoginError as error:
        raise MailboxError(f"{mailbox} refused the user name {mailbox.username} or its password. No mailbox was read.") from error
    except (OSError, ImapToolsError, imaplib.IMAP4.error) as error:
        raise MailboxError(f"{mailbox}: folder {mailbox.folder} cannot be opened: {error}. No mailbox was read.") from error
    return session


def _wait(mailbox: Mailbox, session: MailBox, watch: _Watch, deadline: float, remove: bool) -> None:
    idle = "IDLE" in session.client.capabilities
    try:
        while True:
            for one in watch.missing(mailbox):
                for message in _search(session, one):
                    facts = _facts(message, one, _internal_date(session, str(message.uid)))
                    if remove:
                        facts["removed"] = _remove(session, message)
                    watch.found(one, facts)
                    break
            remaining = deadline - time.monotonic()
            if not watch.missing(mailbox) or remaining <= 0:
                return
            if idle:
                session.idle.wait(timeout=min(remaining, LONGEST_IDLE))
            else:
                time.sleep(min(remaining, POLL_INTERVAL))
                session.client.noop()
    except (OSError, ImapToolsError, imaplib.IMAP4.error) as error:
        raise MailboxError(
            f"{mailbox}: the connection was lost while waiting: {error}. What was found until then is not reported."
        ) from error


def _search(session: MailBox, one: Wanted) -> Iterator[MailMessage]:
    """Messages with the token in their subject, newest first. The server's idea of a match is checked: removal depends on it."""
    for message in session.fetch(AND(subject=one.token), mark_seen=False, headers_only=True, reverse=True):
        if one.token in message.subject:
            yield message


def _facts(message: MailMessage, one: Wanted, arrived: datetime | None) -> dict[str, Any]:
    headers: dict[str, list[str]] = {}
    for name, value in message.obj.items():
        headers.setdefault(name.lower(), []).append(str(value))
    seconds = None if one.sent is None or arrived is None else max(round((arrived - one.sent).total_seconds(), 1), 0.0)
    return {
        "found": True,
        "subject": message.subject,
        "from": message.from_,
        "seconds": seconds,
        "headers": {name: " ".join(values[0].split()) for name, values in headers.items() if name != "received"},
        "received": received_chain(headers.get("received", [])),
        **{key: next(iter(headers.get(name, [])), "").strip() for key, name in AUTH_HEADERS.items()},
        "removed": False,
    }


def _internal_date(session: MailBox, uid: str) -> datetime | None:
    """When the mailbox server took the message, by its clock (RFC 9051, INTERNALDATE: whole seconds)."""
    _unused, answers = session.client.uid("FETCH", uid, "(INTERNALDATE)")
    for answer in answers:
        moment = imaplib.Internaldate2tuple(answer) if isinstance(answer, bytes) else None
        if moment is not None:
            return datetime.fromtimestamp(time.mktime(moment), UTC)
    return None


def _remove(session: MailBox, message: MailMessage) -> bool:
    """Removes this message and no other; false when it could only be marked as deleted.

    EXPUNGE alone would also remove what somebody else had marked (RFC 4315), so without UIDPLUS it is used only if nothing was.
    """
    client, uid = session.client, str(message.uid)
    by_uid = "UIDPLUS" in client.capabilities
    others = [] if by_uid else session.uids(AND(deleted=True))
    client.uid("STORE", uid, "+FLAGS", r"(\Deleted)")  # not imap-tools' delete() or flag(): both expunge all that is marked
    if by_uid:
        client.uid("EXPUNGE", uid)
    elif not others:
        client.expunge()
    return by_uid or not others
