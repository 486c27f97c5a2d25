"""Get-, Set-, Start-, Stop- and Restart-Service of Windows PowerShell 5.1."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable
from typing import Any

from tests.lab.engine.cmdlets import Call, Cmdlet, TerminatingError
from tests.lab.engine.objects import Custom, EnumType
from tests.lab.iis.administration import ASKS, SWITCH, TEXT, TEXTS, Administration
from tests.lab.iis.machine import START_TYPE, Machine, Service, ServiceDisabled

CONTROLLER = "System.ServiceProcess.ServiceController"
STATUS = EnumType("System.ServiceProcess.ServiceControllerStatus", {"Stopped": 1, "Running": 4})
_EXCEPTION = "Microsoft.PowerShell.Commands.ServiceCommandException"
_COMMANDS = "Microsoft.PowerShell.Commands"


class ServiceCmdlets:
    """``cmdlets()`` gives them to the engine."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration

    def cmdlets(self) -> list[Cmdlet]:
        names = {**TEXTS, "mandatory": True, "position": 0, "pipeline": True, "sets": ["Default"]}
        objects = {"type": f"{CONTROLLER}[]", "mandatory": True, "pipeline": True, "sets": ["InputObject"]}
        chosen = {"Name": names, "InputObject": objects, "PassThru": SWITCH, **ASKS}
        setting = {
            **chosen,
            "Name": {**names, **TEXT},
            "InputObject": {**objects, "type": CONTROLLER},
            "StartupType": {"type": "ServiceStartMode"},
            "Status": {**TEXT, "values": ["Running", "Stopped", "Paused"]},
            "DisplayName": TEXT,
            "Description": TEXT,
        }
        return [
            Cmdlet("Get-Service", f"{_COMMANDS}.GetServiceCommand", {"Name": {**TEXTS, "position": 0, "pipeline": True}}, self.get),
            Cmdlet("Set-Service", f"{_COMMANDS}.SetServiceCommand", setting, self.set, {"ServiceStartMode": START_TYPE}),
            Cmdlet("Start-Service", f"{_COMMANDS}.StartServiceCommand", chosen, self._each(self._start)),
            Cmdlet(
                "Stop-Service", f"{_COMMANDS}.StopServiceCommand", {**chosen, "Force": SWITCH, "NoWait": SWITCH}, self._each(self._stop)
            ),
            Cmdlet("Restart-Service", f"{_COMMANDS}.RestartServiceCommand", {**chosen, "Force": SWITCH}, self._each(self._restart)),
        ]

    def get(self, call: Call) -> Iterable[Any]:
        machine = self._administration.machine(call)
        for name in call.get("Name") or ["*"]:
            found = [one for one in machine.services.values() if fnmatch.fnmatchcase(one.name.lower(), name.lower())]
            if not found and not any(sign in name for sign in "*?["):
                call.write_error(_missing(name))
            yield from (_controller(one) for one in sorted(found, key=lambda one: one.name))

    def set(self, call: Call) -> Iterable[Any]:
        machine = self._administration.machine(call)
        service = self._find(call, machine, _names(call)[0])
        if service is None:
            return
        if not self._administration.allowed(call):
            message = f"Service '{service.title} ({service.name})' cannot be configured due to the following error: Access is denied"
            call.write_error(TerminatingError(message, "CouldNotSetService", "PermissionDenied", _EXCEPTION, service.name))
            return
        if "StartupType" in call:
            service.start = call.get("StartupType").number
        if "DisplayName" in call:
            service.title = call.get("DisplayName")
        if call.get("Status") == "Running":
            self._start(call, machine, service)
        elif call.get("Status") == "Stopped":
            self._stop(call, machine, service)
        if call.get("PassThru"):
            yield _controller(service)

    def _each(self, act: Callable[[Call, Machine, Service], bool]) -> Callable[[Call], Iterable[Any]]:
        def run(call: Call) -> Iterable[Any]:
            machine = self._administration.machine(call)
            for name in _names(call):
                service = self._find(call, machine, name)
                if service is not None and act(call, machine, service) and call.get("PassThru"):
                    yield _controller(service)

        return run

    def _find(self, call: Call, machine: Machine, name: str) -> Service | None:
        found = next((one for one in machine.services.values() if one.name.lower() == name.lower()), None)
        if found is None:
            call.write_error(_missing(name))
        return found

    def _start(self, call: Call, machine: Machine, service: Service) -> bool:
        try:
            if self._may_control(call, service, "started", "CouldNotStartService"):
                machine.start(service.name)
                return True
        except ServiceDisabled:
            reason = f"Cannot start service {service.name} on computer '.'."
            call.write_error(_cannot(service, "started", reason, "CouldNotStartService"))
        return False

    def _stop(self, call: Call, machine: Machine, service: Service) -> bool:
        if not self._may_control(call, service, "stopped", "CouldNotStopService"):
            return False
        if not call.get("Force") and any(machine.services[name].running for name in machine.dependents(service.name)):
            message = (
                f"Cannot stop service '{service.title} ({service.name})' because it has dependent services. "
                "It can only be stopped if the Force flag is set."
            )
            call.write_error(TerminatingError(message, "ServiceHasDependentServices", "InvalidOperation", _EXCEPTION, service.name))
            return False
        machine.stop(service.name)
        return True

    def _restart(self, call: Call, machine: Machine, service: Service) -> bool:
        running = [name for name in machine.dependents(service.name) if machine.services[name].running]
        if not self._stop(call, machine, service) or not self._start(call, machine, service):
            return False
        for name in running:
            machine.start(name)
        return True

    def _may_control(self, call: Call, service: Service, done: str, error_id: str) -> bool:
        if self._administration.allowed(call):
            return True
        call.write_error(_cannot(service, done, f"Cannot open {service.name} service on computer '.'.", error_id))
        return False


def _names(call: Call) -> list[str]:
    given = call.get("InputObject") or call.get("Name")
    return [str(one.properties()["Name"]) if isinstance(one, Custom) else one for one in (given if isinstance(given, list) else [given])]


def _missing(name: str) -> TerminatingError:
    return TerminatingError(
        f"Cannot find any service with service name '{name}'.", "NoServiceFoundForGivenName", "ObjectNotFound", _EXCEPTION, name
    )


def _cannot(service: Service, done: str, reason: str, error_id: str) -> TerminatingError:
    message = f"Service '{service.title} ({service.name})' cannot be {done} due to the following error: {reason}"
    return TerminatingError(message, error_id, "OpenError", _EXCEPTION, service.name)


def _controller(service: Service) -> Custom:
    values = {
        "Name": service.name,
        "RequiredServices": list(service.needs),
        "CanPauseAndContinue": service.running,
        "CanShutdown": service.running,
        "CanStop": service.running,
        "DisplayName": service.title,
        "DependentServices": [],
        "MachineName": ".",
        "ServiceName": service.name,
        "ServicesDependedOn": list(service.needs),
        "Status": STATUS("Running" if service.running else "Stopped"),
        "StartType": START_TYPE(service.start),
    }
    return Custom([CONTROLLER, "System.ComponentModel.Component", "System.MarshalByRefObject"], CONTROLLER, values)
