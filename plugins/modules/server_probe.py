#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_probe
short_description: Tests from a server of the farm whether mail can be sent
version_added: 0.1.0
description:
  - Runs C(Test-NetConnection) and, when asked, C(Send-MailMessage) on the task's host. Only a server of the farm sees what an Exchange
    connector for the farm does. M(sharepoint.mail.smtp_probe) shows what any other host sees.
  - The client of C(Send-MailMessage) is that of .NET. Without credentials and without TLS it answers an authentication challenge with
    the identity of its process, which is the account of the session, and continues without authentication when that is refused. A session
    without delegated credentials has no identity to answer with.
  - A cmdlet that the host does not show is reported in the result, and is not a failure.
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.windows
options:
  host:
    description: Name or address of the SMTP server, as the farm's servers resolve it.
    type: str
    required: true
  port:
    description: Port of the SMTP server.
    type: int
    default: 25
  send:
    description: Send messages. Each try that the server accepts is a message that is delivered. Nothing is sent in check mode.
    type: bool
    default: false
  mail_from:
    description: Sender of the messages. Required with O(send=true).
    type: str
  rcpt_to:
    description: Recipient of the messages, exactly one. Required with O(send=true).
    type: str
  tls:
    description: Try with TLS, too, and send the credentials over TLS only.
    type: bool
    default: false
  credential_username:
    description: Account for one more try with credentials. Without O(tls=true) the server decides how well they are protected.
    type: str
  credential_password:
    description: The password.
    type: str
  token:
    description: Word in the subject by which the messages can be found, 6 to 32 letters and digits. A new one by default.
    type: str
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: partial
    details:
      - The connection is tried, and nothing is sent.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
seealso:
  - module: sharepoint.mail.smtp_probe
"""

EXAMPLES = r"""
- name: Does this server reach Exchange, and may it send to the outside?
  sharepoint.mail.server_probe:
    host: ex01.corp.example
    mail_from: sharepoint@corp.example
    rcpt_to: partner@outside.example
    send: true
  register: probe
"""

RETURN = r"""
host:
  description: As given.
  returned: success
  type: str
port:
  description: As given.
  returned: success
  type: int
mail_from:
  description: As given.
  returned: success
  type: str
rcpt_to:
  description: As given.
  returned: success
  type: str
server:
  description: The host that tried.
  returned: success
  type: str
token:
  description: Word in the subject by which the messages can be found.
  returned: success
  type: str
connection:
  description: The TCP connection.
  returned: success
  type: dict
  contains:
    tcp:
      description: Whether it could be opened; V(null) when it could not be tried.
      type: bool
    source_address:
      description: Address of the host that it was opened from.
      type: str
    remote_address:
      description: Address that the name resolves to on the host.
      type: str
    error:
      description: Why it could not be opened or tried.
      type: str
mail:
  description: The tries to send, in their order; empty without O(send=true) and in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    tls:
      description: Whether TLS was used.
      type: bool
    credentials:
      description: Whether credentials were given.
      type: bool
    accepted:
      description: Whether the server accepted the message; V(null) when it could not be tried.
      type: bool
    error:
      description: Error of the client or the host.
      type: str
    reply:
      description: The server's reply in it, without the three-digit code, which the client drops; empty when there was none.
      type: str
    enhanced_code:
      description: The enhanced status code of the reply (RFC 3463).
      type: str
      sample: 5.7.54
"""
