"""A farm whose Exchange server is a sink."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.directory import default_directory
from tests.lab.engine.users import write_user_file
from tests.lab.network import SMTP_PORT, Network
from tests.lab.pki import Authority
from tests.lab.sharepoint.farm import Farm
from tests.lab_tests.sharepoint.sink import Sink

UNPATCHED = "16.0.4522.1000"
PATCHED = "16.0.4534.1000"

# A subnet for this process: other labs may be running beside it.
NETWORK = Network(f"127.{100 + os.getpid() // 250 % 100}.{os.getpid() % 250}")

MakeFarm = Callable[..., Farm]
MakeSink = Callable[..., Sink]


@pytest.fixture(scope="session")
def pki() -> Authority:
    return Authority(NETWORK)


@pytest.fixture
def make_farm(pki: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeFarm]:
    """Farms that are started, with the arguments given."""
    monkeypatch.setenv("NTLM_USER_FILE", os.environ.get("NTLM_USER_FILE", ""))
    directory = default_directory()
    write_user_file(directory, tmp_path / "accounts")
    farms = []

    def make(**arguments: Any) -> Farm:
        farm = Farm(NETWORK, directory, pki, **arguments)
        farm.start()
        farms.append(farm)
        return farm

    yield make
    for farm in farms:
        farm.stop()


@pytest.fixture
def make_sink() -> Iterator[MakeSink]:
    """Sinks at ex01, port 1025."""
    sinks = []

    def make(**arguments: Any) -> Sink:
        sink = Sink(NETWORK.addresses["ex01"], SMTP_PORT, **arguments)
        sinks.append(sink)
        return sink

    yield make
    for sink in sinks:
        sink.stop()
