"""SMTPSVC while it runs: sockets for the bindings, and the worker that delivers. It goes by the settings as they were when it started."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable

from tests.lab.directory import Directory
from tests.lab.eventloop import LoopThread
from tests.lab.exchange.ntlm import NtlmAcceptor
from tests.lab.iis.delivery import Delivery
from tests.lab.iis.files import Files
from tests.lab.iis.metabase import Effective
from tests.lab.iis.protocol_log import ProtocolLog
from tests.lab.iis.session import Connection, Gate, Policy
from tests.lab.iis.spool import Spool
from tests.lab.network import Network

_log = logging.getLogger(__name__)
FIRST_FREE_PORT = 1024
"""An unprivileged process cannot listen below."""


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """What the service has around it on its host. ``host`` is the short name, ``version`` that of the SMTP server."""

    host: str
    version: str
    network: Network
    directory: Directory
    acceptor: NtlmAcceptor
    files: Files
    spool: Spool
    reachable: Callable[[str, int], bool]
    mutants: frozenset[str]

    @property
    def address(self) -> str:
        return self.network.addresses[self.host]


class SmtpService:
    """One run of the service. ``stuck``: it takes mail and leaves it in the queue."""

    def __init__(self, around: Surroundings, settings: Effective, stuck: bool = False) -> None:
        self._around = around
        self._settings = settings
        self._protocol_log = ProtocolLog(around.files, settings, around.host.upper(), around.address)
        self._delivery = Delivery(
            settings,
            around.network,
            around.host,
            around.spool,
            around.files,
            self._protocol_log,
            stuck,
            authenticates="relay-drops-credentials" not in around.mutants,
        )
        self._loop = LoopThread(f"smtpsvc {around.host}")
        self._servers: list[asyncio.Server] = []
        self._live: set[Connection] = set()

    def start(self) -> None:
        """Opens what can be opened: a port that is taken, an address of another host and a port below 1024 stay closed."""
        self._around.spool.counters.clear()
        self._loop.start()
        self._loop.run(self._listen())
        self._delivery.start()

    def stop(self) -> None:
        self._loop.run(self._close())
        self._loop.stop()
        self._delivery.stop()

    @property
    def connections(self) -> int:
        return len(self._live)

    async def _listen(self) -> None:
        around = self._around
        policy = Policy(
            self._settings,
            around.directory,
            around.acceptor,
            around.host,
            around.version,
            around.reachable,
            serves_anyone="relay-serves-anyone" in around.mutants,
            loses_mail="relay-loses-mail" in around.mutants,
        )
        for binding in self._settings.bindings:
            if binding.address not in ("", around.address) or binding.port < FIRST_FREE_PORT:
                _log.warning("%s does not listen on %s:%d", around.host, binding.address or "*", binding.port)
                continue
            try:
                self._servers.append(await self._open(policy, binding.port))
            except OSError as error:
                _log.warning("%s cannot listen on port %d: %s", around.host, binding.port, error)

    async def _open(self, policy: Policy, port: int) -> asyncio.Server:
        def connection() -> Connection:
            return Connection(policy, self._around.spool, self._protocol_log, self._live)

        return await asyncio.get_running_loop().create_server(lambda: Gate(policy, port, connection), self._around.address, port)

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for connection in list(self._live):
            if connection.transport is not None:
                connection.transport.close()
        # A transport tells its protocol that it is closed in the loop's next turn.
        await asyncio.sleep(0)
