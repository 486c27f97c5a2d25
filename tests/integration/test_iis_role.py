# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role iis_smtp_relay: for the farm's servers only, looking first, and put back again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.conftest import Lab, Run
from tests.integration.iis_relay import PASSWORD, info, run, set_by_hand, windows


@pytest.fixture(scope="module")
def lab(relay_lab: Lab) -> Lab:
    return relay_lab


def role(lab: Lab, *options: str, **variables: Any) -> Run:
    """Runs the role on the farm."""
    given = {
        "iis_smtp_relay_smart_host": "ex01.corp.example",
        "iis_smtp_relay_smart_host_port": 1587,
        "iis_smtp_relay_smart_host_username": "CORP\\svc_relay",
        "iis_smtp_relay_smart_host_password": PASSWORD,
        "iis_smtp_relay_bindings": [{"port": 1025}],
        **variables,
    }
    included = [{"name": "A relay", "ansible.builtin.include_role": {"name": "sharepoint.mail.iis_smtp_relay"}}]
    play = {"name": "A relay", "hosts": "sharepoint", "gather_facts": False, "vars": given, "tasks": included}
    return lab.playbook([play], *options)


def restored(lab: Lab, changed: Run) -> Run:
    """Restores what the first of these tasks had found."""
    (result,) = changed.of("iis_smtp_relay")
    outcome = role(lab, iis_smtp_relay_restore={"sp01": result["before"]})
    assert outcome.code == 0, outcome.output
    return outcome


def test_the_role_makes_a_relay_for_the_farm_and_takes_it_away(bare: Lab) -> None:
    farm = [f"{bare.subnet}.21", f"{bare.subnet}.22"]
    made = role(bare)
    assert made.code == 0, made.output
    facts = info(bare)["relay"]
    assert (facts["connect_addresses"], facts["relay_addresses"], facts["firewall_addresses"]) == (farm, farm, farm)
    assert (facts["running"], facts["smart_host_port"], facts["smart_host_tls"]) == (True, 1587, True)
    assert bare.ask("snapshot")["windows"]["sp02"]["services"] == {}
    before = bare.ask("snapshot")
    again = role(bare)
    assert (again.code, again.changed) == (0, []), again.output
    assert bare.ask("snapshot") == before
    run(bare, "iis_smtp_relay", {"state": "absent"})
    restored(bare, role(bare))
    assert info(bare)["relay"]["present"] is False and windows(bare)["firewall"] == {}


@pytest.mark.every_core
def test_the_role_puts_a_relay_that_was_there_back(lab: Lab) -> None:
    run(lab, "iis_smtp_relay", {"smart_host_port": 1587})
    before = windows(lab)
    changed = role(lab, iis_smtp_relay_hop_count=25, iis_smtp_relay_masquerade_domain="corp.example")
    assert restored(lab, changed).changed
    assert restored(lab, changed).changed == []
    after = windows(lab)
    # Lists that nobody reads once everybody may connect, and text that was null, are allowed to differ.
    assert {**after, "ip_security": None, "settings": {**after["settings"], "MasqueradeDomain": None}} == {**before, "ip_security": None}


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"iis_smtp_relay_hosts": ["sp09"]}, "sp09"),
        ({"iis_smtp_relay_smart_host_tls": False}, "in clear text"),
    ],
)
def test_the_role_refuses_before_anything_is_changed(lab: Lab, variables: dict[str, Any], words: str) -> None:
    before = lab.ask("snapshot")
    outcome = role(lab, "-vvvv", **variables)
    assert outcome.code == 2 and any(words in failure for failure in outcome.failures), outcome.output
    assert PASSWORD not in outcome.output
    assert lab.ask("snapshot") == before


def test_an_account_whose_password_nobody_knows_is_not_put_back_with_another(lab: Lab) -> None:
    set_by_hand(lab, RouteUserName="CORP\\old", SmartHost="mail.outside.example", RouteAction=264, AlwaysUseSsl=False, HopCount=20)
    changed = role(lab, iis_smtp_relay_take_over=True, iis_smtp_relay_hop_count=25)
    assert changed.code == 0, changed.output
    assert any("password" in sentence for sentence in changed.of("iis_smtp_relay")[0]["irreversible"])
    restored(lab, changed)
    facts = info(lab)["relay"]
    assert facts["hop_count"] == 20
    assert (facts["smart_host"], facts["smart_host_username"], facts["smart_host_tls"]) == ("ex01.corp.example", "CORP\\svc_relay", True)
