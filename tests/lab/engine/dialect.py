"""What differs between Windows PowerShell 5.1, which the lab's hosts run, and PowerShell 7.6, on which the answers were measured."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping

from tests.lab.engine.objects import Version


def _versions(*texts: str) -> list[Version]:
    return [Version(text) for text in texts]


@dataclasses.dataclass(frozen=True)
class Dialect:
    """One engine's protocol version, its ``$PSVersionTable``, and its texts where the two engines differ."""

    protocol: str
    version_table: Mapping[str, object]
    core_library: str
    """Assembly name that stands in the names of generic types."""
    unknown_command: str
    no_number: str
    no_time_span: str
    no_date: str
    no_guid: str
    ambiguous_set: str
    zone: datetime.tzinfo = datetime.UTC
    """The server's time zone."""


MEASURED = Dialect(
    protocol="2.4",
    version_table={
        "GitCommitId": "7.6.9",
        "OS": "Debian GNU/Linux 12 (bookworm)",
        "PSRemotingProtocolVersion": Version("2.4"),
        "PSEdition": "Core",
        "PSSemanticVersion": "7.6.9",
        "SerializationVersion": Version("1.1.0.1"),
        "WSManStackVersion": Version("3.0"),
        "PSCompatibleVersions": _versions("1.0", "2.0", "3.0", "4.0", "5.0", "5.1", "6.0", "7.0"),
        "PSVersion": Version("7.6.9"),
        "Platform": "Unix",
    },
    core_library="System.Private.CoreLib, Version=10.0.0.0, Culture=neutral, PublicKeyToken=7cec85d7bea7798e",
    unknown_command="The term '{0}' is not recognized as a name of a cmdlet, function, script file, or executable program.\n"
    "Check the spelling of the name, or if a path was included, verify that the path is correct and try again.",
    no_number="The input string '{0}' was not in a correct format.",
    no_time_span="String '{0}' was not recognized as a valid TimeSpan.",
    no_date="String '{0}' was not recognized as a valid DateTime.",
    no_guid="Unrecognized Guid format.",
    ambiguous_set="Parameter set cannot be resolved using the specified named parameters. One or more parameters issued cannot be used "
    "together or an insufficient number of parameters were provided.",
)

WINDOWS_POWERSHELL = Dialect(
    protocol="2.3",
    # about_Automatic_Variables, $PSVersionTable; the build is that of Windows Server 2016.
    version_table={
        "PSVersion": Version("5.1.14393.7426"),
        "PSEdition": "Desktop",
        "PSCompatibleVersions": _versions("1.0", "2.0", "3.0", "4.0", "5.0", "5.1.14393.7426"),
        "CLRVersion": Version("4.0.30319.42000"),
        "BuildVersion": Version("10.0.14393.7426"),
        "WSManStackVersion": Version("3.0"),
        "PSRemotingProtocolVersion": Version("2.3"),
        "SerializationVersion": Version("1.1.0.1"),
    },
    core_library="mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089",
    unknown_command="The term '{0}' is not recognized as the name of a cmdlet, function, script file, or operable program. Check the "
    "spelling of the name, or if a path was included, verify that the path is correct and try again.",
    no_number="Input string was not in a correct format.",
    no_time_span="String was not recognized as a valid TimeSpan.",
    no_date="String was not recognized as a valid DateTime.",
    no_guid="Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).",
    ambiguous_set="Parameter set cannot be resolved using the specified named parameters.",
)
