"""A sample host in a process of its own, and pypsrp as its client."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pypsrp.powershell import RunspacePool
from pypsrp.wsman import WSMan

from tests.control import Control

REPOSITORY = Path(__file__).parents[3]
LAB_PYTHON = REPOSITORY / "build" / "lab-venv" / "bin" / "python"
USER, PASSWORD = "CORP\\sp_install", "Install-Pa55 word"


@dataclasses.dataclass
class SampleHost:
    """Where it serves, and how to make it fail: by orders, and by faults over its control server."""

    process: subprocess.Popen[str]
    state_dir: Path
    address: str
    measured_address: str
    real_address: str

    def order(self, line: str) -> None:
        """Sends an order and waits until it is carried out."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(line, file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "ok\n"

    def wsman(self, **options: Any) -> WSMan:
        """A client of the Windows host: NTLM over http, unless the options say otherwise."""
        defaults: dict[str, Any] = {"port": 5985, "username": USER, "password": PASSWORD, "ssl": False, "auth": "ntlm"}
        return WSMan(options.pop("server", self.address), **{**defaults, "reconnection_retries": 0, **options})

    @property
    def control(self) -> Control:
        return Control(self.address)

    def recorded(self) -> list[dict[str, Any]]:
        path = self.state_dir / "pipelines.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


@contextlib.contextmanager
def serving(state_dir: Path, address: str, *engine: str) -> Iterator[SampleHost]:
    """A sample host with its first address ending in .1; ``engine``: ``pwsh`` for one whose sessions a real PowerShell opens besides."""
    command = [str(LAB_PYTHON), "-m", "tests.lab_tests.engine.sample_host", str(state_dir), address, *engine]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield SampleHost(process, state_dir, address, f"{address[:-1]}2", f"{address[:-1]}3")
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)
        assert process.returncode == 0, "the host did not end cleanly"


@pytest.fixture(scope="session")
def sample_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleHost]:
    with serving(tmp_path_factory.mktemp("sample-host"), "127.0.94.1") as host:
        yield host


@pytest.fixture
def measured_pool(sample_host: SampleHost) -> Iterator[RunspacePool]:
    """A fresh session on the host that speaks as the measured engine did."""
    with sample_host.wsman(server=sample_host.measured_address) as wsman, RunspacePool(wsman) as pool:
        yield pool
