# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts of relays and of Send As from whole results, as a play registered them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...common.registered import members, results, was_read
from .relays import same_account


def plain_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """``facts`` (options of the modules that predict) with ``relays`` and ``send_as`` as parse_situation takes them.

    Which addresses are those of a relay's own account may stand in the results of ``exchange_send_as_info``; what of these failed was not
    read.
    """
    given = facts.get("send_as")
    accounts = {str(result["account"]): result["account_addresses"] for result in results(given or ()) if "account_addresses" in result}
    return {
        **facts,
        "relays": [_relay(result, accounts) for result in results(facts.get("relays") or ())],
        "send_as": list(members(given, "send_as")) if given is not None and was_read(given, "send_as") else None,
    }


def _relay(result: Mapping[str, Any], accounts: Mapping[str, Any]) -> dict[str, Any]:
    facts = {**result["relay"], **{key: result.get(key) for key in ("queue", "badmail", "errors")}} if "relay" in result else dict(result)
    user = str(facts.get("smart_host_username") or "")
    own = next((addresses for account, addresses in accounts.items() if user and same_account(account, user)), None)
    return facts if own is None else {**facts, "account_addresses": own}
