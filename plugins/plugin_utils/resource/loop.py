# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The loop that serves every resource: read, compare, (check mode stops here), apply, read back."""

from __future__ import annotations

import abc
import dataclasses
import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

from .common.errors import BadInput, MailError, RemoteError, SettingNotKept
from .remoting.pipeline import Command, Statement
from .remoting.session import Session

Current = Mapping[str, Any]
"""What was read of one item: property names of the host's object with their values (or whatever ``Resource.read`` gives)."""


LEAVE_OUT: Final = object()
"""As the result of ``Field.argument``: the value is expressed by the parameter's absence."""


def same(value: Any) -> Any:
    """The value itself: for fields that need no normal form."""
    return value


@dataclasses.dataclass(frozen=True)
class Field:
    """One setting of a resource."""

    option: str
    """The module's option, and the key in ``before`` and ``after``."""
    source: str | Callable[[Current], Any]
    """The property of the host's object that holds it, or a function of the whole object."""
    parameter: str | None = None
    """The cmdlet's parameter that writes it; ``None`` when it is only reported."""
    normal: Callable[[Any], Any] = same
    """Brings a value, asked for or read, into the form in which the two are compared and shown."""
    argument: Callable[[Any], Any] = same
    """From the value asked for, in normal form, to the parameter's value; ``LEAVE_OUT`` sends no parameter."""
    versions: frozenset[str] | None = None
    """Product versions that have it; ``None``: all."""
    without: Any = None
    """What versions without it do anyway: asking for this value is no error there, and nothing is sent."""
    at_creation: bool = False
    """Can only be given when the item is made: a difference later is refused."""

    def read(self, current: Current) -> Any:
        value = self.source(current) if callable(self.source) else current.get(self.source)
        return self.normal(value)


@dataclasses.dataclass(frozen=True)
class Item:
    """One thing that the task is about: ``name`` for messages and results, ``identity`` for the host, and the values asked for.

    ``want`` maps options to values; an option that is missing or ``None`` is left as it is.
    """

    name: str
    want: Mapping[str, Any]
    identity: Any = None
    present: bool = True


class Resource(abc.ABC):
    """A kind of resource: declares its fields and cmdlets, reads its items.

    ``create_cmdlet`` and ``remove_cmdlet`` stay empty where the things exist on their own (web applications).
    """

    noun: ClassVar[str]
    """What it is called in messages: ``receive connector``."""
    fields: ClassVar[tuple[Field, ...]]
    set_cmdlet: ClassVar[str]
    create_cmdlet: ClassVar[str] = ""
    remove_cmdlet: ClassVar[str] = ""
    restates_all: ClassVar[bool] = False
    """Whether a change sends every field, because the cmdlet resets what it is not given."""
    product: ClassVar[str] = ""
    """The product whose versions ``Field.versions`` means: ``SharePoint``."""

    def __init__(self, session: Session, options: Mapping[str, Any]) -> None:
        self.session = session
        self.options = options

    @classmethod
    @abc.abstractmethod
    def items(cls, options: Mapping[str, Any]) -> list[Item]:
        """What the task asks for. Raises BadInput for values that cannot be; no session is open yet."""

    def resolve(self, items: Sequence[Item]) -> list[Item]:
        """The items as the host knows them (``all`` spelled out, identities found). Raises BadInput for unknown ones."""
        return list(items)

    @abc.abstractmethod
    def read(self, items: Sequence[Item]) -> list[Current | None]:
        """What the host has of each item, ``None`` for what does not exist."""

    def version(self) -> str:
        """The product's version, as ``Field.versions`` spells it; asked only when a field has versions."""
        return ""

    def objection(self, item: Item, current: Current | None) -> str | None:
        """Why ``item`` must not be touched, where only a look at the host shows it: asked for all items before the first change."""
        return None

    def remedy(self, error: RemoteError) -> str:
        """What a user can do about a failed change, as sentences behind the host's own words; empty when there is nothing to add."""
        return ""

    def unseen(self, item: Item, current: Current) -> bool:
        """Whether something has to be written that no field shows, such as a password, which cannot be read."""
        return False

    def summary(self, after: Mapping[str, Any]) -> dict[str, Any]:
        """What the module returns beside ``before`` and ``after``; ``after`` has the fields by item name."""
        return {}

    def create(self, item: Item, parameters: Mapping[str, Any]) -> Iterable[Statement]:
        """The statements, run one by one, that make ``item``. A generator may look at the host between them, and decide what follows."""
        return [Statement((Command(self.create_cmdlet, parameters),))]

    def update(self, item: Item, current: Current, parameters: Mapping[str, Any]) -> Iterable[Statement]:
        """The statements that bring an existing item to what is asked."""
        return [Statement((Command(self.set_cmdlet, {"Identity": item.identity, **parameters}),))]

    def remove(self, item: Item, current: Current) -> Iterable[Statement]:
        """The statements that remove ``item``."""
        return [Statement((Command(self.remove_cmdlet, {"Identity": item.identity, "Confirm": False}),))]


class Step(enum.Enum):
    """What is to be done with an item."""

    NOTHING = "nothing"
    CREATE = "create"
    UPDATE = "update"
    REMOVE = "remove"


@dataclasses.dataclass(frozen=True)
class Plan:
    """The outcome of comparing: what is there, what is asked for (normal forms, settable fields only), and the step between."""

    item: Item
    current: Current | None
    before: dict[str, Any] | None
    want: dict[str, Any]
    step: Step
    unseen: bool = False
    """Whether something is written that no field shows."""

    @property
    def expected(self) -> dict[str, Any] | None:
        """The item after the step, as far as it can be foreseen."""
        if self.step is Step.NOTHING:
            return self.before
        return None if self.step is Step.REMOVE else {**(self.before or {}), **self.want}


def converge(resource: Resource, items: Sequence[Item], check_mode: bool) -> dict[str, Any]:
    """Brings ``items`` into the state asked for.

    Gives ``changed``, ``before`` and ``after`` (by item name, ``None`` for what does not exist) and ``diff``. In check mode
    nothing is written and ``after`` is what would be. Raises MailError; SettingNotKept when a host kept something else. An error
    after a change carries ``before`` of what was or may have been changed, so that it can be put back.
    """
    try:
        items = resource.resolve(items)
        plans = compare(resource, items, resource.read(items))
    except RemoteError as error:
        error.message += " Nothing was changed."
        raise
    pending = [plan for plan in plans if plan.step is not Step.NOTHING]
    after = {plan.item.name: plan.expected for plan in plans}
    if pending and not check_mode:
        _apply(resource, pending)
        after.update(_read_back(resource, pending))
    return {
        "changed": bool(pending),
        "before": {plan.item.name: plan.before for plan in plans},
        "after": after,
        "diff": [
            {
                "before_header": f"{resource.noun} {plan.item.name}",
                "after_header": f"{resource.noun} {plan.item.name}",
                "before": plan.before or {},
                "after": after[plan.item.name] or {},
            }
            for plan in pending
        ],
    }


def compare(resource: Resource, items: Sequence[Item], found: Sequence[Current | None]) -> list[Plan]:
    """What has to be done with each item. Raises BadInput when something is asked for that cannot be."""
    plans = []
    for item, current in zip(items, found, strict=True):
        reason = resource.objection(item, current)
        if reason is not None:
            raise BadInput(f"{reason} Nothing was changed.")
        before = None if current is None else shown(resource, current)
        want = _wanted(resource, item) if item.present else {}
        step = _step(resource, item, before, want)
        unseen = item.present and current is not None and resource.unseen(item, current)
        if step is Step.NOTHING and unseen:
            step = Step.UPDATE
        plans.append(Plan(item, current, before, want, step, unseen))
    return plans


def shown(resource: Resource, current: Current) -> dict[str, Any]:
    """An item's fields in normal form, without those that the product's version has not."""
    return {field.option: field.read(current) for field in resource.fields if _exists(resource, field)}


def _exists(resource: Resource, field: Field) -> bool:
    return field.versions is None or resource.version() in field.versions


def _wanted(resource: Resource, item: Item) -> dict[str, Any]:
    want = {}
    for field in resource.fields:
        value = item.want.get(field.option)
        if value is None:
            continue
        if _exists(resource, field):
            want[field.option] = field.normal(value)
        elif field.normal(value) != field.without:
            raise BadInput(
                f"{resource.noun} {item.name}: {field.option} cannot be {value}, for {resource.session.host} runs {resource.product} "
                f"{resource.version()}, and only {resource.product} {', '.join(sorted(field.versions or ()))} can set it. "
                f"Nothing was changed."
            )
    return want


def _step(resource: Resource, item: Item, before: Mapping[str, Any] | None, want: Mapping[str, Any]) -> Step:
    if not item.present:
        return Step.NOTHING if before is None else Step.REMOVE
    if before is None:
        return Step.CREATE
    different = [option for option, value in want.items() if before.get(option) != value]
    fixed = [field.option for field in resource.fields if field.at_creation and field.option in different]
    if fixed:
        option = fixed[0]
        raise BadInput(
            f"{resource.noun} {item.name} has {option} {before.get(option)}, which cannot be changed to {want[option]}: it is given "
            f"when the {resource.noun} is made. Nothing was changed. Remove it first, or leave {option} as it is."
        )
    return Step.UPDATE if different else Step.NOTHING


def _parameters(resource: Resource, plan: Plan) -> dict[str, Any]:
    """The cmdlet's parameters: what differs, or everything where the cmdlet resets what it is not given."""
    before = plan.before or {}
    values = {**before, **plan.want} if resource.restates_all else plan.want
    parameters = {}
    for field in resource.fields:
        if field.parameter is None or field.option not in values:
            continue
        value = values[field.option]
        unchanged = not resource.restates_all and before.get(field.option) == value
        if plan.step is Step.UPDATE and (unchanged or field.at_creation):
            continue
        argument = field.argument(value)
        if argument is not LEAVE_OUT:
            parameters[field.parameter] = argument
    return parameters


def _statements(resource: Resource, plan: Plan) -> Iterable[Statement]:
    if plan.step is Step.CREATE:
        return resource.create(plan.item, _parameters(resource, plan))
    if plan.current is None:
        return []
    if plan.step is Step.REMOVE:
        return resource.remove(plan.item, plan.current)
    return resource.update(plan.item, plan.current, _parameters(resource, plan))


def _apply(resource: Resource, pending: Sequence[Plan]) -> None:
    for number, plan in enumerate(pending):
        written = False
        try:
            for statement in _statements(resource, plan):
                resource.session.write(statement)
                written = True
        except MailError as error:
            if isinstance(error, RemoteError):
                error.message += resource.remedy(error)
            _tell_what_changed(resource, pending[:number], plan, written, error)
            raise


def _tell_what_changed(resource: Resource, done: Sequence[Plan], failed: Plan, written: bool, error: MailError) -> None:
    """Looks at the host once more, so that the message can say how far the task came, unless it says so itself.

    Of what no field shows, such as a password, that it was written is all that is known: ``written`` says so of ``failed``.
    """
    begun = [*done, failed]
    if error.changed:
        error.before = _before(begun)
        return
    try:
        found = resource.read([plan.item for plan in begun])
    except MailError:
        error.changed, error.before = True, _before(begun)
        error.message += " What was changed before the failure could not be read back: look before you run the task again."
        return
    changed = []
    for plan, current in zip(begun, found, strict=True):
        now = None if current is None else shown(resource, current)
        if now != plan.before or (plan.unseen and (written or plan is not failed)):
            changed.append(plan)
    error.changed = bool(changed)
    error.before = _before(changed) if changed else None
    names = ", ".join(plan.item.name for plan in changed)
    error.message += f" Already changed: {names}." if changed else " Nothing was changed."


def _before(plans: Iterable[Plan]) -> dict[str, Any]:
    return {plan.item.name: plan.before for plan in plans}


def _read_back(resource: Resource, pending: Sequence[Plan]) -> dict[str, dict[str, Any] | None]:
    """What the hosts kept. Raises SettingNotKept, naming setting, wish and what is there, when it is not what was asked."""
    try:
        found = resource.read([plan.item for plan in pending])
    except MailError as silence:
        silence.changed, silence.before = True, _before(pending)
        silence.message += " The change was made before, and could not be read back: look before you run the task again."
        raise
    after: dict[str, dict[str, Any] | None] = {}
    faults = []
    for plan, current in zip(pending, found, strict=True):
        kept = after[plan.item.name] = None if current is None else shown(resource, current)
        if (kept is None) != (plan.step is Step.REMOVE):
            faults.append(f"{plan.item.name} {'does not exist' if kept is None else 'still exists'}")
        elif kept is not None:
            faults += [
                f"{option} of {plan.item.name} was to be {value} and is {kept.get(option)}"
                for option, value in plan.want.items()
                if kept.get(option) != value
            ]
    if faults:
        error = SettingNotKept(
            f"{resource.session.host} accepted the change of the {resource.noun} and did not keep it: {'; '.join(faults)}. "
            f"The rest was changed. Something else may manage this setting, or the host normalises it to another value."
        )
        error.changed, error.before = True, _before(pending)
        raise error
    return after
