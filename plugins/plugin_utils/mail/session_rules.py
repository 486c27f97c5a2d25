# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What will become of a mail that a client hands to Exchange: the rules, one after the other, each leaving its reason.

Nobody but a packet capture sees SharePoint's own SMTP session, so everything here is inferred, and says from what.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.connectors import (
    ANY_RECIPIENT,
    ANY_SENDER,
    AUTHENTICATED,
    SUBMIT,
    Connector,
    select,
)
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.evidence import Evidence, Outcome, inferred, observed
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.facts import Host, Situation

Process = Literal["w3wp", "owstimer", "probe"]
# The rule that decided; explain.py turns it into a cause and a remedy.
Decisive = Literal[
    "accepted",
    "no_server",
    "no_listener",
    "no_range",
    "timer_stops",
    "send_as",
    "no_tls",
    "tls_required",
    "no_submit",
    "no_relay",
    "no_connector",
]
RIGHTS_SOURCE = "the connector's permission groups (Exchange documentation, Receive connectors)"
FIELD_SOURCE = "the behaviour of SharePoint 2016 before KB3191880, as its administrators describe it"


@dataclasses.dataclass(frozen=True)
class Client:
    """Who connects: from which address, and the account that would answer an AUTH challenge (None: never answers)."""

    address: str
    process: Process
    account: str | None
    why: str
    tls: bool


@dataclasses.dataclass(frozen=True)
class Prediction:
    """An outcome, the rule that decided, and the chain of reasons in the order in which the session meets them."""

    outcome: Outcome
    decisive: Decisive
    reasons: tuple[Evidence, ...]


def predict_session(situation: Situation, target: Host, port: int, client: Client, recipient: str) -> Prediction:
    """The fate of a mail from ``client`` to ``recipient`` through ``target``:``port``."""
    local = next(iter(target.addresses), None)
    match = select(situation.connectors, target.name, local, port, client.address)
    if match.connector is None:
        value = f"none takes {client.address} on {target.name}, port {port}"
        return _without_connector(client, match.listening, inferred("receive connector", value, match.why))
    connector = match.connector
    reasons = [inferred("receive connector", connector.identity, match.why)]
    tls_offered = "Tls" in connector.auth_mechanism
    if client.tls and not tls_offered:
        reasons.append(inferred("STARTTLS", "not offered, and SharePoint does not fall back to clear text", "AuthMechanism without Tls"))
        return Prediction("not_sent", "no_tls", tuple(reasons))
    if connector.require_tls and not client.tls:
        reasons.append(inferred("TLS", "the connector requires it, the client does not use it", "RequireTLS of the connector"))
        return Prediction("refused", "tls_required", tuple(reasons))
    decided = _authenticate(connector, client, reasons)
    if isinstance(decided, Prediction):
        return decided
    return _transaction(situation, connector, decided, recipient, reasons)


def _without_connector(client: Client, listening: bool, reason: Evidence) -> Prediction:
    if client.process == "probe":
        # A listener that no range admits closes the session: a refusal. Without a listener there is no session at all.
        return Prediction("refused" if listening else "not_run", "no_range" if listening else "no_listener", (reason,))
    return Prediction("not_sent", "no_range" if listening else "no_listener", (reason,))


def _authenticate(connector: Connector, client: Client, reasons: list[Evidence]) -> str | Prediction:
    """The principal of the session after AUTH was, or was not, offered and answered; or the end of the matter."""
    mechanisms = connector.auth_offered(client.tls)
    offered = " ".join(mechanisms) or "no"
    reasons.append(
        inferred("AUTH offered", offered, f"AuthMechanism {', '.join(sorted(connector.auth_mechanism)) or 'None'} of the connector")
    )
    if client.account is None or "NTLM" not in mechanisms:
        if client.process != "probe":
            reasons.append(
                inferred("AUTH answered", "no", client.why if client.account is None else "no mechanism that takes a Windows account")
            )
        return _principal(connector, authenticated=False, reasons=reasons)
    reasons.append(inferred("AUTH answered", f"yes, as {client.account} (the account of {client.process})", client.why))
    if SUBMIT in connector.rights(AUTHENTICATED):
        return _principal(connector, authenticated=True, reasons=reasons)
    reasons.append(
        inferred(
            "reply to AUTH", f"530 5.7.1 Client was not authenticated: {AUTHENTICATED} has no {SUBMIT} on {connector.name}", RIGHTS_SOURCE
        )
    )
    if client.process == "owstimer":
        reasons.append(inferred("after 5.7.1", "OWSTIMER (the timer job) stops: this mail is not sent", FIELD_SOURCE))
        return Prediction("not_sent", "timer_stops", tuple(reasons))
    reasons.append(inferred("after 5.7.1", "w3wp ignores the refusal and goes on anonymously", FIELD_SOURCE))
    return _principal(connector, authenticated=False, reasons=reasons)


def _principal(connector: Connector, *, authenticated: bool, reasons: list[Evidence]) -> str:
    principal = connector.principal(authenticated)
    by = (
        "an accepted AUTH"
        if authenticated
        else f"AuthMechanism {'with' if connector.externally_secured else 'without'} ExternalAuthoritative"
    )
    reasons.append(inferred("identity of the session", principal, by))
    return principal


def _transaction(situation: Situation, connector: Connector, principal: str, recipient: str, reasons: list[Evidence]) -> Prediction:
    """MAIL FROM and RCPT TO, by rights."""
    rights = connector.rights(principal)
    if "Custom" in connector.permission_groups:
        reasons.append(inferred("rights edited by hand", "not read; the prediction counts without them", "permission group Custom"))
    if SUBMIT not in rights:
        reasons.append(inferred("MAIL FROM", f"refused: no {SUBMIT}", RIGHTS_SOURCE))
        return Prediction("refused", "no_submit", tuple(reasons))
    if principal == AUTHENTICATED and ANY_SENDER not in rights:
        reasons.append(
            inferred("MAIL FROM", f"refused with 5.7.60: no {ANY_SENDER}, and the address is not the account's own", RIGHTS_SOURCE)
        )
        return Prediction("refused", "send_as", tuple(reasons))
    reasons.append(inferred("MAIL FROM", f"accepted: {SUBMIT}, any sender", RIGHTS_SOURCE))
    if situation.internal(recipient):
        reasons.append(observed("domain of the recipient", f"{recipient} is in an accepted domain", "exchange_receive_connector_info"))
        return Prediction("delivered", "accepted", tuple(reasons))
    reasons.append(observed("domain of the recipient", f"{recipient} is in no accepted domain", "exchange_receive_connector_info"))
    if ANY_RECIPIENT not in rights:
        reasons.append(inferred("RCPT TO", f"refused with 5.7.54: no {ANY_RECIPIENT}", RIGHTS_SOURCE))
        return Prediction("refused", "no_relay", tuple(reasons))
    reasons.append(inferred("RCPT TO", f"accepted: {ANY_RECIPIENT}", RIGHTS_SOURCE))
    return Prediction("delivered", "accepted", tuple(reasons))
