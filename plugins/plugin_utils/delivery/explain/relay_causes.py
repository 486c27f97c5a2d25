# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why mail that was to go through a relay did not arrive, although the configuration that was read lets it: from evidence alone."""

from __future__ import annotations

import re

from ...common.moments import parse_moment
from ..causes import SAID_WITH_RELAY
from ..observe.mail import Observation
from ..observe.material import Material
from ..rules.sender_rules import granted_by
from ..situation.facts import Situation
from ..situation.relays import Relay

_ANONYMOUS_AT_EXCHANGE = "Exchange takes its mail for that of an anonymous client"


def relay_cause(
    situation: Situation, relay: Relay, material: Material, observation: Observation, sender: str, said: str | None
) -> tuple[str, str] | None:
    """The cause and what says so; None where the relay has nothing to do with it.

    ``sender`` is the envelope's, empty for a user who is not known; ``said`` the cause that replies, log lines and reports name.
    """
    if said == "relay_refuses_host":
        return said, "550 5.7.1 Unable to relay"
    if said == "send_as_missing":
        return _send_as(situation, relay, sender)
    if said == "relay_credentials" or (said == "group_wants_authentication" and relay.authenticates):
        return ("relay_credentials", _ANONYMOUS_AT_EXCHANGE) if relay.authenticates else ("no_submit_right", "")
    at_exchange = any(piece.fact.startswith(_AT_EXCHANGE) for piece in observation.evidence)
    if observation.outcome == "accepted_not_delivered" and not at_exchange:
        return _kept(situation, relay, material, sender)
    return None


_AT_EXCHANGE = "tracking: "


def _send_as(situation: Situation, relay: Relay, sender: str) -> tuple[str, str]:
    granted = granted_by(situation, relay.account, sender)
    return ("send_as_missing" if granted is None else "send_as_cached"), "5.7.60"


def _kept(situation: Situation, relay: Relay, material: Material, sender: str) -> tuple[str, str]:
    """Exchange never saw it. The relay's own log and queue tell whether it waits there; what its log told before the tests is over."""
    begun = min((moment for test in material.tests if test.token and (moment := parse_moment(test.time))), default=None)
    # The log's times are whole seconds.
    since = begun.replace(microsecond=0) if begun else None
    errors = [error for error in relay.errors if since is None or error.time is None or error.time >= since]
    named = {cause: error.text for error in errors for pattern, cause in SAID_WITH_RELAY if re.search(pattern, error.text, re.I)}
    waiting = f"{relay.waiting} files wait in its queue" if relay.waiting else ""
    if "relay_credentials" in named and relay.authenticates:
        return "relay_credentials", "; ".join(filter(None, (named["relay_credentials"], waiting)))
    if "send_as_missing" in named and sender.casefold() not in (relay.account_addresses or ()):
        return _send_as(situation, relay, sender)
    if relay.badmail and relay.authenticates and granted_by(situation, relay.account, sender) is not None:
        # The account may send as this sender, and a report has none: who refused both took neither for the account's.
        return "relay_credentials", f"{relay.badmail} messages lie in its Badmail directory, refused as their reports were"
    stopped = "" if relay.running else "the service does not run"
    later = [error.text for error in errors if not error.final]
    found = [*filter(None, (stopped, waiting)), *later[-1:]]
    return ("relay_queue", "; ".join(found)) if found else ("lost_after_acceptance", "")
