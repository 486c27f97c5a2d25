# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The receive connector as a resource: one item per Exchange server, all through one session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ansible_collections.sharepoint.mail.plugins.plugin_utils.exchange import connector_rules as rules
from ansible_collections.sharepoint.mail.plugins.plugin_utils.exchange.connector_fields import (
    SETTINGS,
    connector_facts,
    span_seconds,
    wanted,
)
from ansible_collections.sharepoint.mail.plugins.plugin_utils.exchange.organisation import connectors_of, with_domain_controller
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.errors import BadInput
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.pipeline import Statement, cmdlet
from ansible_collections.sharepoint.mail.plugins.plugin_utils.resource import Current, Field, Item, Resource

# Which role Exchange gives a connector when asked for none is not documented.
_DEFAULT_ROLE = "FrontendTransport"


class ReceiveConnector(Resource):
    """``servers`` × ``name``. Read with -Server and searched here: asking Exchange for an identity that is not there logs an error."""

    noun = "receive connector"
    fields: ClassVar[tuple[Field, ...]] = SETTINGS
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
            rules.check_authentication(name, want)
            rules.check_reach(name, want, bool(options.get("allow_any_remote_address")))
            for option in ("bindings", "remote_ip_ranges"):
                if want.get(option) == []:
                    raise BadInput(f"{option} is empty: a receive connector needs at least one. Nothing was changed.")
        return [Item(f"{server}\\{name}", want, f"{server}\\{name}", present) for server in servers]

    def read(self, items: Sequence[Item]) -> list[Current | None]:
        servers = [_server(item) for item in items]
        self._found = dict(zip(servers, connectors_of(self.session, servers, self._domain_controller), strict=True))
        name = str(self.options["name"]).casefold()
        return [next((c for c in self._found[server] if str(c.get("Name")).casefold() == name), None) for server in servers]

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
        rules.check_timeouts(item.name, _seconds(after, "connection_timeout"), _seconds(after, "connection_inactivity_timeout"))
        rules.check_reach(item.name, after, bool(self.options.get("allow_any_remote_address")))
        if current is None or before["transport_role"] == after["transport_role"]:
            others = [connector_facts(other) for other in self._found[_server(item)] if other is not current]
            rules.check_conflicts(item.name, after, others)
        return None

    def create(self, item: Item, parameters: Mapping[str, Any]) -> list[Statement]:
        given = {"TransportRole": _DEFAULT_ROLE, **parameters}
        identity = {"Name": str(self.options["name"]), "Server": _server(item), "Custom": True}
        return [self._with_domain_controller(cmdlet("New-ReceiveConnector", **identity, **given))]

    def update(self, item: Item, current: Current, parameters: Mapping[str, Any]) -> list[Statement]:
        return [self._with_domain_controller(cmdlet("Set-ReceiveConnector", Identity=_identity(item, current), **parameters))]

    def remove(self, item: Item, current: Current) -> list[Statement]:
        return [self._with_domain_controller(cmdlet("Remove-ReceiveConnector", Identity=_identity(item, current), Confirm=False))]

    @property
    def _domain_controller(self) -> str | None:
        return self.options.get("domain_controller")

    def _with_domain_controller(self, statement: Statement) -> Statement:
        return with_domain_controller(statement, self._domain_controller)


def _server(item: Item) -> str:
    return str(item.identity).partition("\\")[0]


def _identity(item: Item, current: Current) -> str:
    """As Exchange spells it; a bare name would mean the server on which the session happens to be."""
    return str(current.get("Identity") or item.identity)


def _seconds(settings: Mapping[str, Any], option: str) -> int | None:
    value = settings.get(option)
    try:
        return None if value is None else span_seconds(value)
    except ValueError:
        return None  # Exchange's own value, in a form that is not known: not ours to judge
