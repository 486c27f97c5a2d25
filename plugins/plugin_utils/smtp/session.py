# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An SMTP client that keeps a transcript."""

from __future__ import annotations

import base64
import re
import smtplib
import ssl

from ..common.printable import visible


class SmtpSession(smtplib.SMTP):
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
        mechanism, space, _secret = args.partition(" ")
        shown = f"{cmd} {mechanism}{space and ' ***'}" if cmd.casefold() == "auth" else f"{cmd} {args}".rstrip()
        self._transcript.append(f" {self._dash}> {visible(shown)}")
        super().putcmd(cmd, args)

    def answer(self, secret: bytes) -> tuple[int, bytes]:
        """Sends one answer of a logon, which the transcript does not show, and returns the reply."""
        self._transcript.append(f" {self._dash}> ***")
        super().putcmd(base64.b64encode(secret).decode("ascii"))
        return self.getreply()

    def getreply(self) -> tuple[int, bytes]:
        code, text = super().getreply()
        arrow = f"<{self._dash} " if 200 <= code < 400 else "<**"
        lines = text_of(text).split("\n")
        for number, line in enumerate(lines, start=1):
            shown = "***" if code == 334 else visible(line)
            self._transcript.append(f"{arrow} {code}{' ' if number == len(lines) else '-'}{shown}".rstrip())
        return code, text


def text_of(raw: bytes | str) -> str:
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw


def reply_line(code: int, text: str) -> str:
    """A reply as one line. The enhanced status code that each line of it repeats (RFC 2034, section 4) is kept once."""
    first, *more = text.split("\n")
    status = re.match(r"[245]\.\d{1,3}\.\d{1,3} ", first)
    return visible(" ".join([f"{code} {first}", *(line.removeprefix(status[0]) if status else line for line in more)])).rstrip()
