# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moments: from what a host or a person writes to UTC, and back."""

from __future__ import annotations

import datetime
import re
from typing import Any

# .NET writes seven digits of a second; Python reads six.
_FRACTION = re.compile(r"(\.\d{6})\d+")


def parse_moment(value: Any) -> datetime.datetime | None:
    """A datetime or ISO 8601 text as UTC; None for what is neither.

    Without a zone it is taken as UTC: Exchange's tracking log and SharePoint's job history are kept in it.
    """
    if isinstance(value, datetime.datetime):
        moment = value
    else:
        try:
            moment = datetime.datetime.fromisoformat(_FRACTION.sub(r"\1", str(value).strip()))
        except ValueError:
            return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).astimezone(datetime.UTC)
    except OverflowError:  # DateTime.MinValue with an offset
        return None


def now() -> datetime.datetime:
    """The controller's clock, UTC."""
    return datetime.datetime.now(datetime.UTC)
