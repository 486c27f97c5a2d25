# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which receive connector takes a connection.

Source: Exchange Server documentation, "Receive connectors" (selection).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from ...common.addresses import parse_address
from ..situation.connectors import Connector


@dataclasses.dataclass(frozen=True)
class Match:
    """The connector that takes a connection, and the remote range that made it the one; or neither, and why."""

    connector: Connector | None
    why: str
    listening: bool


def select(connectors: Iterable[Connector], server: str, local: str | None, port: int, client: str) -> Match:
    """The receive connector of ``server`` for ``client`` connecting to ``local``:``port``.

    Enabled connectors bound to that address and port compete, and the most specific remote range that contains the client wins; where
    two are equal, the one bound to the very address. ``local`` None means that the server's address is not known: any binding counts.
    """
    address = parse_address(client)
    target = parse_address(local) if local else None
    bound: list[tuple[Connector, bool]] = []
    for connector in connectors:
        if not connector.enabled or connector.server.casefold() != server.casefold():
            continue
        exact = [
            not ip.is_unspecified
            for ip, bound_port in connector.bindings
            if bound_port == port and (target is None or ip == target or (ip.is_unspecified and ip.version == target.version))
        ]
        if exact:
            bound.append((connector, any(exact)))
    if not bound:
        return Match(None, f"no enabled receive connector of {server} is bound to {local or 'any address'}, port {port}", listening=False)
    matching = [
        (span.size, not exact, connector.identity, span, connector)
        for connector, exact in bound
        for span in connector.ranges
        if span.contains(address)
    ]
    if not matching:
        names = ", ".join(connector.identity for connector, _unused in bound)
        return Match(None, f"no remote range of {names} contains {client}", listening=True)
    span, connector = min(matching, key=lambda entry: entry[:3])[3:]
    others = sorted({entry[2] for entry in matching} - {connector.identity})
    over = f" and is more specific than those of {', '.join(others)}" if others else ""
    return Match(connector, f"its binding to port {port} and its remote range {span.text}, which contains {client}{over}", listening=True)
