"""Cmdlets: what they show, what they refuse, and that the listeners follow."""

from __future__ import annotations

import json
import smtplib
from typing import Any

import pytest

from tests.lab.exchange.cmdlets.task import TYPES
from tests.lab_tests.exchange.conftest import Session, World
from tests.lab_tests.exchange.test_sessions import ANONYMOUS, EXTERNALLY_SECURED, make


def new(world: World, **parameters: Any) -> Any:
    given = {"Name": "Own", "Server": "EX01", "Bindings": ["0.0.0.0:1025"], "RemoteIPRanges": [world.network.addresses["sp01"]]}
    return world.run("New-ReceiveConnector", **{"TransportRole": "FrontendTransport", **given, **parameters})


def test_each_server_has_the_five(world: World) -> None:
    found = world.run("Get-ReceiveConnector", Server="EX02").outputs
    shown = {str(one.properties()["Identity"]): str(one.properties()["PermissionGroups"]) for one in found}
    assert shown == {
        "EX02\\Client Frontend EX02": "ExchangeUsers",
        "EX02\\Default Frontend EX02": "AnonymousUsers, ExchangeServers, ExchangeLegacyServers",
        "EX02\\Outbound Proxy Frontend EX02": "ExchangeServers",
        "EX02\\Client Proxy EX02": "ExchangeUsers, ExchangeServers",
        "EX02\\Default EX02": "ExchangeUsers, ExchangeServers, ExchangeLegacyServers",
    }
    assert len(world.run("Get-ReceiveConnector").outputs) == 10


def test_values_read_as_exchange_writes_them(world: World) -> None:
    connector = world.run("Get-ReceiveConnector", Identity="Default Frontend EX01").outputs[0].properties()
    text = {name: str(connector[name]) for name in ("AuthMechanism", "MaxMessageSize", "ConnectionTimeout", "MessageRateLimit")}
    assert text == {
        "AuthMechanism": "Tls, Integrated, BasicAuth, BasicAuthRequireTLS, ExchangeServer",
        "MaxMessageSize": "36 MB (37,748,736 bytes)",
        "ConnectionTimeout": "00:10:00",
        "MessageRateLimit": "Unlimited",
    }
    assert [str(one) for one in connector["Bindings"]] == ["[::]:1025", "0.0.0.0:1025"]


def test_missing_connector(world: World) -> None:
    (error,) = world.run("Get-ReceiveConnector", Identity="EX01\\Nope").errors
    assert error.message == "The operation couldn't be performed because object 'EX01\\Nope' couldn't be found on 'dc01.corp.example'."
    assert error.error_id.startswith("[Server=EX01,RequestId=")
    assert "[FailureCategory=Cmdlet-ManagementObjectNotFoundException] " in error.error_id


def test_listener_follows_the_object(world: World) -> None:
    new(world, Bindings=["0.0.0.0:1026"], **ANONYMOUS)
    with world.connect("sp01", 1026) as client:
        assert not client.has_extn("auth")
    with pytest.raises(smtplib.SMTPConnectError, match=r"4\.3\.2 Service not available"):
        world.connect("stranger", 1026)
    world.run("Set-ReceiveConnector", Identity="EX01\\Own", Bindings=["0.0.0.0:1027"])
    assert world.connect("sp01", 1027).noop()[0] == 250
    for change in ({"Enabled": False}, {"Enabled": True, "Bindings": ["127.0.0.1:1026"]}):
        world.run("Set-ReceiveConnector", Identity="EX01\\Own", **change)
        for port in (1026, 1027):
            with pytest.raises(ConnectionRefusedError):
                world.connect("sp01", port)
    world.run("Remove-ReceiveConnector", Identity="EX01\\Own")
    assert len(world.run("Get-ReceiveConnector", Server="EX01").outputs) == 5


def test_most_specific_range_wins_on_its_own_server_only(world: World) -> None:
    make(world, "Wide", ANONYMOUS, [f"{world.network.subnet}.0/24"])
    make(world, "Narrow", EXTERNALLY_SECURED, [f"{world.network.addresses['sp01']}-{world.network.addresses['sp02']}"])
    with world.connect("sp01") as client:
        assert client.has_extn("starttls")
    with world.connect("stranger") as client:
        assert not client.has_extn("starttls")
    with world.connect("sp01", server="ex02") as client:
        assert client.has_extn("auth")


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        (
            {"TransportRole": "HubTransport"},
            'conflict with the settings on Receive connector "EX01\\Default Frontend EX01". Receive connectors assigned to different '
            "Transport roles on a single server must listen on unique local IP address & port bindings.",
        ),
        ({"RemoteIPRanges": ["0.0.0.0-255.255.255.255"]}, 'Receive connector "EX01\\Default Frontend EX01"'),
        ({"AuthMechanism": "ExternalAuthoritative", "PermissionGroups": "AnonymousUsers"}, "ExternalAuthoritative"),
        ({"AuthMechanism": "ExternalAuthoritative, Integrated", "PermissionGroups": "ExchangeServers"}, "Tls"),
        ({"AuthMechanism": "BasicAuthRequireTLS"}, "BasicAuth and Tls"),
        ({"AuthMechanism": "None", "RequireTLS": True}, "RequireTLS"),
        ({"MaxMessageSize": "1KB"}, "MaxMessageSize"),
        ({"Name": "Default Frontend EX01"}, "already exists"),
        ({"Server": "EX09"}, "'EX09' couldn't be found"),
        ({"DefaultDomain": "x", "Comment": "y", "Banner": "x"}, "220"),
        ({"PermissionGroups": "AnonymousUsers, Custom"}, "Custom"),
    ],
)
def test_refusals_change_nothing(world: World, parameters: dict[str, Any], words: str) -> None:
    before = world.exchange.snapshot()
    (error,) = new(world, **parameters).errors
    assert words in error.message
    assert world.exchange.snapshot() == before


@pytest.mark.parametrize("value", ["10.0.0.300", "10.0.0.9-10.0.0.1", "10.0.0.1-::1", "nonsense", "10.0.0.0/33"])
def test_ranges_that_are_none(value: str) -> None:
    with pytest.raises(ValueError, match="isn't valid"):
        TYPES["MultiValuedProperty<IPRange>"]([value])


def test_set_changes_lists_and_says_when_nothing_is_different(world: World) -> None:
    new(world, **EXTERNALLY_SECURED)
    world.run("Set-ReceiveConnector", Identity="EX01\\Own", RemoteIPRanges={"Add": "10.1.2.3", "Remove": world.network.addresses["sp01"]})
    shown = world.run("Get-ReceiveConnector", Identity="EX01\\Own").outputs[0].properties()
    assert [str(one) for one in shown["RemoteIPRanges"]] == ["10.1.2.3"]
    assert (
        "no settings of 'EX01\\Own' have been modified" in world.run("Set-ReceiveConnector", Identity="EX01\\Own", Enabled=True).warnings[0]
    )


def test_rights_by_hand_show_as_custom_and_survive(world: World) -> None:
    new(world, **ANONYMOUS)
    connector = world.run("Get-ReceiveConnector", Identity="EX01\\Own").outputs[0]
    right = {"User": "NT AUTHORITY\\ANONYMOUS LOGON", "ExtendedRights": ["ms-Exch-SMTP-Accept-Any-Recipient"]}
    (added,) = world.run("Add-ADPermission", Identity=connector, **right).outputs
    assert not added.properties()["IsInherited"] and str(added.properties()["ExtendedRights"][0]) == "ms-Exch-SMTP-Accept-Any-Recipient"
    assert str(connector.properties()["PermissionGroups"]) == "AnonymousUsers, Custom"
    assert "already present" in world.run("Add-ADPermission", Identity=connector.distinguished_name, **right).warnings[0]
    world.run("Set-ReceiveConnector", Identity="EX01\\Own", PermissionGroups="AnonymousUsers, ExchangeUsers")
    assert str(connector.properties()["PermissionGroups"]) == "AnonymousUsers, ExchangeUsers, Custom"
    entries = world.run("Get-ADPermission", Identity=connector, User="S-1-5-7").outputs
    assert {str(one.properties()["ExtendedRights"][0]) for one in entries} == {
        "ms-Exch-Accept-Headers-Routing",
        "ms-Exch-SMTP-Accept-Any-Recipient",
        "ms-Exch-SMTP-Accept-Any-Sender",
        "ms-Exch-SMTP-Accept-Authoritative-Domain-Sender",
        "ms-Exch-SMTP-Submit",
    }
    world.run("Remove-ADPermission", Identity=connector, **right)
    assert str(connector.properties()["PermissionGroups"]) == "AnonymousUsers, ExchangeUsers"
    assert "doesn't exist" in world.run("Remove-ADPermission", Identity=connector, **right).warnings[0]


def test_same_name_on_two_servers_is_ambiguous_for_permissions(world: World) -> None:
    for server in ("EX01", "EX02"):
        new(world, Server=server, **ANONYMOUS)
    assert "multiple entries" in world.run("Get-ADPermission", Identity="Own").errors[0].message
    assert "couldn't be found" in world.run("Get-ADPermission", Identity="EX01\\Own").errors[0].message


def test_groups(world: World) -> None:
    refused = world.run("Set-DistributionGroup", Identity="everyone@corp.example", RequireSenderAuthenticationEnabled=False)
    assert "manager of the group" in refused.errors[0].message
    change = {"Identity": "everyone@corp.example", "BypassSecurityGroupManagerCheck": True}
    world.run("Set-DistributionGroup", **change, RequireSenderAuthenticationEnabled=False, AcceptMessagesOnlyFromSendersOrMembers=["alice"])
    shown = world.run("Get-DistributionGroup", Identity="everyone").outputs[0].properties()
    assert shown["RequireSenderAuthenticationEnabled"] is False
    assert [str(one) for one in shown["AcceptMessagesOnlyFrom"]] == ["corp.example/Staff/alice"]
    unknown = world.run("Set-DistributionGroup", **change, AcceptMessagesOnlyFromSendersOrMembers={"Add": ["nobody"]})
    assert 'Couldn\'t find object "nobody"' in unknown.errors[0].message


def test_parameters_without_behaviour_are_refused(world: World) -> None:
    assert "Filter" in world.run("Get-Mailbox", Filter="x").errors[0].message


def test_roles_decide_which_cmdlets_there_are(world: World) -> None:
    limited = world.exchange.cmdlets(Session("CORP\\ex_limited"))
    assert "get-receiveconnector" in limited and "get-messagetrackinglog" in limited
    assert "new-receiveconnector" not in limited and "add-adpermission" not in limited
    assert not world.exchange.cmdlets(Session("CORP\\alice"))
    assert len(world.exchange.cmdlets(Session())) == 17


def test_organisation_reads(world: World) -> None:
    assert [str(one) for one in world.run("Get-ExchangeServer").outputs] == ["EX01", "EX02"]
    assert str(world.run("Get-AcceptedDomain").outputs[0].properties()["DomainName"]) == "corp.example"
    assert str(world.run("Get-SendConnector").outputs[0].properties()["AddressSpaces"][0]) == "SMTP:*;1"
    assert [str(one) for one in world.run("Get-Recipient").outputs] == ["alice", "bob", "svc_relay", "sharepoint", "everyone", "board"]
    assert len(world.run("Get-DistributionGroupMember", Identity="everyone").outputs) == 2
    assert world.run("Get-TransportService", Identity="EX02").outputs[0].properties()["Name"] == "EX02"


def test_tracking_is_indexed_late_and_counted(world: World) -> None:
    for number in range(3):
        world.send("sp01", "a@corp.example", ["alice@corp.example"], f"many {number}")
        world.events(f"many {number}", until="DELIVER")
    ran = world.run("Get-MessageTrackingLog", MessageSubject="many", ResultSize="2")
    assert len(ran.outputs) == 2 and "more results available" in ran.warnings[0]
    world.exchange.state.tracking["EX01"].index_lag = 3600
    assert not world.run("Get-MessageTrackingLog", MessageSubject="many").outputs


def test_snapshot_is_json_and_the_same_in_every_lab(world: World) -> None:
    before = json.dumps(world.exchange.snapshot(), sort_keys=True)
    new(world, **ANONYMOUS)
    assert json.dumps(world.exchange.snapshot(), sort_keys=True) != before
    world.run("Remove-ReceiveConnector", Identity="EX01\\Own")
    assert json.dumps(world.exchange.snapshot(), sort_keys=True) == before
