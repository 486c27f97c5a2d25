# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A test message: from whom, to whom, and what it says."""

from __future__ import annotations

import dataclasses
import email.message
import email.policy
import email.utils
import re

from ..common.errors import AddressError
from ..common.printable import visible


@dataclasses.dataclass(frozen=True)
class Envelope:
    """What the probe says. Addresses are checked: nothing in them can end a line or an address."""

    mail_from: str
    rcpt_to: str
    send: bool = False
    subject: str = ""
    text: str = "Sent by smtp_probe of the Ansible collection sharepoint.mail."

    def __post_init__(self) -> None:
        for address in (self.mail_from, self.rcpt_to):
            if re.search(r"[^\x21-\x7e]|[<>]", address) or (address and "@" not in address):
                raise AddressError(f"{visible(address)!r} cannot be used as an address in an SMTP command. Nothing was sent.")
        if not self.rcpt_to:
            raise AddressError("The recipient of a probe is empty. Nothing was sent.")
        if re.search(r"[\x00-\x1f\x7f]", self.subject):
            raise AddressError("The subject of a probe contains control characters. Nothing was sent.")

    def message(self) -> bytes:
        """The message itself."""
        message = email.message.EmailMessage(policy=email.policy.SMTP)
        message["From"] = self.mail_from
        message["To"] = self.rcpt_to
        message["Subject"] = self.subject
        message["Date"] = email.utils.formatdate()
        message["Message-ID"] = email.utils.make_msgid()
        message.set_content(self.text)
        return message.as_bytes()
