# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why mail fails, as a stable word, a sentence, and the change that would mend it in this collection's own terms.

Texts may name ``{route}`` (the variables of the least trusting route that serves the farm), ``{server}``, ``{address}``, ``{connector}``
(the one that takes the connection), ``{made}`` (the one made for the farm), ``{recipient}``, ``{sender}`` (the farm's address),
``{envelope}`` (the sender of this very mail), ``{smtp_server}``, ``{relay}`` (the server that it runs on), ``{account}`` and
``{smart_host}`` (the relay's), and ``{said}`` (what somebody or something said).
"""

from __future__ import annotations

CAUSES: dict[str, tuple[str, str]] = {
    "process_answers_challenge": (
        "Exchange (or the relay) offers AUTH, and this build of SharePoint answers with the account of the sending process. That is "
        "refused with 5.7.1, and OWSTIMER stops there: alerts and workflow mail are lost, though mail of w3wp arrives.",
        "Either run site.yml with {route}, so that the farm's servers meet a receive connector (or a relay) that offers no AUTH; or "
        "install KB3191880 (SharePoint 2016 build 16.0.4534.1000) or a later update, after which SharePoint never authenticates.",
    ),
    "no_mail_server": ("The farm has no outgoing mail server.", "Set outgoing_email_server (role or module outgoing_email)."),
    "no_listener": (
        "Neither an enabled receive connector nor a relay listens where the farm sends its mail.",
        "Compare server and port of outgoing_email with the bindings that exchange_receive_connector_info and iis_smtp_relay_info show; "
        "correct either.",
    ),
    "server_not_in_ranges": (
        "The address {address} of {server} is in no remote range of {made}, the connector made for the farm.",
        "Add it to exchange_connector_remote_ip_ranges (or leave that variable empty: then the role exchange_connector lists all servers "
        "of the farm), and run site.yml again.",
    ),
    "more_specific_connector": (
        "{connector} takes the connections from {address}: its remote range is more specific than that of {made}, the connector made for "
        "the farm.",
        "List {server}'s single addresses in exchange_connector_remote_ip_ranges, and take {address} out of remote_ip_ranges of "
        "{connector} (module exchange_receive_connector).",
    ),
    "other_address_matches": (
        "Exchange sees another address ({address}) than {server}'s: {smtp_server} is a load balancer or another host in between, and its "
        "address matches another receive connector than the one made for the farm.",
        "Set outgoing_email_server to an Exchange server itself, or let the balancer keep the client's address. Do not list the balancer's "
        "address in exchange_connector_remote_ip_ranges: whoever comes through it would be trusted; if it must stay, give the connector "
        "its own port (exchange_connector_bindings, outgoing_email_port) that the balancer passes on for the farm only.",
    ),
    "may_not_send_as": (
        "The account of the session is authenticated, and may not send as this sender (5.7.60).",
        "Take ExchangeUsers and Integrated off the farm's connector: run site.yml with {route}.",
    ),
    "tls_not_offered": (
        "SharePoint demands TLS, and the connector (or the relay) does not offer STARTTLS.",
        "Add Tls to the connector's auth_mechanism (exchange_connector_require_tls brings it along), or set outgoing_email_tls: false; a "
        "relay needs a certificate of its own.",
    ),
    "tls_not_used": (
        "The connector requires TLS, and the farm sends in clear text.",
        "Set outgoing_email_tls: true (with a certificate that bears outgoing_email_server), or exchange_connector_require_tls: false.",
    ),
    "certificate_name": (
        "SharePoint demands TLS, and does not accept the server's certificate: it does not bear the name {smtp_server}, or comes from an "
        "authority that the farm does not trust.",
        "Set outgoing_email_server to a name in the certificate, or give the connector's server a certificate with the name {smtp_server} "
        "from an authority that the farm's servers trust. smtp_probe shows the certificate.",
    ),
    "no_submit_right": (
        "{connector} gives the farm no right to submit mail (ms-Exch-SMTP-Submit).",
        "Give the farm a connector with a permission group that has it: run site.yml with {route}.",
    ),
    "no_relay_right": (
        "{recipient} is outside the accepted domains, and the farm has no right to relay on {connector} "
        "(ms-Exch-SMTP-Accept-Any-Recipient): 5.7.54.",
        "To reach external users, run site.yml with {route}.",
    ),
    "group_wants_authentication": (
        "The group {recipient} takes mail only from senders that Exchange knows (authenticated ones, or those of a list), and the farm's "
        "mail counts as anonymous on {connector}. Exchange accepts it (250) and returns it afterwards (5.7.133, or 5.7.124 where the "
        "group has a list of permitted senders).",
        "Let the farm's mail count as authenticated (mail_route: externally_secured), or lift the group's requirement (module "
        "exchange_group_senders, require_sender_authentication: false, and no list of permitted senders).",
    ),
    "sender_not_permitted": (
        "The farm's address {sender} is not among the senders that the group {recipient} permits (5.7.124).",
        "Add {sender} to accept_only_from of the group (module exchange_group_senders); Exchange must know it as a mail contact.",
    ),
    "envelope_sender_overridden": (
        "The envelope sender is overridden: the invitation comes from the farm's address {sender}, not from the user who shares.",
        "Set outgoing_email_override_envelope_sender: false, where invitations should come from users and the route lets them.",
    ),
    "envelope_sender_kept": (
        "The invitation comes from the user who shares, although the envelope sender is overridden.",
        "Read farm_info again: the setting is per web application, and takes effect in processes that have loaded it.",
    ),
    "sender_unexpected": (
        "The invitation comes from {said}, which is neither the farm's address nor that of the user who shares.",
        "See whose address SharePoint has in the profile of the account that shares, and whether Exchange rewrites senders.",
    ),
    "transport_inactive": (
        "Exchange's transport service on that server is not active (4.3.2): the server is in maintenance.",
        "Take it out of maintenance (Get-ServerComponentState shows the component), or set outgoing_email_server to another server.",
    ),
    "timer_job_disabled": (
        "The timer job job-immediate-alerts of the web application is disabled: no alert is ever sent.",
        "Enable it (Enable-SPTimerJob, or Central Administration, Monitoring, Timer jobs), and verify again.",
    ),
    "rejected_later": (
        "Exchange accepted the mail for {recipient} (250), and it was rejected afterwards, by the receiving side or by a rule.",
        "Read the status in the evidence: the address may not exist there, or its server may refuse {sender}. Nothing in SharePoint and "
        "in the farm's connector changes that.",
    ),
    "ndr_missing": (
        "Exchange gave up the message, and no non-delivery report is known of: whoever waits for it learns nothing.",
        "Follow it with exchange_message_trace; see whether reports are switched off (Get-TransportConfig, remote domains).",
    ),
    "lost_after_acceptance": (
        "The mail was accepted (250), and it did not reach the mailbox: it is queued, was dropped by a rule or an agent, or is late.",
        "Follow it with exchange_message_trace by its message id; look at queues, transport rules and agents of the server named last. If "
        "Exchange never saw it, the relay lost it: look at its Badmail directory and its log (iis_smtp_relay_info).",
    ),
    "tracking_silent": (
        "Message tracking knows nothing of messages that arrived, so that this one's fate cannot be told.",
        "See that message tracking is on (Get-TransportService) and the service Microsoft Exchange Transport Log Search runs.",
    ),
    "subject_logging_off": (
        "Subjects are not logged, so that message tracking cannot tell this message's fate.",
        "Set MessageTrackingLogSubjectLoggingEnabled on the Exchange servers, or accept that lost messages cannot be followed.",
    ),
    "server_unreachable": (
        "SharePoint could not reach the mail server {smtp_server}.",
        "Check outgoing_email_server, its port, and the firewall between the two (server_probe tries it from the server itself).",
    ),
    "recipient_unknown": ("Exchange does not know {recipient} (5.1.10).", "Correct the address of the user or group in SharePoint."),
    "restriction_not_applied": (
        "The mail reached {recipient} although the group's settings that were read turn it away: they changed since, or Exchange does not "
        "apply them.",
        "Read exchange_group_senders_info again, and look for transport rules that let the farm's mail pass.",
    ),
    "challenge_not_met": (
        "The mail arrived although OWSTIMER should have stopped at 5.7.1: Exchange offered no AUTH, accepted the account, or the process "
        "went on after the refusal.",
        "Compare 'AUTH offered to the controller' with the connector, and the build of each server with the farm's: one may be patched, "
        "another connector or a balancer may take the connection.",
    ),
    "tls_not_enforced": (
        "Mail in clear text was accepted although {connector} requires TLS: the setting changed since, or Exchange does not enforce it.",
        "Read exchange_receive_connector_info again, and restart the transport service if RequireTLS was changed just now.",
    ),
    "other_way_taken": (
        "The mail was accepted although the configuration that was read does not allow it: it took another connector or another way.",
        "Compare the client address in message tracking with the server's, and read exchange_receive_connector_info again.",
    ),
    "not_predicted": (
        "This was tried and seen, and nobody predicted it: the facts changed after the prediction, or a test went elsewhere than planned.",
        "Predict again from what is there now (mail_route), and verify again.",
    ),
    "unlisted_host_admitted": (
        "An unlisted host was let in although no connector that was read allows it: another connector took the connection, rights were "
        "edited by hand, or the configuration changed after it was read.",
        "Close this first. Read exchange_receive_connector_info again, and check the ranges and rights of {made} and of every connector on "
        "that port.",
    ),
    "unlisted_host_refused": (
        "The host is refused although the rights that were read allow it: the connection met another connector or another host.",
        "Look for a balancer or firewall in between, and read exchange_receive_connector_info (iis_smtp_relay_info) again.",
    ),
    "send_as_missing": (
        "The relay logs on as {account}, and that account may not send as {envelope} (5.7.60): the relay took the mail (250), Exchange "
        "refuses it, and it comes back to its envelope sender.",
        "Let the account send as that mailbox (module exchange_send_as; Exchange may go on with its old answer for 2 hours), or let the "
        "farm send as an address of the account: outgoing_email_from_address for alerts, and "
        "outgoing_email_override_envelope_sender: true for invitations.",
    ),
    "send_as_cached": (
        "{account} may send as {envelope}, and Exchange refuses it all the same (5.7.60): it still believes what it looked up before, for "
        "up to 2 hours.",
        "Verify again 2 hours after the grant. If it is refused then, see that the relay logs on as the account that the grant is for "
        "(exchange_send_as_info, iis_smtp_relay_info).",
    ),
    "relay_refuses_host": (
        "The relay on {relay} does not take mail from {server} ({address}): {said}.",
        "Add the address to relay_addresses and, where they are set, to connect_addresses and firewall_addresses of the relay (module "
        "iis_smtp_relay).",
    ),
    "relay_credentials": (
        "The relay on {relay} does not log on to Exchange as {account}: {said}. What it took stays in its queue, or comes back.",
        "Set account and password of the relay's smart host again: one that was changed or has expired elsewhere is not noticed there, and "
        "is written only with iis_smtp_relay_update_password: always (and mail_flow_undo_policy: best_effort, for the old one cannot "
        "be put back). Basic wants smart_host_tls where the connector offers it under TLS only. iis_smtp_relay_info shows queue "
        "and errors.",
    ),
    "relay_queue": (
        "The relay on {relay} does not hand its mail on to Exchange: {said}.",
        "See that the service SMTPSVC runs there, that smart_host is set, and that the server reaches {smart_host}. iis_smtp_relay_info "
        "shows queue and errors; what waits is sent as soon as it can be, or comes back when its retries expire.",
    ),
    "relay_open": (
        "A host that is not listed can send through the relay on {relay}, as the organisation and to anybody: {said}.",
        "Close this first: relay_addresses and firewall_addresses with the farm's servers and nobody else, authentication: [anonymous], "
        "relay_authenticated: false (module iis_smtp_relay).",
    ),
    "allowed_by_configuration": (
        "{connector} allows it.",
        "Narrow remote_ip_ranges or permission_groups of {connector} (module exchange_receive_connector).",
    ),
    "not_tried": ("It was not tried: {said}.", "Mend that and verify again; nothing is known of this scenario until then."),
    "unknown": (
        "The mail never reached Exchange, although nothing in the configuration stands in its way.",
        "Look at the timer job's history and SharePoint's log in the evidence: a queue of alerts that is not processed, an alert that "
        "somebody deleted, or a host that cannot be reached.",
    ),
}

# The rule that decided a prediction -> the cause, where the prediction came true.
PREDICTED = {
    "timer_stops": "process_answers_challenge",
    "no_server": "no_mail_server",
    "no_listener": "no_listener",
    "no_range": "server_not_in_ranges",
    "send_as": "may_not_send_as",
    "no_tls": "tls_not_offered",
    "tls_required": "tls_not_used",
    "no_submit": "no_submit_right",
    "no_relay": "no_relay_right",
    "job_disabled": "timer_job_disabled",
    "group_authentication": "group_wants_authentication",
    "group_unresolved": "group_wants_authentication",
    "group_not_permitted": "sender_not_permitted",
    "relay_stopped": "relay_queue",
    "relay_firewall": "relay_refuses_host",
    "relay_not_admitted": "relay_refuses_host",
    "relay_refuses": "relay_refuses_host",
    "relay_queue": "relay_queue",
    "relay_credentials": "relay_credentials",
    "relay_send_as": "send_as_missing",
    "accepted": "allowed_by_configuration",
    "no_connector": "unknown",
    "not_predicted": "not_predicted",
}

# What a reply, a log line or a status says -> the cause, whatever was predicted; the first that matches counts.
SAID: tuple[tuple[str, str], ...] = (
    (r"5\.7\.54|unable to relay", "no_relay_right"),
    (r"5\.7\.60|permissions to send as", "may_not_send_as"),
    (r"5\.7\.57|during MAIL FROM", "no_submit_right"),
    (r"5\.7\.133|5\.7\.134|AuthRequired|SenderNotAuthenticated", "group_wants_authentication"),
    (r"5\.7\.124|RST\.NotAuthorized|SenderNotInAllowedSenders", "sender_not_permitted"),
    (r"5\.1\.10|5\.1\.1\b|user unknown|RecipientNotFound", "recipient_unknown"),
    (r"4\.3\.2 Service not active", "transport_inactive"),
    (r"4\.3\.2 Service not available", "server_not_in_ranges"),
    (r"5\.7\.3\b.*STARTTLS|must issue a STARTTLS", "tls_not_used"),
    (r"remote certificate is invalid|certificate", "certificate_name"),
    (r"does not support secure connections", "tls_not_offered"),
    (r"SMTP host was not specified", "no_mail_server"),
    (r"could not be resolved|unable to connect|actively refused|no connection could be made", "server_unreachable"),
    (r"5\.7\.1\b|not authenticated", "process_answers_challenge"),
)

# The same where a relay stands between SharePoint and Exchange; these go first there.
SAID_WITH_RELAY: tuple[tuple[str, str], ...] = (
    (r"5\.7\.1 unable to relay", "relay_refuses_host"),
    (r"5\.7\.60|permissions to send as", "send_as_missing"),
    (r"\b535\b|authentication unsuccessful|5\.7\.57|during MAIL FROM|5\.7\.1 Client was not authenticated", "relay_credentials"),
)
