# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a farm needs of its mail."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Needs:
    """What this farm needs beyond mail to its own people."""

    external: bool = False
    groups: bool = False
    send_as_users: bool = False
    workflow: bool = False
    no_plain_text: bool = False
    spoof_refused: bool = False

    @classmethod
    def parse(cls, facts: Mapping[str, Any]) -> Needs:
        """What is not named is not needed."""
        return cls(**{field.name: bool(facts.get(field.name)) for field in dataclasses.fields(cls)})
