# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of other modules as a play registered them: alone, in loops, skipped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def unrolled(registered: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Each single result; a loop's one by one, without those that were skipped."""
    for result in registered:
        if isinstance(result.get("results"), list):
            yield from unrolled(result["results"])
        elif not result.get("skipped"):
            yield result
