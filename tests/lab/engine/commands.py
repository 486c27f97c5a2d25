"""What the shell's own commands have in common: how they are declared, and what one invocation gives them."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.lab.engine.cmdlets import Cmdlet
from tests.lab.engine.dialect import Dialect
from tests.lab.engine.session import Session


@dataclasses.dataclass
class Context:
    """One invocation of one of the shell's own commands."""

    parameters: Mapping[str, Any]
    session: Session
    dialect: Dialect
    write_error: Callable[..., None]
    """``write_error(message, error_id, category, exception=..., target=...)``: a non-terminating error record."""
    visible: Mapping[str, Cmdlet]
    """All commands of the session, by lower-case name."""
    stopping: threading.Event

    @property
    def language_mode(self) -> str:
        return self.session.configuration.language_mode

    def get(self, name: str, default: Any = None) -> Any:
        return self.parameters.get(name, default)


Process = Callable[[Context, Iterator[Any] | None], Iterator[Any]]
"""Gets the objects of the pipeline (None when the command is the first) and gives its own."""


@dataclasses.dataclass(frozen=True)
class CoreCmdlet(Cmdlet):
    """A command of the shell itself: it sees the pipeline as a whole, not object by object."""

    process: Process = lambda context, objects: iter(())


def core(name: str, class_name: str, signature: Mapping[str, Mapping[str, Any]], process: Process) -> CoreCmdlet:
    """Declares one; ``class_name`` without the namespace Microsoft.PowerShell.Commands."""
    return CoreCmdlet(name, f"Microsoft.PowerShell.Commands.{class_name}", signature, lambda call: (), process=process)


def incoming(context: Context, objects: Iterator[Any] | None) -> Iterator[Any]:
    """The pipeline's objects, or what ``-InputObject`` gives."""
    return iter([context.get("InputObject")]) if objects is None else objects
