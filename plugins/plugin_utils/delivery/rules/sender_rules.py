# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose rights a session with Exchange has, and as whom it may send.

Sources: "Receive connectors" (rights), "Manage permissions for recipients" (Send As); that who logged on is held to its own addresses and
its grants is what the reply 5.7.60 says.
"""

from __future__ import annotations

import dataclasses

from ...common.rights import ANY_SENDER, AUTHENTICATED, AUTHENTICATION_FLAG, DOMAIN_SENDER, SUBMIT
from ..evidence import Evidence, inferred
from ..situation.connectors import Connector
from ..situation.facts import Situation
from ..situation.relays import same_account

_GRANTS = "exchange_send_as_info"


@dataclasses.dataclass(frozen=True)
class Identity:
    """Whose rights a session has. ``account`` is the one that logged on; empty where none did."""

    principal: str
    account: str
    rights: frozenset[str]

    @property
    def trusted(self) -> bool:
        """Whether messages of the session count as authenticated."""
        return self.principal == AUTHENTICATED or AUTHENTICATION_FLAG in self.rights


def judge_sender(situation: Situation, connector: Connector, identity: Identity, sender: str) -> tuple[bool, Evidence]:
    """Whether Exchange takes the sender, and why. ``sender`` empty: one of the organisation's addresses that is not known."""
    who, source = sender or "any sender of the organisation", connector.rights_source
    if SUBMIT not in identity.rights:
        return False, inferred("MAIL FROM", f"refused: no {SUBMIT}", source)
    if identity.principal == AUTHENTICATED and identity.account:
        # Who logged on sends as itself, or as who granted it Send As.
        granted = granted_by(situation, identity.account, sender)
        if granted is not None:
            return True, inferred("MAIL FROM", f"accepted: {SUBMIT}, {who}: {granted.value}", f"{granted.by}; {source}")
        needed, whose = ANY_SENDER, f"and {who} is neither an address of {identity.account} nor one that it has Send As for"
        lacking = _lacking(situation, identity.account)
        if not sender and lacking:
            whose = f"and {identity.account} has no Send As for {lacking}"
        if situation.send_as is None:
            whose = f"and {who} is not known to be an address of {identity.account} (Send As was not read)"
    elif not sender or situation.internal(sender):
        needed, whose = DOMAIN_SENDER, "and the sender is in an accepted domain"
    else:
        needed, whose = ANY_SENDER, "and the sender is in no accepted domain"
    if needed in identity.rights:
        return True, inferred("MAIL FROM", f"accepted: {SUBMIT}, {who}", source)
    return False, inferred("MAIL FROM", f"refused with 5.7.60: no {needed}, {whose}", source)


def granted_by(situation: Situation, account: str, sender: str) -> Evidence | None:
    """What lets the account send as that sender, apart from a right on the connector; None where nothing does.

    ``sender`` empty: somebody of the organisation; then every mailbox that was asked about must have granted it.
    """
    address = sender.casefold()
    known = [r.account_addresses for r in situation.relays if same_account(r.account, account)]
    if known and all(addresses is None for addresses in known):
        unread = f"the Send As rights of {account} were not read, and are assumed to be sufficient"
        return inferred("sender", unread, f"no answer from {_GRANTS}")
    own = frozenset[str]().union(*(addresses for addresses in known if addresses is not None))
    if address and address in own:
        return inferred("sender", f"an address of {account} itself", _GRANTS)
    mine = [grant for grant in situation.send_as or () if same_account(grant.account, account)]
    if not address:
        everybody = bool(mine) and all(grant.allowed for grant in mine)
        return inferred("sender", f"{account} has Send As for all {len(mine)} mailboxes that were read", _GRANTS) if everybody else None
    concerned = [grant for grant in mine if address in grant.addresses]
    if concerned and all(grant.allowed for grant in concerned):
        return inferred("sender", f"{account} has Send As for it", _GRANTS)
    return None


def _lacking(situation: Situation, account: str) -> str:
    """Mailboxes that were asked about and let the account not send as them; the first few."""
    denied = sorted(min(g.addresses) for g in situation.send_as or () if same_account(g.account, account) and not g.allowed)
    return ", ".join(denied[:3]) + (f" and {len(denied) - 3} more" if len(denied) > 3 else "")
