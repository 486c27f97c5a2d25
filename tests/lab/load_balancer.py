"""A load balancer in front of Exchange: a TCP proxy that connects from its own address, so that servers see it and not the client."""

from __future__ import annotations

import asyncio
import contextlib

from tests.lab.eventloop import LoopThread
from tests.lab.network import SMTP_PORT, Network


class LoadBalancer:
    """``mail.corp.example``, port 1025, with ex01 as its one server."""

    def __init__(self, network: Network) -> None:
        self._address = network.addresses["mail"]
        self._target = network.addresses["ex01"]
        self._loop = LoopThread("load balancer")
        self._server: asyncio.Server | None = None

    def start(self) -> None:
        """Raises OSError when the port is taken."""
        self._loop.start()
        self._server = self._loop.run(asyncio.start_server(self._connected, self._address, SMTP_PORT))

    def stop(self) -> None:
        if self._server is not None:
            self._loop.loop.call_soon_threadsafe(self._server.close)
        self._loop.stop()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            to_read, to_write = await asyncio.open_connection(self._target, SMTP_PORT, local_addr=(self._address, 0))
        except OSError:
            writer.close()
            return
        await asyncio.gather(_copy(reader, to_write), _copy(to_read, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Passes on what comes until one side has had enough."""
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(ConnectionError):
        writer.close()
        await writer.wait_closed()
