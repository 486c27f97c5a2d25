"""What a web server answers becomes a sentence. The server is a real one, the answers are SharePoint's."""

from __future__ import annotations

import http.server
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import AuthenticationRefused, BadInput, MailError, Unreachable
from ansible_collections.sharepoint.mail.plugins.plugin_utils.sharepoint.messages import test_message as messages
from ansible_collections.sharepoint.mail.plugins.plugin_utils.sharepoint.messages.web import SiteAddress, Web, WebRefused

Answer = tuple[int, dict[str, str], bytes]


def error(status: int, code: str, text: str) -> Answer:
    return status, {}, json.dumps({"error": {"code": code, "message": {"lang": "en-US", "value": text}}}).encode()


class Server(http.server.ThreadingHTTPServer):
    """Answers every request with ``answer``, except that contextinfo is answered well if ``digest`` is set."""

    answer: Answer = (200, {}, b"{}")
    digest = ""
    hosts: list[str]


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.hosts.append(self.headers["Host"])
        status, headers, body = self.server.answer
        if self.server.digest and self.path.endswith("contextinfo"):
            context = {"d": {"GetContextWebInformation": {"FormDigestValue": self.server.digest}}}
            status, headers, body = 200, {}, json.dumps(context).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        running.hosts = []
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def site(server: Server, **more: Any) -> SiteAddress:
    return SiteAddress(f"http://portal.example:{server.server_port}/", "CORP\\alice", "secret", address="127.0.0.1", **more)


SAML = "only signs in through a SAML provider"


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ((403, {"X-Forms_Based_Auth_Required": "https://portal.example/_login"}, b"403 FORBIDDEN"), AuthenticationRefused, SAML),
        ((302, {"Location": "/_login/default.aspx?ReturnUrl=/"}, b""), AuthenticationRefused, SAML),
        ((302, {"Location": "https://sts.example/adfs/ls/?wa=wsignin1.0"}, b""), AuthenticationRefused, SAML),
        ((401, {}, b""), AuthenticationRefused, SAML),
        ((401, {"WWW-Authenticate": "Bearer"}, b""), AuthenticationRefused, SAML),
        ((401, {"WWW-Authenticate": "NTLM"}, b""), AuthenticationRefused, "refused CORP\\alice"),
        ((301, {"Location": "/sites/a/_api/contextinfo"}, b""), WebRefused, "redirects to"),
        ((404, {}, b"<html>"), WebRefused, "no SharePoint site"),
        ((200, {}, b"<html>"), WebRefused, "a page instead of data"),
        (
            error(403, "-2147024891, System.UnauthorizedAccessException", "Access denied."),
            WebRefused,
            "CORP\\alice is not allowed to do this",
        ),
        (error(500, "-1, System.Exception", "Broken."), WebRefused, "HTTP 500: Broken."),
    ],
)
def test_refusals(server: Server, answer: Answer, kind: type[MailError], words: str) -> None:
    server.answer = answer
    with Web(site(server)) as web, pytest.raises(kind) as refusal:
        web.get("web")
    assert words in refusal.value.message
    assert "secret" not in refusal.value.message


def test_the_name_in_the_url_stays_the_host_header(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")  # a proxy of the environment is not for the farm
    with Web(site(server)) as web:
        web.get("web")
    assert server.hosts == [f"portal.example:{server.server_port}"]


def test_nobody_listens() -> None:
    with socket.socket() as bound:  # bound, but not listening
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
    with Web(SiteAddress(f"http://127.0.0.1:{port}/", "CORP\\alice", "secret")) as web, pytest.raises(Unreachable) as refusal:
        web.get("web")
    assert f"http://127.0.0.1:{port} cannot be reached: Connection refused" in refusal.value.message


def test_a_refused_digest_is_an_error_and_a_refused_mail_is_a_result(server: Server) -> None:
    server.digest = "0x1,now"
    server.answer = error(400, "-2130575251, Microsoft.SharePoint.SPException", "The security validation for this page is invalid.")
    with Web(site(server)) as web, pytest.raises(WebRefused) as refusal:
        messages.send_notification(web, ["a@x.example"], "token1")
    assert "request digest" in refusal.value.message
    server.answer = error(400, "-1, Microsoft.SharePoint.SPException", "The e-mail message cannot be sent.")
    with Web(site(server)) as web:
        sent = messages.send_notification(web, ["a@x.example"], "token1")
    assert (sent.error, sent.server, sent.subject) == ("The e-mail message cannot be sent", "127.0.0.1", "SharePoint mail test token1")


@pytest.mark.parametrize("url", ["portal.example", "ftp://portal.example/", "https:///", "https://a:99999/", "https://a/?x=1"])
def test_what_is_no_site_is_refused(url: str) -> None:
    with pytest.raises(BadInput):
        SiteAddress(url, "a", "b").check()


def test_tokens() -> None:
    made = {messages.make_token(None) for _unused in range(50)}
    assert len(made) == 50 and all(token.isalnum() and len(token) == 12 for token in made)
    for wrong in ("", "short", "with space", "a" * 33, "quote'quote"):
        with pytest.raises(BadInput):
            messages.make_token(wrong)


@pytest.mark.parametrize("address", ["", "alice", "a@", "@x", "a b@x", "a@x\r\nBcc: c@x", "a@x, b@x"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(BadInput):
        messages.addresses([address])
