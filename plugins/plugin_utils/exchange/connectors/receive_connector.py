# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The receive connector as a resource: one item per Exchange server, all through one session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ...common.errors import BadInput, CommandMissing
from ...remoting.pipeline import Statement, cmdlet
from ...resource.declaration import Change, Current, Field, Item, Lasting, Reading, Resource, wanted
from ..organisation import connectors_of, texts, with_domain_controller
from . import permissions, rules
from .addresses import open_to_everyone
from .fields import SETTINGS, connector_facts, span_seconds

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
            want = rules.apply_preset(options.get("preset"), wanted(SETTINGS, options))
            if options.get("relay") is not None:
                want["relay"] = options["relay"]
            rules.check_authentication(name, want)
            rules.check_relay(name, want)
            rules.check_reach(name, want, bool(options.get("allow_any_remote_address")))
            for option in ("bindings", "remote_ip_ranges"):
                if want.get(option) == []:
                    raise BadInput(f"{option} is empty: a receive connector needs at least one. Nothing was changed.")
        return [Item(f"{server}\\{name}", want, f"{server}\\{name}", present) for server in servers]

    @classmethod
    def restored(cls, name: str, before: Mapping[str, Any] | None, options: Mapping[str, Any]) -> Item:
        server, backslash, connector = name.partition("\\")
        if not (server and backslash and connector):
            raise BadInput(f"restore: {name!r} is not a receive connector: its name is SERVER\\name. Nothing was changed.")
        rules.check_name(connector, [server])
        return super().restored(name, before, options)

    def read(self, items: Sequence[Item]) -> list[Reading]:
        """The connectors, each with ``relay``, and around it the other connectors of its server.

        ``relay`` is None unless the task is about it, for reading it takes a role of its own: known as far as the account may read it
        where the connector is to go.
        """
        servers = [_server(item) for item in items]
        groups = connectors_of(self.session, servers, self._domain_controller)
        found = [next((c for c in group if _is(c, item)), None) for item, group in zip(items, groups, strict=True)]
        asked = [number for number, item in enumerate(items) if item.want.get("relay") is not None]
        there = [(number, current) for number in asked if (current := found[number]) is not None]
        if asked and len(there) < len(asked):
            self._check_access([groups[number] for number in asked])
        relays = self._relays([_identity(items[number], current) for number, current in there])
        allowed: dict[int, bool | None] = dict(zip((number for number, _unused in there), relays, strict=True))
        for number, item in enumerate(items):
            current = found[number]
            if current is not None and not item.present:
                allowed[number] = self._relays_as_far_as_known(_identity(item, current))
        return [
            Reading(None if current is None else {**current, "relay": allowed.get(number)}, [c for c in group if not _is(c, items[number])])
            for number, (current, group) in enumerate(zip(found, groups, strict=True))
        ]

    def objection(self, change: Change) -> str | None:
        """What the settings as they would be, and the other connectors of the server, forbid. The rules raise BadInput themselves."""
        item, found = change.item, change.found.settings
        if not item.present:
            return None
        if found is None:
            missing = [option for option in ("remote_ip_ranges", "auth_mechanism", "permission_groups") if option not in item.want]
            if missing:
                remedy = "Give it" if missing == ["remote_ip_ranges"] else "Set them, or a preset"
                return f"{item.name} does not exist, and without {' and '.join(missing)} it cannot be created. {remedy}."
        if item.restoring:
            return None
        before = connector_facts(found) if found is not None else {"transport_role": _DEFAULT_ROLE}
        after = {**before, **item.want}
        rules.check_authentication(item.name, after)
        rules.check_relay(item.name, after)
        rules.check_timeouts(item.name, _seconds(after, "connection_timeout"), _seconds(after, "connection_inactivity_timeout"))
        allow_any = bool(self.options.get("allow_any_remote_address"))
        rules.check_reach(item.name, after, allow_any)
        if found is not None and "relay" not in item.want and _opened(before, after):
            # A right that an earlier run or somebody else gave would make the connector an open relay without this task saying so.
            relays = bool(self._relays_as_far_as_known(_identity(item, found)))
            rules.check_reach(item.name, {**after, "relay": relays}, allow_any)
        if found is None or before["transport_role"] == after["transport_role"]:
            rules.check_conflicts(item.name, after, [connector_facts(other) for other in change.found.around])
        return None

    def lasting(self, then: Mapping[str, Any] | None, now: Mapping[str, Any] | None, change: Change) -> list[Lasting]:
        """Of the rights on a connector only the relay right is known; they go with the connector."""
        if then is None or now is not None or change.item.restoring:
            return []
        name = change.item.name
        if then.get("relay") is None and "AnonymousUsers" in (then.get("permission_groups") or ()):
            return [
                Lasting(f"Whether anonymous clients may relay through {name} could not be read, so that right could not be granted again.")
            ]
        if not then.get("relay") and "Custom" in ",".join(texts(change.current.get("PermissionGroups"))):
            return [Lasting(f"Rights on {name} were edited one by one; they are removed with it and could not be granted again.")]
        return []

    def create(self, change: Change, parameters: Mapping[str, Any]) -> list[Statement]:
        given = {"TransportRole": _DEFAULT_ROLE, **parameters}
        server, _backslash, name = change.item.name.partition("\\")
        made = self._with_domain_controller(cmdlet("New-ReceiveConnector", Name=name, Server=server, Custom=True, **given))
        return [made, self._change_relay(change.item.name, allowed=True)] if change.want.get("relay") else [made]

    def update(self, change: Change, parameters: Mapping[str, Any]) -> list[Statement]:
        """All settings in one call, so that no mixture of old and new is ever live.

        The relay right is given only once the ranges are those asked for, and taken before they may widen: at no moment does the
        connector relay for an address for which neither the old nor the new settings let it.
        """
        identity = _identity(change.item, change.current)
        settings = [self._with_domain_controller(cmdlet("Set-ReceiveConnector", Identity=identity, **parameters))] if parameters else []
        if "relay" not in change.differing:
            return settings
        relay = change.want["relay"]
        right = self._change_relay(identity, relay)
        return [*settings, right] if relay else [right, *settings]

    def remove(self, change: Change) -> list[Statement]:
        identity = _identity(change.item, change.current)
        return [self._with_domain_controller(cmdlet("Remove-ReceiveConnector", Identity=identity, Confirm=False))]

    def _check_access(self, groups: Sequence[Sequence[Mapping[str, Any]]]) -> None:
        probe = next((str(connector["Identity"]) for group in groups for connector in group if connector.get("Identity")), None)
        if probe is not None:  # a server always has those of setup
            permissions.check_access(self.session, probe, self._relay_user, self._domain_controller)

    def _relays(self, identities: Sequence[str]) -> list[bool]:
        return permissions.relay_allowed(self.session, identities, self._relay_user, self._domain_controller)

    def _relays_as_far_as_known(self, identity: str) -> bool | None:
        try:
            return self._relays([identity])[0]
        except (CommandMissing, BadInput):
            return None  # whoever may not read rights gave none

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


def _is(connector: Mapping[str, Any], item: Item) -> bool:
    return str(connector.get("Name")).casefold() == str(item.identity).partition("\\")[2].casefold()


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
