"""A child of PowerShell ends with its shell, however that ends; and a PowerShell that will not do is told in a sentence."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from pypsrp.powershell import PowerShell, RunspacePool

from tests.lab_tests.engine.conftest import LAB_PYTHON, REPOSITORY, SampleHost, serving
from tests.waiting import wait_for


def children(host: SampleHost) -> list[int]:
    """Processes that the host has started."""
    found = subprocess.run(["pgrep", "--parent", str(host.process.pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_a_shell_that_is_closed_leaves_no_child(real_host: SampleHost) -> None:
    before = set(children(real_host))
    with real_host.wsman(server=real_host.real_address) as wsman, RunspacePool(wsman) as pool:
        PowerShell(pool).add_cmdlet("Get-Who").invoke()
        (own,) = set(children(real_host)) - before
    assert gone(own)


def test_a_child_ends_with_a_lab_that_is_killed(pwsh: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError), serving(tmp_path, "127.0.96.1", "pwsh") as host:
        wsman = host.wsman(server=host.real_address)
        pool = RunspacePool(wsman)
        pool.open()
        (child,) = children(host)
        os.kill(host.process.pid, signal.SIGKILL)
        wait_for(lambda: gone(child))
    assert gone(child)


def test_without_powershell_a_lab_says_so(tmp_path: Path) -> None:
    command = [str(LAB_PYTHON), "-m", "tests.lab", "--state-dir", str(tmp_path), "--engine", "pwsh", "--subnet", "127.0.97"]
    run = subprocess.run(
        command, cwd=REPOSITORY, env={**os.environ, "PWSH": "no-such-pwsh"}, capture_output=True, text=True, timeout=60, check=False
    )
    assert (run.returncode, run.stderr) == (
        1,
        "No PowerShell was found: no-such-pwsh is not on PATH. Name one by the variable PWSH.\n",
    )


def test_a_powershell_that_is_too_old_is_refused(tmp_path: Path) -> None:
    old = tmp_path / "pwsh"
    old.write_text("#!/bin/sh\necho PowerShell 7.2.18\n", encoding="utf-8")
    old.chmod(0o755)
    command = [str(LAB_PYTHON), "-m", "tests.lab", "--state-dir", str(tmp_path), "--engine", "pwsh", "--subnet", "127.0.97"]
    run = subprocess.run(
        command, cwd=REPOSITORY, env={**os.environ, "PWSH": str(old)}, capture_output=True, text=True, timeout=60, check=False
    )
    assert (run.returncode, run.stderr) == (1, f"{old} is PowerShell 7.2.18; the lab needs 7.4 or later.\n")
