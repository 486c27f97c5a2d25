"""The Exchange organisation as the lab composes it: state, SMTP servers, transport, mailboxes, and the cmdlets of a session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.lab.clock import Clock
from tests.lab.directory import Directory
from tests.lab.engine.cmdlets import Cmdlet
from tests.lab.exchange import cmdlets
from tests.lab.exchange.ews_server import WebServices
from tests.lab.exchange.hub import Hub
from tests.lab.exchange.listeners import Listeners
from tests.lab.exchange.state import fresh
from tests.lab.faults import Faults
from tests.lab.mailboxes import Mailboxes
from tests.lab.network import DOMAIN, Network
from tests.lab.pki import Authority


class Organisation:
    """Two servers, EX01 and EX02. ``start()`` opens their sockets; mailboxes are read over IMAPS and EWS at EX01's address."""

    def __init__(
        self,
        network: Network,
        directory: Directory,
        pki: Authority,
        mutants: frozenset[str] = frozenset(),
        clock: Clock | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.state = fresh(network, directory, mutants, clock or Clock())
        self.state.faults = faults or self.state.faults
        self.mailboxes = Mailboxes(DOMAIN, directory, network.addresses["ex01"], pki.host_context("ex01"))
        context = pki.host_context("ex01")
        self._web_services = WebServices(self.mailboxes, directory, network.addresses["ex01"], f"ex01.{DOMAIN}", context, self.state.faults)
        self._hub = Hub(self.state, self.mailboxes)
        self._listeners = Listeners(self.state, self._hub, pki)
        self.every_cmdlet = cmdlets.build(self.state)

    def start(self) -> None:
        """Raises OSError when a port is taken."""
        try:
            self.mailboxes.start()
            self._web_services.start()
            self._hub.start()
            self._listeners.start()
        except OSError:
            self.stop()
            raise
        self.state.changed = self._listeners.follow

    def stop(self) -> None:
        self.state.changed = lambda: None
        self._listeners.stop()
        self._hub.stop()
        self._web_services.stop()
        self.mailboxes.stop()

    def cmdlets(self, session: Any) -> Mapping[str, Cmdlet]:
        """Lower-case name to cmdlet: those that the session's account may run by its RBAC roles."""
        return cmdlets.granted(self.every_cmdlet, self.state.directory.find(session.user))

    def snapshot(self) -> dict[str, Any]:
        """Connectors, permissions and groups, JSON-able; equal when nothing was changed."""
        return self.state.snapshot()
