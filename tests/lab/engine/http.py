"""HTTP/1.1 for WSMan: one thread for each connection, because NTLM and message encryption belong to the connection."""

from __future__ import annotations

import contextlib
import http.server
import socket
import socketserver
import ssl
import sys
import threading
import xml.etree.ElementTree as ET
from collections.abc import Set as AbstractSet
from typing import Any

from tests.lab.directory import Directory
from tests.lab.engine.authentication import Authenticator, Refused, Undecipherable
from tests.lab.engine.wsman import Caller, Request, Service
from tests.lab.faults import Answer, through

_SOAP = "application/soap+xml;charset=UTF-8"


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """One listener."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 64

    def __init__(
        self,
        address: tuple[str, int],
        path: str,
        authentication: AbstractSet[str],
        service: Service,
        directory: Directory,
        tls: ssl.SSLContext | None,
    ) -> None:
        self.path = path.strip("/").lower()
        self.authentication = authentication
        self.service = service
        self.directory = directory
        self.tls = tls
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, name=f"WSMan {address[0]}:{address[1]}")
        super().__init__(address, _Connection)

    def server_bind(self) -> None:
        """HTTPServer looks up the host's name here, which may take seconds where there is no name service."""
        socketserver.TCPServer.server_bind(self)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Closes the listener and every connection, and waits for their threads."""
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of the server's; anything else is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Connection(http.server.BaseHTTPRequestHandler):
    """One TCP connection."""

    protocol_version = "HTTP/1.1"
    server_version = "Microsoft-HTTPAPI/2.0"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = 65536  # Unbuffered headers and body leave as two packets, and the second waits for a delayed acknowledgement.
    server: Server

    def setup(self) -> None:
        if self.server.tls is not None:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()
        self._security = Authenticator(self.server.authentication, self.server.directory)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the recorder says what was asked."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.partition("?")[0].strip("/").lower() != self.server.path:
            self._answer(404, b"", "text/html")
            return
        try:
            caller, token = self._security.identify(self.headers.get("Authorization", ""))
        except Refused as refused:
            self._answer(401, b"", None, *refused.headers)
            return
        offers = [token] if token else []
        if body:
            self._message(body, caller, offers)
        else:  # An empty request sets up the security context, and nothing else.
            self._answer(200, b"", None, *offers)

    def _message(self, body: bytes, caller: Caller, offers: list[str]) -> None:
        encrypted = self.headers.get("Content-Type", "").lower().startswith("multipart/")
        if not encrypted and self.server.tls is None:
            self._answer(500, b"", None, *offers)  # What WinRM answers to an unencrypted message under AllowUnencrypted=false.
            return
        try:
            request = Request.parse(self._security.opened(body) if encrypted else body, caller)
        except (Undecipherable, ET.ParseError, ValueError):
            self._answer(400, b"", None)
            return
        fault = self.server.service.fault(request)
        answer = through(fault, lambda: Answer(*self.server.service.handle(request, fault), _SOAP), self.server.stopping.wait)
        if answer is None:
            self._hang_up()
            return
        kind, reply = self._security.sealed(answer.body) if encrypted and answer.kind == _SOAP else (answer.kind, answer.body)
        self._answer(answer.status, reply, kind, *offers, cut=answer.cut)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _answer(self, status: int, body: bytes, kind: str | None, *offers: str, cut: bool = False) -> None:
        self.send_response(status)
        for offer in offers:
            self.send_header("WWW-Authenticate", offer)
        if kind is not None:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.wfile.flush()
        if cut:
            self._hang_up()
