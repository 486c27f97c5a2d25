# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A session on a host: runs statements, reads what they answer, raises what went wrong."""

from __future__ import annotations

import dataclasses
import logging
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final

from ..common.errors import MailError, RemoteError
from ..common.libraries import RunspacePool
from ..remoting import clixml, faults
from .pipeline import Statement, cmdlet
from .running import Pipeline
from .values import needs_key, plain, wire

_PREFERENCES: Final[tuple[tuple[Any, tuple[str, ...]], ...]] = (
    (False, ("WhatIfPreference",)),
    ("High", ("ConfirmPreference",)),
    ("Continue", ("ErrorActionPreference", "WarningPreference")),
    ("SilentlyContinue", ("VerbosePreference", "DebugPreference", "InformationPreference", "ProgressPreference")),
    ("All", ("PSModuleAutoLoadingPreference",)),
    ({}, ("PSDefaultParameterValues",)),
)
"""What a session has when nobody changed it (about_Preference_Variables): an endpoint's profile may have."""
# Set-Variable itself obeys the first two.
_CERTAINLY: Final = {"WhatIf": False, "Confirm": False}
_AS_BY_DEFAULT: Final = (
    cmdlet("Set-StrictMode", Off=True),
    *(cmdlet("Set-Variable", Name=list(names), Value=value, **_CERTAINLY) for value, names in _PREFERENCES),
)


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


class Session:
    """Statements to one runspace on one host.

    Variables set by one statement are there for the next. ``host`` is the host's name for messages. ``broken`` says that the way to it
    failed: it is not known whether the host still has it, so the next statement goes to a new one, which ``renew`` opens. Whether a
    change whose answer was lost was made has then to be read.
    """

    def __init__(self, pool: RunspacePool, endpoint: Endpoint, renew: Callable[[], RunspacePool]) -> None:
        # Its debug lines hold whole messages, passwords included; and it warns of things that are handled here.
        logging.getLogger("pypsrp").setLevel(logging.CRITICAL + 1)
        self.endpoint = endpoint
        self.host = endpoint.host
        self._memory: dict[str, Any] = {}
        self._renew = renew
        self._markers = endpoint.configuration != faults.EXCHANGE  # its NoLanguage mode shows no Write-Output
        self._use(pool)

    def _use(self, pool: RunspacePool) -> None:
        clixml.read_exactly(pool)
        self._pool = pool
        self.broken = self._prepared = False
        self._memory.clear()

    @property
    def memory(self) -> dict[str, Any]:
        """What those who use the session remember; a new session remembers nothing. Raises MailError when none can be opened."""
        self._renew_if_broken()
        return self._memory

    def _renew_if_broken(self) -> None:
        if self.broken:
            self._use(self._renew())

    def _prepare(self) -> None:
        """Takes back what the endpoint's profile set, so that statements mean the same everywhere. What it does not show stays as it is.

        Exchange's endpoint has neither a profile of the administrator's nor these cmdlets.
        """
        self._prepared = True
        if self._markers:
            self._markers = self._read_marked(_AS_BY_DEFAULT) is not None

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
        self._renew_if_broken()
        if not self._prepared:
            self._prepare()
        pipeline = Pipeline(self._pool)
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
        try:
            pipeline.carry_out(statements[0].piped)
        except Exception as error:  # no list of what pypsrp raises for an answer that is none (a proxy's page) is complete
            raise self._lost(error, statements[0], writing) from error
        return pipeline.arrivals

    def _lost(self, error: Exception, statement: Statement, writing: bool) -> MailError:
        self.broken = True
        self._log_on_again()
        return faults.lost(error, statement, self.endpoint, writing)
