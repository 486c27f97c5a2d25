# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A prediction, whole: made before the first message is sent, kept as JSON, and handed to the judgement unchanged."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, get_args

from ...common.errors import FactError
from ..causes import PREDICTED
from ..evidence import OUTCOMES, Evidence, Standing
from ..rules.cell import Cell
from ..rules.doors import NOTHING_ASKED, Asked
from ..rules.predict import predict
from ..rules.session_rules import Prediction
from ..scenarios import SCENARIOS, Scenario
from ..situation.facts import Situation
from .routes import recommend

SCHEMA = 1


class ReasonRecord(TypedDict):
    """One piece of evidence."""

    fact: str
    value: str
    standing: str
    by: str


class CellRecord(TypedDict):
    """A cell. ``name``, ``process`` and ``want`` are those of the scenario, for who reads the record; the scenario is found by its id."""

    id: str
    name: str
    server: str
    process: str
    recipient: str
    want: str
    needed: bool
    outcome: str
    decisive: str
    sender: str
    connector: str
    client: str
    target: str
    reasons: list[ReasonRecord]
    alternatives: list[CellRecord]


class PredictionRecord(TypedDict):
    """A prediction as JSON-able values. ``variables`` are those of the route that remedies name."""

    schema: int
    route: str
    cells: list[CellRecord]
    recommended: dict[str, Any]
    routes: list[dict[str, Any]]
    variables: str


@dataclasses.dataclass(frozen=True)
class Foretold:
    """What is expected of each scenario on each server, and which route is advised."""

    route: str
    cells: tuple[Cell, ...]
    recommended: Mapping[str, Any]
    routes: Sequence[Mapping[str, Any]]
    variables: str

    def record(self) -> PredictionRecord:
        return {
            "schema": SCHEMA,
            "route": self.route,
            "cells": [_record(cell) for cell in self.cells],
            "recommended": dict(self.recommended),
            "routes": [dict(route) for route in self.routes],
            "variables": self.variables,
        }

    @classmethod
    def parse(cls, record: Mapping[str, Any], declared: Sequence[Scenario] = SCENARIOS) -> Foretold:
        """From a record, or from the registered result of ``mail_route`` that has one. Raises FactError for what is none."""
        given = record.get("prediction", record)
        if not isinstance(given, Mapping) or given.get("schema") != SCHEMA:
            raise FactError(f"the prediction is not one of mail_route (schema {SCHEMA}): make it with this version of the collection")
        known = {scenario.id: scenario for scenario in declared}
        try:
            cells = tuple(_cell(one, known) for one in given["cells"])
            return cls(str(given["route"]), cells, given["recommended"], given["routes"], str(given["variables"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FactError(f"the prediction is not valid ({error}): pass what mail_route returned, unchanged") from error


def foretell(situation: Situation, asked: Asked = NOTHING_ASKED, declared: Sequence[Scenario] = SCENARIOS) -> Foretold:
    """The prediction for a situation."""
    advice = recommend(situation.needs, situation)
    routes = [route.as_dict() for route in advice.routes]
    return Foretold(situation.route, tuple(predict(situation, asked, declared)), advice.as_dict(), routes, advice.variables)


def _record(cell: Cell) -> CellRecord:
    prediction = cell.prediction
    return {
        "id": cell.id,
        "name": cell.name,
        "server": cell.server,
        "process": cell.process,
        "recipient": cell.recipient,
        "want": cell.want,
        "needed": cell.needed,
        "outcome": prediction.outcome,
        "decisive": prediction.decisive,
        "sender": cell.sender,
        "connector": prediction.connector,
        "client": prediction.client,
        "target": prediction.target,
        "reasons": [{"fact": r.fact, "value": r.value, "standing": r.standing, "by": r.by} for r in prediction.reasons],
        "alternatives": [_record(other) for other in cell.alternatives],
    }


def _cell(record: Mapping[str, Any], known: Mapping[str, Scenario]) -> Cell:
    """Raises KeyError for what is missing, ValueError with a clause for what makes no sense."""
    scenario = known.get(str(record["id"]))
    if scenario is None:
        raise ValueError(f"there is no scenario {record['id']!r}")
    if record["outcome"] not in OUTCOMES or record["decisive"] not in PREDICTED:
        raise ValueError(f"{record['outcome']!r}, decided by {record['decisive']!r}, is not a valid prediction")
    reasons = tuple(_reason(reason) for reason in record["reasons"])
    prediction = Prediction(
        record["outcome"], record["decisive"], reasons, str(record["connector"]), str(record["client"]), str(record["target"])
    )
    others = tuple(_cell(other, known) for other in record["alternatives"])
    return Cell(
        scenario, str(record["server"]), str(record["recipient"]), bool(record["needed"]), prediction, str(record["sender"]), others
    )


def _reason(record: Mapping[str, Any]) -> Evidence:
    if record["standing"] not in get_args(Standing):
        raise ValueError(f"{record['standing']!r} is neither observed nor inferred")
    return Evidence(str(record["fact"]), str(record["value"]), record["standing"], str(record["by"]))
