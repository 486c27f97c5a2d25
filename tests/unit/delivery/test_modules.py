# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules mail_route and delivery_report, inside ansible-playbook: what the role gets when it hands on what it registered."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest

from tests.unit.delivery import by_hand

CHECKOUT = pathlib.Path(__file__).parents[3]
FACTS = {name: fact for name, fact in by_hand.situation_facts().items() if name != "route"}
TLS_AND_NO_RELAY = {"outgoing_email_tls": True, "iis_smtp_relay_state": "absent"}
# The test of loopback: the address from which the controller would connect to itself is known.
DOORS = [{"scenario": "unlisted_relay", "server": "EX01", "host": "127.0.0.1", "port": 25, "rcpt_to": "nobody@example.com"}]
SECURED = [*by_hand.defaults(), by_hand.externally_secured("EX01"), by_hand.externally_secured("EX02")]
# Read after the change; the prediction is from before it.
JUDGED = {**FACTS, "connectors": SECURED, "route": "default_connector"}
CHANGE = {
    "results": [{"before": {one["identity"]: None}, "after": {one["identity"]: {**one, "relay": False}}} for one in SECURED[-2:]],
    "changed": True,
}

TASKS: dict[str, dict[str, Any]] = {
    "anonymous": {"mail_route": {"route": "anonymous", "wanted": {"exchange_connector_relay": True}}},
    "left_alone": {"mail_route": {"route": "anonymous"}},
    "secured": {"mail_route": {"route": "externally_secured", "wanted": {"exchange_connector_relay": True}}},
    "relay": {"mail_route": {"route": "iis_relay"}},
    "refused": {"mail_route": {"route": "iis_relay", "wanted": TLS_AND_NO_RELAY}},
    "unset": {"mail_route": {}},
    "unknown": {"mail_route": {"route": "carrier pigeon"}},
    "by_itself": {"mail_route": {"route": "authenticated"}},
    "nothing_to_configure": {"mail_route": {"route": "default_connector"}},
    "predicted": {"mail_route": {"route": "default_connector", **FACTS, "probes": DOORS, "changes": ["{{ change }}"]}},
    "judged": {"delivery_report": {**JUDGED, "prediction": "{{ predicted }}", "json_path": "{{ folder }}/judged.json"}},
    "judged_alike": {"delivery_report": {**JUDGED, "prediction": "{{ predicted.prediction }}"}},
    "by_later_facts": {"delivery_report": JUDGED},
    "no_prediction": {"delivery_report": {**JUDGED, "prediction": {"schema": 2}}},
    "no_port": {"mail_route": {**FACTS, "probes": [{"host": "127.0.0.1", "port": "smtp"}]}},
    "some_facts": {"mail_route": {"farm": FACTS["farm"]}},
    "no_facts": {"delivery_report": {"route": "anonymous", "recipients": []}},
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The result of each task."""
    folder = tmp_path_factory.mktemp("play")
    namespace = folder / "ansible_collections" / "sharepoint"
    namespace.mkdir(parents=True)
    (namespace / "mail").symlink_to(CHECKOUT, target_is_directory=True)
    tasks = [{f"sharepoint.mail.{name}": options, "register": key} for key, task in TASKS.items() for name, options in task.items()]
    kept = "{{ {" + ", ".join(f"'{key}': {key}" for key in TASKS) + "} | to_json }}"
    copy = {"ansible.builtin.copy": {"dest": str(folder / "results.json"), "mode": "0600", "content": kept}, "ignore_errors": False}
    variables = {"folder": str(folder), "ansible_connection": "local", "ansible_python_interpreter": sys.executable, "change": CHANGE}
    play = [{"hosts": "all", "gather_facts": False, "ignore_errors": True, "vars": variables, "tasks": [*tasks, copy]}]
    (folder / "play.json").write_text(json.dumps(play), encoding="utf-8")
    environment = {**os.environ, "HOME": str(folder), "ANSIBLE_HOME": str(folder / "ansible"), "ANSIBLE_COLLECTIONS_PATH": str(folder)}
    program = pathlib.Path(sys.executable).with_name("ansible-playbook")
    command = [str(program), "-i", "here,", "play.json"]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    found: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return {**found, "folder": folder}


def test_a_route_says_what_it_configures(results: dict[str, Any]) -> None:
    assert results["anonymous"]["configures"] == {
        "route": "anonymous",
        "configured": True,
        "connector": {"preset": "anonymous", "relay": True},
        "send_as": False,
        "relay": False,
        "outgoing_email": {"server": "exchange", "tls": True},
        "refusals": [],
    }
    relay = results["relay"]["configures"]
    assert (relay["connector"], relay["outgoing_email"]) == ({"preset": "authenticated", "relay": False}, {"server": "relay", "tls": False})
    assert relay["send_as"] and relay["relay"] and relay["refusals"] == []


def test_the_relay_right_is_the_farms_choice_on_an_anonymous_connector_only(results: dict[str, Any]) -> None:
    assert results["left_alone"]["configures"]["connector"]["relay"] is None
    assert results["secured"]["configures"]["connector"]["relay"] is False


def test_what_contradicts_the_route_is_told(results: dict[str, Any]) -> None:
    tls, relay = results["refused"]["configures"]["refusals"]
    assert "leave out outgoing_email_tls" in tls and "needs a relay" in relay
    assert all(sentence.endswith("Nothing was changed.") for sentence in (tls, relay))


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("unset", "not set"),
        ("unknown", "carrier pigeon"),
        ("by_itself", "authenticated"),
        ("nothing_to_configure", "default_connector"),
    ],
)
def test_a_route_that_is_not_configured_is_refused_with_those_that_are(results: dict[str, Any], task: str, said: str) -> None:
    assert results[task]["failed"] and results[task]["msg"] == (
        f"mail_route is {said}: set it to a route; this version configures anonymous, iis_relay and externally_secured. "
        f"Nothing was changed."
    )


def test_with_facts_a_route_that_configures_nothing_is_predicted(results: dict[str, Any]) -> None:
    assert results["predicted"]["configures"]["configured"] is False and results["predicted"]["configures"]["connector"] is None
    assert results["predicted"]["recommended"]["route"] == "anonymous"


def test_a_probe_without_a_port_is_refused(results: dict[str, Any]) -> None:
    assert results["no_port"]["failed"] and "Nothing can be predicted: an entry of probes" in results["no_port"]["msg"]


def test_facts_come_together(results: dict[str, Any]) -> None:
    assert "farm, connectors, accepted_domains" in results["some_facts"]["msg"]
    assert "farm" in results["no_facts"]["msg"] and results["no_facts"]["failed"]


def _predicted(report: dict[str, Any], scenario: str) -> set[str]:
    return {entry["predicted"] for entry in report["scenarios"] if entry["id"] == scenario}


def test_the_registered_prediction_is_what_is_judged(results: dict[str, Any]) -> None:
    judged, alike, later = (results[task]["report"] for task in ("judged", "judged_alike", "by_later_facts"))
    assert _predicted(judged, "alert") == {"not_sent"} and _predicted(later, "alert") == {"delivered"}
    assert {**judged, "time": ""} == {**alike, "time": ""}
    assert [cell["outcome"] for cell in results["predicted"]["prediction"]["cells"] if cell["id"] == "alert"] == ["not_sent"] * 2


def test_what_arrives_today_and_after_the_change_is_shown(results: dict[str, Any]) -> None:
    today, after = results["predicted"], results["predicted"]["after_change"]
    assert today["matrix"][0] == "What arrives today" and after["matrix"][0] == "What would arrive after the change"
    alerts = [[line.split()[-3] for line in one["matrix"] if line.startswith("Immediate alert to a mailbox")] for one in (today, after)]
    assert alerts == [["not_sent"] * 2, ["delivered"] * 2]


def test_the_address_that_a_probe_comes_from_is_asked_of_the_controller(results: dict[str, Any]) -> None:
    cells = results["predicted"]["prediction"]["cells"]
    reasons = next(cell["reasons"] for cell in cells if (cell["id"], cell["server"]) == ("unlisted_relay", "EX01"))
    assert reasons[0]["value"] == "127.0.0.1 to EX01, port 25"


def test_a_report_is_for_its_owner_only(results: dict[str, Any]) -> None:
    path = results["folder"] / "judged.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text(encoding="utf-8")) == results["judged"]["report"]


def test_another_version_of_a_prediction_is_refused(results: dict[str, Any]) -> None:
    assert results["no_prediction"]["failed"] and "schema" in results["no_prediction"]["msg"]
