"""Access control entries as they are shown, and what they mean for relaying."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import BadInput, CommandMissing, RemoteError
from ansible_collections.sharepoint.mail.plugins.plugin_utils.exchange.connectors.permissions import (
    add_rights,
    change_relay,
    check_access,
    entries,
    lacking_cmdlets,
    relay_allowed,
    sid_of,
)
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.pipeline import Statement
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.session import Endpoint, Reply, Session

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


def test_what_is_no_entry_hides_none_and_an_entry_of_nobody_is_shown() -> None:
    nobody = {"ExtendedRights": [RELAY]}
    assert [shown["user"] for shown in entries(["a warning", nobody, entry()])] == ["", "NT-AUTORITÄT\\ANONYMOUS-ANMELDUNG"]


class Host:
    """Answers each question by the cmdlet that it ends with and, of connectors, by their identity."""

    host = "ex01"
    endpoint = Endpoint("ex01", "CORP\\ex_admin", "kerberos", "", "Microsoft.Exchange", "psrp")

    def __init__(self, *commands: str, **answers: list[dict[str, Any]] | RemoteError) -> None:
        self.commands = commands or ("Get-ADPermission", "Add-ADPermission", "Remove-ADPermission")
        self.answers = answers
        self.asked: list[Statement] = []

    def read_each(self, *statements: Statement) -> list[Reply]:
        self.asked += statements
        return [self._reply(statement) for statement in statements]

    def _reply(self, statement: Statement) -> Reply:
        first, last = statement.commands[0], statement.commands[-1]
        if last.name == "Get-Command":
            return Reply([{"Name": name} for name in self.commands if name in last.parameters["Name"]])
        answer = self.answers[str(first.parameters["Identity"]).partition("\\")[2]]
        return Reply(errors=[answer]) if isinstance(answer, RemoteError) else Reply(list(answer))


def session(host: Host) -> Session:
    return cast(Session, host)


NOT_FOUND = RemoteError("nobody of that name", "[FailureCategory=Cmdlet-ManagementObjectNotFoundException] 1A,Get-ADPermission")
BROKEN = RemoteError("it broke", "Broken", "Get-ADPermission", "ex01")
MISSING = CommandMissing("no such cmdlet", "CommandNotFoundException", "Get-ADPermission", "ex01")


@pytest.mark.parametrize(
    ("found", "relays"),
    [
        ([], False),
        ([entry()], True),
        ([entry(right="ms-Exch-SMTP-Submit")], False),
        ([entry(inherited=True)], False),
        ([entry(deny=True)], False),
        ([entry(), entry(deny=True)], False),
        ([entry(), entry(deny=True, inherited=True)], True),
        ([entry(right="ms-Exch-SMTP-Submit", deny=True), entry()], True),
        ([entry(right=None)], False),
    ],
)
def test_relaying_takes_an_entry_of_its_own_that_nothing_denies(found: list[dict[str, Any]], relays: bool) -> None:
    """Each connector is judged by its own entries, in their order."""
    host = Host(Mail=found, Plain=[], Open=[entry()])
    asked = ["EX01\\Mail", "EX01\\Plain", "EX02\\Open"]
    assert relay_allowed(session(host), asked, "S-1-5-7", None) == [relays, False, True]
    assert [statement.commands[0].parameters for statement in host.asked] == [{"Identity": name} for name in asked]
    assert {str(statement.commands[1].parameters) for statement in host.asked} == {"{'User': 'S-1-5-7'}"}


def test_all_that_is_asked_and_written_goes_to_one_domain_controller() -> None:
    host = Host(Mail=[])
    relay_allowed(session(host), ["EX01\\Mail"], "S-1-5-7", "dc01")
    check_access(session(host), "EX01\\Mail", "S-1-5-7", "dc01")
    add_rights(session(host), [{"identity": "EX01\\Mail"}], "dc01")
    asked = [statement for statement in host.asked if statement.commands[0].name != "Get-Command"]
    connector = ("Get-ReceiveConnector", {"Identity": "EX01\\Mail", "DomainController": "dc01"})
    of_one = ("Get-ADPermission", {"User": "S-1-5-7", "DomainController": "dc01"})
    of_all = ("Get-ADPermission", {"DomainController": "dc01"})
    assert [[(command.name, dict(command.parameters)) for command in statement.commands] for statement in asked] == [
        [connector, of_one],
        [connector, of_one],
        [connector, of_all],
    ]
    written = change_relay("EX01\\Mail", "S-1-5-7", "dc01", True)
    assert {command.parameters["DomainController"] for command in written.commands} == {"dc01"}


@pytest.mark.parametrize(("allowed", "name"), [(True, "Add-ADPermission"), (False, "Remove-ADPermission")])
def test_the_right_is_given_and_taken_without_a_question(allowed: bool, name: str) -> None:
    first, last = change_relay("EX01\\Mail", "S-1-5-7", None, allowed).commands
    assert (first.name, first.parameters, last.name) == ("Get-ReceiveConnector", {"Identity": "EX01\\Mail"}, name)
    assert last.parameters == {"User": "S-1-5-7", "ExtendedRights": ["ms-Exch-SMTP-Accept-Any-Recipient"], "Confirm": False}


def test_who_may_write_rights_is_asked_before_a_connector_is_made() -> None:
    check_access(session(Host(Mail=[])), "EX01\\Mail", "S-1-5-7", None)
    for lacking in ("Add-ADPermission", "Remove-ADPermission"):
        shown = [name for name in Host().commands if name != lacking]
        with pytest.raises(BadInput, match=rf"shows CORP\\ex_admin Get-ADPermission, but not {lacking}: .* Nothing was changed\."):
            check_access(session(Host(*shown, Mail=[])), "EX01\\Mail", "S-1-5-7", None)
    nobody = Host("Get-ADPermission", Mail=[])
    nobody.endpoint = dataclasses.replace(Host.endpoint, account=None)
    both = "shows the account of the session Get-ADPermission, but not Add-ADPermission and Remove-ADPermission: "
    with pytest.raises(BadInput, match=both):
        check_access(session(nobody), "EX01\\Mail", "S-1-5-7", None)
    with pytest.raises(RemoteError, match="it broke"):
        check_access(session(Host(Mail=BROKEN)), "EX01\\Mail", "S-1-5-7", None)
    with pytest.raises(CommandMissing):
        check_access(session(Host(Mail=MISSING)), "EX01\\Mail", "S-1-5-7", None)
    with pytest.raises(BadInput, match=r"^ex01 does not know the principal NOBODY .*Nothing was changed\..* relay_user"):
        check_access(session(Host(Mail=NOT_FOUND)), "EX01\\Mail", "NOBODY", None)
    with pytest.raises(BadInput, match=r"^ex01 does not know the principal NOBODY "):
        relay_allowed(session(Host(Mail=NOT_FOUND)), ["EX01\\Mail"], "NOBODY", None)


def test_an_endpoint_that_tells_no_cmdlets_is_taken_at_its_word_later() -> None:
    assert lacking_cmdlets(session(Host("Other")), ["Add-ADPermission"]) == []
    shown = session(Host("Get-ADPermission"))
    assert lacking_cmdlets(shown, ["Get-ADPermission", "Get-Mailbox"]) == ["Get-Mailbox"]


def test_rights_that_may_not_be_read_are_a_warning_once() -> None:
    connectors: list[dict[str, Any]] = [{"identity": f"EX01\\{name}"} for name in ("Mail", "Other", "Broken", "Gone")]
    warnings = add_rights(session(Host(Mail=[entry()], Other=MISSING, Gone=MISSING, Broken=BROKEN)), connectors, None)
    assert [connector["rights"] is None for connector in connectors] == [False, True, True, True]
    assert connectors[0]["rights"][0]["sid"] == "S-1-5-7"
    assert len(warnings) == 2
    assert warnings[0].startswith("The connectors' rights were not read.")
    assert warnings[1].startswith("The rights of EX01\\Broken were not read.")


@pytest.mark.parametrize(
    ("user", "sid"),
    [
        ("S-1-5-7", "S-1-5-7"),
        ("s-1-5-21-1", "s-1-5-21-1"),
        ("NT AUTHORITY\\Anonymous Logon", "S-1-5-7"),
        ("NT-AUTORITÄT\\Authentifizierte Benutzer", "S-1-5-11"),
        ("CORP\\S-1-5-7", None),
    ],
)
def test_well_known_principals(user: str, sid: str | None) -> None:
    assert sid_of(user) == sid
