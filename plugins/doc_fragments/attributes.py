# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is true of every module of this collection, for its documentation."""

from __future__ import annotations


class ModuleDocFragment:
    # Every module.
    DOCUMENTATION = r"""
options: {}
attributes:
  async:
    description: Supports being run with the C(async) keyword.
    support: none
  become:
    description: Can be used with C(become).
    support: none
    details:
      - A task with C(become) is refused. The module opens its own session, and Ansible would silently ignore C(become).
notes:
  - Null counts as not given. So does an empty string for an option that is not a string.
"""

    # A module that works on the task's host.
    WINDOWS = r"""
options: {}
attributes:
  platform:
    description: Target OS/families that can be operated against.
    platforms: windows
    support: full
    details:
      - The module runs on the controller, and needs the connection plugin C(ansible.builtin.psrp) or
        C(ansible.builtin.winrm), and the Python library pypsrp on the controller. Nothing is copied to the host.
      - The host is asked for its texts in English. Where a module on it has texts in the server's language only, and therefore does not
        load, set the variable C(sharepoint_mail_locale) to that language, such as C(de-DE).
"""

    # A module that needs no connection to the task's host.
    CONTROLLER = r"""
options: {}
attributes:
  platform:
    description: Target OS/families that can be operated against.
    platforms: all
    support: full
    details:
      - The module runs on the controller and does not use the task's connection.
"""

    # A module that brings something into a state.
    STATE = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: full
"""

    # A module that only reads.
    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
    details:
      - The module changes nothing.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
"""

    # A module that sends mail through a host; there is nothing to predict.
    TEST = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: none
    details:
      - The task is skipped in check mode.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
"""

    # A module that reads and reports.
    REPORT = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
"""
