# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every option of every module that writes is given to a host by a test. A new option fails here until one does."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.conftest import ROOT, Lab, StartLab
from tests.integration.iis_relay import relay, windows
from tests.integration.test_exchange_modules import BOARD, connector
from tests.integration.test_restore import ACCOUNT, ADDRESSES, ALICE, BOB, CHANGED_EMAIL, PORTAL, RELAY, SETTINGS, play
from tests.integration.test_wrong_input import EXCHANGE

DC = "dc02.corp.example"
ANONYMOUS = "NT AUTHORITY\\ANONYMOUS LOGON"

# Settings that test_restore.py changes at a host, each to another value than it had, and reads back.
CHANGED: dict[str, set[str]] = {
    "outgoing_email": {*CHANGED_EMAIL},
    "exchange_receive_connector": {*SETTINGS},
    "exchange_group_senders": {"require_sender_authentication", "permitted_senders"},
    "exchange_send_as": {"mailboxes"},
    "iis_smtp_relay": {*RELAY, *ADDRESSES},
}
# All other options, with the test in which a host meets a value of theirs that is not the default.
ELSEWHERE: dict[str, dict[str, str]] = {
    "outgoing_email": {
        "farm_default": "test_options.test_the_farms_default_is_left_alone",
        "web_applications": "test_options.test_the_farms_default_is_left_alone",
    },
    "exchange_receive_connector": {
        "name": "test_exchange_modules.test_an_anonymous_connector_without_the_right_may_be_open",
        "servers": "test_exchange_modules.test_the_right_is_given_last_and_taken_first",
        "state": "test_exchange_modules.test_an_anonymous_connector_without_the_right_may_be_open",
        "relay": "test_exchange_modules.test_the_relay_right_comes_and_goes_and_converges",
        "relay_user": "test_options.test_a_connector_is_made_as_asked",
        "transport_role": "test_options.test_a_connector_is_made_as_asked",
        "allow_any_remote_address": "test_restore.test_an_open_relay_that_was_there_may_come_back_and_setups_connectors_are_left_alone",
        "domain_controller": "test_options.test_all_of_a_task_goes_to_one_domain_controller",
    },
    "exchange_group_senders": {
        "groups": "test_restore.test_groups_come_back",
        "permitted_senders_state": "test_exchange_modules.test_permitted_senders_are_set_added_and_taken_away",
        "bypass_security_group_manager_check": "test_options.test_all_of_a_task_goes_to_one_domain_controller",
        "domain_controller": "test_options.test_all_of_a_task_goes_to_one_domain_controller",
    },
    "exchange_send_as": {
        "account": "test_restore.test_send_as_comes_back_in_both_directions",
        "organizational_unit": "test_send_as.test_mailboxes_and_units_converge_and_the_accounts_own_needs_nothing",
        "state": "test_restore.test_send_as_comes_back_in_both_directions",
        "wait": "test_send_as.test_waiting_ends_when_exchange_believes_the_grant",
        "domain_controller": "test_options.test_all_of_a_task_goes_to_one_domain_controller",
    },
    "iis_smtp_relay": {
        "state": "test_restore.test_a_relay_comes_back_changed_and_removed",
        "install_console": "test_iis_modules.test_the_console_is_a_feature_of_its_own",
        "update_password": "test_iis_modules.test_a_password_is_written_with_its_account_or_always",
        "allow_unencrypted_logon": "test_options.test_a_password_in_clear_text_can_be_asked_for",
        "take_over": "test_restore.test_a_list_that_was_absent_and_a_server_of_others",
    },
}
# test_restore.py is about these two, for all modules.
OF_ALL = {"restore", "require_undo"}


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> Lab:
    return start_lab("--state", "iis-relay")


def documented(path: Path) -> dict[str, Any]:
    """What a module, or a fragment of documentation, documents."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Assign)]
    (text,) = [node.value for node in nodes if ast.unparse(node.targets[0]) == "DOCUMENTATION"]
    found: dict[str, Any] = yaml.safe_load(ast.literal_eval(text))
    return found


def options_of(module: str) -> set[str]:
    """All options that users of the module find in its documentation, fragments included."""
    own = documented(ROOT / "plugins" / "modules" / f"{module}.py")
    fragments = [name.split(".") for name in own["extends_documentation_fragment"]]
    paths = {ROOT / "plugins" / "doc_fragments" / f"{name[2]}.py" for name in fragments}
    return {*own["options"], *(option for path in paths for option in documented(path).get("options", {}))}


def test_every_module_that_can_restore_is_here() -> None:
    modules = [path.stem for path in (ROOT / "plugins" / "modules").glob("*.py") if path.stem != "__init__"]
    assert {module for module in modules if "restore" in options_of(module)} == CHANGED.keys() == ELSEWHERE.keys()


@pytest.mark.parametrize("module", CHANGED)
def test_every_option_is_given_to_a_host(module: str) -> None:
    """The tests that are named exist, and give the option."""
    assert options_of(module) == CHANGED[module] | ELSEWHERE[module].keys() | OF_ALL
    for option, name in ELSEWHERE[module].items():
        file, test = name.split(".")
        assert option in inspect.getsource(getattr(importlib.import_module(f"tests.integration.{file}"), test)), name


def commands(lab: Lab) -> list[tuple[str, dict[str, Any]]]:
    """What hosts were told, in order: cmdlets with their parameters."""
    lines = (lab.state / "pipelines.jsonl").read_text(encoding="utf-8").splitlines()
    told = [command for line in lines for statement in json.loads(line)["statements"] for command in statement]
    return [(command["cmdlet"], {name: given["value"] for name, given in command["parameters"].items()}) for command in told]


def test_the_farms_default_is_left_alone(lab: Lab) -> None:
    (result,) = play(lab, "outgoing_email", {**CHANGED_EMAIL, "farm_default": False, "web_applications": [PORTAL]})
    assert result["changed"] and result["after"].keys() == {PORTAL}, result


def test_a_connector_is_made_as_asked(lab: Lab) -> None:
    """What can be given only when it is made, and to whom the relay right is given."""
    told = len(commands(lab))
    settings = {"preset": None, "bindings": ["0.0.0.0:1031"], "auth_mechanism": ["Tls"], "permission_groups": ["AnonymousUsers"]}
    wish = connector(lab, name="Hub", servers=["EX01"], **settings, transport_role="HubTransport", relay=True, relay_user=ANONYMOUS)
    (made,) = play(lab, "exchange_receive_connector", wish, **EXCHANGE)
    assert made["changed"] and made["after"]["EX01\\Hub"]["transport_role"] == "HubTransport", made
    given = dict(commands(lab)[told:])
    assert given["New-ReceiveConnector"]["TransportRole"] == "HubTransport"
    assert given["Get-ADPermission"]["User"] == given["Add-ADPermission"]["User"] == ANONYMOUS


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("exchange_receive_connector", {"relay": True}),
        ("exchange_group_senders", {"groups": [BOARD], "permitted_senders": [ALICE, BOB], "bypass_security_group_manager_check": True}),
        ("exchange_send_as", {"account": ACCOUNT, "mailboxes": [ALICE], "state": "absent"}),
    ],
)
def test_all_of_a_task_goes_to_one_domain_controller(lab: Lab, module: str, options: dict[str, Any]) -> None:
    """What is read there must be what was written, before domain controllers have replicated it."""
    if module == "exchange_receive_connector":
        options = connector(lab, **options)
    told = len(commands(lab))
    (result,) = play(lab, module, {**options, "domain_controller": DC}, **EXCHANGE)
    assert result["changed"], result
    asked = [(cmdlet, given.get("DomainController")) for cmdlet, given in commands(lab)[told:] if cmdlet != "Get-Command"]
    assert len(asked) > 2 and {server for _cmdlet, server in asked} == {DC}, asked
    if module == "exchange_group_senders":
        assert dict(commands(lab)[told:])["Set-DistributionGroup"]["BypassSecurityGroupManagerCheck"] is True


def test_a_password_in_clear_text_can_be_asked_for(lab: Lab) -> None:
    assert relay(lab, smart_host_tls=False, allow_unencrypted_logon=True)["changed"]
    settings = windows(lab)["settings"]
    assert (settings["RouteAction"], settings["AlwaysUseSsl"]) == (256 + 8, False)
