# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scenarios of a verification."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.delivery.scenarios import scenarios_to_try
from ..plugin_utils.task.filters import as_filter

DOCUMENTATION = r"""
name: scenarios_to_try
short_description: The scenarios that a verification tries
version_added: 0.1.0
description:
  - The ids of the scenarios that are tried by default. What leaves traces (an invitation shares a document briefly, a workflow
    assigns a task) is tried only where the farm needs it. What must be refused is always tried, and is not in this list.
author:
  - sharepoint.mail contributors (@sharepoint-mail)
options:
  _input:
    description: What the farm needs, as O(sharepoint.mail.mail_route#module:needs).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Choose what is tried
  ansible.builtin.set_fact:
    scenarios: "{{ {'workflow': true} | sharepoint.mail.scenarios_to_try }}"
"""

RETURN = r"""
_value:
  description: Ids, as P(sharepoint.mail.tests_to_send#filter) takes them.
  type: list
  elements: str
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return as_filter(scenarios_to_try)
