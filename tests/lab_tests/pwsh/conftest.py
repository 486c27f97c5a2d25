"""The sample host with a real PowerShell, in a process of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from pypsrp.powershell import RunspacePool

from tests.lab_tests.engine.conftest import SampleHost, serving

NO_PWSH = "no PowerShell was found: neither pwsh on PATH, nor one that the variable PWSH names"


@pytest.fixture(scope="session")
def pwsh() -> str:
    """Where PowerShell is, as the lab finds it."""
    found = shutil.which(os.environ.get("PWSH") or "pwsh")
    if found is None:
        pytest.skip(NO_PWSH)
    return found


@pytest.fixture(scope="session")
def real_host(pwsh: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleHost]:
    with serving(tmp_path_factory.mktemp("real-host"), "127.0.95.1", "pwsh") as host:
        yield host


@pytest.fixture(scope="module")
def real_pool(real_host: SampleHost) -> Iterator[RunspacePool]:
    """A session in real PowerShell. Those who share it ask for objects that nobody changes."""
    with real_host.wsman(server=real_host.real_address) as wsman, RunspacePool(wsman) as pool:
        yield pool
