"""Get-, Set- and New-CimInstance (module CimCmdlets)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.lab.engine.cmdlets import Call, Cmdlet, TerminatingError
from tests.lab.iis.administration import ASKS, SWITCH, TEXT, TEXTS, Administration
from tests.lab.iis.cim import CimClass, CimInstance, InvalidQuery, TypeMismatch, converted, matching
from tests.lab.iis.cim_classes import METABASE_NAMESPACE, classes

_COMMANDS = "Microsoft.Management.Infrastructure.CimCmdlets"
_EXCEPTION = "Microsoft.Management.Infrastructure.CimException"
DEFAULT_NAMESPACE = "root/cimv2"


class CimCmdlets:
    """``cmdlets()`` gives them to the engine."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration

    def cmdlets(self) -> list[Cmdlet]:
        types = {"CimInstance": _live}
        class_name = {**TEXT, "mandatory": True, "position": 0}
        instance = {"type": "CimInstance", "mandatory": True, "pipeline": True, "position": 0}
        table = {"type": "hashtable", "position": 1}
        return [
            Cmdlet(
                "Get-CimInstance",
                f"{_COMMANDS}.GetCimInstanceCommand",
                {
                    "ClassName": class_name,
                    "Namespace": TEXT,
                    "Filter": TEXT,
                    "Property": TEXTS,
                    "KeyOnly": SWITCH,
                    "Shallow": SWITCH,
                    "OperationTimeoutSec": {"type": "int"},
                },
                self.get,
            ),
            Cmdlet(
                "Set-CimInstance",
                f"{_COMMANDS}.SetCimInstanceCommand",
                {"InputObject": instance, "Property": table, "PassThru": SWITCH, "OperationTimeoutSec": {"type": "int"}, **ASKS},
                self.set,
                types,
            ),
            Cmdlet(
                "New-CimInstance",
                f"{_COMMANDS}.NewCimInstanceCommand",
                {"ClassName": class_name, "Property": table, "Namespace": TEXT, "Key": TEXTS, "ClientOnly": SWITCH, **ASKS},
                self.new,
            ),
        ]

    def get(self, call: Call) -> Iterable[Any]:
        namespace = call.get("Namespace", DEFAULT_NAMESPACE)
        found = self._class(call, namespace, call.get("ClassName"))
        if found is None:
            return
        try:
            rows = list(found.rows())
            rows = matching(rows, call.get("Filter")) if call.get("Filter") else rows
        except InvalidQuery:
            call.write_error(_error("Invalid query ", "HRESULT 0x80041017", "InvalidArgument"))
            return
        wanted = {name.lower() for name in call.get("Property") or (found.keys if call.get("KeyOnly") else found.properties)}
        partial = "Property" in call or "KeyOnly" in call
        for row in rows:
            shown = {name: value if name.lower() in wanted else None for name, value in row.items()}
            yield CimInstance(namespace, found.name, shown, found.keys, partial, found.properties)

    def set(self, call: Call) -> Iterable[Any]:
        instance: CimInstance = call.get("InputObject")
        found = self._class(call, instance.namespace, instance.class_name)
        if found is None:
            return []
        if instance.partial:
            # The provider wants the whole instance back.
            call.write_error(_error("Exception occurred. ", "HRESULT 0x80020009", "NotSpecified"))
            return []
        if found.write is None:
            call.write_error(_error("Provider is not capable of the attempted operation ", "HRESULT 0x80041024", "NotImplemented"))
            return []
        machine = self._administration.machine(call)
        with machine.lock:
            changes = self._changes(call, found, instance)
            if changes is None or not any(_same(row, instance, found) for row in found.rows()):
                if changes is not None:
                    call.write_error(_error("Not found ", "HRESULT 0x80041002", "ObjectNotFound"))
                return []
            found.write(changes)
            instance.values.update({name: value for name, value in changes.items() if not found.properties[name].secret})
        return [instance] if call.get("PassThru") else []

    def _changes(self, call: Call, found: CimClass, instance: CimInstance) -> dict[str, Any] | None:
        """The new values under the class's own names; None, and an error, when one of them cannot be."""
        own_names = {name.lower(): name for name in found.properties}
        changes = {}
        for given, value in (call.get("Property") or {}).items():
            name = own_names.get(str(given).lower())
            if name is None:
                message = f"Unable to add property '{given}' to object '{instance}'."
                call.write_error(_error(message, "Set-CimInstance", "InvalidOperation"))
                return None
            if found.properties[name].read_only:
                message = f"Could not modify readonly property '{name}' of object '{instance}'."
                call.write_error(_error(message, "Set-CimInstance", "InvalidOperation"))
                return None
            try:
                changes[name] = converted(name, found.properties[name].kind, value)
            except TypeMismatch as error:
                call.write_error(_error(str(error), "Set-CimInstance", "InvalidOperation"))
                return None
        return changes

    def new(self, call: Call) -> Iterable[Any]:
        namespace = call.get("Namespace", DEFAULT_NAMESPACE)
        if call.get("ClientOnly"):
            return [CimInstance(namespace, call.get("ClassName"), call.get("Property") or {}, call.get("Key") or ())]
        if self._class(call, namespace, call.get("ClassName")) is not None:
            call.write_error(_error("Provider is not capable of the attempted operation ", "HRESULT 0x80041024", "NotImplemented"))
        return []

    def _class(self, call: Call, namespace: str, name: str) -> CimClass | None:
        """The class; None, and an error, when it is not there or not for this account."""
        known = classes(self._administration.machine(call), namespace)
        if known is None:
            call.write_error(_error("Invalid namespace ", "HRESULT 0x8004100e", "MetadataError", namespace))
            return None
        if namespace.replace("\\", "/").lower() == METABASE_NAMESPACE and not self._administration.allowed(call):
            call.write_error(_error("Access denied ", "HRESULT 0x80041003", "PermissionDenied", f"{namespace}:{name}"))
            return None
        if name.lower() not in known:
            call.write_error(_error("Invalid class ", "HRESULT 0x80041010", "MetadataError", f"{namespace}:{name}"))
            return None
        return known[name.lower()]


def _live(value: Any) -> CimInstance:
    if not isinstance(value, CimInstance):
        raise ValueError
    return value


def _same(row: Any, instance: CimInstance, found: CimClass) -> bool:
    return all(row[key] == instance.values.get(key) for key in found.keys)


def _error(message: str, error_id: str, category: str, target: Any = None) -> TerminatingError:
    return TerminatingError(message, error_id, category, _EXCEPTION, target)
