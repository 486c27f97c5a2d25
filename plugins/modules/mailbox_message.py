#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mailbox_message
short_description: Waits for messages in mailboxes, over IMAP or EWS
version_added: 0.1.0
description:
  - Looks for messages by a word in their subject, in several mailboxes at once, until all have arrived or their time is over. A message
    that does not arrive is not a failure of the task; RV(missing) names it.
  - Returns what the message's headers show - the servers it passed, and how Exchange classified its sender.
  - Over IMAP, messages are read without marking them as seen. The module needs the Python library imap-tools on the controller, and
    exchangelib for mailboxes with O(mailboxes[].protocol=ews).
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.controller
  - sharepoint.mail.attributes.report
options:
  mailboxes:
    description: The mailboxes. TLS from the first byte, with a certificate that is trusted.
    type: list
    elements: dict
    required: true
    suboptions:
      address:
        description: Address of the mailbox; messages refer to it.
        type: str
        required: true
      protocol:
        description:
          - How it is read. IMAP is off in Exchange until somebody starts it; its Web Services (V(ews)) are on by default.
        type: str
        choices: [imap, ews]
        default: imap
      host:
        description: Server, by a name in its certificate. Needed unless O(mailboxes[].ews_url) is given.
        type: str
      port:
        description: Its port for TLS, V(993) for IMAP and V(443) for EWS by default.
        type: int
      ews_url:
        description: URL of the Exchange Web Services. V(https://HOST/EWS/Exchange.asmx) by default.
        type: str
      auth:
        description: How EWS authenticates.
        type: str
        choices: [basic, ntlm]
        default: ntlm
      username:
        description: User name to sign in with. The address by default. Over EWS it may be an account with full access to the mailbox.
        type: str
      password:
        description: The password.
        type: str
        required: true
      ca_path:
        description: File on the controller with the trusted certificate authorities; those that Python trusts by default.
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
      to:
        description:
          - Address that must be in the C(To) header. Tells apart the copies of one message, as when a person and a group that the
            person belongs to both get it.
        type: str
      sent:
        description: When it was sent, ISO 8601, UTC unless it says otherwise; gives RV(messages[].seconds).
        type: str
      timeout:
        description:
          - Seconds to wait for this one, counted from O(messages[].sent) where given, else from the start. O(timeout) by default, which
            always counts from the start.
        type: float
      ndr_in:
        description:
          - Address of the mailbox, one of O(mailboxes), in which a delivery status notification about this message would arrive, that is
            its envelope sender's. Once it is there the message is not waited for any longer, see RV(messages[].ndr).
        type: str
  timeout:
    description: Seconds to wait for all messages without a time of their own. 0 looks once.
    type: float
    default: 120
  remove:
    description:
      - Remove the messages found, notifications too, and other copies with one of the tokens in these mailboxes. Nothing else is removed,
        and nothing in check mode.
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

- name: Wait for the group's copy, or for word that the group refused it
  sharepoint.mail.mailbox_message:
    mailboxes:
      - address: mailtest@example.com
        protocol: ews
        host: ex01.example.com
        username: EXAMPLE\mailtest
        password: "{{ mailtest_password }}"
      - "{{ sender_mailbox }}"
    messages:
      - id: alert of the group
        mailbox: mailtest@example.com
        to: everyone@example.com
        token: "{{ alert.sent.token }}"
        sent: "{{ alert.sent.time }}"
        timeout: 300
        ndr_in: sharepoint@example.com
"""

RETURN = r"""
missing:
  description: Ids of the messages that did not arrive.
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
      description: Whether it is there. What follows, besides RV(messages[].ndr), is returned only then.
      type: bool
    ndr:
      description: What a delivery status notification says about the message's recipient; V(null) where there is none.
      type: dict
      contains:
        recipient:
          description: Recipient that was not reached.
          type: str
        original_recipient:
          description: The same as the sender gave it.
          type: str
        status:
          description: Enhanced status code.
          type: str
          sample: 5.7.133
        diagnostic:
          description: The reply or the reason in words.
          type: str
        remote_mta:
          description: Server that rejected the message, if it was another one.
          type: str
        reporting_mta:
          description: Server that reports it.
          type: str
        subject:
          description: Subject of the notification.
          type: str
        seconds:
          description: From sending to its arrival.
          type: float
        removed:
          description: Whether it was removed.
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
    to:
      description: Addresses in the C(To) header.
      type: list
      elements: str
    return_path:
      description: Envelope sender, from the C(Return-Path) header.
      type: str
    auth_as:
      description:
        - C(X-MS-Exchange-Organization-AuthAs) - C(Internal) counts as authenticated, C(Anonymous) does not. Empty without the header.
      type: str
    auth_source:
      description: Server that classified the sender.
      type: str
    auth_mechanism:
      description: Exchange's number for the mechanism.
      type: str
    scl:
      description: Spam confidence level that Exchange gave it; V(-1) is that of a sender it trusts.
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
          description: Server that sent the message.
          type: str
        by:
          description: Server that received it.
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
