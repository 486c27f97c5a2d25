# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The receive connector as a resource: one item per Exchange server, all through one session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ...common.errors import BadInput, CommandMissing
from ...remoting.pipeline import Statement, cmdlet
from ...resource import Current, Field, Item, Resource
from ..organisation import connectors_of, with_domain_controller
from . import permissions, rules
from .addresses import open_to_everyone
from .fields import SETTINGS, connector_facts, span_seconds, wanted

# Which role Exchange gives a connector when asked for none is not documented.
_DEFAULT_ROLE = "FrontendTransport"


# Not a setting of the connector but an entry of its access control list: no parameter of its cmdlets writes it.
_RELAY = Field("relay", "relay")


class ReceiveConnector(Resource):
    """``servers`` × ``name``. Read with -Server and searched here: asking Exchange for an identity that is not there logs an error."""

    noun = "receive connector"
    fields: ClassVar[tuple[Field, ...]] = (*SETTINGS, _RELAY)
    set_cmdlet = "Set-ReceiveConnector"
    create_cmdlet = "New-ReceiveConnector"
    remove_cmdlet = "Remove-ReceiveConnector"

    @classmethod
    def items(cls, options: Mapping[str, Any]) -> list[Item]:
        name: str = options["name"]
        servers = list({server.strip().casefold(): server.strip() for server in options["servers"]}.values())
        if not servers or not all(servers):
            raise BadInput("servers is empty or names an empty server: list the Exchange servers' names. Nothing was changed.")
        rules.check_name(name, servers)
        present = options["state"] == "present"
        want: dict[str, Any] = {}
        if present:
            want = rules.apply_preset(options.get("preset"), wanted(options))
            if options.get("relay") is not None:
                want["relay"] = options["relay"]
            rules.check_authentication(name, want)
            rules.check_relay(name, want)
            rules.check_reach(name, want, bool(options.get("allow_any_remote_address")))
            for option in ("bindings", "remote_ip_ranges"):
                if want.get(option) == []:
                    raise BadInput(f"{option} is empty: a receive connector needs at least one. Nothing was changed.")
        return [Item(f"{server}\\{name}", want, f"{server}\\{name}", present) for server in servers]

    def read(self, items: Sequence[Item]) -> list[Current | None]:
        """The connectors, each with ``relay``: None unless the task is about it, for reading it takes a role of its own."""
        servers = [_server(item) for item in items]
        self._found = dict(zip(servers, connectors_of(self.session, servers, self._domain_controller), strict=True))
        found = [next((c for c in self._found[server] if self._is_ours(c)), None) for server in servers]
        asked = [number for number, item in enumerate(items) if "relay" in item.want]
        there = [(number, current) for number in asked if (current := found[number]) is not None]
        if asked and len(there) < len(asked):
            self._check_access([self._found[servers[number]] for number in asked])
        relays = self._relays([_identity(items[number], current) for number, current in there])
        allowed = dict(zip((number for number, _unused in there), relays, strict=True))
        return [None if current is None else {**current, "relay": allowed.get(number)} for number, current in enumerate(found)]

    def objection(self, item: Item, current: Current | None) -> str | None:
        """What the settings as they would be, and the other connectors of the server, forbid. The rules raise BadInput themselves."""
        if not item.present:
            return None
        if current is None:
            missing = [option for option in ("remote_ip_ranges", "auth_mechanism", "permission_groups") if option not in item.want]
            if missing:
                remedy = "Give it" if missing == ["remote_ip_ranges"] else "Give them, or a preset"
                return f"{item.name} does not exist, and without {' and '.join(missing)} it cannot be made. {remedy}."
        before = connector_facts(current) if current is not None else {"transport_role": _DEFAULT_ROLE}
        after = {**before, **item.want}
        rules.check_authentication(item.name, after)
        rules.check_relay(item.name, after)
        rules.check_timeouts(item.name, _seconds(after, "connection_timeout"), _seconds(after, "connection_inactivity_timeout"))
        allow_any = bool(self.options.get("allow_any_remote_address"))
        rules.check_reach(item.name, after, allow_any)
        if current is not None and "relay" not in item.want and _opened(before, after):
            # A right that an earlier run or somebody else gave would make the connector an open relay without this task saying so.
            rules.check_reach(item.name, {**after, "relay": self._relays_as_far_as_known(_identity(item, current))}, allow_any)
        if current is None or before["transport_role"] == after["transport_role"]:
            others = [connector_facts(other) for other in self._found[_server(item)] if not self._is_ours(other)]
            rules.check_conflicts(item.name, after, others)
        return None

    def create(self, item: Item, parameters: Mapping[str, Any]) -> list[Statement]:
        given = {"TransportRole": _DEFAULT_ROLE, **parameters}
        identity = {"Name": str(self.options["name"]), "Server": _server(item), "Custom": True}
        made = self._with_domain_controller(cmdlet("New-ReceiveConnector", **identity, **given))
        return [made, self._change_relay(str(item.identity), allowed=True)] if item.want.get("relay") else [made]

    def update(self, item: Item, current: Current, parameters: Mapping[str, Any]) -> list[Statement]:
        """All settings in one call, so that no mixture of old and new is ever live.

        The relay right is given only once the ranges are those asked for, and taken before they may widen: at no moment does the
        connector relay for an address for which neither the old nor the new settings let it.
        """
        identity = _identity(item, current)
        settings = [self._with_domain_controller(cmdlet("Set-ReceiveConnector", Identity=identity, **parameters))] if parameters else []
        relay = item.want.get("relay")
        if relay is None or relay == current.get("relay"):
            return settings
        change = self._change_relay(identity, relay)
        return [*settings, change] if relay else [change, *settings]

    def remove(self, item: Item, current: Current) -> list[Statement]:
        return [self._with_domain_controller(cmdlet("Remove-ReceiveConnector", Identity=_identity(item, current), Confirm=False))]

    def _is_ours(self, connector: Mapping[str, Any]) -> bool:
        return str(connector.get("Name")).casefold() == str(self.options["name"]).casefold()

    def _check_access(self, groups: Sequence[Sequence[Mapping[str, Any]]]) -> None:
        probe = next((str(connector["Identity"]) for group in groups for connector in group if connector.get("Identity")), None)
        if probe is not None:  # a server always has those of setup
            permissions.check_access(self.session, probe, self._relay_user, self._domain_controller)

    def _relays(self, identities: Sequence[str]) -> list[bool]:
        return permissions.relay_allowed(self.session, identities, self._relay_user, self._domain_controller)

    def _relays_as_far_as_known(self, identity: str) -> bool:
        try:
            return self._relays([identity])[0]
        except (CommandMissing, BadInput):
            return False  # whoever may not read rights gave none, and the task says nothing of them

    def _change_relay(self, identity: str, allowed: bool) -> Statement:
        return permissions.change_relay(identity, self._relay_user, self._domain_controller, allowed)

    @property
    def _relay_user(self) -> str:
        return str(self.options.get("relay_user") or permissions.ANONYMOUS_LOGON)

    @property
    def _domain_controller(self) -> str | None:
        return self.options.get("domain_controller")

    def _with_domain_controller(self, statement: Statement) -> Statement:
        return with_domain_controller(statement, self._domain_controller)


def _server(item: Item) -> str:
    return str(item.identity).partition("\\")[0]


def _opened(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether anonymous clients from anywhere may use it after the task, and the task changes who may."""
    kept = all(before.get(option) == after.get(option) for option in ("remote_ip_ranges", "permission_groups", "auth_mechanism"))
    ranges = after.get("remote_ip_ranges")
    return not kept and isinstance(ranges, list) and "AnonymousUsers" in (after.get("permission_groups") or ()) and open_to_everyone(ranges)


def _identity(item: Item, current: Current) -> str:
    """As Exchange spells it; a bare name would mean the server on which the session happens to be."""
    return str(current.get("Identity") or item.identity)


def _seconds(settings: Mapping[str, Any], option: str) -> int | None:
    value = settings.get(option)
    try:
        return None if value is None else span_seconds(value)
    except ValueError:
        return None  # Exchange's own value, in a form that is not known: not ours to judge
