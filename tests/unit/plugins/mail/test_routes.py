# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.facts import Needs, Situation, parse_situation
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.routes import ROUTES, Recommendation, recommend
from tests.unit.plugins.mail import by_hand

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
        (PATCHED, {"groups": True}, "externally_secured", None),
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
    reason = _advice(_situation(farm=by_hand.farm()), external=True, groups=True).reason
    assert "externally_secured is the least trusting route" in reason
    assert "default_connector does not serve: mailboxes" in reason and "OWSTIMER" in reason
    assert "anonymous with relay does not serve: groups" in reason and "5.7.133" in reason


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
    entries = {(entry["route"], entry["relay"]): entry for entry in (judged.as_dict() for judged in _advice(groups=True).routes)}
    relay = entries["iis_relay", None]
    assert (relay["satisfies"], relay["configured"]) == (True, False)
    assert any("Not configured by this version" in why for why in relay["why"])
    assert _advice(groups=True).as_dict()["route"] == "externally_secured"


@given(NEEDS, st.booleans())
def test_every_need_has_an_answer_and_more_needs_never_trust_less(needs: Needs, patched: bool) -> None:
    situation = _situation(farm=by_hand.farm(patched=patched))
    advice = recommend(needs, situation)
    assert len(advice.routes) == len(ROUTES) and all(judged.as_dict()["why"] for judged in advice.routes)
    nothing = recommend(Needs(), situation)
    assert advice.chosen is not None and nothing.chosen is not None
    assert ROUTES.index(advice.chosen) >= ROUTES.index(nothing.chosen)
