# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a scenario failed or surprised, and the change that would mend it, in this collection's own terms."""

from __future__ import annotations

import dataclasses
import re

from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.evidence import Outcome
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.facts import Situation
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.observe import Observation
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.predict import Cell

EXTERNALLY_SECURED = "run site.yml with mail_route: externally_secured (role exchange_connector)"


@dataclasses.dataclass(frozen=True)
class Explanation:
    """``cause`` and ``remedy`` are empty where there is nothing to explain."""

    cause: str = ""
    remedy: str = ""


# Failures that were predicted: the rule that decided names the cause.
_PREDICTED: dict[str, Explanation] = {
    "timer_stops": Explanation(
        "Exchange offers AUTH, and this build of SharePoint answers with the account of the sending process. Exchange refuses it with "
        "5.7.1, and OWSTIMER stops there: alerts and workflow mail are lost, though mail of w3wp arrives.",
        f"Either {EXTERNALLY_SECURED}, so that the farm's servers meet a receive connector that offers no AUTH; or install KB3191880 "
        "(SharePoint 2016 build 16.0.4534.1000) or a later update, after which SharePoint never authenticates.",
    ),
    "no_server": Explanation(
        "The farm has no outgoing mail server.", "Set one with the role outgoing_email (or the module outgoing_email)."
    ),
    "no_listener": Explanation(
        "No enabled receive connector listens where the farm sends its mail.",
        "Compare server and port of outgoing_email with the bindings that exchange_receive_connector_info shows; correct either.",
    ),
    "no_range": Explanation(
        "No receive connector on that port admits the server's address.",
        "Add the server's address to remote_ip_ranges of the farm's connector (exchange_connector_remote_ip_ranges).",
    ),
    "send_as": Explanation(
        "The process's account is authenticated on this connector, and it may not send as the farm's address then (5.7.60).",
        f"Take ExchangeUsers and Integrated off the farm's connector: {EXTERNALLY_SECURED}.",
    ),
    "no_tls": Explanation(
        "SharePoint demands TLS, and the connector does not offer STARTTLS.",
        "Add Tls to the connector's auth_mechanism, or set outgoing_email_tls: false.",
    ),
    "tls_required": Explanation(
        "The connector requires TLS, and the farm sends in clear text.",
        "Set outgoing_email_tls: true, or require_tls: false on the connector.",
    ),
    "no_submit": Explanation(
        "The connector gives the farm no right to submit mail (ms-Exch-SMTP-Submit).",
        f"Give it a permission group that has it: {EXTERNALLY_SECURED}.",
    ),
    "no_relay": Explanation(
        "The recipient is outside the accepted domains, and the farm has no right to relay (ms-Exch-SMTP-Accept-Any-Recipient): 5.7.54.",
        f"To reach external users, {EXTERNALLY_SECURED}.",
    ),
    "accepted": Explanation(
        "The connector's configuration allows it.", "Narrow remote_ip_ranges or permission_groups of the connector named in the evidence."
    ),
}

# What a reply or a log line says, whatever was predicted.
_REPLIES: tuple[tuple[str, Explanation], ...] = (
    (r"5\.7\.54|unable to relay", _PREDICTED["no_relay"]),
    (r"5\.7\.60|permissions to send as", _PREDICTED["send_as"]),
    (r"5\.7\.57|during MAIL FROM", _PREDICTED["no_submit"]),
    (
        r"5\.7\.133|5\.7\.134|AuthRequired|SenderNotAuthenticated",
        Explanation(
            "The recipient accepts mail from authenticated senders only.",
            f"Let the farm's mail count as authenticated: {EXTERNALLY_SECURED}.",
        ),
    ),
    (
        r"5\.7\.1 RESOLVER\.RST\.NotAuthorized|5\.7\.124",
        Explanation("The sender is not on the recipient's list of permitted senders.", "Permit the farm's from address at the recipient."),
    ),
    (r"5\.7\.1\b|not authenticated", _PREDICTED["timer_stops"]),
    (
        r"4\.3\.2",
        Explanation(
            "Exchange's transport service is not active (4.3.2).", "Take the server out of maintenance: Get-ServerComponentState shows it."
        ),
    ),
    (
        r"certificate",
        Explanation(
            "SharePoint does not trust the mail server's certificate, or its name is another.",
            "Give the connector's server a certificate with the name in outgoing_email_server, from an authority that the farm trusts.",
        ),
    ),
    (
        r"resolve|unable to connect|actively refused|no connection could be made",
        Explanation(
            "SharePoint could not reach the mail server.", "Check outgoing_email_server, its port, and the firewall between the two."
        ),
    ),
)


def explain(cell: Cell, observation: Observation, verdict: str, situation: Situation) -> Explanation:
    """The likely cause and the remedy of a cell that fails, surprises or, as predicted, is not what a farm would like."""
    if verdict in ("pass", "skipped"):
        return Explanation()
    if verdict != "surprise" and observation.outcome != "not_run":
        return _PREDICTED[cell.prediction.decisive]
    if observation.outcome == "not_run":
        said = observation.evidence[-1].value if observation.evidence else "no test of it was handed in"
        what = "The probe" if cell.process == "probe" else "The test message"
        return Explanation(f"{what} was not made: {said}.", "Mend that and verify again; nothing is known of this scenario until then.")
    if cell.process == "probe":
        return _surprising_probe(observation.outcome, situation)
    return _surprising_mail(cell, observation)


def _surprising_probe(seen: Outcome, situation: Situation) -> Explanation:
    if seen == "refused":
        return Explanation(
            "Exchange refuses this host although the rights that were read allow it: the connection met another connector or another host.",
            "Look for a balancer or firewall in between, and read exchange_receive_connector_info again.",
        )
    return Explanation(
        "An unlisted host was let in although no connector that was read allows it: another connector took the connection, "
        "rights were edited by hand, or the configuration changed after it was read.",
        f"Close this first. Read exchange_receive_connector_info again, and check the ranges and rights of {situation.connector_name!r} "
        "and of every connector on that port.",
    )


def _surprising_mail(cell: Cell, observation: Observation) -> Explanation:
    for pattern, explanation in _REPLIES:
        if observation.outcome != "delivered" and any(
            piece.standing == "observed" and piece.by != "exchange_receive_connector_info" and re.search(pattern, piece.value, re.I)
            for piece in observation.evidence
        ):
            return explanation
    if observation.outcome == "delivered":
        if cell.prediction.decisive == "timer_stops":
            return Explanation(
                "The mail arrived although OWSTIMER should have stopped at 5.7.1: Exchange offered no AUTH, accepted the account, "
                "or the process went on after the refusal.",
                "Compare 'AUTH offered to the controller' with the connector, and the build of each server with the farm's: "
                "one may be patched, another connector or a balancer may take the connection.",
            )
        return Explanation(
            "The mail arrived although the configuration that was read does not allow it: it took another connector or another way.",
            "Compare the client address in message tracking with the server's, and read exchange_receive_connector_info again.",
        )
    if observation.outcome in ("accepted_not_delivered", "bounced"):
        return Explanation(
            "Exchange accepted the mail (250), and it did not reach the mailbox: it is queued, was dropped by a rule or an agent, "
            "or was rejected after acceptance.",
            "Follow it with exchange_message_trace by its message id; look at queues, transport rules and agents of the server named last.",
        )
    return Explanation(
        "The mail never reached Exchange, although nothing in the configuration stands in its way.",
        "Look at the timer job's history and SharePoint's log in the evidence: a disabled job, a queue of alerts that is not processed, "
        "a server that is not in the connector's ranges, or a host that cannot be reached.",
    )
