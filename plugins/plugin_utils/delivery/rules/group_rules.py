# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Exchange does with mail to a group after it has accepted it (250): restrictions are checked later, and answered by an NDR.

Sources: "Set-DistributionGroup" (RequireSenderAuthenticationEnabled, AcceptMessagesOnlyFromSendersOrMembers), and the list of NDR codes.
"""

from __future__ import annotations

from typing import Literal

from ..evidence import Evidence, inferred, observed
from ..situation.facts import Situation

GroupVerdict = Literal["group_authentication", "group_unresolved", "group_not_permitted"]
_READ_BY = "exchange_group_senders_info"
_NOT_READ = "the recipient's kind; the group's own settings were not read"
_RULE = "Exchange documentation, Set-DistributionGroup"


def judge_group(situation: Situation, recipient: str, sender: str, *, trusted: bool) -> tuple[GroupVerdict | None, tuple[Evidence, ...]]:
    """Why a group turns the mail away, None when it does not (or is no group), and the reasons.

    ``trusted``: the message counts as authenticated. Only then is its sender looked up in the directory, so that an anonymous sender is
    on nobody's list of permitted senders.
    """
    known = situation.recipient(recipient)
    kind = known.kind if known else ""
    group = (situation.groups or {}).get(recipient.casefold())
    if group is None and not kind.startswith("group_"):
        return None, ()
    require = group.require_authentication if group else kind == "group_authenticated"
    permitted = (
        group.accept_only_from if group else frozenset({situation.farm.from_address.casefold()} if kind == "group_permitted" else ())
    )
    if group:
        listed = ", ".join(sorted(permitted)) or "everybody"
        fact = observed("group", f"requires authenticated senders: {'yes' if require else 'no'}; permitted senders: {listed}", _READ_BY)
    else:
        fact = inferred("group", "requires authenticated senders" if require else "permits the farm's address only", _NOT_READ)
    counts = inferred(
        "counts as authenticated", "yes" if trusted else "no", "the rights of the session (ms-Exch-SMTP-Accept-Authentication-Flag)"
    )
    if require and not trusted:
        reason = "accepted (250), then returned with 5.7.133: the group accepts mail from authenticated senders only"
        return "group_authentication", (fact, counts, inferred("after acceptance", reason, _RULE))
    if permitted and not trusted:
        reason = "accepted (250), then returned with 5.7.124 (5.7.1 RESOLVER.RST.NotAuthorized): an anonymous sender is on no list"
        return "group_unresolved", (fact, counts, inferred("after acceptance", reason, _RULE))
    rejected = bool(group and sender.casefold() in group.reject_from)
    if trusted and (rejected or (permitted and sender.casefold() not in permitted)):
        why = "is on the list of rejected senders" if rejected else "is not on the list of permitted senders"
        reason = f"accepted (250), then returned with 5.7.124 (5.7.1 RESOLVER.RST.NotAuthorized): {sender or 'the sender'} {why}"
        return "group_not_permitted", (fact, counts, inferred("after acceptance", reason, _RULE))
    return None, (fact, counts, inferred("after acceptance", "the group accepts it", _RULE))
