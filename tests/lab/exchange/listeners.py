"""SMTP listeners that follow the receive connectors: a socket for each address and port that some enabled connector binds."""

from __future__ import annotations

import asyncio
import ipaddress
import logging

from tests.lab.eventloop import LoopThread
from tests.lab.exchange.hub import Hub
from tests.lab.exchange.ntlm import NtlmAcceptor
from tests.lab.exchange.servers import Server
from tests.lab.exchange.session import Connection
from tests.lab.exchange.state import State
from tests.lab.pki import Authority

_log = logging.getLogger(__name__)


class Listeners:
    """``follow()`` after each change of connectors. A binding to an address that is not the server's own listens nowhere."""

    def __init__(self, state: State, hub: Hub, pki: Authority) -> None:
        self._state = state
        self._hub = hub
        self._pki = pki
        self._acceptor = NtlmAcceptor(state.directory)
        self._loop = LoopThread("exchange smtp")
        self._servers: dict[tuple[str, int], asyncio.Server] = {}
        self._live: set[Connection] = set()

    def start(self) -> None:
        """Raises OSError when a port of a setup-made connector is taken."""
        self._loop.start()
        self._loop.run(self._follow(strict=True))

    def follow(self) -> None:
        """Opens and closes sockets as the connectors now want it. Sessions that are under way go on."""
        self._loop.run(self._follow(strict=False))

    def stop(self) -> None:
        if self._loop.running:
            self._loop.run(self._close())
            self._loop.stop()
        self._acceptor.close()

    def _wanted(self) -> dict[tuple[str, int], Server]:
        return {
            (connector.server.name, binding.port): connector.server
            for connector in self._state.connectors
            if connector.settings["Enabled"]
            for binding in connector.bindings
            if binding.listens_on(ipaddress.ip_address(connector.server.address))
        }

    async def _follow(self, strict: bool) -> None:
        wanted = self._wanted()
        for key in set(self._servers) - set(wanted):
            self._servers.pop(key).close()
        for key in set(wanted) - set(self._servers):
            try:
                self._servers[key] = await self._listen(wanted[key], key[1])
            except OSError as error:
                if strict:
                    raise
                _log.warning("%s cannot listen on port %d: %s", key[0], key[1], error)

    async def _listen(self, server: Server, port: int) -> asyncio.Server:
        context = self._pki.host_context(server.name.lower())

        def connected() -> Connection:
            return Connection(self._state, server, port, self._hub, context, self._acceptor, self._live)

        return await asyncio.get_running_loop().create_server(connected, server.address, port)

    async def _close(self) -> None:
        for server in self._servers.values():
            server.close()
        for connection in list(self._live):
            if connection.transport is not None:
                connection.transport.close()
        # A transport tells its protocol that it is closed in the loop's next turn.
        await asyncio.sleep(0)
