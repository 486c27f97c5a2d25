"""The anonymous route: an own port, on which AUTH is never offered; and the same farm moved on by changing one variable."""

from __future__ import annotations

from tests.demo.demo import ROUTES, UNPATCHED
from tests.integration.conftest import StartLab
from tests.integration.test_states import NEEDS
from tests.integration.test_story import SITE, paths, verified


def test_the_anonymous_route_and_the_way_on_from_it(start_lab: StartLab) -> None:
    lab = start_lab("--sharepoint-build", UNPATCHED)
    anonymous = {**ROUTES["anonymous"], "mail_route": "anonymous"}
    run = lab.playbook(SITE, variables={**anonymous, **paths(lab)})
    assert run.code == 0, run.output
    report = verified(lab, run)
    observed = {(c["id"], c["server"]): c["observed"] for c in report["scenarios"]}
    assert report["verdict"] == "pass"
    assert observed["alert", "sp01"] == observed["alert_external", "sp01"] == observed["invitation", "sp02"] == "delivered"
    assert observed["alert_group_authenticated", "sp01"] == "bounced"
    probe = next(r for r in run.of("smtp_probe"))["probes"]
    assert all(not p["auth_before_tls"] for p in probe if p["port"] == 1026), "no AUTH on the connector's own port"

    again = lab.playbook(SITE, variables={**anonymous, **paths(lab)})
    assert again.code == 0, again.output
    assert again.changed == []

    moved = lab.playbook(SITE, variables={**anonymous, "mail_route": "externally_secured", "verify_delivery_needs": NEEDS, **paths(lab)})
    assert moved.code == 0, moved.output
    assert verified(lab, moved)["verdict"] == "pass"
    assert any("receive connector" in task for task in moved.changed)
