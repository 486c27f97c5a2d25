"""What one task costs about 200 web applications more than about three: messages to the host, and time of the whole command."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.demo.demo import BUILD, lab
from tests.integration.conftest import LAB_PYTHON, Lab

SUBNET = "127.98"
MORE = 200
RUNS = 3
TASKS: dict[str, dict[str, Any]] = {
    "farm_info": {},
    "outgoing_email": {"server": "ex01.corp.example", "port": 1025, "from_address": "sharepoint@corp.example", "web_applications": ["all"]},
}


def cost(running: Lab, module: str, arguments: dict[str, Any]) -> tuple[int, float]:
    """Messages and seconds of one run, the fastest of several. Raises RuntimeError when the task fails."""
    recorded = running.state / "pipelines.jsonl"
    best = (0, float("inf"))
    for _run in range(RUNS):
        before, started = len(recorded.read_text(encoding="utf-8").splitlines()), time.monotonic()
        run = running.task(module, arguments)
        seconds = time.monotonic() - started
        if run.code or run.changed:
            raise RuntimeError(f"{module} did not find everything as it should be:\n{run.output}")
        messages = len(recorded.read_text(encoding="utf-8").splitlines()) - before
        best = min(best, (messages, seconds), key=lambda one: one[1])
    return best


def main() -> int:
    # Two labs in one run, so that both meet the same machine.
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        few, many = (Lab(f"{SUBNET}.{number}", Path(folder) / str(number)) for number in (1, 2))
        with (
            lab(LAB_PYTHON, few.state, "--subnet", few.subnet),
            lab(LAB_PYTHON, many.state, "--subnet", many.subnet, "--more-web-applications", str(MORE)),
        ):
            for module, arguments in TASKS.items():
                (little, short), (much, long) = cost(few, module, arguments), cost(many, module, arguments)
                print(
                    f"{module}, 203 web applications to 3: messages {much / little:.2f} ({much} to {little}), "
                    f"time {long / short:.2f} ({long:.1f} s to {short:.1f} s)",
                    flush=True,
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
