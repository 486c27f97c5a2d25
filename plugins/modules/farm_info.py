#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: farm_info
short_description: Reads a SharePoint farm and its outgoing e-mail
version_added: 0.1.0
description:
  - Reads product and build, whether the processes of that build answer an SMTP server's authentication challenge, the servers with
    their addresses, and the web applications with their mail settings.
  - Runs on one server of the farm. Its cmdlets need a session that can log on to SQL Server; see
    M(sharepoint.mail.connection_info).
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.windows
  - sharepoint.mail.attributes.info
options: {}
seealso:
  - module: sharepoint.mail.outgoing_email
"""

EXAMPLES = r"""
- name: Read the farm
  sharepoint.mail.farm_info:
  register: sharepoint

- name: Addresses that an Exchange connector for this farm has to list
  ansible.builtin.debug:
    msg: "{{ sharepoint.farm.servers | map(attribute='addresses') | flatten | unique }}"
"""

RETURN = r"""
farm:
  description: The farm.
  returned: success
  type: dict
  contains:
    product:
      description: V(2013), V(2016), V(2019) or V(SE).
      type: str
    build:
      description: Build of the server that the task ran on.
      type: str
      sample: 16.0.4522.1000
    build_source:
      description: Where the build comes from.
      type: dict
      contains:
        fact:
          description: What was looked at.
          type: str
        standing:
          description: V(observed) or V(inferred).
          type: str
        by:
          description: Who looked.
          type: str
    answers_challenges:
      description: Whether a process that sends mail answers an SMTP server's authentication challenge with its own account.
      type: dict
      contains:
        value:
          description: Whether it does.
          type: bool
        reason:
          description: Why.
          type: str
    farm_account:
      description: Account of the timer service (OWSTIMER), which sends alerts and workflow mail.
      type: str
    servers:
      description: Servers on which SharePoint is installed.
      type: list
      elements: dict
      contains:
        name:
          description: Name.
          type: str
        addresses:
          description: IP addresses, as the server that the task ran on resolves the name.
          type: list
          elements: str
        role:
          description: Role in the farm.
          type: str
    web_applications:
      description: Web applications, Central Administration included.
      type: list
      elements: dict
      contains:
        name:
          description: Name.
          type: str
        url:
          description: URL.
          type: str
        central_administration:
          description: Whether it is Central Administration, whose mail settings are the farm's default.
          type: bool
        application_pool_account:
          description: Account of the web application's process (w3wp), which sends notifications and invitations.
          type: str
        alert_job_disabled:
          description:
            - Whether the timer job that sends its immediate alerts is disabled.
            - V(null) when there is no such job, or it cannot be read.
          type: bool
        outgoing_email:
          description: Mail settings.
          type: dict
          contains:
            server:
              description: SMTP server; empty when none is set.
              type: str
            server_addresses:
              description: IP addresses of the SMTP server, as the server that the task ran on resolves it.
              type: list
              elements: str
            from_address:
              description: Address that mail comes from.
              type: str
            reply_to:
              description: Address that answers go to.
              type: str
            port:
              description: Port of the SMTP server.
              type: int
            tls:
              description: Whether TLS is required.
              type: bool
            override_envelope_sender:
              description:
                - Whether mail that is sent for a person comes from the web application's address anyway.
                - V(null) when it was never set, or the version does not have it.
              type: bool
            character_set:
              description: Windows code page of the mail's character set.
              type: int
"""
