"""Members of live objects by name, as ``ForEach-Object -MemberName`` finds and calls them."""

from __future__ import annotations

import datetime
import fnmatch
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from tests.lab.engine.conversion import CannotConvert, NullForValueType, NullNotAllowed, WrongKind, convert, full_name
from tests.lab.engine.dialect import Dialect
from tests.lab.engine.objects import Credential, EnumType, EnumValue, NetException, NetObject, Uri, Version
from tests.lab.engine.values import text

_ARGUMENT_TYPES = {
    "str": "string",
    "int": "int",
    "bool": "bool",
    "float": "double",
    "timedelta": "timespan",
    "datetime.timedelta": "timespan",
    "datetime": "datetime",
    "datetime.datetime": "datetime",
    "UUID": "guid",
    "uuid.UUID": "guid",
}
"""Annotations of a method's parameters, as types of parameters."""


class MemberError(Exception):
    """A call that failed: the id (before the comma), the category and the message of its error record."""

    def __init__(self, error_id: str, category: str, message: str) -> None:
        super().__init__(message)
        self.error_id = error_id
        self.category = category


def properties(value: Any) -> Mapping[str, Any]:
    """The properties of a value, in order."""
    if isinstance(value, NetObject):
        return value.properties()
    if isinstance(value, str):
        return {"Length": len(value)}
    if isinstance(value, list | tuple | bytes):
        return {"Length": len(value), "Count": len(value)}
    if isinstance(value, dict):
        return {"Count": len(value), **value}
    if isinstance(value, EnumValue):
        return {"value__": value.number}
    if isinstance(value, datetime.timedelta):
        seconds = value.total_seconds()
        return {"Days": value.days, "TotalHours": seconds / 3600, "TotalMinutes": seconds / 60, "TotalSeconds": seconds}
    if isinstance(value, datetime.datetime):
        return {
            "Year": value.year,
            "Month": value.month,
            "Day": value.day,
            "Hour": value.hour,
            "Minute": value.minute,
            "Second": value.second,
        }
    if isinstance(value, Uri):
        parts = urlsplit(value.text)
        return {"AbsoluteUri": value.text, "Host": parts.hostname or "", "Scheme": parts.scheme, "AbsolutePath": parts.path}
    if isinstance(value, Version):
        numbers = [int(number) for number in value.text.split(".")] + [-1, -1, -1]
        return dict(zip(("Major", "Minor", "Build", "Revision"), numbers, strict=False))
    if isinstance(value, Credential):
        return {"UserName": value.user_name}
    return {}


def find_property(value: Any, name: str) -> tuple[bool, Any]:
    """Whether there is a property of this name, in any case, and its value."""
    for own, content in properties(value).items():
        if own.lower() == name.lower():
            return True, content
    return False, None


def get(value: Any, name: str, language_mode: str, dialect: Dialect) -> Any:
    """``-MemberName`` without arguments: a property's value, a method's result, or None for what is not there. Raises MemberError."""
    if any(sign in name for sign in "*?["):
        matches = [own for own in (*properties(value), *_methods(value)) if fnmatch.fnmatch(own.lower(), name.lower())]
        if len(matches) > 1:
            raise MemberError(
                "AmbiguousPropertyOrMethodName",
                "InvalidArgument",
                f'Input name "{name}" is ambiguous. It can be resolved to multiple matched members. '
                f"Possible matches include: {' '.join(matches)}.",
            )
        if not matches:
            return None
        name = matches[0]
    there, content = find_property(value, name)
    if there:
        return content
    if _overloads(value, name) is None:
        return None
    return call(value, name, [], language_mode, dialect)


def call(value: Any, name: str, arguments: Sequence[Any], language_mode: str, dialect: Dialect) -> Any:
    """Calls a method, or an accessor (``get_X``, ``set_X``). Raises MemberError."""
    overloads = _overloads(value, name)
    if overloads is None:
        raise MemberError("MethodNotFound", "InvalidArgument", f'Input name "{name}" cannot be resolved to a method.')
    if language_mode == "RestrictedLanguage":
        raise MemberError(
            "NoMethodInvocationInRestrictedLanguageMode",
            "InvalidOperation",
            "Cannot invoke method. Method invocation is not supported in this language mode.",
        )
    if language_mode == "ConstrainedLanguage" and isinstance(value, NetObject):
        raise MemberError(
            "MethodInvocationNotSupportedInConstrainedLanguage",
            "InvalidOperation",
            "Cannot invoke method. Method invocation is supported only on core types in this language mode.",
        )
    shown, methods = overloads
    for method in methods:
        types = parameter_types(method)
        if len(types) == len(arguments):
            return _invoke(method, shown, types, arguments, dialect)
    raise MemberError(
        "MethodInvocationError", "InvalidOperation", f'Cannot find an overload for "{shown}" and the argument count: "{len(arguments)}".'
    )


def _methods(value: Any) -> Mapping[str, Sequence[Callable[..., Any]]]:
    own = value.methods() if isinstance(value, NetObject) else {}
    if any(name.lower() == "tostring" for name in own):
        return own
    return {**own, "ToString": [lambda: text(value)]}


def _overloads(value: Any, name: str) -> tuple[str, Sequence[Callable[..., Any]]] | None:
    """The method's name as it is spelled and its overloads."""
    for own, methods in _methods(value).items():
        if own.lower() == name.lower():
            return own, methods
    if not isinstance(value, NetObject):
        return None
    for own, content in value.properties().items():
        if name.lower() == f"get_{own.lower()}":
            return f"get_{own}", [lambda content=content: content]
        if name.lower() == f"set_{own.lower()}" and own in value.settable():
            return f"set_{own}", [_setter(value, own, content)]
    return None


def _setter(target: NetObject, name: str, current: Any) -> Callable[[Any], None]:
    """A setter converts to the property's type: the declared one, or what its present value shows; a null property is taken for text."""

    def set_value(argument: Any) -> None:
        target.set_property(name, argument)

    kind = current.type if isinstance(current, EnumValue) else "str" if current is None else type(current).__name__
    kind = target.declared_types().get(name, kind)
    set_value.__annotations__["argument"] = kind
    return set_value


def parameter_types(method: Callable[..., Any]) -> list[Any]:
    return [parameter.annotation for parameter in inspect.signature(method).parameters.values() if parameter.default is parameter.empty]


def _invoke(method: Callable[..., Any], name: str, types: Sequence[Any], arguments: Sequence[Any], dialect: Dialect) -> Any:
    converted = [
        _argument(argument, kind, index, name, dialect) for index, (argument, kind) in enumerate(zip(arguments, types, strict=True))
    ]
    try:
        return method(*converted)
    except NetException as error:
        raise MemberError(
            "MethodInvocationError", "InvalidOperation", f'Exception calling "{name}" with "{len(arguments)}" argument(s): "{error}"'
        ) from error


def _argument(value: Any, annotation: Any, index: int, method: str, dialect: Dialect) -> Any:
    """A null for text becomes the empty text, as .NET's method binder makes it. Without a known annotation a value stays what it is."""
    if isinstance(annotation, EnumType):
        written, kind, types = "", annotation.name, {annotation.name: annotation}
    else:
        written = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
        kind, types = _ARGUMENT_TYPES.get(written.removesuffix(" | None"), ""), {}
    if not kind:
        return value
    if value is None and kind == "string":
        return ""
    if value is None and written.endswith(" | None"):
        return None  # Nullable<T>
    try:
        return convert(value, kind, types, dialect)
    except (CannotConvert, WrongKind, NullNotAllowed, NullForValueType) as error:
        raise MemberError(
            "MethodInvocationError",
            "InvalidOperation",
            f'Cannot convert argument "{index}", with value: "{text(value)}", for "{method}" to type "{full_name(kind, types)}": "{error}"',
        ) from error


def is_method(value: Any, name: str) -> bool:
    """Whether the name, in any case, is a method or accessor and no property: a void one then writes nothing."""
    return not find_property(value, name)[0] and _overloads(value, name) is not None
