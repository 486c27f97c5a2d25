# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong on the way to a host and on it, as exceptions whose text is meant for the person at the keyboard.

Lower layers raise these; only the base class of the action plugins turns them into results.
"""

from __future__ import annotations

from typing import Any


class MailError(Exception):
    """Base of every error that a user, a host or the network can cause. ``message`` is one or more whole sentences.

    ``changed`` is set by whoever knows: true when something on a host had been changed before the error. ``before`` is then what was
    there, by item name and in the form that a task which succeeds returns, of what was or may have been changed.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.changed = False
        self.before: dict[str, Any] | None = None

    def __str__(self) -> str:
        return self.message


class BadInput(MailError):
    """The task asks for something that cannot be: found before anything is changed."""


class Unreachable(MailError):
    """No answer from the host, or no trust in its certificate."""


class AuthenticationRefused(MailError):
    """The host answered and refused the account."""


class EndpointMissing(MailError):
    """The host has no PowerShell endpoint (session configuration) of the name asked for."""


FATE_UNKNOWN = " It is not known whether it was executed: read the settings before you try again."
"""Last sentence of an error about a change whose answer was lost, until somebody has looked."""


class RemoteError(MailError):
    """An error record of the host.

    ``error_id`` is the fully qualified error id as the host gave it (``MissingMandatoryParameter,Get-Thing``),
    ``cmdlet`` the command that failed as far as it can be told, ``host`` the host's name.
    """

    def __init__(self, message: str, error_id: str = "", cmdlet: str = "", host: str = "") -> None:
        super().__init__(f"{cmdlet or 'A cmdlet'} failed on {host or 'the host'}: {message}")
        self.reply = message
        self.error_id = error_id
        self.cmdlet = cmdlet
        self.host = host

    def has_id(self, name: str) -> bool:
        """Whether ``name`` is the part of the error id before the comma (what names the error itself, without the cmdlet's class)."""
        return self.error_id.partition(",")[0].endswith(name)


class CommandMissing(RemoteError):
    """The session does not show the cmdlet: not installed, not loaded, or not granted to the account."""


class NotDelegated(RemoteError):
    """SharePoint's cmdlets ran in a session that cannot log on to SQL Server (the double hop)."""


class SettingNotKept(MailError):
    """A host accepted a change and did not keep it."""


class FactError(BadInput):
    """A fact that a module was given is missing or cannot be understood. The message is a clause for the module to put into a sentence."""


class AddressError(BadInput):
    """An address or a token cannot stand in an SMTP or IMAP command."""


class MailboxError(MailError):
    """A mailbox cannot be read; the message names the mailbox and its host."""
