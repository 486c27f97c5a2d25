#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_group_senders
short_description: Manages who may send to groups in Exchange
version_added: 0.1.0
description:
  - Sets whether a distribution group or a mail-enabled security group accepts mail from authenticated senders only, and from which senders
    it accepts mail at all.
  - Mail that comes anonymously, as through an anonymous receive connector, is refused by a group that requires authentication - after
    SMTP has accepted it. Through an externally secured connector it counts as authenticated.
  - A permitted sender is a recipient of Exchange. The address of a SharePoint farm, which has no mailbox, needs a mail contact.
  - The account needs the management role C(Distribution Groups), and to be a manager of the group, or
    O(bypass_security_group_manager_check).
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.windows
  - sharepoint.mail.attributes.state
  - sharepoint.mail.undo
options:
  groups:
    description: Addresses or names of the groups.
    type: list
    elements: str
    required: true
  require_sender_authentication:
    description: Whether only authenticated senders may send to the groups. Left as it is unless given.
    type: bool
  permitted_senders:
    description:
      - Addresses or names of people, mail contacts and groups that may send to the groups, as O(permitted_senders_state) says. A group
        means its members.
      - An empty list with O(permitted_senders_state=exact) lets everybody send.
    type: list
    elements: str
  permitted_senders_state:
    description:
      - V(exact) means that nobody else may send, V(present) adds the senders to those that may, V(absent) removes them.
      - Where everybody may send, the senders may too, so V(present) changes nothing; V(exact) excludes the others.
      - Removing the last one with V(absent) is refused, because everybody could then send.
    type: str
    choices: [exact, present, absent]
    default: exact
  bypass_security_group_manager_check:
    description:
      - Change groups that the account does not manage. Requires the role group C(Organization Management) or the management role
        C(Security Group Creation and Membership).
    type: bool
    default: false
  domain_controller:
    description: Domain controller that is read from and written to; useful where replication between them is slow.
    type: str
notes:
  - Dynamic distribution groups have cmdlets of their own and are not managed here.
seealso:
  - module: sharepoint.mail.exchange_group_senders_info
"""

EXAMPLES = r"""
- name: Let SharePoint's anonymous alerts reach the group
  sharepoint.mail.exchange_group_senders:
    groups: [everyone@example.com]
    require_sender_authentication: false

- name: Add the farm's address, a mail contact, to those who may write to the board
  sharepoint.mail.exchange_group_senders:
    groups: [board@example.com]
    permitted_senders: [sharepoint@example.com]
    permitted_senders_state: present
    bypass_security_group_manager_check: true
"""

RETURN = r"""
before:
  description: Each group before the task, by address.
  returned: success, and failure after something was or may have been changed
  type: dict
  sample:
    board@example.com:
      require_sender_authentication: false
      permitted_senders: [alice@example.com]
      rejected_senders: []
after:
  description:
    - Each group after the task, as it was read back; in check mode, as it would be.
    - Senders are primary addresses; one that Exchange no longer finds stays as it is listed. C(rejected_senders) is only shown.
  returned: success
  type: dict
  sample:
    board@example.com:
      require_sender_authentication: false
      permitted_senders: [alice@example.com, sharepoint@example.com]
      rejected_senders: []
irreversible:
  description: What of the change O(restore) could not restore, as sentences; with O(restore), what stayed as it is.
  returned: success
  type: list
  elements: str
"""
