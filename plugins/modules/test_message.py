#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: test_message
short_description: Has SharePoint send a test message
version_added: 0.1.0
description:
  - V(notification) posts to SharePoint's REST API, and the web application's process (w3wp) sends the mail.
  - V(alert) adds an item to a list that carries an immediate alert, has the timer service (OWSTIMER) run the job that sends alerts,
    and removes the item again.
  - The two are sent by different accounts, and often by different servers - that one arrives says nothing about the other.
  - That SharePoint took the request does not mean that the mail arrives. See M(sharepoint.mail.exchange_message_trace) and
    M(sharepoint.mail.mailbox_message).
  - Alerts cannot be made over the web in SharePoint 2013 and 2016. A person makes the one for tests once in the browser ("Alert me").
    Let it be about new items only, else the removal of the item is mailed too.
  - The module needs the Python libraries requests and requests-ntlm on the controller.
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.windows
  - sharepoint.mail.attributes.test
options:
  kind:
    description: What is sent.
    type: str
    required: true
    choices: [notification, alert]
  web_url:
    description: URL of the site, with the name that its certificate bears.
    type: str
    required: true
  web_address:
    description:
      - Address or name of the server to connect to, instead of the one that the name in O(web_url) resolves to. Host header and
        certificate stay those of O(web_url).
    type: str
  web_username:
    description: Who signs in, as C(DOMAIN\name). Needs to add and delete items for an alert.
    type: str
    required: true
  web_password:
    description: The password.
    type: str
    required: true
  web_ca_path:
    description: File on the controller with the authorities that vouch for the site's certificate; the controller's own by default.
    type: path
  web_use_proxy:
    description: Use the proxy of the controller's environment to reach the site.
    type: bool
    default: false
  to:
    description: Addresses of a notification. SharePoint sends only to users of the site, and does not say when it sends to nobody.
    type: list
    elements: str
  list:
    description: Title of the list that carries the alert; the first list with one by default.
    type: str
  token:
    description: Word in the subject by which the message can be found, 6 to 32 letters and digits. A new one by default.
    type: str
  timeout:
    description: Seconds to wait for the timer job.
    type: float
    default: 300
  read_log:
    description: Read SharePoint's log of the task's host for lines about the message.
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
"""

RETURN = r"""
sent:
  description: The message.
  returned: success
  type: dict
  contains:
    token:
      description: Word in the subject by which the message can be found.
      type: str
    subject:
      description: Subject of a notification. The subject of an alert holds it.
      type: str
    time:
      description: When it was asked for, by the controller's clock, ISO 8601, UTC.
      type: str
    server:
      description: For a notification the server that was asked; for an alert the one that ran the timer job, or the task's host.
      type: str
    recipients:
      description: Whom SharePoint was asked to send to, or whom the alerts are for.
      type: list
      elements: str
    process:
      description: V(w3wp) or V(owstimer).
      type: str
    error:
      description: What SharePoint said against sending. Empty when it said nothing.
      type: str
job:
  description: The run of the timer job; V(null) when none was seen in time.
  returned: O(kind=alert)
  type: dict
  contains:
    server:
      description: Server that ran it.
      type: str
    status:
      description: C(Succeeded) or C(Failed). It says nothing about the mail's fate.
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
log:
  description: Lines of SharePoint's log on the task's host about the message; V(null) when the log was not or could not be read.
  returned: success
  type: list
  elements: dict
  contains:
    server:
      description: Server that wrote the line.
      type: str
    time:
      description: When, as the server has it.
      type: str
    process:
      description: Process that wrote the line.
      type: str
    message:
      description: The line.
      type: str
"""
