"""Faults on order: what goes wrong, at which door of which host, and at which request. Each is data, set over the control server."""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

HTTP_DOORS = frozenset({"winrm", "rest", "ews"})
WHAT: Mapping[str, frozenset[str]] = {
    "lost": HTTP_DOORS | {"smtp"},
    "cut": HTTP_DOORS,
    "html": HTTP_DOORS,
    "status": HTTP_DOORS | {"smtp"},
    "delay": HTTP_DOORS | {"smtp"},
    "refused": frozenset({"winrm"}),
    "session_ends": frozenset({"winrm"}),
    "error": frozenset({"winrm"}),
}
"""What can happen, and the doors at which it can."""
CMDLET = "cmdlet"
"""The ``request`` of an ``error``: it meets commands where they run, not requests."""
PAGE = (
    b"<!DOCTYPE html><html><head><title>Service Unavailable</title></head>"
    b"<body><h1>Service Unavailable</h1><p>The proxy server could not handle the request.<hr></body></html>"
)


@dataclasses.dataclass
class Fault:
    """One fault. Raises ValueError for what makes no sense.

    ``what``: ``lost`` (the connection is closed without an answer), ``cut`` (closed in the middle of the answer), ``html`` (a proxy's
    page in its place, with status 200), ``status`` (HTTP status or SMTP reply code ``status``, with ``text``), ``delay`` (by
    ``seconds``), ``refused`` (WSMan fault ``code`` with ``text``), ``session_ends`` (the process of the session dies), ``error`` (the
    command ``about`` writes an error record of ``text``, ``error_id`` and ``category``).
    ``when``: ``before`` the request is carried out, and then it never is (a ``delay`` aside), or ``after``. An ``error`` comes in place
    of what the command does, or after it.
    ``host``: its name, any when empty. ``request``: the WSMan action (``Create``, ``Command``, ``Receive`` ...), HTTP method or SMTP
    command (``MAIL``, ``RCPT``, ``DATA``) that counts; any when empty. ``about``: a word of what is asked: the name of a command in the
    pipeline, a part of the URL's path, of the EWS envelope, or of the SMTP command's argument. At ``winrm``, a fault with ``about`` counts
    ``Start`` unless it says otherwise: the ``Command``, or the ``Send`` that ends the input where the client pipes into the pipeline.
    It hits the ``nth`` request that fits (1 is the next) and those that follow, ``times`` in all; 0 is all of them.
    """

    what: str
    host: str = ""
    door: str = "winrm"
    request: str = ""
    about: str = ""
    when: str = "before"
    nth: int = 1
    times: int = 1
    seconds: float = 0.0
    status: int = 503
    code: int = 0
    text: str = "Service Unavailable"
    error_id: str = "RuntimeException"
    category: str = "NotSpecified"
    met: int = dataclasses.field(default=0, init=False)
    hits: int = dataclasses.field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.door not in WHAT.get(self.what, ()):
            raise ValueError(f"{self.what!r} is no fault of the door {self.door!r}")
        if self.when not in ("before", "after") or (self.what, self.when) == ("cut", "before"):
            raise ValueError(f"{self.what!r} does not happen {self.when!r} a request is carried out")
        if self.what == "error" and (self.request or not self.about):
            raise ValueError("an 'error' names a command in 'about', and no 'request'")
        if self.nth < 1 or self.times < 0:
            raise ValueError("'nth' counts from 1, and 'times' from 0")
        if self.what == "error":
            self.request = CMDLET
        elif self.about and self.door == "winrm":
            self.request = self.request or "Start"

    @property
    def after(self) -> bool:
        return self.when == "after"

    def fits(self, host: str, door: str, request: str, text: str) -> bool:
        return (
            self.door == door
            and self.host.lower() in ("", host.lower())
            and (self.request.lower() in request.lower().split() or (not self.request and request != CMDLET))
            and (not self.about or bool(re.search(rf"(?<![\w-]){re.escape(self.about)}(?![\w-])", text, re.IGNORECASE)))
        )


class Faults:
    """Those that are set. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def set(self, declared: Iterable[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
        """Puts these in place of all others; returns them as ``listed`` does. Raises ValueError for what is no fault."""
        try:
            faults = [Fault(**one) for one in declared or ()]
        except TypeError as error:
            raise ValueError(f"not the fields of a fault: {error}") from error
        with self._lock:
            self._faults = faults
        return self.listed()

    def listed(self) -> list[dict[str, Any]]:
        """Each with its fields, how many requests fitted (``met``) and how often it struck (``hits``)."""
        with self._lock:
            return [dataclasses.asdict(fault) for fault in self._faults]

    def meet(self, host: str, door: str, request: str, text: str = "") -> Fault | None:
        """Counts one request, and returns the fault that strikes it. ``request``: its kind, or several with spaces between;
        ``text``: what ``about`` is looked for in."""
        struck: Fault | None = None
        with self._lock:
            for fault in self._faults:
                if fault.fits(host, door, request, text):
                    fault.met += 1
                    if struck is None and fault.met >= fault.nth and (not fault.times or fault.met < fault.nth + fault.times):
                        fault.hits += 1
                        struck = fault
        return struck


@dataclasses.dataclass(frozen=True)
class Answer:
    """An HTTP answer; ``cut``: only half of the body is sent."""

    status: int
    body: bytes
    kind: str
    cut: bool = False


def through(fault: Fault | None, carry_out: Callable[[], Answer], wait: Callable[[float], object]) -> Answer | None:
    """What an HTTP server sends under a fault; None for nothing at all, then the connection ends. ``wait`` takes seconds."""
    if fault is None:
        return carry_out()
    answer = carry_out() if fault.after else None
    if fault.what == "lost":
        return None
    if fault.what in ("html", "status"):
        return Answer(200 if fault.what == "html" else fault.status, PAGE, "text/html")
    if fault.what == "delay":
        wait(fault.seconds)
    answer = answer or carry_out()
    return dataclasses.replace(answer, cut=fault.what == "cut")
