# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exchange's extended rights on receive connectors, who may hold them, and which a permission group stands for.

Source: Exchange Server documentation, "Receive connectors" (permission groups, rights).
"""

from __future__ import annotations

SUBMIT = "ms-Exch-SMTP-Submit"
ANY_RECIPIENT = "ms-Exch-SMTP-Accept-Any-Recipient"
ANY_SENDER = "ms-Exch-SMTP-Accept-Any-Sender"
DOMAIN_SENDER = "ms-Exch-SMTP-Accept-Authoritative-Domain-Sender"
AUTHENTICATION_FLAG = "ms-Exch-SMTP-Accept-Authentication-Flag"
BYPASS_ANTI_SPAM = "ms-Exch-Bypass-Anti-Spam"
BYPASS_SIZE_LIMIT = "ms-Exch-Bypass-Message-Size-Limit"
ROUTING_HEADERS = "ms-Exch-Accept-Headers-Routing"
EXCH50 = "ms-Exch-SMTP-Accept-Exch50"

ANONYMOUS = r"NT AUTHORITY\ANONYMOUS LOGON"
AUTHENTICATED = r"NT AUTHORITY\Authenticated Users"
EXTERNALLY_SECURED = r"MS Exchange\Externally Secured Servers"
# Permission group -> principal -> rights ("Receive connectors": Receive connector permission groups). Only principals that a client
# outside the Exchange organisation can become.
GROUP_RIGHTS: dict[str, dict[str, frozenset[str]]] = {
    "AnonymousUsers": {ANONYMOUS: frozenset({ROUTING_HEADERS, ANY_SENDER, DOMAIN_SENDER, SUBMIT})},
    "ExchangeUsers": {AUTHENTICATED: frozenset({ROUTING_HEADERS, BYPASS_ANTI_SPAM, ANY_RECIPIENT, SUBMIT})},
    "ExchangeServers": {
        EXTERNALLY_SECURED: frozenset(
            {
                ROUTING_HEADERS,
                BYPASS_ANTI_SPAM,
                BYPASS_SIZE_LIMIT,
                ANY_RECIPIENT,
                ANY_SENDER,
                AUTHENTICATION_FLAG,
                DOMAIN_SENDER,
                EXCH50,
                SUBMIT,
            }
        )
    },
}
