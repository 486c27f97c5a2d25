# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts of a farm and its Exchange servers, written by hand in the form in which the collection's modules return them."""

from __future__ import annotations

import copy
from typing import Any

EVERYBODY = ["0.0.0.0-255.255.255.255", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]
ALICE, BOB, PARTNER = "alice@corp.example", "bob@corp.example", "partner@outside.example"
EVERYONE, BOARD, SHAREPOINT = "everyone@corp.example", "board@corp.example", "sharepoint@corp.example"
STANDARD_AUTH = ["Tls", "Integrated", "BasicAuth", "BasicAuthRequireTLS", "ExchangeServer"]

FARM: dict[str, Any] = {
    "product": "2016",
    "build": "16.0.4522.1000",
    "build_source": {"fact": "file version", "standing": "observed", "by": "farm_info"},
    "answers_challenges": {"value": True, "reason": "older than 16.0.4534.1000 (KB3191880)"},
    "farm_account": "CORP\\sp_farm",
    "servers": [
        {"name": "SP01", "addresses": ["10.0.0.21"], "role": "WebFrontEnd"},
        {"name": "SP02", "addresses": ["10.0.0.22"], "role": "WebFrontEnd"},
    ],
    "web_applications": [
        {
            "name": "Portal",
            "url": "https://portal.corp.example/",
            "central_administration": False,
            "application_pool_account": "CORP\\sp_pool",
            "outgoing_email": {
                "server": "ex01.corp.example",
                "server_addresses": ["10.0.0.31"],
                "from_address": "sharepoint@corp.example",
                "reply_to": "sharepoint@corp.example",
                "port": 25,
                "tls": False,
            },
        }
    ],
}


def farm(*, patched: bool = False, **outgoing_email: Any) -> dict[str, Any]:
    facts = copy.deepcopy(FARM)
    if patched:
        facts["build"] = "16.0.4534.1000"
        facts["answers_challenges"] = {"value": False, "reason": "16.0.4534.1000 (KB3191880) or later"}
    facts["web_applications"][0]["outgoing_email"].update(outgoing_email)
    return facts


RECIPIENTS: list[dict[str, Any]] = [
    {"address": ALICE, "kind": "mailbox"},
    {"address": BOB, "kind": "mailbox"},
    {"address": PARTNER, "kind": "external"},
    {"address": EVERYONE, "kind": "group_authenticated", "member": BOB},
    {"address": BOARD, "kind": "group_permitted", "member": BOB},
]
ALL_NEEDS = {"external": True, "groups": True, "send_as_users": True}


def groups(permitted: str = SHAREPOINT) -> list[dict[str, Any]]:
    """As exchange_group_senders_info returns them."""
    open_to_all: dict[str, Any] = {"require_sender_authentication": False, "accept_only_from": [], "reject_from": []}
    return [
        {**open_to_all, "address": EVERYONE, "name": "Everyone", "require_sender_authentication": True},
        {**open_to_all, "address": BOARD, "name": "Board", "accept_only_from": [permitted]},
    ]


def connector(name: str, server: str = "EX01", **changed: Any) -> Any:
    return {
        "identity": f"{server}\\{name}",
        "name": name,
        "server": server,
        "transport_role": "FrontendTransport",
        "enabled": True,
        "bindings": ["[::]:25", "0.0.0.0:25"],
        "remote_ip_ranges": EVERYBODY,
        "auth_mechanism": STANDARD_AUTH,
        "permission_groups": ["AnonymousUsers", "ExchangeServers", "ExchangeLegacyServers"],
        "require_tls": False,
        **changed,
    }


def defaults() -> list[Any]:
    """What setup makes, as far as a client can reach it."""
    return [
        made
        for server in ("EX01", "EX02")
        for made in (
            connector(f"Default Frontend {server}", server),
            connector(f"Client Frontend {server}", server, bindings=["0.0.0.0:587"], permission_groups=["ExchangeUsers"]),
        )
    ]


def anonymous(server: str = "EX01", *, relay: bool = False, **changed: Any) -> Any:
    shape: dict[str, Any] = {
        "remote_ip_ranges": ["10.0.0.21", "10.0.0.22"],
        "bindings": ["0.0.0.0:26"],
        "auth_mechanism": ["Tls"],
        "permission_groups": ["AnonymousUsers", *(["Custom"] if relay else [])],
    }
    rights = ["Submit", "Accept-Any-Sender", "Accept-Authoritative-Domain-Sender", *(["Accept-Any-Recipient"] if relay else [])]
    entry = {"user": "NT AUTHORITY\\ANONYMOUS LOGON", "sid": "S-1-5-7", "deny": False, "inherited": False}
    shape["rights"] = [{**entry, "rights": [f"ms-Exch-SMTP-{right}" for right in rights]}]
    return connector("SharePoint mail", server, **{**shape, **changed})


def externally_secured(server: str = "EX01", **changed: Any) -> Any:
    shape = {
        "remote_ip_ranges": ["10.0.0.21", "10.0.0.22"],
        "bindings": ["0.0.0.0:25"],
        "auth_mechanism": ["ExternalAuthoritative"],
        "permission_groups": ["ExchangeServers"],
    }
    return connector("SharePoint mail", server, **{**shape, **changed})


def situation_facts(**changed: Any) -> dict[str, Any]:
    """The options of delivery_report that make a situation."""
    facts: dict[str, Any] = {
        "farm": farm(),
        "connectors": defaults(),
        "accepted_domains": ["corp.example"],
        "exchange_servers": [{"name": "EX01", "host": "ex01.corp.example"}, {"name": "EX02", "host": "ex02.corp.example"}],
        "recipients": [{"address": ALICE, "kind": "mailbox"}, {"address": PARTNER, "kind": "external"}],
        "needs": {"external": True},
        "route": "default_connector",
        "connector_name": "SharePoint mail",
        "web_application": "",
    }
    return {**facts, **changed}


def notification(server: str, **changed: Any) -> dict[str, Any]:
    sent = {"token": f"note{server}", "subject": f"Test note{server}", "time": "2026-11-24T12:00:00+00:00", "server": server}
    return {"sent": {**sent, "recipients": [ALICE], "process": "w3wp", "error": ""}, "log": [], **changed}


def alert(server: str = "SP01", log: list[dict[str, str]] | None = None, **changed: Any) -> dict[str, Any]:
    job = {
        "server": server,
        "status": "Succeeded",
        "started": "2026-11-24T12:00:01+00:00",
        "ended": "2026-11-24T12:00:02+00:00",
        "error": "",
    }
    sent = {"token": "alertword", "subject": "Mail test - alertword", "time": "2026-11-24T12:00:00+00:00", "server": server}
    return {"sent": {**sent, "recipients": [ALICE, PARTNER], "process": "owstimer", "error": ""}, "job": job, "log": log or [], **changed}


def message(token: str, mailbox: str = ALICE, *, found: bool = True, auth_as: str = "Anonymous") -> dict[str, Any]:
    facts: dict[str, Any] = {"id": token, "mailbox": mailbox, "token": token, "found": found}
    return {**facts, "seconds": 1.0, "auth_as": auth_as, "received": []} if found else facts


def probe(scenario: str, server: str, outcome: str = "refused", **changed: Any) -> dict[str, Any]:
    facts = {
        "scenario": scenario,
        "host": f"{server.lower()}.corp.example",
        "port": 25,
        "mail_from": "sharepoint@corp.example",
        "rcpt_to": "nobody@example.com",
        "outcome": outcome,
        "stage": "rcpt",
        "reply": "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
        "client_address": "10.0.0.99",
        "auth_before_tls": ["NTLM"],
        "auth_after_tls": ["NTLM", "LOGIN"],
        "sent": False,
        "transcript": ["=== Trying", " -> rcpt TO:<nobody@example.com>", "<** 550 5.7.54 SMTP; Unable to relay"],
    }
    if outcome == "accepted":
        facts.update(stage="done", reply="250 2.1.5 Recipient OK")
    return {**facts, **changed}


def all_probes() -> list[dict[str, Any]]:
    return [probe(scenario, server) for scenario in ("unlisted_relay", "unlisted_connector") for server in ("EX01", "EX02")]


def event(event_id: str, token: str, recipient: str = ALICE, **changed: Any) -> dict[str, Any]:
    return {
        "server": "EX01",
        "timestamp": "2026-11-24T12:00:03+00:00",
        "event_id": event_id,
        "source": "SMTP",
        "connector_id": "EX01\\Default EX01",
        "client_ip": "10.0.0.31",
        "original_client_ip": "10.0.0.21",
        "message_id": f"<{token}-{recipient}>",
        "recipients": [recipient],
        "recipient_status": [],
        "subject": f"Mail test - {token}",
        **changed,
    }


def reports(names: list[str], token: str = "alertword", recipient: str = ALICE) -> list[dict[str, Any]]:
    """The report's own events, where ``names`` has DSN: a message of its own to the envelope sender, which refers to the lost one."""
    if "DSN" not in names:
        return []
    return [event("DSN", "", SHAREPOINT, message_id="<report>", reference=[f"<{token}-{recipient}>"], subject="Undeliverable")]
