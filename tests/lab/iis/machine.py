"""One farm server's Windows: features, services, registry, firewall, files, and the SMTP server when it is installed."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterable
from typing import Any

from tests.lab.directory import Directory
from tests.lab.engine.objects import EnumType
from tests.lab.exchange.ntlm import NtlmAcceptor
from tests.lab.iis.features import VERSIONS, Features
from tests.lab.iis.files import Files
from tests.lab.iis.firewall import Firewall
from tests.lab.iis.metabase import MAIL_ROOT, Metabase
from tests.lab.iis.service import SmtpService, Surroundings
from tests.lab.iis.spool import Spool
from tests.lab.network import DOMAIN, Network

SMTP, METABASE_SERVICE = "SMTPSVC", "IISADMIN"
START_TYPE = EnumType("System.ServiceProcess.ServiceStartMode", {"Boot": 0, "System": 1, "Automatic": 2, "Manual": 3, "Disabled": 4})


class ServiceDisabled(Exception):
    """The service cannot be started: it, or one that it needs, is disabled."""


@dataclasses.dataclass
class Service:
    """A Windows service. ``start`` is the number of its start type; ``delayed`` is DelayedAutostart in the registry, None when it is not
    there, and counts only for an automatic one."""

    name: str
    title: str
    start: int
    running: bool = False
    delayed: int | None = None
    needs: tuple[str, ...] = ()
    values: dict[str, int] = dataclasses.field(default_factory=dict)
    """Other values of its key in the registry, by name."""
    path: str = "C:\\Windows\\system32\\inetsrv\\inetinfo.exe"


class Machine:
    """``host`` is the short name, such as ``sp01``. ``lock`` guards changes; the SMTP service runs only between ``power_on`` and
    ``power_off``."""

    def __init__(
        self, host: str, network: Network, directory: Directory, acceptor: NtlmAcceptor, mutants: frozenset[str], windows: str
    ) -> None:
        self.host = host
        self.fqdn = f"{host}.{DOMAIN}"
        self.windows = windows
        self.number, self.caption, smtp_version = VERSIONS[windows]
        self.lock = threading.RLock()
        self.features = Features(windows)
        self.services: dict[str, Service] = {}
        self.files = Files()
        self.firewall = Firewall(network.addresses[host])
        self.metabase = Metabase(self.fqdn)
        self.spool = Spool(self.files)
        self._around = Surroundings(host, smtp_version, network, directory, acceptor, self.files, self.spool, self.firewall.allows, mutants)
        self._run: SmtpService | None = None
        self._powered = False

    @property
    def has_smtp(self) -> bool:
        return self.features.has("SMTP-Server")

    @property
    def connections(self) -> int:
        return 0 if self._run is None else self._run.connections

    def power_on(self) -> None:
        with self.lock:
            self._powered = True
            if SMTP in self.services and self.services[SMTP].running:
                self._start_smtp()

    def power_off(self) -> None:
        with self.lock:
            self._powered = False
            self._stop_smtp()

    def boot(self) -> None:
        """Restarts the machine: services come up as their start types say. On Windows Server 2019 an SMTP server that starts at once
        with the machine leaves mail in the queue until it is started again."""
        with self.lock:
            self._stop_smtp()
            for service in self.services.values():
                service.running = service.start == START_TYPE.members["Automatic"]
            if SMTP in self.services and self.services[SMTP].running:
                self.services[METABASE_SERVICE].running = True
                self._start_smtp(stuck=self.windows == "2019" and not self.services[SMTP].delayed)

    def install(self, names: Iterable[str], tools: bool = False) -> list[str]:
        """Installs features with all that they need, and gives the names of those that are new."""
        with self.lock:
            added = [name for name in self.features.closure(names, tools) if not self.features.has(name)]
            self.features.installed |= set(added)
            if "Web-Metabase" in added:
                path = "C:\\Windows\\system32\\inetsrv\\inetinfo.exe"
                self.services[METABASE_SERVICE] = Service(METABASE_SERVICE, "IIS Admin Service", 2, running=True, path=path)
            if "SMTP-Server" in added:
                self.services[SMTP] = Service(SMTP, "Simple Mail Transfer Protocol (SMTP)", 3, needs=(METABASE_SERVICE,))
                self.metabase = Metabase(self.fqdn)
                for folder in ("Badmail", "Drop", "Pickup", "Queue"):
                    self.files.make_folder(f"{MAIL_ROOT}\\{folder}")
            return added

    def uninstall(self, names: Iterable[str]) -> list[str]:
        """Removes features and all that need them, and gives the names of those that are gone."""
        with self.lock:
            gone = self.features.dependents(names)
            if "SMTP-Server" in gone:
                self.stop(SMTP)
                del self.services[SMTP]
            if "Web-Metabase" in gone:
                self.services.pop(METABASE_SERVICE, None)
            self.features.installed -= set(gone)
            return gone

    def start(self, name: str) -> None:
        """Starts a service and what it needs. Raises ServiceDisabled."""
        with self.lock:
            service = self.services[name]
            chain = [self.services[needed] for needed in service.needs if needed in self.services] + [service]
            if any(one.start == START_TYPE.members["Disabled"] for one in chain if not one.running):
                raise ServiceDisabled(name)
            for one in chain:
                one.running = True
            if name == SMTP and self._run is None:
                self._start_smtp()

    def stop(self, name: str) -> None:
        """Stops a service and what needs it."""
        with self.lock:
            for one in [*self.dependents(name), name]:
                self.services[one].running = False
            if name == SMTP or SMTP in self.dependents(name):
                self._stop_smtp()

    def dependents(self, name: str) -> list[str]:
        """Names of the services that need this one."""
        return [one.name for one in self.services.values() if name in one.needs]

    def snapshot(self) -> dict[str, Any]:
        """What is configured, JSON-able and without secrets: equal when nothing was changed."""
        with self.lock:
            shown = self.metabase.shown()
            shown["RelayIpList"] = None if shown["RelayIpList"] is None else shown["RelayIpList"].hex()
            return {
                "windows": self.windows,
                "features": sorted(self.features.installed),
                "services": {
                    one.name: {"running": one.running, "start": one.start, "delayed": one.delayed, "values": dict(one.values)}
                    for one in self.services.values()
                },
                "firewall": {rule.name: dataclasses.asdict(rule) for rule in self.firewall.rules},
                "settings": shown if self.has_smtp else {},
                "ip_security": dict(self.metabase.ip_security) if self.has_smtp else {},
            }

    def _start_smtp(self, stuck: bool = False) -> None:
        if self._powered:
            self._run = SmtpService(self._around, self.metabase.effective(), stuck)
            self._run.start()

    def _stop_smtp(self) -> None:
        if self._run is not None:
            self._run.stop()
            self._run = None
