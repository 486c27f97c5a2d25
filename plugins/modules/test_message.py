#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: test_message
short_description: Makes SharePoint send a test message
version_added: 0.1.0
description:
  - V(notification) posts to SharePoint's REST API, and the web application's process (w3wp) sends the mail.
  - V(alert) adds an item to a list that carries an immediate alert, has the timer service (OWSTIMER) run the job that sends alerts,
    and removes the item again.
  - V(workflow) adds an item to a list whose workflow starts by itself, has the timer service continue workflows, and removes item and
    task again. The mail about the task is sent by the timer service (OWSTIMER).
  - V(invitation) puts a small document into a library, shares it with one person, and removes the permission and the document again. The
    web application's process (w3wp) sends the invitation as the person who signs in, unless the web application always uses its own
    address.
  - V(alert_confirmation) stands for the mail that confirms a new alert (w3wp). It cannot be triggered over REST, and is never run.
  - These are sent by different accounts, and often by different servers - if one arrives, this says nothing about the others.
  - What cannot be tried on this farm is not a failure. The result then has RV(not_run) in place of RV(sent).
  - That SharePoint accepted the request does not mean that the mail arrives. See M(sharepoint.mail.exchange_message_trace) and
    M(sharepoint.mail.mailbox_message).
  - Alerts cannot be created over the web in SharePoint 2013 and 2016. A person creates the one for tests once in the browser ("Alert me").
    It should be about new items only; otherwise the removal of the item is mailed too.
  - The module needs the Python libraries requests and requests-ntlm on the controller.
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.windows
  - sharepoint.mail.attributes.test
options:
  kind:
    description: Kind of message to send.
    type: str
    required: true
    choices: [notification, alert, alert_confirmation, workflow, invitation]
  web_url:
    description: URL of the site, with a name in its certificate.
    type: str
    required: true
  web_address:
    description:
      - Address or name of the server to connect to, instead of the one that the name in O(web_url) resolves to. Host header and
        certificate stay those of O(web_url).
    type: str
  web_username:
    description:
      - User name to sign in with, as C(DOMAIN\name). The user needs to add and delete items for V(alert) and V(workflow), and to manage the
        permissions of documents for V(invitation), which comes from this person's address.
    type: str
    required: true
  web_password:
    description: The password.
    type: str
    required: true
  web_ca_path:
    description: File on the controller with the trusted certificate authorities for the site's certificate; the controller's own by
      default.
    type: path
  web_use_proxy:
    description: Use the proxy of the controller's environment to reach the site.
    type: bool
    default: false
  to:
    description:
      - Addresses of a notification. SharePoint sends only to users of the site, and does not report when it sends to nobody.
      - The address or login name that an invitation is for; exactly one.
      - The addresses that the workflow is known to give its task to; read from the task by default.
    type: list
    elements: str
  list:
    description:
      - Title of the list that carries the alert or the workflow; the first list with one by default.
      - Title of the document library for an invitation; the one for shared documents, or the first, by default.
    type: str
  token:
    description: Word in the subject by which the message can be found, 6 to 32 letters and digits. A new one by default.
    type: str
  timeout:
    description: Seconds to wait for the timer job.
    type: float
    default: 300
  read_log:
    description:
      - Read SharePoint's log of the task's host for lines about the message, and the settings that decide RV(sent.sender).
      - Other servers' logs are read by M(sharepoint.mail.server_log).
    type: bool
    default: true
notes:
  - A web application that only signs in through a SAML provider is refused.
"""

EXAMPLES = r"""
- name: Send a notification from one server
  sharepoint.mail.test_message:
    kind: notification
    web_url: https://portal.example.com/
    web_address: 192.0.2.11
    web_username: EXAMPLE\mailtest
    web_password: "{{ mailtest_password }}"
    to: [mailtest@example.com]
  register: notification

- name: Send an alert
  sharepoint.mail.test_message:
    kind: alert
    web_url: https://portal.example.com/
    web_username: EXAMPLE\mailtest
    web_password: "{{ mailtest_password }}"
    list: Mail test
  register: alert

- name: Share a document as the person who signs in
  sharepoint.mail.test_message:
    kind: invitation
    web_url: https://portal.example.com/
    web_username: EXAMPLE\mailtest
    web_password: "{{ mailtest_password }}"
    to: [colleague@example.com]
  register: invitation
"""

RETURN = r"""
kind:
  description: As given.
  returned: success
  type: str
not_run:
  description: Why this kind cannot be tried on this farm. Nothing was sent then, and nothing is left behind.
  returned: when it was not tried
  type: str
reason_id:
  description:
    - The same as an id for programs - V(timer_job_disabled), V(timer_job_missing), V(no_alert_over_rest), V(workflow_not_automatic),
      V(no_document_library) or V(sharing_not_available).
  returned: when it was not tried
  type: str
sent:
  description: The message.
  returned: when it was tried
  type: dict
  contains:
    token:
      description: Word in the subject by which the message can be found.
      type: str
    subject:
      description: Subject of a notification. For other kinds, the subject contains the token.
      type: str
    time:
      description: When it was asked for, by the controller's clock, ISO 8601, UTC.
      type: str
    server:
      description: For what w3wp sends the server that was asked; for the rest the one that ran the timer job, or the task's host.
      type: str
    recipients:
      description: Recipients that SharePoint was asked to send to, or that the alerts are for; a group by its own address.
      type: list
      elements: str
    sender:
      description:
        - Address that the message should come from, in the envelope as in its header - that of the web application, or that of the
          person who shares.
        - V(null) when O(read_log=false), or the settings could not be read.
      type: str
    process:
      description: V(w3wp) or V(owstimer).
      type: str
    error:
      description: SharePoint's error about sending. Empty when there was none.
      type: str
job:
  description: The run of the timer job; V(null) when none was seen in time.
  returned: O(kind=alert) or O(kind=workflow), when it was tried
  type: dict
  contains:
    server:
      description: Server that ran it.
      type: str
    status:
      description: C(Succeeded) or C(Failed). It does not say whether the mail arrives.
      type: str
    started:
      description: When it began, ISO 8601, UTC.
      type: str
    ended:
      description: When it ended.
      type: str
    error:
      description: Its error.
      type: str
shared:
  description: What was shared for an invitation.
  returned: O(kind=invitation), when it was tried
  type: dict
  contains:
    url:
      description: Address of the document.
      type: str
    with:
      description: O(to).
      type: str
    role:
      description: What the document was shared for, always V(View).
      type: str
    taken_back:
      description: Whether the document inherits its permissions again or was removed.
      type: bool
log:
  description: Lines of SharePoint's log on the task's host about the message; V(null) when the log was not or could not be read.
  returned: when it was tried
  type: list
  elements: dict
  contains:
    server:
      description: Server that wrote the line.
      type: str
    time:
      description: Time, by the server's clock.
      type: str
    process:
      description: Process that wrote the line.
      type: str
    category:
      description: Category of the line, such as C(E-Mail).
      type: str
    level:
      description: Level of the line, such as C(Monitorable).
      type: str
    message:
      description: The line.
      type: str
"""
