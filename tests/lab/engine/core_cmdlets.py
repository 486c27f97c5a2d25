"""The shell's own commands that work on objects: ForEach-Object, Where-Object, Select-Object, Measure-Object, Write-Output …

Answers as measured (pipelines.json); signatures as in the documentation of Microsoft.PowerShell.Core and .Utility.
"""

from __future__ import annotations

import fnmatch
import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.lab.engine import members
from tests.lab.engine.commands import Context, CoreCmdlet, core, incoming
from tests.lab.engine.conversion import CannotConvert, NullForValueType, NullNotAllowed, WrongKind, convert
from tests.lab.engine.objects import Custom, EnumValue, NetObject, Text
from tests.lab.engine.serialise import CUSTOM_OBJECT
from tests.lab.engine.values import text, type_name, unrolled

_INPUT: Mapping[str, Any] = {"type": "object", "pipeline": True}
_SWITCH: Mapping[str, Any] = {"type": "switch"}


def _for_each(context: Context, objects: Iterator[Any] | None) -> Iterator[Any]:
    name = context.get("MemberName") or ""
    arguments = context.get("ArgumentList")
    for item in incoming(context, objects):
        try:
            if item is None and arguments:
                raise members.MemberError("InvokeMethodOnNull", "InvalidArgument", "You cannot call a method on a null-valued expression.")
            if item is None:
                result = None
            elif arguments:
                result = members.call(item, name, arguments, context.language_mode, context.dialect)
                if result is None:
                    continue
            else:
                result = members.get(item, name, context.language_mode, context.dialect)
                if result is None and members.is_method(item, name):
                    continue
        except members.MemberError as error:
            context.write_error(
                str(error), error.error_id, error.category, "System.Management.Automation.PSInvalidOperationException", item
            )
            continue
        yield from unrolled(result)


def _where(context: Context, objects: Iterator[Any] | None) -> Iterator[Any]:
    name, wanted = context.get("Property") or "", context.get("Value")
    operator = next((operator for operator in _OPERATORS if context.get(operator)), None)
    for item in incoming(context, objects):
        _unused, own = members.find_property(item, name)
        if _truth(own) if operator is None else _OPERATORS[operator](own, wanted, context):
            yield item


def _truth(value: Any) -> bool:
    return bool(value.number) if isinstance(value, EnumValue) else bool(value) or isinstance(value, NetObject)


def _equal(own: Any, wanted: Any, context: Context) -> bool:
    """``-EQ``: text without case; else the right side is converted to the type of the left. A list is true when an item is equal."""
    if isinstance(own, list | tuple):
        return any(_equal(item, wanted, context) for item in own)
    if isinstance(own, str | Text):
        return text(own).lower() == text(wanted).lower()
    if own is None or wanted is None or isinstance(own, NetObject):
        return own is wanted
    if isinstance(own, bool):
        return own == _truth(wanted)
    kind, types = (own.type.name, {own.type.name: own.type}) if isinstance(own, EnumValue) else (type_name(own).removeprefix("System."), {})
    try:
        return bool(own == convert(wanted, kind, types, context.dialect))
    except (CannotConvert, WrongKind, NullForValueType, NullNotAllowed):
        return False


def _order(own: Any, wanted: Any, context: Context) -> int:
    """-1, 0 or 1; texts without case, numbers and dates by value."""
    if own is None or wanted is None:
        return (own is not None) - (wanted is not None)
    if isinstance(own, str | Text):
        own, wanted = text(own).lower(), text(wanted).lower()
    else:
        wanted = convert(wanted, type_name(own).removeprefix("System."), {}, context.dialect)
    return int(own > wanted) - int(own < wanted)


def _like(own: Any, wanted: Any, context: Context) -> bool:
    return fnmatch.fnmatchcase(text(own).lower(), text(wanted).lower())


_OPERATORS: dict[str, Any] = {
    "EQ": _equal,
    "NE": lambda own, wanted, context: not _equal(own, wanted, context),
    "GT": lambda own, wanted, context: _order(own, wanted, context) > 0,
    "GE": lambda own, wanted, context: _order(own, wanted, context) >= 0,
    "LT": lambda own, wanted, context: _order(own, wanted, context) < 0,
    "LE": lambda own, wanted, context: _order(own, wanted, context) <= 0,
    "Like": _like,
    "NotLike": lambda own, wanted, context: not _like(own, wanted, context),
    "Match": lambda own, wanted, context: re.search(text(wanted), text(own), re.IGNORECASE) is not None,
    "NotMatch": lambda own, wanted, context: re.search(text(wanted), text(own), re.IGNORECASE) is None,
    "In": lambda own, wanted, context: any(_equal(own, item, context) for item in unrolled(wanted)),
    "NotIn": lambda own, wanted, context: not any(_equal(own, item, context) for item in unrolled(wanted)),
    "Contains": lambda own, wanted, context: any(_equal(item, wanted, context) for item in unrolled(own)),
    "NotContains": lambda own, wanted, context: not any(_equal(item, wanted, context) for item in unrolled(own)),
}


def _select(context: Context, objects: Iterator[Any] | None) -> Iterator[Any]:
    for item in _window(context, incoming(context, objects)):
        if "ExpandProperty" in context.parameters:
            yield from _expanded(context, item)
        elif "Property" in context.parameters:
            yield _selected(item, context.parameters["Property"])
        else:
            yield item


def _window(context: Context, objects: Iterator[Any]) -> Iterator[Any]:
    """The objects that -Index, or -Skip, -First and -Last leave. It stops asking for more as soon as it has all."""
    if "Index" in context.parameters:
        wanted = set(context.parameters["Index"])
        return (item for index, item in enumerate(itertools.islice(objects, max(wanted, default=-1) + 1)) if index in wanted)
    rest = itertools.islice(objects, context.get("Skip", 0), None)
    first, last = context.get("First"), context.get("Last")
    if last is not None:
        kept = list(rest)
        return iter(kept[: first or 0] + kept[max(len(kept) - last, first or 0) :])
    return rest if first is None else itertools.islice(rest, first)


def _expanded(context: Context, item: Any) -> Iterator[Any]:
    name = context.parameters["ExpandProperty"]
    there, content = members.find_property(item, name)
    if not there:
        message = f'Property "{name}" cannot be found.'
        context.write_error(message, "ExpandPropertyNotFound", "InvalidArgument", "System.Management.Automation.PSArgumentException", item)
    elif content is not None:
        yield from unrolled(content)


def _selected(item: Any, wanted: list[Any]) -> Custom:
    """A custom object with the wanted properties, under the names as the object spells them; a missing one is null."""
    chosen: dict[str, Any] = {}
    for pattern in wanted:
        name = text(pattern)
        found = {own: content for own, content in members.properties(item).items() if fnmatch.fnmatchcase(own.lower(), name.lower())}
        for own, content in (found or ({} if "*" in name else {name: None})).items():
            chosen.setdefault(own, content)
    return Custom((f"Selected.{type_name(item)}", CUSTOM_OBJECT), "", chosen)


def _measure(context: Context, objects: Iterator[Any] | None) -> Iterator[Any]:
    items = [item for item in incoming(context, objects) if item is not None]
    names: list[str | None] = list(context.get("Property") or [None])
    for name in names:
        values = items if name is None else [content for there, content in (members.find_property(item, name) for item in items) if there]
        numbers = [value for value in values if isinstance(value, int | float)]
        measured: dict[str, Any] = {
            "Count": len(values),
            "Average": sum(numbers) / len(numbers) if context.get("Average") and numbers else None,
            "Sum": float(sum(numbers)) if context.get("Sum") else None,
            "Maximum": float(max(numbers)) if context.get("Maximum") and numbers else None,
            "Minimum": float(min(numbers)) if context.get("Minimum") and numbers else None,
            "Property": name,
        }
        kind = "Microsoft.PowerShell.Commands.GenericMeasureInfo"
        yield Custom((kind, "Microsoft.PowerShell.Commands.MeasureInfo"), kind, measured)


def _sort(context: Context, objects: Iterator[Any] | None) -> Iterator[Any]:
    names: list[str | None] = list(context.get("Property") or [None])

    def key(item: Any) -> tuple[tuple[bool, Any], ...]:
        own = [item if name is None else members.find_property(item, name)[1] for name in names]
        return tuple((value is not None, value if isinstance(value, int | float) else text(value).lower()) for value in own)

    yield from sorted(incoming(context, objects), key=key, reverse=bool(context.get("Descending")))


def _write_output(context: Context, objects: Iterator[Any] | None) -> Iterator[Any]:
    for item in incoming(context, objects):
        yield from [item] if context.get("NoEnumerate") else unrolled(item)


def _out_null(context: Context, objects: Iterator[Any] | None) -> Iterator[Any]:
    for _unused in incoming(context, objects):
        pass
    return iter(())


def _pass_on(context: Context, objects: Iterator[Any] | None) -> Iterator[Any]:
    return iter(()) if objects is None else objects


OBJECT_COMMANDS: tuple[CoreCmdlet, ...] = (
    core(
        "ForEach-Object",
        "ForEachObjectCommand",
        {
            "MemberName": {"type": "string", "mandatory": True, "position": 0},
            "ArgumentList": {"type": "object[]"},
            "InputObject": _INPUT,
        },
        _for_each,
    ),
    core(
        "Where-Object",
        "WhereObjectCommand",
        {
            "Property": {"type": "string", "mandatory": True, "position": 0},
            "Value": {"type": "object", "position": 1},
            "InputObject": _INPUT,
            **{name: _SWITCH for name in _OPERATORS},
        },
        _where,
    ),
    core(
        "Select-Object",
        "SelectObjectCommand",
        {
            "Property": {"type": "object[]", "position": 0},
            "ExpandProperty": {"type": "string"},
            "First": {"type": "int", "range": [0, 2**31 - 1]},
            "Last": {"type": "int", "range": [0, 2**31 - 1]},
            "Skip": {"type": "int", "range": [0, 2**31 - 1]},
            "Index": {"type": "int[]"},
            "InputObject": _INPUT,
        },
        _select,
    ),
    core(
        "Measure-Object",
        "MeasureObjectCommand",
        {
            "Property": {"type": "string[]", "position": 0},
            "InputObject": _INPUT,
            **{name: _SWITCH for name in ("Sum", "Average", "Maximum", "Minimum")},
        },
        _measure,
    ),
    core(
        "Sort-Object",
        "SortObjectCommand",
        {"Property": {"type": "string[]", "position": 0}, "Descending": _SWITCH, "InputObject": _INPUT},
        _sort,
    ),
    core(
        "Write-Output",
        "WriteOutputCommand",
        {
            "InputObject": {"type": "object", "pipeline": True, "mandatory": True, "allow_null": True, "allow_empty": True, "position": 0},
            "NoEnumerate": _SWITCH,
        },
        _write_output,
    ),
    core("Out-Null", "OutNullCommand", {"InputObject": _INPUT}, _out_null),
    core("Out-Default", "OutDefaultCommand", {"InputObject": _INPUT, "Transcript": _SWITCH}, _pass_on),
)
