"""One shell: a runspace pool of one runspace, its pipelines, and the queues of what they send."""

from __future__ import annotations

import collections
import threading
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import psrpcore
from psrpcore._payload import PSRPMessage, create_message
from psrpcore.types import PSInvocationState, PSRPMessageType

from tests.lab.engine import records, wire
from tests.lab.engine.dialect import Dialect
from tests.lab.engine.interface import RECEIVE_BYTES, ShellClosed
from tests.lab.engine.objects import Version
from tests.lab.engine.recorder import Entry, Recorder
from tests.lab.engine.records import Failure, Invocation
from tests.lab.engine.runner import Given, Runner, Stopped
from tests.lab.engine.serialise import Rich, message
from tests.lab.engine.session import Session
from tests.lab.faults import Faults

FRAGMENT_BYTES = 32768
"""The fragment size Windows uses."""

_WITH_INVOCATION = {"Error": 1, "Warning": 2, "Verbose": 8}
"""RemoteStreamOptions ([MS-PSRP] 2.2.3.8)."""
_ENDED = (PSInvocationState.Completed, PSInvocationState.Failed, PSInvocationState.Stopped)


class _Pool(psrpcore.ServerRunspacePool):
    """psrpcore's pool, with messages whose CLIXML is written here: psrpcore flattens nothing, orders the parts of extended values
    otherwise than a host does, and has no message for a failed pipeline. It has no public way to send prepared CLIXML either.
    """

    def __init__(self, dialect: Dialect) -> None:
        super().__init__()
        self._dialect = dialect

    def prepare_message(self, message: Any, message_type: Any = None, pipeline_id: Any = None, stream_type: Any = None) -> None:
        if isinstance(message, psrpcore.types.SessionCapability):
            self.send(PSRPMessageType.SessionCapability, _capability(self._dialect), None)
        elif isinstance(message, psrpcore.types.ApplicationPrivateData):
            self.send(PSRPMessageType.ApplicationPrivateData, _private_data(self._dialect), None)
        else:
            super().prepare_message(message, message_type, pipeline_id, stream_type or psrpcore.StreamType.default)

    def send(self, kind: PSRPMessageType, data: bytes, pipeline_id: uuid.UUID | None) -> None:
        raw = bytearray(create_message(False, kind, data, self.runspace_pool_id, pipeline_id))
        self._send_buffer.append(PSRPMessage(kind, raw, self.runspace_pool_id, pipeline_id, self._fragment_counter))


def _capability(dialect: Dialect) -> bytes:
    """SESSION_CAPABILITY ([MS-PSRP] 2.2.2.1)."""
    versions = {"protocolversion": dialect.protocol, "PSVersion": "2.0", "SerializationVersion": "1.1.0.1"}
    return message(Rich(extended={name: Version(number) for name, number in versions.items()}))


def _private_data(dialect: Dialect) -> bytes:
    """APPLICATION_PRIVATE_DATA as a host opens every pool with it ([MS-PSRP] 2.2.2.13)."""
    names = ("System.Management.Automation.PSPrimitiveDictionary", "System.Collections.Hashtable", "System.Object")
    table = {name: _versions(value) if isinstance(value, list) else value for name, value in dialect.version_table.items()}
    content = {
        "DebugStop": False,
        "BreakAll": False,
        "DebugBreakpointCount": 0,
        "PSVersionTable": Rich(names, content=table),
        "DebugMode": 1,
        "UnhandledBreakpointMode": 1,
    }
    return message(Rich(extended={"ApplicationPrivateData": Rich(names, content=content)}))


def _versions(values: list[Any]) -> Rich:
    return Rich(("System.Version[]", "System.Array", "System.Object"), content=values)


class Shell:
    """A WSMan shell that holds one runspace pool. All methods may be called from any thread."""

    def __init__(self, shell_id: str, session: Session, dialect: Dialect, recorder: Recorder, faults: Faults) -> None:
        self.id = shell_id
        self.session = session
        self._dialect = dialect
        self._recorder = recorder
        self._runner = Runner(session, dialect, faults)
        self._pool = _Pool(dialect)
        self._changed = threading.Condition(threading.RLock())
        self._outgoing: dict[uuid.UUID | None, collections.deque[bytes]] = collections.defaultdict(collections.deque)
        self._pipelines: dict[uuid.UUID, _Pipeline] = {}
        self._turn = threading.Lock()

    def create_pipeline(self, pipeline_id: uuid.UUID, data: bytes) -> None:
        """psrpcore wants the pipeline in its table before it reads CREATE_PIPELINE."""
        with self._changed:
            psrpcore.ServerPipeline(self._pool, pipeline_id)
            self.feed(data, pipeline_id)

    def feed(self, data: bytes, pipeline_id: uuid.UUID | None = None, prompt_response: bool = False) -> None:
        """Takes what a client sent."""
        with self._changed:
            self._pool.receive_data(psrpcore.PSRPPayload(data, psrpcore.StreamType.default, pipeline_id))
            while (event := self._pool.next_event()) is not None:
                self._handle(event)
            self._flush()

    def _handle(self, event: Any) -> None:
        if isinstance(event, psrpcore.CreatePipelineEvent):
            pipeline = _Pipeline(self, self._pool.pipeline_table[event.pipeline_id])
            self._pipelines[event.pipeline_id] = pipeline
            if pipeline.metadata.no_input:
                pipeline.start(None)
        elif isinstance(event, psrpcore.PipelineInputEvent):
            self._pipelines[event.pipeline_id].input.append(wire.native(event.data))
        elif isinstance(event, psrpcore.EndOfPipelineInputEvent):
            pipeline = self._pipelines[event.pipeline_id]
            pipeline.start(iter(pipeline.input))
        elif isinstance(event, psrpcore.GetAvailableRunspacesEvent):
            self._pool.runspace_availability_response(event.ci, self._pool.max_runspaces)

    def receive(self, pipeline_id: uuid.UUID | None, timeout: float) -> tuple[bytes, bool] | None:
        """What the pipeline (None: the pool) has to say, and whether that is all; None when ``timeout`` seconds pass without a word.
        Raises ShellClosed.
        """
        with self._changed:
            queue = self._outgoing[pipeline_id]
            self._changed.wait_for(lambda: queue or self.session.closing.is_set(), timeout)
            if self.session.closing.is_set():
                raise ShellClosed
            if not queue:
                return None
            data = b""
            while queue and (not data or len(data) + len(queue[0]) <= RECEIVE_BYTES):
                data += queue.popleft()
            pipeline = self._pipelines.get(pipeline_id) if pipeline_id else None
            return data, bool(pipeline and not queue and pipeline.core.state in _ENDED)

    def signal(self, pipeline_id: uuid.UUID) -> None:
        """Stops a running pipeline; of one that has ended it frees what is left."""
        with self._changed:
            pipeline = self._pipelines.get(pipeline_id)
            if pipeline is None:
                return
            pipeline.stopping.set()
            if pipeline.core.state in _ENDED:
                del self._pipelines[pipeline_id]
                pipeline.core.close()
            elif pipeline.core.state == PSInvocationState.Running:
                pipeline.core.stop()
                self._flush()

    def wait(self, pipeline_id: uuid.UUID, seconds: float) -> None:
        """Returns when the pipeline has ended, or does not run, or that many seconds later."""
        pipeline = self._pipelines.get(pipeline_id)
        if pipeline is not None:
            pipeline.join(seconds)

    def close(self) -> None:
        """Ends the session and waits for its pipelines."""
        with self._changed:
            self.session.closing.set()
            pipelines = list(self._pipelines.values())
            for pipeline in pipelines:
                pipeline.stopping.set()
            self._changed.notify_all()
        for pipeline in pipelines:
            pipeline.join()

    def send(self, kind: PSRPMessageType, data: bytes, pipeline: psrpcore.ServerPipeline) -> None:
        """Sends a pipeline's message, unless it has been stopped."""
        with self._changed:
            if pipeline.state == PSInvocationState.Running:
                self._pool.send(kind, data, pipeline.pipeline_id)
                self._flush()

    def end(self, pipeline: psrpcore.ServerPipeline, failure: Failure | None) -> None:
        """Sends the pipeline's end."""
        with self._changed:
            if pipeline.state == PSInvocationState.Running:
                number = records.FAILED if failure else records.COMPLETED
                self._pool.send(PSRPMessageType.PipelineState, records.state(number, failure, self._dialect), pipeline.pipeline_id)
                pipeline.state = PSInvocationState.Failed if failure else PSInvocationState.Completed
                self._flush()

    def _flush(self) -> None:
        while (payload := self._pool.data_to_send(FRAGMENT_BYTES)) is not None:
            self._outgoing[payload.pipeline_id].append(payload.data)
        self._changed.notify_all()


class OwnEngine:
    """The lab's own engine."""

    name = "own"

    def __init__(self, dialect: Dialect, recorder: Recorder, faults: Faults) -> None:
        self._parts = (dialect, recorder, faults)

    def open(self, shell_id: str, session: Session, opening: bytes) -> Shell:
        shell = Shell(shell_id, session, *self._parts)
        shell.feed(opening)
        return shell


class _Pipeline:
    """One pipeline: it is the sink of its own streams, and runs in a thread."""

    def __init__(self, shell: Shell, core: psrpcore.ServerPipeline) -> None:
        self.core = core
        self.metadata: Any = core.metadata
        self.input: list[Any] = []
        self.stopping = threading.Event()
        self._shell = shell
        self._dialect = shell._dialect
        options = core.metadata and int(core.metadata.remote_stream_options)
        self._invocations: Mapping[str, bool] = {name: bool((options or 0) & bit) for name, bit in _WITH_INVOCATION.items()}
        configuration = shell.session.configuration
        self._entry = Entry(shell.session.host, configuration.name, configuration.product, configuration.version, [])
        self._thread: threading.Thread | None = None

    def start(self, piped: Iterator[Any] | None) -> None:
        self.core.state = PSInvocationState.Running  # psrpcore's start() announces it, a host does not.
        self._thread = threading.Thread(target=self._run, args=(piped,), name=f"pipeline {self.core.pipeline_id}")
        self._thread.start()

    def join(self, seconds: float | None = None) -> None:
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self, piped: Iterator[Any] | None) -> None:
        statements = [
            [
                Given(
                    str(command.command_text), [(name, wire.native(value)) for name, value in wire.given(command)], bool(command.is_script)
                )
                for command in statement
            ]
            for statement in wire.statements(self.metadata)
        ]
        self._entry.statements = wire.recorded_statements(self.metadata)
        with self._shell._turn:
            try:
                failure = self._shell._runner.run(statements, piped, self, self.stopping)
            except Stopped:
                self._entry.state = "Stopped"
            else:
                self._entry.state = "Failed" if failure else "Completed"
                if failure:
                    self._note(failure)
                self._shell.end(self.core, failure)
        self._shell._recorder.add(self._entry)

    def _note(self, failure: Failure) -> None:
        self._entry.errors.append({"id": failure.error_id, "message": failure.message})

    def output(self, value: Any) -> None:
        self._shell.send(PSRPMessageType.PipelineOutput, message(value), self.core)

    def error(self, failure: Failure) -> None:
        self._note(failure)
        self._shell.send(PSRPMessageType.ErrorRecord, records.error(failure, self._dialect, self._invocations["Error"]), self.core)

    def warning(self, content: str, invocation: Invocation) -> None:
        data = records.informational("Warning", content, invocation, self._dialect, self._invocations["Warning"])
        self._shell.send(PSRPMessageType.WarningRecord, data, self.core)

    def verbose(self, content: str, invocation: Invocation) -> None:
        data = records.informational("Verbose", content, invocation, self._dialect, self._invocations["Verbose"])
        self._shell.send(PSRPMessageType.VerboseRecord, data, self.core)

    def progress(self, activity: str, status: str, percent: int) -> None:
        self._shell.send(PSRPMessageType.ProgressRecord, records.progress(activity, status, percent), self.core)
