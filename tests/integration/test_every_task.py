"""Whatever task of the role fails, and whichever way: what was there is restored, and the first cause is told."""

from __future__ import annotations

import json
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


def _part(tasks: Tasks, part: int, action: str = "") -> list[int]:
    return [number for number, task in tasks.items() if task["action"].startswith(action)][part::PARTS]


@pytest.mark.parametrize("part", range(PARTS))
def test_a_template_that_breaks_in_any_task_leaves_nothing_changed(start_lab: StartLab, tasks: Tasks, part: int) -> None:
    lab = start_lab(*FARM)
    before = state(lab)
    wrong = []
    for number in _part(tasks, part):
        run, _unused = _run(lab, number=number, template=True)
        told = " ".join(run.failures[-1:])
        if run.code != 2 or "this_template_breaks" not in told or state(lab) != before:
            wrong.append((tasks[number]["name"], run.code, told, state(lab) == before))
    assert wrong == []


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("way", FAULTS)
def test_a_host_that_fails_during_any_task_leaves_nothing_changed(start_lab: StartLab, tasks: Tasks, way: str, part: int) -> None:
    """Tasks that ask no host, or for whom a failure is a finding, go on: then the farm is on its route, and otherwise as before."""
    lab = start_lab(*FARM)
    before = state(lab)
    wrong = []
    for number in _part(tasks, part, "sharepoint.mail."):
        run, _unused = _run(lab, number=number, faults=FAULTS[way])
        now = state(lab)
        if run.code == 0:
            lab = start_lab(*FARM)
            before = state(lab)
        elif run.code != 2 or now != before or not run.failures:
            wrong.append((tasks[number]["name"], run.code, run.failures[-1:], now == before))
    assert wrong == []
