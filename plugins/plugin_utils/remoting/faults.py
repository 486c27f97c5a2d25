# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what pypsrp, requests and the host report to this collection's errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from ..common.errors import FATE_UNKNOWN, AuthenticationRefused, CommandMissing, MailError, NotDelegated, RemoteError, Unreachable
from ..common.libraries import (
    AuthenticationError,
    AuthenticationException,
    InvalidConfigurationException,
    NTStatusException,
    SpnegoError,
    WinRMError,
    WSManFaultError,
    requests,
)
from ..common.printable import sentence
from .pipeline import Statement
from .running import HostAsked

if TYPE_CHECKING:
    from .session import Endpoint

CREDSSP_ERRORS: Final = (AuthenticationException, NTStatusException, InvalidConfigurationException)
TRANSPORT_ERRORS: Final = (WinRMError, requests.RequestException, SpnegoError, OSError, *CREDSSP_ERRORS)
"""What the way to a host raises; anything else is a bug and stays visible."""

EXCHANGE: Final = "Microsoft.Exchange"
"""Name of the session configuration of Exchange's management shell."""

_ROLES: Final = (
    # Source: "Permissions entries" of each role, Exchange Server's built-in management roles.
    (re.compile(r"(Get|New|Set|Remove)-ReceiveConnector", re.IGNORECASE), "Receive Connectors"),
    (re.compile(r"(Get|Add|Remove)-ADPermission", re.IGNORECASE), "Active Directory Permissions"),
    (re.compile(r"Get-MessageTrackingLog", re.IGNORECASE), "Message Tracking"),
    (re.compile(r"(Get|Set)-DistributionGroup", re.IGNORECASE), "Distribution Groups"),
    (re.compile(r"Get-(Mailbox|Recipient)", re.IGNORECASE), "View-Only Recipients"),
    (re.compile(r"Get-AcceptedDomain", re.IGNORECASE), "View-Only Configuration"),
)

# What requests and urllib3 wrap in their own words: the system's, OpenSSL's verdict on a certificate, OpenSSL's other errors.
_INNERMOST: Final = re.compile(r"\[Errno -?\d+\] ([^'\")]+)|(certificate verify failed: [^(]+)|\[SSL: \w+\] ([^('\"]+)")
# The name is known, and its module does not load (CommandDiscovery.cs, TryModuleAutoLoading). Texts are asked for in the client's language.
_NOT_LOADED: Final = ("CouldNotAutoLoadModule", "CouldNotAutoloadMatchingModule")
_LOCALE: Final = (
    " The module is installed and did not load. A module with texts in the server's language alone does not load for a client of another "
    "one: set the variable sharepoint_mail_locale to the server's language, such as de-DE."
)
_NO_FARM: Final = "cannot access the local farm"


def remote_error(record: Any, statement: Statement, endpoint: Endpoint) -> RemoteError:
    """An error record of the host as an exception. The parameters that the record carries are never looked at."""
    error_id = str(getattr(record, "fq_error", None) or "")
    message = sentence(str(record).strip() or error_id)
    name = next((str(value) for value in (getattr(record, "command_name", None), getattr(record, "activity", None)) if value), "")
    if error_id.startswith("CommandNotFoundException"):
        return _command_missing(record, message, error_id, statement, endpoint)
    cmdlet = name or statement.commands[0].name
    if error_id.startswith(_NOT_LOADED):
        message += _LOCALE
    if _NO_FARM in message.lower():
        return _not_delegated(message, error_id, cmdlet, endpoint)
    return RemoteError(message, error_id, cmdlet, endpoint.host)


def _command_missing(record: Any, message: str, error_id: str, statement: Statement, endpoint: Endpoint) -> CommandMissing:
    target = str(getattr(record, "target_name", None) or "")
    names = [command.name for command in statement.commands]
    cmdlet = next((name for name in names if name.lower() == target.lower()), None)
    cmdlet = cmdlet or next((name for name in names if f"'{name.lower()}'" in message.lower()), names[0])
    error = CommandMissing(message, error_id, cmdlet, endpoint.host)
    role = next((role for pattern, role in _ROLES if pattern.fullmatch(cmdlet)), None)
    account = endpoint.account or "the account of the session"
    if endpoint.configuration == EXCHANGE:
        wanted = f'the management role "{role}"' if role else "a management role that holds it"
        error.message = (
            f"{endpoint.host} does not show {cmdlet} to {account}: the account lacks {wanted}. "
            f"Assign that role to it (New-ManagementRoleAssignment, or a role group that has it) and run the task again."
        )
    else:
        error.message = (
            f"{endpoint.host} has no {cmdlet} in the session of {account} (endpoint {endpoint.configuration}). "
            f"It is not installed there, or the endpoint does not show it; sharepoint.mail.connection_info lists the available cmdlets."
        )
        if role:
            error.message += (
                " It is a cmdlet of Exchange, and Exchange shows its cmdlets only on its own endpoint: "
                f"set ansible_psrp_path to PowerShell and ansible_psrp_configuration_name to {EXCHANGE}."
            )
    return error


def _not_delegated(message: str, error_id: str, cmdlet: str, endpoint: Endpoint) -> NotDelegated:
    error = NotDelegated(message, error_id, cmdlet, endpoint.host)
    account = endpoint.account or "its account"
    rights = (
        f"{account} needs SharePoint_Shell_Access on the farm's databases (Add-SPShellAdmin), and {endpoint.host} must be joined to a farm."
    )
    hop = (
        f"the session was opened with {endpoint.authentication}, whose credentials cannot be used to log on from {endpoint.host} to "
        f"SQL Server (the double hop). Use CredSSP (ansible_psrp_auth: credssp), Kerberos with delegation (ansible_psrp_auth: kerberos, "
        f"ansible_psrp_negotiate_delegate: true, the account allowed to be delegated), or an endpoint registered on the server with RunAs "
        f"credentials (Register-PSSessionConfiguration -RunAsCredential; ansible_psrp_configuration_name)."
    )
    if endpoint.authentication in ("credssp", "basic"):
        cause = (
            f"The session of {account} delegates its credentials ({endpoint.authentication}), so the double hop is not the cause: {rights}"
        )
    else:
        cause = f"The likely cause, with {account}: {hop} If the session already uses one of these: {rights}"
    error.message = f"SharePoint's cmdlets on {endpoint.host} cannot reach the farm's databases ({cmdlet}: {message}). {cause}"
    return error


def lost(error: BaseException, statement: Statement, endpoint: Endpoint, writing: bool) -> MailError:
    """A connection that broke while ``statement`` was under way."""
    state = FATE_UNKNOWN if writing else " Nothing was changed by it."
    if isinstance(error, HostAsked):
        return RemoteError(f"it asks a question ({error}), which a task cannot answer.{state}", "", str(statement), endpoint.host)
    refused = find(error, AuthenticationError)
    if refused is not None:
        return AuthenticationRefused(f"{endpoint.host} refused {endpoint.account} during the session, at {statement}.{state}")
    if not isinstance(error, TRANSPORT_ERRORS):
        return Unreachable(
            f"The answer at {endpoint.url} during {statement} did not come from PowerShell remoting on {endpoint.host}; it may be "
            f"a proxy's page ({reason(error)}).{state}"
        )
    return Unreachable(f"The connection to {endpoint.host} ({endpoint.url}) broke during {statement}: {reason(error)}.{state}")


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it was raised from: Ansible's connection plugins wrap pypsrp's errors."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def find(error: BaseException, *kinds: type[BaseException]) -> Any:
    """The first error of one of the ``kinds`` in an error's chain, or ``None``."""
    return next((link for link in chain(error) if isinstance(link, kinds)), None)


def reason(error: BaseException) -> str:
    """The innermost reason in one line."""
    fault = find(error, WSManFaultError)
    if fault is not None:
        text = fault.provider_fault or fault.reason or fault.message
    else:
        timeout = find(error, requests.exceptions.Timeout)
        network = find(error, requests.RequestException)
        if timeout is not None:
            return "no answer in time"
        text = str(network if network is not None else list(chain(error))[-1])
        inner = _INNERMOST.search(text)
        text = next((group for group in inner.groups() if group), text) if inner else text
    return " ".join(str(text).split()).rstrip(". ")
