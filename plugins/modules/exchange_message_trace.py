#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_message_trace
short_description: Traces messages in Exchange's message tracking
version_added: 0.1.0
description:
  - Asks every server for messages by what is known about them (subject, recipients, sender, message id), then follows each message by
    its message id, which stays the same on every server.
  - Non-delivery reports and other notifications that Exchange sent because of a failure belong to it; RV(events[].reference) of the
    C(DSN) event names the message that failed.
  - A server that cannot be asked is reported in RV(not_asked), as long as others answer.
  - Can wait until every message has reached a final event.
  - A frontend connector hands its mail over to the Hub Transport service, so RV(events[].connector_id) is normally the hub's
    (C(Default SERVER)), not the connector on port 25.
  - The account needs the management role C(Message Tracking).
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.windows
  - sharepoint.mail.attributes.info
options:
  servers:
    description: Exchange servers to ask. All servers with the Mailbox role by default.
    type: list
    elements: str
  start:
    description: Start of the time to search, in ISO 8601; UTC unless it says otherwise. Either this or O(since_minutes) is required.
    type: str
  end:
    description: End of the time to search, in ISO 8601; now by default.
    type: str
  since_minutes:
    description: Search the last minutes instead of from O(start) on.
    type: float
  subject:
    description: Part of the subject, as O(subjects) with one entry.
    type: str
  subjects:
    description:
      - Parts of subjects, such as the tokens of several test messages, which are then traced in one task.
      - Servers that do not log subjects are asked by O(recipients) and O(sender) instead, see RV(searched_by); what they show may
        include other messages of that time.
    type: list
    elements: str
  message_ids:
    description: Message ids, with or without angle brackets.
    type: list
    elements: str
  recipients:
    description: Addresses of recipients.
    type: list
    elements: str
  sender:
    description: Address of the sender.
    type: str
  event_ids:
    description: Return only these events, for example C(DELIVER).
    type: list
    elements: str
  result_size:
    description: Maximum number of events that a server returns for one query, or V(Unlimited).
    type: str
    default: Unlimited
  wait:
    description: Seconds to wait for the events in O(until). The log is searchable only a while after an event.
    type: float
    default: 0
  until:
    description:
      - Events that end the waiting. Every message found, and every one in O(message_ids), must have one of them; with O(recipients),
        every recipient; and every one in O(subjects) must be found. Notifications of a failure are not waited for.
    type: list
    elements: str
    default: [DELIVER, SEND, FAIL]
  domain_controller:
    description: Domain controller to read from.
    type: str
"""

EXAMPLES = r"""
- name: What became of a test message
  sharepoint.mail.exchange_message_trace:
    servers: [EX01, EX02]
    subjects: ["{{ test.sent.token }}"]
    start: "{{ test.sent.time }}"
    recipients: "{{ test.sent.recipients }}"
    wait: 60
  register: trace
"""

RETURN = r"""
events:
  description: Events of the messages, in order of time.
  returned: success
  type: list
  elements: dict
  contains:
    server:
      description: Server whose log has the event.
      type: str
    timestamp:
      description: When it happened, ISO 8601, UTC.
      type: str
    event_id:
      description: What happened, for example C(RECEIVE), C(DELIVER), C(FAIL).
      type: str
    source:
      description: Component that wrote the event, for example C(SMTP).
      type: str
    source_context:
      description: More about the source.
      type: str
    connector_id:
      description: Connector that received or sent the message.
      type: str
    client_ip:
      description: Address of the client.
      type: str
    client_hostname:
      description: Name of the client.
      type: str
    server_ip:
      description: Address of the server.
      type: str
    server_hostname:
      description: Name of the server.
      type: str
    original_client_ip:
      description: Address of the client that the frontend saw.
      type: str
    message_id:
      description: Message id, in angle brackets.
      type: str
    internal_message_id:
      description: Number of the message on this server.
      type: str
    network_message_id:
      description: Exchange's own id of the message.
      type: str
    recipients:
      description: Addresses of the recipients.
      type: list
      elements: str
    recipient_status:
      description: Status of each recipient.
      type: list
      elements: str
    reference:
      description: Messages that this one refers to.
      type: list
      elements: str
    subject:
      description: Subject, where it is logged.
      type: str
    sender:
      description: Address of the sender.
      type: str
    return_path:
      description: Envelope sender.
      type: str
    directionality:
      description: C(Incoming) or C(Originating).
      type: str
    total_bytes:
      description: Size in bytes.
      type: int
missing:
  description: What had no event in O(until) when O(wait) was over. Empty when nothing was waited for.
  returned: success
  type: list
  elements: str
not_asked:
  description: Servers that could not be queried, and why.
  returned: success
  type: dict
  sample: {}
searched_by:
  description: By what each server was asked for messages, besides their ids - some of V(subject), V(recipients), V(sender).
  returned: success
  type: dict
  sample: {EX01: [subject, recipients]}
subject_logging:
  description: Whether each server logs subjects; V(null) where the account cannot read it.
  returned: success
  type: dict
  sample: {EX01: true}
"""
