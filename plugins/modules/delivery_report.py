#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: delivery_report
short_description: Evaluates a verification of mail delivery, and writes its report
version_added: 0.1.0
description:
  - Predicts from the configuration that was read what happens in each scenario on each server, compares that with what was tried and
    seen, and explains what failed or surprised. The role P(sharepoint.mail.verify_delivery#role) collects all that it needs.
  - Results of other modules can be given as they were registered, loops included. Skipped ones count as not run.
  - O(farm), O(connectors) and O(accepted_domains) are required.
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.controller
  - sharepoint.mail.attributes.report
  - sharepoint.mail.situation
options:
  route:
    description: Name of the route that is verified.
    type: str
    required: true
  recipients:
    description:
      - Recipients of the test messages, each with C(address) and C(kind) - V(mailbox), V(external), V(group_authenticated) or
        V(group_permitted).
      - A group has C(member) too, the address of a mailbox in this list in which its copies are looked for. Other keys are ignored.
    type: list
    elements: dict
    required: true
  prediction:
    description:
      - The prediction that was made before anything was sent, RV(sharepoint.mail.mail_route#module:prediction) or the whole result of
        M(sharepoint.mail.mail_route) as it was registered. It is judged as it is, whatever is read later.
      - By default it is made here, from the facts given.
      - What was tried and is not in it is V(not_predicted).
    type: dict
  tests:
    description: Results of M(sharepoint.mail.test_message), of any kind. One with C(not_run) counts as not run for that reason.
    type: list
    elements: dict
    default: []
  messages:
    description:
      - Results of M(sharepoint.mail.mailbox_message), or the messages in them. The C(To) header distinguishes a group's copy from a
        person's own.
    type: list
    elements: dict
    default: []
  events:
    description: Results of M(sharepoint.mail.exchange_message_trace), or the events in them. Not given means that it was not read.
    type: list
    elements: dict
  probes:
    description:
      - Results of M(sharepoint.mail.smtp_probe), with the scenario's id in C(scenario) - V(unlisted_relay), V(unlisted_connector),
        V(tls_missing) (made with C(starttls=false)) or V(spoof) - and the Exchange server's name in C(server). Several hosts may probe
        the same.
      - V(relay_unlisted) is about a relay; C(server) is the name of the server that it runs on, and C(authenticated) is true where the
        probe logged on.
    type: list
    elements: dict
    default: []
  server_probes:
    description: Results of M(sharepoint.mail.server_probe), one for each SharePoint server.
    type: list
    elements: dict
    default: []
  server_log:
    description: Results of M(sharepoint.mail.server_log), or the lines in them, of the SharePoint servers.
    type: list
    elements: dict
    default: []
  json_path:
    description: File on the controller for the report as JSON, readable by its owner only (0600), like the other files. Not written in
      check mode.
    type: path
  html_path:
    description: File on the controller for the report as a page. Not written in check mode.
    type: path
  junit_path:
    description: File on the controller for the report as JUnit XML, one test case for each scenario and server. Not written in check mode.
    type: path
  compare_with:
    description: An earlier report (JSON) to compare with.
    type: path
notes:
  - The scenarios are V(notification), V(alert_confirmation), V(alert), V(alert_external), V(alert_group_authenticated),
    V(alert_group_permitted), V(workflow) and V(invitation) on each SharePoint server, V(unlisted_relay), V(unlisted_connector),
    V(tls_missing) (where the connector that was made requires TLS) and V(spoof) on each Exchange server, V(relay_unlisted) on the server
    of each relay, and V(server_connection) and V(server_mail) on each SharePoint server. One for which no recipient is named is left
    out.
seealso:
  - module: sharepoint.mail.mail_route
  - module: sharepoint.mail.test_message
  - module: sharepoint.mail.mailbox_message
  - module: sharepoint.mail.smtp_probe
"""

EXAMPLES = r"""
- name: Judge what was tried
  sharepoint.mail.delivery_report:
    farm: "{{ sharepoint.farm }}"
    connectors: "{{ exchange.connectors }}"
    accepted_domains: "{{ exchange.accepted_domains }}"
    groups: "{{ senders.groups }}"
    route: externally_secured
    needs: {groups: true, send_as_users: true}
    recipients:
      - {address: mailtest@example.com, kind: mailbox}
      - {address: everyone@example.com, kind: group_authenticated, member: mailtest@example.com}
    tests: ["{{ notifications }}", "{{ alert }}", "{{ invitation }}"]
    messages: ["{{ mail }}"]
    events: ["{{ trace }}"]
    probes: ["{{ probes }}"]
    server_probes: ["{{ server_probes }}"]
    server_log: ["{{ logs }}"]
    html_path: evidence/report.html
  register: delivery
"""

RETURN = r"""
verdict:
  description: V(pass) when nothing needed failed and nothing surprised, else V(fail).
  returned: success
  type: str
findings:
  description: What failed or surprised, a line for each cause, with its remedy and the scenarios and servers where it showed.
  returned: success
  type: list
  elements: str
stats:
  description: The report in a few figures, for M(ansible.builtin.set_stats).
  returned: success
  type: dict
  contains:
    route:
      description: O(route).
      type: str
    verdict:
      description: As RV(verdict).
      type: str
    counts:
      description: How many cells have each verdict.
      type: dict
    failed:
      description: The cells that failed or surprised, with cause and remedy.
      type: list
      elements: dict
    slowest:
      description: Seconds of the slowest delivery.
      type: float
matrix:
  description: The scenarios as lines of text.
  returned: success
  type: list
  elements: str
comparison:
  description: The earlier report and this one side by side; V(null) without O(compare_with).
  returned: success
  type: list
  elements: str
report:
  description: The report, as in the JSON file.
  returned: success
  type: dict
  contains:
    schema:
      description: Version of this form, V(1).
      type: int
    route:
      description: O(route).
      type: str
    verdict:
      description: As RV(verdict).
      type: str
    time:
      description: When it was made, ISO 8601, UTC.
      type: str
    farm:
      description: Build, web application and outgoing mail server that the predictions are about.
      type: dict
    risks:
      description:
        - What would fail if another server did the work, as "If the timer job moves to SP02, ...", and needs that no scenario tries.
      type: list
      elements: str
    notes:
      description: Limits of the evidence, for example that subjects are not logged.
      type: list
      elements: str
    recommended:
      description: As RV(sharepoint.mail.mail_route#module:recommended).
      type: dict
    routes:
      description: As RV(sharepoint.mail.mail_route#module:routes).
      type: list
      elements: dict
    scenarios:
      description: One entry per scenario and server.
      type: list
      elements: dict
      contains:
        id:
          description: The scenario.
          type: str
        name:
          description: Its name.
          type: str
        server:
          description: The server that sends, or for a probe is asked.
          type: str
        process:
          description: V(w3wp), V(owstimer) or V(probe).
          type: str
        recipient:
          description: Address of the recipient.
          type: str
        want:
          description: V(delivered) or V(refused).
          type: str
        needed:
          description: Whether anything else is a failure.
          type: bool
        predicted:
          description:
            - V(delivered), V(refused), V(accepted_not_delivered), V(bounced), V(not_sent) or V(not_run); or V(not_predicted), where there
              was no prediction.
          type: str
        observed:
          description: One of the same, except V(not_predicted).
          type: str
        verdict:
          description: V(pass), V(fail), V(as_predicted), V(skipped) or V(surprise).
          type: str
        evidence:
          description:
            - Facts, each with C(fact), C(value), C(standing) (V(observed) or V(inferred)), C(by) (who saw it, or what it follows from)
              and C(part) (V(prediction) or V(observation)).
          type: list
          elements: dict
        decided_by:
          description: The rule that decided the prediction.
          type: str
        seconds:
          description: From sending to the mailbox.
          type: float
        cause_id:
          description:
            - The cause as an id for programs; empty where there is none. V(process_answers_challenge), V(no_relay_right),
              V(group_wants_authentication), V(sender_not_permitted), V(server_not_in_ranges), V(more_specific_connector),
              V(other_address_matches), V(certificate_name), V(tls_not_used), V(transport_inactive), V(timer_job_disabled),
              V(envelope_sender_overridden), V(rejected_later), V(ndr_missing), V(lost_after_acceptance), V(send_as_missing),
              V(send_as_cached), V(relay_refuses_host), V(relay_credentials), V(relay_queue), V(relay_open), V(unknown) and others.
            - For a test that cannot run on this farm, its C(reason_id).
          type: str
        notes:
          description: Limits of this cell's evidence, each with C(id) (V(tracking_silent), V(subject_logging_off)) and C(text).
          type: list
          elements: dict
        cause:
          description: The likely cause where something failed or surprised; else empty.
          type: str
        remedy:
          description: The change that would fix it.
          type: str
        hops:
          description: The message's way, each hop with C(from), C(by), C(with), C(time) and C(seconds) since the one before.
          type: list
          elements: dict
        transcripts:
          description: SMTP sessions of probes, each with C(host), C(port) and C(lines).
          type: list
          elements: dict
"""
