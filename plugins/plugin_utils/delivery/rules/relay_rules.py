# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What will become of a mail that goes through an IIS SMTP relay: the session with the relay, and the relay's own with Exchange.

Sources: the documentation of the SMTP service ("Setting Relay Restrictions", "Set Connection Control", IIsSmtpServerSetting). What the
relay takes (250) and cannot hand on stays in its queue; what Exchange refuses for good comes back as the relay's own report.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from ..evidence import Evidence, inferred, observed
from ..situation.connectors import Connector
from ..situation.facts import Situation
from ..situation.hosts import UNLISTED_ADDRESS, Host, ipv4, same_host
from ..situation.relays import Addresses, Relay
from .selection import select
from .session_rules import FIELD_SOURCE, Client, Decisive, Prediction, identify, transaction

WHOEVER_LOGS_ON = "any client with an account"
"""Account of a probe that stands for anybody with a password, in this or a trusted domain."""
READ_BY = "iis_smtp_relay_info"
_MECHANISMS = {"basic": "LOGIN", "ntlm": "NTLM"}


def predict_through_relay(situation: Situation, relay: Relay, port: int, client: Client, recipient: str) -> Prediction:
    """The fate of a mail from ``client`` to ``recipient`` that it hands to the relay on ``port``."""
    host = situation.relay_host(relay)
    reasons = [observed("relay", f"{relay.server}, {'running' if relay.running else 'stopped'}, {_bound(relay)}", READ_BY)]
    ended = _connect(relay, host, port, client, reasons) or _log_on_and_relay(situation, relay, client, recipient, reasons)
    if ended is None:
        return _hand_on(situation, relay, host, client.sender, recipient, reasons)
    return dataclasses.replace(ended, client=client.address)


def _bound(relay: Relay) -> str:
    return "bound to " + (", ".join(f"{address or 'all addresses'}:{port}" for address, port in relay.bindings) or "nothing")


def _connect(relay: Relay, host: Host, port: int, client: Client, reasons: list[Evidence]) -> Prediction | None:
    """Why there is no session; None when there is one."""
    nobody_there: Decisive | None = "relay_stopped" if not relay.running else None if relay.listens(port, host.addresses) else "no_listener"
    probed = client.process == "probe"
    if nobody_there:
        if nobody_there == "no_listener":
            reasons.append(inferred("relay", f"does not listen on port {port}", "its bindings"))
        return Prediction("not_run" if probed else "not_sent", nobody_there, tuple(reasons))
    # What a host sends to itself passes no firewall.
    doors: list[tuple[Addresses | None, str, Decisive]] = [(relay.connect, "the relay's connection control", "relay_not_admitted")]
    if client.address not in host.addresses:
        doors.insert(0, (relay.firewall, f"the firewall rule for the relay on {relay.server}", "relay_firewall"))
    for admitted, what, decisive in doors:
        if admitted is None:
            continue
        inside = admitted.admit(client.address)
        reasons.append(inferred("admitted by the relay", f"{client.address}: {'yes' if inside else 'no'}", f"{what}: {admitted}"))
        if not inside:
            return Prediction("refused" if probed else "not_sent", decisive, tuple(reasons))
    if client.tls:
        reasons.append(inferred("STARTTLS", "not offered: a relay needs a certificate of its own for that", "no certificate was read"))
        return Prediction("not_sent", "no_tls", tuple(reasons))
    return None


def _log_on_and_relay(situation: Situation, relay: Relay, client: Client, recipient: str, reasons: list[Evidence]) -> Prediction | None:
    """Why the relay does not take the mail; None when it takes it."""
    offered = sorted(relay.authentication - {"anonymous"})
    reasons.append(inferred("AUTH offered by the relay", " ".join(offered) or "no", f"its authentication, read by {READ_BY}"))
    authenticated = False
    if client.account is not None and (client.account == WHOEVER_LOGS_ON or "ntlm" in offered):
        authenticated = _knows(situation, relay, client.account)
        said = f"yes, as {client.account}, which {'may' if authenticated else 'cannot'} log on there"
        reasons.append(inferred("AUTH answered", said, client.why or "the relay accepts any valid Windows account"))
        if not authenticated and client.process == "owstimer":
            reasons.append(inferred("after the refusal", "OWSTIMER (the timer job) stops: this mail is not sent", FIELD_SOURCE))
            return Prediction("not_sent", "timer_stops", tuple(reasons))
    elif client.why:
        why = client.why if client.account is None else "the relay offers no mechanism that accepts a Windows account"
        reasons.append(inferred("AUTH answered", "no", why))
    if not authenticated and "anonymous" not in relay.authentication:
        reasons.append(
            inferred("MAIL FROM to the relay", "refused: it does not accept anonymous sessions", f"authentication, read by {READ_BY}")
        )
        return Prediction("refused", "relay_refuses", tuple(reasons))
    may, why = _may_relay(relay, client, authenticated)
    if not may:
        said = f"refused with 550 5.7.1 Unable to relay for {recipient}"
        reasons.append(inferred("RCPT TO to the relay", said, why))
        return Prediction("refused", "relay_refuses", tuple(reasons))
    # Whatever is not one of the relay's own local domains is relayed, recipients in Exchange's accepted domains included.
    reasons.append(inferred("RCPT TO to the relay", "accepted (250)", why))
    return None


def _knows(situation: Situation, relay: Relay, account: str) -> bool:
    """Whether an account can log on at the relay: a local one of another server cannot."""
    domain, separator, _unused = account.partition("\\")
    return not separator or situation.farm_server(domain) is None or same_host(domain, relay.server)


def _may_relay(relay: Relay, client: Client, authenticated: bool) -> tuple[bool, str]:
    if authenticated and relay.relay_authenticated:
        return True, "clients that log on may relay (relay_authenticated)"
    if relay.relay_list == "everybody":
        return True, "its relay list is empty, which means everybody"
    if relay.relay_list == "nobody":
        return False, "it has no relay list, which means nobody"
    if relay.relay_list == "unknown":
        farm = client.process != "probe"
        return farm, f"its relay list cannot be read; that it {'has the farm' if farm else 'lacks others'} is not certain"
    listed = relay.relay_addresses.admit(client.address)
    return listed, f"its relay list {'has' if listed else 'lacks'} {client.address}: {relay.relay_addresses}"


def _hand_on(situation: Situation, relay: Relay, host: Host, sender: str, recipient: str, reasons: list[Evidence]) -> Prediction:
    """From the relay to Exchange. A relay with several addresses, or a smart host that no single server is, must work every way."""
    if not relay.uses_smart_host:
        value = f"none, so that {relay.server} looks up the recipient's domain itself, and does not log on to Exchange"
        return Prediction("accepted_not_delivered", "relay_queue", (*reasons, observed("smart host", value, READ_BY)))
    tls = "TLS" if relay.smart_host_tls else "no TLS"
    who = f"{relay.smart_host_authentication} as {relay.account}" if relay.authenticates else "anonymously"
    reasons.append(observed("smart host", f"{relay.smart_host}:{relay.smart_host_port}, {tls}, {who}", READ_BY))
    if relay.smart_host_type == "fallback":
        reasons.append(inferred("way to Exchange", "not certain: the smart host is only the second choice after DNS", "smart_host_type"))
    targets = situation.smart_hosts(relay)
    ways = [
        _leg(situation, relay, target, address, sender, recipient)
        for address in ipv4(host.addresses) or (UNLISTED_ADDRESS,)
        for target in targets
    ]
    if not ways:
        nobody = observed("Exchange servers", "none", "exchange_servers and connectors")
        return Prediction("accepted_not_delivered", "relay_queue", (*reasons, nobody))
    worst = next((way for way in ways if way.outcome != "delivered"), ways[0])
    if not any(target.known_as(relay.smart_host) for target in targets):
        value = f"{relay.smart_host} is not a known Exchange server: a balancer, or another host in between"
        reasons.append(inferred("way to Exchange", value, "names and addresses of the Exchange servers"))
    return dataclasses.replace(worst, reasons=(*reasons, *worst.reasons))


def _leg(situation: Situation, relay: Relay, target: Host, address: str, sender: str, recipient: str) -> Prediction:
    """The relay's session with one Exchange server, from one of its addresses."""
    local = next(iter(target.addresses), None)
    match = select(situation.connectors, target.name, local, relay.smart_host_port, address)
    connector = match.connector
    if connector is None:
        value = f"none accepts {address} on {target.name}, port {relay.smart_host_port}"
        prediction = _queued("relay_queue", [inferred("receive connector", value, match.why)])
    else:
        prediction = _session(situation, relay, connector, sender, recipient, inferred("receive connector", connector.identity, match.why))
    return dataclasses.replace(prediction, connector=connector.identity if connector else "", client=address, target=target.name)


def _session(situation: Situation, relay: Relay, connector: Connector, sender: str, recipient: str, chosen: Evidence) -> Prediction:
    reasons = [chosen]
    if relay.smart_host_tls and "Tls" not in connector.auth_mechanism:
        reasons.append(
            inferred("STARTTLS", "not offered, and a relay that requires TLS sends nothing without it", "AuthMechanism without Tls")
        )
        return _queued("relay_queue", reasons)
    if connector.require_tls and not relay.smart_host_tls:
        reasons.append(inferred("TLS", "the connector requires it (451 5.7.3), the relay does not use it", "RequireTLS of the connector"))
        return _queued("relay_queue", reasons)
    mechanisms = connector.auth_offered(relay.smart_host_tls)
    by = f"AuthMechanism {', '.join(sorted(connector.auth_mechanism)) or 'None'} of the connector"
    reasons.append(inferred("AUTH offered", " ".join(mechanisms) or "no", by))
    if relay.authenticates:
        wanted = _MECHANISMS[relay.smart_host_authentication]
        if wanted not in mechanisms:
            under = ", which Exchange offers under TLS only" if "BasicAuthRequireTLS" in connector.auth_mechanism else ""
            reasons.append(inferred("log-on of the relay", f"fails: it requires {wanted}{under}", "smart_host_authentication of the relay"))
            return _queued("relay_credentials", reasons)
        reasons.append(inferred("log-on of the relay", f"{wanted} as {relay.account}", "that its password is right cannot be read"))
    identity = identify(connector, relay.account, authenticated=relay.authenticates, reasons=reasons)
    prediction = transaction(situation, connector, identity, sender, recipient, reasons)
    if prediction.outcome != "refused":
        return prediction
    to = f"the envelope sender {sender}" if sender else "the envelope sender"
    told = inferred(
        "after the refusal", f"the relay, which had accepted it (250), returns the mail to {to} with a report", "RFC 5321, 4.2.5"
    )
    decisive: Decisive = "relay_send_as" if prediction.decisive == "send_as" and relay.authenticates else prediction.decisive
    return Prediction("bounced", decisive, (*prediction.reasons, told))


def _queued(decisive: Decisive, reasons: Iterable[Evidence]) -> Prediction:
    stays = inferred(
        "after acceptance", "stays in the relay's queue until its retries expire", "Simple Mail Transfer Protocol service documentation"
    )
    return Prediction("accepted_not_delivered", decisive, (*reasons, stays))
