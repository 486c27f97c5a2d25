#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_log
short_description: Reads SharePoint's log of one server for lines about test mail
version_added: 0.1.0
description:
  - Reads the log (ULS) of the task's host with C(Get-SPLogEvent), in a narrow window of time. Each server writes its own log - run the
    task on every server that may have sent.
  - Returns the lines that contain one of the tokens, and those of the category C(E-Mail) that name a recipient and no subject.
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.windows
  - sharepoint.mail.attributes.info
options:
  start:
    description: Start of the window, ISO 8601; UTC where it names no zone. A few seconds are added for clocks that differ.
    type: str
    required: true
  end:
    description: End of the window; now by default.
    type: str
  tokens:
    description: Words in the subjects, as M(sharepoint.mail.test_message) returns them.
    type: list
    elements: str
    required: true
  recipients:
    description: Addresses that lines without a subject are looked for by.
    type: list
    elements: str
seealso:
  - module: sharepoint.mail.test_message
"""

EXAMPLES = r"""
- name: What does this server say about the alert?
  sharepoint.mail.server_log:
    start: "{{ alert.sent.time }}"
    tokens: ["{{ alert.sent.token }}"]
    recipients: "{{ alert.sent.recipients }}"
  register: said
"""

RETURN = r"""
log:
  description: The lines, in the order of time.
  returned: success
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
