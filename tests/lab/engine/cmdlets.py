"""What a product's cmdlet looks like to the engine.

A cmdlet is a function from a ``Call`` to its outputs. The engine binds the parameters against a signature before
it calls, once for each pipeline object (or once, when nothing is piped): ``Call.parameters`` then holds typed values.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any


@dataclasses.dataclass
class TerminatingError(Exception):
    """Ends the statement. ``error_id`` is the part before the comma; the engine appends the cmdlet's class."""

    message: str
    error_id: str = "RuntimeException"
    category: str = "NotSpecified"
    exception: str = "System.Management.Automation.RuntimeException"
    target: Any = None


@dataclasses.dataclass
class Call:
    """One invocation of a cmdlet: bound parameters, the session's own state, and the streams other than output."""

    parameters: Mapping[str, Any]
    """Bound and converted parameters, full names as the catalogue spells them, pipeline-bound ones included."""
    session: Any
    """The engine's session: ``session.user`` (account name), ``session.delegated`` (bool), ``session.host`` (host name),
    ``session.endpoint`` (configuration name), ``session.variables`` and ``session.state`` (a dict the product may keep things in)."""
    write_error: Callable[[TerminatingError], None]
    """Writes a non-terminating error record; the cmdlet goes on."""
    write_warning: Callable[[str], None]
    write_verbose: Callable[[str], None] = lambda text: None
    write_progress: Callable[[str, str, int], None] = lambda activity, status, percent: None
    """Activity, status description, percent complete."""

    def __contains__(self, name: str) -> bool:
        return name in self.parameters

    def get(self, name: str, default: Any = None) -> Any:
        return self.parameters.get(name, default)


Implementation = Callable[[Call], Iterable[Any]]


@dataclasses.dataclass(frozen=True)
class Cmdlet:
    """A command: its name, the .NET class behind it (error ids end with it), its signature and what it does.

    ``signature`` maps parameter names to the catalogue's entries: ``{"type", "mandatory", "pipeline", "sets", "values", ...}``.
    ``types`` gives the engine what the catalogue's type names mean: a converter from a wire value (or live object) to the
    typed value; it raises ValueError(message) when it cannot convert.
    """

    name: str
    class_name: str
    signature: Mapping[str, Mapping[str, Any]]
    implementation: Implementation
    types: Mapping[str, Callable[[Any], Any]] = dataclasses.field(default_factory=dict)
    confirm_impact: str = "Medium"
