# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logging on to an SMTP server (RFC 4954) by LOGIN or NTLM, the mechanisms that Exchange and the IIS SMTP service share."""

from __future__ import annotations

import base64
import dataclasses
import ssl
import struct

from ..common.errors import MailError
from ..common.libraries import SpnegoError, spnego
from .session import SmtpSession

_GO_ON = 334


@dataclasses.dataclass(frozen=True)
class Logon:
    """Who logs on. ``in_clear_text``: also where the connection is not encrypted."""

    username: str
    password: str = dataclasses.field(repr=False)
    in_clear_text: bool = False


class LogonError(MailError):
    """A logon could not be tried. The password was not sent."""


def log_on(session: SmtpSession, logon: Logon) -> tuple[int, bytes]:
    """The server's reply to the logon: 235 when it believes the client. Raises LogonError; MissingLibrary where pyspnego is needed."""
    if not isinstance(session.sock, ssl.SSLSocket) and not logon.in_clear_text:
        raise LogonError("The connection is not encrypted, so the password was not sent.")
    offered = session.esmtp_features.get("auth", "").upper().split()
    if "LOGIN" in offered:
        return _login(session, logon)
    if "NTLM" in offered:
        return _ntlm(session, logon)
    raise LogonError(
        f"The server offers {', '.join(offered) or 'no authentication'}, and neither LOGIN nor NTLM. The password was not sent."
    )


def _login(session: SmtpSession, logon: Logon) -> tuple[int, bytes]:
    # Not smtplib's auth(): it sends secrets through putcmd(), whose lines are the transcript, and refuses a password that is not ASCII.
    reply = session.docmd("AUTH", "LOGIN")
    for text in (logon.username, logon.password):
        if reply[0] != _GO_ON:
            break
        reply = session.answer(text.encode())
    return reply


def _ntlm(session: SmtpSession, logon: Logon) -> tuple[int, bytes]:
    options = spnego.NegotiateOptions.use_ntlm  # no Kerberos ticket of whoever runs Ansible
    context = spnego.client(logon.username, logon.password, service="smtp", protocol="ntlm", options=options)
    reply = session.docmd("AUTH", "NTLM")
    challenge = None
    while reply[0] == _GO_ON and not context.complete:
        try:
            token = context.step(challenge)
            reply = session.answer(token or b"")
            challenge = base64.b64decode(reply[1], validate=True) if reply[0] == _GO_ON else None
        except (SpnegoError, ValueError, struct.error) as error:  # pyspnego lets struct's errors through
            session.docmd("*")  # gives the logon up
            raise LogonError(f"The server's NTLM challenge is not valid: {error}. The password was not sent.") from error
    return reply
