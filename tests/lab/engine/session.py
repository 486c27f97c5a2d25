"""What an endpoint is, and what a session of one holds: the public types that products and the composition root code against."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping
from typing import Any

from tests.lab.directory import Account
from tests.lab.engine.cmdlets import Cmdlet

NEGOTIATE = "negotiate"
CREDSSP = "credssp"
BASIC = "basic"
KERBEROS = "kerberos"

LANGUAGE_MODES = {"FullLanguage": 0, "RestrictedLanguage": 1, "NoLanguage": 2, "ConstrainedLanguage": 3}
"""System.Management.Automation.PSLanguageMode."""

RESTRICTED_COMMANDS = frozenset(
    {"get-command", "select-object", "measure-object", "get-formatdata", "out-default", "exit-pssession", "get-help", "clear-host"}
)
"""What a remote-server session made restricted shows of the shell's own commands (about_Session_Configuration_Files, SessionType)."""


@dataclasses.dataclass(frozen=True)
class SnapIn:
    """A snap-in that is registered on a host. Its commands appear in a session after ``Add-PSSnapin -Name <name>``.

    ``commands`` is asked again for each pipeline. ``delay`` is how long loading takes, in seconds.
    """

    name: str
    commands: Callable[[Session], Mapping[str, Cmdlet]]
    delay: float = 0.0
    version: str = "1.0.0.0"


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A session configuration.

    ``commands(session)`` gives the product's commands by lower-case name and is asked again for each pipeline, so that it may
    depend on the user, on delegation and on ``session.state``. Commands of ``snap_ins`` come on top once a session has loaded them.
    ``visible`` are the shell's own commands (lower case) that the session shows: ``None`` means all of them, or in
    NoLanguage those of a restricted remote-server session.
    ``run_as`` is the account (``CORP\\name``) such an endpoint runs as: ``session.user`` then is this account and the session
    counts as delegated. ``may_enter(account)`` says who is let in; others get WSMan fault 5, "Access is denied.".
    ``every_command`` are all that any of its sessions may have, where that depends on the session.
    ``product`` and ``version`` label what the recorder writes.
    """

    name: str
    commands: Callable[[Session], Mapping[str, Cmdlet]] = lambda session: {}
    language_mode: str = "FullLanguage"
    snap_ins: tuple[SnapIn, ...] = ()
    visible: frozenset[str] | None = None
    run_as: str | None = None
    may_enter: Callable[[Account], bool] = lambda account: True
    every_command: Mapping[str, Cmdlet] | None = None
    product: str = ""
    version: str = ""
    profile: tuple[str, ...] = ()
    """What the administrator's startup script does: names of tests/lab/pwsh/profiles. Only a real PowerShell runs it."""


@dataclasses.dataclass
class Session:
    """One runspace: who is in it, where, and what it keeps. Products find it as ``call.session``."""

    user: str
    """The account the commands run as, ``CORP\\name``: the one that logged on, or the endpoint's ``run_as``."""
    connected_user: str
    """The account that logged on, ``CORP\\name``."""
    delegated: bool
    """True when the session can reach other servers as ``user``: after CredSSP, and in endpoints that run as an account."""
    host: str
    """Name of the host, as the composition root gave it (``sp01``)."""
    configuration: Endpoint
    authentication: str = NEGOTIATE
    state: dict[str, Any] = dataclasses.field(default_factory=dict)
    """For the products: whatever they keep per session."""
    variables: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Variables by lower-case name; live objects stay live."""
    loaded_snap_ins: set[str] = dataclasses.field(default_factory=set)
    """Lower-case names of the snap-ins loaded by Add-PSSnapin."""
    closing: threading.Event = dataclasses.field(default_factory=threading.Event)
    """Set when the session ends: a long wait in a command should wait on it."""

    @property
    def endpoint(self) -> str:
        """The endpoint's name (configuration name)."""
        return self.configuration.name

    @property
    def visible(self) -> frozenset[str] | None:
        """The shell's own commands that this session shows; None for all."""
        if self.configuration.visible is None and self.configuration.language_mode == "NoLanguage":
            return RESTRICTED_COMMANDS
        return self.configuration.visible

    def product_commands(self) -> dict[str, Cmdlet]:
        """The product's commands as this session sees them now, by lower-case name."""
        found = dict(self.configuration.commands(self))
        for snap_in in self.configuration.snap_ins:
            if snap_in.name.lower() in self.loaded_snap_ins:
                found.update(snap_in.commands(self))
        return found
