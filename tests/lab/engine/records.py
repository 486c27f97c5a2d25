"""Error records, other records and pipeline states in the exact shape in which a host sends them.

Property names, their order and kinds are those measured (tests/lab/measurements, 07 to 13).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from tests.lab.engine.dialect import Dialect
from tests.lab.engine.objects import EnumType, TypedList
from tests.lab.engine.serialise import Int64, Rich, message
from tests.lab.engine.values import text, type_name

CATEGORIES = (
    "NotSpecified",
    "OpenError",
    "CloseError",
    "DeviceError",
    "DeadlockDetected",
    "InvalidArgument",
    "InvalidData",
    "InvalidOperation",
    "InvalidResult",
    "InvalidType",
    "MetadataError",
    "NotImplemented",
    "NotInstalled",
    "ObjectNotFound",
    "OperationStopped",
    "OperationTimeout",
    "SyntaxError",
    "ParserError",
    "PermissionDenied",
    "ResourceBusy",
    "ResourceExists",
    "ResourceUnavailable",
    "ReadError",
    "WriteError",
    "FromStdErr",
    "SecurityError",
    "ProtocolError",
    "ConnectionError",
    "AuthenticationError",
    "LimitsExceeded",
    "QuotaExceeded",
    "NotEnabled",
)
"""System.Management.Automation.ErrorCategory, in the order of its numbers."""

COMPLETED, FAILED = 4, 5
"""PSInvocationState ([MS-PSRP] 2.2.3.5)."""

_AUTOMATION = "System.Management.Automation."
_RUNTIME = (_AUTOMATION + "RuntimeException", "System.SystemException")
_ETS = (_AUTOMATION + "ExtendedTypeSystemException", *_RUNTIME)
_BASES: Mapping[str, tuple[str, ...]] = {
    "System.InvalidOperationException": ("System.SystemException",),
    "System.UnauthorizedAccessException": ("System.SystemException",),
    "System.ArgumentException": ("System.SystemException",),
    _AUTOMATION + "RuntimeException": ("System.SystemException",),
    _AUTOMATION + "ParameterBindingException": _RUNTIME,
    _AUTOMATION + "ParameterBindingValidationException": (_AUTOMATION + "ParameterBindingException", *_RUNTIME),
    _AUTOMATION + "CommandNotFoundException": _RUNTIME,
    _AUTOMATION + "ParseException": _RUNTIME,
    _AUTOMATION + "ItemNotFoundException": (_AUTOMATION + "SessionStateException", *_RUNTIME),
    _AUTOMATION + "Host.HostException": _RUNTIME,
    _AUTOMATION + "MethodInvocationException": (_AUTOMATION + "MethodException", *_ETS),
    _AUTOMATION + "PSInvalidOperationException": ("System.InvalidOperationException", "System.SystemException"),
    _AUTOMATION + "PSArgumentException": ("System.ArgumentException", "System.SystemException"),
}
_RESULTS = {
    "System.InvalidOperationException": -2146233079,
    _AUTOMATION + "PSInvalidOperationException": -2146233079,
    "System.UnauthorizedAccessException": -2147024891,
    "System.ArgumentException": -2147024809,
    _AUTOMATION + "PSArgumentException": -2147024809,
}
_THROWN = "   at System.Management.Automation.MshCommandRuntime.ThrowTerminatingError(ErrorRecord errorRecord)"

_ORIGIN = EnumType(_AUTOMATION + "CommandOrigin", {"Runspace": 0, "Internal": 1})
_COMMAND_TYPES = EnumType(_AUTOMATION + "CommandTypes", {"Function": 2, "Cmdlet": 8})
_VISIBILITY = EnumType(_AUTOMATION + "SessionStateEntryVisibility", {"Public": 0, "Private": 1})
_PROGRESS = EnumType(_AUTOMATION + "ProgressRecordType", {"Processing": 0, "Completed": 1})


@dataclasses.dataclass
class Invocation:
    """The invocation that a record tells about."""

    name: str
    bound: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    called: bool = True
    """False while parameters are being bound: the invocation then has no name yet."""


@dataclasses.dataclass
class Failure(Exception):
    """An error record. ``error_id`` is complete, with the cmdlet's class; ``thrown`` when it ended its statement as an exception."""

    message: str
    error_id: str
    category: str = "NotSpecified"
    exception: str = _AUTOMATION + "RuntimeException"
    target: Any = None
    invocation: Invocation | None = None
    thrown: bool = True
    stops: bool = False
    """True when it ends the whole pipeline: a written error under ``-ErrorAction Stop``."""
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Properties of the exception's own class, in order."""


def state(number: int, failure: Failure | None, dialect: Dialect) -> bytes:
    """PIPELINE_STATE: Completed, or Failed with its error record."""
    content: dict[str, Any] = {"PipelineState": number}
    if failure is not None:
        content["ExceptionAsErrorRecord"] = _error(failure, dialect, extended=False)
    return message(Rich(extended=content))


def error(failure: Failure, dialect: Dialect, with_invocation: bool) -> bytes:
    """ERROR_RECORD. ``with_invocation`` when the client asked for it (RemoteStreamOptions.AddInvocationInfoToErrorRecord)."""
    return message(_error(failure, dialect, with_invocation and failure.invocation is not None))


def informational(kind: str, content: str, invocation: Invocation, dialect: Dialect, with_invocation: bool) -> bytes:
    """WARNING_RECORD, VERBOSE_RECORD or DEBUG_RECORD; ``kind`` is Warning, Verbose or Debug."""
    extended: dict[str, Any] = {"InformationalRecord_Message": content, "InformationalRecord_SerializeInvocationInfo": with_invocation}
    if with_invocation:
        pair = f"[{_type('String', dialect)},{_type('Object', dialect)}]"
        bound = Rich(
            (_AUTOMATION + "PSBoundParametersDictionary", f"System.Collections.Generic.Dictionary`2{pair}", "System.Object"),
            content={name: _switch(value) for name, value in invocation.bound.items()},
        )
        extended |= _flat_invocation(invocation, dialect, bound, _arguments(dialect), "Runspace", [0, 1], 1)
        extended["InformationalRecord_PipelineIterationInfo"] = _iteration(dialect)
    names = (f"{_AUTOMATION}{kind}Record", _AUTOMATION + "InformationalRecord", "System.Object")
    return message(Rich(names, content, extended=extended))


def progress(activity: str, status: str, percent: int) -> bytes:
    """PROGRESS_RECORD."""
    content = {
        "Activity": activity,
        "ActivityId": 1,
        "StatusDescription": status,
        "CurrentOperation": None,
        "ParentActivityId": -1,
        "PercentComplete": percent,
        "Type": _PROGRESS(0),
        "SecondsRemaining": -1,
    }
    return message(Rich(extended=content))


def _error(failure: Failure, dialect: Dialect, extended: bool) -> Rich:
    reason = failure.exception.rpartition(".")[2]
    activity = failure.invocation.name if failure.invocation else ""
    target_name = text(failure.target)
    target_type = "" if failure.target is None else type_name(failure.target).rpartition(".")[2]
    bound = Rich(
        (f"System.Collections.Generic.Dictionary`2[{_type('String', dialect)},{_type('Object', dialect)}]", "System.Object"),
        content=dict(failure.invocation.bound) if failure.invocation else {},
    )
    unbound = _arguments(dialect)
    content: dict[str, Any] = {
        "Exception": _exception(failure),
        "TargetObject": failure.target,
        "FullyQualifiedErrorId": failure.error_id,
        "InvocationInfo": _invocation(failure.invocation, bound, unbound) if failure.invocation else None,
        "ErrorCategory_Category": CATEGORIES.index(failure.category),
        "ErrorCategory_Activity": activity,
        "ErrorCategory_Reason": reason,
        "ErrorCategory_TargetName": target_name,
        "ErrorCategory_TargetType": target_type,
        "ErrorCategory_Message": f"{failure.category}: ({target_name}:{target_type}) [{activity}], {reason}",
        "SerializeExtendedInfo": extended,
    }
    if extended and failure.invocation:
        content |= _flat_invocation(failure.invocation, dialect, bound, unbound, "Internal", [], 0)
        content["PipelineIterationInfo"] = _iteration(dialect)
        if not failure.thrown:
            content["PSMessageDetails"] = None
    return Rich((_AUTOMATION + "ErrorRecord", "System.Object"), failure.message, extended=content)


def _exception(failure: Failure) -> Rich:
    bases = _BASES.get(failure.exception, ())
    own: dict[str, Any] = dict(failure.details)
    if not own and _RUNTIME[0] in (failure.exception, *bases):
        own = {"ErrorRecord": failure.message, "WasThrownFromThrowStatement": False}
    own |= {} if "Message" in own else {"TargetSite": None, "Message": failure.message}
    own |= {
        "TargetSite": "Void ThrowTerminatingError(System.Management.Automation.ErrorRecord)" if failure.thrown else None,
        "Data": Rich(("System.Collections.ListDictionaryInternal", "System.Object"), content={}),
        "InnerException": None,
        "HelpLink": None,
        "Source": "System.Management.Automation" if failure.thrown else None,
        "HResult": _RESULTS.get(failure.exception, -2146233087 if bases else -2146233088),
        "StackTrace": _THROWN if failure.thrown else None,
    }
    shown = f"{failure.exception}: {failure.message}" + (f"\n{_THROWN}" if failure.thrown else "")
    return Rich((failure.exception, *bases, "System.Exception", "System.Object"), shown, own)


def _invocation(invocation: Invocation, bound: Rich, unbound: Rich) -> Rich:
    content = {
        "MyCommand": invocation.name,
        "BoundParameters": bound,
        "UnboundArguments": unbound,
        "ScriptLineNumber": 0,
        "OffsetInLine": 0,
        "HistoryId": Int64(1),
        "ScriptName": "",
        "Line": "",
        "Statement": "",
        "PositionMessage": "",
        "PSScriptRoot": "",
        "PSCommandPath": None,
        "InvocationName": invocation.name if invocation.called else "",
        "PipelineLength": 0,
        "PipelinePosition": 0,
        "ExpectingInput": False,
        "CommandOrigin": "Internal",
        "DisplayScriptPosition": None,
    }
    return Rich((_AUTOMATION + "InvocationInfo", "System.Object"), _AUTOMATION + "InvocationInfo", content)


def _flat_invocation(
    invocation: Invocation, dialect: Dialect, bound: Rich, unbound: Rich, origin: str, iteration: list[int], position: int
) -> dict[str, Any]:
    return {
        "InvocationInfo_BoundParameters": bound,
        "InvocationInfo_CommandOrigin": _ORIGIN(origin),
        "InvocationInfo_ExpectingInput": False,
        "InvocationInfo_InvocationName": invocation.name if invocation.called else "",
        "InvocationInfo_Line": "",
        "InvocationInfo_OffsetInLine": 0,
        "InvocationInfo_HistoryId": Int64(1),
        "InvocationInfo_PipelineIterationInfo": TypedList(iteration, "System.Int32[]", "System.Array"),
        "InvocationInfo_PipelineLength": position,
        "InvocationInfo_PipelinePosition": position,
        "InvocationInfo_PSScriptRoot": "",
        "InvocationInfo_PSCommandPath": None,
        "InvocationInfo_PositionMessage": "",
        "InvocationInfo_ScriptLineNumber": 0,
        "InvocationInfo_ScriptName": "",
        "InvocationInfo_UnboundArguments": unbound,
        "SerializeExtent": False,
        "CommandInfo_CommandType": _COMMAND_TYPES("Cmdlet"),
        "CommandInfo_Definition": f"\n{invocation.name} [<CommonParameters>]\n",
        "CommandInfo_Name": invocation.name,
        "CommandInfo_Visibility": _VISIBILITY("Public"),
    }


def _type(name: str, dialect: Dialect) -> str:
    return f"[System.{name}, {dialect.core_library}]"


def _arguments(dialect: Dialect) -> Rich:
    return Rich((f"System.Collections.Generic.List`1[{_type('Object', dialect)}]", "System.Object"), content=[])


def _iteration(dialect: Dialect) -> Rich:
    names = (f"System.Collections.ObjectModel.ReadOnlyCollection`1[{_type('Int32', dialect)}]", "System.Object")
    return Rich(names, content=[0, 1])


def _switch(value: Any) -> Any:
    if not isinstance(value, bool):
        return value
    return Rich((_AUTOMATION + "SwitchParameter", "System.ValueType", "System.Object"), str(value), {"IsPresent": value})
