# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A session on a host: runs statements, reads what they answer, raises what went wrong."""

from __future__ import annotations

import dataclasses
import logging
import uuid
from collections.abc import Sequence
from typing import Any

from ..common.errors import MailError, RemoteError
from ..common.libraries import MessageType, PowerShell, RunspacePool, WSManFaultError
from ..remoting import clixml, faults
from .pipeline import Statement, cmdlet
from .values import needs_key, plain, wire

_OPERATION_TIMED_OUT = 2150858793  # WSMan's "nothing yet, ask again" ([MS-WSMV] 3.1.4.1.13: w:TimedOut)


@dataclasses.dataclass
class Reply:
    """What one statement answered. ``read`` is false when the host never got to it or its answer was lost with an earlier failure."""

    outputs: list[Any] = dataclasses.field(default_factory=list)
    errors: list[RemoteError] = dataclasses.field(default_factory=list)
    read: bool = True


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """How the session was opened: for messages and for ``connection_info``."""

    host: str
    account: str | None
    authentication: str
    url: str
    configuration: str
    transport: str
    """The connection plugin: ``psrp`` or ``winrm``."""


class _Pipeline(PowerShell):
    """A pipeline that keeps outputs and error records in the order in which they came."""

    def __init__(self, pool: RunspacePool) -> None:
        super().__init__(pool)
        self.arrivals: list[tuple[bool, Any]] = []
        """(true for an error record, the output or record)"""

    def poll_invoke(self, timeout: int | None = None) -> None:
        known_errors = len(self.streams.error)
        try:
            # pypsrp sorts outputs and errors apart; only its own receiving call knows the order between them.
            messages = self.runspace_pool._receive(self.id, timeout=timeout)
        except WSManFaultError as fault:
            if fault.code != _OPERATION_TIMED_OUT:
                raise
            return
        records = iter(self.streams.error[known_errors:])
        for kind, message in messages:
            if kind == MessageType.PIPELINE_OUTPUT:
                self.output.append(message.data.data)
                self.arrivals.append((False, message.data.data))
            elif kind == MessageType.ERROR_RECORD:
                self.arrivals.append((True, next(records)))
        self.arrivals.extend((True, record) for record in records)  # the record of a failed pipeline comes with its state


class Session:
    """Statements to one runspace on one host.

    Variables set by one statement are there for the next. ``host`` is the host's name for messages; ``memory`` belongs to
    those who want to remember something for as long as the session lives. ``broken`` says that the way to it failed once: it is not
    known whether the host still has it, so nobody may use it after this task or loop item.
    """

    def __init__(self, pool: RunspacePool, endpoint: Endpoint) -> None:
        clixml.read_exactly(pool)
        # Its debug lines hold whole messages, passwords included; and it warns of things that are handled here.
        logging.getLogger("pypsrp").setLevel(logging.CRITICAL + 1)
        self._pool = pool
        self.endpoint = endpoint
        self.host = endpoint.host
        self.memory: dict[str, Any] = {}
        self.broken = False
        self._markers = endpoint.configuration != faults.EXCHANGE  # its NoLanguage mode shows no Write-Output

    @property
    def private_data(self) -> dict[str, Any]:
        """What the host says of itself at opening, in any language mode: ``PSVersionTable`` ([MS-PSRP] 2.2.2.13)."""
        message = self._pool.application_private_data
        data = plain(getattr(message, "data", None))
        return data if isinstance(data, dict) else {}

    def read(self, *statements: Statement) -> list[list[Any]]:
        """The outputs of each statement. Raises the first error, terminating or not: RemoteError or a subclass."""
        replies = self.read_each(*statements)
        for reply in replies:
            if reply.errors:
                raise reply.errors[0]
        return [reply.outputs for reply in replies]

    def read_each(self, *statements: Statement) -> list[Reply]:
        """Outputs and errors of each statement.

        Several statements travel in one message, each behind a marker. After a statement that fails (not one that merely
        writes errors) the host goes on, but its answers are lost: those statements have ``read`` false. Where the host
        shows no Write-Output (Exchange's endpoint, for one), or when something is piped in, each statement travels alone, and all
        are read.
        """
        if len(statements) > 1 and self._markers and not any(statement.piped for statement in statements):
            replies = self._read_marked(statements)
            if replies is not None:
                return replies
            self._markers = False
        return [self._run([statement])[0] for statement in statements]

    def write(self, statement: Statement) -> list[Any]:
        """The outputs of one statement that changes something, alone in its message. Raises RemoteError for any error record.

        The host would run what stands behind a failed statement, so nothing does.
        """
        reply = self._run([statement], writing=True)[0]
        if reply.errors:
            raise reply.errors[0]
        return reply.outputs

    def _read_marked(self, statements: Sequence[Statement]) -> list[Reply] | None:
        """``None`` when the markers themselves are not possible here."""
        token = uuid.uuid4().hex
        markers = [f"{token}-{number}" for number in range(len(statements))]
        message = [
            part
            for marker, statement in zip(markers, statements, strict=True)
            for part in (cmdlet("Write-Output", InputObject=marker), statement)
        ]
        arrivals = self._invoke(message)
        replies = [Reply(read=False) for _statement in statements]
        place = -1
        for is_error, item in arrivals:
            if not is_error and isinstance(item, str) and item.startswith(token):
                place = markers.index(item)
                replies[place].read = True
            elif place < 0:
                return None
            elif is_error:
                replies[place].errors.append(faults.remote_error(item, statements[place], self.endpoint))
            else:
                replies[place].outputs.append(plain(item))
        return replies

    def _run(self, statements: Sequence[Statement], writing: bool = False) -> list[Reply]:
        reply = Reply()
        for is_error, item in self._invoke(statements, writing):
            if is_error:
                reply.errors.append(faults.remote_error(item, statements[0], self.endpoint))
            else:
                reply.outputs.append(plain(item))
        return [reply]

    def _log_on_again(self) -> None:
        """Encryption belongs to a TCP connection, and pypsrp would go on with the keys of the one that is gone.

        The shell may well live: with this, what was done can still be read, and the shell closed.
        """
        transport = self._pool.connection.transport
        transport.close()
        transport.session = transport.encryption = None

    def _invoke(self, statements: Sequence[Statement], writing: bool = False) -> list[tuple[bool, Any]]:
        pipeline = _Pipeline(self._pool)
        try:
            for number, statement in enumerate(statements):
                if number:
                    pipeline.add_statement()
                for command in statement.commands:
                    pipeline.add_cmdlet(command.name)
                    for name, value in command.parameters.items():
                        if needs_key(value):
                            self._pool.exchange_keys()
                        pipeline.add_parameter(name, wire(value))
        except faults.TRANSPORT_ERRORS as error:  # the keys are exchanged with the host
            raise self._lost(error, statements[0], writing) from error
        piped = statements[0].piped
        try:
            # One batch: pypsrp packs it into as few messages as their size allows.
            pipeline.invoke((batch for batch in [list(piped)]) if piped else None)
        except Exception as error:  # no list of what pypsrp raises for an answer that is none (a proxy's page) is complete
            raise self._lost(error, statements[0], writing) from error
        return pipeline.arrivals

    def _lost(self, error: Exception, statement: Statement, writing: bool) -> MailError:
        self.broken = True
        self._log_on_again()
        return faults.lost(error, statement, self.endpoint, writing)
