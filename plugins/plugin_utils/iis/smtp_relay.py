# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The IIS SMTP relay of a Windows server as a resource: features, the default virtual server, its service, and our firewall rule."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

from ..common.errors import BadInput, MailError, RemoteError
from ..iis import firewall, relay_ip_list
from ..iis import relay_rules as rules
from ..iis import virtual_server as iis
from ..remoting.pipeline import CimInstance, Statement, cmdlet
from ..remoting.session import Session
from ..resource import Current, Field, Item, Resource
from .settings import ANY, BY_OPTION, DIRECTORIES, SETTINGS, outbound_properties, wanted

_RUNNING = {"started": True, "stopped": False}
_SECURITY = ("smart_host_authentication", "smart_host_tls")
_LISTS = ("bindings", "connect_addresses", "connect_names", "relay_list", "relay_addresses")
_OTHERS = ("present", "running", "restart_needed", "start_type", *_LISTS, *_SECURITY)


class SmtpRelay(Resource):
    """One item: the default virtual server of the task's host."""

    noun = "SMTP relay"
    set_cmdlet = "Set-CimInstance"
    fields: ClassVar[tuple[Field, ...]] = tuple(
        Field(option, option) for option in (*_OTHERS, *(setting.option for setting in SETTINGS), "firewall_addresses")
    )

    def __init__(self, session: Session, options: Mapping[str, Any]) -> None:
        super().__init__(session, options)
        self._host: iis.WindowsServer | None = None
        self._server: iis.VirtualServer | None = None

    @classmethod
    def items(cls, options: Mapping[str, Any]) -> list[Item]:
        if options["state"] == "absent":
            return [Item(iis.INSTANCE, {}, present=False)]
        want = {"present": True, "restart_needed": False, **wanted(options)}
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

    @property
    def host(self) -> iis.WindowsServer:
        """The host as it was last looked at."""
        return self._look() if self._host is None else self._host

    def _look(self) -> iis.WindowsServer:
        host = self._host = iis.read_host(self.session)
        self._server = iis.read_virtual_server(self.session, host)
        return host

    def read(self, items: Sequence[Item]) -> list[Current | None]:
        self._look()
        if not self.host.features.get(iis.SMTP) and self.host.rule is None:
            return [None for _item in items]
        return [iis.current_settings(self.host, self._server) for _item in items]

    def objection(self, item: Item, current: Current | None) -> str | None:
        if not item.present:
            return None
        if self.host.firewall_error is not None and "firewall_addresses" in item.want:
            return f"firewall_addresses cannot be kept: {self.host.firewall_error.message}"
        before = current or {}
        after = {**before, **item.want}
        return (
            rules.missing_feature(self.host)
            or rules.unreadable_list(item.want, self._server, self.host.name)
            or rules.open_relay(item.want, self._server, self.host)
            or rules.restart_of_disabled(
                item.want, self.host, self.host.restart_needed or (self._server is not None and bool(self._stored(item, before)))
            )
            or rules.smart_host_account(after, before, self._password is not None, self._allow_unencrypted, self.host.name)
            or rules.smart_host_itself(after, self.host.name, [urlsplit(self.session.endpoint.url).hostname or ""])
        )

    def remedy(self, error: RemoteError) -> str:
        return iis.not_administrator(self.session, error)

    def unseen(self, item: Item, current: Current) -> bool:
        """A password that is to be written each time; a missing console; a rule that lets the right addresses reach the wrong ports."""
        return self._writes_password(item, current) or bool(self._missing) or bool(self._rule(item, current))

    def create(self, item: Item, parameters: Mapping[str, Any]) -> Iterator[Statement]:
        return self._bring(item)

    def update(self, item: Item, current: Current, parameters: Mapping[str, Any]) -> Iterator[Statement]:
        return self._bring(item)

    def remove(self, item: Item, current: Current) -> Iterator[Statement]:
        """Web-WMI stays: SharePoint's own prerequisites include it. Mail in the queue stays where it is, in its folder."""
        if self.host.rule is not None:
            yield firewall.remove()
        if self.host.features.get(iis.SMTP):
            if self.host.running:
                yield cmdlet("Stop-Service", Name=iis.SERVICE, Force=True)
            if self.host.start_type not in (None, "disabled"):
                yield cmdlet("Set-Service", Name=iis.SERVICE, StartupType="Disabled")
            yield cmdlet("Uninstall-WindowsFeature", Name=[iis.SMTP])

    def summary(self, after: Mapping[str, Any]) -> dict[str, Any]:
        settings = after[iis.INSTANCE] or {"present": False, "running": False}
        return {"relay": iis.relay_facts(self.host.name, settings)}

    def _bring(self, item: Item) -> Iterator[Statement]:
        """From what is there to what is asked, so that at no moment more than the old or the new settings may be relayed.

        The lists of who may come are written first, the firewall opens after them, and the service starts last.
        """
        missing = self._missing
        if missing:
            yield cmdlet("Install-WindowsFeature", Name=missing)
            if not iis.read_host(self.session).service_runs(iis.METABASE_SERVICE):
                yield cmdlet("Start-Service", Name=iis.METABASE_SERVICE)
            self._look()
            self._check_what_was_hidden(item, missing)
        if self._server is None:
            raise MailError(
                f"{self.host.name} has the features {' and '.join(self._features)} now, but shows no SMTP server {iis.INSTANCE}. "
                f"Windows may want a restart before it does: restart the server and run the task again."
            )
        current = iis.current_settings(self.host, self._server)
        yield from self._directories(item, current)
        stored = self._stored(item, current)
        if stored and self.host.running:
            yield cmdlet("New-ItemProperty", Path=iis.SERVICE_KEY, Name=iis.RESTART_NEEDED, Value=1, PropertyType="DWord", Force=True)
        yield from stored
        yield from self._rule(item, current)
        yield from self._start_type(item, current)
        yield from self._service(item, current, bool(stored))

    def _check_what_was_hidden(self, item: Item, installed: Sequence[str]) -> None:
        """The rules once more: without Web-WMI nothing of an existing server was seen. Raises MailError."""
        if self._server is None:
            return
        reason = self.objection(item, iis.current_settings(self.host, self._server))
        if reason is not None:
            error = MailError(
                f"{reason} This could be seen only after {' and '.join(installed)} had been installed; nothing else was changed."
            )
            error.changed = True
            raise error

    @property
    def _features(self) -> list[str]:
        return [iis.SMTP, iis.WMI, *([iis.CONSOLE] if self.options.get("install_console") else [])]

    @property
    def _missing(self) -> list[str]:
        """Features to install; a console that Windows does not have is none of them."""
        return [name for name in self._features if not self.host.features.get(name, name == iis.CONSOLE)]

    def _directories(self, item: Item, current: Current) -> Iterator[Statement]:
        """A message whose folder is missing stays in the queue under another name, so folders are made before they are named."""
        for option in DIRECTORIES:
            path = item.want.get(option)
            if path is None or path == current.get(option):
                continue
            (there,) = self.session.read(cmdlet("Test-Path", LiteralPath=path, PathType="Container"))
            if there != [True]:
                yield cmdlet("New-Item", Path=path, ItemType="Directory", Force=True)

    def _stored(self, item: Item, current: Current) -> list[Statement]:
        """What is written into the metabase. The service goes by it after a restart."""
        return [*self._connections(item, current), *self._settings(item, current)]

    def _connections(self, item: Item, current: Current) -> list[Statement]:
        """GrantByDefault in a message of its own and first: it decides which of the lists are valid (ms525725).

        The list of names is cleared with them, or those hosts could connect beside the addresses.
        """
        want = item.want.get("connect_addresses")
        if want is None or (want, []) == (current.get("connect_addresses"), current.get("connect_names")):
            return []
        everybody, statements = want == [ANY], []
        if everybody or current.get("connect_addresses") == [ANY]:
            statements.append(iis.security_object().pipe("Set-CimInstance", Property={"GrantByDefault": everybody}))
        if not everybody:
            lists = {"IPGrant": [_address_and_mask(entry) for entry in want]}
            if self._server is not None and self._server.granted_names:
                lists["DomainGrant"] = []
            statements.append(iis.security_object().pipe("Set-CimInstance", Property=lists))
        return statements

    def _settings(self, item: Item, current: Current) -> list[Statement]:
        """All that differs in one write, so that no mixture of old and new is ever live."""
        want = {option: value for option, value in item.want.items() if value != current.get(option)}
        properties = {BY_OPTION[option].property: BY_OPTION[option].raw(value) for option, value in want.items() if option in BY_OPTION}
        if "relay_addresses" in want or ("relay_list" in want and item.want.get("relay_addresses")):
            properties["RelayIpList"] = relay_ip_list.encode(item.want["relay_addresses"])
        if any(option in want for option in _SECURITY):
            after = {**current, **item.want}
            found = self._server.found if self._server is not None else {}
            kind, tls = (after.get(option) for option in _SECURITY)
            properties |= outbound_properties(found, kind or "none", bool(tls))
        if self._writes_password(item, current):
            properties["RoutePassword"] = str(self._password)
        if "bindings" in want:
            properties["ServerBindings"] = [_binding(**binding) for binding in want["bindings"]]
        return [iis.setting_object().pipe("Set-CimInstance", Property=properties)] if properties else []

    def _rule(self, item: Item, current: Current) -> list[Statement]:
        want, there = item.want.get("firewall_addresses"), self.host.rule
        if want is None and there is not None and there.addresses and "bindings" in item.want:
            want = there.addresses  # the rule is for the ports of the bindings, whoever it lets in
        if want is None:
            return []
        if not want:
            return [] if there is None else [firewall.remove()]
        bindings = item.want.get("bindings") or current.get("bindings") or [{"port": 25}]
        ports = sorted({int(binding["port"]) for binding in bindings})
        if there is not None and (there.addresses, there.ports) == (want, sorted(map(str, ports))):
            return []
        return [firewall.write(there is not None, want, ports)]

    def _start_type(self, item: Item, current: Current) -> Iterator[Statement]:
        """On Windows Server 2019, mail of a service that starts with Windows sticks in the queue; of one that starts delayed, it does not.

        Set-Service of Windows PowerShell knows no delayed start, which is a value in the registry.
        """
        want = item.want.get("start_type")
        if want is None or want == current.get("start_type"):
            return
        kind = "automatic" if want == "delayed" else want
        if kind != {"delayed": "automatic"}.get(str(current.get("start_type")), current.get("start_type")):
            yield cmdlet("Set-Service", Name=iis.SERVICE, StartupType=kind.capitalize())
        if kind == "automatic" and self.host.delayed != (want == "delayed"):
            value = {"Value": int(want == "delayed"), "PropertyType": "DWord", "Force": True}
            yield cmdlet("New-ItemProperty", Path=iis.SERVICE_KEY, Name="DelayedAutostart", **value)

    def _service(self, item: Item, current: Current, settings_changed: bool) -> Iterator[Statement]:
        want, runs = item.want.get("running"), self.host.running
        if want is False:
            if runs:
                yield cmdlet("Stop-Service", Name=iis.SERVICE, Force=True)
        elif runs:
            if settings_changed or self.host.restart_needed or (want and not current.get("running")):
                yield cmdlet("Restart-Service", Name=iis.SERVICE, Force=True)
        elif want:
            yield cmdlet("Start-Service", Name=iis.SERVICE)
        if self.host.restart_noted or (settings_changed and runs):
            yield cmdlet("Remove-ItemProperty", Path=iis.SERVICE_KEY, Name=[iis.RESTART_NEEDED], Force=True)

    def _writes_password(self, item: Item, current: Current) -> bool:
        """Nobody can read a password back, so it is written with its account, and again only when the task says ``always``."""
        after = {**current, **item.want}
        if self._password is None or after.get("smart_host_authentication") not in ("basic", "ntlm"):
            return False
        known = current.get("smart_host_authentication") in ("basic", "ntlm")
        same = known and current.get("smart_host_username") == after.get("smart_host_username")
        return self.options.get("update_password") == "always" or not same

    @property
    def _password(self) -> str | None:
        return self.options.get("smart_host_password")

    @property
    def _allow_unencrypted(self) -> bool:
        return bool(self.options.get("allow_unencrypted_logon"))


def _address_and_mask(entry: str) -> str:
    """``10.0.0.5, 255.255.255.255``: the form of IIsIPSecuritySetting's lists."""
    network = ipaddress.ip_network(entry)
    return f"{network.network_address}, {network.netmask}"


def _binding(address: str, port: int) -> CimInstance:
    """That CIM takes an embedded instance which a client sent has been tried on no real server."""
    return CimInstance(iis.NAMESPACE, "ServerBinding", {"IP": address, "Port": str(port), "Hostname": ""})
