# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pipeline as this collection runs it: what arrives stays in order, nobody can be asked, and nothing is told of parameters."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, Final

from ..common.libraries import HostInfo, MessageType, PowerShell, RemoteStreamOptions, RunspacePool, WSManFaultError

_OPERATION_TIMED_OUT = 2150858793  # WSMan's "nothing yet, ask again" ([MS-WSMV] 3.1.4.1.13: w:TimedOut)

# Methods of a host that give nothing back ([MS-PSRP] 2.2.3.17), and so are not waited for.
_GIVES_NOTHING: Final = (*range(6, 11), *range(13, 23), 28, 30, 32, 34, 36, 38, 40, 42, 47, 48, 49, 51, 52, 53)


class HostAsked(Exception):
    """The host asked the client a question. Its text is the question's name, such as ``PromptForChoice``."""


class _Nobody(HostInfo):
    """Says of a pipeline that nobody can be asked, whoever opened the pool: Ansible opens its own with a host of pypsrp's.

    A cmdlet that asks then ends with an error of the engine's own (``HostFunctionNotImplemented``). Left to the pool's host, the engine
    would send its question and wait ([MS-PSRP] 2.2.3.14: _useRunspaceHost).
    """

    @property
    def _use_runspace_host(self) -> bool:
        return False


class Pipeline(PowerShell):
    """A pipeline that keeps outputs and error records in the order in which they came."""

    def __init__(self, pool: RunspacePool) -> None:
        super().__init__(pool)
        self.arrivals: list[tuple[bool, Any]] = []
        """(true for an error record, the output or record)"""

    def carry_out(self, piped: Sequence[str] | None) -> None:
        """Runs to its end, fed with ``piped``. Raises HostAsked, and whatever pypsrp raises for an answer that it cannot read."""
        try:
            # One batch: pypsrp packs it into as few messages as their size allows. Records other than errors would carry the parameters
            # of the function that wrote them, secrets included, if they carried how it was called.
            self.invoke(
                (batch for batch in [list(piped)]) if piped else None,
                remote_stream_options=RemoteStreamOptions.ADD_INVOCATION_INFO_TO_ERROR_RECORD,
            )
        except HostAsked:
            with contextlib.suppress(Exception):
                self.stop()
            raise

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

    def _invoke(self, msg: Any) -> None:
        msg.host_info = _Nobody()
        super()._invoke(msg)

    def _process_pipeline_host_call(self, message: Any) -> Any:
        """A host that asks all the same."""
        method = message.data.mi
        if method.value not in _GIVES_NOTHING:
            raise HostAsked(str(method))
        return message.data
