"""The whole lab put together: which hosts there are, what runs on them, and who may enter."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from tests.lab.clock import Clock
from tests.lab.control import ControlServer
from tests.lab.directory import NETBIOS, Account, default_directory
from tests.lab.engine.cmdlets import Cmdlet
from tests.lab.engine.dialect import WINDOWS_POWERSHELL
from tests.lab.engine.host import (
    BASIC,
    CREDSSP,
    KERBEROS,
    MAX_SHELLS,
    NEGOTIATE,
    Endpoint,
    Host,
    Listener,
    Session,
    SnapIn,
    write_user_file,
)
from tests.lab.engine.interface import Engine
from tests.lab.engine.recorder import Recorder, distinct
from tests.lab.engine.shell import OwnEngine
from tests.lab.exchange.organisation import Organisation
from tests.lab.faults import Faults
from tests.lab.iis import hosts
from tests.lab.load_balancer import LoadBalancer
from tests.lab.network import CONTROL_PORT, EXCHANGE_HTTP_PORT, EXCHANGE_HTTPS_PORT, WINRM_PORT, Network
from tests.lab.outside import OutsideDomain
from tests.lab.pki import Authority
from tests.lab.pwsh.engine import PwshEngine
from tests.lab.sharepoint.farm import Farm

FARM_SERVERS = ("sp01", "sp02")
SNAP_IN = "Microsoft.SharePoint.PowerShell"
FARM_ENDPOINT = "SharePointFarm"
CONSTRAINED_ENDPOINT = "SharePointConstrained"
OWN, PWSH = "own", "pwsh"
ENGINES = (OWN, PWSH)
"""What opens the PowerShell sessions: the lab's own engine, or a real PowerShell."""
MUTANTS = (
    "auth-never-offered",
    "dropped-after-250",
    "group-check-off",
    "ndr-not-sent",
    "override-ignored",
    "permitted-senders-ignored",
    "ranges-ignored",
    *hosts.MUTANTS,
    "relay-for-anyone",
    "timer-goes-on",
    "tls-not-required",
    "tracking-silent",
)
"""What can be made wrong in one point, for tests that have to notice."""


class Part(Protocol):
    """Something that serves."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


@dataclasses.dataclass(frozen=True)
class Options:
    """How a lab is started. ``snap_in_delay`` is in seconds; ``timer_server`` holds the timer lock; ``windows`` is the
    version of the farm's servers; ``engine`` is one of ENGINES; ``time_zone`` is that of the farm's servers, and ``profile`` what their
    endpoints' startup scripts do (PROFILES), which a real engine alone can run."""

    state_dir: Path
    subnet: str = "127.0.10"
    sharepoint_build: str = "16.0.4522.1000"
    mutants: frozenset[str] = frozenset()
    snap_in_delay: float = 0.1
    uls_says: bool = True
    timer_server: str = "sp01"
    outside: tuple[str, int] | None = None
    more_web_applications: int = 0
    windows: str = "2016"
    max_shells: int = MAX_SHELLS
    engine: str = OWN
    time_zone: str = "UTC"
    profile: tuple[str, ...] = ()


class World:
    """Builds everything at construction; ``start`` serves, ``stop`` ends all servers and threads."""

    def __init__(self, options: Options) -> None:
        self.options = options
        zone = ZoneInfo(options.time_zone)
        self.network = Network(options.subnet, options.outside)
        self.directory = default_directory()
        self.pki = Authority(self.network)
        options.state_dir.mkdir(parents=True, exist_ok=True)
        self.pki.write(options.state_dir / "ca.pem")
        write_user_file(self.directory, options.state_dir / "ntlm-users")
        self._pipelines = options.state_dir / "pipelines.jsonl"
        self._pipelines.write_text("", encoding="utf-8")
        self.recorder = Recorder(self._pipelines, [account.password for account in self.directory.accounts.values()])
        self.outside = OutsideDomain(self.network, self.directory, self.pki)
        self.clock = Clock()
        self.faults = Faults()
        self.organisation = Organisation(self.network, self.directory, self.pki, options.mutants, self.clock, self.faults)
        self.balancer = LoadBalancer(self.network)
        self.farm = Farm(
            self.network,
            self.directory,
            self.pki,
            build=options.sharepoint_build,
            mutants=options.mutants,
            uls_says=options.uls_says,
            zone=zone,
            timer_server=options.timer_server,
            more_web_applications=options.more_web_applications,
            faults=self.faults,
        )
        self.windows = hosts.WindowsHosts(FARM_SERVERS, self.network, self.directory, options.mutants, options.windows)
        self.engine: Engine = OwnEngine(dataclasses.replace(WINDOWS_POWERSHELL, zone=zone), self.recorder, self.faults)
        self._bridge: list[Part] = []
        if options.engine == PWSH:
            pwsh = PwshEngine(self.network.addresses["lab"], self.recorder, self.faults, options.state_dir, self._endpoints, zone.key)
            self.engine, self._bridge = pwsh, [pwsh]
        self.hosts = [self._sharepoint_host(name) for name in FARM_SERVERS]
        self.hosts += [self._exchange_host(name) for name in ("ex01", "ex02")]
        self.control = ControlServer(
            self.network.addresses["lab"],
            CONTROL_PORT,
            {
                "snapshot": self.snapshot,
                "pipelines": lambda: distinct(self._pipelines),
                "faults": self.faults.listed,
                "shells": lambda: {host.name: host.open_shells for host in self.hosts},
            },
            {
                "boot": lambda body: self.windows.machines[body["host"]].boot(),
                "faults": self.faults.set,
                "clock": lambda body: {"offset": self.clock.advance(float(body["advance"]))},
            },
        )

    def start(self) -> None:
        """Raises OSError when an address or port is taken."""
        for part in self._parts():
            part.start()

    def stop(self) -> None:
        for part in reversed(self._parts()):
            part.stop()

    def _parts(self) -> list[Part]:
        return [self.outside, self.organisation, self.balancer, self.windows, self.farm, *self._bridge, *self.hosts, self.control]

    def _endpoints(self) -> list[Endpoint]:
        return [endpoint for host in self.hosts for listener in host.listeners for endpoint in listener.endpoints]

    def account(self, name: str) -> Account:
        """Raises KeyError when there is none."""
        account = self.directory.find(name)
        if account is None:
            raise KeyError(name)
        return account

    def snapshot(self) -> dict[str, Any]:
        """The configuration of both products and of the farm servers' Windows: what a run that changes nothing leaves as it was."""
        return {"exchange": self.organisation.snapshot(), "sharepoint": self.farm.snapshot(), "windows": self.windows.snapshot()}

    def _host(self, name: str, listeners: list[Listener]) -> Host:
        address = self.network.addresses[name]
        return Host(name, address, listeners, self.directory, self.engine, self.faults, self.options.max_shells)

    def _sharepoint_host(self, name: str) -> Host:
        def commands(session: Session) -> Mapping[str, Cmdlet]:
            return {**self.farm.windows_cmdlets(session), **self.windows.cmdlets(session)}

        build = self.options.sharepoint_build
        snap_ins = (SnapIn(SNAP_IN, self.farm.cmdlets, self.options.snap_in_delay),)
        endpoints = [
            Endpoint(
                "Microsoft.PowerShell", commands, snap_ins=snap_ins, product="SharePoint", version=build, profile=self.options.profile
            ),
            *(
                Endpoint(
                    own,
                    commands,
                    language_mode=mode,
                    snap_ins=snap_ins,
                    run_as=f"{NETBIOS}\\sp_farm",
                    may_enter=lambda account: "farm" in account.roles,
                    product="SharePoint",
                    version=build,
                    profile=self.options.profile,
                )
                for own, mode in ((FARM_ENDPOINT, "FullLanguage"), (CONSTRAINED_ENDPOINT, "ConstrainedLanguage"))
            ),
        ]
        listeners = [Listener(WINRM_PORT, endpoints, frozenset({NEGOTIATE, CREDSSP}))]
        return self._host(name, listeners)

    def _exchange_host(self, name: str) -> Host:
        def has_a_role(account: Account) -> bool:
            return bool(account.roles - {"farm"})

        exchange = Endpoint(
            "Microsoft.Exchange",
            self.organisation.cmdlets,
            language_mode="NoLanguage",
            may_enter=has_a_role,
            every_command=self.organisation.every_cmdlet,
            product="Exchange",
            version="15.1.2375.7",
        )
        windows = Endpoint("Microsoft.PowerShell", product="Windows", version="5.1")
        listeners = [
            Listener(EXCHANGE_HTTP_PORT, [exchange], frozenset({KERBEROS}), "/PowerShell/"),
            Listener(EXCHANGE_HTTPS_PORT, [exchange], frozenset({BASIC}), "/PowerShell/", self.pki.host_context(name)),
            Listener(WINRM_PORT, [windows], frozenset({NEGOTIATE})),
        ]
        return self._host(name, listeners)
