"""A small HTTP server through which tests look at the lab from outside: its state, and nothing that a real farm would tell."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ControlServer:
    """Answers ``GET /name`` with what ``readers[name]()`` returns and ``POST /name`` with what ``writers[name](body)`` does, as JSON.
    A writer's ValueError is answered with status 400 and its text."""

    def __init__(
        self, address: str, port: int, readers: Mapping[str, Callable[[], Any]], writers: Mapping[str, Callable[[Any], Any]] | None = None
    ) -> None:
        actions = writers or {}

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:
                """Says nothing: the log of the lab is for the products."""

            def _answer(self, status: int, value: Any) -> None:
                body = json.dumps(value, sort_keys=True).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                reader = readers.get(self.path.strip("/"))
                self._answer(*((404, "no such thing") if reader is None else (200, reader())))

            def do_POST(self) -> None:
                writer = actions.get(self.path.strip("/"))
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
                try:
                    self._answer(*((404, "no such thing") if writer is None else (200, writer(body))))
                except ValueError as error:
                    self._answer(400, str(error))

        self._server = ThreadingHTTPServer((address, port), Handler)
        self._server.daemon_threads = True

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, name="control", daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
