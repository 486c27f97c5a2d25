#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_route
short_description: Predicts what happens to a farm's mail, and recommends a route
version_added: 0.1.0
description:
  - Predicts from the configuration that was read what happens in each scenario on each server, with the chain of reasons. Nothing is
    sent and nothing is asked of any host.
  - Without O(farm), O(connectors) and O(accepted_domains) nothing is predicted.
  - Recommends a route. Of those that this version configures, it is the one that serves all that the farm needs and requires Exchange to
    trust the farm least.
  - With O(route) alone it says what that route configures, and needs no facts.
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.controller
  - sharepoint.mail.attributes.info
  - sharepoint.mail.situation
options:
  route:
    description:
      - The route that is asked for - V(default_connector), V(anonymous), V(iis_relay), V(authenticated) or V(externally_secured).
      - Without facts, one that this version does not configure is an error that names those that it does.
    type: str
  wanted:
    description: Variables of the roles that may contradict O(route), or complete it.
    type: dict
    default: {}
    suboptions:
      outgoing_email_tls:
        description: Whether SharePoint should use TLS.
        type: bool
      iis_smtp_relay_state:
        description: Desired state of the relay.
        type: str
      exchange_connector_relay:
        description: Whether an anonymous connector should have the relay right; V(null) leaves it as it is.
        type: bool
  probes:
    description:
      - What will be tried with M(sharepoint.mail.smtp_probe), as P(sharepoint.mail.doors_to_try#filter) lays it out. The address that each
        probe comes from decides which connector it meets. It is taken from the controller's routing where C(client_address) is not given.
    type: list
    elements: dict
    default: []
  probe_sender:
    description: Sender of the probes and of M(sharepoint.mail.server_probe). By default the farm's address.
    type: str
  changes:
    description:
      - Results in check mode of M(sharepoint.mail.exchange_receive_connector), M(sharepoint.mail.iis_smtp_relay),
        M(sharepoint.mail.outgoing_email) and M(sharepoint.mail.exchange_send_as), as they were registered, loops included.
      - Then RV(after_change) says what would arrive after these changes. One that would fail is an error.
    type: list
    elements: dict
    default: []
  recipients:
    description:
      - Recipients, each with C(address) and C(kind) - V(mailbox), V(external), V(group_authenticated) or V(group_permitted).
        Other keys are ignored.
      - For a kind that is not named, an address in an accepted domain, or outside, is used instead.
    type: list
    elements: dict
    default: []
seealso:
  - module: sharepoint.mail.delivery_report
"""

EXAMPLES = r"""
- name: Which route does this farm need?
  sharepoint.mail.mail_route:
    farm: "{{ sharepoint.farm }}"
    connectors: "{{ exchange.connectors }}"
    accepted_domains: "{{ exchange.accepted_domains }}"
    needs: {external: true, send_as_users: true}
  register: advice

- name: Predict before anything is sent, and what a change would do
  sharepoint.mail.mail_route:
    farm: "{{ sharepoint.farm }}"
    connectors: "{{ exchange.connectors }}"
    accepted_domains: "{{ exchange.accepted_domains }}"
    recipients: "{{ recipients }}"
    probes: "{{ doors }}"
    changes: ["{{ connector_in_check_mode }}", "{{ outgoing_email_in_check_mode }}"]
  register: predicted

- name: What does the route configure?
  sharepoint.mail.mail_route:
    route: iis_relay
    wanted: {outgoing_email_tls: false}
  register: chosen

- name: Say it
  ansible.builtin.debug:
    msg: "{{ advice.recommended.reason }}"
"""

RETURN = r"""
configures:
  description: What has to be configured for O(route); V(null) where none is asked for.
  returned: success
  type: dict
  contains:
    route:
      description: O(route).
      type: str
    configured:
      description: Whether there is something to configure, and this version of the collection can.
      type: bool
    connector:
      description:
        - The farm's receive connector, C(preset) (as O(sharepoint.mail.exchange_receive_connector#module:preset)) and C(relay), whether
          it has the relay right; V(null) leaves that as it is.
        - V(null) for a route without a connector of its own.
      type: dict
    send_as:
      description: Whether an account gets Send As there.
      type: bool
    relay:
      description: Whether an IIS SMTP relay is part of it.
      type: bool
    outgoing_email:
      description:
        - SharePoint's settings, C(server) (V(exchange) or V(relay)) and C(tls), whether SharePoint may be set to use TLS.
      type: dict
    refusals:
      description: What in O(wanted) contradicts the route, as sentences.
      type: list
      elements: str
predictions:
  description: One entry per scenario and server, with a placeholder address for each kind of recipient that is not named.
  returned: when facts are given
  type: list
  elements: dict
  contains:
    id:
      description: The scenario, as in M(sharepoint.mail.delivery_report).
      type: str
    name:
      description: Its name.
      type: str
    server:
      description: The server that sends, or is asked.
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
    decided_by:
      description: The rule that decided.
      type: str
    evidence:
      description: The chain of reasons, each with C(fact), C(value), C(standing) (V(observed) or V(inferred)), C(by) and C(part).
      type: list
      elements: dict
prediction:
  description:
    - The prediction as O(sharepoint.mail.delivery_report#module:prediction) takes it. It has a C(schema), the C(route), the C(cells), and
      the routes that are advised. A cell has C(alternatives) for other recipients, where the test alone does not decide who receives
      the mail.
    - It is about O(recipients) and, unlike RV(predictions), about others only where O(needs) require mail to a kind of recipient that is
      not among them.
  returned: when facts are given
  type: dict
matrix:
  description: The prediction as lines of text.
  returned: when facts are given
  type: list
  elements: str
after_change:
  description: C(prediction) and C(matrix) as they would be after O(changes); V(null) without.
  returned: when facts are given
  type: dict
recommended:
  description: The least trusting route that serves all needs.
  returned: when facts are given
  type: dict
  contains:
    route:
      description: Value for the variable C(mail_route); V(null) when no route that this version configures serves all needs.
      type: str
    relay:
      description: Whether an anonymous connector needs the relay right; V(null) for other routes.
      type: bool
    reason:
      description: Why this one, and why none that trusts less.
      type: str
routes:
  description: All routes, the least trusting first.
  returned: when facts are given
  type: list
  elements: dict
  contains:
    route:
      description: V(default_connector), V(anonymous), V(iis_relay), V(authenticated) or V(externally_secured).
      type: str
    relay:
      description: With or without the relay right, for the anonymous ones.
      type: bool
    what:
      description: What it is.
      type: str
    trusts:
      description: Who is trusted to do what.
      type: str
    configured:
      description: Whether this version of the collection configures it.
      type: bool
    satisfies:
      description: Whether it serves all needs.
      type: bool
    why:
      description: Why it does, or what it cannot do; and what else to know about it.
      type: list
      elements: str
    cannot:
      description: All that it cannot do, needed or not, and why.
      type: list
      elements: str
"""
