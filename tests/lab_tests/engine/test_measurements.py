"""Every value and every pipeline that was measured on a real engine, sent by pypsrp to the lab's engine."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.serializer import TaggedValue

from tests.lab_tests.engine.messages import MEASUREMENTS, answer, listening

BINDINGS: list[dict[str, Any]] = json.loads((MEASUREMENTS / "bindings.json").read_text(encoding="utf-8"))
PIPELINES: list[dict[str, Any]] = json.loads((MEASUREMENTS / "pipelines.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("row", BINDINGS, ids=[f"{row['parameter']}={row['value']}" for row in BINDINGS])
def test_binding(row: dict[str, Any], measured_pool: RunspacePool) -> None:
    assert bound(row, measured_pool) == expected_of_binding(row)


def bound(row: dict[str, Any], pool: RunspacePool) -> dict[str, Any]:
    """What became of a value that is given to a parameter."""
    value = row["value"]
    if isinstance(value, int) and value > 2**31 - 1:
        value = TaggedValue("I64", value)  # pypsrp writes any int as an Int32
    command = PowerShell(pool).add_cmdlet("Set-RecvC").add_parameter("Identity", "x").add_parameter(row["parameter"], value)
    with listening() as received:
        command.invoke()
    return answer(received)


def expected_of_binding(row: dict[str, Any]) -> dict[str, Any]:
    if "bound" in row:
        return {"state": "Completed", "outputs": [row["bound"]], "errors": []}
    refusal = {"id": f"{row['id']},Sample.SetRecv", "category": row["category"], "message": row["message"], "terminating": True}
    return {"state": "Failed", "outputs": [], "errors": [refusal]}


@pytest.mark.parametrize("case", PIPELINES, ids=[case["case"] for case in PIPELINES])
def test_pipeline(case: dict[str, Any], measured_pool: RunspacePool) -> None:
    assert carried_out(case["statements"], measured_pool) == {name: case[name] for name in ("state", "outputs", "errors")}


def carried_out(statements: list[list[dict[str, Any]]], pool: RunspacePool) -> dict[str, Any]:
    """What became of a message."""
    pipeline = PowerShell(pool)
    for index, statement in enumerate(statements):
        if index:
            pipeline.add_statement()
        for command in statement:
            pipeline.add_cmdlet(command["cmdlet"])
            for name, value in command["parameters"].items():
                pipeline.add_parameter(name, value)
    with listening() as received:
        pipeline.invoke()
    return answer(received)


def test_all_measurements_are_here() -> None:
    assert (len(BINDINGS), len(PIPELINES)) == (51, 50)
