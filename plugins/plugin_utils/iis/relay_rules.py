# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a relay must not be, said before it is made so. Pure rules; each gives a reason or None."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from ..common.addresses import is_address
from .virtual_server import SERVICE, SMTP, VirtualServer, WindowsServer

LOGS_ON: Final = ("basic", "ntlm")
_LOOPBACK: Final = ("127.0.0.1", "::1")


def missing_feature(host: WindowsServer) -> str | None:
    """Windows Server 2025 has no SMTP server ("Features removed or no longer developed": no replacement within the operating system)."""
    if SMTP in host.features:
        return None
    return (
        f"{host.name} runs {host.windows}, which has no feature {SMTP} (Windows Server has had none since 2025), so it cannot be a relay: "
        f"use another server of the farm, or one of the routes without a relay, anonymous or externally_secured."
    )


def unreadable_list(want: Mapping[str, Any], server: VirtualServer | None, host: str) -> str | None:
    """A list that is not understood may hold subnets and names; to replace it would lose them."""
    if "relay_addresses" not in want or server is None or server.relay_list.replaceable:
        return None
    return (
        f"The relay list of {host} has a layout that this module does not know (a subnet, a name, or damaged data), and it does not "
        f"overwrite what it cannot read. Open it in the IIS 6 console (SmtpSvc/1, Access, Relay), remove everything except single "
        f"addresses, or leave out relay_addresses."
    )


def open_relay(want: Mapping[str, Any], server: VirtualServer | None, host: WindowsServer) -> str | None:
    """An empty list means that everybody may relay; a task that makes such a server run, now or with Windows, must close it."""
    if "relay_addresses" in want or server is None or server.relay_list.kind != "everybody":
        return None
    if want.get("running") is False and want.get("start_type", host.start_type) in ("manual", "disabled"):
        return None
    return (
        f"The relay list of {host.name} is empty, which lets everybody relay: set relay_addresses to close it, or state stopped and "
        f"start_type disabled, so that nothing starts it."
    )


def restart_of_disabled(want: Mapping[str, Any], host: WindowsServer, restart_needed: bool) -> str | None:
    """Settings have an effect after a restart, and Windows starts no disabled service."""
    if want.get("start_type") != "disabled" or "running" in want or not (host.running and restart_needed):
        return None
    return (
        f"{SERVICE} runs on {host.name} and needs a restart for its settings to take effect, and a disabled service cannot be restarted: "
        f"use state stopped with start_type disabled."
    )


def serves_others(want: Mapping[str, Any], before: Mapping[str, Any], host: str) -> str | None:
    """Whoever uses a server that is there already is not asked: SharePoint's incoming e-mail may be one of them."""
    smart_host = before.get("smart_host")
    if not before.get("running") or want.get("smart_host") in (None, smart_host):
        return None
    now = f"passes mail on to {smart_host}" if smart_host else "delivers mail itself"
    return (
        f"{host} has an SMTP server that already runs and {now}. Others may use it, for example SharePoint's incoming e-mail, and as this "
        f"relay it would be open to the farm's servers only. Choose another server, or set take_over: true (in a role: "
        f"iis_smtp_relay_take_over)."
    )


def smart_host_account(
    after: Mapping[str, Any], before: Mapping[str, Any], password_given: bool, allow_unencrypted: bool, host: str
) -> str | None:
    """Who logs on to the smart host needs a name, a password and TLS. ``after`` are the settings as they would be."""
    kind = after.get("smart_host_authentication")
    if kind not in (None, "none", *LOGS_ON) and after.get("smart_host_tls") is not None:
        return f"How {host} logs on to its smart host is not known (RouteAction is {kind}): set smart_host_authentication, too."
    if kind not in LOGS_ON:
        return None
    username = after.get("smart_host_username")
    if not username:
        return f"smart_host_authentication {kind} needs a smart_host_username and a smart_host_password."
    known = before.get("smart_host_authentication") in LOGS_ON and before.get("smart_host_username") == username
    if not known and not password_given:
        return f"{host} has no password for {username} yet: smart_host_authentication {kind} needs its smart_host_password."
    if kind == "basic" and not after.get("smart_host_tls") and not allow_unencrypted:
        return (
            f"{username} would send its password to {after.get('smart_host')} in clear text: basic needs smart_host_tls. Set it to true, "
            f"or set allow_unencrypted_logon if nobody can listen on the way."
        )
    return None


def smart_host_itself(after: Mapping[str, Any], host_name: str, addresses: Collection[str]) -> str | None:
    """A relay whose smart host is the relay sends every message in a circle. ``addresses`` are the server's, as far as known."""
    smart_host = str(after.get("smart_host") or "").rstrip(".").lower()
    kind = after.get("smart_host_type")
    if kind in ("fallback", "always") and not smart_host:
        return f"smart_host_type {kind} needs a smart_host."
    if not smart_host or kind == "none":
        return None
    bindings = after.get("bindings") or [{"address": "", "port": 25}]
    bound = {binding["address"] for binding in bindings if binding["port"] == (after.get("smart_host_port") or 25)}
    if not bound:
        return None
    if is_address(smart_host):
        itself = smart_host in bound or ("" in bound and smart_host in {*addresses, *_LOOPBACK})
    else:
        fqdn = str(after.get("fqdn") or "").lower()
        names = {"localhost", fqdn, host_name.lower(), f"{host_name}.{fqdn.partition('.')[2]}".lower()}
        # Before the server is installed, nobody tells its full name.
        itself = smart_host in names or (not fqdn and smart_host.partition(".")[0] == host_name.lower())
    if not itself:
        return None
    return (
        f"The smart host {smart_host}, port {after.get('smart_host_port') or 25}, is {host_name} itself: this would be a mail loop. "
        f"Use the Exchange server."
    )
