"""A lab ends with who started it, however that ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.demo.demo import BUILD
from tests.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
SUBNET = f"127.{os.environ.get('LAB_NETWORK') or 150 + os.getpid() % 50}.249"
PARENT = "import subprocess, sys; subprocess.Popen(sys.argv[1:]).wait()"


def test_a_lab_whose_parent_was_killed_ends(tmp_path: Path) -> None:
    lab = [str(BUILD / "lab-venv" / "bin" / "python"), "-m", "tests.lab", "--state-dir", str(tmp_path), "--subnet", SUBNET]
    described = tmp_path / "lab.json"
    with subprocess.Popen([sys.executable, "-c", PARENT, *lab, "--with-parent", "--lifetime", "60"], cwd=ROOT) as parent:
        wait_for(described.exists)
        pid = json.loads(described.read_text(encoding="utf-8"))["pid"]
        assert pid != parent.pid and _runs(pid)
        parent.send_signal(signal.SIGKILL)
    wait_for(lambda: not _runs(pid))


def _runs(pid: int) -> bool:
    """False, too, for one that has ended and that nobody has asked about."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
