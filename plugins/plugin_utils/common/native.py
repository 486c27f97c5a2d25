# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The border between Ansible's values and this collection: what comes in is made plain here, once, and nowhere else."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence, Set, ValuesView
from typing import Any


def native(value: Any) -> Any:
    """``value`` rebuilt of Python's own types, exactly: None, bool, int, float, str, bytes, date, time, datetime, list and dict.

    Ansible hands out subclasses of them (``AnsibleUnicode`` and ``AnsibleUnsafeText`` before ansible-core 2.19, tagged strings and
    numbers since). Libraries that look at the exact type refuse those (imap-tools), or send them as something else (pypsrp). Their
    own ``str()`` need not help: the one of ``AnsibleUnsafeText`` gives itself back, hence the base classes' methods.
    A value that Ansible Vault encrypts becomes its clear text. Raises TypeError for what Ansible's variables cannot hold.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, bytes):
        return bytes(memoryview(value))
    if isinstance(value, datetime.datetime):
        return datetime.datetime.combine(native(value.date()), native(value.timetz()))
    if isinstance(value, datetime.date):
        return datetime.date(value.year, value.month, value.day)
    if isinstance(value, datetime.time):
        return datetime.time(value.hour, value.minute, value.second, value.microsecond, value.tzinfo, fold=value.fold)
    if getattr(value, "__ENCRYPTED__", False):  # a !vault value, which is no str before ansible-core 2.19
        return native(str(value))
    if isinstance(value, Mapping):
        return {native(key): native(entry) for key, entry in value.items()}
    if isinstance(value, (Sequence, Set, ValuesView)):
        return [native(entry) for entry in value]
    raise TypeError(f"a value of type {type(value).__name__} cannot be the value of a variable")
