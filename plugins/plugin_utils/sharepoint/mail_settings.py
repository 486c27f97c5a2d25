# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mail settings of a web application: option, property, the parameter that writes it, canonical form. Each is declared here once."""

from __future__ import annotations

import re
from typing import Any, Final

from ..common.addresses import is_address
from ..resource.declaration import LEAVE_OUT, Field
from .product import SINCE_2016

DEFAULT_PORT: Final = 25
SERVER: Final = "OutboundMailServer"
"""The name under which the SMTP server's address stands beside the properties: it is two objects away from them."""

# A local part of RFC 5322 dot-atoms and a host name. SharePoint writes the address into headers as it is.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")


def _address(value: Any) -> str:
    if not _ADDRESS.fullmatch(str(value)):
        raise ValueError(f"{str(value)!r} is not a valid e-mail address")
    local, _at, domain = str(value).rpartition("@")
    return f"{local}@{domain.lower()}"


def _server(value: Any) -> str:
    if not _HOST_NAME.fullmatch(str(value)) and not is_address(str(value)):
        raise ValueError(f"{str(value)!r} is neither a host name nor an IP address (the port has an option of its own)")
    return str(value).lower()


def _code_page(value: Any) -> int:
    if not 1 <= int(value) <= 65535:
        raise ValueError(f"{value} is not the number of a Windows code page, such as 65001 for UTF-8")
    return int(value)


# What a version does not have reads as what it does: port 25, no TLS.
SETTINGS: Final = (
    Field("server", lambda found: found.get(SERVER) or "", "SMTPServer", _server),
    Field("from_address", lambda found: found.get("OutboundMailSenderAddress") or "", "OutgoingEmailAddress", _address),
    Field("reply_to", lambda found: found.get("OutboundMailReplyToAddress") or "", "ReplyToEmailAddress", _address),
    Field(
        "port",
        lambda found: found.get("OutboundMailPort") or DEFAULT_PORT,
        "SMTPServerPort",
        int,
        versions=SINCE_2016,
        without=DEFAULT_PORT,
        least=1,
        most=65535,
    ),
    Field(
        "tls",
        lambda found: bool(found.get("OutboundMailEnableSsl")),
        "DisableSMTPEncryption",
        argument=lambda tls: LEAVE_OUT if tls else True,
        versions=SINCE_2016,
        without=False,
    ),
    # No cmdlet sets these: they are members of the web application's object, written by UpdateMailSettings (character_set), or as the
    # property that is their source.
    Field(
        "override_envelope_sender", "OutboundMailOverrideEnvelopeSender", normal=bool, versions=SINCE_2016, without=False, writes_null=True
    ),
    Field("character_set", lambda found: found.get("OutboundMailCodePage") or None, normal=_code_page),
)
