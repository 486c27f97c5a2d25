"""Whatever breaks after a change — a setting, an answer, the verification — what was there is restored, and the first cause is told."""

from __future__ import annotations

import copy
import itertools
import json
import smtplib
from typing import Any

import pytest

from tests.demo.demo import ROUTES
from tests.integration.conftest import Lab, Run, StartLab
from tests.integration.test_story import ROUTE, SITE, paths

RELAY = {**ROUTES["iis_relay"], "mail_route": "iis_relay"}
ANONYMOUS = {**ROUTES["anonymous"], "mail_route": "anonymous"}


STAY = {"Web-WMI", "Web-Metabase", "Web-Mgmt-Compat", "Web-ODBC-Logging"}


def state(lab: Lab) -> Any:
    """The lab's snapshot. Features that a relay needs, and the service that comes with them, stay when it goes, and the play says so."""
    found = copy.deepcopy(lab.ask("snapshot"))
    for machine in found["windows"].values():
        machine["features"] = [name for name in machine["features"] if name not in STAY]
        machine["services"].pop("IISADMIN", None)
    return {**found, "doors": doors(lab)}


def doors(lab: Lab) -> dict[str, Any]:
    """What answers at the SMTP ports of the farm and of Exchange: what is offered, and whether mail may leave for another domain."""
    places = itertools.product((21, 22, 31, 32), (1025, 1026, 1587), (21, 22, 90))
    return {f".{host}:{port} from .{source}": _door(lab, host, port, source) for host, port, source in places}


def _door(lab: Lab, host: int, port: int, source: int) -> Any:
    try:
        with smtplib.SMTP(f"{lab.subnet}.{host}", port, "client.corp.example", 10, (f"{lab.subnet}.{source}", 0)) as client:
            client.ehlo()
            offered = sorted(client.esmtp_features)
            sender = client.mail("sharepoint@corp.example")[0]
            return offered, sender, client.rcpt("partner@outside.example")[0]
    except (OSError, smtplib.SMTPException) as error:
        return type(error).__name__


def site(lab: Lab, route: dict[str, Any], *options: str, **variables: Any) -> Run:
    return lab.playbook(SITE, *options, variables={**route, **variables, **paths(lab)})


def restored(run: Run, cause: str) -> None:
    """The play failed with the first cause, and says that what was there was put back."""
    assert run.code == 2, run.output
    told = run.failures[-1]
    assert cause in told and "was restored (" in told and "could not" not in told.partition("was restored (")[2], told


@pytest.mark.every_core
def test_a_failed_verification(fresh_lab: StartLab) -> None:
    lab = fresh_lab("--mutant", "dropped-after-250")
    before = state(lab)
    run = site(lab, ROUTE, outgoing_email_from_address="alerts@corp.example")
    restored(run, "not delivered as needed")
    assert len(run.changed) == 4, "connectors and outgoing email were changed, and changed back"
    assert state(lab) == before
    assert json.loads((lab.state / "report.json").read_text(encoding="utf-8"))["verdict"] == "fail"
    assert (lab.state / "report.undone.json").exists()


def test_what_could_not_be_restored_is_refused_before_the_change(fresh_lab: StartLab) -> None:
    lab = fresh_lab("--state", "no-outgoing-email")
    before = state(lab)
    run = site(lab, ROUTE)
    assert run.code == 2 and "best_effort" in run.failures[-1], run.output
    assert (run.changed, state(lab)) == ([], before)
    foreseen = site(lab, ROUTE, "--check")
    assert foreseen.code == 0 and "cannot be restored" in foreseen.output, foreseen.output
    run = site(lab, ROUTE, mail_flow_undo_policy="best_effort")
    assert run.code == 0, run.output


def test_a_verification_that_breaks_off(start_lab: StartLab) -> None:
    """A mailbox that may not be read, and a site that is none: an error inside the verification is a failed verification."""
    lab = start_lab("--state", "anonymous-port")
    before = state(lab)
    recipients = [{"address": "alice@corp.example", "kind": "mailbox", "host": f"{lab.subnet}.31", "port": 1993, "password": "wrong"}]
    mailbox = {**recipients[0], "ca_path": str(lab.state / "ca.pem")}
    run = site(lab, ROUTE, verify_delivery_needs={}, verify_delivery_recipients=[mailbox])
    restored(run, "refused the user name alice@corp.example")
    assert state(lab) == before
    for route in (ROUTE, ANONYMOUS):
        run = site(lab, route, verify_delivery_web_url="https://nowhere.corp.example/")
        assert run.code == 2 and "nowhere.corp.example" in run.failures[-1], run.output
        assert state(lab) == before


@pytest.mark.parametrize("route", [ROUTE, ANONYMOUS], ids=["externally_secured", "anonymous"])
@pytest.mark.parametrize(
    ("fault", "where"),
    [
        pytest.param("lost", {"about": "New-ReceiveConnector", "nth": 2}, marks=pytest.mark.deep),
        pytest.param("lost", {"about": "New-ReceiveConnector", "when": "after"}, marks=pytest.mark.deep),
        ("html", {"about": "New-ReceiveConnector", "when": "after"}),
        pytest.param("error", {"about": "New-ReceiveConnector", "nth": 2, "text": "No domain controller."}, marks=pytest.mark.deep),
        pytest.param("session_ends", {"about": "New-ReceiveConnector", "when": "after"}, marks=pytest.mark.deep),
    ],
    ids=["a request lost", "an answer lost", "a proxy's page", "an error", "the session's end"],
)
def test_a_connector_that_breaks(bare: Lab, route: dict[str, Any], fault: str, where: dict[str, Any]) -> None:
    lab = bare
    before = state(lab)
    with lab.fault(fault, host="ex01", **where):
        run = site(lab, route)
    restored(run, "EX01")
    assert state(lab) == before


@pytest.mark.parametrize(
    ("fault", "where"),
    [
        ("lost", {"host": "ex01", "about": "Add-ADPermission", "when": "after"}),
        pytest.param("html", {"host": "ex01", "about": "Add-ADPermission", "when": "after"}, marks=pytest.mark.deep),
        pytest.param("lost", {"host": "sp01", "about": "Install-WindowsFeature", "when": "after"}, marks=pytest.mark.deep),
        pytest.param("session_ends", {"host": "sp01", "about": "Set-CimInstance", "when": "after"}, marks=pytest.mark.deep),
        pytest.param("error", {"host": "sp01", "about": "Start-Service", "text": "The service did not start."}, marks=pytest.mark.deep),
        pytest.param("lost", {"host": "sp01", "about": "Set-SPWebApplication", "when": "after"}, marks=pytest.mark.deep),
    ],
    ids=["Send As", "Send As, a proxy", "the feature", "the relay's settings", "the relay's service", "outgoing email"],
)
def test_a_relay_route_that_breaks(fresh_lab: StartLab, fault: str, where: dict[str, Any]) -> None:
    lab = fresh_lab("--state", "anonymous-port")
    before = state(lab)
    with lab.fault(fault, **where):
        run = site(lab, RELAY, "-vvvv")
    restored(run, {"ex01": "EX01", "sp01": "sp01"}[where["host"]])
    assert state(lab) == before
    told = run.output + json.dumps(run.results)
    assert [secret for secret in ("Relay-Pa55", "Exchange-Pa55", "Install-Pa55", "Alice-Pa55") if secret in told] == []


@pytest.mark.every_core
def test_a_failure_at_the_first_server_tells_its_cause(start_lab: StartLab) -> None:
    lab = start_lab("--state", "anonymous-port")
    before = state(lab)
    run = site(lab, ROUTE, exchange_connector_remote_ip_ranges=["0.0.0.0-255.255.255.255"])
    assert run.code == 2 and "open to 0.0.0.0/0" in run.failures[-1], run.output
    servers = [{"name": "EX01", "host": f"{lab.subnet}.31"}, {"name": "EX09", "host": f"{lab.subnet}.32"}]
    run = site(lab, ROUTE, exchange_access_servers=servers)
    assert run.code == 2 and "EX09" in run.failures[-1], run.output
    assert (run.changed, state(lab)) == ([], before)


def test_a_step_that_could_not_be_restored_is_named_and_the_others_are_restored(fresh_lab: StartLab) -> None:
    """The session that removes the connectors ends before it does."""
    lab = fresh_lab("--mutant", "dropped-after-250")
    before = state(lab)
    with lab.fault("session_ends", host="ex01", about="Remove-ReceiveConnector"):
        run = site(lab, ROUTE, outgoing_email_from_address="alerts@corp.example")
    told = run.failures[-1]
    assert run.code == 2 and "not delivered as needed" in told and "exchange_connector could not restore" in told, run.output
    assert "EX01" in told.partition("exchange_connector could not restore")[2]
    assert state(lab)["sharepoint"] == before["sharepoint"]
    # Run again, it is put right.
    assert site(lab, ROUTE, "--check").code == 0


def test_a_null_is_restored_as_null(fresh_lab: StartLab) -> None:
    lab = fresh_lab("--mutant", "dropped-after-250")
    before = state(lab)
    run = site(lab, ROUTE, outgoing_email_override_envelope_sender=True)
    restored(run, "not delivered as needed")
    assert state(lab) == before


def test_without_undo_what_was_changed_stays_and_is_said_to(fresh_lab: StartLab) -> None:
    lab = fresh_lab("--mutant", "dropped-after-250")
    before = state(lab)
    run = site(lab, ROUTE, mail_flow_undo=False)
    assert run.code == 2 and "mail_flow_undo is false" in run.failures[-1], run.output
    assert state(lab)["exchange"] != before["exchange"]
