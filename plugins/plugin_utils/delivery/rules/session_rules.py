# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What will become of a mail that a client hands to Exchange: the rules, one after the other, each leaving its reason.

Nobody but a packet capture sees SharePoint's own SMTP session, so everything here is inferred, and says from what.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

from ...common.rights import ANY_RECIPIENT, AUTHENTICATED, SUBMIT
from ..evidence import Evidence, Predicted, inferred, observed
from ..scenarios import Process
from ..situation.connectors import Connector
from ..situation.facts import Situation
from ..situation.hosts import Host
from .group_rules import GroupVerdict, judge_group
from .selection import select
from .sender_rules import Identity, judge_sender

# The rule that decided; explain.py turns it into a cause and a remedy.
Decisive = (
    Literal[
        "accepted",
        "no_server",
        "no_listener",
        "no_range",
        "timer_stops",
        "job_disabled",
        "send_as",
        "no_tls",
        "tls_required",
        "no_submit",
        "no_relay",
        "no_connector",
        "relay_stopped",
        "relay_not_admitted",
        "relay_refuses",
        "relay_firewall",
        "relay_queue",
        "relay_credentials",
        "relay_send_as",
        "not_predicted",
    ]
    | GroupVerdict
)
FIELD_SOURCE = "the behaviour of SharePoint 2016 before KB3191880, as its administrators describe it"
ACCEPTED_BY = "exchange_receive_connector_info"


@dataclasses.dataclass(frozen=True)
class Client:
    """Who connects: from which address, with which sender, and the account that would answer an AUTH challenge (None: never answers).

    ``sender`` empty means one of the organisation's own addresses that is not known.
    """

    address: str
    process: Process
    account: str | None
    why: str
    tls: bool
    sender: str = ""


@dataclasses.dataclass(frozen=True)
class Prediction:
    """An outcome, the rule that decided, and the chain of reasons in the order in which the session meets them.

    ``connector`` (identity), ``client`` (address) and ``target`` (Exchange server) say of which connection it is; empty where there is
    none.
    """

    outcome: Predicted
    decisive: Decisive
    reasons: tuple[Evidence, ...]
    connector: str = ""
    client: str = ""
    target: str = ""


def predict_session(situation: Situation, target: Host, port: int, client: Client, recipient: str) -> Prediction:
    """The fate of a mail from ``client`` to ``recipient`` through ``target``:``port``."""
    local = next(iter(target.addresses), None)
    match = select(situation.connectors, target.name, local, port, client.address)
    connector = match.connector
    if connector is None:
        value = f"none accepts {client.address} on {target.name}, port {port}"
        prediction = _without_connector(client, match.listening, inferred("receive connector", value, match.why))
    else:
        prediction = _session(situation, connector, client, recipient, [inferred("receive connector", connector.identity, match.why)])
    identity = connector.identity if connector else ""
    return dataclasses.replace(prediction, connector=identity, client=client.address, target=target.name)


def _without_connector(client: Client, listening: bool, reason: Evidence) -> Prediction:
    if client.process == "probe":
        # A listener that no range admits closes the session: a refusal. Without a listener there is no session at all.
        return Prediction("refused" if listening else "not_run", "no_range" if listening else "no_listener", (reason,))
    return Prediction("not_sent", "no_range" if listening else "no_listener", (reason,))


def _session(situation: Situation, connector: Connector, client: Client, recipient: str, reasons: list[Evidence]) -> Prediction:
    if client.tls and "Tls" not in connector.auth_mechanism:
        reasons.append(inferred("STARTTLS", "not offered, and SharePoint does not fall back to clear text", "AuthMechanism without Tls"))
        return Prediction("not_sent", "no_tls", tuple(reasons))
    if connector.require_tls and not client.tls:
        reasons.append(inferred("TLS", "the connector requires it, the client does not use it", "RequireTLS of the connector"))
        return Prediction("refused", "tls_required", tuple(reasons))
    decided = _authenticate(connector, client, reasons)
    if isinstance(decided, Prediction):
        return decided
    return transaction(situation, connector, decided, client.sender, recipient, reasons)


def _authenticate(connector: Connector, client: Client, reasons: list[Evidence]) -> Identity | Prediction:
    """Whose session it is after AUTH was, or was not, offered and answered; or the end of the matter."""
    mechanisms = connector.auth_offered(client.tls)
    offered = " ".join(mechanisms) or "no"
    reasons.append(
        inferred("AUTH offered", offered, f"AuthMechanism {', '.join(sorted(connector.auth_mechanism)) or 'None'} of the connector")
    )
    if client.account is None or "NTLM" not in mechanisms:
        if client.why:
            reasons.append(
                inferred("AUTH answered", "no", client.why if client.account is None else "no mechanism that accepts a Windows account")
            )
        return identify(connector, client.account, authenticated=False, reasons=reasons)
    whose = "" if client.process == "probe" else f" (the account of {client.process})"
    reasons.append(inferred("AUTH answered", f"yes, as {client.account}{whose}", client.why))
    if SUBMIT in connector.rights(AUTHENTICATED, client.account):
        return identify(connector, client.account, authenticated=True, reasons=reasons)
    said = f"530 5.7.1 Client was not authenticated: {AUTHENTICATED} has no {SUBMIT} on {connector.name}"
    reasons.append(inferred("reply to AUTH", said, connector.rights_source))
    if client.process == "owstimer":
        reasons.append(inferred("after 5.7.1", "OWSTIMER (the timer job) stops: this mail is not sent", FIELD_SOURCE))
        return Prediction("not_sent", "timer_stops", tuple(reasons))
    if client.process == "w3wp":
        reasons.append(inferred("after 5.7.1", "w3wp ignores the refusal and continues anonymously", FIELD_SOURCE))
    else:
        reasons.append(inferred("after 5.7.1", "Send-MailMessage continues anonymously", "the behaviour of System.Net.Mail, measured"))
    return identify(connector, client.account, authenticated=False, reasons=reasons)


def identify(connector: Connector, account: str | None, *, authenticated: bool, reasons: list[Evidence]) -> Identity:
    """Whose session it is; ``account`` is who logged on, where somebody did (``authenticated``)."""
    principal, account = connector.principal(authenticated), (account or "") if authenticated else ""
    by = (
        "an accepted AUTH"
        if authenticated
        else f"AuthMechanism {'with' if connector.externally_secured else 'without'} ExternalAuthoritative"
    )
    reasons.append(inferred("identity of the session", principal, by))
    return Identity(principal, account, connector.rights(principal, account))


def transaction(
    situation: Situation, connector: Connector, identity: Identity, sender: str, recipient: str, reasons: list[Evidence]
) -> Prediction:
    """MAIL FROM and RCPT TO by rights, and what happens after 250."""
    source = connector.rights_source
    if connector.entries is None and "Custom" in connector.permission_groups:
        reasons.append(inferred("rights edited by hand", "not read; the prediction counts without them", "permission group Custom"))
    accepted, why_sender = judge_sender(situation, connector, identity, sender)
    reasons.append(why_sender)
    if not accepted:
        return Prediction("refused", "no_submit" if SUBMIT not in identity.rights else "send_as", tuple(reasons))
    if not situation.internal(recipient):
        reasons.append(observed("domain of the recipient", f"{recipient} is in no accepted domain", ACCEPTED_BY))
        if ANY_RECIPIENT not in identity.rights:
            reasons.append(inferred("RCPT TO", f"refused with 5.7.54: no {ANY_RECIPIENT}", source))
            return Prediction("refused", "no_relay", tuple(reasons))
        reasons.append(inferred("RCPT TO", f"accepted: {ANY_RECIPIENT}", source))
        return Prediction("delivered", "accepted", tuple(reasons))
    reasons.append(observed("domain of the recipient", f"{recipient} is in an accepted domain", ACCEPTED_BY))
    turned_away, why = judge_group(situation, recipient, sender, trusted=identity.trusted)
    if turned_away:
        return Prediction("bounced", turned_away, (*reasons, *why))
    return Prediction("delivered", "accepted", (*reasons, *why))
