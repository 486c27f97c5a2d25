#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mailbox_message
short_description: Awaits messages in mailboxes, over IMAP
version_added: 0.1.0
description:
  - Looks for messages by a word in their subject, in several mailboxes at once, until all are there or the time is over. A message
    that does not come is no failure of the task; RV(missing) names it.
  - Returns what the message's headers tell - the servers it came through, and how Exchange judged its sender.
  - Messages are read without marking them as seen. The module needs the Python library imap-tools on the controller.
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.controller
  - sharepoint.mail.attributes.report
options:
  mailboxes:
    description: The mailboxes. IMAP over TLS, with a certificate that is trusted.
    type: list
    elements: dict
    required: true
    suboptions:
      address:
        description: Address of the mailbox; messages refer to it.
        type: str
        required: true
      host:
        description: IMAP server, by the name that its certificate bears.
        type: str
        required: true
      port:
        description: Its port for IMAP over TLS.
        type: int
        default: 993
      username:
        description: Who signs in. The address by default.
        type: str
      password:
        description: The password.
        type: str
        required: true
      ca_path:
        description: File on the controller with the authorities that vouch for the certificate; the controller's own by default.
        type: path
      folder:
        description: Folder that is read.
        type: str
        default: INBOX
  messages:
    description: The messages to wait for.
    type: list
    elements: dict
    required: true
    suboptions:
      id:
        description: A name for it in progress and result. The token by default.
        type: str
      mailbox:
        description: Address of the mailbox, one of O(mailboxes).
        type: str
        required: true
      token:
        description: Word in the subject.
        type: str
        required: true
      sent:
        description: When it was sent, ISO 8601, UTC unless it says otherwise; gives RV(messages[].seconds).
        type: str
  timeout:
    description: Seconds to wait for all of them together. 0 looks once.
    type: float
    default: 120
  remove:
    description: Remove the messages found. Only those with the token in their subject; nothing is removed in check mode.
    type: bool
    default: false
seealso:
  - module: sharepoint.mail.test_message
"""

EXAMPLES = r"""
- name: Wait for the alert
  sharepoint.mail.mailbox_message:
    mailboxes:
      - address: mailtest@example.com
        host: ex01.example.com
        password: "{{ mailtest_password }}"
    messages:
      - id: alert
        mailbox: mailtest@example.com
        token: "{{ alert.sent.token }}"
        sent: "{{ alert.sent.time }}"
    remove: true
"""

RETURN = r"""
missing:
  description: Ids of the messages that did not come.
  returned: success
  type: list
  elements: str
messages:
  description: The messages in the order asked for.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
    mailbox:
      description: Address of the mailbox.
      type: str
    token:
      description: The word.
      type: str
    found:
      description: Whether it is there. What follows is returned only then.
      type: bool
    seconds:
      description:
        - From sending to arrival, by the clock of the mailbox's server, which counts whole seconds. V(null) without O(messages[].sent).
      type: float
    subject:
      description: Subject.
      type: str
    from:
      description: Sender in the header.
      type: str
    auth_as:
      description:
        - C(X-MS-Exchange-Organization-AuthAs) - C(Internal) counts as authenticated, C(Anonymous) does not. Empty without the header.
      type: str
    auth_source:
      description: Server that judged the sender.
      type: str
    auth_mechanism:
      description: Exchange's number for how.
      type: str
    headers:
      description: The first header of each name, in lower case.
      type: dict
    received:
      description: Hops from first to last, from the C(Received) headers.
      type: list
      elements: dict
      contains:
        from:
          description: Who gave the message.
          type: str
        by:
          description: Who took it.
          type: str
        with:
          description: Protocol.
          type: str
        time:
          description: When, ISO 8601, UTC.
          type: str
        seconds:
          description: Since the hop before, by the servers' clocks.
          type: float
    removed:
      description: Whether it was removed. V(false) too where the server could only mark it as deleted.
      type: bool
"""
