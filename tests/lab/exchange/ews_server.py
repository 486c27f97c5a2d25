"""The web server in front of Exchange Web Services: HTTPS, Basic and NTLM, and SOAP envelopes."""

from __future__ import annotations

import base64
import binascii
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree

from tests.lab.directory import Account, Directory
from tests.lab.exchange.ews import MESSAGES, Service
from tests.lab.exchange.ews_messages import TYPES, Element, EwsError
from tests.lab.exchange.ntlm import Conversation, NtlmAcceptor
from tests.lab.exchange.servers import BUILD
from tests.lab.faults import Answer, Faults, through
from tests.lab.mailboxes import Mailboxes
from tests.lab.network import EWS_PORT

PATH = "/ews/exchange.asmx"
XML = "text/xml; charset=utf-8"
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_ERRORS = "http://schemas.microsoft.com/exchange/services/2006/errors"
_KNOWN_VERSIONS = ("Exchange2007", "Exchange2010", "Exchange2013", "Exchange2015", "Exchange2016", "V201")
for _prefix, _namespace in (("s", _SOAP), ("m", MESSAGES), ("t", TYPES), ("e", _ERRORS)):
    ElementTree.register_namespace(_prefix, _namespace)


class WebServices:
    """Answers at port 2443 of ``address`` for ``mailboxes``. Who may open a mailbox is its owner."""

    def __init__(
        self, mailboxes: Mailboxes, directory: Directory, address: str, name: str, context: ssl.SSLContext, faults: Faults
    ) -> None:
        self._mailboxes = mailboxes
        self._directory = directory
        self._address = address
        self.name = name
        self.faults = faults
        self.stopping = threading.Event()
        self._context = context
        self._acceptor = NtlmAcceptor(directory)
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Raises OSError when the port is taken."""
        services = self

        class Handler(_Handler):
            web_services = services

        self._server = ThreadingHTTPServer((self._address, EWS_PORT), Handler)
        self._server.daemon_threads = True
        # Each connection's own thread shakes hands, so that a client that does not cannot keep others out.
        self._server.socket = self._context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="exchange web services", daemon=True).start()

    def stop(self) -> None:
        self.stopping.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        self._acceptor.close()

    def conversation(self) -> Conversation:
        return self._acceptor.converse(self.name)

    def log_on(self, token: str) -> Account | None:
        """The account of Basic credentials."""
        try:
            name, _unused, password = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return self._directory.check(name, password)

    def answer(self, account: Account, body: bytes) -> tuple[int, bytes]:
        """Status and envelope for a request's envelope."""
        try:
            envelope = ElementTree.fromstring(body)
            request = envelope.find(f"{{{_SOAP}}}Body")
            if request is None or not len(request):
                raise EwsError("ErrorInvalidRequest", "The request has no body.")
            wanted = envelope.find(f"*/{{{TYPES}}}RequestServerVersion")
            if wanted is not None and not wanted.get("Version", "").startswith(_KNOWN_VERSIONS):
                raise EwsError("ErrorInvalidServerVersion", "The specified server version is invalid.")
            return 200, _envelope(Service(self._mailboxes, account).answer(request[0]))
        except ElementTree.ParseError as error:
            return 500, _envelope(_fault(EwsError("ErrorInvalidRequest", f"The request is no XML: {error}")))
        except EwsError as error:
            return 500, _envelope(_fault(error))


class _Handler(BaseHTTPRequestHandler):
    """One connection. NTLM proves who speaks for the connection, Basic for the request."""

    web_services: WebServices
    protocol_version = "HTTP/1.1"
    _conversation: Conversation | None = None
    _account: Account | None = None

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: the log of the lab is for the products."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        account, challenges = self._authenticate(self.headers.get("Authorization") or "")
        if account is None:
            self._reply(401, b"", challenges)
        elif self.path.partition("?")[0].lower() != PATH:
            self._reply(404, b"")
        else:
            self._serve(account, body)

    def _serve(self, account: Account, body: bytes) -> None:
        services = self.web_services
        fault = services.faults.meet(services.name.partition(".")[0], "ews", self.command, body.decode(errors="replace"))
        answer = through(fault, lambda: Answer(*services.answer(account, body), XML), services.stopping.wait)
        if answer is not None:
            self._reply(answer.status, answer.body, kind=answer.kind, cut=answer.cut)
        if answer is None or answer.cut:
            self.close_connection = True

    def do_GET(self) -> None:
        account, challenges = self._authenticate(self.headers.get("Authorization") or "")
        self._reply(401 if account is None else 405, b"", challenges)

    def _authenticate(self, authorization: str) -> tuple[Account | None, list[str]]:
        """Who it is, or what the answer's WWW-Authenticate fields say."""
        offers = ["NTLM", f'Basic realm="{self.web_services.name}"']
        scheme, _unused, token = authorization.partition(" ")
        if scheme.lower() == "basic":
            return self.web_services.log_on(token), offers
        if scheme.lower() != "ntlm":
            return self._account, offers
        self._conversation = self._conversation or self.web_services.conversation()
        try:
            answer = self._conversation.answer(base64.b64decode(token, validate=True))
        except binascii.Error:
            answer = None
        if isinstance(answer, bytes):
            return None, [f"NTLM {base64.b64encode(answer).decode()}"]
        self._account, self._conversation = answer, None
        return answer, offers

    def _reply(self, status: int, body: bytes, challenges: list[str] | None = None, kind: str = XML, cut: bool = False) -> None:
        self.send_response(status)
        for challenge in challenges or []:
            if status == 401:
                self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)


def _envelope(content: Element) -> bytes:
    major, minor, build, revision = BUILD.split(".")
    version = {"MajorVersion": major, "MinorVersion": minor, "MajorBuildNumber": build, "MinorBuildNumber": revision}
    envelope, header, body = (Element(f"{{{_SOAP}}}{name}") for name in ("Envelope", "Header", "Body"))
    header.append(Element(f"{{{TYPES}}}ServerVersionInfo", {**version, "Version": "V2017_07_11"}))
    body.append(content)
    envelope.extend([header, body])
    return bytes(ElementTree.tostring(envelope, "utf-8", xml_declaration=True))


def _fault(error: EwsError) -> Element:
    fault, detail = Element(f"{{{_SOAP}}}Fault"), Element("detail")
    for name, text in (("faultcode", f"a:{error.code}"), ("faultstring", str(error))):
        ElementTree.SubElement(fault, name).text = text
    for name, text in (("ResponseCode", error.code), ("Message", str(error))):
        ElementTree.SubElement(detail, f"{{{_ERRORS}}}{name}").text = text
    fault.append(detail)
    return fault
