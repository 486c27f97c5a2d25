"""What a user can get wrong gets one clear answer and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.demo.demo import UNPATCHED
from tests.integration.conftest import Lab, Run, StartLab

EXCHANGE = {
    "ansible_connection": "psrp",
    "ansible_psrp_host": "{{ lab_subnet }}.31",
    "ansible_psrp_user": "ex_admin@corp.example",
    "ansible_winrm_password": "Exchange-Pa55",
    "ansible_psrp_protocol": "https",
    "ansible_psrp_port": 1443,
    "ansible_psrp_auth": "basic",
    "ansible_psrp_path": "PowerShell",
    "ansible_psrp_configuration_name": "Microsoft.Exchange",
    "ansible_psrp_ca_cert": "{{ lab_ca }}",
}
EMAIL = {"server": "ex01.corp.example", "from_address": "sharepoint@corp.example", "port": 1025}
CONNECTOR = {
    "name": "SharePoint mail",
    "servers": ["EX01"],
    "preset": "externally_secured",
    "bindings": ["0.0.0.0:1025"],
    "remote_ip_ranges": ["127.0.0.21"],
}
PLAIN_NTLM = {"ansible_psrp_configuration_name": "Microsoft.PowerShell"}

CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any], list[str]]] = {
    # name: module, arguments, play, words that the answer has
    "an address that is no address": ("outgoing_email", {**EMAIL, "from_address": "share point"}, {}, ["share point", "address"]),
    "a range that is no range": (
        "exchange_receive_connector",
        {**CONNECTOR, "remote_ip_ranges": ["10.0.0.300"]},
        {"vars": EXCHANGE},
        ["10.0.0.300", "range"],
    ),
    "an unknown web application": (
        "outgoing_email",
        {**EMAIL, "web_applications": ["https://nowhere.corp.example/"]},
        {},
        ["nowhere.corp.example", "portal"],
    ),
    "a connector open to everybody": (
        "exchange_receive_connector",
        {**CONNECTOR, "remote_ip_ranges": ["0.0.0.0-255.255.255.255"]},
        {"vars": EXCHANGE},
        ["allow_any_remote_address"],
    ),
    "an account without the RBAC role": (
        "exchange_receive_connector",
        CONNECTOR,
        {"vars": {**EXCHANGE, "ansible_psrp_user": "ex_limited@corp.example", "ansible_winrm_password": "Limited-Pa55"}},
        ["Receive Connectors", "New-ReceiveConnector"],
    ),
    "NTLM to Exchange": (
        "exchange_receive_connector_info",
        {},
        {"vars": {**EXCHANGE, "ansible_psrp_protocol": "http", "ansible_psrp_port": 1080, "ansible_psrp_auth": "ntlm"}},
        ["NTLM", "Kerberos"],
    ),
    "a session that is not delegated": ("farm_info", {}, {"vars": PLAIN_NTLM}, ["CredSSP", "Kerberos"]),
    "an account that may not use SharePoint's shell": (
        "farm_info",
        {},
        {"vars": {"ansible_user": "CORP\\sp_reader", "ansible_password": "Reader-Pa55"}},
        ["sp_reader"],
    ),
    "become": ("farm_info", {}, {"become": True}, ["become"]),
    "a host that is down": ("farm_info", {}, {"vars": {"ansible_psrp_host": "{{ lab_subnet }}.77"}}, [".77"]),
    "a wrong password": ("farm_info", {}, {"vars": {"ansible_password": "wrong"}}, ["sp_install", "password"]),
    "an endpoint that is not there": (
        "farm_info",
        {},
        {"vars": {"ansible_psrp_configuration_name": "NoSuchEndpoint"}},
        ["NoSuchEndpoint"],
    ),
    "a web application that only signs in through SAML": (
        "test_message",
        {
            "kind": "notification",
            "web_url": "https://saml.corp.example:8443/",
            "web_address": "{{ lab_subnet }}.21",
            "web_username": "CORP\\alice",
            "web_password": "Alice-Pa55",
            "web_ca_path": "{{ lab_ca }}",
            "to": ["alice@corp.example"],
        },
        {},
        ["SAML"],
    ),
    "an unknown option": ("farm_info", {"colour": "blue"}, {}, ["colour"]),
}


@pytest.fixture(scope="module")
def running(start_lab: StartLab) -> Lab:
    return start_lab("--sharepoint-build", UNPATCHED)


@pytest.fixture(scope="module")
def answers(running: Lab) -> tuple[Run, bool]:
    """All cases in one run, each in a play of its own; and whether the farm is as before."""
    before = running.ask("snapshot")
    plays = [
        {
            "name": name,
            "hosts": "sp01",
            "gather_facts": False,
            "ignore_errors": True,
            "ignore_unreachable": True,
            **play,
            "tasks": [{"name": name, f"sharepoint.mail.{module}": arguments}],
        }
        for name, (module, arguments, play, _words) in CASES.items()
    ]
    run = running.playbook(plays)
    return run, running.ask("snapshot") == before


@pytest.mark.every_core
@pytest.mark.parametrize("name", CASES)
def test_one_clear_answer_and_nothing_changed(answers: tuple[Run, bool], name: str) -> None:
    run, unchanged = answers
    (entry,) = [entry for entry in run.results if entry["task"] == name]
    assert entry["status"] in ("failed", "unreachable"), run.output
    message = entry["result"]["msg"]
    assert all(word.lower() in message.lower() for word in CASES[name][3]), message
    assert "\n" not in message.strip() and not entry["result"].get("changed")
    assert unchanged and "Traceback" not in run.output


def test_an_open_connector_can_be_had_by_asking_for_it(running: Lab) -> None:
    arguments = {**CONNECTOR, "name": "Open", "bindings": ["0.0.0.0:1026"], "remote_ip_ranges": ["0.0.0.0-255.255.255.255"]}
    run = running.task("exchange_receive_connector", {**arguments, "allow_any_remote_address": True}, vars=EXCHANGE)
    assert run.code == 0, run.output
    assert run.of("exchange_receive_connector")[0]["changed"]
    gone = running.task("exchange_receive_connector", {"name": "Open", "servers": ["EX01"], "state": "absent"}, vars=EXCHANGE)
    assert gone.code == 0, gone.output


def test_a_site_playbook_without_a_route_says_so(running: Lab) -> None:
    from tests.integration.test_story import SITE

    before = running.ask("snapshot")
    run = running.playbook(SITE, variables={"mail_route": "carrier pigeon"})
    assert run.code == 2
    assert "carrier pigeon" in run.output and "externally_secured" in run.output
    assert running.ask("snapshot") == before
