# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A test that cannot run on this farm: a finding, not an error."""

from __future__ import annotations

from typing import Any

from ...common.errors import MailError


class NotRun(MailError):
    """Nothing was sent and nothing is left behind. ``reason_id`` is a stable word for programs, ``message`` a sentence for people."""

    def __init__(self, reason_id: str, message: str) -> None:
        super().__init__(message)
        self.reason_id = reason_id

    def as_dict(self) -> dict[str, Any]:
        return {"not_run": self.message, "reason_id": self.reason_id}
