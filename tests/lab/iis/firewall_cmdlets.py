"""Get-, New-, Set- and Remove-NetFirewallRule and the two filters (module NetSecurity)."""

from __future__ import annotations

import dataclasses
import fnmatch
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from tests.lab.engine.cmdlets import Call, Cmdlet, TerminatingError
from tests.lab.engine.objects import EnumType, EnumValue
from tests.lab.iis.administration import ASKS, SWITCH, TEXT, TEXTS, Administration
from tests.lab.iis.cim import CimInstance
from tests.lab.iis.firewall import Rule, canonical
from tests.lab.iis.machine import Machine

_TYPES = "Microsoft.PowerShell.Cmdletization.GeneratedTypes.NetSecurity"
ENABLED = EnumType(f"{_TYPES}.Enabled", {"True": 1, "False": 2})
DIRECTION = EnumType(f"{_TYPES}.Direction", {"Inbound": 1, "Outbound": 2})
ACTION = EnumType(f"{_TYPES}.Action", {"NotConfigured": 0, "Allow": 2, "Block": 4})
PROFILE = EnumType(f"{_TYPES}.Profile", {"Any": 0, "Domain": 1, "Private": 2, "Public": 4, "NotApplicable": 65535}, flags=True)
_CIM_EXCEPTION = "Microsoft.Management.Infrastructure.CimException"
_NAMESPACE = "root/standardcimv2"


class NoBoolean:
    """Converter of an enumeration that takes its names, and no ``$true``."""

    def __init__(self, kind: EnumType) -> None:
        self.type_name = kind.name
        self._kind = kind

    def __call__(self, value: Any) -> EnumValue:
        if isinstance(value, bool):
            raise ValueError(f"Invalid cast from 'System.Boolean' to '{self.type_name}'.")
        if isinstance(value, EnumValue):
            return value
        try:
            return self._kind(value)
        except ValueError as error:
            names = ", ".join(self._kind.members)
            raise ValueError(
                f"Unable to match the identifier name {error} to a valid enumerator name. "
                f"Specify one of the following enumerator names and try again:\n{names}"
            ) from error


class FirewallCmdlets:
    """``cmdlets()`` gives them to the engine."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration

    def cmdlets(self) -> list[Cmdlet]:
        conditions = {
            "Protocol": TEXT,
            **dict.fromkeys(("LocalPort", "RemotePort", "LocalAddress", "RemoteAddress"), TEXTS),
            "Description": TEXT,
            "Profile": {"type": "Profile"},
            "Program": TEXT,
            "Service": TEXT,
            "Enabled": {"type": "Enabled"},
            "Direction": {"type": "Direction"},
            "Action": {"type": "Action"},
        }
        by_name = {**TEXTS, "position": 0, "sets": ["ByName"]}
        chosen = {
            "Name": by_name,
            "DisplayName": {**TEXTS, "sets": ["ByDisplayName"]},
            "Group": {**TEXTS, "sets": ["ByGroup"]},
            "PolicyStore": TEXT,
        }
        piped = {"type": "CimInstance[]", "pipeline": True, "mandatory": True, "sets": ["InputObject"]}
        named = {"Name": {**by_name, "mandatory": True}, "DisplayName": {**TEXTS, "mandatory": True, "sets": ["ByDisplayName"]}}
        own_group = {"Group": {**TEXTS, "mandatory": True, "sets": ["ByGroup"]}}
        associated = {"AssociatedNetFirewallRule": {"type": "CimInstance", "pipeline": True, "mandatory": True}}
        making = {**conditions, "Name": TEXT, "DisplayName": {**TEXT, "mandatory": True}, "Group": TEXT, "PolicyStore": TEXT, **ASKS}
        setting = {**conditions, **named, **own_group, "InputObject": piped, "NewDisplayName": TEXT, "PassThru": SWITCH, **ASKS}
        removing = {**named, **own_group, "InputObject": piped, "PassThru": SWITCH, **ASKS}
        return [
            self._cmdlet("Get-NetFirewallRule", chosen, self.get),
            self._cmdlet("New-NetFirewallRule", making, self.new),
            self._cmdlet("Set-NetFirewallRule", setting, self.set),
            self._cmdlet("Remove-NetFirewallRule", removing, self.remove),
            self._cmdlet("Get-NetFirewallAddressFilter", associated, self._filter(_address_filter)),
            self._cmdlet("Get-NetFirewallPortFilter", associated, self._filter(_port_filter)),
        ]

    def _cmdlet(self, name: str, signature: dict[str, Any], body: Callable[[Call], Iterable[Any]]) -> Cmdlet:
        enums: dict[str, Callable[[Any], Any]] = {
            "Enabled": NoBoolean(ENABLED),
            "Direction": DIRECTION,
            "Action": ACTION,
            "Profile": PROFILE,
        }
        # These are functions: their own name stands where cmdlets have their class.
        return Cmdlet(name, name, signature, body, {**enums, "CimInstance": _instance})

    def get(self, call: Call) -> Iterable[Any]:
        return [_instance_of(rule) for rule in self._find(call)]

    def new(self, call: Call) -> Iterable[Any]:
        if not self._permitted(call):
            return
        machine = self._administration.machine(call)
        name = call.get("Name") or f"{{{str(uuid.uuid4()).upper()}}}"
        if any(rule.name.lower() == name.lower() for rule in machine.firewall.rules):
            message = "Cannot create a file when that file already exists. "
            call.write_error(
                TerminatingError(message, "Windows System Error 183", "ResourceExists", _CIM_EXCEPTION, "MSFT_NetFirewallRule")
            )
            return
        rule = Rule(name, call.get("DisplayName"), group=call.get("Group"))
        if self._apply(call, rule):
            machine.firewall.rules.append(rule)
            yield _instance_of(rule)

    def set(self, call: Call) -> Iterable[Any]:
        if not self._permitted(call):
            return
        for rule in self._find(call):
            changed = dataclasses.replace(rule)
            if self._apply(call, changed):
                changed.display_name = call.get("NewDisplayName", rule.display_name)
                rule.__dict__.update(vars(changed))
                if call.get("PassThru"):
                    yield _instance_of(rule)

    def remove(self, call: Call) -> Iterable[Any]:
        if not self._permitted(call):
            return
        machine = self._administration.machine(call)
        for rule in list(self._find(call)):
            machine.firewall.rules.remove(rule)
            if call.get("PassThru"):
                yield _instance_of(rule)

    def _filter(self, show: Callable[[Rule], CimInstance]) -> Callable[[Call], Iterable[Any]]:
        def run(call: Call) -> Iterable[Any]:
            machine = self._administration.machine(call)
            name = call.get("AssociatedNetFirewallRule").values.get("Name")
            return [show(rule) for rule in machine.firewall.rules if rule.name == name]

        return run

    def _permitted(self, call: Call) -> bool:
        if self._administration.allowed(call):
            return True
        call.write_error(
            TerminatingError("Access is denied. ", "Windows System Error 5", "PermissionDenied", _CIM_EXCEPTION, "MSFT_NetFirewallRule")
        )
        return False

    def _find(self, call: Call) -> Iterable[Rule]:
        """The rules that the call names, by instance, name, display name or group; all of them when it names none."""
        machine: Machine = self._administration.machine(call)
        if "InputObject" in call:
            names = {one.values.get("Name") for one in call.get("InputObject")}
            yield from [rule for rule in machine.firewall.rules if rule.name in names]
            return
        for parameter, key in (("Name", "InstanceID"), ("DisplayName", "DisplayName"), ("Group", "RuleGroup")):
            for wanted in call.get(parameter) or []:
                found = [rule for rule in machine.firewall.rules if fnmatch.fnmatchcase(_text_of(rule, key).lower(), wanted.lower())]
                if not found and not any(sign in wanted for sign in "*?["):
                    message = (
                        f"No MSFT_NetFirewallRule objects found with property '{key}' equal to '{wanted}'.  "
                        "Verify the value of the property and retry."
                    )
                    exception = "Microsoft.PowerShell.Cmdletization.Cim.CimJobException"
                    call.write_error(TerminatingError(message, f"CmdletizationQuery_NotFound_{key}", "ObjectNotFound", exception, wanted))
                yield from found
        if not any(name in call for name in ("Name", "DisplayName", "Group")):
            yield from list(machine.firewall.rules)

    def _apply(self, call: Call, rule: Rule) -> bool:
        """Puts the call's conditions into the rule. False, and an error, when one of them is none."""
        try:
            for parameter, field in (("LocalAddress", "local_addresses"), ("RemoteAddress", "remote_addresses")):
                if parameter in call:
                    setattr(rule, field, [canonical(entry) for entry in call.get(parameter)])
        except ValueError:
            message = "The address is invalid. Addresses may be specified as IP addresses, ranges, or subnets. "
            call.write_error(
                TerminatingError(message, "Windows System Error 87", "InvalidArgument", _CIM_EXCEPTION, "MSFT_NetFirewallRule")
            )
            return False
        for parameter, field in (("LocalPort", "local_ports"), ("RemotePort", "remote_ports")):
            if parameter in call:
                setattr(rule, field, list(call.get(parameter)))
        for parameter in ("Protocol", "Description", "Program", "Service"):
            if parameter in call:
                setattr(rule, parameter.lower(), call.get(parameter))
        for parameter in ("Direction", "Action", "Profile"):
            if parameter in call:
                setattr(rule, parameter.lower(), str(call.get(parameter)))
        if "Enabled" in call:
            rule.enabled = str(call.get("Enabled")) == "True"
        return True


def _instance(value: Any) -> CimInstance:
    if not isinstance(value, CimInstance):
        raise ValueError
    return value


def _text_of(rule: Rule, key: str) -> str:
    return {"InstanceID": rule.name, "DisplayName": rule.display_name, "RuleGroup": rule.group or ""}[key]


def _instance_of(rule: Rule) -> CimInstance:
    values: dict[str, Any] = {
        "Name": rule.name,
        "ID": rule.name,
        "DisplayName": rule.display_name,
        "Group": rule.group,
        "Enabled": ENABLED("True" if rule.enabled else "False"),
        "Profile": PROFILE(rule.profile),
        "Platform": [],
        "Direction": DIRECTION(rule.direction),
        "Action": ACTION(rule.action),
        "Description": rule.description,
        "DisplayGroup": rule.group,
        "ElementName": rule.display_name,
        "InstanceID": rule.name,
        "RuleGroup": rule.group,
        "PolicyStoreSource": "PersistentStore",
    }
    return CimInstance(_NAMESPACE, "MSFT_NetFirewallRule", values, ("InstanceID",))


def _shown(entries: list[str]) -> str | list[str]:
    """One entry alone is shown as text, several as a list."""
    return entries[0] if len(entries) == 1 else list(entries)


def _address_filter(rule: Rule) -> CimInstance:
    local, remote = _shown(rule.local_addresses), _shown(rule.remote_addresses)
    values = {"InstanceID": rule.name, "LocalAddress": local, "RemoteAddress": remote, "LocalIP": local, "RemoteIP": remote}
    return CimInstance(_NAMESPACE, "MSFT_NetAddressFilter", values, ("InstanceID",))


def _port_filter(rule: Rule) -> CimInstance:
    values: dict[str, Any] = {
        "InstanceID": rule.name,
        "Protocol": rule.protocol,
        "LocalPort": _shown(rule.local_ports),
        "RemotePort": _shown(rule.remote_ports),
        "IcmpType": "Any",
        "DynamicTarget": "Any",
    }
    return CimInstance(_NAMESPACE, "MSFT_NetProtocolPortFilter", values, ("InstanceID",))
