# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moments: from what a host or a person writes to UTC, and back."""

from __future__ import annotations

import datetime
import re
from typing import Any

from .errors import BadInput

_FRACTION = re.compile(r"(\.\d{6})\d+")


def whole_microseconds(text: str) -> str:
    """A timestamp of .NET's, which has seven digits of a second, as Python reads it."""
    return _FRACTION.sub(r"\1", text.strip())


def parse_moment(value: Any, zone: datetime.tzinfo | None = datetime.UTC) -> datetime.datetime | None:
    """A datetime or ISO 8601 text as UTC; None for what is neither.

    Without a zone it is of ``zone``: UTC, in which Exchange's tracking log and SharePoint's job history are kept. Where the zone is not
    known, which is None, neither is the moment.
    """
    if isinstance(value, datetime.datetime):
        moment = value
    else:
        try:
            moment = datetime.datetime.fromisoformat(whole_microseconds(str(value)))
        except ValueError:
            return None
    if moment.tzinfo is None and zone is None:
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(datetime.UTC)
    except OverflowError:  # DateTime.MinValue with an offset
        return None


def required_moment(option: str, value: Any) -> datetime.datetime:
    """As ``parse_moment``, for the value of an option. Raises BadInput, naming it, for what is neither."""
    moment = parse_moment(value)
    if moment is None:
        raise BadInput(f"{option}: {value!r} is not a valid ISO 8601 timestamp, such as 2026-01-31T13:45:00Z. Nothing was read.")
    return moment


def now() -> datetime.datetime:
    """The controller's clock, UTC."""
    return datetime.datetime.now(datetime.UTC)
