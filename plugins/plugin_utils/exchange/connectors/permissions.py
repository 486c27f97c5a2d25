# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rights on a receive connector. They are no settings of it, but entries of its Active Directory object's access control list.

Source: "Allow anonymous relay on Exchange servers" and Microsoft's references of Get-, Add- and Remove-ADPermission.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ...common.errors import BadInput, CommandMissing, RemoteError
from ...common.rights import ANY_RECIPIENT
from ...remoting.pipeline import Statement, cmdlet, listed
from ...remoting.session import Session
from ..organisation import texts, with_domain_controller

ANONYMOUS_LOGON: Final = "S-1-5-7"
"""Well-known SID of ANONYMOUS LOGON, whose name depends on the domain's language."""

WRITING: Final = ("Add-ADPermission", "Remove-ADPermission")
_CMDLETS = ("Get-ADPermission", *WRITING)
# Names by which Windows in other languages shows the two well-known principals that a client of a connector can be.
_SIDS = {
    "nt authority\\anonymous logon": ANONYMOUS_LOGON,
    "nt-autorität\\anonymous-anmeldung": ANONYMOUS_LOGON,
    "nt-autorität\\anonymous logon": ANONYMOUS_LOGON,
    "autorite nt\\anonymous logon": ANONYMOUS_LOGON,
    "nt authority\\authenticated users": "S-1-5-11",
    "nt-autorität\\authentifizierte benutzer": "S-1-5-11",
    "autorite nt\\utilisateurs authentifiés": "S-1-5-11",
}


def permission(verb: str, connector: str, domain_controller: str | None, **parameters: Any) -> Statement:
    """``Get-``, ``Add-`` or ``Remove-ADPermission`` on the connector ``SERVER\\name``.

    The connector is found by its own cmdlet and piped, as in Microsoft's instructions: ADPermission's own -Identity takes no
    ``SERVER\\name``, and a bare name may exist on several servers. All of it is asked of the same domain controller.
    """
    statement = cmdlet("Get-ReceiveConnector", Identity=connector).pipe(f"{verb}-ADPermission", **parameters)
    return with_domain_controller(statement, domain_controller)


def change_relay(connector: str, user: str, domain_controller: str | None, allowed: bool) -> Statement:
    """Gives or takes the right to send to any recipient."""
    verb = "Add" if allowed else "Remove"
    return permission(verb, connector, domain_controller, User=user, ExtendedRights=[ANY_RECIPIENT], Confirm=False)


def relay_allowed(session: Session, connectors: Sequence[str], user: str, domain_controller: str | None) -> list[bool]:
    """Whether the connectors' own entries let ``user`` send to any recipient.

    Exchange itself picks the entries of ``user``, so neither the language of names nor their spelling matters here. Raises
    CommandMissing without the role, BadInput when Exchange does not know ``user``.
    """
    statements = [permission("Get", connector, domain_controller, User=user) for connector in connectors]
    return [_relays(entries(reply.outputs)) for reply in _checked(session, statements, user)]


def check_access(session: Session, probe: str, user: str, domain_controller: str | None) -> None:
    """Makes sure that rights could be written, before a connector is made that would then lack them.

    ``probe`` is any connector that exists: the question about it shows whether Exchange knows ``user``. Raises CommandMissing with
    the role that the account lacks, or BadInput.
    """
    _checked(session, [permission("Get", probe, domain_controller, User=user)], user)
    lacking = lacking_cmdlets(session, _CMDLETS)
    if lacking:
        raise BadInput(
            f"{session.host} shows {session.endpoint.account or 'the account of the session'} Get-ADPermission, but not "
            f"{' and '.join(lacking)}: without it the relay right cannot be changed. Nothing was changed. Assign the whole management role "
            f'"Active Directory Permissions", or leave out relay.'
        )


def lacking_cmdlets(session: Session, names: Sequence[str]) -> list[str]:
    """Those of the cmdlets that the session does not show, for want of a management role."""
    reply = session.read_each(listed(names))[0]
    shown = {str(command.get("Name")).casefold() for command in reply.outputs if isinstance(command, Mapping)}
    # An endpoint that does not tell its cmdlets shows none: the cmdlets themselves will then have to tell.
    return [name for name in names if name.casefold() not in shown] if shown else []


def entries(outputs: Iterable[Any]) -> list[dict[str, Any]]:
    """Access control entries as ``user``, ``sid``, ``rights``, ``deny`` and ``inherited``; those that differ only in rights are one.

    ``rights`` are extended rights, or the plain ones (``GenericAll``) where no extended right is named. ``sid`` is None where it
    is not known.
    """
    found: dict[tuple[str, bool, bool], set[str]] = {}
    for output in outputs:
        if not isinstance(output, Mapping):
            continue
        key = (str(output.get("User") or ""), bool(output.get("Deny")), bool(output.get("IsInherited")))
        rights = texts(output.get("ExtendedRights")) or texts(output.get("AccessRights"))
        found.setdefault(key, set()).update(rights)
    return [
        {"user": user, "sid": sid_of(user), "rights": sorted(rights), "deny": deny, "inherited": inherited}
        for (user, deny, inherited), rights in sorted(found.items())
    ]


def sid_of(user: str) -> str | None:
    """The SID of a principal that is a SID already, or one of the well-known ones."""
    return user if user.upper().startswith("S-1-") else _SIDS.get(user.casefold())


def add_rights(session: Session, connectors: Sequence[dict[str, Any]], domain_controller: str | None) -> list[str]:
    """Gives each of the connectors' facts its ``rights``; None, with a warning, where the account may not read them."""
    statements = [permission("Get", connector["identity"], domain_controller) for connector in connectors]
    warnings: dict[str, None] = {}
    for connector, reply in zip(connectors, session.read_each(*statements), strict=True):
        connector["rights"] = None if reply.errors or not reply.read else entries(reply.outputs)
        for error in reply.errors:
            unread = "The connectors' rights were" if isinstance(error, CommandMissing) else f"The rights of {connector['identity']} were"
            warnings[f"{unread} not read. {error.message}"] = None
    return list(warnings)


def _relays(found: Iterable[Mapping[str, Any]]) -> bool:
    own = [entry for entry in found if not entry["inherited"] and ANY_RECIPIENT.casefold() in map(str.casefold, entry["rights"])]
    return bool(own) and not any(entry["deny"] for entry in own)


def _checked(session: Session, statements: Sequence[Statement], user: str) -> list[Any]:
    replies = session.read_each(*statements)
    for error in (error for reply in replies for error in reply.errors):
        raise _explained(error, user, session.host)
    return replies


def _explained(error: RemoteError, user: str, host: str) -> BadInput | RemoteError:
    """The connectors asked about exist, so what Exchange does not find is the principal."""
    if isinstance(error, CommandMissing) or "ManagementObjectNotFoundException" not in error.error_id:
        return error
    return BadInput(
        f"{host} does not know the principal {user} ({error.reply}). Nothing was changed. Set relay_user to the name that ANONYMOUS LOGON "
        f"has in the language of the domain, such as NT-AUTORITÄT\\ANONYMOUS-ANMELDUNG."
    )
