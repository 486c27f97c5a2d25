# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One SMTP session, a stranger's or that of an account: what the server offers, and whether it takes a mail. Sends only when told to."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from typing import Any, Literal

from ..common.errors import AddressError
from ..common.printable import visible
from .certificate import describe
from .envelope import Envelope
from .logon import Logon, LogonError, log_on
from .session import SmtpSession, reply_line, text_of

Stage = Literal["connect", "greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "done"]
ProbeOutcome = Literal["accepted", "refused", "not_connected"]


@dataclasses.dataclass
class ProbeResult:
    """What a session showed. ``stage`` is where it ended, ``reply`` the server's last word there (code first).

    ``keywords`` are those before TLS. ``keywords_after_tls``, ``auth_after_tls`` and ``certificate`` are None where STARTTLS was not
    offered, not asked for, or failed (``tls_error`` says how); a certificate that was not trusted is read all the same.
    ``policy`` is what the session lets guess: ``max_size`` (octets), ``starttls``, ``requires_tls``, ``requires_authentication``.
    ``authenticated``, and ``auth_reply``, are about a logon; ``auth_error`` says why none could be tried.
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
    keywords_after_tls: list[str] | None = None
    auth_after_tls: list[str] | None = None
    certificate: dict[str, Any] | None = None
    policy: dict[str, Any] = dataclasses.field(default_factory=dict)
    tls_version: str = ""
    tls_error: str = ""
    authenticated: bool = False
    auth_reply: str = ""
    auth_error: str = ""
    sent: bool = False
    transcript: list[str] = dataclasses.field(default_factory=list)


class _Refusal(Exception):
    """The server answered a command with a code that means no."""


class _Untrusted(Exception):
    """TLS did not come about, or not with the server that was meant; the connection is of no more use. ``text`` says why."""

    def __init__(self, text: str, *, chain_error: str = "") -> None:
        super().__init__(text)
        self.chain_error = chain_error


class Probe:
    """A probe of ``host``:``port``.

    ``source`` is the local address to connect from. ``context`` has the authorities to trust under STARTTLS (None: STARTTLS is left
    alone); without ``validate_certs`` a server that they do not vouch for is spoken to all the same. ``tls_name`` is the name that the
    certificate has to bear, ``host`` by default. ``logon``: who logs on before anything is offered; nobody by default.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        ehlo: str,
        timeout: float = 30.0,
        source: str | None = None,
        context: ssl.SSLContext | None = None,
        validate_certs: bool = True,
        tls_name: str | None = None,
        logon: Logon | None = None,
    ) -> None:
        if re.search(r"[\x00-\x20\x7f]", ehlo) or not ehlo:
            raise AddressError(f"{visible(ehlo)!r} is not a valid name for EHLO. Nothing was sent.")
        self.host, self.port, self.ehlo, self.timeout = host, port, ehlo, timeout
        self.context, self.validate_certs, self.tls_name = context, validate_certs, tls_name or host
        self.logon = logon
        self.source = _address(source) if source else None
        if context is not None:
            context.check_hostname = False  # the name is judged apart from the chain, so that the one does not hide the other

    def run(self, envelope: Envelope) -> ProbeResult:
        """Holds the session and always ends it with QUIT; a recipient that was accepted is reset unless ``send``.

        A TLS handshake that fails ends the connection. Where the certificate was the reason, a second one reads it; then the
        transaction is tried once more in clear text.
        """
        result = ProbeResult()
        try:
            self._session(envelope, result, self.context)
        except _Untrusted as error:
            result.tls_error = visible(error)
            if not (error.chain_error and self._again_unverified(envelope, result, error.chain_error)):
                result.tls_version = ""
                result.transcript.append("=== Once more, without STARTTLS")
                self._session(envelope, result, None)
        result.policy = _policy(result)
        return result

    def _again_unverified(self, envelope: Envelope, result: ProbeResult, chain_error: str) -> bool:
        """Reads the certificate that was not trusted. True when the whole session was held so."""
        result.transcript.append("=== Once more, without validation, to see the certificate")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            self._session(None if self.validate_certs else envelope, result, context, chain_error)
        except _Untrusted:
            return False
        return not self.validate_certs

    def _session(self, envelope: Envelope | None, result: ProbeResult, context: ssl.SSLContext | None, chain_error: str = "") -> None:
        """One connection; without an envelope it ends after TLS. Raises _Untrusted."""
        session = SmtpSession(result.transcript, ehlo=self.ehlo, timeout=self.timeout, source=self.source)
        try:
            result.stage = "connect"
            session.note(f"Trying {self.host}:{self.port}")
            self._connect(session, result)
            self._hello(session, result)
            if context is not None and session.has_extn("starttls"):
                self._starttls(session, result, context, chain_error)
                if envelope is not None:
                    self._hello_again(session, result)
            if envelope is not None:
                if self.logon is not None:
                    self._log_on(session, result, self.logon)
                self._transaction(session, result, envelope)
                result.outcome, result.stage = "accepted", "done"
        except LogonError as error:
            result.auth_error = str(error)
            session.note(f"No logon: {error}")
        except (_Refusal, smtplib.SMTPDataError) as error:
            result.outcome = "refused"
            if isinstance(error, smtplib.SMTPDataError):
                result.reply = reply_line(error.smtp_code, text_of(error.smtp_error))
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

    def _connect(self, session: SmtpSession, result: ProbeResult) -> None:
        # smtplib joins connecting and the greeting; they are kept apart because they mean different things.
        session.sock = socket.create_connection((self.host, self.port), self.timeout, (self.source, 0) if self.source else None)
        session._host = self.tls_name  # type: ignore[attr-defined]  # smtplib's server name for STARTTLS, set by its own connect()
        result.client_address = str(session.sock.getsockname()[0])
        session.note(f"Connected to {self.host}:{self.port} from {result.client_address}")
        result.stage = "greeting"
        code, text = session.getreply()
        if code == -1:
            session.close()  # whatever it is, it has no use for a QUIT
            raise OSError(f"port {self.port} does not speak SMTP: {text_of(text)}")
        result.banner = visible(self._expect((code, text), result))

    def _hello(self, session: SmtpSession, result: ProbeResult) -> None:
        result.stage = "ehlo"
        hello = self._expect(session.ehlo(), result)
        # Exchange greets with the client's address as it sees it: "250-name Hello [192.0.2.1]".
        seen = re.search(r"Hello \[([0-9A-Fa-f:.]+)\]", hello)
        result.seen_as = seen.group(1) if seen else ""
        result.keywords = [visible(line) for line in hello.split("\n")[1:]]
        result.auth_before_tls = _mechanisms(session)

    def _starttls(self, session: SmtpSession, result: ProbeResult, context: ssl.SSLContext, chain_error: str) -> None:
        result.stage = "starttls"
        try:
            session.starttls(context=context)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            session.note(f"TLS failed: {error}")
            session.close()
            raise _Untrusted(str(error), chain_error=getattr(error, "verify_message", "")) from error
        if isinstance(session.sock, ssl.SSLSocket):
            result.tls_version = session.sock.version() or ""
            result.certificate = describe(session.sock.getpeercert(binary_form=True) or b"", self.tls_name, chain_error)
        session.note(f"TLS started: {result.tls_version}")
        for line in _certificate_lines(result.certificate or {}):
            session.note(line)
        if result.certificate and result.certificate["name_error"]:
            result.tls_error = result.tls_error or f"certificate name mismatch: {result.certificate['name_error']}"
            if self.validate_certs and not chain_error:
                raise _Untrusted(result.tls_error)

    def _hello_again(self, session: SmtpSession, result: ProbeResult) -> None:
        """RFC 3207, section 4.2: what was said in clear text is forgotten."""
        result.stage = "ehlo"
        hello = self._expect(session.ehlo(), result)
        result.keywords_after_tls = [visible(line) for line in hello.split("\n")[1:]]
        result.auth_after_tls = _mechanisms(session)

    def _log_on(self, session: SmtpSession, result: ProbeResult, logon: Logon) -> None:
        result.stage = "auth"
        result.auth_reply = result.reply = ""
        reply = log_on(session, logon)
        result.auth_reply = reply_line(reply[0], text_of(reply[1]))
        self._expect(reply, result)
        result.authenticated = True

    def _transaction(self, session: SmtpSession, result: ProbeResult, envelope: Envelope) -> None:
        result.stage = "mail"
        self._expect(session.mail(envelope.mail_from), result)
        result.stage = "rcpt"
        self._expect(session.rcpt(envelope.rcpt_to), result)
        if not envelope.send:
            session.rset()
            return
        result.stage = "data"
        self._expect(session.data(envelope.message()), result)
        result.sent = True

    def _expect(self, reply: tuple[int, bytes], result: ProbeResult) -> str:
        code, text = reply[0], text_of(reply[1])
        result.reply = reply_line(code, text)
        if not 200 <= code < 300:
            raise _Refusal
        return text

    @staticmethod
    def _leave(session: SmtpSession) -> None:
        try:
            if session.sock is not None:
                session.quit()
        except (OSError, smtplib.SMTPException):
            session.close()


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise AddressError(f"source_address: {visible(text)!r} is not a valid IP address. Nothing was sent.") from error


def _certificate_lines(certificate: dict[str, Any]) -> Iterator[str]:
    """What swaks tells of a server's certificate, and what a person asks next."""
    if certificate:
        yield f"Certificate subject: {certificate['subject']}; names: {', '.join(certificate['names'])}"
        yield f"Certificate issuer: {certificate['issuer']}; valid until {certificate['not_after']}"
        trust = "trusted" if certificate["trusted"] else f"NOT trusted: {certificate['trust_error']}"
        name = f"bears {certificate['name']}" if certificate["name_matches"] else f"WRONG NAME: {certificate['name_error']}"
        yield f"Certificate {trust}; {name}"


def _policy(result: ProbeResult) -> dict[str, Any]:
    """A guess from one session: what is not shown by it stays None."""
    if not result.keywords and result.outcome == "not_connected":
        return {"max_size": None, "starttls": None, "requires_tls": None, "requires_authentication": None}
    size = next((words[1] for line in result.keywords if (words := line.upper().split())[:1] == ["SIZE"] and len(words) > 1), "")
    taken = result.outcome == "accepted" or result.stage in ("rcpt", "data")
    clear = result.auth_after_tls is None
    # RFC 3207, section 4: 530 "Must issue a STARTTLS command first"; Exchange says 451 5.7.3 "STARTTLS is required to send mail".
    tls = result.stage == "mail" and bool(re.match(r"530 5\.7\.0|451 5\.7\.3|(?:4|5)\d\d .*STARTTLS", result.reply, re.I))
    authentication = result.stage == "mail" and not tls and bool(re.match(r"530 |5\d\d 5\.7\.\d+ .*authenticat", result.reply, re.I))
    return {
        "max_size": int(size) if size.isascii() and size.isdigit() and int(size) else None,
        "starttls": any(line.upper().split()[:1] == ["STARTTLS"] for line in result.keywords),
        "requires_tls": True if clear and tls else False if clear and taken else None,
        "requires_authentication": True if authentication else False if taken and not result.authenticated else None,
    }


def _mechanisms(session: smtplib.SMTP) -> list[str]:
    """Each once: Postfix can announce them in two manners (broken_sasl_auth_clients), and smtplib joins what it is told."""
    return list(dict.fromkeys(session.esmtp_features.get("auth", "").split()))
