"""Whatever task of the role fails: what was there is restored, and the first cause is told."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.demo.demo import ROUTES
from tests.integration.conftest import Lab, Run, StartLab
from tests.integration.test_story import SITE, paths
from tests.integration.test_undo import state

pytestmark = pytest.mark.deep
# The route with the most steps, and the shortest verification.
VARIABLES: dict[str, Any] = {
    **ROUTES["iis_relay"],
    "mail_route": "iis_relay",
    "verify_delivery_needs": {},
    "verify_delivery_scenarios": ["notification", "alert"],
    "verify_delivery_timeout": 3,
}
FARM = ("--state", "anonymous-port")
PARTS = 24
# What all hosts do while a task runs: they carry out what they are asked, and the answer is lost; or a proxy answers in their place.
FAULTS = {
    "answers lost": [{"what": "lost", "door": door, "when": "after", "times": 0} for door in ("winrm", "rest", "ews")],
    "a proxy's page": [{"what": "html", "door": door, "times": 0} for door in ("winrm", "rest", "ews")],
}
TEMPLATE = "a template that breaks"
Tasks = dict[int, dict[str, str]]


def _run(lab: Lab, **broken: Any) -> tuple[Run, list[dict[str, str]]]:
    started = lab.state / f"started-{len(list(lab.state.glob('started-*')))}.jsonl"
    order = {"list": str(started), "control": f"{lab.subnet}.1", **broken}
    run = lab.playbook(SITE, variables={**VARIABLES, **paths(lab)}, break_task=order)
    return run, [json.loads(line) for line in started.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def tasks(start_lab: StartLab) -> Tasks:
    """The tasks of a run that nothing disturbs, by their number: of those that run several times, the last."""
    run, started = _run(start_lab(*FARM))
    assert run.code == 0, run.output
    last = {(task["name"], task["action"]): number for number, task in enumerate(started)}
    assert len(last) > 40
    return {number: started[number] for number in sorted(last.values())}


def _ways(tasks: Tasks) -> Iterator[tuple[int, str]]:
    """Each task with its fault. Tasks that ask a host take the ways in turn; with EVERY_WAY set, each of them takes each."""
    turns = itertools.cycle([*FAULTS, TEMPLATE])
    for number, task in tasks.items():
        asks = task["action"].startswith("sharepoint.mail.")
        if os.environ.get("EVERY_WAY"):
            yield from ((number, way) for way in ([*FAULTS, TEMPLATE] if asks else [TEMPLATE]))
        else:
            yield number, next(turns) if asks else TEMPLATE


FARMS: list[Lab] = []


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_task_fails_nothing_stays_changed(start_lab: StartLab, tasks: Tasks, part: int) -> None:
    wrong = []
    for number, way in list(_ways(tasks))[part::PARTS]:
        if not FARMS:
            FARMS.append(start_lab(*FARM))
        (lab,) = FARMS
        before = state(lab)
        run, _unused = _run(lab, number=number, **({"template": True} if way == TEMPLATE else {"faults": FAULTS[way]}))
        if run.code == 0 and way != TEMPLATE:
            # A task that asks no host, or to which such a failure is a finding: the farm is on its route.
            FARMS.clear()
            continue
        told = " ".join(run.failures[-1:])
        kept = state(lab) == before
        if not kept:
            FARMS.clear()
        if run.code != 2 or not kept or not told or (way == TEMPLATE and "this_template_breaks" not in told):
            wrong.append((tasks[number]["name"], way, run.code, told, kept))
    assert wrong == []
