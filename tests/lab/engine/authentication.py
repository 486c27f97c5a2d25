"""HTTP authentication of one connection, and message encryption with what it agreed on ([MS-WSMV] 2.2.9.1)."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Set as AbstractSet

import spnego
from spnego.exceptions import SpnegoError

from tests.lab.directory import Account, Directory
from tests.lab.engine.session import BASIC, CREDSSP, KERBEROS, NEGOTIATE
from tests.lab.engine.wsman import Caller

BOUNDARY = b"--Encrypted Boundary"
_PROTOCOLS = {NEGOTIATE: "application/HTTP-SPNEGO-session-encrypted", CREDSSP: "application/HTTP-CredSSP-session-encrypted"}
_CHUNK = 16384
"""CredSSP seals TLS records, which hold 16 KiB at most."""
_OFFERS = {NEGOTIATE: "Negotiate", KERBEROS: "Kerberos", BASIC: 'Basic realm="WSMAN"', CREDSSP: "CredSSP"}


class Refused(Exception):
    """The request is answered with 401 and these WWW-Authenticate headers."""

    def __init__(self, *headers: str) -> None:
        super().__init__("401")
        self.headers = headers


class Undecipherable(Exception):
    """An encrypted message that this connection's keys do not open."""


class Authenticator:
    """The security context of one connection: NTLM and CredSSP authenticate the connection, Basic each request."""

    def __init__(self, offered: AbstractSet[str], directory: Directory) -> None:
        self._offered = offered
        self._directory = directory
        self._context: spnego.ContextProxy | None = None
        self._scheme = ""
        self._caller: Caller | None = None

    def identify(self, authorization: str) -> tuple[Caller, str | None]:
        """Who sends the request, and the last token for the WWW-Authenticate header, if there is one. Raises Refused."""
        scheme, _unused, token = authorization.partition(" ")
        scheme = scheme.lower()
        if not scheme and self._caller is not None and self._caller.authentication != BASIC:
            return self._caller, None
        if scheme not in self._offered or scheme == KERBEROS:
            raise self._refusal()
        try:
            data = base64.b64decode(token)
        except binascii.Error as error:
            raise self._refusal() from error
        return (self._basic(data), None) if scheme == BASIC else self._step(scheme, data)

    def _refusal(self) -> Refused:
        self._context, self._caller = None, None
        return Refused(*(text for scheme, text in _OFFERS.items() if scheme in self._offered))

    def _basic(self, data: bytes) -> Caller:
        name, _unused, password = data.decode("utf-8", "replace").partition(":")
        account = self._directory.check(name, password)
        if account is None:
            raise self._refusal()
        self._caller = Caller(account, BASIC)
        return self._caller

    def _step(self, scheme: str, data: bytes) -> tuple[Caller, str | None]:
        if self._context is None or self._context.complete or scheme != self._scheme:
            self._scheme, self._caller = scheme, None
            self._context = _new_context(scheme, data)
        try:
            answer = self._context.step(data)
        except SpnegoError as error:
            raise self._refusal() from error
        token = f"{_OFFERS[scheme]} {base64.b64encode(answer).decode()}" if answer else None
        if not self._context.complete:
            if token is None:
                raise self._refusal()
            raise Refused(token)
        account = self._account(self._context)
        if account is None:
            raise self._refusal()
        self._caller = Caller(account, scheme)
        return self._caller, token

    def _account(self, context: spnego.ContextProxy) -> Account | None:
        return self._directory.find(context.client_principal or "")

    def opened(self, body: bytes) -> bytes:
        """The plain text of a ``multipart/encrypted`` or ``multipart/x-multi-encrypted`` body. Raises Undecipherable."""
        if self._context is None or not self._context.complete:
            raise Undecipherable
        parts = body.removesuffix(BOUNDARY + b"--\r\n").split(BOUNDARY + b"\r\n")[1:]
        plain = b""
        try:
            for payload in parts[1::2]:
                sealed = payload.partition(b"\r\n")[2]
                size = struct.unpack("<i", sealed[:4])[0]
                plain += self._context.unwrap_winrm(sealed[4 : 4 + size], sealed[4 + size :])
        except (SpnegoError, struct.error) as error:
            raise Undecipherable from error
        return plain

    def sealed(self, plain: bytes) -> tuple[str, bytes]:
        """The content type and the body of an encrypted answer."""
        assert self._context is not None, "only answers to encrypted requests are encrypted"
        size = _CHUNK if self._scheme == CREDSSP else len(plain)
        chunks = [plain[start : start + size] for start in range(0, len(plain), size)]
        body = b""
        for chunk in chunks:
            wrapped = self._context.wrap_winrm(chunk)
            body += (
                BOUNDARY
                + f"\r\n\tContent-Type: {_PROTOCOLS[self._scheme]}\r\n".encode()
                + b"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d\r\n" % (len(chunk) + wrapped.padding_length)
                + BOUNDARY
                + b"\r\n\tContent-Type: application/octet-stream\r\n"
                + struct.pack("<i", len(wrapped.header))
                + wrapped.header
                + wrapped.data
            )
        kind = "multipart/encrypted" if len(chunks) == 1 else "multipart/x-multi-encrypted"
        return f'{kind};protocol="{_PROTOCOLS[self._scheme]}";boundary="Encrypted Boundary"', body + BOUNDARY + b"--\r\n"


def _new_context(scheme: str, first: bytes) -> spnego.ContextProxy:
    """CredSSP makes its own certificate (pyspnego keeps one for the process)."""
    if scheme == CREDSSP:
        return spnego.server(protocol="credssp", options=spnego.NegotiateOptions.use_negotiate)
    if first.startswith(b"NTLMSSP\0"):
        return spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
    return spnego.server(protocol="negotiate", options=spnego.NegotiateOptions.use_negotiate)
