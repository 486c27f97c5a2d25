"""The web servers of a SharePoint server: HTTPS, NTLM bound to the connection, and the Host header that picks the web application."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import logging
import socket
import socketserver
import ssl
import threading
import uuid
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any

import spnego
from spnego.exceptions import SpnegoError

from tests.lab.directory import Account, Directory
from tests.lab.faults import Answer, Faults, through
from tests.lab.sharepoint.odata import NO_METADATA, RestError, format_of, render, render_error
from tests.lab.sharepoint.rest import Api
from tests.lab.sharepoint.rest_request import Request
from tests.lab.sharepoint.web_application import WebApplication

IDLE_TIMEOUT = 120.0
"""Seconds after which a silent connection is closed (IIS's connection timeout)."""

log = logging.getLogger(__name__)


class WebServer(socketserver.ThreadingTCPServer):
    """One port of one SharePoint server. ``api(name)`` is the REST interface of a web application as this server's w3wp serves it."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        context: ssl.SSLContext,
        directory: Directory,
        applications: Mapping[str, WebApplication],
        api: Callable[[WebApplication], Api],
        version: str,
        name: str,
        faults: Faults,
    ) -> None:
        super().__init__(address, Connection)
        self.context = context
        self.directory = directory
        self.applications = applications
        self.api = api
        self.version = version
        self.name = name
        self.faults = faults
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()

    def serve(self) -> None:
        threading.Thread(target=self.serve_forever, args=(0.05,), name=f"web {self.server_address[0]!r}", daemon=True).start()

    def stop(self) -> None:
        """Stops listening and closes every connection."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def remember(self, connection: socket.socket, alive: bool) -> None:
        with self._lock:
            (self._connections.add if alive else self._connections.discard)(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that breaks off is nothing to talk about; anything else is a defect of the lab."""
        log.debug("connection of %s ended", client_address, exc_info=True)


class Connection(BaseHTTPRequestHandler):
    """One connection. Whoever logged on over NTLM stays logged on until it ends."""

    protocol_version = "HTTP/1.1"
    server_version = "Microsoft-IIS/10.0"
    sys_version = ""
    disable_nagle_algorithm = True
    server: WebServer

    def setup(self) -> None:
        self.request.settimeout(IDLE_TIMEOUT)
        self.account: Account | None = None
        self.negotiation: spnego.ContextProxy | None = None
        # The handshake belongs to the connection's own thread: a client that dawdles must not keep others waiting.
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.server.remember(self.request, True)
        super().setup()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
        self.server.remember(self.request, False)
        with contextlib.suppress(OSError):
            self.request.close()

    def log_message(self, format: str, *args: object) -> None:
        """IIS writes its log to files that nobody here reads."""

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_DELETE = do_GET

    def _answer(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if not length.isdigit():
            self.close_connection = True
            self._send(400, {}, b"Bad Request", "text/html")
            return
        body = self.rfile.read(int(length))
        application = self.server.applications.get((self.headers.get("Host") or "").lower())
        if application is None:
            self._send(400, {}, b"<h2>Bad Request - Invalid Hostname</h2>", "text/html; charset=us-ascii")
        elif application.claims_only:
            self._refuse_without_challenge(application)
        elif self._authenticate():
            self._serve(application, body)

    def _refuse_without_challenge(self, application: WebApplication) -> None:
        """A site whose users sign in on a form of another party tells clients so in headers, and never challenges."""
        login = f"{application.url}_login/default.aspx?ReturnUrl=/_layouts/15/error.aspx"
        headers = {
            "X-Forms_Based_Auth_Required": login,
            "X-Forms_Based_Auth_Return_Url": f"{application.url}_layouts/15/error.aspx",
            "X-MSDAVEXT_Error": "917656; Access denied. Before opening files in this location, you must first browse to the web site "
            "and select the option to login automatically.",
        }
        self._send(403, headers, b"403 FORBIDDEN", "text/plain; charset=utf-8")

    def _authenticate(self) -> bool:
        """True when the connection is somebody's; otherwise the answer has been sent."""
        scheme, _unused, blob = (self.headers.get("Authorization") or "").partition(" ")
        if scheme.lower() not in ("ntlm", "negotiate"):
            if self.account is None:
                self._challenge()
            return self.account is not None
        try:
            token = base64.b64decode(blob, validate=True)
            if self.negotiation is None:
                protocol = "ntlm" if token.startswith(b"NTLMSSP") else "negotiate"
                self.negotiation = spnego.server(hostname=self.headers.get("Host", ""), service="HTTP", protocol=protocol)
            answer = self.negotiation.step(token)
        except (binascii.Error, SpnegoError):
            self._challenge()
            return False
        if not self.negotiation.complete:
            self._send(401, {"WWW-Authenticate": f"{scheme} {base64.b64encode(answer or b'').decode()}"}, b"", "text/html")
            return False
        self.account = self.server.directory.find(self.negotiation.client_principal or "")
        self.negotiation = None
        if self.account is None:
            self._challenge()
        return self.account is not None

    def _challenge(self) -> None:
        self.negotiation = self.account = None
        self._send(401, {}, b"401 UNAUTHORIZED", "text/plain; charset=utf-8", challenge=True)

    def _serve(self, application: WebApplication, body: bytes) -> None:
        names = {"X-SharePointHealthScore": "0", "MicrosoftSharePointTeamServices": self.server.version}

        def carry_out() -> Answer:
            answer, correlation = self._carried_out(application, body)
            names.update({"SPRequestGuid": correlation, "request-id": correlation})
            return answer

        answer = through(self.server.faults.meet(self.server.name, "rest", self.command, self.path), carry_out, self.server.stopping.wait)
        if answer is not None:
            self._send(answer.status, names, answer.body, answer.kind, cut=answer.cut)
        if answer is None or answer.cut:
            self.close_connection = True

    def _carried_out(self, application: WebApplication, body: bytes) -> tuple[Answer, str]:
        """The API's answer, and the request's correlation id."""
        assert self.account is not None
        form = NO_METADATA
        correlation = uuid.uuid4()
        try:
            form = format_of(self.headers.get("Accept") or "")
            headers = {name.lower(): value for name, value in self.headers.items()}
            method = headers.get("x-http-method", self.command).upper() if self.command == "POST" else self.command
            status, result = self.server.api(application).answer(Request(method, self.path, headers, body, self.account, correlation))
            content = b"" if result is None else json.dumps(render(result, form)).encode()
        except RestError as error:
            status, content = error.status, json.dumps(render_error(error, form)).encode()
        return Answer(status, content, f"application/json;odata={form};charset=utf-8"), str(correlation)

    def _send(self, status: int, headers: Mapping[str, str], content: bytes, kind: str, challenge: bool = False, cut: bool = False) -> None:
        self.send_response(status)
        for scheme in ("Negotiate", "NTLM") if challenge else ():
            self.send_header("WWW-Authenticate", scheme)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
