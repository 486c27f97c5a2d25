"""Get-Mailbox, Get-Recipient, Get-DistributionGroup, Get-DistributionGroupMember and Set-DistributionGroup."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.lab.engine.cmdlets import Call
from tests.lab.exchange import errors
from tests.lab.exchange.cmdlets.task import RECIPIENTS, Function, ListChange, Task, here
from tests.lab.exchange.recipients import DistributionGroup, Mailbox, Recipient, find_unit
from tests.lab.exchange.state import State

_PERMITTED = ("AcceptMessagesOnlyFromSendersOrMembers", "AcceptMessagesOnlyFrom", "AcceptMessagesOnlyFromDLMembers")
_REJECTED = ("RejectMessagesFromSendersOrMembers", "RejectMessagesFrom", "RejectMessagesFromDLMembers")


def _find(state: State, call: Call, identity: Any, kind: type[Recipient]) -> Recipient:
    name = identity.distinguished_name if isinstance(identity, Recipient) else str(identity)
    recipient = state.recipient(name)
    if not isinstance(recipient, kind):
        raise errors.not_found(identity, here(state, call).domain_controller)
    return recipient


def _reader(kind: type[Recipient]) -> Function:
    def get(state: State, call: Call) -> Iterable[Recipient]:
        if call.get("Identity") is not None:
            return [_find(state, call, call.get("Identity"), kind)]
        found = [one for one in state.recipients if isinstance(one, kind)]
        return found[: call.get("ResultSize")] if call.get("ResultSize") is not None else found

    return get


def mailboxes(state: State, call: Call) -> Iterable[Recipient]:
    """Get-Mailbox. An organisational unit stands for all below it; an identity has to be there, too."""
    unit = None
    if call.get("OrganizationalUnit") is not None:
        unit = find_unit(str(call.get("OrganizationalUnit")))
        if unit is None:
            text = f'Organizational unit "{call.get("OrganizationalUnit")}" was not found. Please make sure you have typed it correctly.'
            raise errors.TaskError(text, "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException")
    found = _reader(Mailbox)(state, call)
    return [one for one in found if unit is None or one.container.endswith(unit)]


def members(state: State, call: Call) -> Iterable[Recipient]:
    group = _find(state, call, call.get("Identity"), DistributionGroup)
    return list(group.members) if isinstance(group, DistributionGroup) else []


def change(state: State, call: Call) -> Iterable[Any]:
    """Set-DistributionGroup. Without the bypass switch only a manager of the group may; here the managers are nobody's account."""
    group = _find(state, call, call.get("Identity"), DistributionGroup)
    assert isinstance(group, DistributionGroup)
    if not call.get("BypassSecurityGroupManagerCheck"):
        text = "You don't have sufficient permissions. This operation can only be performed by a manager of the group."
        raise errors.TaskError(text, "Microsoft.Exchange.Configuration.Tasks.OperationRequiresGroupManagerException")
    before = (group.require_authentication, group.permitted, group.rejected)
    after = (
        bool(call.get("RequireSenderAuthenticationEnabled", group.require_authentication)),
        _senders(state, call, _PERMITTED, group.permitted),
        _senders(state, call, _REJECTED, group.rejected),
    )
    if not call.get("WhatIf"):
        if after == before:
            call.write_warning(f"The command completed successfully but no settings of '{group.identity}' have been modified.")
        group.require_authentication, group.permitted, group.rejected = after
    return []


def _senders(state: State, call: Call, names: tuple[str, str, str], present: list[Recipient]) -> list[Recipient]:
    """A list of senders after the call. ``names``: the parameter for all of them, for those that are no groups, for the groups."""
    given = [name for name in names if name in call]
    if len(given) > 1 and names[0] in given:
        raise errors.invalid(f"{names[0]} can't be used together with {', '.join(given[1:])}.")
    for name in given:
        others = [one for one in present if name != names[0] and isinstance(one, DistributionGroup) != (name == names[2])]
        present = others + _listed(state, call.get(name), [one for one in present if one not in others])
    return list(present)


def _listed(state: State, value: Any, present: list[Recipient]) -> list[Recipient]:
    """The recipients that a list parameter names; null is the empty list."""

    def look_up(identities: list[Any]) -> list[Recipient]:
        found = []
        for identity in identities:
            recipient = state.recipient(str(identity))
            if recipient is None:
                text = f'Couldn\'t find object "{identity}". Please make sure that it was spelled correctly or specify a different object.'
                raise errors.TaskError(text, "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException")
            found.append(recipient)
        return found

    if isinstance(value, ListChange):
        return ListChange(look_up(value.add), look_up(value.remove)).applied_to(present)
    return look_up(value or [])


TASKS = [
    Task("Get-Mailbox", RECIPIENTS, mailboxes, frozenset({"Identity", "OrganizationalUnit", "ResultSize"})),
    Task("Get-Recipient", RECIPIENTS, _reader(Recipient), frozenset({"Identity", "ResultSize"})),
    Task("Get-DistributionGroup", RECIPIENTS, _reader(DistributionGroup), frozenset({"Identity", "ResultSize"})),
    Task("Get-DistributionGroupMember", RECIPIENTS, members, frozenset({"Identity", "ResultSize"})),
    Task(
        "Set-DistributionGroup",
        RECIPIENTS,
        change,
        frozenset(
            {"Identity", "RequireSenderAuthenticationEnabled", "BypassSecurityGroupManagerCheck", "ForceUpgrade", *_PERMITTED, *_REJECTED}
        ),
    ),
]
