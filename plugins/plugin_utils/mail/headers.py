# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a message's own headers tell of its way: the hops, and how Exchange judged the sender."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

# Exchange stamps these when it has evaluated a message's security ("Header firewall" in Exchange's documentation): AuthAs is Anonymous,
# Internal, External or Partner.
AUTH_HEADERS = {
    "auth_as": "x-ms-exchange-organization-authas",
    "auth_source": "x-ms-exchange-organization-authsource",
    "auth_mechanism": "x-ms-exchange-organization-authmechanism",
}


def received_chain(values: Sequence[str]) -> list[dict[str, Any]]:
    """Hops from first to last. ``values`` are Received headers in the order of the message: newest first (RFC 5321, section 4.4).

    Each hop has ``from``, ``by``, ``with``, ``time`` (ISO 8601, UTC) and ``seconds`` since the hop before, by the hosts' own clocks:
    negative where these differ; None for the first hop and where a date cannot be read.
    """
    hops: list[dict[str, Any]] = []
    previous: datetime | None = None
    for value in reversed(values):
        clauses, _unused, date = " ".join(value.split()).rpartition(";")
        time = _date(date)
        hops.append(
            {
                **{name: _clause(name, clauses or date) for name in ("from", "by", "with")},
                "time": None if time is None else time.isoformat(),
                "seconds": None if time is None or previous is None else (time - previous).total_seconds(),
            }
        )
        previous = time or previous
    return hops


def _clause(name: str, text: str) -> str:
    """``from host (comment)``: the words up to the next clause."""
    found = re.search(rf"(?:^|\s){name}\s+(.+?)(?=\s(?:from|by|via|with|id|for)\s|$)", text)
    return found.group(1).strip() if found else ""


def _date(text: str) -> datetime | None:
    try:
        parsed = email.utils.parsedate_to_datetime(text.strip())
    except (TypeError, ValueError):
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
