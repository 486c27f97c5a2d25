# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a message tells of its way by itself: the hops, how Exchange judged the sender, and which recipients it did not reach."""

from __future__ import annotations

import email.message
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
    "scl": "x-ms-exchange-organization-scl",
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


def delivery_failures(message: email.message.Message) -> list[dict[str, str]]:
    """Recipients that a delivery status notification reports as failed (RFC 3464); empty for any other message.

    Each has ``recipient``, ``original_recipient``, ``status`` (as 5.7.133), ``diagnostic``, ``remote_mta`` and ``reporting_mta``, empty
    where the notification does not say.
    """
    failures: list[dict[str, str]] = []
    for part in message.walk():
        blocks = part.get_payload() if part.get_content_type() == "message/delivery-status" else None
        if not isinstance(blocks, list):
            continue
        fields = [block for block in blocks if isinstance(block, email.message.Message)]
        reporting = next((_typed(block, "Reporting-MTA") for block in fields if "Reporting-MTA" in block), "")
        for block in fields:
            if str(block.get("Action", "")).strip().casefold() == "failed":
                failures.append(
                    {
                        "recipient": _typed(block, "Final-Recipient"),
                        "original_recipient": _typed(block, "Original-Recipient"),
                        "status": " ".join(str(block.get("Status", "")).split()),
                        "diagnostic": _typed(block, "Diagnostic-Code"),
                        "remote_mta": _typed(block, "Remote-MTA"),
                        "reporting_mta": reporting,
                    }
                )
    return failures


def _typed(block: email.message.Message, name: str) -> str:
    """A field of the form ``type; value`` (RFC 3464, section 2.1.2) without its type."""
    text = " ".join(str(block.get(name, "")).split())
    return text.partition(";")[2].strip() if ";" in text else text
