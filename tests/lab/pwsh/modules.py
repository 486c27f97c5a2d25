"""The products' cmdlets as PowerShell modules: compiled once for each set of signatures, by PowerShell itself, into build/."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.lab.engine.cmdlets import Cmdlet
from tests.lab.pwsh import declarations

SOURCES = Path(__file__).parent / "source"
COMPILES_WITHIN = 120.0
"""Seconds on a busy machine."""


class CompileError(Exception):
    """What PowerShell's compiler said."""


def module(name: str, contents: Mapping[Path, Iterable[str]]) -> Path:
    """A module of that name, which shows these cmdlets of each assembly. Returns its manifest."""
    libraries = ", ".join(quoted(str(path)) for path in contents)
    listed = ", ".join(sorted(quoted(one) for names in contents.values() for one in names))
    text = f"@{{\nNestedModules = @({libraries})\nModuleVersion = '1.0'\nCmdletsToExport = @({listed})\n}}\n"
    # The folder's name tells one set of cmdlets from another; a module has the name of its manifest.
    manifest = next(iter(contents)).parent / hashlib.sha256(text.encode()).hexdigest()[:16] / f"{name}.psd1"
    if not manifest.exists():
        written(manifest, text)
    return manifest


def quoted(text: str) -> str:
    """A text as PowerShell's data files write it."""
    return "'" + text.replace("'", "''") + "'"


def written(path: Path, text: str) -> None:
    """Written whole or not at all: labs side by side share the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(text)
    os.replace(file.name, path)


class Compiler:
    """Makes assemblies in ``folder``, those that are not there yet. Its methods raise CompileError."""

    def __init__(self, folder: Path, pwsh: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._pwsh = pwsh
        self._environment = environment
        self._core = self._target("Lab", {path.name: path.read_text(encoding="utf-8") for path in sorted(SOURCES.glob("*.cs"))})

    def core(self) -> Path:
        """What all cmdlets share, and the cmdlets of SOURCES themselves."""
        self._compile([self._core])
        return self._core.library

    def products(self, cmdlets: Iterable[Cmdlet]) -> Path:
        """These cmdlets."""
        return self.all_products([cmdlets])[0]

    def all_products(self, sets: Iterable[Iterable[Cmdlet]]) -> list[Path]:
        """Each of these sets of cmdlets, compiled by one process."""
        targets = [self._target("Products", {"Declarations.cs": declarations.source(cmdlets)}, self._core.library) for cmdlets in sets]
        self._compile([self._core, *targets])
        return [target.library for target in targets]

    def _target(self, name: str, sources: Mapping[str, str], reference: Path | None = None) -> _Target:
        told = "\0".join([str(self._pwsh.resolve()), str(reference), *sources.values()])
        # Two assemblies of one name cannot be loaded side by side, so the digest is part of it.
        return _Target(self._folder / f"{name}-{hashlib.sha256(told.encode()).hexdigest()[:16]}.dll", sources, reference)

    def _compile(self, targets: Iterable[_Target]) -> None:
        missing = {target.library: target for target in targets if not target.library.exists()}
        if not missing:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._folder) as temporary:
            made = Path(temporary)
            jobs = [target.job(made) for target in missing.values()]
            (made / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
            script = ["-File", str(SOURCES / "compile.ps1"), str(made / "jobs.json")]
            process = subprocess.run(
                [str(self._pwsh), "-NoLogo", "-NoProfile", "-NonInteractive", *script],
                env=dict(self._environment),
                capture_output=True,
                text=True,
                timeout=COMPILES_WITHIN,
                check=False,
            )
            for library in missing:
                if not (made / library.name).exists():
                    raise CompileError(process.stdout + process.stderr)
                os.replace(made / library.name, library)


@dataclasses.dataclass(frozen=True)
class _Target:
    """An assembly: where it is kept, and what it is made of."""

    library: Path
    sources: Mapping[str, str]
    reference: Path | None

    def job(self, folder: Path) -> dict[str, object]:
        """Writes its sources, and tells compile.ps1 of it. A reference that is compiled along is in the same folder."""
        own = folder / self.library.stem
        own.mkdir()
        for file, text in self.sources.items():
            (own / file).write_text(text, encoding="utf-8")
        reference = self.reference
        if reference is not None and not reference.exists():
            reference = folder / reference.name
        paths = [str(own / file) for file in self.sources]
        return {"source": paths, "library": str(folder / self.library.name), "reference": reference and str(reference)}
