# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may send to groups, as a resource: one item per group. The groups themselves are neither made nor removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..common.errors import BadInput, RemoteError
from ..remoting.pipeline import Statement, cmdlet
from ..resource.declaration import Change, Field, Item, Reading, Resource
from .groups import Group, addresses_of, read_groups, sender_list
from .organisation import with_domain_controller


class GroupSenders(Resource):
    """Authentication requirement and permitted senders.

    ``AcceptMessagesOnlyFromSendersOrMembers`` takes people and groups alike and is always written whole; empty means everybody
    (Set-DistributionGroup).
    """

    noun = "group"
    removable = False
    set_cmdlet = "Set-DistributionGroup"
    fields = (
        Field("require_sender_authentication", "require_sender_authentication", parameter="RequireSenderAuthenticationEnabled"),
        Field(
            "permitted_senders",
            "accept_only_from",
            parameter="AcceptMessagesOnlyFromSendersOrMembers",
            normal=sender_list,
            argument=lambda senders: senders or None,
        ),
        Field("rejected_senders", "reject_from", reported=True),
    )

    @classmethod
    def items(cls, options: Mapping[str, Any]) -> list[Item]:
        names = list({name.strip().casefold(): name.strip() for name in options["groups"]}.values())
        if not names or not all(names):
            raise BadInput("groups is empty or names an empty group: list the groups' addresses or names. Nothing was changed.")
        senders, state = options["permitted_senders"], options["permitted_senders_state"]
        if senders is None and options["require_sender_authentication"] is None:
            raise BadInput(
                "There is nothing to configure: neither require_sender_authentication nor permitted_senders is given. Nothing was changed. "
                "sharepoint.mail.exchange_group_senders_info reads both."
            )
        if senders is not None and not all(sender.strip() for sender in senders):
            raise BadInput("permitted_senders names an empty sender. Nothing was changed.")
        if not senders and state != "exact" and senders is not None:
            raise BadInput(
                f"permitted_senders is empty, which permitted_senders_state: {state} does not allow. Nothing was changed. List the senders."
            )
        want = {"require_sender_authentication": options["require_sender_authentication"], "permitted_senders": senders}
        return [Item(name, want) for name in names]

    def resolve(self, items: Sequence[Item]) -> list[tuple[Item, Reading]]:
        """One item per group, named by its address, with the permitted senders that it is to have in the end."""
        groups = read_groups(self.session, [item.name for item in items], self._domain_controller)
        asked = self.options["permitted_senders"] if not any(item.restoring for item in items) else None
        senders = None if asked is None else self._senders(asked)
        found: dict[str, tuple[Item, Reading]] = {}
        for item, group in zip(items, groups, strict=True):
            want = item.want if item.restoring else {**item.want, "permitted_senders": self._permitted(group, senders)}
            found[group.address] = (Item(group.address, want, group.address, restoring=item.restoring), Reading(group.facts()))
        return list(found.values())

    def read(self, items: Sequence[Item]) -> list[Reading]:
        groups = read_groups(self.session, [item.name for item in items], self._domain_controller)
        by_address = {group.address: group for group in groups}
        return [Reading(by_address[item.name].facts() if item.name in by_address else None) for item in items]

    def update(self, change: Change, parameters: Mapping[str, Any]) -> list[Statement]:
        bypass = {"BypassSecurityGroupManagerCheck": True} if self.options["bypass_security_group_manager_check"] else {}
        statement = cmdlet("Set-DistributionGroup", Identity=change.item.identity, **parameters, **bypass)
        return [with_domain_controller(statement, self._domain_controller)]

    def remedy(self, error: RemoteError) -> str:
        bypassed = self.options["bypass_security_group_manager_check"]
        if "OperationRequiresGroupManagerException" in error.error_id and not bypassed:
            return (
                " The account is not a manager of the group. Set bypass_security_group_manager_check: true (which requires the role group "
                "Organization Management or the management role Security Group Creation and Membership), or run the task as one of the "
                "group's managers."
            )
        if error.has_id("NamedParameterNotFound") and bypassed and "BypassSecurityGroupManagerCheck" in error.reply:
            return (
                " The account cannot bypass the check: it lacks the management role Security Group Creation and Membership. Assign it, or "
                "run the task as one of the group's managers, without bypass_security_group_manager_check."
            )
        return ""

    def _senders(self, asked: Sequence[str]) -> list[str]:
        """The primary addresses of the senders named. One to be taken away may be gone from Exchange already."""
        found = addresses_of(self.session, list(dict.fromkeys(sender.strip() for sender in asked)), self._domain_controller)
        unknown = [sender for sender, address in found.items() if address is None]
        if unknown and self.options["permitted_senders_state"] != "absent":
            raise BadInput(
                f"{self.session.host} has no recipient {', '.join(unknown)}, and only recipients can be permitted senders. Nothing was "
                f"changed. Check the address; one without a mailbox, such as that of a SharePoint farm, first needs a mail contact "
                f"(New-MailContact)."
            )
        return sender_list(address or sender for sender, address in found.items())

    def _permitted(self, group: Group, senders: Sequence[str] | None) -> list[str] | None:
        state = self.options["permitted_senders_state"]
        if senders is None:
            return None
        if state == "exact":
            return list(senders)
        present = list(group.accept_only_from)
        if state == "present":
            # Nobody listed means that everybody may send, those to be permitted too: listing them would shut the others out.
            return [*present, *senders] if present else []
        left = [sender for sender in present if sender not in senders]
        if present and not left:
            raise BadInput(
                f"{group.address} would have no permitted sender left, which means that everybody may send to it. Nothing was "
                f"changed. If that is what you want, set permitted_senders: [] with permitted_senders_state: exact."
            )
        return left

    @property
    def _domain_controller(self) -> str | None:
        return self.options.get("domain_controller")
