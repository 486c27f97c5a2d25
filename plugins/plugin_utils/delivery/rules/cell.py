# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cell of the matrix: one scenario on one server, what is wanted, and what the rules expect."""

from __future__ import annotations

import dataclasses

from ..scenarios import Process, Scenario, Want
from .session_rules import Prediction


@dataclasses.dataclass(frozen=True)
class Cell:
    """One scenario on one server.

    ``sender`` is the address that the message is expected to come from, where that is not the farm's (the invitation, a server's probe);
    empty for the user who shares, where nobody said who that is. ``alternatives`` are the same for other recipients, where it is not the
    test alone that decides whom the mail goes to.
    """

    scenario: Scenario
    server: str
    recipient: str
    needed: bool
    prediction: Prediction
    sender: str = ""
    alternatives: tuple[Cell, ...] = ()

    def about(self, recipient: str) -> Cell | None:
        """The cell for mail to that recipient; None where nothing was predicted for it."""
        cells = (self, *self.alternatives)
        return next((cell for cell in cells if cell.recipient.casefold() == recipient.casefold()), None)

    @property
    def recipients(self) -> list[str]:
        """All whom the mail may go to, the one that a test writes to first."""
        return [cell.recipient for cell in (self, *self.alternatives)]

    def unpredicted(self) -> Cell:
        """The same, of which nobody predicted anything."""
        return dataclasses.replace(self, prediction=Prediction("not_predicted", "not_predicted", ()), alternatives=())

    @property
    def id(self) -> str:
        return self.scenario.id

    @property
    def name(self) -> str:
        return self.scenario.name

    @property
    def process(self) -> Process:
        return self.scenario.process

    @property
    def want(self) -> Want:
        return self.scenario.want
