"""What the entries of a mailbox's access control list mean for sending as it."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import MailError
from ansible_collections.sharepoint.mail.plugins.plugin_utils.exchange.send_as_rights import Grant, Scope, with_rights
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.pipeline import Statement
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.session import Reply, Session

ALICE = Grant("alice", "alice@corp.example", ("alice@corp.example",), "CN=alice,OU=Staff,DC=corp,DC=example", "corp.example/Staff/alice")
SCOPE = Scope("CORP\\svc_relay", ("alice",), None, "dc01.corp.example")


def entry(right: str | None = "Send-As", *, deny: bool = False, inherited: bool = False, **more: Any) -> dict[str, Any]:
    return {
        "Identity": "corp.example/staff/ALICE",
        "ExtendedRights": right and [right],
        "AccessRights": ["ExtendedRight"],
        "Deny": deny,
        "IsInherited": inherited,
        **more,
    }


class Host:
    """Answers the one question with these entries, and keeps it."""

    host = "ex01"

    def __init__(self, *outputs: dict[str, Any]) -> None:
        self.outputs = list(outputs)
        self.asked: list[Statement] = []

    def read_each(self, *statements: Statement) -> list[Reply]:
        self.asked += statements
        return [Reply(self.outputs)]


@pytest.mark.parametrize(
    ("entries", "allowed", "inherited"),
    [
        ([], False, False),
        ([entry()], True, False),
        ([entry("Receive-As")], False, False),
        ([entry(deny=True)], False, False),
        ([entry(), entry(deny=True)], False, False),
        ([entry(inherited=True)], True, True),
        ([entry(), entry(inherited=True)], True, False),
        ([entry(), entry(inherited=True, deny=True)], True, False),
        ([entry(deny=True), entry(inherited=True)], False, False),
        ([entry(inherited=True), entry(inherited=True, deny=True)], False, False),
        ([entry(None)], True, False),
        ([entry(None, AccessRights=["GenericAll"], inherited=True)], True, True),
        ([entry(None, AccessRights="ReadProperty, GenericAll")], True, False),
        ([entry(None, AccessRights=["ReadProperty"])], False, False),
    ],
)
def test_an_entry_of_its_own_comes_first_and_of_two_the_denial(entries: list[dict[str, Any]], allowed: bool, inherited: bool) -> None:
    (grant,) = with_rights(cast(Session, Host(*entries)), SCOPE, [ALICE])
    facts = grant.facts(SCOPE.account)
    assert (facts["allowed"], facts["inherited"]) == (allowed, inherited)


def test_all_mailboxes_are_one_question_to_one_domain_controller() -> None:
    host = Host()
    bob = Grant("bob", "bob@corp.example", ("bob@corp.example",), "CN=bob,OU=Staff,DC=corp,DC=example", "corp.example/Staff/bob")
    assert not any(grant.allowed for grant in with_rights(cast(Session, host), SCOPE, [ALICE, bob]))
    (statement,) = host.asked
    assert statement.piped == (ALICE.distinguished_name, bob.distinguished_name)
    assert {command.parameters["DomainController"] for command in statement.commands} == {"dc01.corp.example"}


def test_an_entry_that_belongs_to_no_mailbox_asked_about_is_no_answer() -> None:
    with pytest.raises(MailError, match="elsewhere"):
        with_rights(cast(Session, Host(entry(Identity="corp.example/elsewhere"))), SCOPE, [ALICE])
