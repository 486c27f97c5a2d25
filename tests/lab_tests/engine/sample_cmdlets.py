"""The cmdlets that the measurements were made with. Runs in the lab's environment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.lab.engine.cmdlets import Call, Cmdlet, TerminatingError
from tests.lab.engine.objects import Credential, SecureString
from tests.lab.engine.session import Session
from tests.lab.engine.values import text
from tests.lab_tests.engine import sample_objects

NO_FARM = (
    "Cannot access the local farm. Verify that the local farm is properly configured, currently available, "
    "and that you have the appropriate permissions to access the database before trying again."
)
_FARM_ID = "Microsoft.SharePoint.PowerShell.SPCmdletGetFarm"
TYPES: Mapping[str, Callable[[Any], Any]] = {
    "AuthMechanisms": sample_objects.AUTH_MECHANISMS,
    "IPRange": sample_objects.IPRange,
}
SET_RECV: Mapping[str, Mapping[str, Any]] = {
    "Identity": {"type": "string", "mandatory": True, "sets": ["Identity"], "position": 0},
    "Other": {"type": "string", "mandatory": True, "sets": ["Other"]},
    "MaxHops": {"type": "int"},
    "AuthMechanism": {"type": "AuthMechanisms"},
    "RemoteIPRanges": {"type": "IPRange[]"},
    "Mvp": {"type": "MultiValuedProperty<IPRange>"},
    "Pick": {"type": "string", "values": ["A", "B"]},
    "Force": {"type": "switch"},
    "Fqdn": {"type": "string", "not_null_or_empty": True},
    "Banner": {"type": "string", "allow_null": True},
    "List": {"type": "string[]"},
    "Enabled": {"type": "bool"},
    "NB": {"type": "Nullable<bool>"},
    "ConnectionTimeout": {"type": "TimeSpan"},
    "R": {"type": "int", "range": [1, 10]},
    "Pw": {"type": "SecureString"},
    "Credential": {"type": "PSCredential"},
    "U": {"type": "Uri"},
    "G": {"type": "Guid"},
}
_SHOWN_TYPES = {
    "int": "Int32",
    "string": "String",
    "string[]": "String[]",
    "bool": "Boolean",
    "Nullable<bool>": "Boolean",
    "switch": "SwitchParameter",
    "MultiValuedProperty<IPRange>": "MultiValuedProperty`1",
}


def _set_recv(call: Call) -> Iterable[str]:
    """Says what was bound: ``Name=value[type]``."""
    for name, value in call.parameters.items():
        if name in ("Identity", "Other"):
            continue
        if isinstance(value, SecureString):
            yield f"{name}={len(value.plain)} characters"
        elif isinstance(value, Credential):
            yield f"{name}={value.user_name}, {len(value.password)} characters"
        elif value is None:
            yield f"{name}=<null>"
        else:
            kind = str(SET_RECV[name]["type"])
            shown = f"({','.join(text(item) for item in value)})" if isinstance(value, list) else text(value)
            yield f"{name}={shown}[{_SHOWN_TYPES.get(kind, kind)}]"


def _get_web_application(call: Call) -> Iterable[Any]:
    every: list[sample_objects.WebApplication] = call.session.state.setdefault("web applications", sample_objects.web_applications())
    identity = call.get("Identity")
    found = [application for application in every if identity is None or application.name == text(identity)]
    if not found:
        message = f"Cannot find an SPWebApplication object that contains the following Id, Name, or Url: {identity}."
        call.write_error(TerminatingError(message, "Microsoft.SharePoint.PowerShell.SPCmdletGetWebApplication", "InvalidData"))
    return found


def _throw(call: Call) -> Iterable[Any]:
    raise TerminatingError(NO_FARM, _FARM_ID, "InvalidData", "System.UnauthorizedAccessException")


def _throw_as_compiled(call: Call) -> Iterable[Any]:
    message, target = "Cannot access the local farm.", sample_objects.throwing_cmdlet()
    raise TerminatingError(message, _FARM_ID, "InvalidData", "System.UnauthorizedAccessException", target)


def _error(call: Call) -> Iterable[Any]:
    call.write_error(TerminatingError("soft", "Soft", "ObjectNotFound", "System.InvalidOperationException", "tgt"))
    yield "after-soft"


def _warn(call: Call) -> Iterable[Any]:
    call.write_warning("careful")
    call.write_verbose("v")
    call.write_progress("act", "stat", 10)
    yield "done"


def _wait(call: Call) -> Iterable[Any]:
    """Goes on until it is stopped, a word at a time."""
    yield "waiting"
    while not call.session.closing.wait(0.01):
        yield "waiting"


def _who(call: Call) -> Iterable[Any]:
    session: Session = call.session
    yield from (session.user, session.connected_user, session.delegated, session.host, session.endpoint, session.authentication)


def _removals(call: Call) -> Iterable[Any]:
    yield call.session.state.get("removed", 0)


def _remove(call: Call) -> Iterable[Any]:
    call.session.state["removed"] = call.session.state.get("removed", 0) + 1
    return ()


def _reset(call: Call) -> Iterable[Any]:
    """Forgets what the session did to its objects."""
    call.session.state.clear()
    return ()


_IDENTITY: Mapping[str, Mapping[str, Any]] = {"Identity": {"type": "object", "pipeline": True}}
_NONE: Mapping[str, Mapping[str, Any]] = {}

COMMANDS = {
    command.name.lower(): command
    for command in (
        Cmdlet("Set-RecvC", "Sample.SetRecv", SET_RECV, _set_recv, TYPES),
        Cmdlet("Get-SPWebApplication", "Get-SPWebApplication", _IDENTITY, _get_web_application),
        Cmdlet("Throw-It", "Throw-It", _NONE, _throw),
        Cmdlet("Error-It", "Error-It", _NONE, _error),
        Cmdlet("Stop-ItC", "Sample.StopIt", _NONE, _throw_as_compiled),
        Cmdlet("Error-ItC", "Sample.ErrIt", _NONE, _error),
        Cmdlet("Warn-ItC", "Sample.WarnIt", _NONE, _warn),
        Cmdlet("Get-RecvC", "Sample.GetRecv", _NONE, lambda call: [sample_objects.receive_connector()]),
        Cmdlet("Wait-It", "Sample.WaitIt", _NONE, _wait),
        Cmdlet("Get-Who", "Sample.GetWho", _NONE, _who),
        Cmdlet("Reset-It", "Sample.ResetIt", _NONE, _reset),
        Cmdlet("Get-Removals", "Sample.GetRemovals", _NONE, _removals),
        Cmdlet("Remove-It", "Sample.RemoveIt", {"Identity": {"type": "string", "mandatory": True}}, _remove, confirm_impact="High"),
        Cmdlet(
            "Write-Much",
            "Sample.WriteMuch",
            {"Text": {"type": "string"}},
            lambda call: [call.get("Text", "") * 2, len(call.get("Text", ""))],
        ),
    )
}
SNAP_IN_COMMANDS = {"get-snapped": Cmdlet("Get-Snapped", "Sample.GetSnapped", _NONE, lambda call: ["snapped"])}


def everything(session: Session) -> Mapping[str, Cmdlet]:
    return COMMANDS
