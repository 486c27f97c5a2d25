# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values on their way through Ansible: what is null, secret, or came from a host, means the same on every ansible-core."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.conftest import Lab, Run, StartLab
from tests.integration.iis_relay import set_by_hand, windows
from tests.integration.test_iis_role import role
from tests.integration.test_wrong_input import CONNECTOR, EMAIL, EXCHANGE

pytestmark = pytest.mark.every_core

ALICE = "alice@corp.example"
TEXT_OF_A_TEMPLATE = "{{ '{{' }} 6 * 7 {{ '}}' }}"


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> Lab:
    return start_lab()


def _play(lab: Lab, tasks: list[dict[str, Any]], *options: str, **variables: Any) -> Run:
    plain = [{"name": f"Step {number}", **task} for number, task in enumerate(tasks)]
    play = {"name": "Values", "hosts": "sp01", "gather_facts": False, "vars": variables, "tasks": plain}
    return lab.playbook([play], *options)


def test_the_core_that_runs_is_the_one_that_is_tested(lab: Lab) -> None:
    run = _play(lab, [{"ansible.builtin.debug": {"msg": "{{ ansible_version.full }}"}}])
    assert run.results[0]["result"]["msg"] == importlib.metadata.version("ansible-core"), run.output


def test_a_template_of_null_gives_nothing(lab: Lab) -> None:
    null = "{{ nothing or none }}"
    connector = {**CONNECTOR, "bindings": ["0.0.0.0:1026"], "name": "Null", "relay": null, "require_tls": null, "auth_mechanism": null}
    email = {**EMAIL, "override_envelope_sender": null, "character_set": null, "web_applications": null}
    run = _play(
        lab,
        [
            {"sharepoint.mail.exchange_receive_connector": connector, "vars": EXCHANGE},
            {"sharepoint.mail.exchange_receive_connector": {**connector, "state": "absent"}, "vars": EXCHANGE},
            {"sharepoint.mail.outgoing_email": email, "check_mode": True},
            {"sharepoint.mail.iis_smtp_relay_info": {"errors": null}},
        ],
        nothing=None,
    )
    assert run.code == 0, run.output


def test_an_empty_password_of_a_role_is_none(relay_lab: Lab) -> None:
    variables: dict[str, Any] = {"iis_smtp_relay_smart_host_username": "CORP\\other", "iis_smtp_relay_smart_host_password": ""}
    set_by_hand(relay_lab, MasqueradeDomain="kept.example", HopCount=17)
    before = windows(relay_lab)
    refused = role(relay_lab, **variables)
    assert refused.code == 2 and "needs its smart_host_password" in refused.failures[-1], refused.output
    assert windows(relay_lab) == before
    assert role(relay_lab).code == 0
    settings = windows(relay_lab)["settings"]
    assert (settings["MasqueradeDomain"], settings["HopCount"]) == ("kept.example", 17), "null leaves alone"


def test_what_a_host_said_is_looked_for_in_a_mailbox(lab: Lab) -> None:
    """Through results, facts and a loop, as roles pass values on."""
    probe = {"host": f"{lab.subnet}.31", "port": 1025, "mail_from": ALICE, "rcpt_to": ALICE, "starttls": False}
    mailbox = {"address": ALICE, "host": f"{lab.subnet}.31", "port": 1993, "password": "Alice-Pa55", "ca_path": "{{ lab_ca }}"}
    wanted = {"mailbox": "{{ probed.rcpt_to }}", "token": "{{ probed.token }}", "sent": "{{ none }}"}
    run = _play(
        lab,
        [
            {"sharepoint.mail.smtp_probe": {**probe, "token": "tokenofahost", "send": True}, "register": "probed"},
            {"ansible.builtin.set_fact": {"wanted": [wanted]}},
            {"sharepoint.mail.mailbox_message": {"mailboxes": [mailbox], "messages": "{{ wanted }}", "timeout": 20}},
        ],
    )
    assert run.code == 0, run.output
    assert [message["token"] for message in run.of("mailbox_message")[0]["messages"] if message["found"]] == ["tokenofahost"]


def test_a_password_from_a_vault_signs_in(lab: Lab) -> None:
    """Written into the task itself, where no template makes plain text of it."""
    key, playbook = lab.state / "vault-key", lab.state / "vaulted.yml"
    key.write_text("the vault's own\n", encoding="utf-8")
    vault = [str(Path(sys.executable).parent / "ansible-vault"), "encrypt_string", "--vault-password-file", str(key)]
    secret = subprocess.run([*vault, "Alice-Pa55"], stdout=subprocess.PIPE, text=True, timeout=60, check=True).stdout
    mailbox = {"address": ALICE, "host": f"{lab.subnet}.31", "port": 1993, "password": "HERE", "ca_path": "{{ lab_ca }}"}
    message = {"mailbox": ALICE, "token": "nothinglikeit"}
    task = {"name": "Read", "sharepoint.mail.mailbox_message": {"mailboxes": [mailbox], "messages": [message], "timeout": 0}}
    text = yaml.safe_dump([{"name": "Vault", "hosts": "sp01", "gather_facts": False, "tasks": [task]}])
    playbook.write_text(text.replace("HERE", secret.replace("\n", "\n          ")), encoding="utf-8")
    run = lab.playbook(playbook, "--vault-password-file", str(key), "-vvv")
    assert run.code == 0, run.output
    assert run.of("mailbox_message")[0]["missing"] == ["nothinglikeit"]
    assert "Alice-Pa55" not in run.output


def test_text_of_a_host_is_never_a_template(lab: Lab) -> None:
    sent = {"process": "{{ read.connectors[0].comment }}", "token": "t", "time": "2026-01-01T00:00:00Z", "recipients": [ALICE]}
    recipients = [{"address": ALICE, "kind": "mailbox"}]
    connector = {**CONNECTOR, "name": "Text", "bindings": ["0.0.0.0:1027"], "comment": TEXT_OF_A_TEMPLATE}
    only_this = {"name": "Text", "servers": ["EX01"]}
    expected = "{{ [{'sent': sent}] | sharepoint.mail.messages_to_expect(recipients) }}"
    run = _play(
        lab,
        [
            {"sharepoint.mail.exchange_receive_connector": connector, "vars": EXCHANGE},
            {"sharepoint.mail.exchange_receive_connector_info": only_this, "register": "read", "vars": EXCHANGE},
            {"ansible.builtin.set_fact": {"expected": expected}},
            {"ansible.builtin.debug": {"msg": "{{ expected[0].id }}"}},
            {"sharepoint.mail.exchange_receive_connector": {**connector, "state": "absent"}, "vars": EXCHANGE},
        ],
        sent=sent,
        recipients=recipients,
    )
    assert run.code == 0, run.output
    assert [r["result"]["msg"] for r in run.results if r["action"] == "ansible.builtin.debug"] == [f"{{{{ 6 * 7 }}}}  {ALICE}"]
