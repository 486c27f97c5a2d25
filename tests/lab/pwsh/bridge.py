"""The door through which children ask the lab's world: lines of JSON over loopback. Who comes in says its child's token first."""

from __future__ import annotations

import contextlib
import json
import secrets
import socketserver
import threading
from typing import Any

from tests.lab.pwsh.conversation import Conversation

TOKEN_BYTES = 24
GREETING_WITHIN = 10.0
"""Seconds in which a client has to say its token."""


class Bridge:
    """Listens on a free port of ``address``, and serves each connection in a thread."""

    def __init__(self, address: str) -> None:
        self._conversations: dict[str, Conversation] = {}
        self._server = _Server((address, 0), self._conversations)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="bridge")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """The children have ended by now, and their connections with them."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def admit(self, conversation: Conversation) -> str:
        """Where a child comes in: ``ADDRESS:PORT:TOKEN``."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self._conversations[token] = conversation
        address, port = self._server.server_address[:2]
        return f"{address!s}:{port}:{token}"

    def dismiss(self, way_in: str) -> None:
        self._conversations.pop(way_in.rpartition(":")[2], None)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], conversations: dict[str, Conversation]) -> None:
        super().__init__(address, _Connection)
        self.conversations = conversations


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        with contextlib.suppress(OSError, ValueError):
            self.connection.settimeout(GREETING_WITHIN)
            conversation = self.server.conversations.get(self.rfile.readline(1024).decode().strip())
            if conversation is None:
                return
            self.connection.settimeout(None)
            for line in self.rfile:
                self._say(conversation.answer(json.loads(line)))

    def _say(self, answer: dict[str, Any]) -> None:
        self.wfile.write(json.dumps(answer).encode() + b"\n")
