"""What one child asks of the lab's world, and the answers: what its cmdlets do, and the members of its objects.

Each request is one JSON object with ``do``, and gets one. A cmdlet's outputs are fetched one by one, so that a pipeline may stop early
and ask for members in between. What goes wrong in the world comes as ``thrown``, for the child to throw.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.lab.engine.cmdlets import Call, Cmdlet, TerminatingError
from tests.lab.engine.conversion import CannotConvert, convert
from tests.lab.engine.dialect import MEASURED
from tests.lab.engine.objects import NetException, NetObject
from tests.lab.engine.session import Session
from tests.lab.engine.session_cmdlets import automatic_variables
from tests.lab.engine.values import text, unrolled
from tests.lab.faults import CMDLET, Faults
from tests.lab.pwsh.values import Json, Values

_LOG = logging.getLogger(__name__)


@dataclasses.dataclass
class _Invocation:
    """A cmdlet in a pipeline: what it writes besides its outputs, and where it is for the present pipeline object."""

    cmdlet: Cmdlet
    events: list[Json] = dataclasses.field(default_factory=list)
    outputs: Iterator[Any] = dataclasses.field(default_factory=lambda: iter(()))
    silenced: bool = False
    """True when a fault stands in place of what it does."""
    fault: Json = None
    """The error record of a fault, for its end."""


class Conversation:
    """``modules`` are the paths of the snap-ins' modules by lower-case name."""

    def __init__(self, session: Session, faults: Faults, modules: Mapping[str, str]) -> None:
        self._session = session
        self._faults = faults
        self._modules = modules
        self._values = Values()
        self._invocations: dict[int, _Invocation] = {}
        self._count = 0
        self._requests: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Json]]] = {
            "begin": self._begin,
            "record": self._record,
            "next": self._next,
            "end": self._end,
            "convert": self._convert,
            "get": self._get,
            "set": self._set,
            "call": self._call,
            "snap-in": self._snap_in,
            "sender": self._sender,
        }

    def answer(self, request: Mapping[str, Any]) -> dict[str, Json]:
        """The answer. A mistake of the lab's own code must not pass for one of a product, nor leave the child waiting."""
        try:
            return self._requests[request["do"]](request)
        except NetException as error:
            return {"thrown": {"type": error.type_name, "message": str(error)}}
        except Exception as error:
            _LOG.error("%s failed in the lab", request, exc_info=error)
            return {"thrown": {"type": "System.InvalidOperationException", "message": f"The lab's own code failed: {error!r}"}}

    def _begin(self, request: Mapping[str, Any]) -> dict[str, Json]:
        cmdlet = self._commands()[request["cmdlet"].lower()]
        self._values.know(cmdlet.types)
        self._count += 1
        invocation = _Invocation(cmdlet)
        fault = self._faults.meet(self._session.host, "winrm", CMDLET, cmdlet.name)
        if fault is not None:
            invocation.silenced = not fault.after
            invocation.fault = self._failure(TerminatingError(fault.text, fault.error_id, fault.category))
        self._invocations[self._count] = invocation
        return {"call": self._count}

    def _commands(self) -> dict[str, Cmdlet]:
        return self._session.product_commands()

    def _record(self, request: Mapping[str, Any]) -> dict[str, Json]:
        """The cmdlet with its parameters, for one pipeline object or for none."""
        invocation = self._invocations[request["call"]]
        if invocation.silenced:
            return {"events": [], "more": False}
        signature = invocation.cmdlet.signature
        call = Call(
            parameters={name: self._values.decode(value) for name, value in request["parameters"].items() if name in signature},
            session=self._session,
            write_error=lambda error: invocation.events.append({"error": self._failure(error)}),
            write_warning=lambda content: invocation.events.append({"warning": content}),
            write_verbose=lambda content: invocation.events.append({"verbose": content}),
            write_progress=lambda activity, status, percent: invocation.events.append({"progress": [activity, status, percent]}),
        )
        invocation.outputs = _running(invocation.cmdlet, call)
        return self._next(request)

    def _next(self, request: Mapping[str, Any]) -> dict[str, Json]:
        """What the cmdlet wrote up to its next output, and that one."""
        invocation = self._invocations[request["call"]]
        answer: dict[str, Json] = {"events": invocation.events, "more": True}
        try:
            invocation.events.append({"output": self._values.encode(next(invocation.outputs))})
        except StopIteration:
            answer["more"] = False
        except TerminatingError as error:
            answer |= {"more": False, "terminating": self._failure(error)}
        invocation.events = []
        return answer

    def _end(self, request: Mapping[str, Any]) -> dict[str, Json]:
        fault = self._invocations.pop(request["call"]).fault
        return {"events": [] if fault is None else [{"error": fault}], "more": False}

    def _failure(self, error: TerminatingError) -> Json:
        return {
            "type": error.exception,
            "message": error.message,
            "id": error.error_id,
            "category": error.category,
            "target": self._values.encode(error.target),
        }

    def _convert(self, request: Mapping[str, Any]) -> dict[str, Json]:
        """A value as the type of a parameter that the products declare; ``refused`` says why it is none, or nothing."""
        name, value = request["type"], self._values.decode(request["value"])
        types = {key: kind for cmdlet in self._commands().values() for key, kind in cmdlet.types.items()}
        try:
            converter = types.get(name)
            converted = convert(value, name, types, MEASURED) if converter is None else converter(value)
        except (ValueError, CannotConvert) as error:
            return {"refused": str(error)}
        return {"handle": self._values.keep(converted), "text": text(converted), "items": [text(item) for item in unrolled(converted)]}

    def _get(self, request: Mapping[str, Any]) -> dict[str, Json]:
        """A property; and beside it the simple ones, for a child that goes through all of them."""
        properties = self._values.kept(request["handle"]).properties()
        simple = {name: self._values.encode(value) for name, value in properties.items() if not isinstance(value, NetObject | list | dict)}
        return {"value": self._values.encode(properties.get(request["name"])), "simple": simple}

    def _set(self, request: Mapping[str, Any]) -> dict[str, Json]:
        self._values.kept(request["handle"]).set_property(request["name"], self._values.decode(request["value"]))
        return {}

    def _call(self, request: Mapping[str, Any]) -> dict[str, Json]:
        """The child has chosen the overload: the one at ``index`` among the methods of that name."""
        method = self._values.kept(request["handle"]).methods()[request["name"]][request["index"]]
        return {"value": self._values.encode(method(*self._values.decode(request["arguments"])))}

    def _sender(self, request: Mapping[str, Any]) -> dict[str, Json]:
        return {"value": self._values.encode(automatic_variables(self._session, {})["pssenderinfo"])}

    def _snap_in(self, request: Mapping[str, Any]) -> dict[str, Json]:
        """Loads a registered snap-in: the path of its module, or nothing when there is no such snap-in."""
        name = request["name"].lower()
        for snap_in in self._session.configuration.snap_ins:
            if snap_in.name.lower() == name:
                loaded = name in self._session.loaded_snap_ins
                if not loaded:
                    self._session.closing.wait(snap_in.delay)
                    self._session.loaded_snap_ins.add(name)
                return {"module": self._modules[name], "loaded": loaded, "version": snap_in.version, "name": snap_in.name}
        return {}


def _running(cmdlet: Cmdlet, call: Call) -> Iterator[Any]:
    """The cmdlet's outputs. Raises TerminatingError, whatever goes wrong."""
    try:
        yield from cmdlet.implementation(call)
    except TerminatingError:
        raise
    except NetException as error:
        raise TerminatingError(str(error), error.type_name, "NotSpecified", error.type_name) from error
    except Exception as error:
        _LOG.error("%s failed in the lab", cmdlet.name, exc_info=error)
        raise TerminatingError(f"The lab's own code failed: {error!r}", "LabFailure") from error
