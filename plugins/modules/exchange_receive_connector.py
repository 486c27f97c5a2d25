#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_receive_connector
short_description: Manages receive connectors of Exchange servers
version_added: 0.1.0
description:
  - Creates, changes and removes a receive connector on each of the servers named, through one session.
  - Receive connectors belong to one server each, so the same connector is created on every server that SharePoint's mail can reach.
  - The connectors that Exchange setup creates are never changed or removed.
  - Invalid settings are refused before anything is written, on any of the servers.
  - Runs against Exchange's own PowerShell endpoint (configuration name C(Microsoft.Exchange)) in Exchange Server 2016, 2019 and
    Subscription Edition. The account needs the management role C(Receive Connectors), and
    with O(relay) also C(Active Directory Permissions).
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.windows
  - sharepoint.mail.attributes.state
  - sharepoint.mail.undo
options:
  name:
    description: Name of the connector, the same on each server.
    type: str
    required: true
  servers:
    description: Exchange servers, by their names in Exchange.
    type: list
    elements: str
    required: true
  state:
    description: Whether the connector exists.
    type: str
    choices: [present, absent]
    default: present
  preset:
    description:
      - What the connector is for, instead of O(auth_mechanism), O(permission_groups) and O(transport_role).
      - V(externally_secured) means C(ExternalAuthoritative), C(ExchangeServers) and C(FrontendTransport). Any client that
        connects from O(remote_ip_ranges) is trusted like an Exchange server, may send as anybody to anybody, and counts as authenticated.
      - V(anonymous) means no authentication at all, C(AnonymousUsers) and C(FrontendTransport). No C(AUTH) is ever offered, so nothing can
        answer it wrongly. Any client that connects from O(remote_ip_ranges) may send to the organisation's own recipients, as anybody, and
        with O(relay) to others too; groups that require authenticated senders refuse it.
      - V(authenticated) means the settings of Exchange's own connector for clients, C(Tls), C(Integrated), C(BasicAuth),
        C(BasicAuthRequireTLS), C(ExchangeUsers) and C(FrontendTransport). Any client that connects from O(remote_ip_ranges) must log on. It
        may then send to anybody, but only as the account itself or with Send As. An IIS SMTP relay sends to such a connector.
      - Use O(bindings) with a port of its own, or O(remote_ip_ranges) with nothing but the farm's addresses, so that no other mail
        uses the connector.
      - V(Tls) may be given in O(auth_mechanism), and is added automatically with O(require_tls); it offers C(STARTTLS) and nothing else.
        Other settings that contradict the preset are refused.
    type: str
    choices: [anonymous, authenticated, externally_secured]
  relay:
    description:
      - Whether anonymous clients may send to recipients outside the organisation - the right C(ms-Exch-SMTP-Accept-Any-Recipient) of
        C(ANONYMOUS LOGON) on this connector. Left as it is unless given.
      - Refused for an externally secured connector, which relays without it, and for one without C(AnonymousUsers).
      - It is granted after the other settings are in place, and removed before they change, so that the connector never relays for more
        addresses than before or after the task.
    type: bool
  relay_user:
    description:
      - The principal that O(relay) is about, where Exchange does not accept the well-known SID - the localised name of
        C(ANONYMOUS LOGON).
    type: str
    default: S-1-5-7
  auth_mechanism:
    description: Authentication that the connector offers or assumes.
    type: list
    elements: str
    choices: [None, Tls, Integrated, BasicAuth, BasicAuthRequireTLS, ExchangeServer, ExternalAuthoritative]
  permission_groups:
    description:
      - Who may submit mail.
      - C(Custom), which Exchange shows when rights were edited one by one, is ignored in comparisons.
    type: list
    elements: str
    choices: [None, AnonymousUsers, ExchangeUsers, ExchangeServers, ExchangeLegacyServers, Partners]
  transport_role:
    description:
      - Service that owns the connector. A new connector gets V(FrontendTransport) by default.
      - The role of an existing connector cannot be changed; a different one is refused.
    type: str
    choices: [FrontendTransport, HubTransport]
  bindings:
    description: Local addresses and ports, C(0.0.0.0:25) for all IPv4 addresses, C([::]:25) for all IPv6 addresses.
    type: list
    elements: str
    default: ["0.0.0.0:25"]
  remote_ip_ranges:
    description:
      - Who may use the connector - single addresses, C(first-last), or CIDR networks. Compared without regard to order.
      - Required when the connector is created.
    type: list
    elements: str
  allow_any_remote_address:
    description:
      - Allow a connector that is externally secured, or has the O(relay) right, and whose ranges include practically every address. It is
        an open relay for everyone who can reach the server.
      - An anonymous connector without the right needs no such permission. It accepts mail for the organisation's own domains only, like the
        one on port 25 that Exchange setup creates.
    type: bool
    default: false
  enabled:
    description: Whether the connector accepts connections.
    type: bool
  fqdn:
    description: Name in the banner and the reply to EHLO.
    type: str
  banner:
    description: The banner, one line that starts with C(220). Empty restores Exchange's own.
    type: str
  comment:
    description: Comment on the connector. Empty removes it.
    type: str
  require_tls:
    description: Refuse mail without TLS. Needs C(Tls) in O(auth_mechanism), which the presets then add.
    type: bool
  max_message_size:
    description: Maximum message size, 64 KB to 2 GB, as C(36MB) or in bytes.
    type: str
  max_recipients_per_message:
    description: Maximum number of recipients of one message, 1 to 512000.
    type: int
  message_rate_limit:
    description: Messages per minute and client address, or V(Unlimited).
    type: str
  max_inbound_connection_per_source:
    description: Connections at the same time from one address, 1 to 10000, or V(Unlimited).
    type: str
  connection_timeout:
    description:
      - How long a connection may last, as C(00:10:00) or in seconds, up to one day. Longer than O(connection_inactivity_timeout).
    type: str
  connection_inactivity_timeout:
    description: How long a connection may be idle, as C(00:05:00) or in seconds, up to one day.
    type: str
  tarpit_interval:
    description: Delay of certain refusals, as C(00:00:05) or in seconds; V(00:00:00) is none.
    type: str
  protocol_logging_level:
    description: Whether the connector writes the protocol log.
    type: str
    choices: [None, Verbose]
  enable_auth_gssapi:
    description: Offer C(GSSAPI) beside C(NTLM) when O(auth_mechanism) has C(Integrated).
    type: bool
  extended_protection_policy:
    description: Use of extended protection with C(Integrated).
    type: str
    choices: [None, Allow, Require]
  suppress_xanonymous_tls:
    description: Do not offer C(X-ANONYMOUSTLS).
    type: bool
  domain_controller:
    description: Domain controller that is read from and written to; useful where replication between them is slow.
    type: str
notes:
  - In YAML write V(None), not C(null).
seealso:
  - module: sharepoint.mail.exchange_receive_connector_info
"""

EXAMPLES = r"""
- name: A connector that trusts the farm's servers, and nobody else
  sharepoint.mail.exchange_receive_connector:
    name: SharePoint mail
    servers: [EX01, EX02]
    preset: externally_secured
    bindings: ["0.0.0.0:25"]
    remote_ip_ranges: [192.0.2.11, 192.0.2.12]
    comment: Mail from SharePoint
  delegate_to: ex01.example.com
  vars:
    ansible_connection: psrp
    ansible_psrp_path: PowerShell
    ansible_psrp_configuration_name: Microsoft.Exchange
    ansible_psrp_protocol: http
    ansible_psrp_port: 80
    ansible_psrp_auth: kerberos
    ansible_psrp_negotiate_service: HTTP

- name: A connector on a port of its own that never asks SharePoint to authenticate, and relays for it
  sharepoint.mail.exchange_receive_connector:
    name: SharePoint mail
    servers: [EX01, EX02]
    preset: anonymous
    relay: true
    bindings: ["0.0.0.0:10025"]
    remote_ip_ranges: [192.0.2.11, 192.0.2.12]

- name: Gone
  sharepoint.mail.exchange_receive_connector:
    name: SharePoint mail
    servers: [EX01, EX02]
    state: absent
"""

RETURN = r"""
before:
  description: The connector on each server before the task, by C(SERVER\name). V(null) where it did not exist.
  returned: success, and failure after something was or may have been changed
  type: dict
  sample: {'EX01\SharePoint mail': null}
after:
  description:
    - The connector on each server after the task, as it was read back; in check mode, as it would be.
    - The keys are the module's options, with lists sorted and sizes in bytes. C(relay) is V(null) unless O(relay) is given or the
      connector is removed, and where the account cannot read it.
  returned: success
  type: dict
  sample:
    'EX01\SharePoint mail':
      auth_mechanism: [ExternalAuthoritative]
      bindings: ["0.0.0.0:25"]
      permission_groups: [ExchangeServers]
      remote_ip_ranges: [192.0.2.11, 192.0.2.12]
      transport_role: FrontendTransport
irreversible:
  description: What of the change O(restore) could not restore, as sentences; with O(restore), what stayed as it is.
  returned: success
  type: list
  elements: str
"""
