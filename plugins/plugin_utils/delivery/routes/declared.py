# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The routes that a farm's mail can take. Each is one declaration, which the role, the module ``mail_route`` and the documentation read.

What a route can do is not written down here: the connector or the relay that it would make is put in the place of the real ones, and
the rules of ``predict`` say what becomes of the mail.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from ...common.errors import BadInput
from ..needs import Needs
from ..situation.facts import Situation
from .imagined import anonymous, anonymous_with_relay, default_connector, externally_secured, iis_relay

Preset = Literal["anonymous", "externally_secured", "authenticated"]


@dataclasses.dataclass(frozen=True)
class Route:
    """A way of the farm's mail. ``name`` is the value of the role variable ``mail_route``.

    ``preset`` is that of its receive connector (``exchange_receive_connector``), None where it makes none, and ``relay`` whether that
    connector has the relay right, None where that is no question. ``through_relay``: an IIS SMTP relay stands between SharePoint and
    Exchange, and its account gets Send As. ``known``: this version of the collection knows how it is set up.
    ``imagine`` gives the situation as it would be with that route; ``limits`` what it cannot do, by need, where the rules cannot tell;
    ``remarks`` what else to know of it.
    """

    name: str
    what: str
    trusts: str
    preset: Preset | None = None
    relay: bool | None = None
    through_relay: bool = False
    known: bool = True
    imagine: Callable[[Situation, Needs], Situation] | None = None
    limits: Callable[[Situation], dict[str, str]] | None = None
    remarks: tuple[str, ...] = ()

    @property
    def variables(self) -> str:
        """As it is asked for, for people."""
        return f"mail_route: {self.name}" + (f", exchange_connector_relay: {str(self.relay).lower()}" if self.relay is not None else "")

    @property
    def configured(self) -> bool:
        """Whether the collection has something to configure for it, and can."""
        return self.known and self.preset is not None

    @property
    def server(self) -> Literal["exchange", "relay"]:
        """What SharePoint's outgoing e-mail names as its server."""
        return "relay" if self.through_relay else "exchange"

    @property
    def tls(self) -> bool:
        """Whether SharePoint may be set to use TLS. A relay has no certificate that this collection gives it."""
        return not self.through_relay

    def configures(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """What has to be configured for it, as JSON-able values; ``wanted`` are variables of the roles, by their names.

        ``refusals`` are sentences about those that contradict the route. The relay right is as wanted where the route leaves the choice.
        """
        relay = wanted.get("exchange_connector_relay") if self.relay is not None else False
        return {
            "route": self.name,
            "configured": self.configured,
            "connector": {"preset": self.preset, "relay": relay} if self.configured else None,
            "send_as": self.through_relay,
            "relay": self.through_relay,
            "outgoing_email": {"server": self.server, "tls": self.tls},
            "refusals": list(self._refusals(wanted)),
        }

    def _refusals(self, wanted: Mapping[str, Any]) -> Iterator[str]:
        if wanted.get("outgoing_email_tls") and not self.tls:
            yield f"The route {self.name} accepts SharePoint's mail only without TLS: leave out outgoing_email_tls. Nothing was changed."
        if wanted.get("iis_smtp_relay_state") == "absent" and self.through_relay:
            yield f"The route {self.name} needs a relay, and iis_smtp_relay_state is absent: leave it out. Nothing was changed."


def _grants(_situation: Situation) -> dict[str, str]:
    return {
        "send_as_users": "an authenticated account sends as others only with Send As grants (cached for 2 hours), or with the envelope "
        "sender overridden; else invitations are refused with 5.7.60"
    }


def _authenticated(situation: Situation) -> dict[str, str]:
    if situation.farm.product in ("2013", "2016"):
        return {
            "always": f"SharePoint {situation.farm.product} has no setting for SMTP credentials; 2019 and the Subscription Edition have"
        }
    return _grants(situation)


ROUTES = (
    Route(
        "default_connector",
        "no connector of its own: what Exchange setup created",
        "nobody more than any host on the network",
        imagine=default_connector,
    ),
    Route(
        "anonymous",
        "a dedicated receive connector that offers no AUTH, without the relay right",
        "the farm's addresses to send anonymously, as any other host may",
        preset="anonymous",
        relay=False,
        imagine=anonymous,
    ),
    Route(
        "anonymous",
        "a dedicated receive connector that offers no AUTH, with the relay right",
        "the farm's addresses to send to anybody outside",
        preset="anonymous",
        relay=True,
        imagine=anonymous_with_relay,
    ),
    Route(
        "iis_relay",
        "IIS SMTP on a farm server, which authenticates to Exchange",
        "one account, whose password the relay keeps, to send as itself, and as mailboxes that granted it Send As, to anybody",
        preset="authenticated",
        through_relay=True,
        imagine=iis_relay,
        remarks=(
            "The farm sends as an address of that account, or as one that granted it Send As; a user's invitation needs the user's grant, "
            "and Exchange caches Send As permissions for 2 hours.",
            "The relay is a single point: it keeps a password, and no mail leaves the farm while it is stopped.",
            "Windows Server 2025 has no SMTP server; 2012 R2 to 2022 have.",
        ),
    ),
    Route(
        "authenticated",
        "SharePoint authenticates itself to Exchange",
        "one account, whose password SharePoint keeps, to send as itself to anybody",
        known=False,
        limits=_authenticated,
    ),
    Route(
        "externally_secured",
        "a dedicated receive connector that treats the farm's addresses as authenticated",
        "anyone who sends from the farm's addresses: as anybody, to anybody, past spam and size limits",
        preset="externally_secured",
        imagine=externally_secured,
    ),
)
"""In the order of trust that they ask of Exchange, the least first. An account may be denied and its grants counted, an address not."""


def named(name: str | None, routes: Sequence[Route] = ROUTES) -> Route:
    """The route of that name, the first where there are several. Raises BadInput for a name that is none."""
    found = next((route for route in routes if route.name == name), None)
    if found is None:
        raise BadInput(not_configured(name, routes))
    return found


def not_configured(name: str | None, routes: Sequence[Route] = ROUTES) -> str:
    """The sentence for a route that is not set, not known, or not configured by this version."""
    able = list(dict.fromkeys(route.name for route in routes if route.configured))
    return (
        f"mail_route is {name or 'not set'}: set it to a route; this version configures {', '.join(able[:-1])} and "
        f"{able[-1]}. Nothing was changed."
    )
