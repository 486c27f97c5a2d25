# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An account and the mailboxes on which it has Send As, for the modules about Send As."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  account:
    description:
      - The account that sends, as C(DOMAIN\name) or as a user principal name.
    type: str
    required: true
  mailboxes:
    description:
      - Addresses, aliases or other identities of mailboxes.
    type: list
    elements: str
  organizational_unit:
    description:
      - Organizational unit or domain, as a canonical name (V(corp.example/Staff)) or a distinguished name. Means all mailboxes in it
        and below it.
    type: str
notes:
  - Only entries about the account itself are read, not those about groups that it is a member of.
"""
