"""A lab that is wrong in one point: the verification has to notice, in the cell where it shows."""

from __future__ import annotations

import pytest

from tests.demo.demo import UNPATCHED
from tests.integration.conftest import StartLab
from tests.integration.test_story import ROUTE, SITE, VERIFY, paths, verified

MUTANTS = [
    # mutant, with the route, scenario, server, predicted, observed
    ("auth-never-offered", False, "alert", "sp01", "not_sent", "delivered"),
    ("timer-goes-on", False, "alert", "sp01", "not_sent", "delivered"),
    ("dropped-after-250", True, "notification", "sp02", "delivered", "accepted_not_delivered"),
    ("ranges-ignored", True, "unlisted_connector", "EX02", "refused", "accepted_not_delivered"),
    ("relay-for-anyone", False, "unlisted_relay", "EX01", "refused", "accepted_not_delivered"),
]


@pytest.mark.parametrize(("mutant", "routed", "scenario", "server", "predicted", "observed"), MUTANTS, ids=[m[0] for m in MUTANTS])
def test_mutant_turns_its_cell_into_a_surprise(
    fresh_lab: StartLab, mutant: str, routed: bool, scenario: str, server: str, predicted: str, observed: str
) -> None:
    lab = fresh_lab("--sharepoint-build", UNPATCHED, "--mutant", mutant)
    run = lab.playbook(SITE if routed else VERIFY, variables={**(ROUTE if routed else {}), **paths(lab)})
    assert run.code == 2, run.output
    report = verified(lab, run)
    cell = next(c for c in report["scenarios"] if (c["id"], c["server"]) == (scenario, server))
    assert (cell["predicted"], cell["observed"], cell["verdict"]) == (predicted, observed, "surprise")
    assert report["verdict"] == "fail"
