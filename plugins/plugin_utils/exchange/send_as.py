# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send As as a resource: one item, the account, whose rights to all mailboxes are given or taken in one pipeline."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ..common.errors import BadInput
from ..exchange import send_as_rights as rights
from ..remoting.pipeline import Statement
from ..remoting.session import Session
from ..resource.declaration import Change, Field, Item, Lasting, Reading, Resource
from .connectors.permissions import WRITING
from .groups import sender_list


class SendAs(Resource):
    """``mailboxes``: those of the task whose own entries let the account send as them. ``inherited`` is what it has from above."""

    noun = "Send As account"
    removable = False
    fields = (
        Field("mailboxes", "mailboxes", normal=sender_list),
        Field("inherited", "inherited", normal=sender_list, reported=True),
    )
    set_cmdlet = "Add-ADPermission"

    def __init__(self, session: Session, options: Mapping[str, Any]) -> None:
        super().__init__(session, options)
        self._scope = rights.Scope.of(options)

    @classmethod
    def items(cls, options: Mapping[str, Any]) -> list[Item]:
        return [Item(rights.Scope.of(options).account, {})]

    @classmethod
    def restored(cls, name: str, before: Mapping[str, Any] | None, options: Mapping[str, Any]) -> Item:
        account = rights.Scope.of(options).account
        if name.casefold() != account.casefold():
            raise BadInput(f"restore: {name} is not the account of the task, {account}. Nothing was changed.")
        return super().restored(account, before, options)

    def resolve(self, items: Sequence[Item]) -> list[tuple[Item, Reading]]:
        """The mailboxes that are to have an entry of their own: those that lack the right, or none; or those that had one."""
        found = rights.read(self.session, self._scope, WRITING)
        addresses = {one.address for one in found.grants}
        resolved = []
        for item in items:
            if item.restoring:
                mailboxes = [address for address in sender_list(item.want.get("mailboxes") or ()) if address in addresses]
            else:
                mailboxes = [one.address for one in found.grants if self._is_to_have(one)]
            # What a before knows of mailboxes that the task is not about stays beside it, to be told.
            want = {"mailboxes": mailboxes, "outside": sorted(set(item.want.get("mailboxes") or ()) - addresses)}
            resolved.append((dataclasses.replace(item, want=want, identity=found), _reading(found)))
        return resolved

    def read(self, items: Sequence[Item]) -> list[Reading]:
        """Their rights once more: which mailboxes they are is known, and is the items' identity."""
        readings = []
        for item in items:
            grants = rights.with_rights(self.session, self._scope, item.identity.grants)
            readings.append(_reading(dataclasses.replace(item.identity, grants=grants)))
        return readings

    def objection(self, change: Change) -> str | None:
        denied = [one.address for one in _grants(change) if one.denied and not one.own]
        if not denied or not self._present or change.item.restoring:
            return None
        return (
            f"An explicit entry denies {change.item.name} Send As on {', '.join(denied)}, and a deny entry takes precedence over any "
            f"grant. Remove that entry first (Remove-ADPermission -Deny)."
        )

    def lasting(self, then: Mapping[str, Any] | None, now: Mapping[str, Any] | None, change: Change) -> list[Lasting]:
        """Only the mailboxes of the task are looked at."""
        outside = change.item.want.get("outside")
        return [Lasting(f"{', '.join(outside)}: not among the task's mailboxes, so left as it is.")] if outside else []

    def update(self, change: Change, parameters: Mapping[str, Any]) -> list[Statement]:
        wanted = set(change.want["mailboxes"])
        given = [one for one in _grants(change) if one.address in wanted and not one.explicit]
        taken = [one for one in _grants(change) if one.address not in wanted and one.explicit]
        return [rights.change(self._scope, grants, allowed) for grants, allowed in ((given, True), (taken, False)) if grants]

    def summary(self, changes: Sequence[Change], after: Mapping[str, dict[str, Any] | None]) -> dict[str, Any]:
        """The facts of ``exchange_send_as_info`` as they are, or would be, after the task; and warnings of what stays all the same."""
        (change,) = changes
        mailboxes = (after[change.item.name] or {}).get("mailboxes", ())
        grants = tuple(dataclasses.replace(one, explicit=one.address in mailboxes) for one in _grants(change))
        facts = dataclasses.replace(change.found.around, grants=grants).facts()
        warnings = [] if change.item.restoring else self._warnings(grants)
        return {**facts, "cache_minutes": rights.CACHE_MINUTES, "warnings": warnings}

    def _warnings(self, grants: Sequence[rights.Grant]) -> list[str]:
        if not grants:
            return [f"There is no mailbox in {self.options['organizational_unit']}."]
        inherited = [one.address for one in grants if one.inherited]
        if self._present or not inherited:
            return []
        return [
            f"{self.options['account']} may still send as {', '.join(inherited)}: it inherits that right from an organizational unit or "
            f"from the domain, and this module removes only a mailbox's own entries."
        ]

    def _is_to_have(self, grant: rights.Grant) -> bool:
        """Whether the mailbox is to have an entry of its own in the end. The account's own one, which needs none, stays as it is."""
        return grant.explicit if grant.own else self._present and (grant.explicit or not grant.allowed)

    @property
    def _present(self) -> bool:
        return bool(self.options["state"] == "present")


def _grants(change: Change) -> tuple[rights.Grant, ...]:
    found: rights.Found = change.found.around
    return found.grants


def _reading(found: rights.Found) -> Reading:
    shown = {
        "mailboxes": [one.address for one in found.grants if one.explicit],
        "inherited": [one.address for one in found.grants if one.inherited],
    }
    return Reading(shown, found)
