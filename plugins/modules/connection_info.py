#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: connection_info
short_description: Shows how a host is reached, and what the session can do
version_added: 0.1.0
description:
  - Run this first when nothing works. Opens the session that the other modules would use, and reports the account, the
    authentication, the endpoint, its language mode and which cmdlets it shows.
  - A value that the endpoint does not show is V(null), not a failure. When no session can be opened, the failure says why.
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.windows
  - sharepoint.mail.attributes.info
options:
  cmdlets:
    description:
      - Cmdlets to look for. The default is all that this collection uses, of SharePoint, Exchange, Windows and PowerShell itself.
      - When one of them belongs to SharePoint and is missing, SharePoint's snap-in is loaded into the session, as the other modules do.
    type: list
    elements: str
    default:
      - Add-ADPermission
      - Add-PSSnapin
      - ForEach-Object
      - Get-ADPermission
      - Get-AcceptedDomain
      - Get-ChildItem
      - Get-CimInstance
      - Get-Command
      - Get-Content
      - Get-Date
      - Get-DistributionGroup
      - Get-ExchangeServer
      - Get-Item
      - Get-ItemProperty
      - Get-Mailbox
      - Get-MessageTrackingLog
      - Get-NetFirewallAddressFilter
      - Get-NetFirewallPortFilter
      - Get-NetFirewallRule
      - Get-ReceiveConnector
      - Get-Recipient
      - Get-SPFarm
      - Get-SPLogEvent
      - Get-SPServer
      - Get-SPTimerJob
      - Get-SPWeb
      - Get-SPWebApplication
      - Get-TransportService
      - Get-Variable
      - Get-WindowsFeature
      - Install-WindowsFeature
      - New-Item
      - New-ItemProperty
      - New-NetFirewallRule
      - New-ReceiveConnector
      - Remove-ADPermission
      - Remove-ItemProperty
      - Remove-NetFirewallRule
      - Remove-ReceiveConnector
      - Resolve-DnsName
      - Restart-Service
      - Select-Object
      - Send-MailMessage
      - Set-CimInstance
      - Set-DistributionGroup
      - Set-NetFirewallRule
      - Set-ReceiveConnector
      - Set-SPWebApplication
      - Set-Service
      - Set-StrictMode
      - Set-Variable
      - Start-SPTimerJob
      - Start-Service
      - Stop-Service
      - Test-NetConnection
      - Test-Path
      - Uninstall-WindowsFeature
      - Where-Object
      - Write-Output
seealso:
  - module: sharepoint.mail.farm_info
"""

EXAMPLES = r"""
- name: Who am I on the farm's server, and what may I do
  sharepoint.mail.connection_info:
  register: info

- name: Does Exchange let this account make receive connectors
  sharepoint.mail.connection_info:
    cmdlets: [Get-ReceiveConnector, New-ReceiveConnector]
  delegate_to: ex01.corp.example
  vars:
    ansible_connection: psrp
    ansible_psrp_protocol: https
    ansible_psrp_port: 443
    ansible_psrp_path: PowerShell
    ansible_psrp_configuration_name: Microsoft.Exchange
    ansible_psrp_auth: basic
    ansible_psrp_user: ex_admin@corp.example
    ansible_psrp_password: "{{ exchange_password }}"
"""

RETURN = r"""
connection:
  description: The session.
  returned: success
  type: dict
  contains:
    host:
      description: Name of the host in the inventory.
      type: str
    account:
      description: Account of the connection, as configured; V(null) when a Kerberos ticket decides.
      type: str
    seen_as:
      description: Name of the connected account on the host.
      type: str
    runs_as:
      description: Account that the session runs as on the host. Differs from RV(connection.seen_as) on an endpoint with RunAs credentials.
      type: str
    authentication:
      description: Authentication of the connection.
      type: str
      sample: credssp
    transport:
      description: Connection plugin that the session comes from.
      type: str
      sample: psrp
    url:
      description: URL of the endpoint.
      type: str
    endpoint:
      description: Name of the endpoint (session configuration).
      type: str
      sample: Microsoft.PowerShell
    powershell_version:
      description: Version of PowerShell on the host, as reported when the session opens.
      type: str
    language_mode:
      description: Language mode of the session, where it can be read.
      type: str
      sample: FullLanguage
    delegated:
      description: Whether the session can log on to further hosts, such as SQL Server.
      type: dict
      contains:
        value:
          description: V(null) when the connection does not show it.
          type: bool
        reason:
          description: Why.
          type: str
    cmdlets:
      description: The cmdlets looked for, each with whether the session shows it; V(null) when the endpoint does not show it.
      type: dict
      sample: {Get-SPFarm: true}
    notes:
      description: What could not be found out, and why.
      type: list
      elements: str
"""
