"""The organisation's state: what its cmdlets read and write, and what its servers obey."""

from __future__ import annotations

import dataclasses
import ipaddress
import threading
from collections.abc import Callable, Sequence
from typing import Any

from tests.lab.clock import Clock
from tests.lab.directory import Directory
from tests.lab.engine.objects import Custom
from tests.lab.exchange import recipients
from tests.lab.exchange.connectors import ReceiveConnector, made_by_setup
from tests.lab.exchange.mailbox_cache import MailboxCache
from tests.lab.exchange.recipients import DistributionGroup, Mailbox, MailContact, Recipient
from tests.lab.exchange.rights import AccessLists
from tests.lab.exchange.servers import Server, accepted_domain, send_connector
from tests.lab.exchange.tracking import TrackingLog
from tests.lab.faults import Faults
from tests.lab.network import DOMAIN, SMTP_PORT, Network

SEND_CONNECTOR = "Internet"


@dataclasses.dataclass
class State:
    """``lock`` guards changes; ``changed`` is called after a change of connectors, and returns when the servers listen accordingly."""

    network: Network
    directory: Directory
    mutants: frozenset[str]
    servers: list[Server]
    access: AccessLists
    connectors: list[ReceiveConnector]
    recipients: list[Recipient]
    accepted_domains: list[str]
    send_connectors: list[Custom]
    tracking: dict[str, TrackingLog]
    mailbox_cache: MailboxCache
    lock: threading.RLock = dataclasses.field(default_factory=threading.RLock)
    changed: Callable[[], None] = lambda: None
    faults: Faults = dataclasses.field(default_factory=Faults)

    def server(self, identity: str) -> Server | None:
        return next((server for server in self.servers if server.is_called(identity)), None)

    def recipient(self, identity: str) -> Recipient | None:
        return recipients.find(self.recipients, identity)

    def accepts(self, address: str) -> bool:
        """Whether the address is in an accepted domain."""
        return address.rpartition("@")[2].lower() in self.accepted_domains

    def select(self, server: Server, port: int, remote: str) -> ReceiveConnector | None:
        """The connector that takes a connection: most specific binding first, then the most specific remote range."""
        local, peer = ipaddress.ip_address(server.address), ipaddress.ip_address(remote)
        mine = [one for one in self.connectors if one.server is server and one.settings["Enabled"]]
        if "ranges-ignored" in self.mutants:
            own = [one for one in mine if not one.made_by_setup and any(b.port == port and b.listens_on(local) for b in one.bindings)]
            if own:
                return own[-1]
        matching = [(match, one) for one in mine if (match := one.matches(local, port, peer)) is not None]
        return min(matching, key=lambda pair: pair[0], default=(None, None))[1]

    def _entries_in_directory(self) -> list[str]:
        """Distinguished names of recipients and organisational units."""
        return [*(one.distinguished_name for one in self.recipients), *map(recipients.unit_name, recipients.UNITS)]

    def snapshot(self) -> dict[str, Any]:
        """Connectors, permissions and groups as JSON-able text, without times: equal when nothing was changed."""
        volatile = {"WhenChanged", "WhenCreated", "WhenChangedUTC", "WhenCreatedUTC"}
        with self.lock:
            return {
                "connectors": {
                    one.identity: {name: _plain(value) for name, value in one.properties().items() if name not in volatile}
                    for one in sorted(self.connectors, key=lambda one: one.identity)
                },
                "permissions": {
                    name: [f"{'deny' if entry.deny else 'allow'} {entry.principal}: {entry.right}" for entry in self.access.of(name)]
                    for name in sorted([*(one.distinguished_name for one in self.connectors), *self._entries_in_directory()])
                },
                "groups": {
                    one.address: {name: _plain(value) for name, value in one.properties().items()}
                    for one in self.recipients
                    if isinstance(one, DistributionGroup)
                },
            }


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return sorted(str(item) for item in value)
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def fresh(network: Network, directory: Directory, mutants: frozenset[str], clock: Clock) -> State:
    """Two servers as setup leaves them, the directory's mailboxes, SharePoint's address, two groups, one send connector to the outside."""
    servers = [Server(name.upper(), network.addresses[name]) for name in ("ex01", "ex02")]
    access = AccessLists()
    people = [account for account in directory.accounts.values() if account.mail and account.mail.endswith(f"@{DOMAIN}")]
    mailboxes = [Mailbox(account, account.mail or "", servers[number % len(servers)].name) for number, account in enumerate(people)]
    service = [mailbox for mailbox in mailboxes if mailbox.name == "svc_relay"]
    members: list[Recipient] = [mailbox for mailbox in mailboxes if mailbox not in service]
    everyone = DistributionGroup("everyone", f"everyone@{DOMAIN}", members)
    # SharePoint's sender needs an entry in the directory before a group can permit it.
    farm = MailContact("sharepoint", f"sharepoint@{DOMAIN}", f"sharepoint@{DOMAIN}")
    directors: list[Recipient] = [mailbox for mailbox in mailboxes if mailbox.name == "bob"]
    board = DistributionGroup("board", f"board@{DOMAIN}", directors, require_authentication=False, permitted=[farm, *service])
    return State(
        network=network,
        directory=directory,
        mutants=mutants,
        servers=servers,
        access=access,
        connectors=[connector for server in servers for connector in made_by_setup(server, access)],
        recipients=[*mailboxes, farm, everyone, board],
        accepted_domains=[DOMAIN],
        send_connectors=[send_connector(SEND_CONNECTOR, SMTP_PORT, servers)],
        tracking={server.name: TrackingLog(silent="tracking-silent" in mutants) for server in servers},
        mailbox_cache=MailboxCache(clock),
    )


def accepted(state: State) -> Sequence[Custom]:
    return [accepted_domain(name) for name in state.accepted_domains]
