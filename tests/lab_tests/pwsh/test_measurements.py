"""What was measured on PowerShell 7.6 is asked of the PowerShell at hand, through the lab's front: the same cmdlets, the same objects."""

from __future__ import annotations

from typing import Any

import pytest
from pypsrp.powershell import PowerShell, RunspacePool

from tests.lab_tests.engine.test_measurements import BINDINGS, PIPELINES, bound, carried_out, expected_of_binding


@pytest.fixture
def untouched(real_pool: RunspacePool) -> RunspacePool:
    """A session whose objects are as they were."""
    PowerShell(real_pool).add_cmdlet("Reset-It").invoke()
    return real_pool


@pytest.mark.parametrize("row", BINDINGS, ids=[f"{row['parameter']}={row['value']}" for row in BINDINGS])
def test_binding(row: dict[str, Any], untouched: RunspacePool) -> None:
    assert bound(row, untouched) == expected_of_binding(row)


@pytest.mark.parametrize("case", PIPELINES, ids=[case["case"] for case in PIPELINES])
def test_pipeline(case: dict[str, Any], untouched: RunspacePool) -> None:
    """Some cmdlets were functions where it was measured, whose names may have a hyphen: classes may not."""
    answer = carried_out(case["statements"], untouched)
    expected = [{**error, "id": _as_class(error["id"])} for error in case["errors"]]
    assert answer == {"state": case["state"], "outputs": case["outputs"], "errors": expected}


def _as_class(error_id: str) -> str:
    name, _unused, source = error_id.partition(",")
    return f"{name},{source if source.startswith('Microsoft.PowerShell') else source.replace('-', '')}" if source else name
