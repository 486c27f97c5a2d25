# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One SMTP session as a stranger would hold it: what the server offers, and whether it would take a mail. Sends only when told to."""

from __future__ import annotations

import dataclasses
import email.message
import email.policy
import email.utils
import ipaddress
import re
import smtplib
import socket
import ssl
from typing import Literal

from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.errors import AddressError
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.evidence import visible

Stage = Literal["connect", "greeting", "ehlo", "starttls", "mail", "rcpt", "data", "done"]
ProbeOutcome = Literal["accepted", "refused", "not_connected"]


@dataclasses.dataclass(frozen=True)
class Envelope:
    """What the probe says. Addresses are checked: nothing in them can end a line or an address."""

    mail_from: str
    rcpt_to: str
    send: bool = False
    subject: str = ""

    def __post_init__(self) -> None:
        for address in (self.mail_from, self.rcpt_to):
            if re.search(r"[^\x21-\x7e]|[<>]", address) or (address and "@" not in address):
                raise AddressError(f"{visible(address)!r} is no address that an SMTP command can carry. Nothing was sent.")
        if not self.rcpt_to:
            raise AddressError("The recipient of a probe is empty. Nothing was sent.")
        if re.search(r"[\x00-\x1f\x7f]", self.subject):
            raise AddressError("The subject of a probe contains control characters. Nothing was sent.")


@dataclasses.dataclass
class ProbeResult:
    """What a session showed. ``stage`` is where it ended, ``reply`` the server's last word there (code first).

    ``auth_after_tls`` is None where STARTTLS was not offered, not asked for, or failed (``tls_error`` says how).
    ``client_address`` is this end of the connection; ``seen_as`` the address in the EHLO reply, which differs behind a translation.
    """

    outcome: ProbeOutcome = "not_connected"
    stage: Stage = "connect"
    reply: str = ""
    client_address: str = ""
    seen_as: str = ""
    banner: str = ""
    keywords: list[str] = dataclasses.field(default_factory=list)
    auth_before_tls: list[str] = dataclasses.field(default_factory=list)
    auth_after_tls: list[str] | None = None
    tls_version: str = ""
    tls_error: str = ""
    sent: bool = False
    transcript: list[str] = dataclasses.field(default_factory=list)


class _Session(smtplib.SMTP):
    """smtplib's client that writes a transcript in the manner of swaks: -> and <- in clear text, ~> and <~ under TLS, ** for refusals."""

    def __init__(self, transcript: list[str], *, ehlo: str, timeout: float, source: str | None) -> None:
        self._transcript = transcript
        super().__init__(local_hostname=ehlo, timeout=timeout, source_address=(source, 0) if source else None)

    @property
    def _dash(self) -> str:
        return "~" if isinstance(self.sock, ssl.SSLSocket) else "-"

    def note(self, text: str) -> None:
        self._transcript.append(f"=== {visible(text)}")

    def putcmd(self, cmd: str, args: str = "") -> None:
        # No credentials are ever given to a probe; whatever follows an AUTH verb would be one.
        shown = f"{cmd} ***" if cmd.casefold() == "auth" else f"{cmd} {args}".rstrip()
        self._transcript.append(f" {self._dash}> {visible(shown)}")
        super().putcmd(cmd, args)

    def getreply(self) -> tuple[int, bytes]:
        code, text = super().getreply()
        arrow = f"<{self._dash} " if 200 <= code < 400 else "<**"
        lines = _text(text).split("\n")
        for number, line in enumerate(lines, start=1):
            shown = "***" if code == 334 else visible(line)
            self._transcript.append(f"{arrow} {code}{' ' if number == len(lines) else '-'}{shown}".rstrip())
        return code, text


class _Refusal(Exception):
    """The server answered a command with a code that means no."""


class Probe:
    """A probe of ``host``:``port``. ``source`` is the local address to connect from; ``context`` verifies the server under STARTTLS
    (None: STARTTLS is left alone)."""

    def __init__(
        self, host: str, port: int, *, ehlo: str, timeout: float = 30.0, source: str | None = None, context: ssl.SSLContext | None = None
    ) -> None:
        if re.search(r"[\x00-\x20\x7f]", ehlo) or not ehlo:
            raise AddressError(f"{visible(ehlo)!r} is no name for EHLO. Nothing was sent.")
        self.host, self.port, self.ehlo, self.timeout, self.context = host, port, ehlo, timeout, context
        self.source = str(ipaddress.ip_address(source)) if source else None

    def run(self, envelope: Envelope) -> ProbeResult:
        """Holds the session and always ends it with QUIT; a recipient that was accepted is reset unless ``send``.

        A TLS handshake that fails ends the connection, so the transaction is then tried once more in clear text.
        """
        result = ProbeResult()
        if not self._session(envelope, result, self.context):
            result.transcript.append("=== Once more, without STARTTLS")
            self._session(envelope, result, None)
        return result

    def _session(self, envelope: Envelope, result: ProbeResult, context: ssl.SSLContext | None) -> bool:
        """False when TLS failed."""
        session = _Session(result.transcript, ehlo=self.ehlo, timeout=self.timeout, source=self.source)
        try:
            result.stage = "connect"
            session.note(f"Trying {self.host}:{self.port}")
            self._connect(session, result)
            self._hello(session, result)
            if context is not None and session.has_extn("starttls") and not self._starttls(session, result, context):
                return False
            self._transaction(session, result, envelope)
            result.outcome, result.stage = "accepted", "done"
        except (_Refusal, smtplib.SMTPDataError) as error:
            result.outcome = "refused"
            if isinstance(error, smtplib.SMTPDataError):
                result.reply = _shown(error.smtp_code, _text(error.smtp_error))
        except (smtplib.SMTPServerDisconnected, ConnectionError) as error:
            # A server that hangs up on a client whose connection it took has refused it; without a connection there was no refusal.
            timed_out = isinstance(error.__cause__ or error.__context__, TimeoutError)
            result.outcome = "not_connected" if result.stage == "connect" or timed_out else "refused"
            if result.stage != "connect":
                result.reply = "no answer in time" if timed_out else "connection closed by the server"
            session.note(f"{'No connection' if result.stage == 'connect' else 'The end'}: {error}")
        except OSError as error:
            result.outcome = "not_connected"
            session.note(f"No connection: {error}" if result.stage == "connect" else f"No answer: {error}")
        finally:
            self._leave(session)
        return True

    def _connect(self, session: _Session, result: ProbeResult) -> None:
        # smtplib joins connecting and the greeting; they are kept apart because they mean different things.
        session.sock = socket.create_connection((self.host, self.port), self.timeout, (self.source, 0) if self.source else None)
        session._host = self.host  # type: ignore[attr-defined]  # smtplib's server name for STARTTLS, set by its own connect()
        result.client_address = str(session.sock.getsockname()[0])
        session.note(f"Connected to {self.host}:{self.port} from {result.client_address}")
        result.stage = "greeting"
        code, text = session.getreply()
        if code == -1:
            session.close()  # whatever it is, it has no use for a QUIT
            raise OSError(f"port {self.port} does not speak SMTP: {_text(text)}")
        result.banner = visible(self._expect((code, text), result))

    def _hello(self, session: _Session, result: ProbeResult) -> None:
        result.stage = "ehlo"
        hello = self._expect(session.ehlo(), result)
        # Exchange greets with the client's address as it sees it: "250-name Hello [192.0.2.1]".
        seen = re.search(r"Hello \[([0-9A-Fa-f:.]+)\]", hello)
        result.seen_as = seen.group(1) if seen else ""
        result.keywords = [visible(line) for line in hello.split("\n")[1:]]
        result.auth_before_tls = _mechanisms(session)

    def _starttls(self, session: _Session, result: ProbeResult, context: ssl.SSLContext) -> bool:
        result.stage = "starttls"
        try:
            session.starttls(context=context)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            result.tls_error = visible(error)
            session.note(f"TLS failed: {error}")
            session.close()
            return False
        result.tls_version = session.sock.version() or "" if isinstance(session.sock, ssl.SSLSocket) else ""
        session.note(f"TLS started: {result.tls_version}")
        result.stage = "ehlo"
        self._expect(session.ehlo(), result)
        result.auth_after_tls = _mechanisms(session)
        return True

    def _transaction(self, session: _Session, result: ProbeResult, envelope: Envelope) -> None:
        result.stage = "mail"
        self._expect(session.mail(envelope.mail_from), result)
        result.stage = "rcpt"
        self._expect(session.rcpt(envelope.rcpt_to), result)
        if not envelope.send:
            session.rset()
            return
        result.stage = "data"
        self._expect(session.data(_message(envelope)), result)
        result.sent = True

    def _expect(self, reply: tuple[int, bytes], result: ProbeResult) -> str:
        code, text = reply[0], _text(reply[1])
        result.reply = _shown(code, text)
        if not 200 <= code < 300:
            raise _Refusal
        return text

    @staticmethod
    def _leave(session: _Session) -> None:
        try:
            if session.sock is not None:
                session.quit()
        except (OSError, smtplib.SMTPException):
            session.close()


def _text(raw: bytes | str) -> str:
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw


def _shown(code: int, text: str) -> str:
    """The last line of a reply, as one line."""
    return visible(f"{code} {text.split(chr(10))[-1]}").rstrip()


def _mechanisms(session: smtplib.SMTP) -> list[str]:
    return session.esmtp_features.get("auth", "").split()


def _message(envelope: Envelope) -> bytes:
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    message["From"] = envelope.mail_from
    message["To"] = envelope.rcpt_to
    message["Subject"] = envelope.subject
    message["Date"] = email.utils.formatdate()
    message["Message-ID"] = email.utils.make_msgid()
    message.set_content("Sent by smtp_probe of the Ansible collection sharepoint.mail.")
    return message.as_bytes()
