# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes SharePoint's cmdlets available in a session."""

from __future__ import annotations

from typing import Final

from ..common.errors import CommandMissing, RemoteError
from ..remoting.pipeline import cmdlet
from ..remoting.session import Session
from ..remoting.values import HostObject

SNAP_IN: Final = "Microsoft.SharePoint.PowerShell"
"""Snap-in of SharePoint 2013 to 2019. Subscription Edition has the module SharePointServer instead, which loads itself.
Source: "New and improved features in SharePoint Server Subscription Edition"."""

_MEMORY: Final = "sharepoint farm"

# The snap-in complains of these and is there all the same; what is really wrong shows at the first cmdlet.
_HARMLESS: Final = ("already added", "local farm is not accessible")


def farm(session: Session) -> HostObject:
    """The farm (``Get-SPFarm``), after loading the snap-in where the session needs it; asked once per session.

    Raises NotDelegated when the session cannot reach the farm's databases, CommandMissing when the host has no SharePoint.
    """
    if _MEMORY not in session.memory:
        try:
            answers = session.read(cmdlet("Get-SPFarm"))[0]
        except CommandMissing:
            load_snap_in(session)
            answers = session.read(cmdlet("Get-SPFarm"))[0]
        if not answers:
            # Seen on SharePoint 2016: cmdlets of a session answer nothing, without an error (AutoSPInstaller issue 11).
            raise RemoteError("it returned nothing; a new session may help", cmdlet="Get-SPFarm", host=session.host)
        session.memory[_MEMORY] = answers[0]
    known: HostObject = session.memory[_MEMORY]
    return known


def load_snap_in(session: Session) -> None:
    """Adds SharePoint's snap-in to the session. Raises CommandMissing when there is none on the host."""
    try:
        session.read(cmdlet("Add-PSSnapin", Name=SNAP_IN))
    except CommandMissing as missing:
        missing.message = (
            f"{session.host} shows neither SharePoint's cmdlets nor Add-PSSnapin to load them (endpoint {session.endpoint.configuration}). "
            f"Run the task on a server of the farm, over an endpoint that shows them."
        )
        raise
    except RemoteError as error:
        if any(text in error.reply.lower() for text in _HARMLESS):
            return
        unloaded = CommandMissing(error.reply, error.error_id, "Add-PSSnapin", session.host)
        unloaded.message = (
            f"{session.host} could not load SharePoint's cmdlets (Add-PSSnapin {SNAP_IN}: {error.reply}). "
            f"Run the task on a server of the farm, on which SharePoint is installed."
        )
        raise unloaded from error
