"""A lab that is wrong in one point: the verification has to notice, in the cell where it shows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.conftest import StartLab
from tests.integration.test_states import NEEDS, NOBODY, OWN_PORT, RELAY, SECURED
from tests.integration.test_story import VERIFY, paths, verified

MUTANTS: list[tuple[str, str, dict[str, Any], str, str, str, str]] = [
    # mutant, state, route, scenario, server, predicted, observed
    ("auth-never-offered", "unpatched", NOBODY, "alert", "sp01", "not_sent", "delivered"),
    ("timer-goes-on", "unpatched", NOBODY, "alert", "sp01", "not_sent", "delivered"),
    ("dropped-after-250", "externally-secured", SECURED, "notification", "sp02", "delivered", "accepted_not_delivered"),
    ("ranges-ignored", "externally-secured", SECURED, "unlisted_connector", "EX02", "refused", "accepted_not_delivered"),
    ("relay-for-anyone", "patched", NOBODY, "unlisted_relay", "EX01", "refused", "accepted_not_delivered"),
    ("group-check-off", "anonymous-port", OWN_PORT, "alert_group_authenticated", "sp01", "bounced", "delivered"),
    ("permitted-senders-ignored", "permitted-sender-missing", SECURED, "alert_group_permitted", "sp01", "bounced", "delivered"),
    ("ndr-not-sent", "permitted-sender-missing", SECURED, "alert_group_permitted", "sp01", "bounced", "accepted_not_delivered"),
    ("tracking-silent", "permitted-sender-missing", SECURED, "alert_group_permitted", "sp01", "bounced", "not_sent"),
    ("override-ignored", "envelope-overridden", SECURED, "invitation", "sp01", "delivered", "delivered"),
    ("relay-serves-anyone", "iis-relay", RELAY, "relay_unlisted", "sp01", "refused", "accepted_not_delivered"),
    ("relay-drops-credentials", "iis-relay", RELAY, "alert", "sp01", "delivered", "accepted_not_delivered"),
    ("relay-loses-mail", "iis-relay", RELAY, "notification", "sp02", "delivered", "accepted_not_delivered"),
    ("tls-not-required", "tls-required", SECURED, "alert", "sp01", "refused", "delivered"),
]


QUICK = ("dropped-after-250", "ranges-ignored", "group-check-off")


@pytest.mark.parametrize(
    ("mutant", "state", "route", "scenario", "server", "predicted", "observed"),
    [pytest.param(*mutant, id=mutant[0], marks=() if mutant[0] in QUICK else pytest.mark.deep) for mutant in MUTANTS],
)
def test_mutant_turns_its_cell_into_a_surprise(
    fresh_lab: StartLab, mutant: str, state: str, route: dict[str, Any], scenario: str, server: str, predicted: str, observed: str
) -> None:
    lab = fresh_lab("--state", state, "--mutant", mutant)
    run = lab.playbook(VERIFY, variables={**route, "verify_delivery_needs": NEEDS, **paths(lab)})
    assert run.code == 2, run.output
    report = verified(lab, run)
    cell = next(c for c in report["scenarios"] if (c["id"], c["server"]) == (scenario, server))
    assert (cell["predicted"], cell["observed"], cell["verdict"]) == (predicted, observed, "surprise")
    assert report["verdict"] == "fail"
