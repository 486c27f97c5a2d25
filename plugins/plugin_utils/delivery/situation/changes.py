# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts as they would be after a change, from what the modules that write say in check mode.

Their results are taken as they were registered: ``after`` of ``exchange_receive_connector`` and ``outgoing_email``, ``relay`` of
``iis_smtp_relay``, ``send_as`` of ``exchange_send_as``.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ...common.errors import FactError
from ...common.registered import results
from ...common.rights import ANONYMOUS, ANY_RECIPIENT, GROUP_RIGHTS
from .relays import same_account

Facts = dict[str, Any]

_NEW_RELAY: Final[Facts] = {
    "running": True,
    "fqdn": "",
    "bindings": [{"address": "", "port": 25}],
    "authentication": ["anonymous"],
    "relay_list": "nobody",
    "relay_addresses": [],
    "relay_authenticated": False,
    "smart_host": "",
    "smart_host_type": "none",
    "smart_host_port": 25,
    "smart_host_authentication": "none",
    "smart_host_tls": False,
    "smart_host_username": "",
}
"""An SMTP server of IIS as Windows installs it, for what check mode cannot tell of one that is not there."""
_NULL_MEANS_EVERYBODY: Final = ("connect_addresses", "firewall_addresses")


def facts_after(facts: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]) -> Facts:
    """``facts`` (options of ``mail_route``) with the changes made; the given ones stay as they are.

    Raises FactError for a result that failed, or is of none of these modules.
    """
    try:
        return _after(facts, changes)
    except (KeyError, TypeError, AttributeError) as error:
        raise FactError(f"the facts or the changes are not valid ({error}): pass what the modules returned, unchanged") from error


def _after(facts: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]) -> Facts:
    after = {**facts, "farm": copy.deepcopy(facts["farm"])}
    for name in ("connectors", "relays"):
        after[name] = copy.deepcopy(list(facts.get(name) or ()))
    for result in results(changes):
        if result.get("failed"):
            raise FactError(f"a change would fail: {result.get('msg') or 'its result does not say why'}")
        if "send_as" in result:
            _grant(after, result)
        elif isinstance(result.get("relay"), Mapping):
            _relay(after["relays"], result["relay"])
        elif isinstance(result.get("after"), Mapping):
            for name, settings in result["after"].items():
                _change(after, str(name), settings, (result.get("before") or {}).get(name))
        else:
            raise FactError(
                "an entry of changes is not a result of a module that changes mail settings: pass what was registered in check mode"
            )
    return after


def _change(after: Facts, name: str, settings: Mapping[str, Any] | None, before: Mapping[str, Any] | None) -> None:
    kind = {**(before or {}), **(settings or {})}
    if "from_address" in kind:
        _outgoing_email(after["farm"], name, settings or {})
    elif "remote_ip_ranges" in kind:
        _connector(after["connectors"], name, settings)
    elif kind:
        raise FactError(f"{name!r} in changes is neither a receive connector nor a web application")


def _outgoing_email(farm: Facts, url: str, settings: Mapping[str, Any]) -> None:
    """By the URL of the web application. Of a new server only the name is known, not its addresses."""
    for application in farm["web_applications"]:
        if str(application["url"]).rstrip("/").casefold() == url.rstrip("/").casefold():
            email = application.get("outgoing_email") or {}
            kept = str(email.get("server") or "").casefold() == str(settings.get("server") or "").casefold()
            application["outgoing_email"] = {**email, **settings, "server_addresses": email.get("server_addresses") if kept else []}


def _connector(connectors: list[Facts], identity: str, settings: Mapping[str, Any] | None) -> None:
    """By its identity, ``SERVER\\name``; no settings: it is removed."""
    found = next((one for one in connectors if str(one["identity"]).casefold() == identity.casefold()), None)
    if found is not None:
        connectors.remove(found)
    if settings is None:
        return
    server, _separator, name = identity.partition("\\")
    earlier = found or {"identity": identity, "server": server, "name": name}
    made = {**earlier, **{key: value for key, value in settings.items() if value is not None and key != "relay"}}
    connectors.append({**made, "rights": _rights(earlier, made, settings.get("relay"))})


def _rights(earlier: Mapping[str, Any], made: Mapping[str, Any], relay: bool | None) -> list[Facts] | None:
    """Its access control list: that which was read while its permission groups stay, else theirs; with or without the relay right."""
    groups = sorted(set(made.get("permission_groups") or ()) - {"Custom"})
    same = groups == sorted(set(earlier.get("permission_groups") or ()) - {"Custom"})
    entries: list[Facts] | None = copy.deepcopy(earlier.get("rights")) if same else None
    if relay is None:
        return entries
    if entries is None:
        given = [(who, rights) for group in groups for who, rights in GROUP_RIGHTS.get(group, {}).items()]
        entries = [{"user": who, "sid": None, "rights": sorted(rights), "deny": False, "inherited": False} for who, rights in given]
    for entry in entries:
        if str(entry.get("user") or "").casefold() == ANONYMOUS.casefold() or entry.get("sid") == "S-1-5-7":
            entry["rights"] = [right for right in entry.get("rights") or () if right != ANY_RECIPIENT]
    if relay:
        entries.append({"user": ANONYMOUS, "sid": "S-1-5-7", "rights": [ANY_RECIPIENT], "deny": False, "inherited": False})
    return entries


def _relay(relays: list[Facts], wanted: Mapping[str, Any]) -> None:
    """By its server. What check mode does not know stays as it was, or is as Windows installs it."""
    server = str(wanted.get("server") or "").casefold()
    found = next((one for one in relays if str(one.get("server") or "").casefold() == server), None)
    if found is not None:
        relays.remove(found)
    earlier = found if found is not None and found.get("present", True) else {}
    known = {key: value for key, value in wanted.items() if value is not None or key in _NULL_MEANS_EVERYBODY}
    made = {**_NEW_RELAY, **earlier, **known}
    if "relay_addresses" in known and "relay_list" not in known:
        made["relay_list"] = "listed" if known["relay_addresses"] else "nobody"
    if "smart_host" in known and "smart_host_type" not in known:
        made["smart_host_type"] = "always" if known["smart_host"] else "none"
    relays.append(made)


def _grant(after: Facts, result: Mapping[str, Any]) -> None:
    """Send As of an account, and the addresses that are its own."""
    account = str(result.get("account") or "")
    told = [dict(entry) for entry in result["send_as"]]
    addresses = {str(entry.get("address")).casefold() for entry in told}
    others = [
        entry
        for entry in after.get("send_as") or ()
        if not (same_account(str(entry.get("account")), account) and str(entry.get("address")).casefold() in addresses)
    ]
    after["send_as"] = [*others, *told]
    for relay in after["relays"]:
        if same_account(str(relay.get("smart_host_username") or ""), account) and result.get("account_addresses") is not None:
            relay["account_addresses"] = list(result["account_addresses"])
