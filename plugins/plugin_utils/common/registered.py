# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of modules as tasks register them: alone, in loops, skipped or failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Facts = Mapping[str, Any]


def results(registered: Iterable[Facts]) -> Iterator[Facts]:
    """Each result by itself: a loop's are unrolled, skipped ones left out."""
    for result in registered:
        if isinstance(result.get("results"), list):
            yield from results(result["results"])
        elif not result.get("skipped"):
            yield result


def members(registered: Iterable[Facts], key: str) -> Iterator[Facts]:
    """The entries themselves, or those that a whole result carries under ``key``."""
    for result in results(registered):
        if isinstance(result.get(key), list):
            yield from result[key]
        elif not _is_result(result):
            yield result


def was_read(registered: Iterable[Facts], key: str) -> bool:
    """Whether anything was read: of results that were registered, one at least that carries ``key``."""
    given = list(registered)
    return not given or any(key in result or not _is_result(result) for result in results(given))


def _is_result(facts: Facts) -> bool:
    """Whether this is what a task returned, rather than an entry of it. One that failed need not say so: failed_when decides."""
    return "changed" in facts or bool(facts.get("failed"))


def loop_item(result: Facts) -> Any:
    """What a loop was at when this result was registered; None where it was no loop."""
    return result.get(str(result.get("ansible_loop_var") or "item"))
