"""Roles and features of Windows Server, as far as they have to do with the SMTP server."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

VERSIONS = {
    "2012R2": ("6.3.9600", "Microsoft Windows Server 2012 R2 Standard", "8.5.9600.16384"),
    "2016": ("10.0.14393", "Microsoft Windows Server 2016 Standard", "10.0.14393.4169"),
    "2019": ("10.0.17763", "Microsoft Windows Server 2019 Standard", "10.0.17763.1697"),
    "2022": ("10.0.20348", "Microsoft Windows Server 2022 Standard", "10.0.20348.1"),
    "2025": ("10.0.26100", "Microsoft Windows Server 2025 Standard", "10.0.26100.1"),
}
"""Windows version to its number, its caption, and the version of its SMTP server."""


@dataclasses.dataclass(frozen=True)
class Definition:
    """A role, role service or feature. ``needs`` are others that are installed with it."""

    name: str
    title: str
    parent: str | None = None
    needs: tuple[str, ...] = ()
    kind: str = "Feature"
    tools: tuple[str, ...] = ()
    """What ``-IncludeManagementTools`` adds."""
    removed_in_2025: bool = False


_ALL = (
    Definition("Web-Server", "Web Server (IIS)", kind="Role", tools=("Web-Mgmt-Console",)),
    Definition("Web-WebServer", "Web Server", "Web-Server", kind="Role Service"),
    Definition("Web-Health", "Health and Diagnostics", "Web-WebServer", kind="Role Service"),
    Definition("Web-ODBC-Logging", "ODBC Logging", "Web-Health", kind="Role Service"),
    Definition("Web-Mgmt-Tools", "Management Tools", "Web-Server", kind="Role Service"),
    Definition("Web-Mgmt-Console", "IIS Management Console", "Web-Mgmt-Tools", kind="Role Service"),
    Definition("Web-Mgmt-Compat", "IIS 6 Management Compatibility", "Web-Mgmt-Tools", kind="Role Service"),
    Definition("Web-Metabase", "IIS 6 Metabase Compatibility", "Web-Mgmt-Compat", kind="Role Service"),
    Definition(
        "Web-Lgcy-Mgmt-Console", "IIS 6 Management Console", "Web-Mgmt-Compat", ("Web-Metabase",), "Role Service", removed_in_2025=True
    ),
    Definition("Web-Lgcy-Scripting", "IIS 6 Scripting Tools", "Web-Mgmt-Compat", ("Web-Metabase", "Web-WMI"), "Role Service"),
    Definition("Web-WMI", "IIS 6 WMI Compatibility", "Web-Mgmt-Compat", ("Web-Metabase",), "Role Service"),
    Definition("RSAT", "Remote Server Administration Tools"),
    Definition("RSAT-Feature-Tools", "Feature Administration Tools", "RSAT"),
    Definition("RSAT-SMTP", "SMTP Server Tools", "RSAT-Feature-Tools", ("Web-Lgcy-Mgmt-Console",), removed_in_2025=True),
    Definition(
        "SMTP-Server",
        "SMTP Server",
        needs=("Web-Server", "Web-ODBC-Logging", "Web-Metabase"),
        tools=("RSAT-SMTP",),
        removed_in_2025=True,
    ),
)
ON_A_FARM_SERVER = frozenset({"Web-Server", "Web-WebServer", "Web-Health", "Web-Mgmt-Tools", "Web-Mgmt-Console"})


class Features:
    """What one host knows and has installed."""

    def __init__(self, windows: str) -> None:
        self.known: Mapping[str, Definition] = {one.name.lower(): one for one in _ALL if windows != "2025" or not one.removed_in_2025}
        self.installed: set[str] = set(ON_A_FARM_SERVER)

    def has(self, name: str) -> bool:
        return name in self.installed

    def closure(self, names: Iterable[str], tools: bool = False) -> list[str]:
        """The features of those names with everything they need, what is needed first; names that are not known are left out."""
        found: list[str] = []

        def add(name: str) -> None:
            one = self.known.get(name.lower())
            if one is None or one.name in found:
                return
            for needed in (*([one.parent] if one.parent else []), *one.needs):
                add(needed)
            found.append(one.name)
            for tool in one.tools if tools else ():
                add(tool)

        for name in names:
            add(name)
        return found

    def dependents(self, names: Iterable[str]) -> list[str]:
        """What has to go when these go: whatever is installed and needs one of them."""
        gone = {one.name for one in self.known.values() if one.name.lower() in {name.lower() for name in names}}
        before = 0
        while len(gone) != before:
            before = len(gone)
            gone |= {one.name for one in self.known.values() if one.parent in gone or gone & set(one.needs)}
        return [one.name for one in self.known.values() if one.name in gone & self.installed]
