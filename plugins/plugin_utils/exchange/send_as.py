# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send As as a resource: one item, the account, whose rights to all mailboxes are given or taken in one pipeline."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ..exchange import send_as_rights as rights
from ..remoting.pipeline import Statement
from ..remoting.session import Session
from ..resource import Current, Field, Item, Resource
from .connectors.permissions import WRITING
from .groups import sender_list


class SendAs(Resource):
    """``mailboxes``: those of the task whose own entries let the account send as them. ``inherited`` is what it has from above."""

    noun = "Send As account"
    fields = (Field("mailboxes", "mailboxes", normal=sender_list), Field("inherited", "inherited", normal=sender_list))
    set_cmdlet = "Add-ADPermission"

    def __init__(self, session: Session, options: Mapping[str, Any]) -> None:
        super().__init__(session, options)
        self._scope = rights.Scope.of(options)
        self._fresh = False
        self.found = rights.Found(self._scope.account, (), ())
        """What was last read."""

    @classmethod
    def items(cls, options: Mapping[str, Any]) -> list[Item]:
        return [Item(rights.Scope.of(options).account, {})]

    def resolve(self, items: Sequence[Item]) -> list[Item]:
        """The mailboxes that are to have an entry of their own: those that lack the right, or none."""
        self.found = rights.read(self.session, self._scope, WRITING)
        self._fresh = True
        wanted = [one.address for one in self.found.grants if self._is_to_have(one)]
        return [dataclasses.replace(item, want={"mailboxes": wanted}) for item in items]

    def read(self, items: Sequence[Item]) -> list[Current | None]:
        if not self._fresh:
            grants = rights.with_rights(self.session, self._scope, self.found.grants)
            self.found = dataclasses.replace(self.found, grants=grants)
        self._fresh = False
        grants = self.found.grants
        current = {
            "mailboxes": [one.address for one in grants if one.explicit],
            "inherited": [one.address for one in grants if one.inherited],
        }
        return [current for _item in items]

    def objection(self, item: Item, current: Current | None) -> str | None:
        denied = [one.address for one in self.found.grants if one.denied and not one.own]
        if not denied or not self._present:
            return None
        return (
            f"An entry of its own denies {item.name} to send as {', '.join(denied)}, and a denial comes before any grant. Remove that "
            f"entry first (Remove-ADPermission -Deny)."
        )

    def update(self, item: Item, current: Current, parameters: Mapping[str, Any]) -> list[Statement]:
        wanted = set(item.want["mailboxes"])
        changing = [one for one in self.found.grants if one.explicit != (one.address in wanted)]
        return [rights.change(self._scope, changing, self._present)]

    def summary(self, after: Mapping[str, Any]) -> dict[str, Any]:
        """The facts of ``exchange_send_as_info`` as they are, or would be, after the task; and warnings of what stays all the same."""
        (kept,) = after.values()
        grants = tuple(dataclasses.replace(one, explicit=one.address in kept["mailboxes"]) for one in self.found.grants)
        facts = dataclasses.replace(self.found, grants=grants).facts()
        return {**facts, "cache_minutes": rights.CACHE_MINUTES, "warnings": self._warnings(grants)}

    def _warnings(self, grants: Sequence[rights.Grant]) -> list[str]:
        if not grants:
            return [f"There is no mailbox in {self.options['organizational_unit']}."]
        inherited = [one.address for one in grants if one.inherited]
        if self._present or not inherited:
            return []
        return [
            f"{self.options['account']} may still send as {', '.join(inherited)}: it inherits that right from an organizational unit or "
            f"from the domain, and only what a mailbox has of its own is removed here."
        ]

    def _is_to_have(self, grant: rights.Grant) -> bool:
        """Whether the mailbox is to have an entry of its own in the end. The account's own one, which needs none, stays as it is."""
        return grant.explicit if grant.own else self._present and (grant.explicit or not grant.allowed)

    @property
    def _present(self) -> bool:
        return bool(self.options["state"] == "present")
