# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of the modules that predict: the facts from which they do."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  farm:
    description: The return value C(farm) of M(sharepoint.mail.farm_info).
    type: dict
  web_application:
    description: Name or URL of the web application that is meant. The first besides Central Administration by default.
    type: str
    default: ""
  connectors:
    description:
      - The return value C(connectors) of M(sharepoint.mail.exchange_receive_connector_info), of all servers.
      - With C(rights=true) there, predictions count the rights that were read; else those that permission groups stand for.
    type: list
    elements: dict
  accepted_domains:
    description: The return value C(accepted_domains) of the same module.
    type: list
    elements: str
  exchange_servers:
    description:
      - Names and addresses of the Exchange servers - C(name) in Exchange, C(host) where they are reached, C(addresses). Says which of them
        the farm's mail, a relay's and each probe goes to. Other keys are ignored.
    type: list
    elements: dict
    default: []
  connector_name:
    description: Name of the receive connector that is, or would be, made for the farm.
    type: str
    default: SharePoint mail
  groups:
    description:
      - The return value C(groups) of M(sharepoint.mail.exchange_group_senders_info). Not given means that it was not read; then the kind
        of a recipient says what its group requires.
    type: list
    elements: dict
  relays:
    description:
      - The IIS SMTP servers of the farm, as results of M(sharepoint.mail.iis_smtp_relay_info) that were registered, alone or in a loop.
      - An entry can also be the return value C(relay) alone, with C(account_addresses) of M(sharepoint.mail.exchange_send_as_info) beside
        it - the addresses that the relay's account may use as itself - and with C(queue), C(badmail) and C(errors).
      - Where the farm's outgoing mail server is one of them, its mail is predicted through that relay.
    type: list
    elements: dict
    default: []
  send_as:
    description:
      - The return value C(send_as) of M(sharepoint.mail.exchange_send_as_info), or its results as they were registered, which say for
        which mailboxes the relay's account has the right Send As. Not given, or failed, means that it was not read; then none is counted.
    type: list
    elements: dict
  sharer:
    description:
      - Address of the user who shares. The test of the invitation says it itself where it could read it (C(sent.sender)).
    type: str
    default: ""
  needs:
    description: What the farm needs besides mail to its own mailboxes.
    type: dict
    default: {}
    suboptions:
      external:
        description: Mail to recipients outside.
        type: bool
        default: false
      groups:
        description: Mail to groups that require authenticated senders, or have a list of permitted ones.
        type: bool
        default: false
      send_as_users:
        description: Sharing invitations that come from the user who shares.
        type: bool
        default: false
      workflow:
        description: Mail about workflow tasks.
        type: bool
        default: false
      no_plain_text:
        description: Mail that is encrypted on its way to Exchange.
        type: bool
        default: false
      spoof_refused:
        description: That an unlisted host cannot send as an internal sender. Exchange's defaults allow it.
        type: bool
        default: false
"""
