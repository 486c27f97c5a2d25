"""The relay as a client of the next server: its connection, its authentication, and what became of each recipient."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import smtplib
import ssl
from typing import Any

import spnego
from spnego.exceptions import SpnegoError

from tests.lab.iis.metabase import Effective
from tests.lab.iis.protocol_log import ProtocolLog

TIMEOUT = 10.0
"""Seconds that the next server has for each answer."""


class Refused(Exception):
    """The session as a whole failed: no mail went, and the text says why."""


class Client(smtplib.SMTP):
    """smtplib's client, whose commands and answers are written to the protocol log; what authenticates is left out of it."""

    def __init__(self, log: ProtocolLog, own: str, name: str) -> None:
        self._log = log
        self._peer = ("-", 0)
        self.private = False
        super().__init__(local_hostname=name, timeout=TIMEOUT, source_address=(own, 0))

    def connect(self, host: Any = "localhost", port: Any = 0, source_address: Any = None) -> tuple[int, bytes]:
        self._peer = (host, port)
        # smtplib sets it in its constructor only, and wants it for TLS.
        self._host = host
        return super().connect(host, port)

    def putcmd(self, cmd: str, args: str = "") -> None:
        if not self.private:
            self._log.outbound_command(*self._peer, cmd.upper(), args)
        elif cmd == "AUTH":
            self._log.outbound_command(*self._peer, cmd, args.partition(" ")[0])
        super().putcmd(cmd, args)

    def getreply(self) -> tuple[int, bytes]:
        code, text = super().getreply()
        # A challenge holds what an attacker could use.
        shown = "" if code == 334 else text.decode("ascii", "replace").replace("\n", " ")
        self._log.outbound_response(*self._peer, f"{code} {shown}".rstrip())
        return code, text


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Replies by recipient: of those to try again, and of those refused for good. Who is in neither got the message."""

    later: dict[str, str]
    refused: dict[str, str]


def send(
    client: Client, target: tuple[str, int], settings: Effective, authenticate: bool, sender: str, recipients: list[str], content: bytes
) -> Outcome:
    """One message to one server. ``authenticate``: with the account and the encryption that the settings name."""
    try:
        with client:
            _expect(client.connect(*target), 220)
            _open(client, settings, authenticate)
            return _transmit(client, sender, recipients, content)
    except (Refused, OSError, smtplib.SMTPException) as error:
        return Outcome(dict.fromkeys(recipients, f"451 4.4.0 {error}"), {})


def _open(client: Client, settings: Effective, authenticate: bool) -> None:
    _expect(client.ehlo(), 250)
    if settings.encrypts:
        if not client.has_extn("starttls"):
            raise Refused("the remote server does not support TLS")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        client.starttls(context=context)
        _expect(client.ehlo(), 250)
    if authenticate and settings.route("SASL"):
        client.private = True
        _log_on(client, settings)
        client.private = False


def _log_on(client: Client, settings: Effective) -> None:
    offered = client.esmtp_features.get("auth", "").upper().split()
    user, password = settings.text("RouteUserName"), settings.text("RoutePassword")
    if settings.route("NTLM") and "NTLM" in offered:
        reply = _ntlm(client, user, password)
    elif settings.route("CLEARTEXT") and "LOGIN" in offered:
        reply = client.docmd("AUTH", "LOGIN")
        for part in (user, password):
            if reply[0] == 334:
                reply = client.docmd(base64.b64encode(part.encode()).decode())
    else:
        raise Refused("the remote server does not offer the way to authenticate that is set")
    _expect(reply, 235)


def _ntlm(client: Client, user: str, password: str) -> tuple[int, bytes]:
    context = spnego.client(user, password, hostname="smtp", service="SMTPSVC", protocol="ntlm")
    code, text = client.docmd("AUTH", "NTLM")
    try:
        challenge = None
        while code == 334:
            code, text = client.docmd(base64.b64encode(context.step(challenge) or b"").decode())
            challenge = base64.b64decode(text, validate=True) if code == 334 else None
    except (binascii.Error, SpnegoError):
        code, text = client.docmd("*")
    return code, text


def _transmit(client: Client, sender: str, recipients: list[str], content: bytes) -> Outcome:
    options = [f"SIZE={len(content)}"] if client.has_extn("size") else []
    code, text = client.mail(sender, options)
    if code != 250:
        return _sorted(dict.fromkeys(recipients, _said(code, text)))
    replies = {recipient: client.rcpt(recipient) for recipient in recipients}
    refused = {recipient: _said(*reply) for recipient, reply in replies.items() if reply[0] not in (250, 251)}
    accepted = [recipient for recipient in recipients if recipient not in refused]
    if accepted:
        code, text = client.data(content)
        if code != 250:
            refused |= dict.fromkeys(accepted, _said(code, text))
    return _sorted(refused)


def _sorted(refused: dict[str, str]) -> Outcome:
    later = {recipient: reply for recipient, reply in refused.items() if reply.startswith("4")}
    return Outcome(later, {recipient: reply for recipient, reply in refused.items() if recipient not in later})


def _said(code: int, text: bytes) -> str:
    return f"{code} {text.decode('ascii', 'replace')}".replace("\n", " ")


def _expect(reply: tuple[int, bytes], code: int) -> None:
    if reply[0] != code:
        raise Refused(_said(*reply))
