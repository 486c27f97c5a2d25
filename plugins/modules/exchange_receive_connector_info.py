#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_receive_connector_info
short_description: Reads receive connectors and accepted domains of Exchange
version_added: 0.1.0
description:
  - Reads all receive connectors of some or all Exchange servers, and the domains that the organisation accepts mail for.
  - What the account cannot read, besides the connectors themselves, is a warning and V(null), not a failure.
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.windows
  - sharepoint.mail.attributes.info
options:
  servers:
    description: Exchange servers, by their names in Exchange. All servers with the Mailbox role by default.
    type: list
    elements: str
  name:
    description: Only connectors of this name.
    type: str
  rights:
    description:
      - Read the rights on each connector too, one query for each connector. The account then needs the management role
        C(Active Directory Permissions).
    type: bool
    default: false
  domain_controller:
    description: Domain controller to read from.
    type: str
seealso:
  - module: sharepoint.mail.exchange_receive_connector
"""

EXAMPLES = r"""
- name: Read the connectors
  sharepoint.mail.exchange_receive_connector_info:
    servers: [EX01, EX02]
  register: exchange
"""

RETURN = r"""
connectors:
  description: The connectors. Lists are sorted, sizes are in bytes; what Exchange does not show is V(null).
  returned: success
  type: list
  elements: dict
  contains:
    identity:
      description: C(SERVER\name).
      type: str
    name:
      description: Name of the connector.
      type: str
    server:
      description: The server it belongs to.
      type: str
    transport_role:
      description: C(FrontendTransport) or C(HubTransport).
      type: str
    enabled:
      description: Whether it accepts connections.
      type: bool
    bindings:
      description: Local addresses and ports.
      type: list
      elements: str
    remote_ip_ranges:
      description: Remote addresses it is for - single addresses, CIDR networks, or C(first-last).
      type: list
      elements: str
    auth_mechanism:
      description: Authentication that it offers or assumes.
      type: list
      elements: str
    permission_groups:
      description: Who may submit mail. C(Custom) means that rights were edited one by one.
      type: list
      elements: str
    require_tls:
      description: Whether mail without TLS is refused.
      type: bool
    max_message_size:
      description: Maximum message size in bytes.
      type: int
    connection_timeout:
      description: C([d.]hh:mm:ss), as all time spans. The other options of M(sharepoint.mail.exchange_receive_connector) follow likewise.
      type: str
    rights:
      description: Who is allowed or denied what on the connector; V(null) if it could not be read.
      returned: when O(rights)
      type: list
      elements: dict
      contains:
        user:
          description: Name of the principal, in the language of its domain.
          type: str
        sid:
          description: Its SID, where it is a well-known one; otherwise V(null).
          type: str
        rights:
          description: Extended rights, such as C(ms-Exch-SMTP-Accept-Any-Recipient); plain ones where no extended right is named.
          type: list
          elements: str
        deny:
          description: Whether the rights are denied.
          type: bool
        inherited:
          description: Whether they come from an object above the connector.
          type: bool
accepted_domains:
  description: Domains that the organisation accepts mail for; V(null) if they could not be read.
  returned: success
  type: list
  elements: str
  sample: [corp.example.com]
servers:
  description: Servers with the Mailbox role; V(null) if they could not be read.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the server.
      type: str
    fqdn:
      description: Its full name in DNS.
      type: str
"""
