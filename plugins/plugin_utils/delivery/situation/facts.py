# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts that a prediction needs, understood: the farm, its outgoing mail, the Exchange servers and their receive connectors.

The mappings come from ``farm_info`` and ``exchange_receive_connector_info``; a fact that is missing or makes no sense raises
``FactError`` with a sentence that names it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ...common.addresses import is_address
from ...common.errors import FactError
from ...common.facts import (
    ConnectorFacts,
    ExchangeServerFacts,
    FarmFacts,
    GroupFacts,
    OutgoingEmailFacts,
    RecipientFacts,
    RelayFacts,
    SendAsFacts,
    WebApplicationFacts,
)
from ..needs import Needs
from ..scenarios import Job, RecipientKind, Scenario
from .connectors import Connector
from .hosts import Host
from .recipients import Recipient, SenderRestrictions, addresses_for, parse_groups, parse_recipients
from .relays import Relay, SendAsRight, parse_relays, parse_send_as

ALERT_JOB: Final[Job] = "job-immediate-alerts"

FACTS: Final = (
    "farm",
    "connectors",
    "accepted_domains",
    "exchange_servers",
    "recipients",
    "needs",
    "connector_name",
    "web_application",
    "groups",
    "sharer",
    "relays",
    "send_as",
)
"""Options of the modules from which ``parse_situation`` makes a situation, apart from the ``route``."""


@dataclasses.dataclass(frozen=True)
class Farm:
    """What of a SharePoint farm decides the fate of its mail."""

    build: str
    answers_challenges: bool
    answers_reason: str
    timer_account: str
    pool_account: str
    servers: tuple[Host, ...]
    web_application: str
    smtp_server: str
    smtp_addresses: tuple[str, ...]
    port: int
    tls: bool
    from_address: str
    product: str = ""
    override_envelope_sender: bool = False
    disabled_jobs: frozenset[str] = frozenset()

    @property
    def has_tls(self) -> bool:
        """SharePoint 2016 is the first that knows TLS ("New and improved features in SharePoint Server 2016")."""
        return self.product != "2013"


@dataclasses.dataclass(frozen=True)
class Situation:
    """All that predictions are made from."""

    farm: Farm
    exchange: tuple[Host, ...]
    connectors: tuple[Connector, ...]
    accepted_domains: frozenset[str]
    route: str
    needs: Needs
    recipients: tuple[Recipient, ...]
    connector_name: str
    groups: Mapping[str, SenderRestrictions] | None = None
    """Restrictions of groups by address in lower case; None where they were not read."""
    sharer: str = ""
    """Address of the user who shares in the test of the invitation; empty where it is not known."""
    relays: tuple[Relay, ...] = ()
    send_as: tuple[SendAsRight, ...] | None = None
    """Who may send as whom; None where it was not read."""

    @property
    def mailbox(self) -> str:
        return self.address("mailbox")

    def recipients_of(self, kind: RecipientKind) -> list[str]:
        """Whom mail of a scenario with that kind of recipient may go to, the one that a test writes to first."""
        return addresses_for(kind, [(recipient.kind, recipient.address) for recipient in self.recipients], self.sharer)

    def sender_of(self, scenario: Scenario) -> str:
        """The envelope sender of a scenario's mail; empty for a user who shares and is not known."""
        if scenario.sender == "sharer" and not self.farm.override_envelope_sender:
            return self.sharer
        if scenario.sender == "colleague":
            return self.recipients_of("mailbox")[-1]
        return self.farm.from_address

    def address(self, kind: str) -> str:
        """Address of the first recipient of that kind; empty where there is none."""
        return next((r.address for r in self.recipients if r.kind == kind), "")

    def recipient(self, address: str) -> Recipient | None:
        return next((r for r in self.recipients if r.address.casefold() == address.casefold()), None)

    def internal(self, recipient: str) -> bool:
        """Whether Exchange accepts the recipient's domain as one of its own (``*.example`` covers subdomains)."""
        domain = recipient.rpartition("@")[2].casefold()
        return any(
            domain == accepted or (accepted.startswith("*.") and (domain.endswith(accepted[1:]) or domain == accepted[2:]))
            for accepted in self.accepted_domains
        )

    def exchange_server(self, name: str) -> Host | None:
        """The Exchange server of that name or address."""
        return next((host for host in self.exchange if host.known_as(name)), None)

    @property
    def relay(self) -> Relay | None:
        """The relay that the farm's outgoing mail server is; None where that is Exchange, or a host of which nothing was read."""
        farm = self.farm
        if not farm.smtp_server:
            return None
        here = (relay for relay in self.relays if self.relay_host(relay).known_as(farm.smtp_server))
        by_address = (relay for relay in self.relays if set(self.relay_host(relay).addresses) & set(farm.smtp_addresses))
        return next(here, None) or next(by_address, None)

    def relay_host(self, relay: Relay) -> Host:
        """The server on which a relay runs: a farm's server, as a rule; else with the addresses of the farm's mail server."""
        host = self.farm_server(relay.server) or self.farm_server(relay.fqdn)
        if host is not None:
            return Host(host.name, relay.fqdn, host.addresses)
        stranger = Host(relay.server, relay.fqdn, ())
        return dataclasses.replace(stranger, addresses=self.farm.smtp_addresses if stranger.known_as(self.farm.smtp_server) else ())

    @property
    def port_at_exchange(self) -> int:
        """The port on which the farm's mail reaches Exchange, through the relay where there is one."""
        return self.relay.smart_host_port if self.relay else self.farm.port

    def mail_targets(self) -> tuple[Host, ...]:
        """The Exchange servers that the farm's mail can reach: the one it names, or all when the name is that of none (a balancer)."""
        return self._named() or self.exchange

    def smart_hosts(self, relay: Relay) -> tuple[Host, ...]:
        """As ``mail_targets``, for a relay's mail."""
        return tuple(h for h in self.exchange if h.known_as(relay.smart_host)) or self.exchange

    @property
    def balanced(self) -> bool:
        """Whether the farm's mail server (its relay's smart host) is none of the Exchange servers, by name and address: a load balancer."""
        return bool(self.relay.smart_host if self.relay else self.farm.smtp_server) and not self._named()

    def _named(self) -> tuple[Host, ...]:
        farm, relay = self.farm, self.relay
        if relay is not None:
            return tuple(h for h in self.exchange if h.known_as(relay.smart_host))
        return tuple(h for h in self.exchange if h.known_as(farm.smtp_server) or set(h.addresses) & set(farm.smtp_addresses))

    def farm_server(self, name: str) -> Host | None:
        """The SharePoint server of that name or address."""
        return next((host for host in self.farm.servers if host.known_as(name)), None)

    def made_connector(self, server: Host) -> Connector | None:
        """The connector of the route, on that Exchange server; None where it was not made."""
        name = self.connector_name.casefold()
        return next((c for c in self.connectors if c.name.casefold() == name and server.known_as(c.server)), None)


def parse_situation(
    *,
    farm: FarmFacts,
    connectors: Sequence[ConnectorFacts],
    accepted_domains: Sequence[Any] | None,
    exchange_servers: Sequence[ExchangeServerFacts],
    recipients: Sequence[RecipientFacts],
    needs: Mapping[str, Any],
    route: str,
    connector_name: str,
    web_application: str,
    groups: Sequence[GroupFacts] | None = None,
    sharer: str = "",
    relays: Sequence[RelayFacts] = (),
    send_as: Sequence[SendAsFacts] | None = None,
) -> Situation:
    """The situation from facts as the other modules return them. Raises FactError."""
    try:
        parsed = tuple(Connector.parse(facts) for facts in connectors)
    except KeyError as error:
        raise FactError(f"a receive connector lacks the fact {error}: pass what exchange_receive_connector_info returned") from error
    except ValueError as error:
        raise FactError(str(error)) from error
    if accepted_domains is None:
        raise FactError("the accepted domains are not known: allow the Exchange account to run Get-AcceptedDomain, or set accepted_domains")
    people, wanted = parse_recipients(recipients), Needs.parse(needs)
    kinds = {recipient.kind for recipient in people}
    if "mailbox" not in kinds:
        raise FactError("no recipient is of kind mailbox: add the mailbox that the notification and the alert are for")
    if wanted.external and "external" not in kinds:
        raise FactError("the farm needs mail to external users, but no recipient is of kind external: add one that has an alert")
    if wanted.groups and not kinds & {"group_authenticated", "group_permitted"}:
        raise FactError(
            "the farm needs mail to groups, but no recipient is of kind group_authenticated or group_permitted: "
            "add a group that has an alert"
        )
    return Situation(
        farm=_farm(farm, web_application),
        exchange=_exchange(exchange_servers, parsed),
        connectors=parsed,
        accepted_domains=frozenset(_domain(entry) for entry in accepted_domains),
        route=route,
        needs=wanted,
        recipients=people,
        connector_name=connector_name,
        groups=parse_groups(groups),
        sharer=sharer,
        relays=parse_relays(relays),
        send_as=parse_send_as(send_as),
    )


def own_domain(accepted_domains: Iterable[Any] | None) -> str:
    """One of the accepted domains, for addresses of which only the domain matters."""
    names = sorted(_domain(entry) for entry in accepted_domains or ())
    return next((name for name in names if name and not name.startswith("*")), "example.org")


def _domain(entry: Any) -> str:
    """An accepted domain given as text or as an object with ``domain_name``."""
    text = entry.get("domain_name", entry.get("name", "")) if isinstance(entry, Mapping) else entry
    return str(text).casefold()


def _exchange(given: Iterable[ExchangeServerFacts], connectors: Iterable[Connector]) -> tuple[Host, ...]:
    hosts: dict[str, Host] = {}
    for facts in given:
        name, host = str(facts["name"]), str(facts.get("host") or facts.get("fqdn") or "")
        addresses = [str(address) for address in facts.get("addresses") or ()]
        if is_address(host) and host not in addresses:
            addresses.append(host)
        hosts[name.casefold()] = Host(name, host, tuple(addresses))
    for connector in connectors:
        hosts.setdefault(connector.server.casefold(), Host(connector.server, "", ()))
    return tuple(hosts.values())


def _farm(facts: FarmFacts, wanted: str) -> Farm:
    try:
        application = _application(facts["web_applications"], wanted)
        email = _outgoing_email(application, facts["web_applications"])
        answers = facts["answers_challenges"]
        return Farm(
            build=str(facts["build"]),
            answers_challenges=bool(answers["value"]),
            answers_reason=str(answers["reason"]),
            timer_account=str(facts["farm_account"]),
            pool_account=str(application.get("application_pool_account") or ""),
            servers=tuple(
                Host(str(server["name"]), "", tuple(str(address) for address in server.get("addresses") or ()))
                for server in facts["servers"]
            ),
            web_application=str(application["url"]),
            smtp_server=str(email.get("server") or ""),
            smtp_addresses=tuple(str(address) for address in email.get("server_addresses") or ()),
            port=int(email.get("port") or 25),
            tls=bool(email.get("tls")),
            from_address=str(email.get("from_address") or ""),
            product=str(facts.get("product") or ""),
            override_envelope_sender=bool(email.get("override_envelope_sender")),
            disabled_jobs=frozenset({ALERT_JOB} if application.get("alert_job_disabled") else ()),
        )
    except KeyError as error:
        raise FactError(f"the farm's facts lack {error}: pass what farm_info returned as 'farm'") from error


def _application(applications: Sequence[WebApplicationFacts], wanted: str) -> WebApplicationFacts:
    content = [application for application in applications if not application.get("central_administration")]
    if wanted:
        content = [application for application in content if _is_within(wanted, application)]
    if not content:
        raise FactError(
            f"the farm has no web application {wanted}" if wanted else "the farm has no web application besides Central Administration"
        )
    return max(content, key=lambda application: len(str(application["url"]))) if wanted else content[0]


def _is_within(wanted: str, application: WebApplicationFacts) -> bool:
    """Whether ``wanted`` is the web application's name, its URL, or the URL of a site in it."""
    url = str(application["url"]).rstrip("/").casefold()
    return wanted.casefold() == str(application["name"]).casefold() or f"{wanted.casefold()}/".startswith(f"{url}/")


def _outgoing_email(application: WebApplicationFacts, applications: Sequence[WebApplicationFacts]) -> OutgoingEmailFacts:
    """The web application's own settings, or the farm's (Central Administration's) where it has none."""
    own: OutgoingEmailFacts = application.get("outgoing_email") or {}
    if own.get("server"):
        return own
    default = (entry.get("outgoing_email") for entry in applications if entry.get("central_administration"))
    return next(default, None) or {}
