"""Cmdlets of the providers FileSystem and Registry: Test-Path, New-Item, Get-ChildItem, Get-Content, and those for item properties."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from typing import Any

from tests.lab.engine.cmdlets import Call, Cmdlet, TerminatingError
from tests.lab.engine.objects import Custom
from tests.lab.engine.serialise import CUSTOM_OBJECT
from tests.lab.iis.administration import ASKS, NOT_FOUND, SWITCH, TEXT, TEXTS, Administration
from tests.lab.iis.files import Entry, normal
from tests.lab.iis.machine import Machine, Service

_COMMANDS = "Microsoft.PowerShell.Commands"
_SERVICES = "hklm:\\system\\currentcontrolset\\services\\"
_HIVE = "HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services"


class ItemCmdlets:
    """``cmdlets()`` gives them to the engine."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration

    def cmdlets(self) -> list[Cmdlet]:
        path = {**TEXTS, "mandatory": True, "position": 0, "pipeline": True, "sets": ["Path"]}
        places = {"Path": path, "LiteralPath": {**TEXTS, "mandatory": True, "sets": ["LiteralPath"]}}
        name = {**TEXT, "mandatory": True, "position": 1}
        kinds = {**TEXT, "values": ["String", "ExpandString", "Binary", "DWord", "MultiString", "QWord", "Unknown"]}
        return [
            Cmdlet(
                "Test-Path",
                f"{_COMMANDS}.TestPathCommand",
                {**places, "PathType": {**TEXT, "values": ["Any", "Container", "Leaf"]}, "IsValid": SWITCH},
                self.test_path,
            ),
            Cmdlet(
                "New-Item",
                f"{_COMMANDS}.NewItemCommand",
                {"Path": {**path, "sets": []}, "Name": TEXT, "ItemType": TEXT, "Value": {"type": "object"}, "Force": SWITCH, **ASKS},
                self.new_item,
            ),
            Cmdlet(
                "Get-ChildItem",
                f"{_COMMANDS}.GetChildItemCommand",
                {
                    **places,
                    "Path": {**path, "mandatory": False},
                    "Filter": TEXT,
                    **dict.fromkeys(("File", "Directory", "Recurse", "Force"), SWITCH),
                },
                self.get_child_item,
            ),
            Cmdlet(
                "Get-Content",
                f"{_COMMANDS}.GetContentCommand",
                {**places, "Tail": {"type": "int"}, "TotalCount": {"type": "long"}, "Raw": SWITCH, "Encoding": TEXT, "Force": SWITCH},
                self.get_content,
            ),
            Cmdlet(
                "Get-ItemProperty",
                f"{_COMMANDS}.GetItemPropertyCommand",
                {**places, "Name": {**TEXTS, "position": 1}},
                self.get_item_property,
            ),
            Cmdlet(
                "Set-ItemProperty",
                f"{_COMMANDS}.SetItemPropertyCommand",
                {
                    **places,
                    "Name": name,
                    "Value": {"type": "object", "mandatory": True, "position": 2},
                    "Type": kinds,
                    "Force": SWITCH,
                    **ASKS,
                },
                self.set_item_property,
            ),
            Cmdlet(
                "New-ItemProperty",
                f"{_COMMANDS}.NewItemPropertyCommand",
                {**places, "Name": name, "Value": {"type": "object"}, "PropertyType": kinds, "Force": SWITCH, **ASKS},
                self.new_item_property,
            ),
            Cmdlet(
                "Remove-ItemProperty",
                f"{_COMMANDS}.RemoveItemPropertyCommand",
                {**places, "Name": {**TEXTS, "mandatory": True, "position": 1}, "Force": SWITCH, **ASKS},
                self.remove_item_property,
            ),
        ]

    def test_path(self, call: Call) -> Iterable[Any]:
        machine = self._administration.machine(call)
        for path in _paths(call):
            if path.lower().startswith("hklm:"):
                yield _service(machine, path) is not None and call.get("PathType") != "Leaf"
                continue
            entry = machine.files.find(path)
            folder = entry is not None and entry.content is None
            yield entry is not None and {"Container": folder, "Leaf": not folder}.get(call.get("PathType", "Any"), True)

    def new_item(self, call: Call) -> Iterable[Any]:
        machine = self._administration.machine(call)
        for path in _paths(call):
            path = normal(f"{path}\\{call.get('Name')}" if call.get("Name") else path)
            if str(call.get("ItemType", "File")).lower() not in ("directory", "container"):
                raise TerminatingError("The lab's hosts make folders only.", "LabNewItem", "NotImplemented")
            if not self._administration.allowed(call):
                name = "System.UnauthorizedAccessException"
                call.write_error(
                    TerminatingError(
                        f"Access to the path '{path}' is denied.", "CreateDirectoryUnauthorizedAccessError", "PermissionDenied", name, path
                    )
                )
                continue
            if machine.files.find(path) is not None and not call.get("Force"):
                message = f"An item with the specified name {path} already exists."
                call.write_error(TerminatingError(message, "DirectoryExist", "ResourceExists", "System.IO.IOException", path))
                continue
            yield _item(machine.files.make_folder(path))

    def get_child_item(self, call: Call) -> Iterable[Any]:
        files = self._administration.machine(call).files
        for path in _paths(call):
            pattern = "*"
            if any(sign in path for sign in "*?") and "LiteralPath" not in call:
                path, _unused, pattern = normal(path).rpartition("\\")
            folder = files.find(path)
            if folder is None:
                call.write_error(_no_path(path))
                continue
            entries = [folder] if folder.content is not None else files.children(path, bool(call.get("Recurse")))
            for entry in entries:
                wanted = all(fnmatch.fnmatchcase(entry.name.lower(), one.lower()) for one in (pattern, call.get("Filter") or "*"))
                if (call.get("File") and entry.content is None) or (call.get("Directory") and entry.content is not None):
                    continue
                if wanted:
                    yield _item(entry)

    def get_content(self, call: Call) -> Iterable[Any]:
        files = self._administration.machine(call).files
        for path in _paths(call):
            entry = files.find(path)
            if entry is None:
                call.write_error(_no_path(path))
                continue
            if entry.content is None or not self._administration.allowed(call):
                message = f"Access to the path '{normal(path)}' is denied."
                error = "System.UnauthorizedAccessException"
                call.write_error(TerminatingError(message, "GetContentReaderUnauthorizedAccessError", "PermissionDenied", error, path))
                continue
            text = entry.content.decode("ascii", "replace")
            if call.get("Raw"):
                yield text
                continue
            lines = text.splitlines()
            if "TotalCount" in call:
                lines = lines[: call.get("TotalCount")]
            if "Tail" in call:
                lines = lines[len(lines) - min(call.get("Tail"), len(lines)) :]
            yield from lines

    def get_item_property(self, call: Call) -> Iterable[Any]:
        for path, service in self._services(call):
            values = _values(service)
            names = call.get("Name")
            if names is not None:
                missing = [name for name in names if name.lower() not in {own.lower() for own in values}]
                for name in missing:
                    call.write_error(_no_value(name, service))
                values = {own: value for own, value in values.items() if own.lower() in {name.lower() for name in names}}
                if not values:
                    continue
            provider = "Microsoft.PowerShell.Core\\Registry"
            described = {
                "PSPath": f"{provider}::{_HIVE}\\{service.name}",
                "PSParentPath": f"{provider}::{_HIVE}",
                "PSChildName": path.rpartition("\\")[2],
                "PSDrive": "HKLM",
                "PSProvider": provider,
            }
            yield Custom([CUSTOM_OBJECT], "", {**values, **described})

    def set_item_property(self, call: Call) -> Iterable[Any]:
        for path, service in self._services(call):
            self._write(call, path, service)
        return []

    def new_item_property(self, call: Call) -> Iterable[Any]:
        for path, service in self._services(call):
            existing = {own.lower() for own in _values(service)}
            if call.get("Name").lower() in existing and not call.get("Force"):
                call.write_error(
                    TerminatingError("The property already exists.", "System.IO.IOException", "WriteError", "System.IO.IOException", path)
                )
            elif self._write(call, path, service):
                yield Custom([CUSTOM_OBJECT], "", {call.get("Name"): call.get("Value")})

    def remove_item_property(self, call: Call) -> Iterable[Any]:
        for path, service in self._services(call):
            own = {name.lower(): name for name in service.values}
            for name in call.get("Name"):
                if not self._may_write(call, path):
                    continue
                if name.lower() in own:
                    del service.values[own[name.lower()]]
                elif name.lower() in {one.lower() for one in _values(service)}:
                    raise TerminatingError("The lab's registry keeps the values that make a service.", "LabRegistry", "NotImplemented")
                else:
                    call.write_error(_no_value(name, service))
        return []

    def _services(self, call: Call) -> Iterable[tuple[str, Service]]:
        machine = self._administration.machine(call)
        for path in _paths(call):
            service = _service(machine, path)
            if service is None:
                call.write_error(_no_path(path))
            else:
                yield path, service

    def _may_write(self, call: Call, path: str) -> bool:
        if self._administration.allowed(call):
            return True
        name = "System.Security.SecurityException"
        call.write_error(TerminatingError("Requested registry access is not allowed.", name, "PermissionDenied", name, path))
        return False

    def _write(self, call: Call, path: str, service: Service) -> bool:
        if not self._may_write(call, path):
            return False
        name, value = call.get("Name").lower(), call.get("Value")
        if not isinstance(value, int) or isinstance(value, bool):
            message = (
                "The type of the value object did not match the specified RegistryValueKind or the object could not be properly converted."
            )
            call.write_error(TerminatingError(message, "System.ArgumentException", "WriteError", "System.ArgumentException", path))
            return False
        if name == "start":
            service.start = value
        elif name == "delayedautostart":
            service.delayed = value
        elif name in {one.lower() for one in _values(service)} - {one.lower() for one in service.values}:
            raise TerminatingError("The lab's registry has no such value to write.", "LabRegistry", "NotImplemented")
        else:
            service.values[call.get("Name")] = value
        return True


def _paths(call: Call) -> list[str]:
    return list(call.get("Path") or call.get("LiteralPath") or ["C:\\"])


def _service(machine: Machine, path: str) -> Service | None:
    text = path.lower().replace("hklm:\\\\", "hklm:\\").rstrip("\\").removeprefix("registry::")
    text = text.replace("hkey_local_machine\\", "hklm:\\", 1)
    if not text.startswith(_SERVICES):
        return None
    return next((one for one in machine.services.values() if one.name.lower() == text.removeprefix(_SERVICES)), None)


def _values(service: Service) -> dict[str, Any]:
    values = {
        "DisplayName": service.title,
        "ErrorControl": 1,
        "ImagePath": service.path,
        "ObjectName": "LocalSystem",
        "Start": service.start,
        "Type": 32,
        **service.values,
    }
    return values if service.delayed is None else {**values, "DelayedAutostart": service.delayed}


def _no_value(name: str, service: Service) -> TerminatingError:
    exception = "System.Management.Automation.PSArgumentException"
    message = f"Property {name} does not exist at path {_HIVE}\\{service.name}."
    return TerminatingError(message, exception, "InvalidArgument", exception, name)


def _no_path(path: str) -> TerminatingError:
    return TerminatingError(f"Cannot find path '{path}' because it does not exist.", "PathNotFound", "ObjectNotFound", NOT_FOUND, path)


def _item(entry: Entry) -> Custom:
    folder = entry.content is None
    values: dict[str, Any] = {
        "Name": entry.name,
        "FullName": entry.path,
        "Extension": "" if folder or "." not in entry.name else f".{entry.name.rpartition('.')[2]}",
        "Exists": True,
        "CreationTimeUtc": entry.written,
        "LastWriteTime": entry.written,
        "LastWriteTimeUtc": entry.written,
        "PSIsContainer": folder,
        "Mode": "d-----" if folder else "-a----",
    }
    if not folder:
        values |= {"Length": len(entry.content or b""), "DirectoryName": entry.parent}
    kind = "System.IO.DirectoryInfo" if folder else "System.IO.FileInfo"
    return Custom([kind, "System.IO.FileSystemInfo", "System.MarshalByRefObject"], entry.path, values)
