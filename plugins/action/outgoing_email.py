# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Outgoing e-mail of a SharePoint farm."""

from __future__ import annotations

from ..plugin_utils.sharepoint.outgoing_email import OutgoingEmail
from ..plugin_utils.task.action import ResourceAction


class ActionModule(ResourceAction):
    resource = OutgoingEmail
