"""The SMTP client inside SharePoint's processes: it connects from the server's address and authenticates exactly when its build would."""

from __future__ import annotations

import base64
import binascii
import contextlib
import dataclasses
import re
import smtplib
import socket
import ssl
import uuid
from collections.abc import Iterator, Mapping, Sequence

import spnego
from spnego.exceptions import SpnegoError

from tests.lab.directory import Account
from tests.lab.network import SMTP_PORT, Network
from tests.lab.pki import Authority
from tests.lab.sharepoint.product import Product
from tests.lab.sharepoint.uls import UlsLog
from tests.lab.sharepoint.web_application import MailSettings

SENDING_FAILED = "Failure sending mail."
STATUS_TEXTS = {
    421: "Service not available, closing transmission channel.",
    450: "Mailbox unavailable.",
    451: "Error in processing.",
    452: "Insufficient system storage.",
    454: "Client does not have permission to submit mail to this server.",
    500: "Syntax error, command unrecognized.",
    501: "Syntax error in parameters or arguments.",
    502: "Command not implemented.",
    503: "Bad sequence of commands.",
    504: "Command parameter not implemented.",
    530: "The SMTP server requires a secure connection or the client was not authenticated.",
    550: "Mailbox unavailable.",
    551: "User not local; please try alternate path.",
    552: "Exceeded storage allocation.",
    553: "Mailbox name not allowed.",
    554: "Transaction failed.",
}
"""What System.Net.Mail.SmtpException says for a status code (SmtpStatusCode). The code itself is lost in its text."""


ADDRESS = re.compile(r"[!-~]+@[!-~]+", re.ASCII)
"""What goes as a sender."""


@dataclasses.dataclass(frozen=True)
class Process:
    """A process that sends: its name and id as ULS shows them, its account, and the server it runs on."""

    name: str
    number: int
    account: Account
    server: str
    stops_when_refused: bool
    """What it does when the authentication that it started unasked is refused: OWSTIMER stops, w3wp goes on anonymously."""

    def __str__(self) -> str:
        return f"{self.name} (0x{self.number:04X})"


@dataclasses.dataclass(frozen=True)
class Envelope:
    """A message ready to go. ``content`` is what stands between DATA and the final dot, with CRLF line ends."""

    sender: str
    recipients: Sequence[str]
    subject: str
    content: bytes


class SmtpFailure(Exception):
    """The message was not sent, or not to all. The text is what .NET's exception would say, ``inner`` what the one inside it says."""

    def __init__(self, message: str, inner_type: str = "", inner: str = "") -> None:
        super().__init__(f"{message} ---> {inner_type}: {inner}" if inner else message)
        self.inner = inner


class RefusedAuthentication(SmtpFailure):
    """The server refused the authentication."""


class RefusedCertificate(SmtpFailure):
    """The server's certificate is not trusted, or has another name."""


class SeveralRefused(SmtpFailure):
    """More than one recipient was refused; what the server said of each is lost."""


class Client(smtplib.SMTP):
    """smtplib's client with the lab's name service instead of the machine's."""

    def __init__(self, network: Network, host: str, port: int, server: str) -> None:
        self._network = network
        super().__init__(host, port, local_hostname=server, timeout=30, source_address=(network.addresses[server], 0))

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        address = self._network.resolve(host)
        if address is None:
            raise SmtpFailure(SENDING_FAILED, "System.Net.WebException", f"The remote name could not be resolved: '{host}'")
        return socket.create_connection((address, port), timeout, self.source_address)


@contextlib.contextmanager
def net_exceptions() -> Iterator[None]:
    """Turns what goes wrong in a session into an SmtpFailure with .NET's words."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise failure(error.smtp_code, error.smtp_error) from error
    except ssl.SSLError as error:
        text = "The remote certificate is invalid according to the validation procedure."
        raise RefusedCertificate(SENDING_FAILED, "System.Security.Authentication.AuthenticationException", text) from error
    except smtplib.SMTPServerDisconnected as error:
        text = "Unable to read data from the transport connection: net_io_connectionclosed."
        raise SmtpFailure(SENDING_FAILED, "System.IO.IOException", text) from error
    except OSError as error:
        raise SmtpFailure(SENDING_FAILED, "System.Net.WebException", "Unable to connect to the remote server") from error


class Mailer:
    """Sends for all processes of the farm. What goes wrong is written to the log of the server that sends, and nowhere else."""

    def __init__(
        self, network: Network, pki: Authority, product: Product, mutants: frozenset[str], uls_says: bool, logs: Mapping[str, UlsLog]
    ) -> None:
        self._network = network
        self._pki = pki
        self._product = product
        self._timer_goes_on = "timer-goes-on" in mutants
        self._uls_says = uls_says
        self._logs = logs

    def send(self, process: Process, settings: MailSettings, envelope: Envelope, correlation: uuid.UUID) -> bool:
        """True when the SMTP server took the message for every recipient."""
        try:
            self._send(process, settings, envelope)
        except SmtpFailure as failure:
            if self._uls_says or not isinstance(failure, RefusedAuthentication):
                self._logs[process.server].write(
                    str(process),
                    "E-Mail",
                    "ax1n7",
                    "Monitorable",
                    f"Failed attempt 1 sending mail to recipients: {', '.join(envelope.recipients)}. Mail Subject: {envelope.subject}. "
                    f"Error: SmtpException while sending email: System.Net.Mail.SmtpException: {failure}",
                    correlation,
                )
            return False
        return True

    def _send(self, process: Process, settings: MailSettings, envelope: Envelope) -> None:
        if not settings.server:
            raise SmtpFailure("The SMTP host was not specified.")
        if not envelope.sender:
            raise SmtpFailure("A from address must be specified.")
        if not ADDRESS.fullmatch(envelope.sender):
            raise SmtpFailure("The specified string is not in the form required for an e-mail address.")
        port = settings.port if self._product.has_tls else SMTP_PORT
        with net_exceptions(), Client(self._network, settings.server, port, process.server) as client:
            self._converse(client, process, settings, envelope)

    def _converse(self, client: smtplib.SMTP, process: Process, settings: MailSettings, envelope: Envelope) -> None:
        greet(client, self._pki if self._product.has_tls and settings.enable_ssl else None)
        if self._product.answers_challenges and "NTLM" in mechanisms(client):
            refusal = authenticate(client, process.account.full_name, process.account.password, settings.server or "")
            if refusal and process.stops_when_refused and not self._timer_goes_on:
                raise RefusedAuthentication(str(refusal))
        transmit(client, envelope)


def greet(client: smtplib.SMTP, pki: Authority | None) -> None:
    """EHLO, and TLS when ``pki`` says whom to trust. Raises SmtpFailure when the server does not offer it."""
    expect(client.ehlo(), 250)
    if pki is not None:
        if not client.has_extn("starttls"):
            raise SmtpFailure("Server does not support secure connections.")
        client.starttls(context=pki.client_context())
        expect(client.ehlo(), 250)


def mechanisms(client: smtplib.SMTP) -> list[str]:
    """What the server offers after AUTH."""
    return client.esmtp_features.get("auth", "").upper().split()


def transmit(client: smtplib.SMTP, envelope: Envelope) -> None:
    """The message, to those recipients that are not refused. Raises SmtpFailure about the others."""
    expect(client.mail(envelope.sender), 250)
    refusals = []
    for recipient in envelope.recipients:
        code, text = client.rcpt(recipient)
        if code not in (250, 251):
            refusals.append(failure(code, text))
    if len(refusals) < len(envelope.recipients):
        expect(client.data(envelope.content), 250)
    if len(refusals) == 1:
        raise refusals[0]
    if refusals:
        raise SeveralRefused("Unable to send to all recipients.")


def authenticate(client: smtplib.SMTP, user: str, password: str, server: str) -> SmtpFailure | None:
    """AUTH NTLM as System.Net.Mail does it (initial response in the command); None when it succeeds."""
    context = spnego.client(user, password, hostname=server, service="SMTPSVC", protocol="ntlm")
    code, text = client.docmd("AUTH", f"NTLM {encoded(context.step())}")
    try:
        if code == 334:
            code, text = client.docmd(encoded(context.step(base64.b64decode(text, validate=True))))
    except (binascii.Error, SpnegoError):
        code, text = client.docmd("*")
    return None if code == 235 else failure(code, text)


def encoded(token: bytes | None) -> str:
    return base64.b64encode(token or b"").decode()


def expect(reply: tuple[int, bytes], code: int) -> None:
    """Raises SmtpFailure for any other reply."""
    if reply[0] != code:
        raise failure(*reply)


def failure(code: int, text: bytes | str) -> SmtpFailure:
    """What .NET says of a reply: its own words for the code, then the server's."""
    line = (text.decode("utf-8", "replace") if isinstance(text, bytes) else text).replace("\n", " ")
    return SmtpFailure(f"{STATUS_TEXTS.get(code, SENDING_FAILED)} The server response was: {line}")
