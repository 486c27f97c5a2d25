"""The anonymous route: an own port, on which AUTH is never offered."""

from __future__ import annotations

import pytest

from tests.demo.demo import ROUTES, UNPATCHED
from tests.integration.conftest import StartLab
from tests.integration.test_story import SITE, paths, verified


@pytest.mark.deep
def test_the_anonymous_route_offers_no_authentication(start_lab: StartLab) -> None:
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
