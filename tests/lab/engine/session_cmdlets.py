"""The shell's own commands that work on the session: variables, commands, snap-ins."""

from __future__ import annotations

import datetime
import fnmatch
from collections.abc import Iterator, Mapping
from typing import Any

from tests.lab.engine.cmdlets import Cmdlet
from tests.lab.engine.commands import Context, CoreCmdlet, core
from tests.lab.engine.core_cmdlets import OBJECT_COMMANDS
from tests.lab.engine.objects import Custom, EnumType, EnumValue, Text, Version
from tests.lab.engine.session import LANGUAGE_MODES, Session, SnapIn

_AUTOMATION = "System.Management.Automation."
_LANGUAGE_MODE = EnumType(_AUTOMATION + "PSLanguageMode", LANGUAGE_MODES)
_COMMAND_TYPE = EnumType(_AUTOMATION + "CommandTypes", {"Function": 2, "Cmdlet": 8})
_SWITCH: Mapping[str, Any] = {"type": "switch"}
_NAMES: Mapping[str, Any] = {"type": "string[]", "position": 0}


def automatic_variables(session: Session, version_table: Mapping[str, object]) -> dict[str, Any]:
    """The variables that every session has (about_Automatic_Variables), by lower-case name."""
    mode: EnumValue = _LANGUAGE_MODE(session.configuration.language_mode)
    state = Custom((_AUTOMATION + "SessionState",), _AUTOMATION + "SessionState", {"LanguageMode": mode})
    context = _AUTOMATION + "EngineIntrinsics"
    identity = Custom(
        ("System.Management.Automation.Remoting.PSIdentity",),
        session.connected_user,
        {"Name": session.connected_user, "AuthenticationType": session.authentication, "IsAuthenticated": True},
    )
    principal = Custom((_AUTOMATION + "Remoting.PSPrincipal",), _AUTOMATION + "Remoting.PSPrincipal", {"Identity": identity})
    sender = {
        "UserInfo": principal,
        "ConnectedUser": session.connected_user,
        "RunAsUser": session.user,
        "ConfigurationName": session.endpoint,
    }
    return {
        "executioncontext": Custom((context,), context, {"SessionState": state}),
        "psversiontable": dict(version_table),
        "pssenderinfo": Custom((_AUTOMATION + "Remoting.PSSenderInfo",), _AUTOMATION + "Remoting.PSSenderInfo", sender),
        "erroractionpreference": Text("Continue", _AUTOMATION + "ActionPreference"),
        "confirmpreference": Text("High", _AUTOMATION + "ConfirmImpact"),
        "true": True,
        "false": False,
        "null": None,
    }


def _set_variable(context: Context, objects: Iterator[Any] | None) -> Iterator[Any]:
    if objects is None:
        value = context.get("Value")
    else:
        found = list(objects)
        value = found[0] if len(found) == 1 else found or None
    for name in context.parameters["Name"]:
        context.session.variables[name.lower()] = value
        if context.get("PassThru"):
            yield _variable(name, value)


def _variable(name: str, value: Any) -> Custom:
    return Custom((_AUTOMATION + "PSVariable",), _AUTOMATION + "PSVariable", {"Name": name, "Description": "", "Value": value})


def _get_variable(context: Context, objects: Iterator[Any] | None) -> Iterator[Any]:
    known = {**automatic_variables(context.session, context.dialect.version_table), **context.session.variables}
    for name in context.get("Name") or ["*"]:
        matches = fnmatch.filter(known, name.lower())
        if not matches and "*" not in name:
            message = f"Cannot find a variable with the name '{name}'."
            context.write_error(message, "VariableNotFound", "ObjectNotFound", _AUTOMATION + "ItemNotFoundException", name)
        for match in matches:
            yield known[match] if context.get("ValueOnly") else _variable(match, known[match])


def _remove_variable(context: Context, objects: Iterator[Any] | None) -> Iterator[Any]:
    for name in context.parameters["Name"]:
        if context.session.variables.pop(name.lower(), _AUTOMATION) is _AUTOMATION:
            message = f"Cannot find a variable with the name '{name}'."
            context.write_error(message, "VariableNotFound", "ObjectNotFound", _AUTOMATION + "ItemNotFoundException", name)
    return iter(())


def _get_command(context: Context, objects: Iterator[Any] | None) -> Iterator[Any]:
    names = context.get("Name") or ([] if objects is None else [name for name in objects if isinstance(name, str)]) or ["*"]
    for name in names:
        matches = fnmatch.filter(context.visible, name.lower())
        if not matches and not any(sign in name for sign in "*?["):
            context.write_error(
                context.dialect.unknown_command.format(name),
                "CommandNotFoundException",
                "ObjectNotFound",
                _AUTOMATION + "CommandNotFoundException",
                name,
            )
        for match in sorted(matches):
            yield _command_info(context.visible[match])


def _command_info(command: Cmdlet) -> Custom:
    module = "Microsoft.PowerShell.Core" if isinstance(command, CoreCmdlet) else ""
    content = {
        "Name": command.name,
        "CommandType": _COMMAND_TYPE("Cmdlet"),
        "ModuleName": module,
        "Source": module,
        "Version": Version("3.0.0.0"),
        "Parameters": {name: Text(name, _AUTOMATION + "ParameterMetadata") for name in command.signature},
    }
    return Custom((_AUTOMATION + "CmdletInfo", _AUTOMATION + "CommandInfo"), command.name, content)


def _add_snap_in(context: Context, objects: Iterator[Any] | None) -> Iterator[Any]:
    registered = {snap_in.name.lower(): snap_in for snap_in in context.session.configuration.snap_ins}
    for name in context.parameters["Name"]:
        snap_in = registered.get(name.lower())
        if snap_in is None:
            message = f"The Windows PowerShell snap-in '{name}' is not installed on this computer."
        elif snap_in.name.lower() in context.session.loaded_snap_ins:
            message = (
                f"Cannot add Windows PowerShell snap-in {snap_in.name} because it is already added. "
                "Verify the name of the snap-in and try again."
            )
        else:
            context.stopping.wait(snap_in.delay)
            context.session.loaded_snap_ins.add(snap_in.name.lower())
            if context.get("PassThru"):
                yield _snap_in_info(snap_in)
            continue
        context.write_error(message, "AddPSSnapInRead", "InvalidArgument", _AUTOMATION + "PSArgumentException", name)


def _get_snap_in(context: Context, objects: Iterator[Any] | None) -> Iterator[Any]:
    loaded = context.session.loaded_snap_ins
    shown = {
        snap_in.name.lower(): snap_in
        for snap_in in context.session.configuration.snap_ins
        if context.get("Registered") or snap_in.name.lower() in loaded
    }
    for name in context.get("Name") or ["*"]:
        matches = fnmatch.filter(shown, name.lower())
        if not matches and "*" not in name:
            message = (
                f"No Windows PowerShell snap-ins matching the pattern '{name}' were found. "
                "Check the pattern and then try the command again."
            )
            context.write_error(message, "NoPSSnapInsFound", "InvalidArgument", _AUTOMATION + "PSArgumentException", name)
        for match in matches:
            yield _snap_in_info(shown[match])


def _snap_in_info(snap_in: SnapIn) -> Custom:
    content = {"Name": snap_in.name, "IsDefault": False, "Version": Version(snap_in.version), "PSVersion": Version("2.0")}
    return Custom((_AUTOMATION + "PSSnapInInfo",), snap_in.name, content)


def _nothing(context: Context, objects: Iterator[Any] | None) -> Iterator[Any]:
    return iter(())


SESSION_COMMANDS: tuple[CoreCmdlet, ...] = (
    core(
        "Set-Variable",
        "SetVariableCommand",
        {
            "Name": {**_NAMES, "mandatory": True},
            "Value": {"type": "object", "pipeline": True, "position": 1},
            "Force": _SWITCH,
            "PassThru": _SWITCH,
            "Scope": {"type": "string"},
            "WhatIf": _SWITCH,
            "Confirm": _SWITCH,
        },
        _set_variable,
    ),
    core(
        "Get-Variable",
        "GetVariableCommand",
        {"Name": {**_NAMES, "pipeline": True}, "ValueOnly": _SWITCH, "Scope": {"type": "string"}},
        _get_variable,
    ),
    core(
        "Remove-Variable",
        "RemoveVariableCommand",
        {"Name": {**_NAMES, "mandatory": True}, "Force": _SWITCH, "Scope": {"type": "string"}},
        _remove_variable,
    ),
    core(
        "Get-Command",
        "GetCommandCommand",
        {"Name": {**_NAMES, "pipeline": True}, "ListImported": _SWITCH, "All": _SWITCH, "Module": {"type": "string[]"}},
        _get_command,
    ),
    core("Add-PSSnapin", "AddPSSnapinCommand", {"Name": {**_NAMES, "mandatory": True}, "PassThru": _SWITCH}, _add_snap_in),
    core("Get-PSSnapin", "GetPSSnapinCommand", {"Name": _NAMES, "Registered": _SWITCH}, _get_snap_in),
    # This engine has no strict mode.
    core("Set-StrictMode", "SetStrictModeCommand", {"Off": _SWITCH, "Version": {"type": "version"}}, _nothing),
    core("Get-Date", "GetDateCommand", {}, lambda context, objects: iter([datetime.datetime.now(context.dialect.zone)])),
    core("Get-FormatData", "GetFormatDataCommand", {"TypeName": _NAMES, "PowerShellVersion": {"type": "version"}}, _nothing),
    core("Get-Help", "GetHelpCommand", {"Name": {"type": "string", "position": 0}}, _nothing),
    core("Exit-PSSession", "ExitPSSessionCommand", {}, _nothing),
    core("Clear-Host", "ClearHostCommand", {}, _nothing),
)

CORE_COMMANDS: Mapping[str, CoreCmdlet] = {command.name.lower(): command for command in (*OBJECT_COMMANDS, *SESSION_COMMANDS)}
"""All of the shell's own commands, by lower-case name."""
