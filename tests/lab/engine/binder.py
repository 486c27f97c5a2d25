"""Binding parameters to a cmdlet's signature, with the refusals of the real binder (engine measurements, bindings.json)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.lab.engine.cmdlets import Cmdlet
from tests.lab.engine.conversion import CannotConvert, NullForValueType, NullNotAllowed, WrongKind, convert, full_name, item_type
from tests.lab.engine.dialect import Dialect
from tests.lab.engine.objects import NetObject
from tests.lab.engine.records import Failure, Invocation
from tests.lab.engine.serialise import Int64
from tests.lab.engine.values import text, type_name, type_names

Entry = Mapping[str, Any]
Given = Sequence[tuple[str | None, Any]]
"""Names and values as they arrived; None is the name of a positional argument."""

COMMON: Mapping[str, Entry] = {
    "Verbose": {"type": "switch"},
    "Debug": {"type": "switch"},
    "ErrorAction": {"type": "string"},
    "WarningAction": {"type": "string"},
    "InformationAction": {"type": "string"},
    "ErrorVariable": {"type": "string"},
    "WarningVariable": {"type": "string"},
    "InformationVariable": {"type": "string"},
    "OutVariable": {"type": "string"},
    "OutBuffer": {"type": "int"},
    "PipelineVariable": {"type": "string"},
}
"""about_CommonParameters."""
_CONFIRMING: Mapping[str, Entry] = {"WhatIf": {"type": "switch"}, "Confirm": {"type": "switch"}}
_BINDING = "System.Management.Automation.ParameterBindingException"
_VALIDATION = "System.Management.Automation.ParameterBindingValidationException"
_ZERO = Int64(0)


@dataclasses.dataclass
class Bound:
    """A command with its named parameters bound. ``pending`` are those that pipeline objects may still bind to, best first."""

    command: Cmdlet
    parameters: dict[str, Any]
    common: dict[str, Any]
    pending: list[str]
    dialect: Dialect

    def with_object(self, value: Any) -> dict[str, Any]:
        """The parameters with a pipeline object bound by value. Raises Failure, not thrown, when it fits nothing."""
        for name in sorted(self.pending, key=lambda name: not _named_after(name, value)):
            if name != "AssignmentCollection" or _named_after(name, value):
                try:
                    converted = _converted(self.command, name, self.command.signature[name], value, self.dialect)
                except Failure:
                    continue
                return {**self.parameters, name: converted}
        raise dataclasses.replace(
            _refusal(
                self.command,
                "InputObjectNotBound",
                "The input object cannot be bound to any parameters for the command either because the command does not take pipeline "
                "input or the input and its properties do not match any of the parameters that take pipeline input.",
            ),
            target=value,
            thrown=False,
        )


def bind(command: Cmdlet, given: Given, piped: bool, dialect: Dialect) -> Bound:
    """Binds what was named. ``piped``: objects will come through the pipeline. Raises Failure, always thrown."""
    parameters: dict[str, Any] = {}
    common: dict[str, Any] = {}
    confirming = _CONFIRMING if command.confirm_impact == "High" else {}
    names = {**COMMON, **confirming, **command.signature}
    for name, value in _named(command, names, given, dialect):
        converted = _converted(command, name, names[name], value, dialect)
        own = name in command.signature
        (parameters if own else common)[name] = converted
        if own and name in _CONFIRMING:
            common[name] = converted
    pending = [] if not piped else _pipeline_parameters(command, parameters)
    _check_sets(command, parameters, pending, dialect)
    return Bound(command, parameters, common, pending, dialect)


def _named(command: Cmdlet, names: Mapping[str, Entry], given: Given, dialect: Dialect) -> list[tuple[str, Any]]:
    """The given parameters under their full names; positional ones last."""
    found: dict[str, Any] = {}
    for name, value in given:
        if name is None:
            continue
        full = _full(command, names, name.removeprefix("-"), value)
        if full in found:
            raise _refusal(
                command,
                "ParameterAlreadyBound",
                f"Cannot bind parameter because parameter '{full}' is specified more than once. To provide multiple values to parameters "
                'that can accept multiple values, use the array syntax. For example, "-parameter value1,value2,value3".',
                full,
            )
        found[full] = value
    free = [name for name in _positions(command.signature) if name not in found]
    for _unused, value in (pair for pair in given if pair[0] is None):
        if not free:
            message = f"A positional parameter cannot be found that accepts argument '{text(value)}'."
            raise _refusal(command, "PositionalParameterNotFound", message)
        found[free.pop(0)] = value
    return list(found.items())


def _positions(signature: Mapping[str, Entry]) -> list[str]:
    """Names in the order of their positions. Where the signature gives none, Identity is first, as it is in the products' cmdlets."""
    placed = sorted((entry["position"], name) for name, entry in signature.items() if "position" in entry)
    return [name for _unused, name in placed] or [name for name in signature if name == "Identity"]


def _full(command: Cmdlet, names: Mapping[str, Entry], name: str, value: Any) -> str:
    matches = [full for full in names if full.lower().startswith(name.lower())]
    exact = [full for full in matches if full.lower() == name.lower()]
    if len(exact or matches) == 1:
        return (exact or matches)[0]
    if not matches:
        message = f"A parameter cannot be found that matches parameter name '{name}'."
        raise _refusal(command, "NamedParameterNotFound", message, name, type_name(value))
    listed = " ".join(f"-{full}" for full in matches)
    message = f"Parameter cannot be processed because the parameter name '{name}' is ambiguous. Possible matches include: {listed}."
    raise _refusal(command, "AmbiguousParameter", message, name)


def _converted(command: Cmdlet, name: str, entry: Entry, value: Any, dialect: Dialect) -> Any:
    kind = str(entry["type"])
    null = f"Cannot bind argument to parameter '{name}' because it is"
    if value is None and (entry.get("mandatory") and not entry.get("allow_null")):
        raise _refusal(command, "ParameterArgumentValidationErrorNullNotAllowed", f"{null} null.", name, exception=_VALIDATION)
    try:
        converted = convert(value, kind, command.types, dialect)
    except CannotConvert as error:
        raise _refusal(command, "CannotConvertArgumentNoMessage", f"Cannot bind parameter '{name}'. {error}", name) from error
    except WrongKind as error:
        shown = "System.String" if isinstance(value, str) else text(value)
        message = f"Cannot convert '{shown}' to the type '{full_name(kind, command.types)}' required by parameter '{name}'. {error}"
        raise _refusal(command, "CannotConvertArgument", message, name) from error
    except NullNotAllowed as error:
        raise _refusal(command, "ParameterArgumentValidationErrorNullNotAllowed", f"{null} null.", name, exception=_VALIDATION) from error
    except NullForValueType as error:
        message = f'Cannot bind parameter \'{name}\' to the target. Exception setting "{name}": "Cannot convert null to type "{error}"."'
        raise _refusal(command, "ParameterBindingFailed", message, name, category="WriteError") from error
    if entry.get("mandatory") and converted == "" and not entry.get("allow_empty"):
        raise _refusal(
            command, "ParameterArgumentValidationErrorEmptyStringNotAllowed", f"{null} an empty string.", name, exception=_VALIDATION
        )
    if entry.get("mandatory") and item_type(kind) and converted == []:
        raise _refusal(
            command, "ParameterArgumentValidationErrorEmptyArrayNotAllowed", f"{null} an empty array.", name, exception=_VALIDATION
        )
    complaint = _invalid(entry, converted)
    if complaint:
        message = f"Cannot validate argument on parameter '{name}'. {complaint}"
        raise _refusal(command, "ParameterArgumentValidationError", message, name, exception=_VALIDATION, category="InvalidData")
    return converted


def _invalid(entry: Entry, value: Any) -> str | None:
    """What the validation attributes say: ``values`` (ValidateSet), ``not_null_or_empty``, ``range``."""
    if entry.get("not_null_or_empty") and value in (None, "", []):
        return "The argument is null or empty. Provide an argument that is not null or empty, and then try the command again."
    allowed: Sequence[str] = entry.get("values", ())
    for item in value if isinstance(value, list) else [value]:
        if allowed and isinstance(item, str) and item.lower() not in [choice.lower() for choice in allowed]:
            return (
                f'The argument "{item}" does not belong to the set "{",".join(allowed)}" specified by the ValidateSet attribute. '
                "Supply an argument that is in the set and then try the command again."
            )
    if "range" in entry and value is not None:
        low, high = entry["range"]
        if value > high:
            return (
                f"The {value} argument is greater than the maximum allowed range of {high}. "
                f"Supply an argument that is less than or equal to {high} and then try the command again."
            )
        if value < low:
            return (
                f"The {value} argument is less than the minimum allowed range of {low}. "
                f"Supply an argument that is greater than or equal to {low} and then try the command again."
            )
    return None


def _pipeline_parameters(command: Cmdlet, bound: Iterable[str]) -> list[str]:
    """Parameters that take pipeline input and are not bound yet: mandatory ones first, then the identity."""
    free = [name for name, entry in command.signature.items() if entry.get("pipeline") and name not in bound]
    return sorted(free, key=lambda name: (not command.signature[name].get("mandatory"), name not in ("Identity", "InputObject")))


def _named_after(name: str, value: Any) -> bool:
    """Whether a parameter is named after the object's class. The catalogue lists SharePoint's pipe-bind types as ``object``: a piped
    SPWebApplication then belongs to ``WebApplication``, and nothing but an SPAssignmentCollection to ``AssignmentCollection``."""
    return isinstance(value, NetObject) and any(
        kind.rpartition(".")[2].removeprefix("SP").lower() == name.lower() for kind in type_names(value)
    )


def _check_sets(command: Cmdlet, parameters: Mapping[str, Any], pending: Sequence[str], dialect: Dialect) -> None:
    """One parameter set must fit all bound parameters, and have its mandatory ones."""
    signature = command.signature
    every = {name for entry in signature.values() for name in entry.get("sets", ())}
    if not every or not signature.get("Identity", {"sets": 1}).get("sets"):
        every.add("")  # An identity that belongs to every set makes a set of its own: the cmdlet works with it alone, or with nothing.
    fitting = set(every)
    for name in parameters:
        fitting &= set(signature[name].get("sets") or every)
    if not fitting:
        raise _refusal(command, "AmbiguousParameterSet", dialect.ambiguous_set)
    missing = {
        candidate: [
            name
            for name, entry in signature.items()
            if entry.get("mandatory") and name not in parameters and name not in pending and candidate in (entry.get("sets") or every)
        ]
        for candidate in sorted(fitting)
    }
    fewest = min(missing.values(), key=len)
    if fewest:
        names = " ".join(fewest)
        message = f"Cannot process command because of one or more missing mandatory parameters: {names}."
        raise _refusal(command, "MissingMandatoryParameter", message, names)


def _refusal(
    command: Cmdlet,
    error_id: str,
    message: str,
    parameter: str = "",
    specified: str | None = None,
    exception: str = _BINDING,
    category: str = "InvalidArgument",
) -> Failure:
    details = {
        "Message": message,
        "ParameterName": parameter,
        "ParameterType": None,
        "TypeSpecified": specified,
        "ErrorId": error_id,
        "Line": _ZERO,
        "Offset": _ZERO,
        "CommandInvocation": "System.Management.Automation.InvocationInfo",
        "ErrorRecord": message,
        "WasThrownFromThrowStatement": False,
    }
    invocation = Invocation(command.name, called=False)
    return Failure(message, f"{error_id},{command.class_name}", category, exception, None, invocation, details=details)
