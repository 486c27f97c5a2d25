# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of an SMTP relay cannot be put back: passwords, which nobody can read, and relay lists that cannot be written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..resource.declaration import Lasting
from .relay_rules import LOGS_ON
from .settings import ANY, networks

_WAY: Final = (
    "smart_host",
    "smart_host_type",
    "smart_host_port",
    "smart_host_authentication",
    "smart_host_tls",
    "smart_host_username",
)
_LIST: Final = ("relay_list", "relay_addresses")
_NOBODY: Final = {"relay_list": "listed", "relay_addresses": ["127.0.0.1"]}
_LISTS: Final = {
    "everybody": "was empty, which lets everybody relay; it is not made open again.",
    "unknown": "had a layout that this module does not know, and cannot write.",
}


def lasting(
    then: Mapping[str, Any] | None, now: Mapping[str, Any] | None, host: str, password_of: str | None, writes_password: bool
) -> list[Lasting]:
    """What keeps the relay of ``host`` from getting from ``now`` back to ``then``.

    ``password_of`` is the account whose password the task has; ``writes_password``, whether it is to be written, over an earlier one.
    """
    if then is None or then.get("start_type") is None:
        return _no_server(then or {}, now or {}, host)
    if not then.get("present"):
        unseen = f"The settings of the SMTP server of {host} could not be read before (without Web-WMI), so they cannot be restored."
        return [Lasting(unseen, ("present",))] if now is None or now.get("present") else []
    now = now or {}
    return [*_password(then, now, host, password_of, writes_password), *_relay_list(then, now, host), *_not_known(then, now, host)]


def _no_server(then: Mapping[str, Any], now: Mapping[str, Any], host: str) -> list[Lasting]:
    found = []
    if then.get("firewall_addresses"):
        found.append(Lasting(f"{host} had a firewall rule for a relay and no SMTP server; that rule is not created again."))
    if now.get("start_type") is not None:
        found.append(Lasting(f"The Windows features that SMTP-Server needs, and Web-WMI, stay installed on {host}."))
    return found


def _password(then: Mapping[str, Any], now: Mapping[str, Any], host: str, password_of: str | None, writes_password: bool) -> list[Lasting]:
    kind, account = then.get("smart_host_authentication"), then.get("smart_host_username")
    if kind not in LOGS_ON:
        return []
    same_account = now.get("smart_host_authentication") in LOGS_ON and now.get("smart_host_username") == account
    known = password_of is not None and password_of == account
    if known or (same_account and not writes_password):
        return []
    sentence = (
        f"The relay of {host} logged on to {then.get('smart_host') or 'its smart host'} as {account}, and that account's password cannot "
        f"be read, so it cannot be restored."
    )
    return [Lasting(sentence, _WAY)]


def _relay_list(then: Mapping[str, Any], now: Mapping[str, Any], host: str) -> list[Lasting]:
    earlier = then.get("relay_list")
    if earlier in (None, "listed") or earlier == now.get("relay_list"):
        return []
    if earlier == "nobody":
        sentence = (
            f"The relay list of {host} was absent, which lets nobody relay. That cannot be written: the list is set to "
            "127.0.0.1 alone instead."
        )
        return [Lasting(sentence, _LIST, _NOBODY)]
    return [Lasting(f"The relay list of {host} {_LISTS[str(earlier)]}", _LIST)]


def _not_known(then: Mapping[str, Any], now: Mapping[str, Any], host: str) -> list[Lasting]:
    """What was shown without being understood."""
    found = []
    security = ("smart_host_authentication", "smart_host_tls")
    known = then.get("smart_host_authentication") in ("none", *LOGS_ON) and then.get("smart_host_tls") is not None
    if not known and any(then.get(option) != now.get(option) for option in security):
        found.append(Lasting(f"How {host} logged on to its smart host was not recognised, so it cannot be restored.", security))
    addresses = then.get("connect_addresses")
    if addresses not in (None, [ANY]) and addresses != now.get("connect_addresses"):
        try:
            networks(addresses)
        except ValueError:
            sentence = f"Who could connect to {host} was not recognised ({', '.join(addresses)}), so it cannot be restored."
            found.append(Lasting(sentence, ("connect_addresses", "connect_names")))
    return found
