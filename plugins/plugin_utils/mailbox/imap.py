# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mailbox over IMAP with TLS. Messages are read without marking them as seen."""

from __future__ import annotations

import contextlib
import functools
import imaplib
import ssl
import time
from collections.abc import Iterator, Set
from datetime import UTC, datetime

from ..common.errors import MailboxError
from ..common.libraries import AND, ImapToolsError, MailBox, MailboxLoginError, MailMessage
from .reader import Arrived

CONNECT_TIMEOUT = 20.0


def open_mailbox(mailbox: str, *, host: str, port: int, username: str, password: str, ca_path: str | None, folder: str) -> ImapReader:
    """A session that has signed in and selected ``folder``; ``mailbox`` is what messages call it. Raises MailboxError."""
    try:
        context = ssl.create_default_context(cafile=ca_path or None)
    except (OSError, ssl.SSLError) as error:
        raise MailboxError(f"{mailbox}: the certificate authorities in {ca_path} cannot be read: {error}.") from error
    try:
        session = MailBox(host, port, timeout=CONNECT_TIMEOUT, ssl_context=context)
    except ssl.SSLCertVerificationError as error:
        raise MailboxError(
            f"{mailbox}: the server's certificate is not trusted ({error.verify_message}). Set ca_path to the certificate authority that "
            f"issued it, and use a host name that the certificate contains. No mailbox was read."
        ) from error
    except (OSError, imaplib.IMAP4.error) as error:
        raise MailboxError(
            f"{mailbox} cannot be reached over IMAPS: {error}. No mailbox was read; check host, port and firewall."
        ) from error
    reader = ImapReader(session)
    try:
        session.login(username, password, initial_folder=folder)
    except MailboxLoginError as error:
        reader.close()
        raise MailboxError(f"{mailbox} refused the user name {username} or its password. No mailbox was read.") from error
    except (OSError, ImapToolsError, imaplib.IMAP4.error) as error:
        reader.close()
        raise MailboxError(f"{mailbox}: folder {folder} cannot be opened: {error}. No mailbox was read.") from error
    return reader


class ImapReader:
    """One folder of a mailbox."""

    errors: tuple[type[BaseException], ...] = (OSError, ImapToolsError, imaplib.IMAP4.error)

    def __init__(self, session: MailBox) -> None:
        self._session = session
        self._newest = -1

    @functools.cached_property
    def _abilities(self) -> frozenset[str]:
        """Asked for after signing in. The library remembers the greeting, where Dovecot leaves out UIDPLUS (RFC 9051, section 6.1.1)."""
        _unused, answers = self._session.client.capability()
        return frozenset(word.decode("ascii", "replace").upper() for answer in answers for word in bytes(answer or b"").split())

    def has_news(self, tokens: Set[str]) -> bool:
        # The last message is always part of the range "n:*" (RFC 9051, section 9, seq-range), so its number has to be compared.
        uids = [int(uid) for uid in self._session.uids(f"UID {self._newest + 1}:*" if self._newest >= 0 else "ALL")]
        newest = max(uids, default=0)
        news, self._newest = newest > self._newest, max(newest, self._newest)
        return news

    def with_subject(self, token: str) -> Iterator[Arrived]:
        return self._matching(AND(subject=token), headers_only=True)

    def reports(self, token: str) -> Iterator[Arrived]:
        return self._matching(AND(text=token), headers_only=False)

    def pause(self, seconds: float) -> None:
        # Not IDLE: imap-tools reads announcements without blocking, and loses lines that come in pieces.
        time.sleep(seconds)
        self._session.client.noop()

    def close(self) -> None:
        with contextlib.suppress(*self.errors):
            self._session.logout()

    def _matching(self, criteria: AND, *, headers_only: bool) -> Iterator[Arrived]:
        for message in self._session.fetch(criteria, mark_seen=False, headers_only=headers_only, reverse=True):
            uid = str(message.uid)
            yield Arrived(uid, message, self._internal_date(uid), functools.partial(self._remove, message))

    def _internal_date(self, uid: str) -> datetime | None:
        """RFC 9051, INTERNALDATE: whole seconds."""
        _unused, answers = self._session.client.uid("FETCH", uid, "(INTERNALDATE)")
        for answer in answers:
            moment = imaplib.Internaldate2tuple(answer) if isinstance(answer, bytes) else None
            if moment is not None:
                return datetime.fromtimestamp(time.mktime(moment), UTC)
        return None

    def _remove(self, message: MailMessage) -> bool:
        """EXPUNGE alone would also remove what somebody else had marked (RFC 4315), so without UIDPLUS it is used only if nothing was."""
        client, uid = self._session.client, str(message.uid)
        by_uid = "UIDPLUS" in self._abilities
        others = [] if by_uid else self._session.uids(AND(deleted=True))
        client.uid("STORE", uid, "+FLAGS", r"(\Deleted)")  # not imap-tools' delete() or flag(): both expunge all that is marked
        if by_uid:
            client.uid("EXPUNGE", uid)
        elif not others:
            client.expunge()
        return by_uid or not others
