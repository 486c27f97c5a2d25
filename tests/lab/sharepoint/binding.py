"""From the catalogue's signatures to what the engine binds: SharePoint's pipe binds instead of ``object``, and who may run a cmdlet."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.lab.directory import Directory
from tests.lab.engine.cmdlets import Call, Cmdlet, Implementation, TerminatingError
from tests.lab.engine.objects import Uri
from tests.lab.sharepoint.content import SPSite, SPWeb
from tests.lab.sharepoint.persisted import SPManagedAccount, SPServer, SPServiceInstance
from tests.lab.sharepoint.principals import SPUser
from tests.lab.sharepoint.timer import SPTimerJob
from tests.lab.sharepoint.web_application import SPWebApplication

CATALOGUE = Path(__file__).parent.parent / "catalogue" / "cmdlets.json"
NO_FARM = (
    "Cannot access the local farm. Verify that the local farm is properly configured, currently available, "
    "and that you have the appropriate permissions to access the database before trying again."
)

PIPE_BINDS: Mapping[str, tuple[type, ...]] = {
    "SPAssignmentCollection": (),
    "SPWebApplicationPipeBind": (str, Uri, uuid.UUID, SPWebApplication),
    "SPServerPipeBind": (str, uuid.UUID, SPServer),
    "SPTimerJobPipeBind": (str, uuid.UUID, SPTimerJob),
    "SPSitePipeBind": (str, Uri, uuid.UUID, SPSite),
    "SPWebPipeBind": (str, Uri, uuid.UUID, SPWeb),
    "SPUserPipeBind": (str, int, SPUser),
    "SPManagedAccountPipeBind": (str, SPManagedAccount),
    "SPServiceInstancePipeBind": (str, uuid.UUID, SPServiceInstance),
    "SPOtherPipeBind": (str, Uri, uuid.UUID),
}
"""What a parameter of each type accepts. An SPAssignmentCollection accepts nothing: nobody in the lab has one."""

IDENTITIES = {
    "Get-SPWebApplication": "SPWebApplicationPipeBind",
    "Set-SPWebApplication": "SPWebApplicationPipeBind",
    "Get-SPServer": "SPServerPipeBind",
    "Get-SPTimerJob": "SPTimerJobPipeBind",
    "Start-SPTimerJob": "SPTimerJobPipeBind",
    "Get-SPSite": "SPSitePipeBind",
    "Get-SPWeb": "SPWebPipeBind",
    "Get-SPUser": "SPUserPipeBind",
    "Get-SPManagedAccount": "SPManagedAccountPipeBind",
    "Get-SPServiceInstance": "SPServiceInstancePipeBind",
}
PARAMETERS = {
    "AssignmentCollection": "SPAssignmentCollection",
    "WebApplication": "SPWebApplicationPipeBind",
    "Web": "SPWebPipeBind",
    "Site": "SPSitePipeBind",
    "Server": "SPServerPipeBind",
}


@dataclasses.dataclass(frozen=True)
class PipeBind:
    """Converter of one pipe bind type: takes an identity or an object as it is; the cmdlet looks it up."""

    type_name: str
    accepted: tuple[type, ...]

    def __call__(self, value: Any) -> Any:
        if isinstance(value, self.accepted) and not isinstance(value, bool):
            return value
        raise ValueError


TYPES: Mapping[str, Callable[[Any], Any]] = {
    name: PipeBind(f"Microsoft.SharePoint.PowerShell.{name}", accepted) for name, accepted in PIPE_BINDS.items()
}


def _signature(cmdlet: str, versions: Mapping[str, Any], version: str) -> dict[str, dict[str, Any]]:
    """The catalogue's entry with SharePoint's own types. Its SE entries lack the attributes, which there are those of 2019."""
    before = versions.get("2019", {}) if version == "SE" else {}
    signature = {}
    for name, entry in versions[version].items():
        parameter = {**before.get(name, {}), **entry}
        if parameter["type"] == "object":
            parameter["type"] = PARAMETERS.get(name) or (IDENTITIES.get(cmdlet) if name == "Identity" else None) or "SPOtherPipeBind"
        signature[name] = parameter
    return signature


def class_name(cmdlet: str) -> str:
    """The .NET class of a cmdlet: Get-SPWebApplication is SPCmdletGetWebApplication."""
    verb, _unused, noun = cmdlet.partition("-")
    return f"Microsoft.SharePoint.PowerShell.SPCmdlet{verb}{noun.removeprefix('SP')}"


def not_found(cmdlet: str, message: str) -> TerminatingError:
    """The error of a pipe bind that found nothing; the cmdlets write it and go on."""
    return TerminatingError(message, class_name(cmdlet), "InvalidData", "Microsoft.SharePoint.PowerShell.SPCmdletPipeBindException")


def bind(version: str, directory: Directory, implementations: Mapping[str, Implementation]) -> dict[str, Cmdlet]:
    """The cmdlets of a version by lower-case name. All of them need a session that reaches SQL Server as somebody with shell access."""
    catalogue = json.loads(CATALOGUE.read_text(encoding="utf-8"))["sharepoint"]
    return {
        name.lower(): Cmdlet(name, class_name(name), _signature(name, catalogue[name], version), _guarded(name, directory, body), TYPES)
        for name, body in implementations.items()
        if version in catalogue[name]
    }


def _guarded(name: str, directory: Directory, body: Implementation) -> Implementation:
    def run(call: Call) -> Iterable[Any]:
        account = directory.find(call.session.user)
        if not call.session.delegated or account is None or "farm" not in account.roles:
            raise TerminatingError(NO_FARM, class_name(name), "InvalidData", "Microsoft.SharePoint.PowerShell.SPCmdletException")
        return body(call)

    return run
