"""``make practice``: what it prints can be followed, and nothing stays when it is stopped."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
import urllib.error
from pathlib import Path

import pytest

from tests.control import Control
from tests.integration.conftest import NETWORK, ROOT

SUBNET = f"127.{NETWORK}.240"


def test_what_it_prints_can_be_followed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.demo.practice", "--folder", str(tmp_path), "--subnet", SUBNET, "--minutes", "3"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line.strip())
                if "Ctrl+C" in line:
                    break
            first = next(line for line in lines if line.startswith("tools/run.sh"))
            answer = subprocess.run(shlex.split(first), cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
            assert answer.returncode == 0, answer.stdout + answer.stderr
            assert "CORP\\\\sp_install" in answer.stdout
            faults = [line for line in lines if line.startswith("curl")][-1]
            declared = json.loads(shlex.split(faults)[-1])
            assert [fault["hits"] for fault in Control(f"{SUBNET}.1").ask("faults", declared)] == [0]
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    with pytest.raises(urllib.error.URLError):
        Control(f"{SUBNET}.1").ask("faults")
