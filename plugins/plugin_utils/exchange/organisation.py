# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of an Exchange organisation: its servers, their receive connectors, the domains it accepts mail for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ..common.errors import BadInput, CommandMissing, RemoteError
from ..remoting.pipeline import Command, Statement, cmdlet
from ..remoting.session import Session
from .connectors.fields import connector_facts


def with_domain_controller(statement: Statement, domain_controller: str | None) -> Statement:
    """The same statement asked of one domain controller: a change made on another may not have arrived where one reads."""
    if not domain_controller:
        return statement
    commands = tuple(Command(c.name, {**c.parameters, "DomainController": domain_controller}) for c in statement.commands)
    return dataclasses.replace(statement, commands=commands)


def connectors_of(session: Session, servers: Sequence[str], domain_controller: str | None = None) -> list[list[Mapping[str, Any]]]:
    """The receive connectors of each server, as Exchange shows them. Raises BadInput for a server that Exchange does not know."""
    statements = [with_domain_controller(cmdlet("Get-ReceiveConnector", Server=server), domain_controller) for server in servers]
    found = []
    for server, reply in zip(servers, session.read_each(*statements), strict=True):
        for error in reply.errors:
            raise explained(error, server, session.host)
        found.append([connector for connector in reply.outputs if isinstance(connector, Mapping)])
    return found


def not_found(error: RemoteError) -> bool:
    """Whether Exchange does not know what it was asked about. The failure category in the error id is the same in every language."""
    known = not isinstance(error, CommandMissing)
    return known and ("ManagementObjectNotFoundException" in error.error_id or "couldn't be found" in error.reply)


def texts(value: Any) -> list[str]:
    """What a property holds, as texts: many, one or none."""
    return [str(entry) for entry in (value if isinstance(value, list) else [value]) if entry not in (None, "")]


def explained(error: RemoteError, server: str, host: str) -> BadInput | RemoteError:
    """The error, or a plain sentence where Exchange does not know the server."""
    if not_found(error):
        return BadInput(f"{host} has no Exchange server {server} ({error.reply}). Nothing was changed. Check the name.")
    return error


def exchange_servers(session: Session, domain_controller: str | None = None) -> list[dict[str, str]]:
    """``name`` and ``fqdn`` of the servers with the Mailbox role. Raises RemoteError."""
    (found,) = session.read(with_domain_controller(cmdlet("Get-ExchangeServer"), domain_controller))
    return [
        {"name": str(server.get("Name")), "fqdn": str(server.get("Fqdn") or "")}
        for server in found
        if isinstance(server, Mapping) and "Mailbox" in str(server.get("ServerRole"))
    ]


def organisation_facts(
    session: Session, servers: Sequence[str] | None, name: str | None, domain_controller: str | None
) -> tuple[dict[str, Any], list[str]]:
    """``connectors``, ``accepted_domains`` and ``servers``, and warnings about what could not be read (None in the facts).

    Raises RemoteError or BadInput when the connectors cannot be read: they are what the facts are about.
    """
    warnings: list[str] = []
    known: list[dict[str, str]] | None = None
    try:
        known = exchange_servers(session, domain_controller)
    except RemoteError as error:
        if not servers:
            # Without names, all connectors of the organisation are asked for at once.
            warnings.append(f"The list of Exchange servers was not read. {error.message}")
    names = list(servers or ()) or [server["name"] for server in known or ()]
    if names:
        found = [connector for group in connectors_of(session, names, domain_controller) for connector in group]
    else:
        (found,) = session.read(with_domain_controller(cmdlet("Get-ReceiveConnector"), domain_controller))
    connectors = [connector_facts(connector) for connector in found]
    if name is not None:
        connectors = [connector for connector in connectors if connector["name"].casefold() == name.casefold()]
    domains: list[str] | None = None
    try:
        (accepted,) = session.read(with_domain_controller(cmdlet("Get-AcceptedDomain"), domain_controller))
        domains = sorted(str(domain.get("DomainName")) for domain in accepted)
    except RemoteError as error:
        warnings.append(f"The accepted domains were not read. {error.message}")
    return {"connectors": connectors, "accepted_domains": domains, "servers": known}, warnings
