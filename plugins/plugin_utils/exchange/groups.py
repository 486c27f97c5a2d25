# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Distribution groups and mail-enabled security groups as Exchange shows them, with their senders as addresses."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..common.errors import BadInput, RemoteError
from ..remoting.pipeline import cmdlet
from ..remoting.session import Session
from ..remoting.values import UNLIMITED
from .organisation import not_found, texts, with_domain_controller


@dataclasses.dataclass(frozen=True)
class Group:
    """A group and who may send to it. Senders are primary SMTP addresses; what Exchange no longer finds stays as it is listed."""

    address: str
    name: str
    require_sender_authentication: bool
    accept_only_from: tuple[str, ...]
    reject_from: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        return {
            "address": self.address,
            "name": self.name,
            "require_sender_authentication": self.require_sender_authentication,
            "accept_only_from": list(self.accept_only_from),
            "reject_from": list(self.reject_from),
        }


def sender_list(senders: Iterable[Any]) -> list[str]:
    """Senders in the form in which they are compared: addresses know no case, each stands once, sorted."""
    return sorted({sender.lower() if "@" in sender else sender for sender in map(str, senders)})


def read_groups(session: Session, names: Sequence[str] | None, domain_controller: str | None) -> list[Group]:
    """The groups of these names or addresses, in their order; all groups for None. Raises BadInput for one that Exchange does not know."""
    if names is None:
        (outputs,) = session.read(with_domain_controller(cmdlet("Get-DistributionGroup", ResultSize=UNLIMITED), domain_controller))
        found = [output for output in outputs if isinstance(output, Mapping)]
    else:
        found = []
        statements = [with_domain_controller(cmdlet("Get-DistributionGroup", Identity=name), domain_controller) for name in names]
        for name, reply in zip(names, session.read_each(*statements), strict=True):
            for error in reply.errors:
                raise _unknown_group(error, name, session.host)
            found.append(_only(reply.outputs, "group", name, session.host))
    listed = {text for group in found for kind in _LISTS for text in texts(group.get(kind))}
    addresses = addresses_of(session, sorted(listed), domain_controller)
    return [_group(group, addresses) for group in found]


def addresses_of(session: Session, identities: Sequence[str], domain_controller: str | None) -> dict[str, str | None]:
    """Primary SMTP address of each recipient; None for one that Exchange does not find. Raises RemoteError, or BadInput when ambiguous."""
    statements = [with_domain_controller(cmdlet("Get-Recipient", Identity=identity), domain_controller) for identity in identities]
    found: dict[str, str | None] = {}
    for identity, reply in zip(identities, session.read_each(*statements), strict=True):
        for error in reply.errors:
            if not not_found(error):
                raise error
        outputs = [] if reply.errors else reply.outputs
        address = str(_only(outputs, "recipient", identity, session.host).get("PrimarySmtpAddress") or "") if outputs else ""
        found[identity] = address or None
    return found


_LISTS = ("AcceptMessagesOnlyFromSendersOrMembers", "RejectMessagesFromSendersOrMembers")


def _group(found: Mapping[str, Any], addresses: Mapping[str, str | None]) -> Group:
    permitted, rejected = (sender_list(addresses.get(text) or text for text in texts(found.get(kind))) for kind in _LISTS)
    return Group(
        address=str(found.get("PrimarySmtpAddress") or "").lower(),
        name=str(found.get("Name") or ""),
        require_sender_authentication=bool(found.get("RequireSenderAuthenticationEnabled")),
        accept_only_from=tuple(permitted),
        reject_from=tuple(rejected),
    )


def _unknown_group(error: RemoteError, name: str, host: str) -> BadInput | RemoteError:
    if not not_found(error):
        return error
    return BadInput(
        f"{host} has no distribution group and no mail-enabled security group {name} ({error.reply}). Nothing was changed. Check the "
        f"name; a dynamic distribution group is neither."
    )


def _only(outputs: Sequence[Any], noun: str, name: str, host: str) -> Mapping[str, Any]:
    found = [output for output in outputs if isinstance(output, Mapping)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(str(one.get("PrimarySmtpAddress") or one.get("Name")) for one in found) or "no one"
    raise BadInput(f"{host} returns {names} for the {noun} {name}. Nothing was changed. Use its address.")
