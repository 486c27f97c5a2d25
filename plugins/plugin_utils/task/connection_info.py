# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a session is and can do: for people whose tasks do not work yet. A piece that cannot be read is reported as that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..common.errors import CommandMissing, RemoteError
from ..remoting.faults import EXCHANGE
from ..remoting.pipeline import Statement, cmdlet, listed
from ..remoting.session import Endpoint, Session
from ..sharepoint.shell import load_snap_in

_DELEGATION = {
    "credssp": (True, "CredSSP sends the account's password to the host."),
    "basic": (True, "Basic sends the account's password to the host."),
    "ntlm": (False, "NTLM authenticates the account, but the host cannot log on to other hosts with it."),
    "certificate": (False, "With a client certificate, the host cannot log on to other hosts."),
    "kerberos": (None, "Kerberos delegates only if the ticket is forwardable, delegation is requested, and the account allows it."),
    "negotiate": (None, "Negotiate chooses Kerberos, which may delegate, or NTLM, which cannot."),
}


def describe(session: Session, cmdlets: Sequence[str]) -> dict[str, Any]:
    """All that ``connection_info`` reports. Raises MailError only when the connection itself breaks."""
    notes: list[str] = []
    endpoint = session.endpoint
    table = session.private_data.get("PSVersionTable")
    version = table.get("PSVersion") if isinstance(table, dict) else None
    sender = cmdlet("Get-Variable", Name="PSSenderInfo", ValueOnly=True)
    return {
        "host": session.host,
        "account": endpoint.account,
        "seen_as": _piece(session, "the connected account", sender.member("UserInfo", "Identity", "Name"), notes),
        "runs_as": _piece(session, "the account of the session", cmdlet("Get-Item", Path=r"Env:\USERNAME").member("Value"), notes),
        "authentication": endpoint.authentication,
        "transport": endpoint.transport,
        "url": endpoint.url,
        "endpoint": endpoint.configuration,
        "powershell_version": None if version is None else str(version),
        "language_mode": _piece(
            session,
            "the language mode",
            cmdlet("Get-Variable", Name="ExecutionContext", ValueOnly=True).member("SessionState", "LanguageMode"),
            notes,
        ),
        "delegated": _delegated(endpoint),
        "cmdlets": _cmdlets(session, cmdlets, notes),
        "notes": notes,
    }


def _piece(session: Session, name: str, statement: Statement, notes: list[str]) -> str | None:
    """One value as text; a statement of its own, for one that fails takes the answers of those behind it along."""
    reply = session.read_each(statement)[0]
    if reply.errors:
        error = reply.errors[0]
        reason = f"it does not show {error.cmdlet}" if isinstance(error, CommandMissing) else error.reply
        notes.append(f"The endpoint does not show {name}: {reason}")
        return None
    return next((str(value) for value in reply.outputs if value not in (None, "")), None)


def _delegated(endpoint: Endpoint) -> dict[str, Any]:
    if endpoint.configuration not in ("Microsoft.PowerShell", "Microsoft.PowerShell32", "PowerShell.7", EXCHANGE):
        return {
            "value": None,
            "reason": f"The endpoint {endpoint.configuration} is one of the host's own: if it was registered with RunAs credentials, the "
            f"session runs as that account and can log on to other hosts, whatever the authentication.",
        }
    value, reason = _DELEGATION.get(endpoint.authentication, (None, f"Nothing is known about {endpoint.authentication}."))
    return {"value": value, "reason": reason}


def _cmdlets(session: Session, names: Sequence[str], notes: list[str]) -> dict[str, bool | None]:
    if not names:
        return {}
    found = _found(session, names, notes)
    hidden = found is not None and any("-sp" in name.lower() and name.lower() not in found for name in names)
    if hidden and session.endpoint.configuration != EXCHANGE:
        try:
            load_snap_in(session)
        except RemoteError as error:
            notes.append(error.message)
        else:
            found = _found(session, names, notes)
    return {name: None if found is None else name.lower() in found for name in names}


def _found(session: Session, names: Sequence[str], notes: list[str]) -> set[str] | None:
    reply = session.read_each(listed(names))[0]
    if reply.errors and not reply.outputs:
        notes.append(f"The endpoint does not list its cmdlets: {reply.errors[0].reply}")
        return None
    return {str(found.get("Name", "")).lower() for found in reply.outputs if isinstance(found, dict)}
