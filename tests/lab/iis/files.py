"""The folders and files of one Windows host, as far as the SMTP server uses them."""

from __future__ import annotations

import dataclasses
import datetime
import threading


def normal(path: str) -> str:
    """A path without doubled or final separators, and with backslashes."""
    parts = [part for part in path.replace("/", "\\").split("\\") if part]
    return "\\".join(parts) if len(parts) != 1 else f"{parts[0]}\\"


@dataclasses.dataclass
class Entry:
    """A folder (``content`` is None) or a file."""

    path: str
    content: bytes | None
    written: datetime.datetime

    @property
    def name(self) -> str:
        return self.path.rpartition("\\")[2]

    @property
    def parent(self) -> str:
        return self.path.rpartition("\\")[0]


class Files:
    """Paths are compared without case. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._entries: dict[str, Entry] = {}
        for folder in ("C:\\inetpub", "C:\\Windows\\System32\\LogFiles"):
            self.make_folder(folder)

    def find(self, path: str) -> Entry | None:
        return self._entries.get(normal(path).lower())

    def make_folder(self, path: str) -> Entry:
        """The folder, made with its parents when it is not there. Raises FileExistsError when a file has that name."""
        with self._lock:
            found = self.find(path)
            if found is not None:
                if found.content is not None:
                    raise FileExistsError(path)
                return found
            entry = Entry(normal(path), None, datetime.datetime.now(datetime.UTC))
            if "\\" in entry.path.rstrip("\\"):
                self.make_folder(entry.parent)
            self._entries[entry.path.lower()] = entry
            return entry

    def write(self, path: str, content: bytes, append: bool = False) -> None:
        """Writes a file. Raises FileNotFoundError when its folder is not there."""
        with self._lock:
            entry = Entry(normal(path), content, datetime.datetime.now(datetime.UTC))
            folder = self.find(entry.parent)
            if folder is None or folder.content is not None:
                raise FileNotFoundError(entry.parent)
            before = self.find(path)
            if append and before is not None and before.content is not None:
                entry.content = before.content + content
            self._entries[entry.path.lower()] = entry

    def remove(self, path: str) -> None:
        """Takes a file away; nothing when it is not there."""
        with self._lock:
            self._entries.pop(normal(path).lower(), None)

    def children(self, path: str, recurse: bool = False) -> list[Entry]:
        """What lies in a folder, folders first, by name."""
        start = normal(path).rstrip("\\").lower() + "\\"
        with self._lock:
            found = [
                entry
                for key, entry in self._entries.items()
                if key.startswith(start) and key != start and (recurse or "\\" not in key[len(start) :])
            ]
        return sorted(found, key=lambda entry: (entry.parent.lower(), entry.content is not None, entry.name.lower()))
