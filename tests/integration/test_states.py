"""Farms in trouble: the collection, which knows nothing of the lab, tells them apart from evidence alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.conftest import StartLab
from tests.integration.test_story import VERIFY, paths, verified

NEEDS = {"external": True, "groups": True, "send_as_users": True}
OWN_PORT = {"mail_route": "anonymous", "outgoing_email_port": 1026, "exchange_connector_bindings": ["0.0.0.0:1026"]}
SECURED = {"mail_route": "externally_secured"}
NOBODY = {"mail_route": "default_connector"}
RELAY = {"mail_route": "iis_relay", "outgoing_email_from_address": "svc_relay@corp.example"}

Cell = tuple[str, str, str | None]
"""Predicted, observed, and the id of the cause (None where there is nothing to explain)."""

STATES: dict[str, tuple[dict[str, Any], dict[tuple[str, str], Cell]]] = {
    "unpatched": (
        NOBODY,
        {
            ("notification", "sp01"): ("delivered", "delivered", None),
            ("alert", "sp01"): ("not_sent", "not_sent", "process_answers_challenge"),
            ("alert_external", "sp01"): ("not_sent", "not_sent", "process_answers_challenge"),
        },
    ),
    "patched": (
        NOBODY,
        {
            ("alert", "sp01"): ("delivered", "delivered", None),
            ("alert_external", "sp01"): ("refused", "refused", "no_relay_right"),
            ("alert_group_authenticated", "sp01"): ("bounced", "bounced", "group_wants_authentication"),
            ("invitation", "sp01"): ("delivered", "delivered", None),
        },
    ),
    "anonymous-port": (
        OWN_PORT,
        {
            ("notification", "sp02"): ("delivered", "delivered", None),
            ("alert", "sp01"): ("delivered", "delivered", None),
            ("alert_external", "sp01"): ("delivered", "delivered", None),
            ("alert_group_authenticated", "sp01"): ("bounced", "bounced", "group_wants_authentication"),
            ("unlisted_connector", "EX01"): ("refused", "refused", None),
        },
    ),
    "anonymous-no-relay": (OWN_PORT, {("alert_external", "sp01"): ("refused", "refused", "no_relay_right")}),
    "externally-secured": (
        SECURED,
        {
            (scenario, "sp01"): ("delivered", "delivered", None)
            for scenario in (
                "notification",
                "alert",
                "alert_external",
                "alert_group_authenticated",
                "alert_group_permitted",
                "invitation",
            )
        },
    ),
    "envelope-overridden": (SECURED, {("invitation", "sp01"): ("delivered", "delivered", "envelope_sender_overridden")}),
    "load-balancer": (SECURED, {("alert_external", "sp01"): ("delivered", "not_sent", "other_address_matches")}),
    "overlapping-connectors": (SECURED, {("alert", "sp01"): ("not_sent", "not_sent", "more_specific_connector")}),
    "tls-name-mismatch": (SECURED, {("alert", "sp01"): ("delivered", "not_sent", "certificate_name")}),
    "tls-required": (SECURED, {("alert", "sp01"): ("refused", "refused", "tls_not_used")}),
    "transport-inactive": (SECURED, {("alert", "sp01"): ("delivered", "refused", "transport_inactive")}),
    "timer-job-disabled": (SECURED, {("alert", "sp01"): ("not_sent", "not_run", "timer_job_disabled")}),
    "second-server-unlisted": (SECURED, {("alert", "sp02"): ("not_sent", "not_sent", "server_not_in_ranges")}),
    "rejected-later": (SECURED, {("alert_external", "sp01"): ("delivered", "bounced", "rejected_later")}),
    "iis-relay": (
        RELAY,
        {
            ("notification", "sp02"): ("delivered", "delivered", None),
            ("alert", "sp01"): ("delivered", "delivered", None),
            ("alert_external", "sp01"): ("delivered", "delivered", None),
            ("alert_group_authenticated", "sp01"): ("delivered", "delivered", None),
            ("alert_group_permitted", "sp01"): ("delivered", "delivered", None),
            ("invitation", "sp01"): ("delivered", "delivered", None),
            ("relay_unlisted", "sp01"): ("refused", "refused", None),
        },
    ),
    "iis-relay-no-grants": (
        RELAY,
        {("alert", "sp01"): ("delivered", "delivered", None), ("invitation", "sp01"): ("bounced", "bounced", "send_as_missing")},
    ),
    "iis-relay-open": (RELAY, {("relay_unlisted", "sp01"): ("delivered", "delivered", "relay_open")}),
    "permitted-sender-missing": (SECURED, {("alert_group_permitted", "sp01"): ("bounced", "bounced", "sender_not_permitted")}),
}


QUICK = ("unpatched", "externally-secured", "tls-name-mismatch", "iis-relay-no-grants")
"""One of each kind: refused by a process, delivered, lost on the way, bounced. `make deep` runs the others."""


@pytest.mark.parametrize("state", [pytest.param(state, marks=() if state in QUICK else pytest.mark.deep) for state in STATES])
def test_a_state_is_told_apart_from_evidence_alone(fresh_lab: StartLab, state: str) -> None:
    variables, expected = STATES[state]
    lab = fresh_lab("--state", state)
    run = lab.playbook(VERIFY, variables={**variables, "verify_delivery_needs": NEEDS, **paths(lab)})
    report = verified(lab, run)
    cells = {(c["id"], c["server"]): c for c in report["scenarios"]}
    found = {key: (cells[key]["predicted"], cells[key]["observed"], cells[key]["cause_id"] or None) for key in expected}
    assert found == expected
    # What rules and observation disagree about has a cause that is known by name.
    unexplained = [
        (c["id"], c["server"], c["predicted"], c["observed"])
        for c in report["scenarios"]
        if c["observed"] not in ("not_run", c["predicted"]) and c["cause_id"] in ("", "unknown")
    ]
    assert unexplained == []
    for cell in report["scenarios"]:
        if cell["verdict"] in ("fail", "surprise"):
            assert cell["cause"] and cell["remedy"], cell["id"]
