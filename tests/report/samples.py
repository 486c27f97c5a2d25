# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports as ``delivery_report`` writes them (schema 1), made by hand: one with everything in it, one with hostile text everywhere."""

from __future__ import annotations

from typing import Any

HOSTILE = (
    "<script>document.title='owned'</script><img src=http://127.0.0.1:9/x onerror=alert(1)>"
    "\"'&{{ 7*7 }}\r\nX-Injected: y\x1b[31m\u202egnp.exe"
)
LONG = "W" * 400

MAIL = [
    ("notification", "Notification to a mailbox", "w3wp", "alice@corp.example"),
    ("alert_confirmation", "Confirmation of an alert", "w3wp", "alice@corp.example"),
    ("alert", "Immediate alert to a mailbox", "owstimer", "alice@corp.example"),
    ("alert_external", "Immediate alert to a recipient outside", "owstimer", "partner@outside.example"),
    ("alert_group_authenticated", "Immediate alert to a group that requires authenticated senders", "owstimer", "everyone@corp.example"),
    ("alert_group_permitted", "Immediate alert to a group with permitted senders", "owstimer", "board@corp.example"),
    ("workflow", "Workflow task mail", "owstimer", "alice@corp.example"),
    ("invitation", "Sharing invitation, sent as the user who shares", "w3wp", "bob@corp.example"),
]
PROBES = [
    ("unlisted_relay", "Unlisted host relays to another domain"),
    ("unlisted_connector", "Unlisted host uses the farm's connector"),
    ("tls_missing", "Mail without TLS where TLS is required"),
    ("spoof", "Unlisted host sends as an internal sender"),
]


def evidence() -> list[dict[str, str]]:
    return [
        {
            "fact": "receive connector",
            "value": "EX01\\SharePoint mail: its binding 0.0.0.0:1026 and its range 10.0.0.21 are the most specific for this server",
            "standing": "inferred",
            "by": "receive connectors of EX01 and EX02, by binding, then by most specific remote range",
            "part": "prediction",
        },
        {
            "fact": "right to submit",
            "value": "ms-Exch-SMTP-Submit for ANONYMOUS LOGON",
            "standing": "observed",
            "by": "exchange_receive_connector_info",
            "part": "prediction",
        },
        {
            "fact": "test message",
            "value": "Mail test - 7b9d2f00c4, 2026-11-24T12:00:00+00:00",
            "standing": "observed",
            "by": "test_message (owstimer on SP01)",
            "part": "observation",
        },
        {
            "fact": "tracking: RECEIVE (SMTP)",
            "value": "connector EX01\\Default EX01, client 10.0.0.21, at 2026-11-24T12:00:03+00:00",
            "standing": "observed",
            "by": "message tracking of EX01",
            "part": "observation",
        },
    ]


HOPS = [
    {
        "from": "SP01 (10.0.0.21)",
        "by": "ex01.corp.example (10.0.0.31)",
        "with": "Microsoft SMTP Server",
        "time": "2026-11-24T12:00:02+00:00",
        "seconds": None,
    },
    {
        "from": "ex01.corp.example (10.0.0.31)",
        "by": "ex02.corp.example (10.0.0.32)",
        "with": "Microsoft SMTP Server (version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384)",
        "time": "2026-11-24T12:00:05+00:00",
        "seconds": 3.0,
    },
]

TRANSCRIPT = [
    "=== Trying ex01.corp.example:1026",
    "=== Connected to ex01.corp.example:1026 from 10.0.0.99",
    "<-  220 ex01.corp.example Microsoft ESMTP MAIL Service ready at Tue, 24 Nov 2026 12:00:00 +0000",
    " -> ehlo controller.corp.example",
    "<-  250-ex01.corp.example Hello [10.0.0.99]",
    "<-  250-SIZE 37748736",
    "<-  250 STARTTLS",
    " -> mail FROM:<sharepoint@corp.example>",
    "<-  250 2.1.0 Sender OK",
    " -> rcpt TO:<nobody@example.com>",
    "<** 550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
    " -> quit",
    "<-  221 2.0.0 Service closing transmission channel",
]


def cell(id_: str, name: str, server: str, process: str, recipient: str, **changed: Any) -> dict[str, Any]:
    """A cell that went well."""
    return {
        "id": id_,
        "name": name,
        "server": server,
        "process": process,
        "recipient": recipient,
        "want": "refused" if process == "probe" else "delivered",
        "needed": True,
        "predicted": "refused" if process == "probe" else "delivered",
        "observed": "refused" if process == "probe" else "delivered",
        "verdict": "pass",
        "evidence": evidence(),
        "decided_by": "rights",
        "seconds": None if process == "probe" else 1.0 + len(id_) / 4,
        "cause_id": "",
        "cause": "",
        "notes": [{"id": "subject_logging_off", "text": "Subjects are not logged on EX02."}] if id_ == "workflow" else [],
        "remedy": "",
        "transcripts": [{"host": "ex01.corp.example", "port": 1026, "lines": TRANSCRIPT}] if process == "probe" else [],
        "hops": [] if process == "probe" else HOPS,
        **changed,
    }


def whole() -> dict[str, Any]:
    """All scenarios on two farm servers and two Exchange servers, every verdict among them."""
    cells = [cell(id_, name, server, process, to) for id_, name, process, to in MAIL for server in ("SP01", "SP02")]
    cells += [cell(id_, name, server, "probe", "nobody@example.com") for id_, name in PROBES for server in ("EX01", "EX02")]
    cells.append(cell("relay_unlisted", "Unlisted host sends through the farm's relay", "SP01", "probe", "nobody@example.com"))
    for one in cells:
        if one["id"] == "alert_group_authenticated":
            one.update(
                predicted="bounced",
                observed="bounced",
                verdict="fail",
                seconds=None,
                hops=[],
                cause_id="group_wants_authentication",
                cause="everyone@corp.example takes mail of authenticated senders only; over this route the farm's is anonymous (5.7.133).",
                remedy="Use the route externally_secured, or let the group take mail from anybody (exchange_group_senders).",
            )
        if one["id"] == "alert_external" and one["server"] == "SP02":
            one.update(
                observed="accepted_not_delivered",
                verdict="surprise",
                seconds=None,
                hops=[],
                cause_id="unknown",
                cause="Exchange took the message and nothing shows what became of it.",
                remedy="Look for it in the queues of EX01 and EX02.",
            )
        if one["id"] == "alert_confirmation":
            one.update(predicted="not_run", observed="not_run", needed=False, verdict="skipped", seconds=None, hops=[])
        if one["id"] == "spoof":
            one.update(predicted="delivered", observed="delivered", needed=False, verdict="as_predicted")
    return {
        "schema": 1,
        "route": "anonymous",
        "verdict": "fail",
        "time": "2026-11-24T12:05:00+00:00",
        "scenarios": cells,
        "farm": {
            "build": "16.0.4522.1000",
            "web_application": "https://portal.corp.example/",
            "smtp_server": "ex01.corp.example",
            "port": 1026,
            "tls": False,
            "from_address": "sharepoint@corp.example",
        },
        "risks": ["Whoever controls 10.0.0.21 or 10.0.0.22 can send as anybody inside.", "Mail crosses the network in plain text."],
        "notes": ["Subjects are not logged, so a message that did not arrive cannot be identified."],
        "recommended": {
            "route": "externally_secured",
            "reason": "The least trusting route that reaches groups with authenticated senders.",
        },
        "routes": [
            {"route": "anonymous", "satisfies": False, "why": ["everyone@corp.example requires authenticated senders"]},
            {"route": "iis_relay", "satisfies": True, "why": ["It serves all."], "cannot": ["send_as_users: returned with 5.7.60"]},
            {"route": "externally_secured", "satisfies": True, "why": []},
            {"route": "default_connector", "satisfies": False, "why": ["OWSTIMER answers the challenge and stops", "no relay right"]},
        ],
    }


def hostile() -> dict[str, Any]:
    """The same, with hostile and very long text in every value that a server or a person may have put there."""

    def poison(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: poison(entry, name) for name, entry in value.items()}
        if isinstance(value, list):
            return [poison(entry, key) for entry in value]
        if isinstance(value, str) and key not in {
            "id",
            "want",
            "predicted",
            "observed",
            "verdict",
            "standing",
            "part",
            "process",
            "cause_id",
        }:
            return f"{value} {HOSTILE} {LONG}"
        return value

    poisoned: dict[str, Any] = poison(whole())
    return poisoned
