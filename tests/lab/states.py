"""States that a lab can start in: farms and organisations as they are met, good and bad, one function each.

A state is applied to a world that is built and does not serve yet. It writes what an administrator would have written, into the
products' own objects; nothing that talks to the products can see which state it is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from tests.lab.directory import NETBIOS
from tests.lab.exchange import enums, rights
from tests.lab.exchange.connectors import ReceiveConnector
from tests.lab.exchange.ranges import IPBinding, IPRange
from tests.lab.exchange.recipients import DistributionGroup
from tests.lab.iis import access, metabase
from tests.lab.iis.firewall import Rule
from tests.lab.network import ANONYMOUS_PORT, DOMAIN, OUTSIDE_DOMAIN, SMTP_PORT, SUBMISSION_PORT
from tests.lab.sharepoint.timer import IMMEDIATE_ALERTS
from tests.lab.world import Options, World

CONNECTOR = "SharePoint mail"
FARM = ("sp01", "sp02")
RELAY_ACCOUNT = f"{NETBIOS}\\svc_relay"


def _connect(world: World, name: str, ranges: list[str], authentication: str, groups: str, **settings: Any) -> list[ReceiveConnector]:
    """Makes a frontend connector on each Exchange server, for clients whose address is in ``ranges``."""
    state = world.organisation.state
    port = settings.pop("port", SMTP_PORT)
    made = []
    for server in state.servers:
        chosen = {
            "TransportRole": enums.SERVER_ROLE("FrontendTransport"),
            "Bindings": [IPBinding.parse(f"0.0.0.0:{port}")],
            "RemoteIPRanges": [IPRange.parse(text) for text in ranges],
            "AuthMechanism": enums.AUTH_MECHANISMS(authentication),
            **settings,
        }
        connector = ReceiveConnector(server, name, state.access, chosen)
        state.access.set_permission_groups(connector.distinguished_name, enums.PERMISSION_GROUPS(groups))
        made.append(connector)
    state.connectors += made
    return made


def _addresses(world: World, *hosts: str) -> list[str]:
    return [world.network.addresses[host] for host in hosts]


def _send_by(world: World, **settings: Any) -> None:
    """Changes the mail settings of every web application, Central Administration's too."""
    for application in world.farm.web_applications:
        world.farm.save_mail(application, dataclasses.replace(application.mail, **settings))


def nothing_done(world: World) -> None:
    """The farm and the organisation as their makers left them."""


def anonymous_port(world: World, relay: bool = True) -> None:
    """An anonymous connector on a port of its own, where no AUTH is offered; SharePoint sends there. ``relay``: also to the outside."""
    made = _connect(world, CONNECTOR, _addresses(world, *FARM), "Tls", "AnonymousUsers", port=ANONYMOUS_PORT)
    if relay:
        for connector in made:
            entry = rights.AccessControlEntry(rights.ANONYMOUS, rights.ANY_RECIPIENT)
            world.organisation.state.access.add(connector.distinguished_name, entry)
    _send_by(world, port=ANONYMOUS_PORT)


def anonymous_no_relay(world: World) -> None:
    anonymous_port(world, relay=False)


def externally_secured(world: World, ranges: list[str] | None = None, **settings: Any) -> None:
    """A connector that takes what comes from the farm's addresses as if it were authenticated."""
    _connect(world, CONNECTOR, ranges or _addresses(world, *FARM), "Tls, ExternalAuthoritative", "ExchangeServers", **settings)


def envelope_overridden(world: World) -> None:
    """The farm's address takes the place of the sender's in the envelope."""
    externally_secured(world)
    _send_by(world, override_envelope_sender=True)


def load_balancer(world: World) -> None:
    """The farm sends to a load balancer, whose own address Exchange sees."""
    externally_secured(world)
    _send_by(world, server=f"mail.{DOMAIN}")


def overlapping_connectors(world: World) -> None:
    """The farm's connector covers both servers by a range; a connector for printers names sp01's address, and so is more specific."""
    externally_secured(world, [f"{world.network.subnet}.20/30"])
    _connect(world, "Printers", _addresses(world, "sp01"), "Tls, Integrated", "AnonymousUsers")


def tls_name_mismatch(world: World) -> None:
    """SharePoint demands TLS of a name that does not stand in the server's certificate."""
    externally_secured(world)
    _send_by(world, server=f"relay.{DOMAIN}", enable_ssl=True)


def tls_required(world: World) -> None:
    """The connector demands TLS and SharePoint does not use it."""
    externally_secured(world, RequireTLS=True)


def transport_inactive(world: World) -> None:
    """EX01, which the farm sends to, is in maintenance."""
    externally_secured(world)
    world.organisation.state.servers[0].transport_active = False


def timer_job_disabled(world: World) -> None:
    """Somebody switched the portal's immediate alerts off."""
    externally_secured(world)
    for job in world.farm.jobs:
        if job.name == IMMEDIATE_ALERTS and job.application.name == "portal":
            job.disabled = True


def second_server_unlisted(world: World) -> None:
    """The connector was made when the farm had one server; the timer jobs run on the other one."""
    externally_secured(world, _addresses(world, "sp01"))


def rejected_later(world: World) -> None:
    """The receiving side refuses partner after Exchange has taken the message."""
    externally_secured(world)
    address = f"partner@{OUTSIDE_DOMAIN}"
    world.outside.refuse(address, f"550 5.7.1 <{address}>: Recipient address rejected: Access denied")


def permitted_sender_missing(world: World) -> None:
    """Only alice may send to the board: the farm's address is not on its list."""
    externally_secured(world)
    state = world.organisation.state
    board, alice = state.recipient(f"board@{DOMAIN}"), state.recipient(f"alice@{DOMAIN}")
    if isinstance(board, DistributionGroup) and alice is not None:
        board.permitted = [alice]


def subject_logging_off(world: World) -> None:
    """Message tracking does not write subjects down."""
    externally_secured(world)
    for server in world.organisation.state.servers:
        server.subject_logging = False


def iis_relay(world: World, grants: bool = True) -> None:
    """The IIS SMTP server on sp01 relays for the farm to ex01's submission port, as svc_relay; SharePoint sends there, as svc_relay
    too. ``grants``: the relay's account may send as alice."""
    machine = world.windows.machines["sp01"]
    machine.install(["SMTP-Server", "Web-WMI"])
    farm = _addresses(world, *FARM)
    machine.metabase.change(
        {
            "ServerBindings": [{"IP": "", "Port": str(SMTP_PORT), "Hostname": ""}],
            "RelayIpList": access.list_of_hosts(farm),
            "RelayForAuth": 0,
            "SmartHost": f"ex01.{DOMAIN}",
            "SmartHostType": 2,
            "RemoteSmtpPort": SUBMISSION_PORT,
            "RouteAction": metabase.ROUTE["SSL"] | metabase.ROUTE["SASL"] | metabase.ROUTE["CLEARTEXT"],
            "AlwaysUseSsl": True,
            "RouteUserName": RELAY_ACCOUNT,
            "RoutePassword": world.account(RELAY_ACCOUNT).password,
            "MaxMessageSize": 33554432,
        }
    )
    rule = Rule("SMTP relay", "SMTP relay", protocol="TCP", local_ports=[str(SMTP_PORT)], remote_addresses=farm)
    machine.firewall.rules.append(rule)
    service = machine.services["SMTPSVC"]
    service.start, service.delayed = 2, 1
    machine.start("SMTPSVC")
    _send_by(world, server=f"sp01.{DOMAIN}", sender=f"svc_relay@{DOMAIN}", reply_to=f"svc_relay@{DOMAIN}")
    alice = world.organisation.state.recipient(f"alice@{DOMAIN}")
    if grants and alice is not None:
        entry = rights.AccessControlEntry(RELAY_ACCOUNT, rights.SEND_AS)
        world.organisation.state.access.add(alice.distinguished_name, entry)


def iis_relay_no_grants(world: World) -> None:
    iis_relay(world, grants=False)


def iis_relay_open(world: World) -> None:
    """Somebody has repaired the console with an empty relay list, and opened the port to everybody: an open relay."""
    iis_relay(world)
    machine = world.windows.machines["sp01"]
    machine.metabase.change({"RelayIpList": b""})
    machine.firewall.rules[0].remote_addresses = ["Any"]


def no_outgoing_email(world: World) -> None:
    """Nobody has configured outgoing email yet."""
    _send_by(world, server=None)


@dataclasses.dataclass(frozen=True)
class State:
    """What is done to a built world, and the options it is built with where they are not the usual ones."""

    apply: Callable[[World], None]
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)


STATES: Mapping[str, State] = {
    "unpatched": State(nothing_done, {"sharepoint_build": "16.0.4522.1000"}),
    "patched": State(nothing_done, {"sharepoint_build": "16.0.4534.1000"}),
    "anonymous-port": State(anonymous_port),
    "anonymous-no-relay": State(anonymous_no_relay),
    "externally-secured": State(externally_secured),
    "envelope-overridden": State(envelope_overridden),
    "load-balancer": State(load_balancer),
    "overlapping-connectors": State(overlapping_connectors),
    "tls-name-mismatch": State(tls_name_mismatch),
    "tls-required": State(tls_required),
    "transport-inactive": State(transport_inactive),
    "timer-job-disabled": State(timer_job_disabled),
    "second-server-unlisted": State(second_server_unlisted, {"timer_server": "sp02"}),
    "rejected-later": State(rejected_later),
    "permitted-sender-missing": State(permitted_sender_missing),
    "iis-relay": State(iis_relay),
    "iis-relay-no-grants": State(iis_relay_no_grants),
    "iis-relay-open": State(iis_relay_open),
    "no-outgoing-email": State(no_outgoing_email),
    "subject-logging-off": State(subject_logging_off),
}


def world_in(name: str, options: Options) -> World:
    """A world in the state of that name, not started. What the state says of the options goes over what ``options`` says."""
    state = STATES[name]
    world = World(dataclasses.replace(options, **state.options))
    state.apply(world)
    return world
