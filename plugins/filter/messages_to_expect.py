# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The messages that a verification waits for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.delivery.plan import messages_to_expect
from ..plugin_utils.task.filters import as_filter

DOCUMENTATION = r"""
name: messages_to_expect
short_description: The messages that a verification waits for
version_added: 0.1.0
description:
  - Lays out what M(sharepoint.mail.mailbox_message) looks for, from what was sent - the copy of each recipient whose mailbox can be read.
author:
  - sharepoint.mail contributors (@sharepoint-mail)
positional: recipients, server_probes
options:
  _input:
    description: Results of M(sharepoint.mail.test_message).
    type: list
    elements: dict
    required: true
  recipients:
    description: Recipients with C(address), C(kind) and, for a group, C(member).
    type: list
    elements: dict
    required: true
  server_probes:
    description: Results of M(sharepoint.mail.server_probe).
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Lay out what to wait for
  ansible.builtin.set_fact:
    messages: "{{ sent.results | sharepoint.mail.messages_to_expect(recipients) }}"
"""

RETURN = r"""
_value:
  description: Entries of O(sharepoint.mail.mailbox_message#module:messages).
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return as_filter(messages_to_expect)
