# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may send as which mailboxes: Send As, a right in the access control list of each mailbox's Active Directory object.

Source: Microsoft's references of Get-Mailbox and of Get-, Add- and Remove-ADPermission. However many mailboxes there are, each
question is one pipeline: their names are piped into it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ..common.errors import BadInput, MailError
from ..remoting.pipeline import Statement, cmdlet, feed
from ..remoting.session import Session
from ..remoting.values import UNLIMITED
from .connectors.permissions import lacking_cmdlets
from .organisation import not_found, texts, with_domain_controller

CACHE_MINUTES: Final = 120
"""How long Exchange believes what it looked up: default of the information store's ``Mailbox Cache Age Limit`` (in minutes)."""

_SEND_AS = "send-as"
_TOLD = 5
"""How many unknown names are told: a wrong list may hold thousands."""
_READING = ("Get-Mailbox", "Get-ADPermission")


@dataclasses.dataclass(frozen=True)
class Scope:
    """What a task is about: an account, and mailboxes by name, by organisational unit, or both."""

    account: str
    mailboxes: tuple[str, ...]
    organizational_unit: str | None
    domain_controller: str | None

    @classmethod
    def of(cls, options: Mapping[str, Any], *, nobody: bool = False) -> Scope:
        """Raises BadInput for what cannot be meant. ``nobody``: no mailbox at all may be."""
        account = str(options["account"]).strip()
        if not all(account.replace("@", "\\").partition("\\")):
            raise BadInput(f"account: {account!r} is neither DOMAIN\\name nor a user principal name. Nothing was changed.")
        names = list({name.strip().casefold(): name.strip() for name in options["mailboxes"] or ()}.values())
        unit = str(options["organizational_unit"] or "").strip()
        if not all(names) or not (names or unit or nobody):
            raise BadInput(
                "mailboxes is empty or names an empty mailbox: list the mailboxes' addresses, or set organizational_unit. "
                "Nothing was changed."
            )
        return cls(account, tuple(names), unit or None, options["domain_controller"])

    def ask(self, statement: Statement) -> Statement:
        return with_domain_controller(statement, self.domain_controller)


@dataclasses.dataclass(frozen=True)
class Grant:
    """Whether the account may send as a mailbox. ``explicit`` and ``denied``: an entry of the mailbox's own says so; ``inherited``: one
    from above lets the account, and none of its own says otherwise. ``own``: the account's own mailbox, as which it may send anyway.
    """

    mailbox: str
    address: str
    addresses: tuple[str, ...]
    distinguished_name: str
    identity: str
    """Canonical name (``corp.example/Staff/alice``), by which the entries of its list name it."""
    own: bool = False
    explicit: bool = False
    denied: bool = False
    inherited: bool = False

    @property
    def allowed(self) -> bool:
        return self.own or self.inherited or (self.explicit and not self.denied)

    def facts(self, account: str) -> dict[str, Any]:
        shown = {"mailbox": self.mailbox, "address": self.address, "addresses": list(self.addresses), "account": account}
        return {**shown, "allowed": self.allowed, "inherited": self.inherited and not self.explicit, "own": self.own}


@dataclasses.dataclass(frozen=True)
class Found:
    """The account's own addresses, and its rights to the mailboxes of a scope."""

    account: str
    account_addresses: tuple[str, ...]
    grants: tuple[Grant, ...]
    unknown: tuple[str, ...] = ()
    """What Exchange says of names that it does not know, where that is no error."""

    def facts(self) -> dict[str, Any]:
        return {
            "account": self.account,
            "account_addresses": list(self.account_addresses),
            "send_as": [grant.facts(self.account) for grant in self.grants],
        }


def read(session: Session, scope: Scope, also: Sequence[str] = (), *, lenient: bool = False) -> Found:
    """Raises BadInput for a mailbox (unless ``lenient``), an organisational unit or an account that Exchange does not know;
    CommandMissing or BadInput without the roles. ``also``: cmdlets that will be needed later.
    """
    check_access(session, (*_READING, *also))
    own = _own(session, scope)
    mailboxes, unknown = _mailboxes(session, scope)
    if unknown and not lenient:
        more = len(unknown) - _TOLD
        said = " ".join(unknown[:_TOLD]) + (f" And {more} more." if more > 0 else "")
        raise BadInput(f"{session.host} does not know all of these mailboxes: {said} Nothing was changed. Check the names.")
    grants = tuple(dataclasses.replace(_grant(one), own=own is not None and _name(one) == _name(own)) for one in mailboxes)
    return Found(scope.account, _addresses(own) if own else (), with_rights(session, scope, grants), tuple(unknown))


def check_access(session: Session, names: Sequence[str]) -> None:
    """A cmdlet that is not there would end a pipeline while the client still feeds it; so it is asked for first."""
    lacking = lacking_cmdlets(session, names)
    if lacking:
        raise BadInput(
            f"{session.host} does not show {' and '.join(lacking)} to {session.endpoint.account or 'the account of the session'}. Nothing "
            f'was changed. Assign the management roles "Active Directory Permissions" and "View-Only Recipients" (or "Mail Recipients").'
        )


def with_rights(session: Session, scope: Scope, grants: Sequence[Grant]) -> tuple[Grant, ...]:
    """The same grants as Exchange has them now, in one question."""
    if not grants:
        return ()
    statement = feed([grant.distinguished_name for grant in grants], "Get-Mailbox").pipe("Get-ADPermission", User=scope.account)
    (reply,) = session.read_each(scope.ask(statement))
    for error in reply.errors:
        if not_found(error):
            raise BadInput(f"{session.host} has no account {scope.account} ({error.reply}). Nothing was changed. Check the name.")
        raise error
    entries: dict[str, list[Mapping[str, Any]]] = {grant.identity.casefold(): [] for grant in grants}
    for entry in reply.outputs:
        if isinstance(entry, Mapping) and _SEND_AS in _rights(entry):
            of = str(entry.get("Identity"))
            if of.casefold() not in entries:
                raise MailError(f"{session.host} returned rights on {of}, which is not one of the requested mailboxes.")
            entries[of.casefold()].append(entry)
    return tuple(_judged(grant, entries[grant.identity.casefold()]) for grant in grants)


def change(scope: Scope, grants: Iterable[Grant], allowed: bool) -> Statement:
    """Gives or takes Send As, all in one pipeline."""
    statement = feed([grant.distinguished_name for grant in grants], "Get-Mailbox")
    verb = "Add" if allowed else "Remove"
    return scope.ask(statement.pipe(f"{verb}-ADPermission", User=scope.account, ExtendedRights=["Send As"], Confirm=False))


def _own(session: Session, scope: Scope) -> Mapping[str, Any] | None:
    """The account's own mailbox, if it has one."""
    (reply,) = session.read_each(scope.ask(cmdlet("Get-Mailbox", Identity=scope.account)))
    for error in reply.errors:
        if not not_found(error):
            raise error
    return next((output for output in reply.outputs if isinstance(output, Mapping)), None)


def _mailboxes(session: Session, scope: Scope) -> tuple[list[Mapping[str, Any]], list[str]]:
    """Each once, those of the organisational unit first; and what Exchange says of names that it does not know."""
    found: dict[str, Mapping[str, Any]] = {}
    unknown: list[str] = []
    if scope.organizational_unit:
        unit = scope.organizational_unit
        (reply,) = session.read_each(scope.ask(cmdlet("Get-Mailbox", OrganizationalUnit=unit, ResultSize=UNLIMITED)))
        for error in reply.errors:
            if not not_found(error):
                raise error
            raise BadInput(f"{session.host} has no organizational unit {unit} ({error.reply}). Nothing was changed. Check the name.")
        found.update((_name(one), one) for one in reply.outputs if isinstance(one, Mapping))
    if scope.mailboxes:
        (reply,) = session.read_each(scope.ask(feed(scope.mailboxes, "Get-Mailbox")))
        named = [one for one in reply.outputs if isinstance(one, Mapping)]
        for error in reply.errors:
            if not not_found(error):
                raise error
        unknown = [error.reply for error in reply.errors]
        if len(named) > len(scope.mailboxes):
            answered = ", ".join(str(one.get("PrimarySmtpAddress")) for one in named)
            raise BadInput(
                f"A name in mailboxes matches more than one mailbox: {answered}. Nothing was changed. Use each mailbox's address."
            )
        found.update((_name(one), one) for one in named)
    return list(found.values()), unknown


def _judged(grant: Grant, entries: Iterable[Mapping[str, Any]]) -> Grant:
    """An entry of the object's own comes before an inherited one, and of two such a denial."""
    said = {(bool(entry.get("IsInherited")), bool(entry.get("Deny"))) for entry in entries}
    explicit, denied = (False, False) in said, (False, True) in said
    inherited = (True, False) in said and (True, True) not in said and not denied
    return dataclasses.replace(grant, explicit=explicit, denied=denied, inherited=inherited)


def _rights(entry: Mapping[str, Any]) -> set[str]:
    """Lower-case names. Who has all rights, or all extended rights, has this one too."""
    named = {right.casefold() for right in texts(entry.get("ExtendedRights"))}
    plain = {right.strip().casefold() for text in texts(entry.get("AccessRights")) for right in text.split(",")}
    return named or ({_SEND_AS} if plain & {"genericall", "extendedright"} else set())


def _grant(mailbox: Mapping[str, Any]) -> Grant:
    addresses = _addresses(mailbox)
    return Grant(
        str(mailbox.get("Name") or ""), addresses[0], addresses, str(mailbox.get("DistinguishedName")), str(mailbox.get("Identity"))
    )


def _addresses(mailbox: Mapping[str, Any]) -> tuple[str, ...]:
    """Lower case, the primary one first."""
    primary = str(mailbox.get("PrimarySmtpAddress") or "").lower()
    others = [text.partition(":")[2].lower() for text in texts(mailbox.get("EmailAddresses")) if text.lower().startswith("smtp:")]
    return tuple(dict.fromkeys([primary, *others]))


def _name(mailbox: Mapping[str, Any]) -> str:
    return str(mailbox.get("DistinguishedName")).casefold()
