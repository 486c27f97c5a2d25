#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_send_as_info
short_description: Reads as which mailboxes an account may send in Exchange
version_added: 0.1.0
description:
  - Reads whether an account, such as that of a mail relay, has the right Send As to mailboxes. Without it, Exchange refuses a message in
    their name with C(550 5.7.60) once the account has logged on.
  - Without mailboxes it says as what the account may send by itself. A name that Exchange does not know is told, and the rest is read.
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
- name: As whom may the relay's account send
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
  description: Addresses of the account's own mailbox, as which it may send anyway. Empty when it has none.
  returned: success
  type: list
  elements: str
  sample: [svc_relay@corp.example]
unknown:
  description: What Exchange says of each name in O(mailboxes) that it does not know as a mailbox.
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
      description: Whether it may only because an organizational unit or the domain lets it.
      type: bool
    own:
      description: Whether it is the account's own mailbox, as which it may send anyway.
      type: bool
"""
