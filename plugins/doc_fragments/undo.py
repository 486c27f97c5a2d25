# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restoring what a task changed, for the modules that write."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  restore:
    description:
      - The return value C(before) of an earlier task of this module, also of one that failed. What is named in it is restored, whatever
        happened since - removed where it is V(null), created again where it no longer exists.
      - The task's other options about the desired state are then not used, and rules about the desired state do not apply, because the
        earlier state may be restored. Options about how to do it are used. Options that are required are required here as well.
      - What cannot be restored stays as it is and is listed in RV(ignore:irreversible). An empty dictionary changes nothing.
    type: dict
  require_undo:
    description:
      - Fail before any change if some of it could not be restored with O(restore), and say what. In check mode, too.
      - Has no meaning with O(restore).
    type: bool
    default: false
notes:
  - The return value C(irreversible) lists what of the change O(restore) could not restore, as sentences, in check mode as well; with
    O(restore), what stayed as it is. It is empty when everything can be, or was, restored.
  - A task that fails after it changed something, or may have, returns C(before) of what was or may have been changed.
"""
