"""Mailboxes of one mail domain: what was delivered is read over IMAP (TLS from the first byte).

pymap (MIT) is the IMAP server, with its in-memory backend; accounts and passwords are the lab's directory's.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import ssl
from argparse import Namespace
from collections.abc import Sequence

from proxyprotocol.sock import SocketInfo
from pymap.backend.dict import Config, Identity, Login
from pymap.exceptions import InvalidAuth
from pymap.imap import IMAPServer
from pymap.interfaces.login import IdentityInterface
from pymap.parsing.message import AppendMessage
from pymap.parsing.specials import FetchRequirement
from pymap.parsing.specials.flag import Seen
from pymap.user import UserMetadata
from pysasl.creds.server import ServerCredentials
from pysasl.identity import ClearIdentity

from tests.lab.directory import Directory
from tests.lab.eventloop import LoopThread
from tests.lab.network import IMAPS_PORT


@dataclasses.dataclass(frozen=True)
class Stored:
    """A message as it lies in an inbox. ``uid`` is its IMAP UID."""

    uid: int
    received: datetime.datetime
    content: bytes
    read: bool


class DirectoryLogin(Login):
    """Logs people in by mail address or ``CORP\\name``; the identity is the mail address, so both names open one mailbox."""

    def __init__(self, config: Config, directory: Directory, addresses: frozenset[str]) -> None:
        super().__init__(config)
        self._directory = directory
        self._addresses = addresses
        self.users_dict.update({address: UserMetadata(config, address) for address in addresses})

    async def authenticate(self, credentials: ServerCredentials) -> Identity:
        account = self._directory.find(credentials.authcid)
        if account is None or account.mail is None or account.mail.lower() not in self._addresses:
            raise InvalidAuth()
        if "@" in credentials.authcid and credentials.authcid.lower() != account.mail.lower():
            raise InvalidAuth()
        if not credentials.verify(ClearIdentity(credentials.authcid, account.password)):
            raise InvalidAuth()
        return self.identity(account.mail)

    async def authorize(self, authenticated: IdentityInterface, authzid: str) -> Identity:
        """Nobody opens a mailbox in another's name, so the name that was asked for has no say."""
        return self.identity(authenticated.name)

    def identity(self, address: str) -> Identity:
        return Identity(address.lower(), self, None, frozenset())


class Mailboxes:
    """The mailboxes of every account whose mail address ends in ``@domain``, and one IMAPS server for them."""

    def __init__(self, domain: str, directory: Directory, address: str, context: ssl.SSLContext) -> None:
        self.domain = domain
        self.addresses = frozenset(
            account.mail.lower() for account in directory.accounts.values() if account.mail and account.mail.lower().endswith(f"@{domain}")
        )
        self._address = address
        self._context = context
        nothing_from_the_command_line = Namespace(passlib_cfg=None, proxy_protocol=None)
        self._config = Config(
            nothing_from_the_command_line, demo_data=False, demo_user="", demo_password="", host=None, port=IMAPS_PORT, tls_enabled=False
        )
        self._login = DirectoryLogin(self._config, directory, self.addresses)
        self._loop = LoopThread(f"imap {domain}")
        self._server: asyncio.Server | None = None

    def start(self) -> None:
        """Raises OSError when the port is taken."""
        self._loop.start()
        self._server = self._loop.run(self._listen())

    def stop(self) -> None:
        if self._server is not None:
            self._loop.loop.call_soon_threadsafe(self._server.close)
        self._loop.stop()

    def deliver(self, address: str, content: bytes) -> None:
        """Puts a message into the inbox of ``address`` and wakes who waits there. Raises KeyError when there is no such mailbox."""
        if address.lower() not in self.addresses:
            raise KeyError(address)
        self._loop.run(self._append(address, content))

    def messages(self, address: str) -> Sequence[Stored]:
        """What lies in the inbox of ``address``, oldest first. Raises KeyError when there is no such mailbox."""
        if address.lower() not in self.addresses:
            raise KeyError(address)
        return self._loop.run(self._read(address))

    def remove(self, address: str, uid: int) -> None:
        """Takes a message out of the inbox of ``address``; nothing when it is gone."""
        self._loop.run(self._delete(address, uid))

    async def _listen(self) -> asyncio.Server:
        self._config.apply_context()
        server = IMAPServer(self._login, self._config)

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await server(reader, writer, SocketInfo.get(writer, None))

        return await asyncio.start_server(connected, self._address, IMAPS_PORT, ssl=self._context)

    async def _append(self, address: str, content: bytes) -> None:
        self._config.apply_context()
        async with self._login.identity(address).new_session() as session:
            inbox = await session.mailbox_set.get_mailbox("INBOX")
            await inbox.append(AppendMessage(content, datetime.datetime.now(datetime.UTC), frozenset()), recent=True)

    async def _read(self, address: str) -> list[Stored]:
        self._config.apply_context()
        async with self._login.identity(address).new_session() as session:
            inbox = await session.mailbox_set.get_mailbox("INBOX")
            found = []
            async for message in inbox.messages():
                content = bytes(await message.load_content(FetchRequirement.CONTENT))
                found.append(Stored(message.uid, message.internal_date, content, Seen in message.permanent_flags))
            return found

    async def _delete(self, address: str, uid: int) -> None:
        self._config.apply_context()
        async with self._login.identity(address).new_session() as session:
            inbox = await session.mailbox_set.get_mailbox("INBOX")
            await inbox.delete([uid])
