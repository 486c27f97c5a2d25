"""The engine ``pwsh``: finds PowerShell, prepares a session configuration for each kind of session, and starts its children."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from tests.lab.engine.cmdlets import Cmdlet
from tests.lab.engine.recorder import Recorder
from tests.lab.engine.session import RESTRICTED_COMMANDS, Endpoint, Session
from tests.lab.faults import Faults
from tests.lab.pwsh import modules
from tests.lab.pwsh.bridge import Bridge
from tests.lab.pwsh.child import Child
from tests.lab.pwsh.conversation import Conversation
from tests.lab.pwsh.shell import Shell

OLDEST = (7, 4)
BUILD = Path(__file__).resolve().parents[3] / "build" / "pwsh"
BROKEN = "NoSuchModule"
"""A profile without a script: the session configuration names a module that is not there."""
PROFILES = {path.stem: path for path in sorted((Path(__file__).parent / "profiles").glob("*.ps1"))} | {BROKEN: Path()}
"""What an endpoint's startup script can do, by name."""
_OWN = ("Add-PSSnapin", "Get-LabSender")
"""Cmdlets that the sources declare, for every session."""
_STANDARD = ("Microsoft.PowerShell.Management", "Microsoft.PowerShell.Utility")
"""PowerShell's own modules, some of whose cmdlets the world has, too."""


class NoPowerShell(Exception):
    """There is none, or none that is new enough."""


def find() -> tuple[Path, str]:
    """PowerShell and its version: what the variable PWSH names, else ``pwsh`` on PATH. Raises NoPowerShell."""
    wanted = os.environ.get("PWSH") or "pwsh"
    found = shutil.which(wanted)
    if found is None:
        raise NoPowerShell(f"No PowerShell was found: {wanted} is not on PATH. Name one by the variable PWSH.")
    said = subprocess.run([found, "--version"], env=environment(), capture_output=True, text=True, timeout=60, check=False).stdout
    match = re.fullmatch(r"PowerShell ((\d+)\.(\d+)\.\S+)\s*", said)
    if match is None:
        raise NoPowerShell(f"{found} does not tell its version; it said: {said.strip()!r}")
    if (int(match[2]), int(match[3])) < OLDEST:
        raise NoPowerShell(f"{found} is PowerShell {match[1]}; the lab needs {OLDEST[0]}.{OLDEST[1]} or later.")
    return Path(found), match[1]


def environment() -> dict[str, str]:
    """What PowerShell runs with: nothing of the caller's but the PATH, and everything that it writes in build/."""
    home = BUILD / "home"
    home.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "USERNAME": "lab",
        "POWERSHELL_TELEMETRY_OPTOUT": "1",
        "POWERSHELL_UPDATECHECK": "Off",
        "DOTNET_TieredPGO": "0",
    }


class PwshEngine:
    """Real PowerShell. ``start()`` and ``stop()`` are those of the door to the world; ``stop`` after all shells are closed."""

    def __init__(
        self,
        address: str,
        recorder: Recorder,
        faults: Faults,
        state_dir: Path,
        endpoints: Callable[[], Iterable[Endpoint]],
        time_zone: str = "UTC",
    ) -> None:
        self._environment = {**environment(), "TZ": time_zone}
        self._pwsh, version = find()
        self._endpoints = endpoints
        self._compiler = modules.Compiler(BUILD, self._pwsh, environment())
        self.name = f"PowerShell {version}"
        self._recorder = recorder
        self._faults = faults
        self._folder = state_dir / "pwsh"
        self._bridge = Bridge(address)

    def start(self) -> None:
        """Compiles what is not compiled yet, while no client waits. Raises modules.CompileError."""
        sets = {tuple(sorted(one)): list(one.values()) for endpoint in self._endpoints() for one in _sets(endpoint) if one}
        self._compiler.all_products(sets.values())
        self._bridge.start()

    def stop(self) -> None:
        self._bridge.stop()

    def open(self, shell_id: str, session: Session, opening: bytes) -> Shell:
        """Raises ShellClosed when PowerShell does not open the session, and modules.CompileError."""
        own = dict(session.configuration.commands(session))
        snap_ins = {one.name: dict(one.commands(session)) for one in session.configuration.snap_ins}
        declared, *of_snap_ins = (self._compiler.products(one.values()) if one else None for one in _sets(session.configuration))
        loadable = {
            name: modules.module(name, {library: _names(commands)})
            for (name, commands), library in zip(snap_ins.items(), of_snap_ins, strict=True)
            if library is not None
        }
        main = modules.module("Lab", {self._compiler.core(): _OWN} | ({declared: _names(own)} if declared else {}))
        configuration = self._configuration(session, main, own)
        way_in = self._bridge.admit(Conversation(session, self._faults, {name.lower(): str(path) for name, path in loadable.items()}))
        command = [str(self._pwsh), "-NoLogo", "-NoProfile", "-ConfigurationFile", str(configuration), "-s"]

        def start(received: Callable[[uuid.UUID, bytes], None], ended: Callable[[], None]) -> Child:
            return Child(command, {**self._environment, "LAB_WORLD": way_in}, received, ended)

        return Shell(shell_id, session, opening, start, self._recorder, self.name, lambda: self._bridge.dismiss(way_in))

    def _configuration(self, session: Session, module: Path, commands: Mapping[str, Cmdlet]) -> Path:
        """The session configuration file (about_Session_Configuration_Files)."""
        mode = session.configuration.language_mode
        restricted = session.visible == RESTRICTED_COMMANDS
        profile = session.configuration.profile
        missing = [BROKEN] if BROKEN in profile else []
        lines = [
            "SchemaVersion = '2.0.0.0'",
            f"SessionType = {modules.quoted('RestrictedRemoteServer' if restricted else 'Default')}",
            f"LanguageMode = {modules.quoted(mode)}",
            # The last one wins: the world's Send-MailMessage and Get-Item stand before PowerShell's own.
            f"ModulesToImport = @({', '.join(map(modules.quoted, (*_STANDARD, str(module), *missing)))})",
        ]
        if not restricted:
            scripts = [modules.SOURCES / "session.ps1", *(PROFILES[name] for name in profile if name != BROKEN)]
            lines.append(f"ScriptsToProcess = @({', '.join(modules.quoted(str(path)) for path in scripts)})")
        else:
            lines.append(f"VisibleCmdlets = @({', '.join(map(modules.quoted, _names(commands)))})")
        path = self._folder / f"{session.endpoint}-{uuid.uuid4().hex[:8]}.pssc"
        modules.written(path, "@{\n" + "\n".join(lines) + "\n}\n")
        return path


def _names(commands: Mapping[str, Cmdlet]) -> list[str]:
    return [command.name for command in commands.values()]


def _sets(endpoint: Endpoint) -> list[Mapping[str, Cmdlet]]:
    """All cmdlets that sessions of an endpoint may have: its own, and those of each snap-in."""
    nobody = Session("", "", False, "", endpoint)
    own = endpoint.commands(nobody) if endpoint.every_command is None else endpoint.every_command
    return [own, *(snap_in.commands(nobody) for snap_in in endpoint.snap_ins)]
