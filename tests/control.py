"""A client of the lab's control server, for tests: what a real farm would not tell, and faults on order."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Control:
    """The control server at ``address`` (the lab's .1)."""

    address: str

    def ask(self, what: str, body: Any = None) -> Any:
        """GET /what, or POST of a ``body``; the answer. Raises ValueError with the lab's words for what it refuses."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        data = None if body is None else json.dumps(body).encode()
        try:
            with opener.open(urllib.request.Request(f"http://{self.address}:1999/{what}", data=data), timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error)) from error

    @contextlib.contextmanager
    def faults(self, *declared: Mapping[str, Any]) -> Iterator[None]:
        """What goes wrong meanwhile: fields of tests.lab.faults.Fault.
        Fails when one of them never struck: the test would prove nothing."""
        self.ask("faults", declared)
        try:
            yield
            missed = [fault for fault in self.ask("faults") if not fault["hits"]]
            assert missed == [], "faults that never struck"
        finally:
            self.ask("faults", [])

    def fault(self, what: str, **where: Any) -> contextlib.AbstractContextManager[None]:
        """One fault, in words: ``lab.fault("lost", host="ex01", about="New-ReceiveConnector", when="after")``."""
        return self.faults({"what": what, **where})
