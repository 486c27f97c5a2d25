#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_send_as
short_description: Grants an account Send As on mailboxes in Exchange
version_added: 0.1.0
description:
  - Grants an account, such as that of a mail relay, Send As on mailboxes, or removes it. SharePoint sends invitations as the
    user who shares; Exchange refuses them with C(550 5.7.60) when the relay's account does not have Send As for that user.
  - O(mailboxes) or O(organizational_unit) is needed. When Exchange does not know one of the mailboxes, nothing is changed.
  - All mailboxes are changed in one pipeline, and only those that lack the right. The account's own mailbox needs no grant and is left
    as it is.
  - Exchange caches Send As permissions for two hours, so a grant may have no effect before that. With O(wait) the
    task tests when it takes effect, by sending messages.
  - The account of the task needs the management roles C(Active Directory Permissions) and C(View-Only Recipients), or others that show
    C(Add-ADPermission), C(Remove-ADPermission), C(Get-ADPermission) and C(Get-Mailbox).
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.windows
  - sharepoint.mail.attributes.state
  - sharepoint.mail.undo
  - sharepoint.mail.send_as
options:
  state:
    description:
      - V(present) lets the account send as the mailboxes. An inherited right is enough.
      - V(absent) removes the mailboxes' own entries. An inherited right stays, with a warning.
    type: str
    choices: [present, absent]
    default: present
  wait:
    description:
      - After the change, submit one message per mailbox, as that mailbox, until Exchange no longer refuses it with C(5.7.60). The subject
        says that it is a test of Send As. In check mode nothing is sent.
      - At the timeout the task fails and says that the grant stays in place.
    type: dict
    suboptions:
      host:
        description:
          - Name or address of the mail server.
        type: str
        required: true
      port:
        description:
          - Its port, where accounts may log on.
        type: int
        default: 587
      starttls:
        description:
          - Use STARTTLS. Without it no password is sent, unless O(wait.allow_plain_text_logon=true).
        type: bool
        default: true
      ca_path:
        description:
          - File on the controller with the trusted certificate authorities for the server's certificate; the controller's own by default.
        type: path
      tls_name:
        description:
          - Name that the certificate must contain. O(wait.host) by default.
        type: str
      username:
        description:
          - Account to log on as. O(account) by default.
        type: str
      password:
        description:
          - The account's password.
        type: str
        required: true
      allow_plain_text_logon:
        description:
          - Log on even where the connection is not encrypted and the password can be read on the network.
        type: bool
        default: false
      recipient:
        description:
          - Recipient of the messages.
        type: str
        required: true
      timeout:
        description:
          - Seconds to wait at most.
        type: float
        default: 7500
      interval:
        description:
          - Seconds between two rounds of tries. Exchange accepts only a few messages a minute from an account on its client connectors
            (C(MessageRateLimit)).
        type: float
        default: 60
      only_changed:
        description:
          - Try only the mailboxes on which this task granted Send As. V(false) tries all of them, for example when an earlier run did not
            wait until the end.
        type: bool
        default: true
  domain_controller:
    description: Domain controller that is read from and written to; useful where replication between them is slow.
    type: str
seealso:
  - module: sharepoint.mail.exchange_send_as_info
  - module: sharepoint.mail.smtp_probe
"""

EXAMPLES = r"""
- name: Let the relay send invitations as the people who share
  sharepoint.mail.exchange_send_as:
    account: CORP\svc_relay
    organizational_unit: corp.example/Staff

- name: Let it send as two people, and wait until Exchange does
  sharepoint.mail.exchange_send_as:
    account: CORP\svc_relay
    mailboxes: [alice@corp.example, bob@corp.example]
    wait:
      host: ex01.corp.example
      password: "{{ relay_password }}"
      recipient: mailtest@corp.example
      ca_path: /etc/ssl/certs/corp-ca.pem
"""

RETURN = r"""
before:
  description: The account's rights on the mailboxes before the task, by account.
  returned: success, and failure after something was or may have been changed
  type: dict
  sample:
    CORP\svc_relay:
      mailboxes: [bob@corp.example]
      inherited: []
after:
  description:
    - The same after the task, as it was read back; in check mode, as it would be.
    - C(mailboxes) are those whose own entries let the account send as them, C(inherited) those on which it inherits the right.
  returned: success
  type: dict
  sample:
    CORP\svc_relay:
      mailboxes: [alice@corp.example, bob@corp.example]
      inherited: []
irreversible:
  description: What of the change O(restore) could not restore, as sentences; with O(restore), what stayed as it is.
  returned: success
  type: list
  elements: str
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
send_as:
  description: The mailboxes, as they are after the task; in check mode, as they would be.
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
cache_minutes:
  description: How long Exchange caches Send As permissions, by default.
  returned: success
  type: int
  sample: 120
note:
  description: That Exchange may still use cached permissions; empty when nothing changed.
  returned: success
  type: str
waited:
  description: Results of the messages of O(wait); empty when nothing was sent.
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: The mailbox that was tried.
      type: str
    works:
      description: Whether a message as that mailbox was accepted.
      type: bool
    seconds:
      description: After how many seconds; V(null) when none was.
      type: float
    attempts:
      description: How many messages were tried.
      type: int
    reply:
      description: The server's last reply.
      type: str
"""
