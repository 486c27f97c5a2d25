"""Whatever task of the role fails: what was there is restored, and the first cause is told."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
from typing import Any

import pytest

from tests.demo.demo import ROUTES
from tests.integration.conftest import Lab, Run, StartLab
from tests.integration.test_story import SITE, paths
from tests.integration.test_undo import state

pytestmark = pytest.mark.deep
# One short verification. The relay's route is there for the tasks that the other one has not.
VERIFICATION: dict[str, Any] = {
    "verify_delivery_needs": {},
    "verify_delivery_scenarios": ["notification", "alert"],
    "verify_delivery_timeout": 3,
}
FARMS = {"externally_secured": [], "iis_relay": ["--state", "anonymous-port"]}
PARTS = 24
# What all hosts do while a task runs: they carry out what they are asked, and the answer is lost; or a proxy answers in their place.
FAULTS = {
    "answers lost": [{"what": "lost", "door": door, "when": "after", "times": 0} for door in ("winrm", "rest", "ews")],
    "a proxy's page": [{"what": "html", "door": door, "times": 0} for door in ("winrm", "rest", "ews")],
}
TEMPLATE = "a template that breaks"


@dataclasses.dataclass(frozen=True)
class Broken:
    """A task of the role, by its number in a run on that route, and what breaks in it."""

    route: str
    number: int
    name: str
    way: str


def _run(lab: Lab, route: str, **broken: Any) -> tuple[Run, list[dict[str, str]]]:
    started = lab.state / f"started-{len(list(lab.state.glob('started-*')))}.jsonl"
    order = {"list": str(started), "control": f"{lab.subnet}.1", **broken}
    variables = {**ROUTES[route], "mail_route": route, **VERIFICATION, **paths(lab)}
    run = lab.playbook(SITE, variables=variables, break_task=order)
    return run, [json.loads(line) for line in started.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def tasks(start_lab: StartLab) -> list[Broken]:
    """Each task of runs that nothing disturbs, the last time that it runs, with its fault.

    Tasks that ask a host take the ways in turn; with EVERY_WAY set, each of them takes each.
    """
    found: dict[tuple[str, str], tuple[str, int]] = {}
    for route, options in FARMS.items():
        run, started = _run(start_lab(*options), route)
        assert run.code == 0, run.output
        last = {(task["name"], task["action"]): number for number, task in enumerate(started)}
        # A task that a route skips, as a loop over nothing does, evaluates nothing that could break: another route has to run it.
        skipped = {entry["task"] for entry in run.results if entry["status"] == "skipped"} if route != list(FARMS)[-1] else set()
        found = {**{task: (route, number) for task, number in last.items() if task[0] not in skipped}, **found}
    assert len(found) > 50
    turns = itertools.cycle([*FAULTS, TEMPLATE])
    broken = []
    for (name, action), (route, number) in found.items():
        asks = action.startswith("sharepoint.mail.")
        ways = [TEMPLATE] if not asks else [*FAULTS, TEMPLATE] if os.environ.get("EVERY_WAY") else [next(turns)]
        broken += [Broken(route, number, name, way) for way in ways]
    return broken


LABS: dict[str, Lab] = {}


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_task_fails_nothing_stays_changed(start_lab: StartLab, tasks: list[Broken], part: int) -> None:
    wrong = []
    for task in tasks[part::PARTS]:
        lab = LABS.setdefault(task.route, LABS.get(task.route) or start_lab(*FARMS[task.route]))
        before = state(lab)
        broken = {"template": True} if task.way == TEMPLATE else {"faults": FAULTS[task.way]}
        run, _unused = _run(lab, task.route, number=task.number, **broken)
        if run.code == 0 and task.way != TEMPLATE:
            # A task that asks no host, or to which such a failure is a finding: the farm is on its route.
            del LABS[task.route]
            continue
        told = " ".join(run.failures[-1:])
        kept = state(lab) == before
        if not kept:
            del LABS[task.route]
        if run.code != 2 or not kept or not told or (task.way == TEMPLATE and "this_template_breaks" not in told):
            wrong.append((task, run.code, told, kept))
    assert wrong == []
