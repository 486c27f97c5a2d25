"""On a controller that lacks a library: plugins can be imported, and say what to install when they are used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LIBRARIES = "ansible_collections.sharepoint.mail.plugins.plugin_utils.common.libraries"

# A None in sys.modules makes the import of that name fail, as if it were not installed.
PROGRAM = """
import sys
sys.modules.update(dict.fromkeys({lacking!r}))
from {libraries} import {names}, MissingLibrary
try:
    {use}
except MissingLibrary as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("lacking", "names", "use", "package"),
    [
        (["imap_tools"], "MailBox", "MailBox('ex01.corp.example')", "imap-tools"),
        (["requests"], "requests", "requests.Session()", "requests-ntlm"),
        (["exchangelib"], "exchange_web_services", "exchange_web_services()", "exchangelib"),
        (["isodate"], "isodate", "isodate.parse_duration('PT10M')", "isodate"),
        (["pypsrp"], "Serializer", "type('Own', (Serializer,), {})()", "pypsrp"),
    ],
)
def test_a_missing_library_is_named_where_it_is_used(lacking: list[str], names: str, use: str, package: str, tmp_path: Path) -> None:
    link = tmp_path / "ansible_collections" / "sharepoint"
    link.mkdir(parents=True)
    (link / "mail").symlink_to(ROOT)
    program = PROGRAM.format(lacking=lacking, libraries=LIBRARIES, names=names, use=use)
    run = subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert run.stderr == ""
    assert run.stdout.startswith("The controller's Python lacks ") and package in run.stdout
    assert "requirements.txt" in run.stdout


def test_what_is_missing_can_be_caught_and_what_is_unknown_stays_unknown(tmp_path: Path) -> None:
    link = tmp_path / "ansible_collections" / "sharepoint"
    link.mkdir(parents=True)
    (link / "mail").symlink_to(ROOT)
    program = (
        "import sys; sys.modules['pypsrp'] = None\n"
        f"from {LIBRARIES} import WinRMError\n"
        "try:\n    raise OSError('host is down')\nexcept (WinRMError, OSError) as error:\n    print(error)\n"
        f"try:\n    from {LIBRARIES} import NoSuchName\nexcept ImportError:\n    print('unknown')\n"
    )
    run = subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert (run.stderr, run.stdout) == ("", "host is down\nunknown\n")
