"""Get-, Install- and Uninstall-WindowsFeature (module ServerManager)."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from typing import Any

from tests.lab.engine.cmdlets import Call, Cmdlet, TerminatingError
from tests.lab.engine.objects import Custom, EnumType, TypedList
from tests.lab.iis.administration import ASKS, SWITCH, TEXT, TEXTS, Administration
from tests.lab.iis.features import Definition
from tests.lab.iis.machine import Machine

_NAMESPACE = "Microsoft.Windows.ServerManager.Commands"
INSTALL_STATE = EnumType(f"{_NAMESPACE}.InstallState", {"Available": 0, "Installed": 1, "Removed": 5})
RESTART = EnumType(f"{_NAMESPACE}.RestartState", {"No": 0, "Yes": 1, "Maybe": 2})
EXIT_CODE = EnumType(
    f"{_NAMESPACE}.FeatureOperationExitCode", {"Success": 0, "Failed": 1, "NoChangeNeeded": 1003, "SuccessRestartRequired": 3010}
)
SKIP_REASON = EnumType(f"{_NAMESPACE}.FeatureSkipReason", {"NotSkipped": 0, "CouldNotModify": 1})
DENIED = "You do not have adequate user rights to make changes to the target computer."


def cmdlets(administration: Administration) -> list[Cmdlet]:
    def get(call: Call) -> Iterable[Any]:
        machine = administration.machine(call)
        wanted = [name.lower() for name in call.get("Name") or ["*"]]
        known = machine.features.known
        return [_feature(machine, one) for key, one in known.items() if any(fnmatch.fnmatchcase(key, name) for name in wanted)]

    def install(call: Call) -> Iterable[Any]:
        machine = _checked(call, administration)
        return [_result(machine, machine.install(call.get("Name"), bool(call.get("IncludeManagementTools"))))]

    def uninstall(call: Call) -> Iterable[Any]:
        machine = _checked(call, administration)
        return [_result(machine, machine.uninstall(call.get("Name")))]

    names = {**TEXTS, "mandatory": True, "position": 0, "pipeline": True}
    changing = {"Name": names, "IncludeManagementTools": SWITCH, "Restart": SWITCH, "ComputerName": TEXT, "LogPath": TEXT, **ASKS}
    return [
        Cmdlet("Get-WindowsFeature", f"{_NAMESPACE}.GetWindowsFeatureCommand", {"Name": {**TEXTS, "position": 0, "pipeline": True}}, get),
        Cmdlet(
            "Install-WindowsFeature",
            f"{_NAMESPACE}.AddWindowsFeatureCommand",
            {**changing, "IncludeAllSubFeature": SWITCH, "Source": TEXTS},
            install,
        ),
        Cmdlet("Uninstall-WindowsFeature", f"{_NAMESPACE}.RemoveWindowsFeatureCommand", {**changing, "Remove": SWITCH}, uninstall),
    ]


def _checked(call: Call, administration: Administration) -> Machine:
    if not administration.allowed(call):
        raise TerminatingError(DENIED, "Microsoft.Management.Infrastructure.CimException", "DeviceError", "System.Exception")
    machine = administration.machine(call)
    for name in call.get("Name"):
        if name.lower() not in machine.features.known:
            message = f"ArgumentNotValid: The role, role service, or feature name is not valid: '{name}'. The name was not found."
            raise TerminatingError(message, "NameDoesNotExist", "InvalidArgument", "System.Exception", name)
    return machine


def _feature(machine: Machine, one: Definition) -> Custom:
    installed = machine.features.has(one.name)
    known = machine.features.known.values()
    kind = f"{_NAMESPACE}.Feature"
    depth, parent = 1, one.parent
    while parent is not None:
        depth, parent = depth + 1, machine.features.known[parent.lower()].parent
    return Custom(
        [kind],
        one.name,
        {
            "Name": one.name,
            "DisplayName": one.title,
            "Installed": installed,
            "InstallState": INSTALL_STATE("Installed" if installed else "Available"),
            "FeatureType": one.kind,
            "Path": one.title,
            "Depth": depth,
            "DependsOn": list(one.needs),
            "Parent": one.parent,
            "SubFeatures": [other.name for other in known if other.parent == one.name],
            "SystemService": ["SMTPSVC"] if one.name == "SMTP-Server" else [],
            "PostConfigurationNeeded": False,
        },
    )


def _result(machine: Machine, changed: list[str]) -> Custom:
    results = [
        Custom(
            [f"{_NAMESPACE}.FeatureOperationResultItem"],
            machine.features.known[name.lower()].title,
            {
                "Name": name,
                "DisplayName": machine.features.known[name.lower()].title,
                "Success": True,
                "RestartNeeded": False,
                "SkipReason": SKIP_REASON("NotSkipped"),
                "Message": [],
            },
        )
        for name in changed
    ]
    return Custom(
        [f"{_NAMESPACE}.FeatureOperationResult"],
        f"{_NAMESPACE}.FeatureOperationResult",
        {
            "Success": True,
            "RestartNeeded": RESTART("No"),
            "FeatureResult": TypedList(results, f"System.Collections.Generic.List`1[[{_NAMESPACE}.FeatureOperationResultItem]]"),
            "ExitCode": EXIT_CODE("Success" if changed else "NoChangeNeeded"),
        },
    )
