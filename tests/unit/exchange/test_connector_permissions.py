"""Access control entries as they are shown, and what they mean for relaying."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.exchange.connectors.permissions import entries, relay_allowed
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.pipeline import Statement
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.session import Reply, Session

RELAY = "Ms-Exch-SMTP-Accept-Any-Recipient"


def entry(
    user: str = "NT-AUTORITÄT\\ANONYMOUS-ANMELDUNG", right: Any = RELAY, deny: bool = False, inherited: bool = False
) -> dict[str, Any]:
    rights = None if right is None else [right]
    return {
        "User": user,
        "ExtendedRights": rights,
        "AccessRights": ["ExtendedRight" if right else "GenericAll"],
        "Deny": deny,
        "IsInherited": inherited,
    }


def test_entries_of_a_principal_are_one_and_well_known_principals_have_their_sid() -> None:
    found = entries(
        [entry(right="ms-Exch-SMTP-Submit"), entry(), entry("CORP\\Admins", None, inherited=True), entry("S-1-5-21-1", deny=True)]
    )
    assert found == [
        {"user": "CORP\\Admins", "sid": None, "rights": ["GenericAll"], "deny": False, "inherited": True},
        {
            "user": "NT-AUTORITÄT\\ANONYMOUS-ANMELDUNG",
            "sid": "S-1-5-7",
            "rights": [RELAY, "ms-Exch-SMTP-Submit"],
            "deny": False,
            "inherited": False,
        },
        {"user": "S-1-5-21-1", "sid": "S-1-5-21-1", "rights": [RELAY], "deny": True, "inherited": False},
    ]


class Host:
    """Answers every question with the same entries."""

    host = "ex01"

    def __init__(self, *outputs: dict[str, Any]) -> None:
        self.outputs = list(outputs)

    def read_each(self, *statements: Statement) -> list[Reply]:
        return [Reply(self.outputs) for _statement in statements]


@pytest.mark.parametrize(
    ("found", "relays"),
    [
        ([], False),
        ([entry()], True),
        ([entry(right="ms-Exch-SMTP-Submit")], False),
        ([entry(inherited=True)], False),
        ([entry(deny=True)], False),
        ([entry(), entry(deny=True)], False),
    ],
)
def test_relaying_takes_an_entry_of_its_own_that_nothing_denies(found: list[dict[str, Any]], relays: bool) -> None:
    assert relay_allowed(cast(Session, Host(*found)), ["EX01\\Mail"], "S-1-5-7", None) == [relays]
