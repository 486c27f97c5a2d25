# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Receive connectors of Exchange servers."""

from __future__ import annotations

from ..plugin_utils.exchange.connectors.receive_connector import ReceiveConnector
from ..plugin_utils.task.action import ResourceAction


class ActionModule(ResourceAction):
    resource = ReceiveConnector
