# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a receive connector must not be, said before Exchange is asked to make it. Pure rules; each raises BadInput with one sentence.

Source of the rules: Microsoft's reference of New-ReceiveConnector (AuthMechanism, Bindings, RemoteIPRanges, TransportRole) and
"Allow anonymous relay on Exchange servers".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...common.errors import BadInput
from .addresses import bindings_overlap, open_to_everyone

_NOTHING = "Nothing was changed."


@dataclasses.dataclass(frozen=True)
class Preset:
    """What a connector is for, as settings. ``with_tls`` are the mechanisms that offer STARTTLS too."""

    auth_mechanism: tuple[str, ...]
    with_tls: tuple[str, ...]
    permission_groups: tuple[str, ...]
    transport_role: str


_LOGON = ("Tls", "Integrated", "BasicAuth", "BasicAuthRequireTLS")
# An anonymous connector offers no AUTH: of the mechanisms only Integrated, BasicAuth, BasicAuthRequireTLS and ExchangeServer add AUTH or
# X-EXPS to the reply to EHLO, while Tls adds STARTTLS alone.
PRESETS = {
    "anonymous": Preset(("None",), ("Tls",), ("AnonymousUsers",), "FrontendTransport"),
    "externally_secured": Preset(("ExternalAuthoritative",), ("Tls", "ExternalAuthoritative"), ("ExchangeServers",), "FrontendTransport"),
    # As setup's own connector for clients who log on ("Receive connectors": Client Frontend).
    "authenticated": Preset(_LOGON, _LOGON, ("ExchangeUsers",), "FrontendTransport"),
}

# Names that setup gives, before the server's name ("Receive connectors": default receive connectors).
_SETUP_MADE = ("Client Frontend", "Default Frontend", "Outbound Proxy Frontend", "Client Proxy", "Default")


def check_name(name: str, servers: Iterable[str]) -> None:
    """Refuses a name that Exchange cannot take, and the connectors that setup makes."""
    if not name.strip() or len(name) > 64 or "\\" in name or not name.isprintable():
        raise BadInput(f"{name!r} cannot be a receive connector's name: it has 1 to 64 characters and no backslash. {_NOTHING}")
    for server in servers:
        if name.casefold() in {f"{prefix} {server.partition('.')[0]}".casefold() for prefix in _SETUP_MADE}:
            raise BadInput(
                f"{name} on {server} was created by Exchange setup, and Exchange's own mail flow depends on it: this module neither "
                f"changes nor removes it. {_NOTHING} Give your connector another name."
            )


def apply_preset(name: str | None, settings: Mapping[str, Any]) -> dict[str, Any]:
    """``settings`` completed by the preset. Refuses settings that contradict it."""
    if name is None:
        return dict(settings)
    preset = PRESETS[name]
    mechanisms = settings.get("auth_mechanism")
    groups = settings.get("permission_groups")
    role = settings.get("transport_role")
    meant = {
        "auth_mechanism": list(preset.with_tls if settings.get("require_tls") else preset.auth_mechanism),
        "permission_groups": list(preset.permission_groups),
        "transport_role": preset.transport_role,
    }
    contradiction = None
    if mechanisms is not None and tuple(mechanisms) not in (preset.auth_mechanism, preset.with_tls):
        contradiction = "auth_mechanism"
    elif groups is not None and groups != list(preset.permission_groups):
        contradiction = "permission_groups"
    elif role is not None and role != preset.transport_role:
        contradiction = "transport_role"
    if contradiction:
        value = settings[contradiction]
        text, means = (", ".join(entry) if isinstance(entry, list) else entry for entry in (value, meant[contradiction]))
        raise BadInput(
            f"{contradiction} is {text}, but the preset {name} means {means}. {_NOTHING} "
            f"Leave out {contradiction}, or leave out the preset."
        )
    return {**meant, **settings}


def check_authentication(connector: str, settings: Mapping[str, Any]) -> None:
    """The rules between AuthMechanism, PermissionGroups and RequireTLS. Settings that are not known are not judged."""
    given = settings.get("auth_mechanism")
    if given is None:
        return
    mechanisms = set(given)
    groups = settings.get("permission_groups")
    problem = None
    if "None" in mechanisms and len(mechanisms) > 1:
        problem = "auth_mechanism None cannot be combined with others"
    elif "BasicAuthRequireTLS" in mechanisms and not {"BasicAuth", "Tls"} <= mechanisms:
        problem = "auth_mechanism BasicAuthRequireTLS also needs BasicAuth and Tls"
    elif "ExternalAuthoritative" in mechanisms and mechanisms - {"ExternalAuthoritative", "Tls"}:
        problem = "only Tls can be combined with auth_mechanism ExternalAuthoritative"
    elif settings.get("require_tls") and "Tls" not in mechanisms:
        problem = "require_tls needs Tls in auth_mechanism"
    elif "ExternalAuthoritative" in mechanisms and groups is not None and "ExchangeServers" not in groups:
        problem = "auth_mechanism ExternalAuthoritative needs ExchangeServers in permission_groups"
    if problem:
        raise BadInput(f"{connector}: {problem} (it would have {', '.join(given)}). {_NOTHING}")


def check_timeouts(connector: str, timeout_seconds: int | None, inactivity_seconds: int | None) -> None:
    """ConnectionTimeout is longer than ConnectionInactivityTimeout."""
    if timeout_seconds is not None and inactivity_seconds is not None and timeout_seconds <= inactivity_seconds:
        raise BadInput(
            f"{connector}: connection_timeout ({timeout_seconds} s) must be longer than connection_inactivity_timeout "
            f"({inactivity_seconds} s). {_NOTHING}"
        )


def check_relay(connector: str, settings: Mapping[str, Any]) -> None:
    """``relay`` is a right of those who come anonymously. Settings that are not known are not judged."""
    if not settings.get("relay"):
        return
    mechanisms, groups = settings.get("auth_mechanism") or (), settings.get("permission_groups")
    if "ExternalAuthoritative" in mechanisms:
        raise BadInput(
            f"{connector}: an externally secured connector already relays, and has no anonymous clients, so relay has no meaning for it. "
            f"{_NOTHING} Leave out relay, or use the preset anonymous; the two exclude each other."
        )
    if groups is not None and "AnonymousUsers" not in groups:
        raise BadInput(
            f"{connector}: relay is a right of anonymous clients, and without AnonymousUsers in permission_groups (it would have "
            f"{', '.join(groups)}) they cannot send at all. {_NOTHING} Use the preset anonymous, or leave out relay."
        )


def check_reach(connector: str, settings: Mapping[str, Any], allow_any_remote_address: bool) -> None:
    """A connector that relays for whoever connects, externally secured or with the relay right, must name who that is.

    An anonymous one without the right takes mail for the organisation's own domains only, as setup's connector on port 25 does for the
    whole Internet: it may be open.
    """
    ranges = settings.get("remote_ip_ranges")
    trusting = "ExternalAuthoritative" in (settings.get("auth_mechanism") or ())
    if allow_any_remote_address or not ranges or not (trusting or settings.get("relay")) or not open_to_everyone(ranges):
        return
    kind, harm = ("be externally secured", ", as a trusted sender") if trusting else ("relay for anonymous clients", "")
    raise BadInput(
        f"{connector} would {kind} and be open to {', '.join(ranges)}: anyone could send any mail to anyone through it{harm}. {_NOTHING} "
        f"List the farm's addresses in remote_ip_ranges (or, if you accept this risk, set allow_any_remote_address: true)."
    )


def check_conflicts(connector: str, settings: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> None:
    """Bindings that Exchange would refuse because of another connector of the same server (facts of those in ``others``).

    Connectors of different transport roles never share address and port (ReceiveConnectorRoleConflictException); those of one
    role share them only with other remote ranges.
    """
    for other in others:
        shared = bindings_overlap(settings["bindings"], other["bindings"] or ())
        if not shared:
            continue
        if settings["transport_role"] != other["transport_role"]:
            raise BadInput(
                f"{connector} ({settings['transport_role']}) cannot listen on {', '.join(shared)}: {other['identity']} "
                f"({other['transport_role']}) listens there, and connectors of different transport roles need different bindings. "
                f"{_NOTHING} Choose another port or another transport_role."
            )
        if set(shared) & set(other["bindings"]) and settings["remote_ip_ranges"] == other["remote_ip_ranges"]:
            raise BadInput(
                f"{connector} and {other['identity']} would have the same binding ({', '.join(shared)}) and the same remote_ip_ranges: "
                f"Exchange could not distinguish them. {_NOTHING} Use other ranges or another port for one of them."
            )
