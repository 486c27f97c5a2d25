"""One host's remoting service: its listeners, its endpoints, and how it can be made to fail.

    host = Host("sp01", "127.0.10.21", [
        Listener(5985, [Endpoint("Microsoft.PowerShell", commands, snap_ins=(SnapIn("Microsoft.SharePoint.PowerShell", cmdlets),))],
                 authentication={NEGOTIATE, CREDSSP})], directory, engine)
    host.start()
    ...
    host.stop()

NTLM checks passwords against the file that the environment variable NTLM_USER_FILE names (pyspnego): one file for the whole
process, written by ``write_user_file`` before the first host starts.
"""

from __future__ import annotations

import dataclasses
import ssl
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from tests.lab.directory import Directory
from tests.lab.engine.http import Server
from tests.lab.engine.interface import Engine
from tests.lab.engine.session import BASIC, CREDSSP, KERBEROS, NEGOTIATE, Endpoint, Session, SnapIn
from tests.lab.engine.users import write_user_file
from tests.lab.engine.wsman import Service
from tests.lab.faults import Faults

MAX_SHELLS = 30
"""WinRM's default of MaxShellsPerUser ([MS-WSMV] 2.2.4.42)."""

__all__ = [
    "BASIC",
    "CREDSSP",
    "KERBEROS",
    "MAX_SHELLS",
    "NEGOTIATE",
    "Endpoint",
    "Host",
    "Listener",
    "Session",
    "SnapIn",
    "write_user_file",
]


@dataclasses.dataclass(frozen=True)
class Listener:
    """A port of the host, and the endpoints reached through it.

    ``path`` is the URL's path (``/wsman``, or an IIS virtual directory such as ``/PowerShell/``), compared without case and final slash.
    ``authentication`` holds what is offered: NEGOTIATE (NTLM inside), CREDSSP, BASIC, KERBEROS. Kerberos is offered but never
    succeeds: the lab has no KDC, so a listener with KERBEROS alone lets nobody in.
    Without ``tls`` the service takes encrypted messages only, as WinRM does by default (AllowUnencrypted=false).
    """

    port: int
    endpoints: Sequence[Endpoint]
    authentication: AbstractSet[str] = frozenset({NEGOTIATE, CREDSSP})
    path: str = "/wsman"
    tls: ssl.SSLContext | None = None


class Host:
    """Serves WSMan on one address. ``faults`` holds what goes wrong on order; ``down()`` and ``up()`` cut the host off and back.

    ``engine`` opens the sessions. ``max_shells`` is how many shells a user may have open at each listener (MaxShellsPerUser).
    """

    def __init__(
        self,
        name: str,
        address: str,
        listeners: Sequence[Listener],
        directory: Directory,
        engine: Engine,
        faults: Faults | None = None,
        max_shells: int = MAX_SHELLS,
    ) -> None:
        self.name = name
        self.address = address
        self.listeners = tuple(listeners)
        self.faults = faults or Faults()
        self._directory = directory
        self._services = [Service(name, listener.endpoints, directory, engine, self.faults, max_shells) for listener in self.listeners]
        self._servers: list[Server] = []

    @property
    def open_shells(self) -> int:
        """Shells that nobody has closed, of all users."""
        return sum(service.open_shells for service in self._services)

    def start(self) -> None:
        """Binds and serves all listeners in threads of their own. Raises OSError when an address or port is taken."""
        for listener, service in zip(self.listeners, self._services, strict=True):
            server = Server((self.address, listener.port), listener.path, listener.authentication, service, self._directory, listener.tls)
            self._servers.append(server)
            server.start()

    def stop(self) -> None:
        """Ends every session, closes every connection and waits for the threads."""
        for service in self._services:
            service.close()
        for server in self._servers:
            server.stop()
        self._servers.clear()

    def down(self) -> None:
        """The host goes down: sessions are lost, connections cut, new ones refused."""
        self.stop()

    def up(self) -> None:
        """The host comes back, with no sessions."""
        self.start()
