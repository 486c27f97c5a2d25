"""Running statements: commands looked up and bound first, then objects streaming through them; what a failure does to the rest.

The rules are measured (pipelines.json): a terminating error in the first of several statements is an error record, in a later one it
ends the pipeline as Failed and nothing more is sent, though the host goes on; a written error under ``-ErrorAction Stop`` stops all.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from tests.lab.engine import binder
from tests.lab.engine.cmdlets import Call, Cmdlet, TerminatingError
from tests.lab.engine.commands import Context, CoreCmdlet
from tests.lab.engine.dialect import Dialect
from tests.lab.engine.objects import NetException
from tests.lab.engine.records import Failure, Invocation
from tests.lab.engine.session import Session
from tests.lab.engine.session_cmdlets import CORE_COMMANDS
from tests.lab.engine.values import text
from tests.lab.faults import CMDLET, Faults

_LOG = logging.getLogger(__name__)
_AUTOMATION = "System.Management.Automation."


class Sink(Protocol):
    """Where a pipeline's streams go."""

    def output(self, value: Any) -> None: ...
    def error(self, failure: Failure) -> None: ...
    def warning(self, content: str, invocation: Invocation) -> None: ...
    def verbose(self, content: str, invocation: Invocation) -> None: ...
    def progress(self, activity: str, status: str, percent: int) -> None: ...


class Stopped(Exception):
    """The client stopped the pipeline, or the session ended."""


@dataclasses.dataclass(frozen=True)
class Given:
    """A command as it arrived: its name, or script text, and its parameters."""

    name: str
    parameters: binder.Given
    script: bool = False


Statement = Sequence[Given]


class Runner:
    """Runs pipelines of one session."""

    def __init__(self, session: Session, dialect: Dialect, faults: Faults) -> None:
        self._session = session
        self._faults = faults
        self._dialect = dialect

    def run(self, statements: Sequence[Statement], piped: Iterator[Any] | None, sink: Sink, stopping: threading.Event) -> Failure | None:
        """Runs the statements in order; ``piped`` is what the client pipes into the first. Returns the failure that the pipeline ends
        with, or None when it is Completed. Raises Stopped.
        """
        ended: Failure | None = None
        for index, statement in enumerate(statements):
            try:
                self._statement(statement, piped if index == 0 else None, _Silent() if ended else sink, stopping)
            except Failure as failure:
                if failure.stops:
                    return ended or failure
                if index == 0 and len(statements) > 1:
                    sink.error(failure)
                else:
                    ended = ended or failure
        return ended

    def _statement(self, statement: Statement, piped: Iterator[Any] | None, sink: Sink, stopping: threading.Event) -> None:
        visible = self._visible()
        stages = []
        for index, given in enumerate(statement):
            command = self._find(given, visible)
            bound = binder.bind(command, given.parameters, index > 0 or piped is not None, self._dialect)
            stages.append(_Stage(bound, self._session, sink, stopping, visible, self._faults))
        objects = piped
        for stage in stages:
            objects = stage.run(objects)
        for item in objects or ():
            if stopping.is_set():
                raise Stopped
            sink.output(item)

    def _visible(self) -> Mapping[str, Cmdlet]:
        shown = self._session.visible
        own = {name: command for name, command in CORE_COMMANDS.items() if shown is None or name in shown}
        return {**own, **self._session.product_commands()}

    def _find(self, given: Given, visible: Mapping[str, Cmdlet]) -> Cmdlet:
        if given.script:
            raise self._script(given.name)
        # MODULE\NAME is the cmdlet itself; by its short name a restricted session may show a function of its own making.
        command = visible.get(given.name.lower().rpartition("\\")[2])
        if command is None:
            message = self._dialect.unknown_command.format(given.name)
            details = {
                "ErrorRecord": message,
                "CommandName": given.name,
                "WasThrownFromThrowStatement": False,
                "TargetSite": None,
                "Message": message,
            }
            kind = "CommandNotFoundException"
            raise Failure(message, kind, "ObjectNotFound", _AUTOMATION + kind, given.name, details=details)
        return command

    def _script(self, script: str) -> Failure:
        if self._session.configuration.language_mode == "NoLanguage":
            message = "The syntax is not supported by this runspace. This can occur if the runspace is in no-language mode."
            return Failure(message, "ScriptsNotAllowed", "ParserError", _AUTOMATION + "ParseException", script)
        message = "This host is simulated: it runs named commands with parameters, and no script text."
        return Failure(message, "ScriptText", "NotImplemented", _AUTOMATION + "ParseException", script)


class _Silent:
    """The streams after a pipeline has failed: the host goes on, and nobody hears of it."""

    def output(self, value: Any) -> None: ...
    def error(self, failure: Failure) -> None: ...
    def warning(self, content: str, invocation: Invocation) -> None: ...
    def verbose(self, content: str, invocation: Invocation) -> None: ...
    def progress(self, activity: str, status: str, percent: int) -> None: ...


class _Stage:
    """One command of a statement, with its parameters bound."""

    def __init__(
        self,
        bound: binder.Bound,
        session: Session,
        sink: Sink,
        stopping: threading.Event,
        visible: Mapping[str, Cmdlet],
        faults: Faults,
    ) -> None:
        self._bound = bound
        self._faults = faults
        self._command = bound.command
        self._session = session
        self._sink = sink
        self._stopping = stopping
        self._visible = visible
        self._invocation = Invocation(self._command.name, {**bound.parameters, **bound.common})

    def run(self, objects: Iterator[Any] | None) -> Iterator[Any]:
        """What the command puts out; a fault's error record comes in place of what it does, or after it."""
        fault = self._faults.meet(self._session.host, "winrm", CMDLET, self._command.name)
        if fault is None or fault.after:
            yield from self._process(objects)
        if fault is not None:
            self._write_core_error(fault.text, fault.error_id, fault.category)

    def _process(self, objects: Iterator[Any] | None) -> Iterator[Any]:
        if isinstance(self._command, CoreCmdlet):
            context = Context(
                self._bound.parameters, self._session, self._bound.dialect, self._write_core_error, self._visible, self._stopping
            )
            return self._command.process(context, objects)
        return self._product(objects)

    def _product(self, objects: Iterator[Any] | None) -> Iterator[Any]:
        if objects is None:
            yield from self._call(self._bound.parameters)
            return
        for item in objects:
            if self._stopping.is_set():
                raise Stopped
            try:
                parameters = self._bound.with_object(item)
            except Failure as failure:
                self._write(dataclasses.replace(failure, invocation=self._invocation))
                continue
            yield from self._call(parameters)

    def _call(self, parameters: Mapping[str, Any]) -> Iterator[Any]:
        if not self._confirmed(parameters):
            return
        call = Call(
            parameters=parameters,
            session=self._session,
            write_error=lambda error: self._write(self._failure(error, thrown=False)),
            write_warning=self._warn,
            write_verbose=self._tell,
            write_progress=self._sink.progress,
        )
        results: Iterator[Any] | None = None
        while True:
            try:
                results = iter(self._command.implementation(call)) if results is None else results
                item = next(results)
            except StopIteration:
                return
            except (Failure, Stopped):
                raise
            except (TerminatingError, NetException) as error:
                raise self._thrown(error) from error
            except Exception as error:
                raise self._bug(error) from error
            yield item

    def _confirmed(self, parameters: Mapping[str, Any]) -> bool:
        """ShouldProcess: nothing is done under -WhatIf; who asks for confirmation finds no one to ask."""
        common = self._bound.common
        if common.get("WhatIf"):
            return False
        asks = common.get("Confirm", self._command.confirm_impact == "High")
        if asks:
            target = text(parameters.get("Identity", next(iter(parameters.values()), "")))
            raise Failure(
                "A command that prompts the user failed because the host program or the command type does not support user interaction. "
                "The host was attempting to request confirmation with the following message: "
                "Are you sure you want to perform this action?\n"
                f'Performing the operation "{self._command.name}" on target "{target}".',
                f"HostFunctionNotImplemented,{self._command.class_name}",
                "NotImplemented",
                _AUTOMATION + "Host.HostException",
                None,
                self._invocation,
            )
        return True

    def _failure(self, error: TerminatingError, thrown: bool) -> Failure:
        return Failure(
            error.message,
            f"{error.error_id},{self._command.class_name}",
            error.category,
            error.exception,
            error.target,
            self._invocation,
            thrown,
        )

    def _thrown(self, error: TerminatingError | NetException) -> Failure:
        if isinstance(error, NetException):
            error = TerminatingError(str(error), error.type_name, "NotSpecified", error.type_name)
        return self._failure(error, thrown=True)

    def _bug(self, error: Exception) -> Failure:
        """A mistake of the lab's own product code must not pass for an answer of the product, nor leave the client waiting."""
        _LOG.error("%s failed in the lab", self._command.name, exc_info=error)
        return self._failure(TerminatingError(f"The lab's own code failed: {error!r}", "LabFailure"), thrown=True)

    def _write_core_error(
        self, message: str, error_id: str, category: str, exception: str = _AUTOMATION + "RuntimeException", target: Any = None
    ) -> None:
        self._write(self._failure(TerminatingError(message, error_id, category, exception, target), thrown=False))

    def _write(self, failure: Failure) -> None:
        action = str(self._bound.common.get("ErrorAction", "Continue")).lower()
        if action == "stop":
            raise dataclasses.replace(failure, stops=True)
        if action not in ("silentlycontinue", "ignore"):
            self._sink.error(failure)

    def _warn(self, content: str) -> None:
        if str(self._bound.common.get("WarningAction", "Continue")).lower() not in ("silentlycontinue", "ignore"):
            self._sink.warning(content, self._invocation)

    def _tell(self, content: str) -> None:
        if self._bound.common.get("Verbose"):
            self._sink.verbose(content, self._invocation)
