"""C# declarations of the products' cmdlets, made from their signatures: parameters, sets, validation, and the types of both.

Nothing of what a cmdlet does is here: every class derives from ``Lab.WorldCmdlet``, which asks the world.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tests.lab.engine.cmdlets import Cmdlet
from tests.lab.engine.objects import EnumType

_TYPES = {
    "string": "string",
    "int": "int",
    "int32": "int",
    "long": "long",
    "int64": "long",
    "double": "double",
    "bool": "bool",
    "boolean": "bool",
    "switch": "SwitchParameter",
    "switchparameter": "SwitchParameter",
    "datetime": "DateTime",
    "timespan": "TimeSpan",
    "guid": "Guid",
    "uri": "Uri",
    "version": "Version",
    "object": "object",
    "psobject": "PSObject",
    "hashtable": "Hashtable",
    "securestring": "SecureString",
    "pscredential": "PSCredential",
    "scriptblock": "ScriptBlock",
}
_USING = "\n".join(
    f"using {namespace};"
    for namespace in ("System", "System.Collections", "System.Collections.Generic", "System.Management.Automation", "System.Security")
)
_IDENTIFIER = re.compile(r"@?[A-Za-z_][A-Za-z0-9_]*")
_LIST = "MultiValuedProperty"
_LIST_CLASS = """
public sealed class MultiValuedProperty<T> : Lab.ConvertedList<T>
{
    public MultiValuedProperty() { }
    public MultiValuedProperty(object value) : base(value) { }
}
"""
_CONFIRMING = ("WhatIf", "Confirm")


def source(cmdlets: Iterable[Cmdlet]) -> str:
    """The declarations of all these cmdlets. Raises ValueError for a name that C# has no way to write."""
    found = sorted(cmdlets, key=lambda cmdlet: cmdlet.name)
    kinds = _Kinds(found)
    classes = [_cmdlet(cmdlet, kinds) for cmdlet in found]
    return "\n".join([_USING, *kinds.declared(), *classes])


def name_of(text: str) -> str:
    """A name that may stand in program text. Raises ValueError for any other."""
    if not _IDENTIFIER.fullmatch(text):
        raise ValueError(f"{text!r} is no name in C#")
    return f"@{text}" if text in ("event", "object", "string", "default") else text


def literal(value: str) -> str:
    """A text as C# writes it."""
    return '"' + "".join(one if one.isalnum() or one in " -_.," else f"\\u{ord(one):04x}" for one in value) + '"'


class _Kinds:
    """The types of parameters that are not PowerShell's own: enumerations, and values that the world converts."""

    def __init__(self, cmdlets: Iterable[Cmdlet]) -> None:
        self._known: dict[str, Any] = {key: kind for cmdlet in cmdlets for key, kind in cmdlet.types.items()}
        self._declared: dict[str, str] = {}
        self._lists = False

    def written(self, kind: str) -> str:
        """A type of the catalogue as C# writes it."""
        if kind.startswith("Nullable<"):
            return self.written(kind[len("Nullable<") : -1]) + "?"
        if kind.endswith("[]"):
            return self.written(kind[:-2]) + "[]"
        if kind.startswith(_LIST):
            self._lists = True
            item = kind[len(_LIST) :].strip("<>")
            return f"{_LIST_NAMESPACE}.{_LIST}<{self.written(item) if item else 'object'}>"
        if kind.lower() in _TYPES:
            return _TYPES[kind.lower()]
        known = self._known.get(kind)
        full = known.name if isinstance(known, EnumType) else str(getattr(known, "type_name", kind))
        if full not in self._declared:
            self._declared[full] = _enum(full, known) if isinstance(known, EnumType) else _converted(full, kind)
        return "global::" + ".".join(name_of(part) for part in full.replace("+", ".").split("."))

    def declared(self) -> list[str]:
        lists = [f"namespace {_LIST_NAMESPACE}\n{{{_LIST_CLASS}}}"] if self._lists else []
        return [*self._declared.values(), *lists]


_LIST_NAMESPACE = "Microsoft.Exchange.Data"


def _in_namespace(full: str, declaration: str) -> str:
    """Declares a type of this full name; one with a + is nested in a cmdlet's class."""
    outer, nested, _unused = full.rpartition(".")[2].rpartition("+")
    if nested:
        declaration = f"public sealed partial class {name_of(outer)}\n{{\n{declaration}\n}}"
    namespace = ".".join(name_of(part) for part in full.split(".")[:-1])
    return f"namespace {namespace}\n{{\n{declaration}\n}}\n" if namespace else declaration


def _enum(full: str, kind: EnumType) -> str:
    members = "".join(f"    {name_of(name)} = {number},\n" for name, number in kind.members.items())
    flags = "[Flags]\n" if kind.flags else ""
    return _in_namespace(full, f"{flags}public enum {name_of(re.split('[.+]', full)[-1])}\n{{\n{members}}}")


def _converted(full: str, kind: str) -> str:
    name = name_of(full.rpartition(".")[2])
    body = f"    private {name}(object value) : base({literal(kind)}, value) {{ }}\n"
    body += f"    public static object From(object value) => new {name}(value);\n"
    head = f"[System.ComponentModel.TypeConverter(typeof(Lab.Converter))]\npublic sealed class {name} : Lab.Converted"
    return _in_namespace(full, f"{head}\n{{\n{body}}}")


def _cmdlet(cmdlet: Cmdlet, kinds: _Kinds) -> str:
    verb, _unused, noun = cmdlet.name.partition("-")
    signature = {name: entry for name, entry in cmdlet.signature.items() if name not in _CONFIRMING}
    confirms = cmdlet.confirm_impact == "High" or len(signature) < len(cmdlet.signature)
    options = [f"{literal(verb)}, {literal(noun)}"]
    if (default := _default_set(signature)) is not None:
        options.append(f"DefaultParameterSetName = {literal(default)}")
    if confirms:
        options.append(f"SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.{name_of(cmdlet.confirm_impact)}")
    positions = _positions(signature)
    body = "".join(_parameter(name, entry, positions.get(name), kinds) for name, entry in signature.items())
    body += "    protected override bool Confirms => true;\n" if confirms else ""
    full = cmdlet.class_name if "-" not in cmdlet.class_name else cmdlet.class_name.replace("-", "")
    head = f"[Cmdlet({', '.join(options)})]\npublic sealed partial class {name_of(full.rpartition('.')[2])} : Lab.WorldCmdlet"
    return _in_namespace(full, f"{head}\n{{\n{body}}}")


def _default_set(signature: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The set that is meant when no parameter tells: the one without a mandatory parameter of its own, if there is one."""
    sets: list[str] = sorted({one for entry in signature.values() for one in entry.get("sets", ())})
    if not sets:
        return None
    if not signature.get("Identity", {"sets": True}).get("sets"):
        return "Default"  # An identity that belongs to every set makes a set of its own.
    own = {one: sum(bool(entry.get("mandatory")) for entry in signature.values() if one in entry.get("sets", ())) for one in sets}
    return min(sets, key=lambda one: own[one])


def _positions(signature: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    placed = {name: int(entry["position"]) for name, entry in signature.items() if "position" in entry}
    return placed or {name: 0 for name in signature if name == "Identity"}


def _parameter(name: str, entry: Mapping[str, Any], position: int | None, kinds: _Kinds) -> str:
    common = [
        *(["Mandatory = true"] if entry.get("mandatory") else []),
        *([f"Position = {position}"] if position is not None else []),
        *(["ValueFromPipeline = true"] if entry.get("pipeline") else []),
    ]
    attributes = [
        f"[Parameter({', '.join([*common, *([f'ParameterSetName = {literal(one)}'] if one else [])])})]"
        for one in entry.get("sets") or [""]
    ]
    if entry.get("not_null_or_empty"):
        attributes.append("[ValidateNotNullOrEmpty]")
    if entry.get("values"):
        attributes.append(f"[ValidateSet({', '.join(literal(one) for one in entry['values'])})]")
    if "range" in entry:
        low, high = entry["range"]
        attributes.append(f"[ValidateRange({int(low)}, {int(high)})]")
    attributes += [f"[Allow{what}]" for key, what in (("allow_null", "Null"), ("allow_empty", "EmptyString")) if entry.get(key)]
    return f"    {' '.join(attributes)}\n    public {kinds.written(str(entry['type']))} {name_of(name)} {{ get; set; }}\n"
