# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a kind of resource declares: its fields, how it is read, and what brings it from one state to another."""

from __future__ import annotations

import abc
import dataclasses
import enum
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final, Self

from ..common.errors import BadInput, RemoteError
from ..remoting.pipeline import Command, Statement
from ..remoting.session import Session

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
    """The cmdlet's parameter, or the object's property, that writes it; ``None`` when the resource writes it in a way of its own."""
    normal: Callable[[Any], Any] = same
    """Brings a value, asked for or read, into the form in which the two are compared and shown. Raises ValueError for what cannot be."""
    argument: Callable[[Any], Any] = same
    """From the value asked for, in normal form, to the parameter's value; ``LEAVE_OUT`` sends no parameter."""
    versions: frozenset[str] | None = None
    """Product versions that have it; ``None``: all."""
    without: Any = None
    """What versions without it do anyway: asking for this value is no error there, and nothing is sent."""
    at_creation: bool = False
    """Can only be given when the item is made: a difference later is refused."""
    reported: bool = False
    """Is only shown: never asked for, never written."""
    null: Any = None
    """What a null of the host is shown as."""
    writes_null: bool = False
    """Whether a null is a value that can be put back. Otherwise null means that the host shows nothing."""
    least: int | None = None
    most: int = 2**31 - 1
    """Limits of its number, or numbers, where ``least`` is given; ``measure`` gives them. Text, such as ``Unlimited``, has none."""
    measure: Callable[[Any], Any] = same

    @classmethod
    def of(cls, option: str, name: str, normal: Callable[[Any], Any] = same, **more: Any) -> Self:
        """A setting that is read and written under one ``name``."""
        return cls(option, name, name, normal, **more)

    def found(self, current: Current) -> Any:
        """What the host shows, as it spells it."""
        return self.source(current) if callable(self.source) else current.get(self.source)

    def read(self, current: Current) -> Any:
        """Normal form of what the host shows. What cannot be understood stays text, so that one oddity hides nothing else."""
        value = self.found(current)
        if value is None:
            return self.null
        try:
            return self.normal(value)
        except ValueError:
            return str(value)

    def asked(self, value: Any) -> Any:
        """Normal form of what a task asks for. Raises ValueError, also for what is beyond the limits."""
        normal = self.normal(value)
        if self.least is not None:
            measured = self.measure(normal)
            for number in measured if isinstance(measured, list) else [measured]:
                if isinstance(number, int) and not self.least <= number <= self.most:
                    raise ValueError(f"{number} is not between {self.least} and {self.most}")
        return normal

    def understands(self, value: Any) -> bool:
        """Whether ``value``, as it was shown, has a normal form: text that stands for something else has none."""
        try:
            self.normal(value)
        except (ValueError, TypeError):
            return False
        return True


def wanted(fields: Iterable[Field], options: Mapping[str, Any]) -> dict[str, Any]:
    """What a task asks for, in normal form; options that it leaves out are not in it. Raises BadInput, naming the option."""
    want = {}
    for field in fields:
        value = options.get(field.option)
        if value is None or field.reported:
            continue
        try:
            want[field.option] = field.asked(value)
        except ValueError as error:
            raise BadInput(f"{field.option}: {error}. Nothing was changed.") from error
    return want


@dataclasses.dataclass(frozen=True)
class Item:
    """One thing that the task is about: ``name`` for messages and results, ``identity`` for the host, and the values asked for.

    ``want`` maps options to values; an option that is missing or ``None`` is left as it is, unless it is being restored.
    """

    name: str
    want: Mapping[str, Any]
    identity: Any = None
    present: bool = True
    restoring: bool = False
    """Whether this is what an earlier ``before`` said. What was there may come back: rules about what should be do not apply."""


@dataclasses.dataclass(frozen=True)
class Reading:
    """What a host has of an item: ``settings`` (None when it does not exist), and what else was seen that decides about it."""

    settings: Current | None
    around: Any = None


class Step(enum.Enum):
    """What is to be done with an item."""

    NOTHING = "nothing"
    CREATE = "create"
    UPDATE = "update"
    REMOVE = "remove"


@dataclasses.dataclass(frozen=True)
class Change:
    """What is to become of one item. The loop compares once; everything else goes by this."""

    item: Item
    found: Reading
    before: dict[str, Any] | None
    """What is there, by option and in normal form; None for what does not exist."""
    want: dict[str, Any]
    """What is asked for, likewise; of the settings that the product's version has."""
    differing: frozenset[str]
    """Options of ``want`` that are not so."""
    step: Step
    unseen: bool = False
    """Whether something is written that no field shows."""
    stays: tuple[str, ...] = ()
    """Of an item that is restored: sentences about what stays as it is."""

    @property
    def after(self) -> dict[str, Any]:
        """All settings as they would be, the item being there."""
        return {**(self.before or {}), **self.want}

    @property
    def expected(self) -> dict[str, Any] | None:
        """The item after the step, as far as it can be foreseen."""
        if self.step is Step.NOTHING:
            return self.before
        return None if self.step is Step.REMOVE else self.after

    @property
    def current(self) -> Current:
        """What the host showed of it; empty when it does not exist."""
        return self.found.settings or {}


@dataclasses.dataclass(frozen=True)
class Lasting:
    """Something that cannot be put back: why, the options that stay as they are, and values that are the nearest to what was there."""

    sentence: str
    options: Collection[str] = ()
    instead: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class Resource(abc.ABC):
    """A kind of resource: declares its fields and cmdlets, reads its items. It keeps nothing between two calls.

    ``create_cmdlet`` and ``remove_cmdlet`` stay empty where the things exist on their own (web applications).
    """

    noun: ClassVar[str]
    """What it is called in messages: ``receive connector``."""
    fields: ClassVar[tuple[Field, ...]]
    set_cmdlet: ClassVar[str]
    create_cmdlet: ClassVar[str] = ""
    remove_cmdlet: ClassVar[str] = ""
    removable: ClassVar[bool] = True
    """Whether there can be none: only then may an earlier ``before`` be null."""
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

    @classmethod
    def restored(cls, name: str, before: Mapping[str, Any] | None, options: Mapping[str, Any]) -> Item:
        """The item that is to be as an earlier ``before`` says. Raises BadInput for a name that no item of the task has."""
        return Item(name, before or {}, name, present=before is not None, restoring=True)

    def resolve(self, items: Sequence[Item]) -> list[tuple[Item, Reading]]:
        """The items as the host knows them (``all`` spelled out, identities found), each with what was read of it.

        Raises BadInput for unknown ones.
        """
        return list(zip(items, self.read(items), strict=True))

    @abc.abstractmethod
    def read(self, items: Sequence[Item]) -> list[Reading]:
        """What the host has of each item."""

    def version(self) -> str:
        """The product's version, as ``Field.versions`` spells it; asked only when a field has versions."""
        return ""

    def objection(self, change: Change) -> str | None:
        """Why an item must not be touched, where only a look at the host shows it: asked for all items before the first change."""
        return None

    def lasting(self, then: Mapping[str, Any] | None, now: Mapping[str, Any] | None, change: Change) -> list[Lasting]:
        """What keeps an item from getting from ``now`` back to ``then`` (None: it does not exist).

        Asked in both directions: before a ``change``, about the state that it leaves; and when a state is restored.
        """
        return []

    def remedy(self, error: RemoteError) -> str:
        """What a user can do about a failed change, as sentences behind the host's own words; empty when there is nothing to add."""
        return ""

    def unseen(self, change: Change) -> bool:
        """Whether something has to be written that no field shows, such as a password, which cannot be read."""
        return False

    def summary(self, changes: Sequence[Change], after: Mapping[str, dict[str, Any] | None]) -> dict[str, Any]:
        """What the module returns beside ``before`` and ``after``; ``after`` has the fields by item name."""
        return {}

    def create(self, change: Change, parameters: Mapping[str, Any]) -> Iterable[Statement]:
        """The statements, run one by one, that make an item. A generator may look at the host between them, and decide what follows."""
        return [Statement((Command(self.create_cmdlet, parameters),))]

    def update(self, change: Change, parameters: Mapping[str, Any]) -> Iterable[Statement]:
        """The statements that bring an existing item to what is asked."""
        return [Statement((Command(self.set_cmdlet, {"Identity": change.item.identity, **parameters}),))]

    def remove(self, change: Change) -> Iterable[Statement]:
        """The statements that remove an item."""
        return [Statement((Command(self.remove_cmdlet, {"Identity": change.item.identity, "Confirm": False}),))]
