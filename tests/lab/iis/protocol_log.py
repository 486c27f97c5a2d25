"""The SMTP server's protocol log: W3C extended lines, one for each command that came in, and for each that went out and its answer."""

from __future__ import annotations

import datetime

from tests.lab.iis.files import Files
from tests.lab.iis.metabase import Effective

FIELDS = (
    "date time c-ip cs-username s-sitename s-computername s-ip s-port cs-method cs-uri-stem cs-uri-query sc-status sc-win32-status "
    "sc-bytes cs-bytes time-taken cs-version cs-host cs(User-Agent) cs(Cookie) cs(Referer)"
)


class ProtocolLog:
    """Writes to ``SMTPSVC1\\exYYMMDD.log`` in the folder that the settings name, when they say that there is a log."""

    def __init__(self, files: Files, settings: Effective, computer: str, address: str) -> None:
        self._files = files
        self._on = settings.number("LogType") == 1
        self._folder = f"{settings.text('LogFileDirectory')}\\SMTPSVC1"
        self._computer = computer
        self._address = address

    def inbound(self, client: str, name: str, verb: str, argument: str, status: int, sent: int) -> None:
        """A command of a client; ``name`` is what it called itself. ``status`` is the reply's code, ``sent`` the reply's bytes."""
        query = "+" + argument.replace(" ", "+") if argument else "-"
        self._write(client, name or "-", self._address, 0, verb, query, status, sent, len(verb) + len(argument) + 1)

    def outbound_command(self, peer: str, port: int, verb: str, argument: str) -> None:
        self._write(peer, "OutboundConnectionCommand", "-", port, verb, argument.replace(" ", "+") or "-", 0, len(verb), 0)

    def outbound_response(self, peer: str, port: int, reply: str) -> None:
        self._write(peer, "OutboundConnectionResponse", "-", port, "-", reply.replace(" ", "+"), 0, len(reply), 0)

    def _write(self, peer: str, name: str, own: str, port: int, verb: str, query: str, status: int, sent: int, received: int) -> None:
        if not self._on:
            return
        now = datetime.datetime.now(datetime.UTC)
        path = f"{self._folder}\\ex{now:%y%m%d}.log"
        moment = f"{now:%Y-%m-%d %H:%M:%S}"
        line = f"{moment} {peer} {name} SMTPSVC1 {self._computer} {own} {port} {verb} - {query} {status} 0 {sent} {received} 0 SMTP - - - -"
        if self._files.find(path) is None:
            self._files.make_folder(self._folder)
            head = f"#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: {moment}\r\n#Fields: {FIELDS}\r\n"
            self._files.write(path, head.encode())
        self._files.write(path, f"{line}\r\n".encode("ascii", "replace"), append=True)
