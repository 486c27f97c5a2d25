# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The test messages of a verification."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.delivery.plan import tests_to_send
from ..plugin_utils.task.filters import as_filter

DOCUMENTATION = r"""
name: tests_to_send
short_description: The test messages of a verification
version_added: 0.1.0
description:
  - Lays out what M(sharepoint.mail.test_message) is asked for. What w3wp sends is tried through every server of the farm; what the timer
    job sends is tried once.
author:
  - sharepoint.mail contributors (@sharepoint-mail)
positional: recipients, scenarios
options:
  _input:
    description: The return value C(farm) of M(sharepoint.mail.farm_info).
    type: dict
    required: true
  recipients:
    description: Recipients with C(address), C(kind) and, for a group, C(member).
    type: list
    elements: dict
    required: true
  scenarios:
    description: Ids of the scenarios to try. Those that no test message tries are left out.
    type: list
    elements: str
    required: true
  alert_list:
    description: Title of the list that carries the alert.
    type: str
    default: ""
  workflow_list:
    description: Title of the list with the workflow.
    type: str
    default: ""
  sharer:
    description: Address of the user who opens the site. Another address is invited.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Lay out the test messages
  ansible.builtin.set_fact:
    tests: "{{ sharepoint.farm | sharepoint.mail.tests_to_send(recipients, ['notification', 'alert']) }}"
"""

RETURN = r"""
_value:
  description:
    - Options of M(sharepoint.mail.test_message), with the C(server) that the test is sent through and the ids of the C(scenarios) that it
      tries.
  type: list
  elements: dict
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return as_filter(tests_to_send)
