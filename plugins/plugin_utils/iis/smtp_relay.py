# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The IIS SMTP relay of a Windows server as a resource: features, the default virtual server, its service, and our firewall rule."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

from ..common.errors import BadInput, MailError, RemoteError
from ..iis import firewall, relay_ip_list
from ..iis import relay_rules as rules
from ..iis import relay_undo as undo
from ..iis import virtual_server as iis
from ..remoting.pipeline import CimInstance, Statement, cmdlet
from ..resource.declaration import Change, Field, Item, Lasting, Reading, Resource
from ..resource.loop import compare
from .settings import ANY, DIRECTORIES, SETTINGS, asked, outbound_properties

_RUNNING = {"started": True, "stopped": False}
_SECURITY = ("smart_host_authentication", "smart_host_tls")
_LISTS = ("bindings", "connect_addresses", "connect_names", "relay_list", "relay_addresses")
_OTHERS = ("present", "running", "restart_needed", "start_type", *_LISTS, *_SECURITY)


@dataclasses.dataclass(frozen=True)
class RelayHost:
    """The Windows server as it was looked at, and its virtual server, if there is one."""

    windows: iis.WindowsServer
    server: iis.VirtualServer | None


class SmtpRelay(Resource):
    """One item: the default virtual server of the task's host."""

    noun = "SMTP relay"
    set_cmdlet = "Set-CimInstance"
    # current_settings() has read them: they are here by their options' names, and null where there is nothing to see.
    fields: ClassVar[tuple[Field, ...]] = (
        *(Field(option, option) for option in _OTHERS),
        *(dataclasses.replace(setting, source=setting.option, null=None) for setting in SETTINGS),
        Field("firewall_addresses", "firewall_addresses"),
    )

    @classmethod
    def items(cls, options: Mapping[str, Any]) -> list[Item]:
        if options["state"] == "absent":
            return [Item(iis.INSTANCE, {}, present=False)]
        want = {"present": True, "restart_needed": False, **asked(options)}
        if options["state"] in _RUNNING:
            want["running"] = _RUNNING[options["state"]]
        if want.get("running") and want.get("start_type") == "disabled":
            raise BadInput("state started contradicts start_type disabled: Windows would not start the service. Nothing was changed.")
        if "connect_addresses" in want:
            want["connect_names"] = []  # the list of addresses is the whole truth about who may connect
        if "relay_addresses" in want:
            want["relay_list"] = "listed"
        if "smart_host" in want:
            want.setdefault("smart_host_type", "always" if want["smart_host"] else "none")
        return [Item(iis.INSTANCE, want)]

    @classmethod
    def restored(cls, name: str, before: Mapping[str, Any] | None, options: Mapping[str, Any]) -> Item:
        if name != iis.INSTANCE:
            raise BadInput(
                f"restore: {name} is not an SMTP server that this module supports; it supports {iis.INSTANCE} only. Nothing was changed."
            )
        if before is not None and not before.keys() >= {"present", "start_type"}:
            # These tell whether there was a server at all.
            raise BadInput(f"restore: the value for {name} is not all of what this module returned as before. Nothing was changed.")
        item = super().restored(name, before, options)
        # Without a service there was no SMTP server, though something else of it, such as a firewall rule, was there.
        installed = item.present and item.want.get("start_type") is not None
        return dataclasses.replace(item, want={**item.want, "restart_needed": False} if installed else item.want, present=installed)

    def _look(self) -> Reading:
        windows = iis.read_host(self.session)
        server = iis.read_virtual_server(self.session, windows)
        there = windows.features.get(iis.SMTP) or windows.rule is not None
        return Reading(iis.current_settings(windows, server) if there else None, RelayHost(windows, server))

    def read(self, items: Sequence[Item]) -> list[Reading]:
        return [self._look() for _item in items]

    def objection(self, change: Change) -> str | None:
        item, host, want = change.item, _host(change), change.want
        windows, server = host.windows, host.server
        if not item.present:
            return None
        if windows.firewall_error is not None and "firewall_addresses" in want:
            return f"firewall_addresses cannot be kept: {windows.firewall_error.message}"
        restarts = windows.restart_needed or (server is not None and bool(self._stored(change)))
        # An earlier state is brought back before the service is disabled again, unless it is already.
        can_restart = item.restoring and (want.get("running") is False or windows.start_type != "disabled")
        decided = {"start_type": want.get("start_type")} if item.restoring else want
        reason = (
            rules.missing_feature(windows)
            or rules.unreadable_list(want if "relay_list" in change.differing else {}, server, windows.name)
            or rules.restart_of_disabled(decided, windows, restarts and not can_restart)
        )
        if reason or item.restoring:
            return reason
        before, after = change.before or {}, change.after
        return (
            rules.open_relay(want, server, windows)
            or (None if self.options.get("take_over", True) else rules.serves_others(want, before, windows.name))
            or rules.smart_host_account(after, before, self._password is not None, self._allow_unencrypted, windows.name)
            or rules.smart_host_itself(after, windows.name, [urlsplit(self.session.endpoint.url).hostname or ""])
        )

    def lasting(self, then: Mapping[str, Any] | None, now: Mapping[str, Any] | None, change: Change) -> list[Lasting]:
        password_of = self._password_of if change.item.restoring else None
        return undo.lasting(then, now, _host(change).windows.name, password_of, self._writes_password(change))

    def remedy(self, error: RemoteError) -> str:
        return iis.not_administrator(self.session, error)

    def unseen(self, change: Change) -> bool:
        """A password that is to be written each time; a missing console; a rule that lets the right addresses reach the wrong ports."""
        missing = [] if change.item.restoring else self._missing(_host(change))
        return self._writes_password(change) or bool(missing) or bool(self._rule(change))

    def create(self, change: Change, parameters: Mapping[str, Any]) -> Iterator[Statement]:
        return self._bring(change)

    def update(self, change: Change, parameters: Mapping[str, Any]) -> Iterator[Statement]:
        return self._bring(change)

    def remove(self, change: Change) -> Iterator[Statement]:
        """Web-WMI stays: SharePoint's own prerequisites include it. Mail in the queue stays where it is, in its folder."""
        windows = _host(change).windows
        if windows.rule is not None:
            yield firewall.remove()
        if windows.features.get(iis.SMTP):
            if windows.running:
                yield cmdlet("Stop-Service", Name=iis.SERVICE, Force=True)
            if windows.start_type not in (None, "disabled"):
                yield cmdlet("Set-Service", Name=iis.SERVICE, StartupType="Disabled")
            yield cmdlet("Uninstall-WindowsFeature", Name=[iis.SMTP])

    def summary(self, changes: Sequence[Change], after: Mapping[str, dict[str, Any] | None]) -> dict[str, Any]:
        (change,) = changes
        settings = after[iis.INSTANCE] or {"present": False, "running": False}
        return {"relay": iis.relay_facts(_host(change).windows.name, settings)}

    def _bring(self, change: Change) -> Iterator[Statement]:
        """From what is there to what is asked, so that at no moment more than the old or the new settings may be relayed.

        The lists of who may come are written first, the firewall opens after them, and the service starts last.
        """
        missing = self._missing(_host(change))
        if missing:
            yield cmdlet("Install-WindowsFeature", Name=missing)
            if not iis.read_host(self.session).service_runs(iis.METABASE_SERVICE):
                yield cmdlet("Start-Service", Name=iis.METABASE_SERVICE)
            change = self._compared_again(change, missing)
        host = _host(change)
        if host.server is None:
            raise MailError(
                f"{host.windows.name} has the features {' and '.join(self._features)} now, but shows no SMTP server {iis.INSTANCE}. "
                f"Windows may need a restart before it does: restart the server and run the task again."
            )
        yield from self._directories(change)
        stored = self._stored(change)
        if stored and host.windows.running:
            yield cmdlet("New-ItemProperty", Path=iis.SERVICE_KEY, Name=iis.RESTART_NEEDED, Value=1, PropertyType="DWord", Force=True)
        yield from stored
        yield from self._rule(change)
        # A disabled service cannot be restarted.
        disables = change.want.get("start_type") == "disabled"
        yield from [] if disables else self._start_type(change)
        yield from self._service(change, bool(stored))
        yield from self._start_type(change) if disables else []

    def _compared_again(self, change: Change, installed: Sequence[str]) -> Change:
        """The change once more, with what could not be seen without Web-WMI. Raises MailError where a rule now forbids it."""
        try:
            return compare(self, change.item, self._look())
        except BadInput as reason:
            said = reason.message.removesuffix(" Nothing was changed.")
            error = MailError(
                f"{said} This could be seen only after {' and '.join(installed)} had been installed; nothing else was changed."
            )
            error.changed = True
            raise error from reason

    @property
    def _features(self) -> list[str]:
        return [iis.SMTP, iis.WMI, *([iis.CONSOLE] if self.options.get("install_console") else [])]

    def _missing(self, host: RelayHost) -> list[str]:
        """Features to install; a console that Windows does not have is none of them."""
        return [name for name in self._features if not host.windows.features.get(name, name == iis.CONSOLE)]

    def _directories(self, change: Change) -> Iterator[Statement]:
        """A message whose folder is missing stays in the queue under another name, so folders are made before they are named."""
        for option in DIRECTORIES:
            if option not in change.differing:
                continue
            path = change.want[option]
            (there,) = self.session.read(cmdlet("Test-Path", LiteralPath=path, PathType="Container"))
            if there != [True]:
                yield cmdlet("New-Item", Path=path, ItemType="Directory", Force=True)

    def _stored(self, change: Change) -> list[Statement]:
        """What is written into the metabase. The service goes by it after a restart."""
        return [*self._connections(change), *self._settings(change)]

    def _connections(self, change: Change) -> list[Statement]:
        """GrantByDefault in a message of its own and first: it decides which of the lists are valid (ms525725).

        The list of names is written with them, or the hosts in it could connect beside the addresses.
        """
        if not {"connect_addresses", "connect_names"} & change.differing:
            return []
        after, server = change.after, _host(change).server
        want: list[str] = after["connect_addresses"]
        everybody, statements = want == [ANY], []
        if "connect_addresses" in change.differing and (everybody or change.current.get("connect_addresses") == [ANY]):
            statements.append(iis.security_object().pipe("Set-CimInstance", Property={"GrantByDefault": everybody}))
        if not everybody:
            lists = {"IPGrant": [_address_and_mask(entry) for entry in want]}
            names = after.get("connect_names") or []
            if names or (server is not None and server.granted_names):
                lists["DomainGrant"] = names
            statements.append(iis.security_object().pipe("Set-CimInstance", Property=lists))
        return statements

    def _settings(self, change: Change) -> list[Statement]:
        """All that differs in one write, so that no mixture of old and new is ever live."""
        want = {option: change.want[option] for option in change.differing}
        properties = {str(field.parameter): field.argument(want[field.option]) for field in SETTINGS if field.option in want}
        if ("relay_addresses" in want or "relay_list" in want) and change.want.get("relay_addresses"):
            properties["RelayIpList"] = relay_ip_list.encode(change.want["relay_addresses"])
        if any(option in want for option in _SECURITY):
            server = _host(change).server
            kind, tls = (change.after.get(option) for option in _SECURITY)
            properties |= outbound_properties(server.found if server is not None else {}, kind or "none", bool(tls))
        if self._writes_password(change):
            properties["RoutePassword"] = str(self._password)
        elif change.item.restoring and want.get("smart_host_username") == "":
            properties["RoutePassword"] = ""  # nobody logged on before, so no password is left behind
        if "bindings" in want:
            properties["ServerBindings"] = [_binding(**binding) for binding in want["bindings"]]
        return [iis.setting_object().pipe("Set-CimInstance", Property=properties)] if properties else []

    def _rule(self, change: Change) -> list[Statement]:
        want, there = change.want.get("firewall_addresses"), _host(change).windows.rule
        if want is None and there is not None and there.addresses and "bindings" in change.want:
            want = there.addresses  # the rule is for the ports of the bindings, whoever it lets in
        if want is None:
            return []
        if not want:
            return [] if there is None else [firewall.remove()]
        bindings = change.after.get("bindings") or [{"port": 25}]
        ports = sorted({int(binding["port"]) for binding in bindings})
        if there is not None and (there.addresses, there.ports) == (want, sorted(map(str, ports))):
            return []
        return [firewall.write(there is not None, want, ports)]

    def _start_type(self, change: Change) -> Iterator[Statement]:
        """On Windows Server 2019, mail of a service that starts with Windows sticks in the queue; of one that starts delayed, it does not.

        Set-Service of Windows PowerShell knows no delayed start, which is a value in the registry.
        """
        if "start_type" not in change.differing:
            return
        want, earlier = change.want["start_type"], str(change.current.get("start_type"))
        kind = "automatic" if want == "delayed" else want
        if kind != {"delayed": "automatic"}.get(earlier, earlier):
            yield cmdlet("Set-Service", Name=iis.SERVICE, StartupType=kind.capitalize())
        if kind == "automatic" and _host(change).windows.delayed != (want == "delayed"):
            value = {"Value": int(want == "delayed"), "PropertyType": "DWord", "Force": True}
            yield cmdlet("New-ItemProperty", Path=iis.SERVICE_KEY, Name="DelayedAutostart", **value)

    def _service(self, change: Change, settings_changed: bool) -> Iterator[Statement]:
        windows = _host(change).windows
        want, runs = change.want.get("running"), windows.running
        if want is False:
            if runs:
                yield cmdlet("Stop-Service", Name=iis.SERVICE, Force=True)
        elif runs:
            if settings_changed or windows.restart_needed or (want and not change.current.get("running")):
                yield cmdlet("Restart-Service", Name=iis.SERVICE, Force=True)
        elif want:
            yield cmdlet("Start-Service", Name=iis.SERVICE)
        if windows.restart_noted or (settings_changed and runs):
            yield cmdlet("Remove-ItemProperty", Path=iis.SERVICE_KEY, Name=[iis.RESTART_NEEDED], Force=True)

    def _writes_password(self, change: Change) -> bool:
        """Nobody can read a password back, so it is written with its account, and again only when the task says ``always``."""
        if self._password is None or change.after.get("smart_host_authentication") not in rules.LOGS_ON:
            return False
        known = change.current.get("smart_host_authentication") in rules.LOGS_ON
        same_account = known and "smart_host_username" not in change.differing
        return not same_account or (self.options.get("update_password") == "always" and not change.item.restoring)

    @property
    def _password(self) -> str | None:
        return self.options.get("smart_host_password")

    @property
    def _password_of(self) -> str | None:
        """The account whose password the task carries, if it does."""
        return None if self._password is None else self.options.get("smart_host_username")

    @property
    def _allow_unencrypted(self) -> bool:
        return bool(self.options.get("allow_unencrypted_logon"))


def _host(change: Change) -> RelayHost:
    found: RelayHost = change.found.around
    return found


def _address_and_mask(entry: str) -> str:
    """``10.0.0.5, 255.255.255.255``: the form of IIsIPSecuritySetting's lists."""
    network = ipaddress.ip_network(entry)
    return f"{network.network_address}, {network.netmask}"


def _binding(address: str, port: int) -> CimInstance:
    """That CIM takes an embedded instance which a client sent has been tried on no real server."""
    return CimInstance(iis.NAMESPACE, "ServerBinding", {"IP": address, "Port": str(port), "Hostname": ""})
