"""The farm servers' Windows as the lab composes it: a machine for each, and the cmdlets that their sessions have for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.lab.directory import Directory
from tests.lab.engine.cmdlets import Cmdlet
from tests.lab.exchange.ntlm import NtlmAcceptor
from tests.lab.iis import feature_cmdlets
from tests.lab.iis.administration import Administration
from tests.lab.iis.cim_cmdlets import CimCmdlets
from tests.lab.iis.firewall_cmdlets import FirewallCmdlets
from tests.lab.iis.item_cmdlets import ItemCmdlets
from tests.lab.iis.machine import Machine
from tests.lab.iis.service_cmdlets import ServiceCmdlets
from tests.lab.network import Network

MUTANTS = ("relay-drops-credentials", "relay-loses-mail", "relay-serves-anyone")
"""What a relay can do wrong: never log on to the smart host, throw away what it has taken, relay for whoever asks."""


class WindowsHosts:
    """``start()`` opens the sockets of the SMTP servers that are set to run."""

    def __init__(self, names: Iterable[str], network: Network, directory: Directory, mutants: frozenset[str], windows: str) -> None:
        # One for all: each that ends puts back what the environment named before, which only the last one to come may do.
        self._acceptor = NtlmAcceptor(directory)
        self.machines = {name: Machine(name, network, directory, self._acceptor, mutants, windows) for name in names}
        administration = Administration(self.machines, directory)
        self._cmdlets = {
            cmdlet.name.lower(): cmdlet
            for cmdlet in (
                *feature_cmdlets.cmdlets(administration),
                *ServiceCmdlets(administration).cmdlets(),
                *CimCmdlets(administration).cmdlets(),
                *FirewallCmdlets(administration).cmdlets(),
                *ItemCmdlets(administration).cmdlets(),
            )
        }

    def start(self) -> None:
        for machine in self.machines.values():
            machine.power_on()

    def stop(self) -> None:
        for machine in self.machines.values():
            machine.power_off()
        self._acceptor.close()

    def cmdlets(self, session: Any) -> Mapping[str, Cmdlet]:
        """By lower-case name, for a session on one of the machines."""
        return self._cmdlets

    def snapshot(self) -> dict[str, Any]:
        return {name: machine.snapshot() for name, machine in self.machines.items()}
