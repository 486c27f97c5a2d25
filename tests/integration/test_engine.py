"""The modules and the roles against a real PowerShell behind the lab's doors. Run by ``make test-engine``."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Lab, StartLab
from tests.integration.test_shells import steps
from tests.integration.test_story import SITE, VERIFY, paths, verified

pytestmark = pytest.mark.engine
WINRM = Path(__file__).with_name("winrm.yml")
EMAIL = {"server": "ex02.corp.example", "port": 1025, "from_address": "farm@corp.example", "web_applications": ["all"]}
CHANGED = {**EMAIL, "tls": True, "override_envelope_sender": True, "character_set": 28592}
PROFILES = {
    "nothing": [],
    "an administrator's habits": ["stop", "strict", "defaults", "german"],
}


@pytest.fixture(scope="module", autouse=True)
def pwsh() -> str:
    found = shutil.which(os.environ.get("PWSH") or "pwsh")
    if found is None:
        pytest.skip("no PowerShell was found: neither pwsh on PATH, nor one that the variable PWSH names")
    return found


def real(start_lab: StartLab, *profile: str, options: tuple[str, ...] = ()) -> Lab:
    return start_lab("--engine", "pwsh", *(word for name in profile for word in ("--profile", name)), *options)


def once(lab: Lab, module: str, *options: str, **arguments: Any) -> dict[str, Any]:
    (entry,) = lab.task(module, arguments, *options).results
    return {**entry["result"], "failed": entry["status"] != "ok"}


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_what_a_profile_sets_changes_nothing(start_lab: StartLab, profile: list[str]) -> None:
    """The same facts as from the lab's own engine; changed, again, and back."""
    own, lab = start_lab(), real(start_lab, *profile, options=("--time-zone", "America/New_York"))
    here, there = ({**once(one, "farm_info")["farm"], "servers": None} for one in (own, lab))
    text = repr(here).replace(own.subnet, "LAB"), repr(there).replace(lab.subnet, "LAB")
    assert text[0] == text[1]
    assert {name for name, shown in once(lab, "connection_info")["connection"]["cmdlets"].items() if shown} >= {
        "Get-SPFarm",
        "Set-Variable",
    }
    start = lab.ask("snapshot")["sharepoint"]["web_applications"]
    foreseen, done, again = (once(lab, "outgoing_email", *check, **CHANGED) for check in (["--check"], [], []))
    assert [foreseen["changed"], done["changed"], again["changed"]] == [True, True, False], (foreseen, done, again)
    assert foreseen["after"] == done["after"] == again["before"]
    restored = once(lab, "outgoing_email", **CHANGED, restore=done["before"])
    assert restored["after"] == done["before"] and lab.ask("snapshot")["sharepoint"]["web_applications"] == start


@pytest.mark.parametrize("inventory", [None, WINRM], ids=["psrp", "winrm"])
@pytest.mark.parametrize("profile", ["asks", "NoSuchModule"])
def test_an_endpoint_that_does_not_start_is_told_from_a_host_that_does_not_answer(
    start_lab: StartLab, profile: str, inventory: Path | None
) -> None:
    lab = real(start_lab, profile)
    task = {"name": "Look", "sharepoint.mail.farm_info": {}}
    run = lab.playbook([{"name": "Once", "hosts": "sp01", "gather_facts": False, "tasks": [task]}], extra=inventory)
    (message,) = run.failures
    assert "starts no session" in message and "sp01 answers" in message and message.count("Nothing was changed.") == 1, message
    assert "Traceback" not in run.output


def test_a_cmdlet_that_asks_ends_with_an_error_and_the_session_lives_on(start_lab: StartLab) -> None:
    """In a runspace that Ansible opened, and so with a host that could be asked; and in one of the collection's own."""
    lab = real(start_lab)
    for first in ([], ["open"]):
        result = steps(lab, *first, "ask", "info")
        asked, info = result["said"][-2:]
        assert "Read-Host" in asked and "user interaction" in asked and info == "", result
        assert not first or len(set(result["runspaces"])) == 1


def test_the_farm_is_moved_verified_and_found_as_it_should_be(start_lab: StartLab) -> None:
    lab = real(start_lab, *PROFILES["an administrator's habits"], options=("--time-zone", "America/New_York"))
    foreseen = lab.playbook(SITE, "--check", variables={"mail_route": "externally_secured"})
    assert foreseen.code == 0, foreseen.output
    made = lab.playbook(SITE, variables={"mail_route": "externally_secured", **paths(lab)})
    assert made.code == 0 and verified(lab, made)["verdict"] == "pass", made.output
    again = lab.playbook(VERIFY, variables={"mail_route": "externally_secured", **paths(lab)})
    assert again.code == 0 and again.changed == [], again.output
