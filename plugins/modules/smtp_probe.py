#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: smtp_probe
short_description: Tries over SMTP what a mail server offers and takes
version_added: 0.1.0
description:
  - Connects from the controller as a host that nobody listed would, asks for the server's extensions before and after STARTTLS,
    and offers a sender and a recipient. Unless O(send=true), it goes no further and nothing is sent.
  - It never authenticates. What it sees is what the controller's address sees; another host may meet another receive connector.
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.controller
  - sharepoint.mail.attributes.report
options:
  host:
    description: Name or address of the mail server.
    type: str
    required: true
  port:
    description: Its port.
    type: int
    default: 25
  source_address:
    description: Address of the controller to connect from.
    type: str
  ehlo:
    description: Name to greet with. The controller's host name by default.
    type: str
  mail_from:
    description: Sender in the envelope; empty for the null sender.
    type: str
    required: true
  rcpt_to:
    description: Recipient in the envelope.
    type: str
    required: true
  send:
    description: Send a message, instead of withdrawing after the recipient was accepted. Skipped in check mode.
    type: bool
    default: false
  token:
    description: Word in the subject of a message that is sent, by which M(sharepoint.mail.mailbox_message) finds it.
    type: str
  starttls:
    description:
      - Use STARTTLS where the server offers it. When it fails, the return value RV(tls_error) says why, and the rest is tried in
        clear text.
    type: bool
    default: true
  validate_certs:
    description: Whether the server's certificate has to be trusted and to bear the name in O(host).
    type: bool
    default: true
  ca_path:
    description: File on the controller with the authorities that vouch for the certificate; the controller's own by default.
    type: path
  timeout:
    description: Seconds to wait for each answer. Exchange delays a refusal by 5 seconds (C(TarpitInterval)).
    type: float
    default: 30
  scenario:
    description: A name, returned as it is. M(sharepoint.mail.delivery_report) takes it as the id of a scenario.
    type: str
  server:
    description: The server's name in Exchange, returned as it is.
    type: str
seealso:
  - module: sharepoint.mail.delivery_report
"""

EXAMPLES = r"""
- name: May anybody relay to another domain
  sharepoint.mail.smtp_probe:
    host: ex01.example.com
    mail_from: sharepoint@example.com
    rcpt_to: nobody@example.net
    scenario: unlisted_relay
  register: probe
"""

RETURN = r"""
outcome:
  description:
    - V(accepted) - the recipient, and with O(send=true) the message, was taken.
    - V(refused) - the server said no, or hung up on a connection it had taken.
    - V(not_connected) - there was no connection, or no answer in time; nothing is known.
  returned: success
  type: str
stage:
  description: Where the session ended - V(connect), V(greeting), V(ehlo), V(starttls), V(mail), V(rcpt), V(data), or V(done).
  returned: success
  type: str
reply:
  description: The last line of the server's last reply at that stage, with its code.
  returned: success
  type: str
  sample: 550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain
client_address:
  description: The controller's end of the connection.
  returned: success
  type: str
seen_as:
  description: The controller's address as the server's greeting gives it (Exchange does); empty where it does not.
  returned: success
  type: str
banner:
  description: The server's greeting.
  returned: success
  type: str
keywords:
  description: Lines of the last reply to EHLO.
  returned: success
  type: list
  elements: str
auth_before_tls:
  description: Authentication mechanisms offered in clear text.
  returned: success
  type: list
  elements: str
auth_after_tls:
  description: Authentication mechanisms offered under TLS; V(null) where there was no TLS.
  returned: success
  type: list
  elements: str
tls_version:
  description: Version of TLS; empty where there was none.
  returned: success
  type: str
tls_error:
  description: Why STARTTLS failed.
  returned: success
  type: str
sent:
  description: Whether a message was sent and taken.
  returned: success
  type: bool
transcript:
  description: The session, line by line, C(->) from the client, C(<-) from the server, C(~) under TLS, C(**) for a refusal.
  returned: success
  type: list
  elements: str
host:
  description: O(host), as O(port), O(mail_from), O(rcpt_to), O(scenario), O(server) and O(token) as given.
  returned: success
  type: str
"""
