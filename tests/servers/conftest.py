"""One Postfix and one Dovecot for all tests here, on loopback addresses of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.demo import BUILD
from tests.integration.conftest import LAB_PYTHON, Lab, start_lab
from tests.servers.dovecot import MAIL_ID, Dovecot, dovecot
from tests.servers.postfix import ARCHIVE, DOMAIN, NAME, Postfix, postfix

__all__ = ["start_lab"]  # a fixture of the lab's tests, used here too

PEOPLE = {f"partner@{DOMAIN}": "Partner-Pa55", f"later@{DOMAIN}": "Later-Pa55", ARCHIVE: "Archive-Pa55"}
ADDRESS = f"127.{100 + os.getpid() % 100}.250.41"
LOGS = BUILD / "servers"


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder for the servers' sockets, queue and mail. Its path is short, as sockets need it, and open to the accounts they run as,
    which a home folder is not; their logs stay in build/servers."""
    made = Path(tempfile.mkdtemp(prefix="sharepoint-mail-", dir="/tmp"))
    made.chmod(0o711)
    LOGS.mkdir(parents=True, exist_ok=True)
    try:
        for name in ("log", "mail"):
            (made / name).mkdir()
            (made / name).chmod(0o777)
        yield made
    finally:
        for log in (made / "log").glob("*"):
            shutil.copyfile(log, LOGS / log.name)
        shutil.rmtree(made)


@pytest.fixture(scope="session")
def certificate(folder: Path) -> Path:
    """A folder with ``server.pem`` and ``server.key``, signed by the authority ``client.pem``."""
    made = folder / "certificate"
    made.mkdir()
    # The lab's environment has trustme; this one does without.
    subprocess.run([LAB_PYTHON, "-m", "trustme", "--quiet", "--dir", made, "--identities", NAME, ADDRESS], check=True)
    return made


@pytest.fixture(scope="session")
def imap(folder: Path, certificate: Path) -> Iterator[Dovecot]:
    with dovecot(folder / "dovecot", folder / "log" / "dovecot.log", ADDRESS, certificate, PEOPLE, folder / "mail") as running:
        yield running


@pytest.fixture(scope="session")
def smtp(folder: Path, certificate: Path, imap: Dovecot) -> Iterator[Postfix]:
    places = {address: f"{DOMAIN}/{address.partition('@')[0]}/" for address in PEOPLE}
    with postfix(
        folder / "postfix",
        folder / "log" / "postfix.log",
        ADDRESS,
        certificate,
        places,
        mail=imap.mail,
        mail_id=MAIL_ID,
        auth=imap.auth,
    ) as running:
        yield running


@pytest.fixture(scope="session")
def controller(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Runs single tasks of modules that need no host; there is no lab behind it."""
    return Lab("127.0.0", tmp_path_factory.mktemp("controller"))
