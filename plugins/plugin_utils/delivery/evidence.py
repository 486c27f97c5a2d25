# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a statement rests on: a fact, its value, whether somebody saw it or it follows from rules, and from whom or what."""

from __future__ import annotations

import dataclasses
from typing import Literal

Standing = Literal["observed", "inferred"]
Outcome = Literal["delivered", "refused", "accepted_not_delivered", "bounced", "not_sent", "not_run"]
Predicted = Outcome | Literal["not_predicted"]
OUTCOMES: tuple[Outcome, ...] = ("delivered", "refused", "accepted_not_delivered", "bounced", "not_sent", "not_run")


@dataclasses.dataclass(frozen=True)
class Evidence:
    """One fact. ``by`` names the observer (and the address it looked from) or, for an inference, what it was inferred from."""

    fact: str
    value: str
    standing: Standing
    by: str

    def as_dict(self, part: str) -> dict[str, str]:
        """JSON form; ``part`` is ``prediction`` or ``observation``."""
        return {**dataclasses.asdict(self), "part": part}


def observed(fact: str, value: object, by: str) -> Evidence:
    return Evidence(fact, str(value), "observed", by)


def inferred(fact: str, value: object, by: str) -> Evidence:
    return Evidence(fact, str(value), "inferred", by)
