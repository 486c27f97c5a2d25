#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: iis_smtp_relay
short_description: Manages the SMTP server of IIS as a relay
version_added: 0.1.0
description:
  - Installs and configures the SMTP server of a Windows server (C(SMTP-Server), the default virtual server C(SmtpSvc/1)), so that it
    accepts a SharePoint farm's mail without authentication, and passes it on to Exchange under an account of its own.
  - Who may relay, who may connect and what the firewall allows are three lists of addresses. An empty relay list would mean that
    everybody may relay; this module never writes one, and refuses to start a server that has one.
  - The lists are in place before the firewall opens and the service starts, and the service is restarted when settings changed.
  - Before settings of a running service are written, the value C(SharePointMailRestartNeeded) is set in the service's registry key. It is
    removed after the restart. If a task is cut off between the two, the old ports still answer, and addresses that were removed may still
    relay. The next task then shows C(restart_needed) and restarts the service, even if nothing else differs, and even if somebody else
    restarted it in the meantime.
  - A restart that is needed because of changes by other tools is not noticed. Windows does not show when the service read its settings.
  - What was written is read back, and a setting that the server did not keep is a failure.
  - Runs on Windows Server 2012 R2 to 2022 as a local administrator. Windows Server 2025 no longer has an SMTP server.
  - Settings of single remote domains (C(IIsSmtpDomainSetting), such as C(SmtpSvc/1/Domain/example.com)) are neither read nor written.
    Such a domain may have a relay list and a logon of its own, which count instead of the server's.
  - Some of it has been tried on no real server - logging on to the smart host by NTLM (C(RouteAction) 136 and 140), which rests on a
    public table of flags; the bindings, which are written as embedded CIM instances; and writing the password (C(RoutePassword)) and the
    relay list (C(RelayIpList), an array of bytes) through CIM.
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.windows
  - sharepoint.mail.attributes.state
  - sharepoint.mail.undo
options:
  state:
    description:
      - V(started) means installed, configured and running, V(stopped) installed, configured and not running.
      - V(present) leaves the service as it is, except for a restart where it runs and settings changed, or where a restart is still needed.
      - V(absent) removes the firewall rule, stops and disables the service, and uninstalls C(SMTP-Server). C(Web-WMI) stays, because
        SharePoint's own prerequisites include it. Mail in the queue stays in its folder.
    type: str
    choices: [started, stopped, present, absent]
    default: started
  take_over:
    description:
      - Whether an SMTP server that runs already and passes mail on to another server than O(smart_host), or delivers it by itself, may
        become this relay. Others may use it, such as SharePoint's incoming e-mail. V(false) refuses it.
    type: bool
    default: true
  start_type:
    description:
      - How the service starts with Windows. On Windows Server 2019 an V(automatic) start leaves mail in the queue, a V(delayed) one does
        not.
    type: str
    choices: [delayed, automatic, manual, disabled]
    default: delayed
  install_console:
    description: Whether to install the IIS 6 console (C(Web-Lgcy-Mgmt-Console)), too, where Windows has it.
    type: bool
    default: false
  fqdn:
    description: Full name of the server, in its greeting.
    type: str
  bindings:
    description: Where it listens.
    type: list
    elements: dict
    suboptions:
      address:
        description: IPv4 address of the server; empty for all addresses.
        type: str
        default: ""
      port:
        description: Port.
        type: int
        default: 25
  authentication:
    description:
      - What clients may use. SharePoint before 2019 needs V(anonymous) and nothing else, so that no C(AUTH) is ever offered.
    type: list
    elements: str
    choices: [anonymous, basic, ntlm]
  connect_addresses:
    description:
      - Who may connect - IPv4 addresses and networks such as C(10.0.1.0/24).
      - V(any), alone, lets everybody connect.
      - Hosts and domains that may connect by their names are removed with it, and reported as C(connect_names) before.
    type: list
    elements: str
  relay_addresses:
    description:
      - Who may relay - IPv4 addresses, and small subnets, which become single addresses, 1024 in all.
      - A list whose layout is not recognised, because somebody added a subnet or a name, is not overwritten.
    type: list
    elements: str
  relay_authenticated:
    description: Whether any client that logs on may relay, whatever O(relay_addresses) says.
    type: bool
  smart_host:
    description: Name or address of the server that all mail is passed on to. Empty for none.
    type: str
  smart_host_type:
    description:
      - V(always) passes all mail on to O(smart_host), V(fallback) only what cannot be delivered directly, V(none) nothing.
      - V(always) where O(smart_host) is given.
    type: str
    choices: [none, fallback, always]
  smart_host_port:
    description: Port of the smart host. Exchange accepts mail from clients that log on at port 587.
    type: int
  smart_host_authentication:
    description: How to log on to the smart host.
    type: str
    choices: [none, basic, ntlm]
  smart_host_tls:
    description: Whether to require TLS (C(STARTTLS)). Without it V(basic) is refused, unless O(allow_unencrypted_logon).
    type: bool
  smart_host_username:
    description: Account to log on with, as C(DOMAIN\user).
    type: str
  smart_host_password:
    description:
      - Its password. It cannot be read back.
      - With O(restore) it is the password of O(smart_host_username), and is written if that account logged on before and another, or none,
        does now. Without it the smart host settings then stay as they are.
    type: str
  update_password:
    description:
      - V(on_create) writes the password only with its account, when the relay logged on with another one, or with none.
      - V(always) writes it each time, and each time reports a change.
    type: str
    choices: [on_create, always]
    default: on_create
  allow_unencrypted_logon:
    description: Allow V(basic) without TLS, which lets anyone who listens on the network read the password.
    type: bool
    default: false
  masquerade_domain:
    description: Domain that replaces the local one in senders. Empty for none.
    type: str
  max_message_size:
    description: Maximum message size, as C(36MB) or in bytes.
    type: str
  max_session_size:
    description: Maximum amount of data in one connection, likewise; V(0) is no limit.
    type: str
  retry_minutes:
    description: Minutes until the first, second, third and each further retry.
    type: list
    elements: int
  expire_minutes:
    description: Minutes until mail for another server expires.
    type: int
  delay_minutes:
    description: Minutes until the sender is notified of the delay.
    type: int
  local_expire_minutes:
    description: As O(expire_minutes), for local mail.
    type: int
  local_delay_minutes:
    description: As O(delay_minutes), for local mail.
    type: int
  hop_count:
    description: Maximum number of servers that a message may have passed.
    type: int
  queue_directory:
    description: Folder of queued mail; created where it does not exist, as the other folders are.
    type: str
  badmail_directory:
    description: Folder of mail that could be neither delivered nor returned.
    type: str
  pickup_directory:
    description: Folder whose messages are sent.
    type: str
  drop_directory:
    description: Folder of mail for local domains.
    type: str
  protocol_log:
    description: Whether to log each command. Nothing removes old logs.
    type: bool
  protocol_log_directory:
    description: Folder of the log; the server makes a folder C(SMTPSVC1) in it.
    type: str
  firewall_addresses:
    description:
      - Addresses that a rule of this collection (C(sharepoint.mail SMTP relay)) allows to reach the ports of O(bindings) through Windows'
        firewall.
      - When the rule is there and only O(bindings) are given, its ports follow them.
      - An empty list removes the rule. Other rules are left alone.
    type: list
    elements: str
seealso:
  - module: sharepoint.mail.iis_smtp_relay_info
"""

EXAMPLES = r"""
- name: A relay for two servers of a farm, with an account of its own at Exchange
  sharepoint.mail.iis_smtp_relay:
    fqdn: sp01.corp.example
    authentication: [anonymous]
    connect_addresses: [192.0.2.11, 192.0.2.12]
    relay_addresses: [192.0.2.11, 192.0.2.12]
    relay_authenticated: false
    firewall_addresses: [192.0.2.11, 192.0.2.12]
    smart_host: ex01.corp.example
    smart_host_port: 587
    smart_host_authentication: basic
    smart_host_tls: true
    smart_host_username: CORP\svc_relay
    smart_host_password: "{{ vault_relay_password }}"

- name: Gone
  sharepoint.mail.iis_smtp_relay:
    state: absent
"""

RETURN = r"""
before:
  description:
    - The settings before the task, by virtual server, under the names and in the form of the options.
    - V(null) where it was not installed.
  returned: success, and failure after something was or may have been changed
  type: dict
  sample: {SmtpSvc/1: null}
after:
  description: The settings after the task as they were read back; in check mode, as they would be.
  returned: success
  type: dict
irreversible:
  description: What of the change O(restore) could not restore, as sentences; with O(restore), what stayed as it is.
  returned: success
  type: list
  elements: str
relay:
  description:
    - The relay after the task, in the form in which M(sharepoint.mail.iis_smtp_relay_info) returns it.
    - In check mode, and where nothing is installed, what is not known is V(null).
  returned: success
  type: dict
  sample: {server: SP01, present: true, running: true, relay_list: listed, relay_addresses: [192.0.2.11, 192.0.2.12]}
"""
