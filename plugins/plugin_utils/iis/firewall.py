# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one rule of Windows' firewall that lets the farm's servers reach the relay."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..common.errors import RemoteError
from ..remoting.pipeline import Statement, cmdlet
from ..remoting.session import Reply
from .settings import networks, texts

NAME: Final = "sharepoint.mail-smtp-relay"
DISPLAY_NAME: Final = "sharepoint.mail SMTP relay"

# A session may show the names that PowerShell gives these numbers of MSFT_NetFirewallRule, or the numbers.
_LETS_IN: Final = {"Enabled": ("True", "1"), "Action": ("Allow", "2"), "Direction": ("Inbound", "1")}
_RULE: Final = cmdlet("Get-NetFirewallRule", Name=NAME)
READS: Final = (_RULE, _RULE.pipe("Get-NetFirewallAddressFilter"), _RULE.pipe("Get-NetFirewallPortFilter"))
"""What to ask a host; ``rule`` understands the three answers."""


@dataclasses.dataclass(frozen=True)
class Rule:
    """The rule as it stands. ``addresses`` may hold a keyword such as ``Any``, and is empty when the rule lets nobody in."""

    addresses: list[str]
    ports: list[str]


def rule(replies: Sequence[Reply]) -> Rule | None:
    """The rule, or None when there is none. Raises RemoteError for everything but its absence."""
    for error in (error for reply in replies for error in reply.errors):
        if not _is_absence(error):
            raise error
    found, addresses, ports = (next((entry for entry in reply.outputs if isinstance(entry, Mapping)), None) for reply in replies)
    if found is None or addresses is None or ports is None:
        return None
    lets_in = all(str(found.get(name)) in values for name, values in _LETS_IN.items())
    return Rule(_addresses(addresses.get("RemoteAddress")) if lets_in else [], sorted(texts(ports.get("LocalPort"))))


def write(there: bool, addresses: Sequence[str], ports: Sequence[int]) -> Statement:
    """Makes the rule or brings it to this."""
    scope = {
        "Direction": "Inbound",
        "Action": "Allow",
        "Enabled": "True",
        "Profile": "Any",
        "Protocol": "TCP",
        "LocalPort": [str(port) for port in ports],
        "RemoteAddress": list(addresses),
    }
    if there:
        return cmdlet("Set-NetFirewallRule", Name=NAME, **scope)
    return cmdlet("New-NetFirewallRule", Name=NAME, DisplayName=DISPLAY_NAME, **scope)


def remove() -> Statement:
    return cmdlet("Remove-NetFirewallRule", Name=NAME)


def _is_absence(error: RemoteError) -> bool:
    """The NetSecurity module's id for a name that no rule has: ``CmdletizationQuery_NotFound_InstanceID``."""
    return "NotFound" in error.error_id and "CommandNotFound" not in error.error_id


def _addresses(value: Any) -> list[str]:
    found = texts(value)
    try:
        return networks(found)
    except ValueError:
        return found
