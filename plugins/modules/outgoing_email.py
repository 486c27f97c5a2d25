#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: outgoing_email
short_description: Configures the outgoing e-mail of a SharePoint farm
version_added: 0.1.0
description:
  - Sets the outgoing e-mail of the farm (that of Central Administration, which is the default for the farm) and of any number of
    web applications in one task.
  - O(override_envelope_sender) and O(character_set) are members of the web application's object that no cmdlet sets. They need an
    endpoint in full language mode that shows C(Set-Variable), C(Get-Variable) and C(ForEach-Object); elsewhere they are refused
    before anything is changed.
  - A change states every other setting, because C(Set-SPWebApplication) resets parameters that are not given. What was written is read
    back, and a setting that the farm did not keep is a failure.
  - Runs on one server of the farm. Its cmdlets need a session that can log on to SQL Server; see
    M(sharepoint.mail.connection_info).
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.windows
  - sharepoint.mail.attributes.state
  - sharepoint.mail.undo
options:
  server:
    description: Host name or IP address of the SMTP server.
    type: str
    required: true
  from_address:
    description: Address that the farm's mail comes from.
    type: str
    required: true
  reply_to:
    description: Address that answers go to. The O(from_address) by default.
    type: str
  port:
    description:
      - Port of the SMTP server.
      - SharePoint 2013 supports only 25.
    type: int
    default: 25
  tls:
    description:
      - Whether mail is sent over TLS (STARTTLS) only. The certificate must be trusted by the farm's servers and name O(server).
      - SharePoint 2013 does not support it.
    type: bool
    default: false
  override_envelope_sender:
    description:
      - Whether mail that SharePoint sends for a person (a sharing invitation, an access request) comes from O(from_address) instead of
        that person's address. Needed where the relaying account cannot send as other people.
      - Left as it is by default. SharePoint 2013 does not support it.
    type: bool
  character_set:
    description:
      - Windows code page of the mail's character set, such as V(65001) for UTF-8.
      - Left as it is by default.
    type: int
  farm_default:
    description: Whether to set the farm's default, which is the outgoing e-mail of Central Administration.
    type: bool
    default: true
  web_applications:
    description:
      - Names or URLs of web applications to set.
      - V(all) means all web applications except Central Administration.
    type: list
    elements: str
seealso:
  - module: sharepoint.mail.farm_info
"""

EXAMPLES = r"""
- name: Send the farm's mail to the first Exchange server
  sharepoint.mail.outgoing_email:
    server: ex01.corp.example
    from_address: sharepoint@corp.example
    web_applications: [all]

- name: Invitations come from the farm's address, not from the person who shares
  sharepoint.mail.outgoing_email:
    server: ex01.corp.example
    from_address: sharepoint@corp.example
    override_envelope_sender: true
    character_set: 65001
    web_applications: [all]

- name: One web application with an address of its own, over TLS
  sharepoint.mail.outgoing_email:
    server: ex01.corp.example
    port: 10025
    tls: true
    from_address: portal@corp.example
    reply_to: helpdesk@corp.example
    farm_default: false
    web_applications:
      - https://portal.corp.example/
"""

RETURN = r"""
before:
  description: The settings before the task, by URL of the web application.
  returned: success, and failure after something was or may have been changed
  type: dict
  sample:
    https://portal.corp.example/:
      server: ex01.corp.example
      from_address: sharepoint@corp.example
      reply_to: sharepoint@corp.example
      port: 25
      tls: false
      override_envelope_sender: null
      character_set: 65001
after:
  description: The settings after the task as the farm has them, or, in check mode, as they would be. Of the same form as RV(before).
  returned: success
  type: dict
irreversible:
  description: What of the change O(restore) could not restore, as sentences; with O(restore), what stayed as it is.
  returned: success
  type: list
  elements: str
"""
