# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server of the farm can try by cmdlet: a TCP connection, and mail through .NET's own SMTP client."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..common.errors import CommandMissing, RemoteError
from ..remoting.pipeline import Credential, cmdlet
from ..remoting.session import Session

_REPLY: Final = "The server response was: "
"""How System.Net.Mail.SmtpException introduces the server's words; the three digits before them are gone (measured)."""
_ENHANCED: Final = re.compile(r"([245]\.\d{1,3}\.\d{1,3})\b")
_BODY: Final = "This message tests whether mail of this server is delivered. Nobody needs to do anything."


@dataclasses.dataclass(frozen=True)
class Message:
    """A test message to one recipient: with several, SmtpFailedRecipientsException tells no reason."""

    mail_from: str
    rcpt_to: str
    subject: str


@dataclasses.dataclass(frozen=True)
class Attempt:
    """How one try to send ended. ``accepted`` None: it was not tried, and ``error`` says why; ``reply`` is the server's, if it gave one."""

    tls: bool
    credentials: bool
    accepted: bool | None
    error: str = ""
    reply: str = ""
    enhanced_code: str = ""


def connect(session: Session, host: str, port: int) -> dict[str, Any]:
    """Tries a TCP connection from the session's host: ``tcp``, ``source_address``, ``remote_address``, ``error``.

    ``tcp`` is None when it could not be tried: what a session does not show, or refuses, says nothing of the port.
    """
    # The source address is an object with an IPAddress.
    test = cmdlet("Test-NetConnection", ComputerName=host, Port=port).select("RemoteAddress", "SourceAddress", "TcpTestSucceeded")
    try:
        outputs = session.read(test)[0]
    except CommandMissing as missing:
        return _connection(None, error=missing.message)
    except RemoteError as error:
        return _connection(None, error=error.message)
    result = next((output for output in outputs if isinstance(output, Mapping)), {})
    tcp = result.get("TcpTestSucceeded")
    if tcp is None:
        return _connection(None, error=f"Test-NetConnection on {session.host} did not say whether the port is open.")
    remote = _address(result.get("RemoteAddress"))
    if tcp:
        reason = ""
    elif not remote:
        reason = f"{session.host} cannot resolve {host}"
    else:
        reason = f"{session.host} cannot open a TCP connection to {remote}, port {port}"
    return _connection(bool(tcp), _address(result.get("SourceAddress")), remote, reason)


def _connection(tcp: bool | None, source: str = "", remote: str = "", error: str = "") -> dict[str, Any]:
    return {"tcp": tcp, "source_address": source or None, "remote_address": remote or None, "error": error}


def _address(value: Any) -> str:
    text = str((value.get("IPAddress") if isinstance(value, Mapping) else None) or value or "")
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


def send(session: Session, host: str, port: int, message: Message, tls: bool, credential: Credential | None) -> Iterator[Attempt]:
    """Sends without credentials and TLS, then with what else was given: TLS alone, credentials (over TLS where it was asked for).

    Without both, the cmdlet's client answers a challenge with the identity of its process (Send-MailMessage sets
    UseDefaultCredentials then, as its source shows).
    """
    ways: list[tuple[bool, Credential | None]] = [(False, None)]
    if tls:
        ways.append((True, None))
    if credential is not None:
        ways.append((tls, credential))
    for with_tls, account in ways:
        parameters: dict[str, Any] = {
            "From": message.mail_from,
            "To": [message.rcpt_to],
            "Subject": message.subject,
            "Body": _BODY,
            "SmtpServer": host,
            "Port": port,
        }
        if with_tls:
            parameters["UseSsl"] = True
        if account is not None:
            parameters["Credential"] = account
        try:
            session.write(cmdlet("Send-MailMessage", **parameters))
        except CommandMissing as missing:
            yield Attempt(with_tls, account is not None, None, missing.message)
        except RemoteError as error:
            yield _refused(with_tls, account is not None, error.reply)
        else:
            yield Attempt(with_tls, account is not None, True)


def _refused(tls: bool, credentials: bool, error: str) -> Attempt:
    reply = error.partition(_REPLY)[2].strip()
    enhanced = _ENHANCED.match(reply)
    return Attempt(tls, credentials, False, error, reply, enhanced[1] if enhanced else "")
