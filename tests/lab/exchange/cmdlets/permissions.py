"""Get-, Add- and Remove-ADPermission: rights on connectors, mailboxes, groups and servers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from tests.lab.directory import NETBIOS
from tests.lab.engine.cmdlets import Call
from tests.lab.engine.objects import NetObject, Text
from tests.lab.exchange import enums, errors, rights, values
from tests.lab.exchange.cmdlets.task import RECIPIENTS, Task, here
from tests.lab.exchange.recipients import UNITS, unit_name
from tests.lab.exchange.rights import AccessControlEntry
from tests.lab.exchange.state import State
from tests.lab.network import DOMAIN


@dataclasses.dataclass(frozen=True)
class Presentation(NetObject):
    """An access control entry as the cmdlets show it. ``target``: distinguished name; ``right``: None stands for GenericAll."""

    target: str
    identity: str
    principal: str
    right: str | None
    deny: bool = False
    inherited: bool = False

    type_names = (f"{RECIPIENTS}.ADAcePresentationObject", f"{RECIPIENTS}.AcePresentationObject", "System.Object")

    def __str__(self) -> str:
        return self.identity

    def properties(self) -> Mapping[str, Any]:
        extended = [] if self.right is None else [Text(self.right, "Microsoft.Exchange.Configuration.Tasks.ExtendedRightIdParameter")]
        return {
            "AccessRights": values.MultiValuedProperty([enums.DIRECTORY_RIGHTS("ExtendedRight" if self.right else "GenericAll")]),
            "ExtendedRights": values.MultiValuedProperty(extended) if extended else None,
            "ChildObjectTypes": None,
            "InheritedObjectType": None,
            "Properties": None,
            "Deny": self.deny,
            "InheritanceType": enums.INHERITANCE("All"),
            "User": Text(self.principal, "Microsoft.Exchange.Configuration.Tasks.SecurityPrincipalIdParameter"),
            "Identity": values.object_id(self.identity),
            "IsInherited": self.inherited,
            "IsValid": True,
            "ObjectState": enums.OBJECT_STATE("Unchanged"),
        }


def _target(state: State, call: Call) -> tuple[str, str]:
    """Distinguished name and identity of the object. Raises TaskError when there is none, or several of that name."""
    identity = call.get("Identity")
    name = str(getattr(identity, "distinguished_name", getattr(identity, "target", identity)))
    objects: dict[str, tuple[str, str]] = {}
    for connector in state.connectors:
        objects[connector.distinguished_name] = (connector.identity, connector.name)
    for recipient in state.recipients:
        objects[recipient.distinguished_name] = (recipient.identity, recipient.name)
    for server in state.servers:
        objects[server.distinguished_name] = (server.name, server.name)
    for unit in UNITS:
        objects[unit_name(unit)] = (f"{DOMAIN}/{unit}", unit)
    matching = [dn for dn, (_unused, bare) in objects.items() if name.strip().lower() in {dn.lower(), bare.lower()}]
    if not matching:
        raise errors.not_found(name, here(state, call).domain_controller)
    if len(matching) > 1:
        text = f"The operation couldn't be performed because '{name}' matches multiple entries."
        raise errors.TaskError(text, "Microsoft.Exchange.Configuration.Tasks.ManagementObjectAmbiguousException")
    return matching[0], objects[matching[0]][0]


def _principal(state: State, name: Any) -> str:
    principal = rights.find_principal(str(name), state.directory)
    if principal is None:
        text = f"User or group \"{name}\" wasn't found. Please make sure you've typed it correctly."
        raise errors.TaskError(text, "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException")
    return principal


def _entries(state: State, call: Call) -> list[AccessControlEntry]:
    instance = call.get("Instance")
    if instance is not None:
        return [AccessControlEntry(instance.principal, instance.right or "", instance.deny)]
    principal = _principal(state, call.get("User"))
    wanted = [str(right) for right in call.get("ExtendedRights") or []]
    others = {str(right) for right in call.get("AccessRights") or []} - {"ExtendedRight"}
    if others or not wanted:
        raise errors.TaskError("Only extended rights can be given or taken here.", "System.NotImplementedException")
    for right in wanted:
        if right.lower() not in rights.EXTENDED_RIGHTS:
            raise errors.not_found(right, here(state, call).domain_controller)
    return [AccessControlEntry(principal, rights.EXTENDED_RIGHTS[right.lower()], bool(call.get("Deny"))) for right in wanted]


def get(state: State, call: Call) -> Iterable[Any]:
    """The entries of the object, what it inherits from its organisational unit and from the organisation included."""
    target, identity = _target(state, call)
    administrators = f"{NETBIOS}\\Organization Management"
    shown = [Presentation(target, identity, entry.principal, entry.right, entry.deny) for entry in state.access.of(target)]
    shown += [Presentation(target, identity, one.principal, one.right, one.deny, inherited=True) for one in state.access.inherited(target)]
    shown.append(Presentation(target, identity, administrators, None, inherited=True))
    if call.get("User") is None:
        return shown
    wanted = _principal(state, call.get("User"))
    return [one for one in shown if one.principal == wanted]


def add(state: State, call: Call) -> Iterable[Presentation]:
    target, identity = _target(state, call)
    added = []
    for entry in _entries(state, call):
        if call.get("WhatIf"):
            continue
        if state.access.add(target, entry):
            added.append(Presentation(target, identity, entry.principal, entry.right, entry.deny))
        else:
            text = f'The appropriate access control entry is already present on the object "{target}" for account "{entry.principal}".'
            call.write_warning(text)
    return added


def remove(state: State, call: Call) -> Iterable[Any]:
    target, _unused = _target(state, call)
    for entry in _entries(state, call):
        if not call.get("WhatIf") and not state.access.remove(target, entry):
            text = (
                f'Can\'t remove the access control entry on the object "{target}" for account "{entry.principal}" because the ACE '
                "doesn't exist on the object."
            )
            call.write_warning(text)
    return []


_WRITING = frozenset({"Identity", "User", "ExtendedRights", "AccessRights", "Deny", "Instance"})
TASKS = [
    Task("Get-ADPermission", RECIPIENTS, get, frozenset({"Identity", "User"})),
    Task("Add-ADPermission", RECIPIENTS, add, _WRITING),
    Task("Remove-ADPermission", RECIPIENTS, remove, _WRITING, confirm_impact="High"),
]
