# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that the collection takes from libraries outside ansible-core.

A plugin has to be importable on a controller that lacks them (``ansible-test sanity --test import``), where a failed import would
also reach the user as a traceback. So a name that could not be imported stands for a class that raises MissingLibrary when it is
called; it can still be named in an ``except`` clause, or be inherited from.
"""

from __future__ import annotations

from typing import Any

from .errors import MailError

__all__ = [
    "AND",
    "AuthenticationError",
    "AuthenticationException",
    "ComplexObject",
    "GenericComplexObject",
    "HTTPAdapter",
    "HostInfo",
    "HttpNtlmAuth",
    "ImapToolsError",
    "InvalidConfigurationException",
    "MailBox",
    "MailMessage",
    "MailboxLoginError",
    "MessageType",
    "MissingLibrary",
    "NTStatusException",
    "ObjectMeta",
    "PSCredential",
    "PowerShell",
    "RemoteStreamOptions",
    "RunspacePool",
    "RunspacePoolState",
    "Serializer",
    "SpnegoError",
    "TaggedValue",
    "WSMan",
    "WSManFaultError",
    "WinRMError",
    "WinRMTransportError",
    "exchange_web_services",
    "isodate",
    "requests",
    "spnego",
    "x509",
]

_missing: list[str] = []


class MissingLibrary(MailError):
    """A Python library that the controller needs is not installed."""


class _Absent(type):
    """The type of what could not be imported."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _absent(name)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        raise MissingLibrary(
            f"The controller's Python lacks {', '.join(_missing)}. Nothing was changed. "
            f"Install what requirements.txt of the collection sharepoint.mail lists into the Python that runs Ansible."
        )


def _absent(name: str) -> Any:
    return _Absent(name, (Exception,), {})


try:
    import requests
    from requests.adapters import HTTPAdapter
    from requests_ntlm import HttpNtlmAuth
except ImportError:
    _missing.append("requests-ntlm")

try:
    import spnego
    from pypsrp.complex_objects import (
        ComplexObject,
        GenericComplexObject,
        HostInfo,
        ObjectMeta,
        PSCredential,
        RemoteStreamOptions,
        RunspacePoolState,
    )
    from pypsrp.exceptions import AuthenticationError, WinRMError, WinRMTransportError, WSManFaultError
    from pypsrp.messages import MessageType
    from pypsrp.powershell import PowerShell, RunspacePool
    from pypsrp.serializer import Serializer, TaggedValue
    from pypsrp.wsman import WSMan
    from spnego.exceptions import SpnegoError
except ImportError:
    _missing.append("pypsrp")

try:
    import isodate
except ImportError:
    _missing.append("isodate")

try:
    from requests_credssp.exceptions import AuthenticationException, InvalidConfigurationException, NTStatusException
except ImportError:
    _missing.append("pypsrp[credssp]")

try:
    from cryptography import x509
except ImportError:
    _missing.append("cryptography")

try:
    from imap_tools import AND, MailBox, MailMessage
    from imap_tools.errors import ImapToolsError, MailboxLoginError
except ImportError:
    _missing.append("imap-tools")


def exchange_web_services() -> Any:
    """The package exchangelib. Optional, and slow to import, so only mailboxes that are read over EWS ask for it.

    Raises MissingLibrary.
    """
    try:
        import exchangelib
    except ImportError as error:
        raise MissingLibrary(
            "The controller's Python lacks exchangelib, which reads mailboxes over EWS. Nothing was changed. Install it into the Python "
            "that runs Ansible (requirements.txt of the collection sharepoint.mail lists it), or read the mailbox over IMAP."
        ) from error
    return exchangelib


def __getattr__(name: str) -> Any:
    """What an import of a missing name gives (PEP 562)."""
    if not _missing or name not in __all__:
        raise AttributeError(name)
    return _absent(name)
