# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages in mailboxes, over IMAP or EWS: found by a token in the subject, awaited together, removed by that token only."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import re
import threading
import time
from collections.abc import Callable, Sequence, Set
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, TypeVar

from ..common.errors import AddressError, MailboxError
from ..mailbox import ews, imap
from .headers import AUTH_HEADERS, delivery_failures, received_chain
from .reader import Arrived, MailboxReader

_T = TypeVar("_T")

LONGEST_PAUSE = 0.4
"""Seconds between two looks, each of which costs a request or two: what waiting adds to a delivery stays well below a second."""


@dataclasses.dataclass(frozen=True)
class Mailbox:
    """Where a mailbox is read, and as whom. ``port`` None: the protocol's own. ``auth`` and ``ews_url`` concern EWS only."""

    address: str
    host: str | None
    username: str
    password: str = dataclasses.field(repr=False)
    port: int | None = None
    ca_path: str | None = None
    folder: str = "INBOX"
    protocol: Literal["imap", "ews"] = "imap"
    ews_url: str | None = None
    auth: Literal["basic", "ntlm"] = "ntlm"

    def __post_init__(self) -> None:
        if not self.host and not (self.protocol == "ews" and self.ews_url):
            raise MailboxError(f"Mailbox {self.address} has no host. No mailbox was read.")

    def __str__(self) -> str:
        return f"Mailbox {self.address} on {self.url if self.protocol == 'ews' else f'{self.host}:{self.port or 993}'}"

    @property
    def url(self) -> str:
        """Address of the Exchange Web Services; without ``ews_url`` where Exchange's setup puts them."""
        return self.ews_url or f"https://{self.host}{f':{self.port}' if self.port else ''}/EWS/Exchange.asmx"

    def open(self) -> MailboxReader:
        """A session that has signed in. Raises MailboxError."""
        if self.protocol == "ews":
            return ews.open_mailbox(
                str(self),
                url=self.url,
                address=self.address,
                username=self.username,
                password=self.password,
                auth=self.auth,
                ca_path=self.ca_path,
                folder=self.folder,
            )
        return imap.open_mailbox(
            str(self),
            host=str(self.host),
            port=self.port or 993,
            username=self.username,
            password=self.password,
            ca_path=self.ca_path,
            folder=self.folder,
        )


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A message to wait for.

    ``id`` is the caller's own name for it. ``to`` tells apart copies with the same token: the To header has to have this address.
    ``sent`` (with time zone) makes the latency. ``timeout`` in seconds counts from ``sent``, or from the start of the waiting.
    ``ndr_in`` is the mailbox in which a delivery status notification about it would arrive.
    """

    id: str
    mailbox: str
    token: str
    sent: datetime | None = None
    to: str | None = None
    timeout: float | None = None
    ndr_in: str | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9._@+-]{4,200}", self.token):
            raise AddressError(
                f"The token {self.token!r} does not consist of 4 to 200 letters, digits and ._@+- only. No mailbox was read."
            )

    def is_copy_of(self, arrived: Arrived) -> bool:
        """The server's idea of a match is checked: removal depends on it."""
        addressed = self.to is None or self.to.casefold() in (address.casefold() for address in arrived.message.to)
        report = arrived.message.obj.get_content_type() == "multipart/report"
        return addressed and not report and self.token in arrived.message.subject

    def failure_in(self, arrived: Arrived) -> dict[str, Any] | None:
        """What a delivery status notification says of this message's recipient; None when it is not about it."""
        recipient = (self.to or self.mailbox).casefold()
        failures = delivery_failures(arrived.message.obj) if self.token in arrived.text else []
        return next((one for one in failures if recipient in (one["recipient"].casefold(), one["original_recipient"].casefold())), None)


class Progress(Protocol):
    """Told at the start, and whenever a message was settled: how many there are, which arrived not yet, which never will."""

    def __call__(self, awaited: int, waiting: Sequence[Wanted], given_up: Sequence[Wanted]) -> None: ...


def await_messages(
    mailboxes: Sequence[Mailbox],
    wanted: Sequence[Wanted],
    *,
    timeout: float,
    remove: bool,
    progress: Progress,
    noticed: Callable[[Wanted], None] = lambda _one: None,
) -> list[dict[str, Any]]:
    """Waits for all messages, in all mailboxes at once; one result per wanted message, in that order.

    ``timeout`` (seconds from the start) is for messages without their own. Found messages are removed when ``remove``; ``noticed`` is
    called as each is found. Raises MailboxError when a mailbox cannot be read, before any waiting.
    """
    by_address = {mailbox.address.casefold(): mailbox for mailbox in mailboxes}
    for one in wanted:
        for address in filter(None, (one.mailbox, one.ndr_in)):
            if address.casefold() not in by_address:
                raise MailboxError(f"Message {one.id!r} is expected in {address}, which is not one of the given mailboxes.")
    watch = _Watch(wanted, timeout, progress, noticed)
    used = {address: mailbox for address, mailbox in by_address.items() if watch.open_in(address)}
    with contextlib.ExitStack() as stack, concurrent.futures.ThreadPoolExecutor(max_workers=max(len(used), 1)) as pool:
        readers = _all([pool.submit(_open, mailbox, stack) for mailbox in used.values()])
        watch.start()
        pairs = zip(used.items(), readers, strict=True)
        _all([pool.submit(_wait, address, mailbox, reader, watch, remove) for (address, mailbox), reader in pairs])
    return [watch.result(number) for number in range(len(wanted))]


def _open(mailbox: Mailbox, stack: contextlib.ExitStack) -> MailboxReader:
    reader = mailbox.open()
    stack.callback(reader.close)
    return reader


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
    """What all the waiting threads share: what was found, and who still looks for what."""

    def __init__(self, wanted: Sequence[Wanted], timeout: float, progress: Progress, noticed: Callable[[Wanted], None]) -> None:
        self._wanted, self._timeout, self._progress, self._noticed = wanted, timeout, progress, noticed
        self._found: dict[int, dict[str, Any]] = {}
        self._failures: dict[int, dict[str, Any]] = {}
        self._deadlines: list[float] = []
        # A message is given up when every mailbox in which it, or word of it, may arrive was looked into after its deadline.
        self._looking = [{address.casefold() for address in (one.mailbox, one.ndr_in) if address} for one in wanted]
        self._lock = threading.Lock()

    def start(self) -> None:
        """The clocks begin to run. Deadlines count from here, or from when a message was sent if that was earlier."""
        for one in self._wanted:
            allowed = self._timeout if one.timeout is None else one.timeout
            gone = (datetime.now(UTC) - one.sent).total_seconds() if one.sent and one.timeout is not None else 0.0
            self._deadlines.append(time.monotonic() + min(max(allowed - gone, 0.0), allowed))
        self._tell()

    @property
    def tokens(self) -> Set[str]:
        return {one.token for one in self._wanted}

    def open_in(self, address: str) -> list[tuple[int, Wanted]]:
        """What is still looked for in this mailbox, with its number."""
        with self._lock:
            return [(number, one) for number, one in enumerate(self._wanted) if address in self._looking[number]]

    def remaining(self, address: str) -> float:
        """Seconds to the next deadline in this mailbox."""
        return max(min((self._deadlines[number] for number, _one in self.open_in(address)), default=0.0) - time.monotonic(), 0.0)

    def found(self, number: int, facts: dict[str, Any]) -> None:
        self._noticed(self._wanted[number])
        self._settle(number, self._found, facts)

    def failed(self, number: int, facts: dict[str, Any]) -> None:
        self._settle(number, self._failures, facts)

    def _settle(self, number: int, where: dict[int, dict[str, Any]], facts: dict[str, Any]) -> None:
        with self._lock:
            where[number] = facts
            self._looking[number].clear()
            self._tell()

    def give_up(self, address: str, looked_at: float) -> None:
        """Ends the search in this mailbox for what was overdue when it was last looked into."""
        with self._lock:
            for number, addresses in enumerate(self._looking):
                if address in addresses and self._deadlines[number] <= looked_at:
                    addresses.remove(address)
                    if not addresses:
                        self._tell()

    def _tell(self) -> None:
        absent = [(one, bool(self._looking[number])) for number, one in enumerate(self._wanted) if number not in self._found]
        self._progress(len(self._wanted), [one for one, looking in absent if looking], [one for one, looking in absent if not looking])

    def result(self, number: int) -> dict[str, Any]:
        one = self._wanted[number]
        facts = self._found.get(number, {"found": False})
        return {"id": one.id, "mailbox": one.mailbox, "token": one.token, "ndr": self._failures.get(number), **facts}


def _wait(address: str, mailbox: Mailbox, reader: MailboxReader, watch: _Watch, remove: bool) -> None:
    try:
        while awaited := watch.open_in(address):
            looked_at = time.monotonic()
            if reader.has_news({one.token for _number, one in awaited}):
                _look(address, reader, awaited, watch, remove)
            watch.give_up(address, looked_at)
            if watch.open_in(address):
                reader.pause(min(max(watch.remaining(address), 0.05), LONGEST_PAUSE))
        if remove:
            _remove_other_copies(reader, watch.tokens)
    except reader.errors as error:
        raise MailboxError(f"{mailbox}: the connection was lost while waiting: {error}. What had been found is not reported.") from error


def _remove_other_copies(reader: MailboxReader, tokens: Set[str]) -> None:
    """A test message to a group reaches members for whom nobody looked: their copies go, too."""
    reader.has_news(tokens)  # what was removed meanwhile is not there any more
    for token in sorted(tokens):
        for arrived in list(reader.with_subject(token)):
            if token in arrived.message.subject:
                arrived.remove()


def _look(address: str, reader: MailboxReader, awaited: Sequence[tuple[int, Wanted]], watch: _Watch, remove: bool) -> None:
    taken: set[str] = set()
    for number, one in awaited:
        if one.mailbox.casefold() == address:
            for arrived in reader.with_subject(one.token):
                if arrived.key not in taken and one.is_copy_of(arrived):
                    taken.add(arrived.key)
                    watch.found(number, {**_facts(arrived, one), "removed": arrived.remove() if remove else False})
                    break
        if one.ndr_in and one.ndr_in.casefold() == address:
            for arrived in reader.reports(one.token):
                failure = one.failure_in(arrived)
                if failure is not None and arrived.key not in taken:
                    taken.add(arrived.key)
                    facts = {**failure, "subject": arrived.message.subject, "seconds": _seconds(arrived, one)}
                    watch.failed(number, {**facts, "removed": arrived.remove() if remove else False})
                    break


def _facts(arrived: Arrived, one: Wanted) -> dict[str, Any]:
    message = arrived.message
    headers: dict[str, list[str]] = {}
    for name, value in message.obj.items():
        headers.setdefault(name.lower(), []).append(str(value))
    return {
        "found": True,
        "subject": message.subject,
        "from": message.from_,
        "to": list(message.to),
        "return_path": next(iter(headers.get("return-path", [])), "").strip().strip("<>"),
        "seconds": _seconds(arrived, one),
        "headers": {name: " ".join(values[0].split()) for name, values in headers.items() if name != "received"},
        "received": received_chain(headers.get("received", [])),
        **{key: next(iter(headers.get(name, [])), "").strip() for key, name in AUTH_HEADERS.items()},
    }


def _seconds(arrived: Arrived, one: Wanted) -> float | None:
    if one.sent is None or arrived.time is None:
        return None
    return max(0.0, round((arrived.time - one.sent).total_seconds(), 1))
