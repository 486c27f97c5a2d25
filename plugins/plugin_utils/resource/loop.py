# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The loop that serves every resource: read, compare, (check mode stops here), apply, read back."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ..common.errors import FATE_UNKNOWN, BadInput, MailError, RemoteError, SettingNotKept
from ..remoting.pipeline import Statement
from .declaration import LEAVE_OUT, Change, Current, Field, Item, Lasting, Reading, Resource, Step

NOTHING_TO_DO: Final[Mapping[str, Any]] = {"changed": False, "before": {}, "after": {}, "diff": [], "irreversible": []}
"""The result of a task without items."""


def restoring_items(kind: type[Resource], restore: Mapping[str, Any], options: Mapping[str, Any]) -> list[Item]:
    """The items of an earlier ``before``. Raises BadInput for what is none, before a session is open."""
    known = {field.option for field in kind.fields}
    items = []
    for name, before in restore.items():
        if before is None and not kind.removable:
            raise BadInput(
                f"restore: the {kind.noun} {name} is null, and this module neither creates nor removes one. Nothing was changed."
            )
        if before is not None and not (isinstance(before, Mapping) and before and known.issuperset(before)):
            raise BadInput(
                f"restore: the value for the {kind.noun} {name} is not what this module returned as before. Nothing was changed."
            )
        items.append(kind.restored(str(name), before, options))
        if [item.name.casefold() for item in items].count(items[-1].name.casefold()) > 1:
            raise BadInput(f"restore: {items[-1].name} is there twice. Nothing was changed.")
    return items


def converge(resource: Resource, items: Sequence[Item], check_mode: bool) -> dict[str, Any]:
    """Brings ``items`` into the state asked for, or back into an earlier one.

    Gives ``changed``, ``before`` and ``after`` (by item name, ``None`` for what does not exist), ``diff``, ``irreversible`` (what of it
    could not be put back, or what of an earlier state was not) and the resource's summary. In check mode nothing is written and ``after``
    is what would be. Raises MailError; SettingNotKept when a host kept something else. An error after a change carries ``before`` of what
    was or may have been changed, so that it can be put back.
    """
    try:
        changes = [compare(resource, item, reading) for item, reading in resource.resolve(items)]
    except RemoteError as error:
        error.message += " Nothing was changed."
        raise
    pending = [change for change in changes if change.step is not Step.NOTHING]
    irreversible = [sentence for change in changes for sentence in (change.stays if change.item.restoring else _for_good(resource, change))]
    restoring = any(item.restoring for item in items)
    if irreversible and resource.options.get("require_undo") and not restoring:
        raise BadInput(
            f"{' '.join(irreversible)} Nothing was changed. To continue anyway, set require_undo: false (for the role mail_flow, "
            f"mail_flow_undo_policy: best_effort)."
        )
    after = {change.item.name: change.expected for change in changes}
    if pending and not check_mode:
        _apply(resource, pending)
        after.update(_read_back(resource, pending))
    return {
        "changed": bool(pending),
        "before": _before(changes),
        "after": after,
        "irreversible": irreversible,
        "diff": [
            {
                "before_header": f"{resource.noun} {change.item.name}",
                "after_header": f"{resource.noun} {change.item.name}",
                "before": change.before or {},
                "after": after[change.item.name] or {},
            }
            for change in pending
        ],
        **resource.summary(changes, after),
    }


def compare(resource: Resource, item: Item, reading: Reading) -> Change:
    """What has to be done with an item. Raises BadInput when something is asked for that cannot be."""
    before = None if reading.settings is None else shown(resource, reading.settings)
    want = _wanted(resource, item) if item.present else {}
    change = _compared(item, reading, before, want)
    if item.restoring:
        kept = [*_not_understood(resource, change), *resource.lasting(item.want or None, before, change)]
        left = {option for lasting in kept for option in lasting.options}
        want = {option: value for option, value in want.items() if option not in left}
        for lasting in kept:
            want |= lasting.instead
        change = _compared(item, reading, before, want, tuple(lasting.sentence for lasting in kept))
    _check_fixed(resource, change)
    reason = resource.objection(change)
    if reason is not None:
        raise BadInput(f"{reason} Nothing was changed.")
    if item.present and before is not None and resource.unseen(change):
        return dataclasses.replace(change, step=Step.UPDATE, unseen=True)
    return change


def shown(resource: Resource, current: Current) -> dict[str, Any]:
    """An item's fields in normal form, without those that the product's version has not."""
    return {field.option: field.read(current) for field in resource.fields if _exists(resource, field)}


def _exists(resource: Resource, field: Field) -> bool:
    return field.versions is None or resource.version() in field.versions


def _wanted(resource: Resource, item: Item) -> dict[str, Any]:
    want = {}
    for field in resource.fields:
        value = item.want.get(field.option)
        puts_null_back = item.restoring and field.writes_null and field.option in item.want
        if field.reported or (value is None and not puts_null_back):
            continue
        normal = field.normal(value) if value is not None and field.understands(value) else value
        if _exists(resource, field):
            want[field.option] = normal
        elif normal not in (None, field.without):
            raise BadInput(
                f"{resource.noun} {item.name}: {field.option} cannot be {value}, because {resource.session.host} runs {resource.product} "
                f"{resource.version()}, and only {resource.product} {', '.join(sorted(field.versions or ()))} can set it. "
                f"Nothing was changed."
            )
    return want


def _compared(item: Item, reading: Reading, before: dict[str, Any] | None, want: dict[str, Any], stays: tuple[str, ...] = ()) -> Change:
    known = before or {}
    differing = frozenset(option for option, value in want.items() if option not in known or known[option] != value)
    if not item.present:
        step = Step.NOTHING if before is None else Step.REMOVE
    elif before is None:
        step = Step.CREATE
    else:
        step = Step.UPDATE if differing else Step.NOTHING
    return Change(item, reading, before, want, differing, step, stays=stays)


def _check_fixed(resource: Resource, change: Change) -> None:
    fixed = [field.option for field in resource.fields if field.at_creation and field.option in change.differing]
    if change.before is not None and fixed:
        option, name = fixed[0], change.item.name
        raise BadInput(
            f"{resource.noun} {name} has {option} {change.before.get(option)}, which cannot be changed to {change.want[option]}: it is "
            f"set when the {resource.noun} is created. Nothing was changed. Remove it first, or leave {option} as it is."
        )


def _not_understood(resource: Resource, change: Change) -> list[Lasting]:
    """Text in an earlier state that stood for a value which this collection does not know cannot be written."""
    return [
        Lasting(f"{field.option} of {change.item.name} was {value}, which cannot be written: it stays as it is.", (field.option,))
        for field in resource.fields
        if field.option in change.differing and (value := change.want[field.option]) and not field.understands(value)
    ]


def _for_good(resource: Resource, change: Change) -> list[str]:
    """What of a change could not be put back."""
    if change.step in (Step.NOTHING, Step.CREATE):
        return []
    return [lasting.sentence for lasting in resource.lasting(change.before, change.expected, change)]


def _parameters(resource: Resource, change: Change) -> dict[str, Any]:
    """The cmdlet's parameters: what differs, or everything where the cmdlet resets what it is not given."""
    values, parameters = change.after, {}
    for field in resource.fields:
        if field.parameter is None or field.option not in values:
            continue
        if values[field.option] is None and not field.writes_null:
            continue
        unchanged = not resource.restates_all and field.option not in change.differing
        if change.step is Step.UPDATE and (unchanged or field.at_creation):
            continue
        argument = field.argument(values[field.option])
        if argument is not LEAVE_OUT:
            parameters[field.parameter] = argument
    return parameters


def _statements(resource: Resource, change: Change) -> Iterable[Statement]:
    if change.step is Step.CREATE:
        return resource.create(change, _parameters(resource, change))
    if change.step is Step.REMOVE:
        return resource.remove(change)
    return resource.update(change, _parameters(resource, change))


def _apply(resource: Resource, pending: Sequence[Change]) -> None:
    for number, change in enumerate(pending):
        written = False
        try:
            for statement in _statements(resource, change):
                resource.session.write(statement)
                written = True
        except MailError as error:
            if isinstance(error, RemoteError):
                error.message += resource.remedy(error)
            _tell_what_changed(resource, pending[:number], change, written, error)
            raise


def _tell_what_changed(resource: Resource, done: Sequence[Change], failed: Change, written: bool, error: MailError) -> None:
    """Looks at the host once more, so that the message can say how far the task came, unless it says so itself.

    Of what no field shows, such as a password, that it was written is all that is known: ``written`` says so of ``failed``.
    """
    begun = [*done, failed]
    if error.changed:
        error.before = _before(begun)
        return
    try:
        found = _read(resource, begun)
    except MailError:
        error.changed, error.before = True, _before(begun)
        error.message += " What was changed before the failure could not be read back: check it before you run the task again."
        return
    error.message = error.message.removesuffix(FATE_UNKNOWN)
    changed = [
        change
        for change, now in zip(begun, found, strict=True)
        if now != change.before or (change.unseen and (written or change is not failed))
    ]
    error.changed = bool(changed)
    error.before = _before(changed) if changed else None
    names = ", ".join(change.item.name for change in changed)
    error.message += f" Already changed: {names}." if changed else " Nothing was changed."


def _read(resource: Resource, changes: Sequence[Change]) -> list[dict[str, Any] | None]:
    """What the host has now."""
    readings = resource.read([change.item for change in changes])
    return [None if reading.settings is None else shown(resource, reading.settings) for reading in readings]


def _before(changes: Iterable[Change]) -> dict[str, Any]:
    return {change.item.name: change.before for change in changes}


def _read_back(resource: Resource, pending: Sequence[Change]) -> dict[str, dict[str, Any] | None]:
    """What the hosts kept. Raises SettingNotKept, naming setting, wish and what is there, when it is not what was asked."""
    try:
        found = _read(resource, pending)
    except MailError as silence:
        silence.changed, silence.before = True, _before(pending)
        silence.message += " The change was made before, and could not be read back: check it before you run the task again."
        raise
    faults, kept = [], False
    for change, now in zip(pending, found, strict=True):
        if (now is None) != (change.step is Step.REMOVE):
            faults.append(f"{change.item.name} {'does not exist' if now is None else 'still exists'}")
        elif now is not None:
            lost = {option for option, value in change.want.items() if option not in now or now[option] != value}
            faults += [
                f"{option} of {change.item.name} should be {change.want[option]} and is {now.get(option)}" for option in sorted(lost)
            ]
            kept = kept or bool(change.differing - lost)
        else:
            kept = True
    if faults:
        changed = [change for change, now in zip(pending, found, strict=True) if now != change.before or change.unseen]
        rest = "The rest was changed." if kept else "It was changed to what it is now." if changed else "Nothing was changed."
        error = SettingNotKept(
            f"{resource.session.host} accepted the change of the {resource.noun} but did not keep it: {'; '.join(faults)}. "
            f"{rest} Something else may manage this setting, or the host normalises it to another value."
        )
        error.changed, error.before = bool(changed), _before(changed) if changed else None
        raise error
    return {change.item.name: now for change, now in zip(pending, found, strict=True)}
