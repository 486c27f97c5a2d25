# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is true of every module of this collection, for its documentation."""

from __future__ import annotations

_ALWAYS = r"""
  async:
    description: Supports being run with the C(async) keyword.
    support: none
  become:
    description: Can be used with C(become).
    support: none
    details:
      - A task with C(become) is refused. The module speaks to its host itself, and Ansible would ignore C(become) without a word.
"""

_WINDOWS = r"""
  platform:
    description: Target OS/families that can be operated against.
    platforms: windows
    support: full
    details:
      - The module runs on the controller, and needs the connection plugin P(ansible.builtin.psrp#connection) or
        P(ansible.builtin.winrm#connection), and the Python library pypsrp on the controller. Nothing is copied to the host.
"""


class ModuleDocFragment:
    # A module that brings something into a state.
    DOCUMENTATION = rf"""
options: {{}}
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: full
{_ALWAYS}{_WINDOWS}"""

    # A module that only reads.
    INFO = rf"""
options: {{}}
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
    details:
      - The module changes nothing.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
{_ALWAYS}{_WINDOWS}"""

    # A module that sends mail through a host; there is nothing to foresee.
    TEST = rf"""
options: {{}}
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: none
    details:
      - The task is skipped in check mode.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
{_ALWAYS}{_WINDOWS}"""

    # A module that needs no connection to the task's host.
    CONTROLLER = rf"""
options: {{}}
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
{_ALWAYS}
  platform:
    description: Target OS/families that can be operated against.
    platforms: all
    support: full
    details:
      - The module runs on the controller and does not use the task's connection.
"""
