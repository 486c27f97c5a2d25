#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: iis_smtp_relay_info
short_description: Reads settings and state of the SMTP server of IIS
version_added: 0.1.0
description:
  - Reads the settings of the default virtual server C(SmtpSvc/1), what waits in its queue, what it could not deliver, its performance
    counters, and the last errors in its protocol log.
  - Settings of single remote domains (C(IIsSmtpDomainSetting)), which may have a relay list and a logon of their own, are not read.
  - Runs on Windows Server as a local administrator. A server without the features is not an error.
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.windows
  - sharepoint.mail.attributes.info
options:
  errors:
    description: Maximum number of errors of the protocol log to return. They are looked for in the last 2000 lines of its newest file.
    type: int
    default: 20
seealso:
  - module: sharepoint.mail.iis_smtp_relay
"""

EXAMPLES = r"""
- name: Does mail pile up
  sharepoint.mail.iis_smtp_relay_info:
  register: found

- name: Say so
  ansible.builtin.fail:
    msg: "{{ found.queue.files }} messages wait, the oldest for {{ found.queue.oldest_seconds }} s"
  when: (found.queue.oldest_seconds or 0) > 900
"""

RETURN = r"""
relay:
  description: The relay. Where it is not installed, or its settings cannot be read, what is not known is V(null).
  returned: success
  type: dict
  contains:
    server:
      description: Name of the Windows server.
      type: str
      sample: SP01
    present:
      description: Whether the features are installed and the virtual server C(SmtpSvc/1) is there.
      type: bool
    running:
      description: Whether the service runs, and the virtual server in it.
      type: bool
    restart_needed:
      description:
        - Whether M(sharepoint.mail.iis_smtp_relay) wrote settings and could not restart the service. It still uses the settings that
          it had before, not those that are shown here. The next run of that module restarts it.
      type: bool
    start_type:
      description: V(manual), V(automatic), V(delayed) or V(disabled).
      type: str
    fqdn:
      description: Name in the greeting.
      type: str
    bindings:
      description: Where it listens, as C(address) (empty for all addresses) and C(port).
      type: list
      elements: dict
      sample: [{address: "", port: 25}]
    authentication:
      description: What clients may use - V(anonymous), V(basic), V(ntlm).
      type: list
      elements: str
    connect_addresses:
      description: Who may connect; V(null) means everybody.
      type: list
      elements: str
    connect_names:
      description: Hosts and domains that may connect by their names, beside C(connect_addresses).
      type: list
      elements: str
    relay_list:
      description:
        - V(listed) means the addresses in C(relay_addresses), V(nobody) that there is no list, V(everybody) that the list is empty, which
          makes an open relay, and V(unknown) that its layout is not recognised.
      type: str
    relay_addresses:
      description: Who may relay, where C(relay_list) is V(listed).
      type: list
      elements: str
    relay_authenticated:
      description: Whether any client that logs on may relay, whatever the list says.
      type: bool
    smart_host:
      description: Where it passes mail on to; empty for nowhere.
      type: str
    smart_host_type:
      description: V(none), V(fallback) or V(always).
      type: str
    smart_host_port:
      description: Port of the smart host.
      type: int
    smart_host_authentication:
      description: V(none), V(basic) or V(ntlm).
      type: str
    smart_host_tls:
      description: Whether it requires TLS; V(null) where the two settings that say so contradict each other.
      type: bool
    smart_host_username:
      description: Account with which it logs on.
      type: str
    firewall_addresses:
      description: Remote addresses of this collection's firewall rule; V(null) means that there is no such rule.
      type: list
      elements: str
    max_message_size:
      description:
        - Maximum message size in bytes. The other settings follow under the names of the options of M(sharepoint.mail.iis_smtp_relay).
      type: int
queue:
  description: Queued mail; V(null) if it could not be read.
  returned: success
  type: dict
  contains:
    files:
      description: Messages in the queue's folder.
      type: int
    bytes:
      description: Their size.
      type: int
    oldest_seconds:
      description: Age of the oldest, by the server's clock; V(null) where none waits.
      type: int
badmail:
  description: Messages that could be neither delivered nor returned; V(null) if they could not be counted.
  returned: success
  type: int
counters:
  description: Performance counters of all virtual servers together, such as C(remote_queue_length); V(null) if they could not be read.
  returned: success
  type: dict
  sample: {local_queue_length: 0, remote_queue_length: 2, remote_retry_queue_length: 2}
errors:
  description: The last errors in the protocol log, the oldest first; V(null) if it is off or could not be read.
  returned: success
  type: list
  elements: dict
  contains:
    time:
      description: When, in UTC.
      type: str
      sample: "2026-01-31T13:45:00+00:00"
    side:
      description: V(inbound), of a client that was refused, or V(outbound), of the smart host.
      type: str
    remote:
      description: Address of the client or the smart host.
      type: str
    text:
      description: Reply of the smart host, or code and command of what was refused.
      type: str
"""
