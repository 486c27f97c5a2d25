# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps secrets out of results, errors and diffs: Ansible does not do it for action plugins."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

MASK: Final = "********"


def is_secret(option: str) -> bool:
    """Whether an option of this name holds a secret: every option whose name ends in ``password``, but for ``update_password``.

    That one says *when* a password is written, in this collection as in Ansible's own.
    """
    return option.lower().endswith("password") and option.lower() != "update_password"


def secrets_in(value: Any) -> set[str]:
    """The values of all secret options in ``value``, at any depth."""
    if isinstance(value, Mapping):
        found: set[str] = set()
        for name, entry in value.items():
            if is_secret(str(name)) and not isinstance(entry, (Mapping, list, tuple)):
                found |= {str(entry)} if entry not in (None, "") else set()
            else:
                found |= secrets_in(entry)
        return found
    if isinstance(value, (list, tuple)):
        return set().union(*(secrets_in(entry) for entry in value))
    return set()


def _forms(secret: str) -> set[str]:
    """The secret as it may be quoted: by Python, PowerShell, JSON, XML, HTML or in a URL."""
    doubled = secret.replace("\\", "\\\\")
    return {
        secret,
        secret.replace("'", "''"),
        doubled,
        doubled.replace("'", "\\'"),
        doubled.replace('"', '\\"'),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
        html.escape(secret, quote=False),
        quote(secret, safe=""),
    }


class Masker:
    """Replaces secrets wherever they stand, also in the forms in which somebody quotes them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._plain = {secret for secret in secrets if secret}
        self._quoted = sorted({form for secret in self._plain for form in _forms(secret)}, key=len, reverse=True)

    def text(self, text: str) -> str:
        """``text`` as a plain string without secrets."""
        for form in self._quoted:
            text = text.replace(form, MASK)
        return str(text)

    def value(self, value: Any) -> Any:
        """``value`` without secrets, rebuilt of the types that JSON knows."""
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int):
            return MASK if str(value) in self._plain else int(value)
        if isinstance(value, float):
            return float(value)
        if isinstance(value, Mapping):
            return {
                self.value(name): MASK if is_secret(str(name)) and isinstance(entry, (str, int)) and entry != "" else self.value(entry)
                for name, entry in value.items()
            }
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self.value(entry) for entry in value]
        return self.text(str(value))
