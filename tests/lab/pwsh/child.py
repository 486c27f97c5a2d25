"""One child: ``pwsh -s``, which speaks PowerShell's out-of-process protocol on its pipes, one packet a line.

Source: PowerShell's remoting/fanin/OutOfProcTransportManager.cs. The child handles each line on a thread of its own, so every packet
waits for the acknowledgement of the one before. It ends with its standard input, and so with the lab, however that ends.
"""

from __future__ import annotations

import base64
import contextlib
import logging
import subprocess
import threading
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence

from tests.lab.engine.interface import ShellClosed

_LOG = logging.getLogger(__name__)
SESSION = uuid.UUID(int=0)
"""What stands for the session where pipelines have their ids."""
ACKNOWLEDGED_WITHIN = 60.0
"""Seconds that a packet waits: the first one, while PowerShell starts on a busy machine."""
ENDS_WITHIN = 5.0
"""Seconds from the end of the session to the end of the process."""
_UNREADABLE = "Remote transport error"
"""What the child says on its standard error of a packet that it cannot read; that packet is never acknowledged."""


class Child:
    """``received(pipeline, data)`` gets what the child sends, ``ended()`` is called once, both from threads of the child's own."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        received: Callable[[uuid.UUID, bytes], None],
        ended: Callable[[], None],
    ) -> None:
        self._received = received
        self._ended = ended
        self._process = subprocess.Popen(
            command, env=dict(environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
        )
        self._sending = threading.Lock()
        self._changed = threading.Condition()
        self._acknowledged: list[tuple[str, uuid.UUID]] = []
        self._gone = self._ending = False
        self._threads = [threading.Thread(target=target, daemon=True) for target in (self._read, self._listen)]
        for thread in self._threads:
            thread.start()

    def data(self, data: bytes, pipeline: uuid.UUID = SESSION, prompt_response: bool = False) -> None:
        """Sends fragments. Raises ShellClosed, as all of these methods do."""
        stream = "PromptResponse" if prompt_response else "Default"
        self._send(f"<Data Stream='{stream}' PSGuid='{pipeline}'>{base64.b64encode(data).decode()}</Data>", "DataAck", pipeline)

    def open(self, data: bytes) -> None:
        """Begins the session. Nobody waits for it here: its startup script may ask the client something before it is open."""

        def begin() -> None:
            with contextlib.suppress(ShellClosed):
                self.data(data)

        threading.Thread(target=begin, daemon=True).start()

    def command(self, pipeline: uuid.UUID) -> None:
        """Announces a pipeline."""
        self._send(f"<Command PSGuid='{pipeline}' />", "CommandAck", pipeline)

    def signal(self, pipeline: uuid.UUID) -> None:
        """Stops a pipeline."""
        self._send(f"<Signal PSGuid='{pipeline}' />", "SignalAck", pipeline)

    def close(self, pipeline: uuid.UUID = SESSION) -> None:
        """Closes a pipeline that has ended, or the session."""
        self._send(f"<Close PSGuid='{pipeline}' />", "CloseAck", pipeline)

    def end(self) -> None:
        """Ends the process, whatever it is doing, and waits for it."""
        self._ending = True
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        try:
            self._process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()
        for thread in self._threads:
            thread.join(ENDS_WITHIN)

    def kill(self) -> None:
        """The process dies, as in a crash."""
        self._process.kill()
        self._process.wait()

    def _send(self, packet: str, kind: str, pipeline: uuid.UUID) -> None:
        expected = (kind, pipeline)
        with self._sending:
            try:
                assert self._process.stdin is not None
                self._process.stdin.write(packet + "\n")
                self._process.stdin.flush()
            except (OSError, ValueError) as error:
                raise ShellClosed from error
            with self._changed:
                arrived = self._changed.wait_for(lambda: self._gone or expected in self._acknowledged, ACKNOWLEDGED_WITHIN)
                if expected not in self._acknowledged:
                    if not arrived:
                        _LOG.error("PowerShell did not acknowledge %s within %s s", kind, ACKNOWLEDGED_WITHIN)
                    raise ShellClosed
                self._acknowledged.remove(expected)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout:
            for line in self._process.stdout:
                try:
                    packet = ET.fromstring(line)
                    pipeline = uuid.UUID(packet.get("PSGuid", ""))
                except (ET.ParseError, ValueError):
                    _LOG.error("PowerShell said: %s", line.strip())
                    continue
                if packet.tag == "Data":
                    self._received(pipeline, base64.b64decode(packet.text or ""))
                else:
                    with self._changed:
                        self._acknowledged.append((packet.tag, pipeline))
                        self._changed.notify_all()
        self._over()

    def _listen(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr:
            for line in self._process.stderr:
                if line.strip() and not self._ending:
                    _LOG.warning("PowerShell said: %s", line.rstrip())
                if _UNREADABLE in line:
                    self._over()

    def _over(self) -> None:
        with self._changed:
            if self._gone:
                return
            self._gone = True
            self._changed.notify_all()
        self._ended()
