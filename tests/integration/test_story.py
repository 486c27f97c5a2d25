"""The whole way on one lab, in order: lost alerts, a look at what would change, the repair, a second run, other inventories."""

from __future__ import annotations

import imaplib
import json
import ssl
from pathlib import Path
from typing import Any

import pytest

from tests.demo.demo import UNPATCHED
from tests.integration.conftest import ROOT, Lab, Run, StartLab

SITE = ROOT / "playbooks" / "site.yml"
VERIFY = ROOT / "playbooks" / "verify.yml"
HERE = Path(__file__).parent
ROUTE = {"mail_route": "externally_secured"}
SENDERS = ("test_message", "smtp_probe", "mailbox_message", "exchange_message_trace")


@pytest.fixture(scope="module")
def broken(start_lab: StartLab) -> Lab:
    return start_lab("--sharepoint-build", UNPATCHED)


def cells(report: dict[str, Any], scenario: str) -> list[dict[str, Any]]:
    return [s for s in report["scenarios"] if s["id"] == scenario]


def verified(lab: Lab, run: Run, name: str = "report") -> dict[str, Any]:
    assert (lab.state / f"{name}.json").exists(), run.output
    report: dict[str, Any] = json.loads((lab.state / f"{name}.json").read_text(encoding="utf-8"))
    return report


def paths(lab: Lab, name: str = "report") -> dict[str, Any]:
    return {"verify_delivery_json_path": str(lab.state / f"{name}.json"), "verify_delivery_html_path": str(lab.state / f"{name}.html")}


def test_without_a_route_the_alert_is_lost_and_the_report_says_why(broken: Lab) -> None:
    before = broken.ask("snapshot")
    run = broken.playbook(VERIFY, variables=paths(broken))
    report = verified(broken, run)
    assert run.code == 2, run.output
    assert report["verdict"] == "fail"
    assert {c["server"]: c["observed"] for c in cells(report, "notification")} == {"sp01": "delivered", "sp02": "delivered"}
    lost = [c for c in cells(report, "alert") if c["observed"] != "not_run"]
    assert [(c["server"], c["predicted"], c["observed"], c["verdict"], c["process"]) for c in lost] == [
        ("sp01", "not_sent", "not_sent", "fail", "owstimer")
    ]
    said = [(e["standing"], f"{e['fact']} {e['value']}") for e in lost[0]["evidence"]]
    assert any(standing == "inferred" and "NTLM" in text for standing, text in said)
    assert any("CORP\\sp_farm" in text for _unused, text in said)
    assert any("5.7.1" in text for _unused, text in said)
    assert not [c for c in report["scenarios"] if c["verdict"] == "surprise"]
    # What the test made in SharePoint is gone again; what it sent is no configuration.
    assert broken.ask("snapshot") == before


def test_check_mode_says_what_would_change_and_changes_nothing(broken: Lab) -> None:
    before = broken.ask("snapshot")
    run = broken.playbook(SITE, "--check", "--diff", variables=ROUTE)
    assert run.code == 0, run.output
    assert broken.ask("snapshot") == before
    assert len(run.changed) == 1, "the connectors; SharePoint sends to Exchange already"
    assert "What would arrive after the change" in run.output and "cannot be restored" in run.output
    diff = json.dumps([r["diff"] for r in run.of("exchange_receive_connector")])
    for word in ("SharePoint mail", "ExternalAuthoritative", "ExchangeServers", f"{broken.subnet}.21", f"{broken.subnet}.22"):
        assert word in diff
    for action in SENDERS:
        assert not run.of(action)


def test_the_route_makes_all_mail_arrive(broken: Lab) -> None:
    run = broken.playbook(SITE, variables={**ROUTE, **paths(broken)})
    assert run.code == 0, run.output
    report = verified(broken, run)
    assert report["verdict"] == "pass"
    observed = {(c["id"], c["server"]): c["observed"] for c in report["scenarios"]}
    assert observed["notification", "sp01"] == observed["notification", "sp02"] == "delivered"
    assert observed["alert", "sp01"] == "delivered"
    assert observed["alert_external", "sp01"] == "delivered"
    for scenario in ("unlisted_relay", "unlisted_connector"):
        assert [c["observed"] for c in cells(report, scenario)] == ["refused", "refused"]
    for cell in report["scenarios"]:
        assert {
            "id",
            "name",
            "server",
            "process",
            "recipient",
            "want",
            "needed",
            "predicted",
            "observed",
            "verdict",
            "evidence",
        } <= cell.keys()
        assert all({"fact", "value", "standing", "by"} <= e.keys() and e["standing"] in ("observed", "inferred") for e in cell["evidence"])
    assert not any("sending" in t or "Send" in t for t in run.changed)


def test_no_test_message_stays_in_a_mailbox(broken: Lab) -> None:
    """Copies of members for whom nobody looked are gone, too: alice is in a group that got the alert."""
    for host, address, password in (("31", "alice@corp.example", "Alice-Pa55"), ("31", "bob@corp.example", "Bob-Pa55")):
        context = ssl.create_default_context(cafile=str(broken.state / "ca.pem"))
        with imaplib.IMAP4_SSL(f"{broken.subnet}.{host}", 1993, ssl_context=context) as mailbox:
            mailbox.login(address, password)
            mailbox.select("INBOX", readonly=True)
            assert mailbox.search(None, "ALL") == ("OK", [b""]), address


def test_a_second_run_changes_nothing(broken: Lab) -> None:
    before = broken.ask("snapshot")
    run = broken.playbook(SITE, variables={**ROUTE, **paths(broken)})
    assert run.code == 0, run.output
    assert run.changed == []
    assert broken.ask("snapshot") == before


def test_the_same_play_with_winrm_and_credssp(broken: Lab) -> None:
    run = broken.playbook(SITE, extra=HERE / "winrm.yml", variables={**ROUTE, **paths(broken)})
    assert run.code == 0, run.output
    assert run.changed == []
    assert verified(broken, run)["verdict"] == "pass"


def test_roles_inside_a_play_written_for_another_purpose(broken: Lab) -> None:
    """Serial, limited, its own tasks around the roles, and Exchange hosts that the inventory reaches over winrm."""
    run = broken.playbook(HERE / "other_purpose.yml", extra=HERE / "other_purpose_inventory.yml", variables=paths(broken))
    assert run.code == 0, run.output
    assert verified(broken, run)["verdict"] == "pass"
    written = [r for r in run.results if r["action"] == "sharepoint.mail.outgoing_email" and r["status"] == "ok"]
    assert {r["host"] for r in written} == {"app-a"}, "once for the farm, in the first of two batches"
    limited = broken.playbook(
        HERE / "other_purpose.yml", "--limit", "app-b", extra=HERE / "other_purpose_inventory.yml", variables=paths(broken)
    )
    assert limited.code == 0, limited.output
    assert {r["host"] for r in limited.results if r["action"] == "sharepoint.mail.outgoing_email" and r["status"] == "ok"} == {"app-b"}


def test_no_password_and_no_authentication_blob_in_any_output(broken: Lab) -> None:
    run = broken.playbook(SITE, "-vvvv", "--diff", variables={**ROUTE, **paths(broken, "verbose")})
    assert run.code == 0, run.output
    texts = [run.output, json.dumps(run.results)]
    texts += [(broken.state / f"verbose.{kind}").read_text(encoding="utf-8") for kind in ("json", "html")]
    secrets = ["Install-Pa55 word", "Exchange-Pa55", "Alice-Pa55", "Partner-Pa55", "Farm-Pa55", "Pool-Pa55"]
    for text in texts:
        # TlRMTVNTUAA is how a base64 NTLM message begins.
        assert [s for s in [*secrets, "TlRMTVNTUAA"] if s in text] == []


def test_pipelines_carry_no_script_text(broken: Lab) -> None:
    pipelines = broken.ask("pipelines")
    assert pipelines
    out = ROOT / "build" / "pipelines.json"
    out.write_text(json.dumps(pipelines, indent=1) + "\n", encoding="utf-8")
    for pipeline in pipelines:
        assert {"product", "version", "endpoint", "statements", "state", "errors"} <= pipeline.keys()
        for statement in pipeline["statements"]:
            for command in statement:
                assert not command.get("script")
                verb, dash, noun = command["cmdlet"].removeprefix("Microsoft.PowerShell.Utility\\").partition("-")
                assert verb.isalpha() and dash and noun.isalnum(), command
                for name, parameter in command["parameters"].items():
                    assert {"type", "value"} <= parameter.keys()
                    assert parameter["type"] != "SB", f"{command['cmdlet']} -{name} carries a script block"
