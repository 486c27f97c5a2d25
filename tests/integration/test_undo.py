"""When verification fails after a change, what can be put back is put back; what cannot is refused before."""

from __future__ import annotations

import json

import pytest

from tests.integration.conftest import StartLab
from tests.integration.test_story import ROUTE, SITE, paths


@pytest.mark.every_core
def test_a_failed_verification_puts_everything_back(fresh_lab: StartLab) -> None:
    lab = fresh_lab("--mutant", "dropped-after-250")
    before = lab.ask("snapshot")
    changes = {"outgoing_email_from_address": "alerts@corp.example"}
    run = lab.playbook(SITE, variables={**ROUTE, **changes, **paths(lab)})
    assert run.code == 2, run.output
    assert len(run.changed) >= 4, "connectors and outgoing email were changed, and changed back"
    assert "put back" in run.failures[-1]
    assert lab.ask("snapshot") == before
    assert json.loads((lab.state / "report.json").read_text(encoding="utf-8"))["verdict"] == "fail"
    assert (lab.state / "report.undone.json").exists()


def test_what_cannot_be_put_back_is_refused_before_the_change(fresh_lab: StartLab) -> None:
    lab = fresh_lab("--state", "no-outgoing-email")
    before = lab.ask("snapshot")
    run = lab.playbook(SITE, variables={**ROUTE, **paths(lab)})
    assert run.code == 2, run.output
    assert "best_effort" in run.failures[-1]
    assert lab.ask("snapshot")["sharepoint"] == before["sharepoint"]
    run = lab.playbook(SITE, variables={**ROUTE, **paths(lab), "outgoing_email_undo_policy": "best_effort"})
    assert run.code == 0, run.output


def test_a_lost_request_is_put_back(fresh_lab: StartLab) -> None:
    lab = fresh_lab()
    before = lab.ask("snapshot")
    with lab.fault("lost", host="ex02", about="New-ReceiveConnector"):
        run = lab.playbook(SITE, variables={**ROUTE, **paths(lab)})
    assert run.code == 2, run.output
    assert lab.ask("snapshot") == before
    assert "New-ReceiveConnector" in run.failures[-1] and "was put back" in run.failures[-1]


@pytest.mark.every_core
def test_a_change_that_fails_halfway_is_put_back(fresh_lab: StartLab) -> None:
    lab = fresh_lab("--state", "anonymous-port")
    before = lab.ask("snapshot")
    servers = [{"name": "EX01", "host": f"{lab.subnet}.31"}, {"name": "EX09", "host": f"{lab.subnet}.32"}]
    run = lab.playbook(SITE, variables={**ROUTE, **paths(lab), "exchange_connector_servers": servers})
    assert run.code == 2, run.output
    assert len(run.changed) == 2, "the first server's connector was changed, and changed back"
    assert "EX09" in run.failures[-1] and "was put back" in run.failures[-1]
    assert lab.ask("snapshot") == before
