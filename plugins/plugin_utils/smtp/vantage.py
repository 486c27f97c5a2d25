# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From which address the controller would connect to a host."""

from __future__ import annotations

import socket


def source_address(host: str, port: int) -> str:
    """The address, empty where the host's is not known or no route leads there. Nothing is sent.

    Connecting a datagram socket only lets the kernel choose the route and, by it, the address (connect(2), udp(7)).
    """
    try:
        for family, kind, protocol, _name, address in socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM):
            with socket.socket(family, kind, protocol) as chooser:
                chooser.connect(address)
                return str(chooser.getsockname()[0])
    except (OSError, UnicodeError):
        pass
    return ""
