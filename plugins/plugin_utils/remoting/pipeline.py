# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pipelines of named cmdlets with typed parameters: the only thing this collection sends to a host. No program text."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Final

SELECT: Final = "Microsoft.PowerShell.Utility\\Select-Object"
"""By its full name: a restricted session has a function of the short one, which knows eleven properties (measured)."""


@dataclasses.dataclass(frozen=True)
class SecureText:
    """A value for a parameter of type SecureString. It crosses the wire encrypted with the session's key ([MS-PSRP] 2.2.5.1.24)."""

    text: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Credential:
    """A value for a parameter of type PSCredential."""

    user_name: str
    password: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class CimInstance:
    """An instance of a CIM class for a parameter's value, such as one that is to be embedded in another. Its properties are text."""

    namespace: str
    class_name: str
    properties: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Command:
    """One cmdlet of a pipeline and its parameters, full names, in the order given."""

    name: str
    parameters: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"Command({self.name!r}, {sorted(self.parameters)})"  # values may be secrets


@dataclasses.dataclass(frozen=True)
class Statement:
    """A pipeline: one or more commands, each fed by the one before, and the first by ``piped``: texts that the client feeds it with.

    ``piped`` is what ``'one', 'two' | Get-Thing`` is over remoting ([MS-PSRP] 2.2.2.17, PIPELINE_INPUT): a pipeline about many things
    that are named one by one. The shells of Exchange live on it; with Exchange's endpoint and this client it is unverified.
    """

    commands: tuple[Command, ...]
    piped: tuple[str, ...] | None = None

    def pipe(self, name: str, /, **parameters: Any) -> Statement:
        """This statement with one more command at its end."""
        return dataclasses.replace(self, commands=(*self.commands, Command(name, parameters)))

    def member(self, *names: str) -> Statement:
        """This statement, followed by a walk over members of the objects on the host.

        One answer per object comes back, in order, nulls included. Properties and methods without arguments are
        walked alike; a member that does not exist answers null, without an error.
        """
        statement = self
        for name in names:
            statement = statement.pipe("ForEach-Object", MemberName=name)
        return statement

    def select(self, *properties: str, **more: Any) -> Statement:
        """This statement, with these properties of its objects, each one level deeper; null where there is no such property."""
        return self.pipe(SELECT, Property=list(properties), **more)

    def __str__(self) -> str:
        return " | ".join(command.name for command in self.commands)


def cmdlet(name: str, /, **parameters: Any) -> Statement:
    """A statement of one cmdlet.

    ``parameters``: full parameter names with values: str, bool, int, float, bytes, uuid.UUID, datetime, timedelta, a list of
    those, a dict (Hashtable), CimInstance, SecureText, Credential, or None. A switch is given as True: null to a switch
    means true too.
    """
    return Statement((Command(name, parameters),))


def listed(names: Iterable[str]) -> Statement:
    """Those of the cmdlets ``names`` that the session shows; one that it does not show is no error, whatever the session's preferences."""
    return cmdlet("Get-Command", Name=list(names), ErrorAction="SilentlyContinue")


def feed(piped: Iterable[str], name: str, /, **parameters: Any) -> Statement:
    """A statement of one cmdlet that takes ``piped`` from its pipeline. Of nothing it makes nothing: give at least one."""
    return Statement((Command(name, parameters),), tuple(piped))
