"""A WSMan shell whose runspace pool is a child's: fragments pass unchanged both ways."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import threading
import uuid
from collections.abc import Callable

from tests.lab.engine.interface import RECEIVE_BYTES, ShellClosed
from tests.lab.engine.recorder import Entry, Recorder
from tests.lab.engine.session import Session
from tests.lab.pwsh.child import SESSION, Child
from tests.lab.pwsh.traffic import ERROR_RECORD, PIPELINE_STATE, Listener, Messages, end, error

StartChild = Callable[[Callable[[uuid.UUID, bytes], None], Callable[[], None]], Child]


@dataclasses.dataclass
class _Pipeline:
    """What came of a pipeline; ``entry`` once all of the message that creates it is there."""

    outgoing: collections.deque[bytes] = dataclasses.field(default_factory=collections.deque)
    messages: Messages = dataclasses.field(default_factory=Messages)
    entry: Entry | None = None
    state: str = ""
    closed: bool = False


class Shell:
    """One shell. ``released`` is called once when it has ended, by whatever end."""

    def __init__(
        self,
        shell_id: str,
        session: Session,
        opening: bytes,
        start: StartChild,
        recorder: Recorder,
        engine: str,
        released: Callable[[], None],
    ) -> None:
        self.id = shell_id
        self.session = session
        self._recorder = recorder
        self._engine = engine
        self._released = released
        self._changed = threading.Condition()
        self._pipelines: dict[uuid.UUID, _Pipeline] = {SESSION: _Pipeline()}
        self._listener = Listener()
        self._listener.add(opening, None)
        self._child = start(self._received, self._ended)
        self._child.open(opening)

    def create_pipeline(self, pipeline_id: uuid.UUID, data: bytes) -> None:
        with self._changed:
            self._pipelines[pipeline_id] = _Pipeline()
        self._child.command(pipeline_id)
        self.feed(data, pipeline_id)

    def feed(self, data: bytes, pipeline_id: uuid.UUID | None = None, prompt_response: bool = False) -> None:
        with self._changed:
            pipeline = self._pipelines.get(pipeline_id or SESSION)
            statements = self._listener.add(data, pipeline_id)
            if pipeline is not None and statements is not None:
                own = self.session.configuration
                pipeline.entry = Entry(self.session.host, own.name, own.product, own.version, statements, engine=self._engine)
        self._child.data(data, pipeline_id or SESSION, prompt_response)

    def receive(self, pipeline_id: uuid.UUID | None, timeout: float) -> tuple[bytes, bool] | None:
        with self._changed:
            pipeline = self._pipelines.setdefault(pipeline_id or SESSION, _Pipeline())
            self._changed.wait_for(lambda: pipeline.outgoing or self.session.closing.is_set(), timeout)
            if not pipeline.outgoing and self.session.closing.is_set():
                raise ShellClosed
            if not pipeline.outgoing:
                return None
            data = b""
            while pipeline.outgoing and (not data or len(data) + len(pipeline.outgoing[0]) <= RECEIVE_BYTES):
                data += pipeline.outgoing.popleft()
            done = bool(pipeline.state and not pipeline.outgoing)
        if done and pipeline_id is not None:
            self._close_pipeline(pipeline_id, pipeline)
        return data, done

    def signal(self, pipeline_id: uuid.UUID) -> None:
        with self._changed:
            pipeline = self._pipelines.get(pipeline_id)
        if pipeline is None:
            return
        if pipeline.state:
            self._close_pipeline(pipeline_id, pipeline)
            with self._changed:
                self._pipelines.pop(pipeline_id, None)
        else:
            self._child.signal(pipeline_id)

    def wait(self, pipeline_id: uuid.UUID, seconds: float) -> None:
        with self._changed:
            pipeline = self._pipelines.get(pipeline_id)
            if pipeline is not None:
                self._changed.wait_for(lambda: pipeline.state or self.session.closing.is_set(), seconds)

    def close(self) -> None:
        """The session is not asked to end: a child ends with its standard input, whatever its pipelines are doing."""
        with self._changed:
            self.session.closing.set()
            self._changed.notify_all()
        self._child.end()
        self._released()

    def _close_pipeline(self, pipeline_id: uuid.UUID, pipeline: _Pipeline) -> None:
        """A pipeline that has ended stays in the child until it is closed."""
        with self._changed:
            if pipeline.closed:
                return
            pipeline.closed = True
        with contextlib.suppress(ShellClosed):
            self._child.close(pipeline_id)

    def _received(self, pipeline_id: uuid.UUID, data: bytes) -> None:
        with self._changed:
            pipeline = self._pipelines.setdefault(pipeline_id, _Pipeline())
            pipeline.outgoing.append(data)
            for kind, clixml in pipeline.messages.add(data):
                if kind == ERROR_RECORD and pipeline.entry is not None:
                    pipeline.entry.errors.append(error(clixml))
                elif kind == PIPELINE_STATE:
                    self._state(pipeline, clixml)
            self._changed.notify_all()

    def _state(self, pipeline: _Pipeline, clixml: bytes) -> None:
        state, failure = end(clixml)
        if not state or pipeline.state:
            return
        pipeline.state = state
        if pipeline.entry is not None:
            pipeline.entry.state = state
            pipeline.entry.errors += [failure] if failure is not None else []
            self._recorder.add(pipeline.entry)

    def _ended(self) -> None:
        with self._changed:
            self.session.closing.set()
            self._changed.notify_all()
