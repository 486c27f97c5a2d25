#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_group_senders_info
short_description: Reads who may send to groups in Exchange
version_added: 0.1.0
description:
  - Reads whether distribution groups and mail-enabled security groups accept mail from authenticated senders only, and from which senders
    they accept it.
  - The account needs the management role C(Distribution Groups), or another one that shows C(Get-DistributionGroup) and
    C(Get-Recipient).
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.windows
  - sharepoint.mail.attributes.info
options:
  groups:
    description: Addresses or names of the groups. All groups by default.
    type: list
    elements: str
  domain_controller:
    description: Domain controller to read from.
    type: str
seealso:
  - module: sharepoint.mail.exchange_group_senders
"""

EXAMPLES = r"""
- name: Who may write to the board
  sharepoint.mail.exchange_group_senders_info:
    groups: [board@example.com]
  register: senders
"""

RETURN = r"""
groups:
  description: The groups, in the order in which they were named.
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: Primary address of the group, in lower case.
      type: str
    name:
      description: Name of the group.
      type: str
    require_sender_authentication:
      description: Whether only authenticated senders may send to it.
      type: bool
    accept_only_from:
      description:
        - Senders that may send to it; everybody may when the list is empty.
        - Primary addresses in lower case; a sender that Exchange no longer finds stays as it is listed.
      type: list
      elements: str
    reject_from:
      description: Senders that are rejected, likewise.
      type: list
      elements: str
"""
