"""Send-MailMessage of Windows PowerShell 5.1. Its client is .NET's, and sends from the server that runs it."""

from __future__ import annotations

import datetime
import smtplib
from collections.abc import Callable, Iterable
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from tests.lab.directory import Directory
from tests.lab.engine.cmdlets import Call, Cmdlet, TerminatingError
from tests.lab.engine.objects import EnumType
from tests.lab.network import Network
from tests.lab.pki import Authority
from tests.lab.sharepoint.smtp import (
    ADDRESS,
    Client,
    Envelope,
    RefusedCertificate,
    SeveralRefused,
    SmtpFailure,
    authenticate,
    encoded,
    greet,
    mechanisms,
    net_exceptions,
    transmit,
)

PRIORITY = EnumType("System.Net.Mail.MailPriority", {"Normal": 0, "Low": 1, "High": 2})
NOTIFICATION = EnumType(
    "System.Net.Mail.DeliveryNotificationOptions", {"None": 0, "OnSuccess": 1, "OnFailure": 2, "Delay": 4, "Never": 134217728}, flags=True
)
ENCODINGS = {
    "ascii": "us-ascii",
    "bigendianunicode": "utf-16-be",
    "default": "windows-1252",
    "oem": "cp437",
    "unicode": "utf-16-le",
    "utf32": "utf-32-le",
    "utf7": "utf-7",
    "utf8": "utf-8",
}
DEFAULT_PORT = 25
SMTP_CLIENT = "System.Net.Mail.SmtpClient"
NOT_AN_ADDRESS = "The specified string is not in the form required for an e-mail address."
NO_SERVER = (
    "The email cannot be sent because no SMTP server was specified. You must specify an SMTP server by using either the SmtpServer "
    "parameter or the $PSEmailServer variable."
)


class Encoding:
    """Converter of System.Text.Encoding: takes the names that the cmdlet knows, and gives Python's name of the character set."""

    type_name = "System.Text.Encoding"

    def __call__(self, value: Any) -> str:
        if str(value).lower() not in ENCODINGS:
            raise ValueError
        return ENCODINGS[str(value).lower()]


class SendMailMessage:
    """``cmdlet()`` gives it to the engine."""

    def __init__(self, network: Network, directory: Directory, pki: Authority) -> None:
        self._network = network
        self._directory = directory
        self._pki = pki

    def cmdlet(self) -> Cmdlet:
        text: dict[str, Any] = {"type": "string", "not_null_or_empty": True}
        texts: dict[str, Any] = {"type": "string[]", "not_null_or_empty": True}
        signature: dict[str, dict[str, Any]] = {
            "To": {**texts, "mandatory": True, "position": 0},
            "Subject": {**text, "mandatory": True, "position": 1},
            "Body": {**text, "position": 2},
            "SmtpServer": {**text, "position": 3},
            "From": {**text, "mandatory": True},
            "Attachments": {**texts, "pipeline": True},
            "Bcc": texts,
            "BodyAsHtml": {"type": "switch"},
            "Cc": texts,
            "Credential": {"type": "PSCredential", "not_null_or_empty": True},
            "DeliveryNotificationOption": {"type": "DeliveryNotificationOptions"},
            "Encoding": {"type": "Encoding"},
            "Port": {"type": "int", "range": [0, 2147483647]},
            "Priority": {"type": "MailPriority"},
            "UseSsl": {"type": "switch"},
        }
        types: dict[str, Callable[[Any], Any]] = {
            "DeliveryNotificationOptions": NOTIFICATION,
            "MailPriority": PRIORITY,
            "Encoding": Encoding(),
        }
        return Cmdlet("Send-MailMessage", "Microsoft.PowerShell.Commands.SendMailMessage", signature, self.run, types)

    def run(self, call: Call) -> Iterable[Any]:
        host = call.get("SmtpServer") or call.session.variables.get("psemailserver")
        if not host:
            raise TerminatingError(NO_SERVER, "", "InvalidArgument", "System.InvalidOperationException")
        if not ADDRESS.fullmatch(call.get("From")):
            raise TerminatingError(NOT_AN_ADDRESS, "FormatException", "InvalidType", "System.FormatException", call.get("From"))
        to, copies, blind_copies = (self._addresses(call, name) for name in ("To", "Cc", "Bcc"))
        missing = call.get("Attachments") or []
        for path in missing:
            message = f"Cannot find path '{path}' because it does not exist."
            exception = "System.Management.Automation.ItemNotFoundException"
            call.write_error(TerminatingError(message, "PathNotFound", "ObjectNotFound", exception, path))
        envelope = Envelope(call.get("From"), [*to, *copies, *blind_copies], call.get("Subject"), _message(call, to, copies))
        try:
            self._send(call, str(host), envelope)
        except SmtpFailure as failure:
            call.write_error(_error(failure))
        return []

    def _addresses(self, call: Call, name: str) -> list[str]:
        """The addresses of one parameter; what is no address is told and left out."""
        addresses = []
        for address in call.get(name) or []:
            if ADDRESS.fullmatch(address):
                addresses.append(address)
            else:
                call.write_error(TerminatingError(NOT_AN_ADDRESS, "FormatException", "InvalidType", "System.FormatException", address))
        return addresses

    def _send(self, call: Call, host: str, envelope: Envelope) -> None:
        if not envelope.recipients:
            raise SmtpFailure("A recipient must be specified.")
        with net_exceptions(), Client(self._network, host, call.get("Port") or DEFAULT_PORT, call.session.host) as client:
            greet(client, self._pki if call.get("UseSsl") else None)
            self._authenticate(call, client, host)
            transmit(client, envelope)

    def _authenticate(self, call: Call, client: smtplib.SMTP, host: str) -> None:
        """With a credential by NTLM or LOGIN, without one as whoever the process is, over NTLM. A refusal is not looked at: .NET's
        SmtpClient goes on without (measured). Without a credential TLS keeps the cmdlet from answering at all: it sets
        UseDefaultCredentials only when UseSsl is absent."""
        credential = call.get("Credential")
        if credential is not None:
            user, password = credential.user_name, credential.password
        else:
            account = self._directory.find(call.session.user)
            if call.get("UseSsl") or not call.session.delegated or account is None:
                return
            user, password = account.full_name, account.password
        offered = mechanisms(client)
        if "NTLM" in offered and authenticate(client, user, password, host) is None:
            return
        if "LOGIN" in offered and credential is not None and client.docmd("AUTH", f"login {encoded(user.encode())}")[0] == 334:
            client.docmd(encoded(password.encode()))


def _message(call: Call, to: list[str], copies: list[str]) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = call.get("From")
    message["To"] = ", ".join(to)
    if copies:
        message["Cc"] = ", ".join(copies)
    message["Subject"] = " ".join(call.get("Subject").split())
    message["Date"] = format_datetime(datetime.datetime.now(datetime.UTC))
    priority = str(call.get("Priority") or "Normal")
    if priority != "Normal":
        message["X-Priority"] = {"High": "1", "Low": "5"}[priority]
        message["Importance"] = priority.lower()
    encoding = call.get("Encoding") or ENCODINGS["ascii"]
    body = str(call.get("Body") or "").encode(encoding, "replace").decode(encoding)
    message.set_content(body, subtype="html" if call.get("BodyAsHtml") else "plain", charset=encoding, cte="quoted-printable")
    return message.as_bytes()


def _error(failure: SmtpFailure) -> TerminatingError:
    """As the cmdlet writes it: of an exception inside the client's own only the text of the inner one is left."""
    exception = "System.Net.Mail.SmtpException"
    if isinstance(failure, SeveralRefused):
        exception = "System.Net.Mail.SmtpFailedRecipientsException"
    elif isinstance(failure, RefusedCertificate):
        exception = "System.Security.Authentication.AuthenticationException"
    return TerminatingError(failure.inner or str(failure), exception.rpartition(".")[2], "InvalidOperation", exception, SMTP_CLIENT)
