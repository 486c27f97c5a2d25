#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: delivery_report
short_description: Judges a verification of mail delivery, and writes its report
version_added: 0.1.0
description:
  - Predicts from the configuration that was read what becomes of each scenario on each server, compares that with what was tried and
    seen, and explains what failed or surprised. The role P(sharepoint.mail.verify_delivery#role) collects all that it needs.
  - Results of other modules can be given as they were registered, loops included. Skipped ones count as not run.
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.controller
  - sharepoint.mail.attributes.report
options:
  farm:
    description: The return value C(farm) of M(sharepoint.mail.farm_info).
    type: dict
    required: true
  web_application:
    description: Name or URL of the web application that was tried. The first besides Central Administration by default.
    type: str
    default: ""
  connectors:
    description: The return value C(connectors) of M(sharepoint.mail.exchange_receive_connector_info), of all servers.
    type: list
    elements: dict
    required: true
  accepted_domains:
    description: The return value C(accepted_domains) of the same module.
    type: list
    elements: str
    required: true
  exchange_servers:
    description:
      - How the Exchange servers are known - C(name) in Exchange, C(host) where they are reached, C(addresses). Says which of them the
        farm's mail and each probe goes to. Other keys are ignored.
    type: list
    elements: dict
    default: []
  route:
    description: Name of the route that is verified.
    type: str
    required: true
  connector_name:
    description: Name of the receive connector that was made for the farm.
    type: str
    default: SharePoint mail
  needs:
    description: What the farm needs besides mail to its own mailboxes.
    type: dict
    default: {}
    suboptions:
      external:
        description: Mail to recipients outside.
        type: bool
        default: false
      spoof_refused:
        description: That an unlisted host cannot send as an internal sender. Exchange's defaults allow it.
        type: bool
        default: false
  recipients:
    description: Recipients of the test messages, each with C(address) and C(kind), V(mailbox) or V(external). Other keys are ignored.
    type: list
    elements: dict
    required: true
  tests:
    description: Results of M(sharepoint.mail.test_message).
    type: list
    elements: dict
    default: []
  messages:
    description: Results of M(sharepoint.mail.mailbox_message), or the messages in them.
    type: list
    elements: dict
    default: []
  events:
    description: Results of M(sharepoint.mail.exchange_message_trace), or the events in them. Not given means that it was not read.
    type: list
    elements: dict
  probes:
    description: Results of M(sharepoint.mail.smtp_probe), with the scenario's id in C(scenario).
    type: list
    elements: dict
    default: []
  json_path:
    description: File on the controller for the report as JSON. Not written in check mode.
    type: path
  html_path:
    description: File on the controller for the report as a page. Not written in check mode.
    type: path
  compare_with:
    description: An earlier report (JSON) to compare with.
    type: path
seealso:
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
    route: externally_secured
    recipients:
      - {address: mailtest@example.com, kind: mailbox}
    tests: ["{{ notifications }}", "{{ alert }}"]
    messages: ["{{ mail }}"]
    events: ["{{ trace }}"]
    probes: ["{{ probes }}"]
    html_path: evidence/report.html
  register: delivery
"""

RETURN = r"""
verdict:
  description: V(pass) when nothing needed failed and nothing surprised, else V(fail).
  returned: success
  type: str
findings:
  description: What failed or surprised, a line each, with cause and remedy.
  returned: success
  type: list
  elements: str
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
          description: V(delivered), V(refused), V(accepted_not_delivered), V(bounced), V(not_sent) or V(not_run).
          type: str
        observed:
          description: One of the same.
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
        cause:
          description: The likely cause where something failed or surprised; else empty.
          type: str
        remedy:
          description: What would mend it.
          type: str
        transcripts:
          description: SMTP sessions of probes, each with C(host), C(port) and C(lines).
          type: list
          elements: dict
"""
