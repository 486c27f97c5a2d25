#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_send_as_info
short_description: Reads on which mailboxes an account has Send As in Exchange
version_added: 0.1.0
description:
  - Reads whether an account, such as that of a mail relay, has Send As on mailboxes. Without it, Exchange refuses a message from
    them with C(550 5.7.60) once the account has logged on.
  - Without mailboxes it returns the addresses that the account may use as sender without a grant. A name that Exchange does not know is
    reported, and the rest is read.
  - However many mailboxes there are, it takes the same number of round trips.
  - The account of the task needs the management roles C(Active Directory Permissions) and C(View-Only Recipients), or others that show
    C(Get-ADPermission) and C(Get-Mailbox).
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.windows
  - sharepoint.mail.attributes.info
  - sharepoint.mail.send_as
options:
  domain_controller:
    description: Domain controller to read from.
    type: str
seealso:
  - module: sharepoint.mail.exchange_send_as
"""

EXAMPLES = r"""
- name: On which mailboxes the relay's account has Send As
  sharepoint.mail.exchange_send_as_info:
    account: CORP\svc_relay
    organizational_unit: corp.example/Staff
  register: relay_account
"""

RETURN = r"""
account:
  description: O(account).
  returned: success
  type: str
  sample: CORP\svc_relay
account_addresses:
  description: Addresses of the account's own mailbox, which it may use as sender without a grant. Empty when it has none.
  returned: success
  type: list
  elements: str
  sample: [svc_relay@corp.example]
unknown:
  description: Exchange's message for each name in O(mailboxes) that is not a mailbox.
  returned: success
  type: list
  elements: str
  sample: []
send_as:
  description: The mailboxes.
  returned: success
  type: list
  elements: dict
  contains:
    mailbox:
      description: Name of the mailbox.
      type: str
    address:
      description: Its primary address, in lower case.
      type: str
    addresses:
      description: All its SMTP addresses, in lower case, the primary one first.
      type: list
      elements: str
    account:
      description: O(account).
      type: str
    allowed:
      description: Whether the account may send as the mailbox, by the entries about it in the mailbox's access control list.
      type: bool
    inherited:
      description: Whether the right is only inherited from an organizational unit or the domain.
      type: bool
    own:
      description: Whether it is the account's own mailbox, which needs no grant.
      type: bool
"""
