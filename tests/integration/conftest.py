"""Runs real ``ansible-playbook`` processes against a lab that runs in a process and an environment of its own."""

from __future__ import annotations

import atexit
import dataclasses
import functools
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.control import Control  # noqa: E402  the repository's root must be importable first
from tests.demo.demo import BUILD, ansible_core, environment, lab  # noqa: E402  the repository's root must be importable first
from tests.integration.warm import WarmAnsible  # noqa: E402  the repository's root must be importable first

LAB_PYTHON = BUILD / "lab-venv" / "bin" / "python"
INVENTORY = ROOT / "tests" / "demo" / "inventory.yml"


ENGINE = os.environ.get("LAB_ENGINE") or "own"
"""What opens the labs' PowerShell sessions: ``own``, or ``pwsh`` for a real PowerShell."""


def pytest_report_header() -> list[str]:
    return [ansible_core(), f"PowerShell engine of the lab: {ENGINE}"]


@dataclasses.dataclass
class Run:
    """How a playbook ended: exit code, everything it printed, and its task results in order."""

    code: int
    output: str
    results: list[dict[str, Any]]

    def of(self, action: str) -> list[dict[str, Any]]:
        """Results of one of the collection's modules, loop items rather than their sum."""
        name = f"sharepoint.mail.{action}"
        return [r["result"] for r in self.results if r["action"] == name and "results" not in r["result"]]

    @property
    def failures(self) -> list[str]:
        """Messages of the tasks that failed, the sums of loops left out."""
        failed = [r["result"] for r in self.results if "failed" in r["status"] or r["status"] == "unreachable"]
        return [str(r["msg"]) for r in failed if "results" not in r]

    @property
    def changed(self) -> list[str]:
        """The collection's tasks that report a change."""
        return [r["task"] for r in self.results if r["action"].startswith("sharepoint.mail.") and r["result"].get("changed")]


@dataclasses.dataclass
class Lab:
    """A running lab, seen from the controller."""

    subnet: str
    state: Path

    @property
    def control(self) -> Control:
        return Control(f"{self.subnet}.1")

    def ask(self, what: str) -> Any:
        """What the lab's control server knows: ``snapshot``, ``pipelines``, ``faults`` or ``shells`` (how many are open at each host)."""
        return self.control.ask(what)

    def advance(self, seconds: float) -> None:
        """Lets time pass in the lab."""
        self.control.ask("clock", {"advance": seconds})

    def fault(self, what: str, **where: Any) -> AbstractContextManager[None]:
        """What goes wrong in the lab meanwhile (see ``Control.fault``); fails when it never struck."""
        return self.control.fault(what, **where)

    def playbook(
        self,
        playbook: Path | list[dict[str, Any]],
        *options: str,
        extra: Path | None = None,
        variables: dict[str, Any] | None = None,
        break_task: dict[str, Any] | None = None,
    ) -> Run:
        """Runs a playbook, given as a file or as plays, and returns how it ended. ``break_task``: see callbacks/break_task.py."""
        number = len(list(self.state.glob("run-*.jsonl")))
        results = self.state / f"run-{number}.jsonl"
        results.touch()
        if isinstance(playbook, list):
            path = self.state / f"play-{number}.yml"
            path.write_text(yaml.safe_dump(playbook, sort_keys=False), encoding="utf-8")
            playbook = path
        arguments = ["-i", str(INVENTORY), str(playbook), *options]
        if extra is not None:
            arguments += ["-i", str(extra)]
        if variables:
            arguments += ["-e", json.dumps(variables)]
        own = {"BREAK_TASK": json.dumps(break_task), "TASK_RESULTS": str(results), "LAB_STATE": str(self.state), "LAB_SUBNET": self.subnet}
        output = self.state / f"run-{number}.txt"
        code = ansible().run(arguments, own, output, timeout=280)
        lines = results.read_text(encoding="utf-8").splitlines()
        return Run(code, output.read_text(encoding="utf-8"), [json.loads(line) for line in lines])

    def task(self, module: str, arguments: dict[str, Any], *options: str, **play: Any) -> Run:
        """Runs one task of the collection on sp01 (or on the hosts that ``play`` names)."""
        task = {"name": f"Run {module}", f"sharepoint.mail.{module}": arguments}
        return self.playbook([{"name": "One task", "hosts": "sp01", "gather_facts": False, **play, "tasks": [task]}], *options)


@functools.cache
def ansible() -> WarmAnsible:
    """Runs this session's playbooks."""
    callbacks = {
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callbacks"),
        "ANSIBLE_CALLBACKS_ENABLED": "task_results,break_task",
        "ANSIBLE_ACTION_PLUGINS": str(Path(__file__).parent / "action_plugins"),
        "ANSIBLE_RETRY_FILES_ENABLED": "false",
    }
    warm = WarmAnsible({**environment(Path(), ""), **callbacks}, ROOT)
    atexit.register(warm.stop)
    return warm


StartLab = Callable[..., Lab]


def _starter(stack: ExitStack, folder: Path, taken: list[int]) -> StartLab:
    def start(*options: str) -> Lab:
        # A /24 for each lab of this process; the demo and a second test run own others.
        taken.append(len(taken))
        subnet = f"127.{NETWORK}.{len(taken)}"
        state = folder / f"lab-{len(taken)}"
        running: AbstractContextManager[dict[str, object]] = lab(LAB_PYTHON, state, "--subnet", subnet, "--engine", ENGINE, *options)
        stack.enter_context(running)
        return Lab(subnet, state)

    return start


TAKEN: list[int] = []
NETWORK = int(os.environ.get("LAB_NETWORK") or 100 + os.getpid() % 100)
"""Second number of the labs' addresses: runs side by side need networks of their own.  The process id is a good guess."""


@pytest.fixture(scope="module")
def start_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartLab]:
    """Starts labs that live as long as the module's tests; options are those of ``python -m tests.lab``."""
    with ExitStack() as stack:
        yield _starter(stack, tmp_path_factory.mktemp("labs"), TAKEN)


@pytest.fixture(scope="module")
def relay_lab(start_lab: StartLab) -> Lab:
    """A farm in which sp01 is a relay."""
    return start_lab("--state", "iis-relay")


@pytest.fixture(scope="module")
def bare(start_lab: StartLab) -> Lab:
    """A farm without a relay; tests that install one remove it again."""
    return start_lab()


@pytest.fixture
def fresh_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartLab]:
    """Starts labs that live as long as one test."""
    with ExitStack() as stack:
        yield _starter(stack, tmp_path_factory.mktemp("lab"), TAKEN)
