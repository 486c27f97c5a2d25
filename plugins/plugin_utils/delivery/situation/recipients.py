# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom the test messages are for, and what Exchange asks of those who write to a group."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from ...common.errors import FactError
from ...common.facts import GroupFacts, RecipientFacts
from ..scenarios import RecipientKind

KINDS = ("mailbox", "external", "group_authenticated", "group_permitted")
STRANGER = "postmaster@example.com"
"""Stands for a recipient outside where none is named (RFC 2606)."""


@dataclasses.dataclass(frozen=True)
class Recipient:
    """A recipient of test messages. ``member`` is the mailbox in which a group's copies are looked for; its own for the others."""

    kind: str
    address: str
    member: str


def addresses_for(kind: RecipientKind, people: Sequence[tuple[str, str]], sharer: str = "") -> list[str]:
    """The addresses that mail for that kind of recipient may go to, the one that a test writes to first; none where nobody is such.

    ``people`` are kinds and addresses of recipients; ``sharer`` is the address of the user who shares, empty where it is not known.
    """
    if kind == "invited":
        mailboxes = addresses_for("mailbox", people)
        others = [address for address in mailboxes if address.casefold() != sharer.casefold()] if sharer else mailboxes[1:]
        return [*others, *(address for address in mailboxes if address not in others)]
    if kind == "outside":
        return addresses_for("external", people) or [STRANGER]
    return [address for of_kind, address in people if of_kind == kind]


@dataclasses.dataclass(frozen=True)
class SenderRestrictions:
    """Who may write to a group. Addresses are in lower case; an empty ``accept_only_from`` admits everybody."""

    address: str
    require_authentication: bool
    accept_only_from: frozenset[str]
    reject_from: frozenset[str]


def parse_recipients(given: Sequence[RecipientFacts]) -> tuple[Recipient, ...]:
    """From ``recipients`` of the modules. Raises FactError for a kind that is none, or a member that is no mailbox of the list."""
    found = []
    mailboxes = {str(r.get("address")).casefold() for r in given if (r.get("kind") or "mailbox") in ("mailbox", "external")}
    for facts in given:
        kind, address = str(facts.get("kind") or "mailbox"), str(facts.get("address") or "")
        if kind not in KINDS:
            raise FactError(f"recipient {address!r} is of kind {kind!r}; the kinds are {', '.join(KINDS)}")
        if "@" not in address:
            raise FactError(f"recipient {address!r} has no address")
        member = str(facts.get("member") or "")
        if member and member.casefold() not in mailboxes:
            raise FactError(
                f"the member {member!r} of {address} is not a mailbox among the recipients: the group's copy could not be looked for"
            )
        found.append(Recipient(kind, address, member if kind.startswith("group_") else address))
    return tuple(found)


def stand_ins(domain: str) -> dict[str, str]:
    """An address for each kind of recipient that nobody named: predictions need a domain, not a mailbox."""
    return {
        "mailbox": f"user@{domain}",
        "external": "somebody@example.com",
        "group_authenticated": f"authenticated-group@{domain}",
        "group_permitted": f"permitted-group@{domain}",
    }


def parse_groups(given: Sequence[GroupFacts] | None) -> dict[str, SenderRestrictions] | None:
    """From ``groups`` of ``exchange_group_senders_info``, by address in lower case; None where they were not read."""
    if given is None:
        return None
    groups = (
        SenderRestrictions(
            address=str(facts.get("address") or ""),
            require_authentication=bool(facts.get("require_sender_authentication")),
            accept_only_from=_addresses(facts.get("accept_only_from")),
            reject_from=_addresses(facts.get("reject_from")),
        )
        for facts in given
    )
    return {group.address.casefold(): group for group in groups}


def _addresses(given: Any) -> frozenset[str]:
    return frozenset(str(address).casefold() for address in given or ())
