# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.needs import Needs
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.routes.declared import ROUTES
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.routes.routes import Recommendation, recommend
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.situation.facts import Situation, parse_situation
from tests.unit.delivery import by_hand, relay_by_hand
from tests.unit.test_repository import ROOT

PATCHED = by_hand.farm(patched=True)
NEEDS = st.builds(Needs, *[st.booleans()] * len(dataclasses.fields(Needs)))


def _situation(**changed: Any) -> Situation:
    return parse_situation(**by_hand.situation_facts(**{"farm": PATCHED, "needs": {}, **changed}))


def _advice(situation: Situation | None = None, **needs: bool) -> Recommendation:
    return recommend(Needs(**needs), situation or _situation())


def _serves(advice: Recommendation) -> dict[tuple[str, bool | None], bool]:
    return {(judged.route.name, judged.route.relay): not judged.why for judged in advice.routes}


# The table of routes: what each can do for groups that want authentication, for sending as users, and for recipients outside.
@pytest.mark.parametrize(
    ("route", "groups", "as_users", "external"),
    [
        (("default_connector", None), False, True, False),
        (("anonymous", False), False, True, False),
        (("anonymous", True), False, True, True),
        (("iis_relay", None), True, False, True),
        (("externally_secured", None), True, True, True),
    ],
)
def test_what_each_route_can_do(route: tuple[str, bool | None], groups: bool, as_users: bool, external: bool) -> None:
    assert _serves(_advice(groups=True))[route] is groups
    assert _serves(_advice(send_as_users=True))[route] is as_users
    assert _serves(_advice(external=True))[route] is external


def test_sharepoint_authenticates_itself_from_2019_on() -> None:
    assert not _serves(_advice())["authenticated", None]
    newer = by_hand.farm(patched=True) | {"product": "2019"}
    served = {need: _serves(_advice(_situation(farm=newer), **{need: True}))["authenticated", None] for need in ("groups", "send_as_users")}
    assert served == {"groups": True, "send_as_users": False}


@pytest.mark.parametrize(
    ("farm", "needs", "route", "relay"),
    [
        (PATCHED, {}, "default_connector", None),
        (PATCHED, {"send_as_users": True, "workflow": True}, "default_connector", None),
        (PATCHED, {"external": True}, "anonymous", True),
        (PATCHED, {"groups": True}, "iis_relay", None),
        (PATCHED, {"groups": True, "send_as_users": True}, "externally_secured", None),
        # Before KB3191880 the connector that setup makes costs the alerts, whatever the farm needs.
        (by_hand.farm(), {}, "anonymous", False),
        (by_hand.farm(), {"external": True, "send_as_users": True}, "anonymous", True),
        (by_hand.farm(), by_hand.ALL_NEEDS, "externally_secured", None),
        (by_hand.farm(), {"no_plain_text": True}, "anonymous", False),
        (by_hand.farm(patched=True, server=""), {}, "default_connector", None),
        (by_hand.farm(patched=True) | {"product": "2013"}, {"no_plain_text": True}, None, None),
    ],
)
def test_the_least_trusting_route_that_serves(farm: dict[str, Any], needs: dict[str, bool], route: str | None, relay: bool | None) -> None:
    advice = _advice(_situation(farm=farm), **needs).as_dict()
    assert (advice["route"], advice["relay"]) == (route, relay)
    assert advice["reason"]


def test_the_reason_says_why_the_routes_that_trust_less_do_not_serve() -> None:
    reason = _advice(_situation(farm=by_hand.farm()), **by_hand.ALL_NEEDS).reason
    assert "externally_secured is the least trusting route" in reason
    assert "default_connector does not serve: mailboxes" in reason and "OWSTIMER" in reason
    assert "anonymous with relay does not serve: groups" in reason and "5.7.133" in reason
    assert "iis_relay does not serve: send_as_users" in reason and "5.7.60" in reason


def test_what_is_not_the_routes_matter_does_not_count_against_it() -> None:
    # A job that is disabled, an overridden sender, a list without the farm's address and a foreign connector in the way are to be mended.
    farm = by_hand.farm(patched=True, override_envelope_sender=True)
    farm["web_applications"][0]["alert_job_disabled"] = True
    printers = by_hand.connector("Printers", remote_ip_ranges=["10.0.0.21"])
    situation = _situation(
        farm=farm, connectors=[*by_hand.defaults(), printers], recipients=by_hand.RECIPIENTS, groups=by_hand.groups(permitted=by_hand.ALICE)
    )
    assert _advice(situation, **by_hand.ALL_NEEDS).as_dict()["route"] == "externally_secured"


def test_routes_that_this_version_does_not_configure_are_named_and_not_recommended() -> None:
    newer = _situation(farm=by_hand.farm(patched=True) | {"product": "2019"})
    advice = _advice(newer, groups=True)
    itself = next(judged.as_dict() for judged in advice.routes if judged.route.name == "authenticated")
    assert (itself["satisfies"], itself["configured"]) == (True, False)
    assert any("Not configured by this version" in why for why in itself["why"])
    assert advice.as_dict()["route"] == "iis_relay"


def _through_the_relay(**changed: Any) -> Situation:
    return parse_situation(**relay_by_hand.situation_facts(**changed))


@pytest.mark.parametrize(
    ("changed", "route"),
    [
        ({}, "externally_secured"),
        ({"send_as": []}, "externally_secured"),
        ({"send_as": [relay_by_hand.grant(by_hand.BOB)]}, "externally_secured"),
        ({"send_as": relay_by_hand.EVERYBODY_GRANTED}, "iis_relay"),
        # The farm's address need not be the account's own: it can be set, or be granted.
        ({"send_as": relay_by_hand.EVERYBODY_GRANTED, "from_address": by_hand.SHAREPOINT}, "iis_relay"),
        # Setup's connectors for clients are gone: the route makes one of its own.
        ({"send_as": relay_by_hand.EVERYBODY_GRANTED, "connectors": by_hand.defaults()[::2]}, "iis_relay"),
    ],
    ids=["not read", "none", "another's", "everybody's", "other address", "no connector for clients"],
)
def test_a_relay_serves_all_where_everybody_lets_its_account_send(changed: dict[str, Any], route: str) -> None:
    situation = _through_the_relay(**changed)
    assert recommend(Needs(**by_hand.ALL_NEEDS), situation).as_dict()["route"] == route


def test_what_the_real_relay_lacks_is_no_matter_of_the_route() -> None:
    stopped = relay_by_hand.relay(running=False, relay_list="nobody", smart_host="", smart_host_authentication="none")
    advice = recommend(Needs(external=True, groups=True), _through_the_relay(relays=[stopped]))
    assert advice.as_dict()["route"] == "iis_relay"
    # Nor is it in the way of the others.
    assert _serves(advice)["externally_secured", None]


def test_grants_without_a_relay_are_those_of_the_one_that_would_be_made() -> None:
    granted = _situation(send_as=relay_by_hand.EVERYBODY_GRANTED)
    assert _advice(granted, groups=True, send_as_users=True).as_dict()["route"] == "iis_relay"


def test_mail_between_the_farms_servers_is_in_plain_text_with_a_relay() -> None:
    advice = _advice(groups=True, no_plain_text=True)
    assert advice.as_dict()["route"] == "externally_secured"
    relay = next(judged for judged in advice.routes if judged.route.name == "iis_relay")
    assert relay.why == ("no_plain_text: mail of SP02 reaches the relay on SP01 in plain text",)
    alone = by_hand.farm() | {"product": "2013"}
    alone["servers"] = alone["servers"][:1]
    assert _advice(_situation(farm=alone), no_plain_text=True).as_dict()["route"] == "iis_relay"


def test_each_route_says_what_it_cannot_do_needed_or_not() -> None:
    cannot = {(one.route.name, one.route.relay): {text.partition(":")[0] for text in one.cannot} for one in _advice().routes}
    assert cannot["default_connector", None] == {"external", "groups"}
    assert cannot["anonymous", True] == {"groups"}
    assert cannot["iis_relay", None] == {"send_as_users"}
    assert cannot["externally_secured", None] == set()


def test_a_relay_without_some_grants_says_whose() -> None:
    situation = _situation(send_as=[relay_by_hand.grant(by_hand.ALICE), relay_by_hand.grant(by_hand.BOB, allowed=False)])
    relay = next(judged for judged in _advice(situation, send_as_users=True).routes if judged.route.name == "iis_relay")
    assert "no Send As for bob@corp.example" in relay.why[0]


def test_a_relay_says_what_it_costs() -> None:
    remarks = " ".join(next(judged.as_dict()["why"] for judged in _advice(external=True).routes if judged.route.name == "iis_relay"))
    assert all(word in remarks for word in ("Windows Server 2025", "2 hours", "password"))


@settings(max_examples=30)
@given(NEEDS, st.booleans())
def test_every_need_has_an_answer_and_more_needs_never_trust_less(needs: Needs, patched: bool) -> None:
    situation = _situation(farm=by_hand.farm(patched=patched))
    advice = recommend(needs, situation)
    assert len(advice.routes) == len(ROUTES) and all(judged.as_dict()["why"] for judged in advice.routes)
    nothing = recommend(Needs(), situation)
    assert advice.chosen is not None and nothing.chosen is not None
    assert ROUTES.index(advice.chosen) >= ROUTES.index(nothing.chosen)


def test_the_table_of_needs_in_the_documentation_is_what_the_rules_say() -> None:
    text = (ROOT / "docs" / "routes.md").read_text(encoding="utf-8")
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")]
    columns = [route for route in ROUTES if route.known]
    needs = {"external recipients": "external", "groups": "groups", "sharing invitations": "send_as_users"}
    compared = set()
    for row in table:
        need = next((need for words, need in needs.items() if row[0].startswith(words)), None)
        if need:
            cannot = {one.route: {text.partition(":")[0] for text in one.cannot} for one in _advice().routes}
            assert [cell.startswith(("no", "only")) for cell in row[1:]] == [need in cannot[route] for route in columns], row[0]
            compared.add(need)
    assert compared == set(needs.values())
