"""What was asked of the hosts: every pipeline received, as JSON lines, without secrets."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import threading
from collections.abc import Iterable, Mapping
from typing import Any

MASK = "********"

Parameter = dict[str, Any]
"""``{"type": CLIXML tag, "value": ...}``."""


@dataclasses.dataclass
class Entry:
    """One pipeline: where it ran, its statements (lists of ``{"cmdlet", "parameters"[, "script"]}``) and how it ended.

    ``errors`` holds ``{"id", "message"}`` of the error records sent, in order.
    """

    host: str
    endpoint: str
    product: str
    version: str
    statements: list[list[dict[str, Any]]]
    state: str = ""
    errors: list[dict[str, str]] = dataclasses.field(default_factory=list)
    engine: str = "own"
    """The PowerShell that it ran in: the lab's own, or a real one and its version."""


class Recorder:
    """Keeps the entries and, given a path, appends each to that file when its pipeline ends.

    ``secrets`` are the passwords known to the lab: wherever one stands as a value, or inside a text, it is masked.
    """

    def __init__(self, path: pathlib.Path | None = None, secrets: Iterable[str] = ()) -> None:
        self.entries: list[Entry] = []
        self._path = path
        self._secrets = frozenset(secret for secret in secrets if secret)
        self._lock = threading.Lock()

    def add(self, entry: Entry) -> None:
        masked = Entry(**self._masked(dataclasses.asdict(entry)))
        with self._lock:
            self.entries.append(masked)
            if self._path is not None:
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(dataclasses.asdict(masked), ensure_ascii=False) + "\n")

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            for secret in self._secrets:
                value = value.replace(secret, MASK)
            return value
        if isinstance(value, Mapping):
            return {key: self._masked(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._masked(item) for item in value]
        return value


def distinct(path: pathlib.Path) -> list[dict[str, Any]]:
    """The different entries of a recorder's file, in the order of their first appearance, without the host's name.

    Each is ``{"product", "version", "endpoint", "statements", "state", "errors", "engine"}``.
    """
    found: dict[str, dict[str, Any]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        kept = {name: entry[name] for name in ("product", "version", "endpoint", "statements", "state", "errors", "engine")}
        found.setdefault(json.dumps(kept, sort_keys=True), kept)
    return list(found.values())
