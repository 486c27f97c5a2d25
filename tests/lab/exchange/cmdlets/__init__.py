"""Exchange's cmdlets, and which of them an account may run (role based access control)."""

from __future__ import annotations

from collections.abc import Mapping

from tests.lab.directory import Account
from tests.lab.engine.cmdlets import Cmdlet
from tests.lab.exchange.cmdlets import connectors, permissions, recipients, servers, tracking
from tests.lab.exchange.cmdlets.task import cmdlet
from tests.lab.exchange.state import State

_CONFIGURATION_READERS = frozenset(
    {
        "Get-ReceiveConnector",
        "Get-SendConnector",
        "Get-ExchangeServer",
        "Get-AcceptedDomain",
        "Get-TransportService",
    }
)
_RECIPIENT_READERS = frozenset({"Get-Mailbox", "Get-Recipient", "Get-DistributionGroup", "Get-DistributionGroupMember"})
ROLES: Mapping[str, frozenset[str]] = {
    "Receive Connectors": frozenset(
        {
            "Get-ReceiveConnector",
            "New-ReceiveConnector",
            "Set-ReceiveConnector",
            "Remove-ReceiveConnector",
            "Get-ExchangeServer",
            "Get-AcceptedDomain",
        }
    ),
    "Active Directory Permissions": frozenset({"Get-ADPermission", "Add-ADPermission", "Remove-ADPermission"}),
    "Message Tracking": frozenset({"Get-MessageTrackingLog", "Get-ExchangeServer", "Get-TransportService", "Get-Mailbox", "Get-Recipient"}),
    "Distribution Groups": _RECIPIENT_READERS | {"Set-DistributionGroup"},
    "View-Only Configuration": _CONFIGURATION_READERS,
}
"""Role to cmdlets; the roles are those of the "… role" pages of the Exchange 2013 documentation, cut down to the cmdlets of this lab."""


def build(state: State) -> dict[str, Cmdlet]:
    """Every cmdlet, by lower-case name."""
    tasks = [*connectors.TASKS, *permissions.TASKS, *recipients.TASKS, *servers.TASKS, *tracking.TASKS]
    return {task.name.lower(): cmdlet(state, task) for task in tasks}


def granted(cmdlets: Mapping[str, Cmdlet], account: Account | None) -> dict[str, Cmdlet]:
    """Those that the account's roles name; none for nobody."""
    names = {name for role in (account.roles if account else ()) for name in ROLES.get(role, ())}
    return {key: one for key, one in cmdlets.items() if one.name in names}
