"""Send As: who may give it, what it is good for, and how long Exchange believes an old answer."""

from __future__ import annotations

import smtplib

import pytest

from tests.lab.directory import Account
from tests.lab.exchange.mailbox_cache import AGE_LIMIT
from tests.lab.network import SUBMISSION_PORT
from tests.lab_tests.exchange.conftest import World

RIGHT = {"User": "CORP\\svc_relay", "ExtendedRights": ["Send As"]}


def submit(world: World, sender: str, server: str = "ex01") -> tuple[int, bytes]:
    """What Exchange answers to a message of the relay's account as ``sender``."""
    account = world.directory.find("svc_relay")
    assert isinstance(account, Account)
    with world.connect("sp01", SUBMISSION_PORT, server) as client:
        client.starttls(context=world.trust)
        client.login(account.full_name, account.password)
        try:
            client.sendmail(sender, ["bob@corp.example"], f"From: {sender}\r\nSubject: x\r\n\r\nx\r\n")
        except smtplib.SMTPDataError as error:
            said = error.smtp_error
            return error.smtp_code, said if isinstance(said, bytes) else said.encode()
        return 250, b""


def mailbox(world: World, name: str) -> object:
    (found,) = world.run("Get-Mailbox", Identity=name).outputs
    return found


def test_an_account_sends_as_itself_and_as_nobody_else(world: World) -> None:
    assert submit(world, "svc_relay@corp.example")[0] == 250
    code, text = submit(world, "alice@corp.example")
    assert (code, text[:6]) == (550, b"5.7.60")


@pytest.mark.parametrize("granted_first", [True, False])
def test_an_answer_is_believed_until_it_is_too_old(world: World, granted_first: bool) -> None:
    first, second = ("Add-ADPermission", "Remove-ADPermission") if granted_first else ("Remove-ADPermission", "Add-ADPermission")
    codes = (250, 550) if granted_first else (550, 250)
    world.run(first, Identity=mailbox(world, "alice"), **RIGHT)
    assert submit(world, "alice@corp.example")[0] == codes[0]
    world.run(second, Identity=mailbox(world, "alice"), **RIGHT)
    world.clock.advance(AGE_LIMIT / 2)
    assert submit(world, "alice@corp.example")[0] == codes[0]  # does not make the answer younger
    world.clock.advance(AGE_LIMIT / 2 - 60)
    assert submit(world, "alice@corp.example", "ex02")[0] == codes[0]
    world.clock.advance(60)
    assert submit(world, "alice@corp.example")[0] == codes[1]


def test_what_nobody_looked_up_takes_effect_at_once(world: World) -> None:
    assert submit(world, "alice@corp.example")[0] == 550
    world.run("Add-ADPermission", Identity=mailbox(world, "bob"), **RIGHT)
    assert submit(world, "bob@corp.example")[0] == 250


def test_an_organisational_unit_gives_its_mailboxes_what_it_has(world: World) -> None:
    world.run("Add-ADPermission", Identity="OU=Staff,DC=corp,DC=example", **RIGHT)
    shown = [dict(one.properties()) for one in world.run("Get-ADPermission", Identity=mailbox(world, "alice"), User=RIGHT["User"]).outputs]
    assert [(str(one["Identity"]), one["IsInherited"]) for one in shown] == [("corp.example/Staff/alice", True)]
    assert submit(world, "alice@corp.example")[0] == 250
    world.run("Add-ADPermission", Identity=mailbox(world, "bob"), Deny=True, **RIGHT)
    assert submit(world, "bob@corp.example")[0] == 550
    assert "doesn't exist" in world.run("Remove-ADPermission", Identity=mailbox(world, "alice"), **RIGHT).warnings[0]


def test_mailboxes_by_organisational_unit(world: World) -> None:
    def names(**parameters: str) -> list[str]:
        return [str(one) for one in world.run("Get-Mailbox", **parameters).outputs]

    assert names(OrganizationalUnit="corp.example/Staff") == names(OrganizationalUnit="OU=Staff,DC=corp,DC=example") == ["alice", "bob"]
    assert names(OrganizationalUnit="Service", ResultSize="Unlimited") == ["svc_relay"]
    assert names(OrganizationalUnit="corp.example", ResultSize="2") == ["alice", "bob"]
    assert names(OrganizationalUnit="corp.example/Service", Identity="alice") == []
    assert "was not found" in world.run("Get-Mailbox", OrganizationalUnit="corp.example/Nowhere").errors[0].message
