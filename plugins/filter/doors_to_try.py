# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The probes of a verification."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.delivery.plan import doors_to_try
from ..plugin_utils.task.filters import as_filter

DOCUMENTATION = r"""
name: doors_to_try
short_description: What unlisted hosts must not be able to do, as probes
version_added: 0.1.0
description:
  - Lays out what M(sharepoint.mail.smtp_probe) tries on each Exchange server - relaying through the farm's port, and through every port of
    the receive connector that was made - and on each IIS SMTP relay.
author:
  - sharepoint.mail contributors (@sharepoint-mail)
positional: connectors, recipients
options:
  _input:
    description: Exchange servers with C(name) and C(host).
    type: list
    elements: dict
    required: true
  connectors:
    description: The return value C(connectors) of M(sharepoint.mail.exchange_receive_connector_info).
    type: list
    elements: dict
    required: true
  recipients:
    description: Recipients with C(address), C(kind) and, for a group, C(member).
    type: list
    elements: dict
    required: true
  connector_name:
    description: Name of the connector that was made.
    type: str
    required: true
  port:
    description: SMTP port that the farm uses.
    type: int
    required: true
  outside:
    description: A recipient of another domain.
    type: str
    required: true
  needs:
    description: What the farm needs, as O(sharepoint.mail.mail_route#module:needs). Some things are tried only where they are needed.
    type: dict
  relays:
    description: >-
      Results of M(sharepoint.mail.iis_smtp_relay_info), registered in a loop over the hosts; or its return values C(relay), each with
      C(host), where the relay is reached.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Lay out the probes
  ansible.builtin.set_fact:
    probes: >-
      {{ exchange_servers | sharepoint.mail.doors_to_try(exchange.connectors, recipients, connector_name='SharePoint mail', port=25,
                                                         outside='nobody@example.com') }}
"""

RETURN = r"""
_value:
  description: Entries of O(sharepoint.mail.smtp_probe#module:probes).
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return as_filter(doors_to_try)
