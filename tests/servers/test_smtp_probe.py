"""What smtp_probe makes of a Postfix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Lab
from tests.servers.postfix import DOMAIN, NAME, Postfix

PARTNER = f"partner@{DOMAIN}"
ALICE = "alice@corp.example"


@pytest.fixture
def probe(controller: Lab, smtp: Postfix, certificate: Path) -> Any:
    def run(**changed: Any) -> dict[str, Any]:
        arguments = {
            "host": smtp.address,
            "port": smtp.port,
            "ehlo": "controller.corp.example",
            "mail_from": ALICE,
            "rcpt_to": PARTNER,
            "ca_path": str(certificate / "client.pem"),
            "timeout": 20,
        }
        run = controller.task("smtp_probe", {key: value for key, value in {**arguments, **changed}.items() if value is not None})
        (entry,) = run.results
        assert entry["status"] == "ok", run.output
        result: dict[str, Any] = entry["result"]
        return result

    return run


def test_a_recipient_of_the_domain_is_taken_and_withdrawn(probe: Any, smtp: Postfix) -> None:
    result = probe()
    assert (result["outcome"], result["stage"], result["sent"], result["changed"]) == ("accepted", "done", False, False)
    assert result["banner"].startswith(f"{NAME} ESMTP Postfix")
    assert {"PIPELINING", "STARTTLS", "8BITMIME", "SMTPUTF8"} <= set(result["keywords"])
    assert result["tls_version"].startswith("TLSv1") and result["tls_error"] == ""
    assert (result["auth_before_tls"], sorted(result["auth_after_tls"])) == ([], ["LOGIN", "PLAIN"])


def test_relaying_is_refused_with_the_servers_words(probe: Any) -> None:
    result = probe(rcpt_to="nobody@example.com")
    assert (result["outcome"], result["stage"]) == ("refused", "rcpt")
    assert result["reply"] == "554 5.7.1 <nobody@example.com>: Relay access denied"


def test_a_refusal_of_several_lines_keeps_its_reason(probe: Any) -> None:
    result = probe(port=2527, rcpt_to="nobody@example.com")
    assert result["reply"].startswith("554 5.7.1 <nobody@example.com>: Relay access denied")
    assert "800-555-0101" in result["reply"]


def test_mechanisms_announced_twice_are_named_once(probe: Any) -> None:
    result = probe(port=2527)
    assert sorted(result["auth_before_tls"]) == sorted(result["auth_after_tls"]) == ["LOGIN", "PLAIN"]
    assert not [word for word in result["keywords"] if word.startswith(("VRFY", "ETRN"))]


@pytest.mark.parametrize(
    ("changed", "stage", "reply"),
    [
        ({"rcpt_to": f"nobody@{DOMAIN}"}, "rcpt", "550 5.1.1 "),
        ({"rcpt_to": f"later@{DOMAIN}"}, "rcpt", "450 4.2.0 "),
        ({"port": 2526, "starttls": False}, "mail", "530 5.7.0 Must issue a STARTTLS command first"),
        ({"ehlo": "controller"}, "rcpt", "504 5.5.2 <controller>: Helo command rejected"),
        ({"port": 2529}, "greeting", "554 5.7.1 "),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_refusal_is_reported_where_it_happened(probe: Any, changed: dict[str, Any], stage: str, reply: str) -> None:
    result = probe(**changed)
    assert (result["outcome"], result["sent"]) == ("refused", False)
    assert result["stage"] == stage, result["transcript"]
    assert result["reply"].startswith(reply)


def test_tls_that_is_required_is_used(probe: Any) -> None:
    assert probe(port=2526)["outcome"] == "accepted"


def test_tls_that_is_required_and_not_trusted_leaves_a_refusal(probe: Any) -> None:
    result = probe(port=2526, ca_path=None)
    assert "certificate verify failed" in result["tls_error"]
    assert (result["outcome"], result["stage"]) == ("refused", "mail")


def test_the_certificate_is_read(probe: Any, smtp: Postfix) -> None:
    shown = probe()["certificate"]
    assert (shown["names"], shown["name_matches"], shown["trusted"]) == ([NAME, smtp.address], True, True)
    assert probe(tls_name=NAME)["certificate"]["name_matches"] is True


def test_a_certificate_for_another_name_is_said(probe: Any) -> None:
    result = probe(tls_name="relay.corp.example")
    assert (result["certificate"]["name_matches"], result["certificate"]["trusted"]) == (False, True)
    assert "relay.corp.example" in result["tls_error"]
    assert (result["outcome"], result["auth_after_tls"]) == ("accepted", None), "in clear text, which this server allows"


def test_what_a_server_requires_is_told_from_its_answers(probe: Any) -> None:
    assert probe(starttls=False)["policy"] == {
        "max_size": 10240000,
        "starttls": True,
        "requires_tls": False,
        "requires_authentication": False,
    }
    assert probe(port=2526, starttls=False)["policy"]["requires_tls"] is True


def test_a_server_without_tls_is_no_error(probe: Any) -> None:
    result = probe(port=2528)
    assert (result["outcome"], result["tls_error"], result["auth_after_tls"], result["policy"]["starttls"]) == ("accepted", "", None, False)


def test_several_servers_are_probed_at_once(controller: Lab, smtp: Postfix, certificate: Path) -> None:
    probes = [{"host": smtp.address, "port": port, "scenario": str(port)} for port in (2525, 2526, 2527, 2528, 2529)]
    arguments = {"ehlo": "controller.corp.example", "mail_from": ALICE, "rcpt_to": PARTNER, "ca_path": str(certificate / "client.pem")}
    (result,) = controller.task("smtp_probe", {**arguments, "probes": probes}).of("smtp_probe")
    outcomes = {one["scenario"]: one["outcome"] for one in result["probes"]}
    assert outcomes == {"2525": "accepted", "2526": "accepted", "2527": "accepted", "2528": "accepted", "2529": "refused"}


def test_a_port_that_speaks_tls_at_once_is_no_smtp_server(probe: Any) -> None:
    result = probe(port=2465, timeout=3)
    assert (result["outcome"], result["stage"]) == ("not_connected", "greeting")
