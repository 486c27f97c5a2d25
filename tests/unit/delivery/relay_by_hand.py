# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts of a farm that sends through an IIS SMTP relay, written by hand in the form in which the collection's modules return them."""

from __future__ import annotations

from typing import Any

from tests.unit.delivery import by_hand
from tests.unit.delivery.by_hand import ALICE, BOARD, BOB, EVERYONE, SHAREPOINT

ACCOUNT, OWN = "CORP\\svc_relay", "svc_relay@corp.example"
SERVERS = [
    {"name": "EX01", "host": "ex01.corp.example", "addresses": ["10.0.0.31"]},
    {"name": "EX02", "host": "ex02.corp.example", "addresses": ["10.0.0.32"]},
]


def relay(**changed: Any) -> dict[str, Any]:
    """A relay on SP01 that serves the farm and logs on to EX01."""
    facts: dict[str, Any] = {
        "server": "SP01",
        "present": True,
        "running": True,
        "start_type": "delayed",
        "fqdn": "sp01.corp.example",
        "bindings": [{"address": "", "port": 25}],
        "authentication": ["anonymous"],
        "connect_addresses": None,
        "relay_list": "listed",
        "relay_addresses": ["10.0.0.21", "10.0.0.22"],
        "relay_authenticated": False,
        "smart_host": "ex01.corp.example",
        "smart_host_type": "always",
        "smart_host_port": 587,
        "smart_host_authentication": "basic",
        "smart_host_tls": True,
        "smart_host_username": ACCOUNT,
        "masquerade_domain": "",
        "max_message_size": 33554432,
        "firewall_addresses": None,
        "account_addresses": [OWN],
    }
    return {**facts, **changed}


def grant(address: str, **changed: Any) -> dict[str, Any]:
    name = address.partition("@")[0]
    return {"mailbox": name, "address": address, "addresses": [address], "account": ACCOUNT, "allowed": True, "inherited": False, **changed}


EVERYBODY_GRANTED = [grant(ALICE), grant(BOB)]


def groups() -> list[dict[str, Any]]:
    """The board takes mail of the account, too."""
    open_to_all, board = by_hand.groups()
    return [open_to_all, {**board, "accept_only_from": [SHAREPOINT, OWN]}]


def situation_facts(*relays: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """A farm whose outgoing mail server is the relay on SP01, and that sends as the relay's account."""
    given: dict[str, Any] = {name: changed.pop(name) for name in ("from_address", "port", "tls", "patched") if name in changed}
    email: dict[str, Any] = {"server": "sp01.corp.example", "server_addresses": ["10.0.0.21"], "from_address": OWN, **given}
    farm = by_hand.farm(**email)
    facts = {
        "farm": farm,
        "exchange_servers": SERVERS,
        "recipients": by_hand.RECIPIENTS,
        "needs": by_hand.ALL_NEEDS,
        "groups": groups(),
        "route": "iis_relay",
        "relays": list(relays or (relay(),)),
        "sharer": ALICE,
    }
    return by_hand.situation_facts(**{**facts, **changed})


def relay_probe(outcome: str = "refused", *, authenticated: bool = False, **changed: Any) -> dict[str, Any]:
    facts = by_hand.probe("relay_unlisted", "SP01", outcome, reply="550 5.7.1 Unable to relay for nobody@example.com")
    if outcome == "accepted":
        facts["reply"] = "250 2.1.5 nobody@example.com"
    if authenticated:
        facts["authenticated"] = True
    return {**facts, "server": "SP01", "mail_from": OWN, "auth_before_tls": [], "auth_after_tls": None, **changed}


def alert(log: list[dict[str, str]] | None = None) -> dict[str, Any]:
    sent = by_hand.alert(log=log)
    sent["sent"]["recipients"] = [ALICE, by_hand.PARTNER, EVERYONE, BOARD]
    return sent


def invitation(sender: str = ALICE) -> dict[str, Any]:
    sent = {"token": "invite", "subject": "alice shared a document", "time": "2026-11-24T12:00:00+00:00", "server": "SP01"}
    return {"kind": "invitation", "sent": {**sent, "recipients": [BOB], "process": "w3wp", "error": "", "sender": sender}, "log": []}
