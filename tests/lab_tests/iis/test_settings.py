"""Features, services, registry, firewall and metabase of a farm server, as a remote session finds them."""

from __future__ import annotations

from typing import Any

import pytest
from pypsrp.serializer import TaggedValue

from tests.lab_tests.iis.conftest import NAMESPACE, Answer, Lab, Session, StartLab, binding, hosts, octets, properties

SERVICE_KEY = "HKLM:\\SYSTEM\\CurrentControlSet\\Services\\SMTPSVC"


@pytest.fixture
def session(start_lab: StartLab) -> Session:
    return start_lab().session()


def features(session: Session, *names: str) -> dict[str, Any]:
    return {properties(one)["Name"]: properties(one)["Installed"] for one in session.cmdlet("Get-WindowsFeature", Name=list(names)).outputs}


def test_nothing_is_installed_at_first(session: Session) -> None:
    assert features(session, "SMTP-Server", "Web-WMI", "RSAT-SMTP") == {"SMTP-Server": False, "Web-WMI": False, "RSAT-SMTP": False}
    answer = session.cmdlet("Get-Service", Name="SMTPSVC")
    assert answer.messages == ["Cannot find any service with service name 'SMTPSVC'."]
    answer = session.setting()
    assert (answer.messages, answer.outputs) == (["Invalid namespace "], [])
    assert answer.ids == ["HRESULT 0x8004100e,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand"]
    assert session.cmdlet("Test-Path", Path=SERVICE_KEY).outputs == [False]


def test_features_bring_what_they_need(session: Session) -> None:
    result = session.cmdlet("Install-WindowsFeature", Name=["SMTP-Server"], IncludeManagementTools=True).one
    assert (result["Success"], str(result["RestartNeeded"]), str(result["ExitCode"])) == (True, "No", "Success")
    assert features(session, "Web-Metabase", "RSAT-SMTP", "Web-WMI") == {"Web-Metabase": True, "RSAT-SMTP": True, "Web-WMI": False}
    assert str(session.cmdlet("Install-WindowsFeature", Name=["SMTP-Server"]).one["ExitCode"]) == "NoChangeNeeded"
    assert session.setting().messages == ["Invalid namespace "]
    assert session.cmdlet("Uninstall-WindowsFeature", Name=["Web-Metabase"]).one["Success"] is True
    assert features(session, "SMTP-Server", "RSAT-SMTP") == {"SMTP-Server": False, "RSAT-SMTP": False}
    assert session.cmdlet("Get-Service", Name="SMTPSVC").ids


def test_an_unknown_feature(session: Session) -> None:
    assert session.cmdlet("Get-WindowsFeature", Name=["No-Such"]).outputs == []
    answer = session.cmdlet("Install-WindowsFeature", Name=["No-Such"])
    assert "The role, role service, or feature name is not valid: 'No-Such'" in answer.messages[0]


def test_2025_has_no_smtp_server(start_lab: StartLab) -> None:
    session = start_lab("--windows", "2025").session()
    assert list(features(session, "SMTP-Server", "RSAT-SMTP", "Web-Lgcy-Mgmt-Console", "Web-WMI")) == ["Web-WMI"]
    assert session.cmdlet("Get-CimInstance", ClassName="Win32_OperatingSystem").one["Version"] == "10.0.26100"


def service(session: Session) -> dict[str, Any]:
    return session.cmdlet("Get-Service", Name="SMTPSVC").one


def test_services_and_their_start(session: Session) -> None:
    session.install()
    assert (str(service(session)["Status"]), str(service(session)["StartType"])) == ("Stopped", "Manual")
    assert session.cmdlet("Set-Service", Name="SMTPSVC", StartupType="Automatic").errors == []
    assert session.cmdlet("Get-ItemProperty", Path=SERVICE_KEY, Name="DelayedAutostart").messages == [
        "Property DelayedAutostart does not exist at path HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\SMTPSVC."
    ]
    new = {"Path": SERVICE_KEY, "Name": "DelayedAutostart", "PropertyType": "DWord", "Value": 1}
    assert session.cmdlet("New-ItemProperty", **new).errors == []
    assert session.cmdlet("New-ItemProperty", **new).messages == ["The property already exists."]
    own = {"Path": SERVICE_KEY, "Name": "Own"}
    assert session.cmdlet("New-ItemProperty", **own, PropertyType="DWord", Value=1).errors == []
    assert session.cmdlet("Get-ItemProperty", Path=SERVICE_KEY).one["Own"] == 1
    assert session.cmdlet("Remove-ItemProperty", **own).errors == []
    assert session.cmdlet("Remove-ItemProperty", **own).messages == [
        "Property Own does not exist at path HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\SMTPSVC."
    ]
    stored = session.cmdlet("Get-ItemProperty", Path=SERVICE_KEY, Name="DelayedAutostart").one
    assert stored["DelayedAutostart"] == 1
    shown = session.cmdlet("Get-CimInstance", ClassName="Win32_Service", Filter="Name = 'SMTPSVC'").one
    assert (shown["StartMode"], shown["DelayedAutoStart"], shown["State"]) == ("Auto", True, "Stopped")
    assert session.cmdlet("Start-Service", Name="SMTPSVC").errors == []
    assert str(service(session)["Status"]) == "Running"
    answer = session.cmdlet("Stop-Service", Name="IISADMIN")
    assert answer.messages == [
        "Cannot stop service 'IIS Admin Service (IISADMIN)' because it has dependent services. "
        "It can only be stopped if the Force flag is set."
    ]
    assert session.cmdlet("Stop-Service", Name="IISADMIN", Force=True).errors == []
    assert str(service(session)["Status"]) == "Stopped"
    session.cmdlet("Set-Service", Name="SMTPSVC", StartupType="Disabled")
    assert "cannot be started" in session.cmdlet("Start-Service", Name="SMTPSVC").messages[0]


def test_defaults_after_installation(session: Session) -> None:
    session.install()
    values = session.setting().one
    assert values["RelayIpList"] is None and values["SmartHost"] is None and values["RoutePassword"] is None
    assert (values["AuthFlags"], values["AuthAnonymous"], values["AuthNTLM"], values["RelayForAuth"]) == (1, True, False, -1)
    assert (values["SmartHostType"], values["RemoteSmtpPort"], values["AlwaysUseSsl"]) == (0, 25, False)
    assert values["FullyQualifiedDomainName"] == "sp01.corp.example"
    access = session.setting("IIsIPSecuritySetting").one
    assert (access["GrantByDefault"], access["IPGrant"], access["IPDeny"]) == (True, None, None)
    answer = session.cmdlet("Get-CimInstance", Namespace=NAMESPACE, ClassName="IISLogModuleSetting")
    assert "{FF160663-DE82-11CF-BC0A-00AA006111E0}" in {properties(one)["LogModuleId"] for one in answer.outputs}


def test_what_is_written_is_read_back(session: Session) -> None:
    session.install()
    flags: dict[str, Any] = {"AuthFlags": 5, "SmartHost": "[10.0.0.5]", "AlwaysUseSsl": True, "MaxSmtpErrors": -1}
    answer = session.change(RelayIpList=hosts("10.0.0.5", "10.0.0.6"), RoutePassword="secret", RouteUserName="CORP\\a", **flags)
    assert answer.errors == []
    values = session.setting().one
    assert {name: values[name] for name in flags} == flags
    assert (values["AuthNTLM"], values["AuthBasic"]) == (True, False)
    assert bytes(values["RelayIpList"])[-8:] == bytes([10, 0, 0, 5, 10, 0, 0, 6]) and len(values["RelayIpList"]) == 88
    assert (values["RoutePassword"], values["RouteUserName"]) == ("", "CORP\\a")


def test_an_absent_list_is_no_empty_one(session: Session) -> None:
    """By its items: pypsrp cannot read an empty byte array."""
    session.install()
    get = {"Namespace": NAMESPACE, "ClassName": "IIsSmtpServerSetting"}
    items = (("Get-CimInstance", get), ("ForEach-Object", {"MemberName": "RelayIpList"}))
    assert len(session.run(*items).outputs) == 1
    assert session.change(RelayIpList=octets(b"")).errors == []
    assert session.run(*items).outputs == []
    assert session.change(RelayIpList=None).errors == []
    assert len(session.run(*items).outputs) == 1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"HopCount": "15"}, 'Type mismatch for property "HopCount"'),
        ({"HopCount": TaggedValue("I64", 2**32 - 1)}, "Value was either too large or too small for an Int32."),
        ({"HopCount": True}, 'Type mismatch for property "HopCount"'),
        ({"AlwaysUseSsl": 1}, 'Type mismatch for property "AlwaysUseSsl"'),
        ({"SmartHost": 1}, 'Type mismatch for property "SmartHost"'),
        ({"RelayIpList": [24, 0, 0, 128]}, 'Type mismatch for property "RelayIpList"'),
        ({"ServerBindings": [{"IP": "", "Port": "25", "Hostname": ""}]}, 'Type mismatch for property "ServerBindings"'),
        ({"NoSuch": 1}, "Unable to add property 'NoSuch' to object 'IIsSmtpServerSetting (Name = \"SmtpSvc/1\")'."),
        ({"Name": "x"}, "Could not modify readonly property 'Name' of object 'IIsSmtpServerSetting (Name = \"SmtpSvc/1\")'."),
    ],
)
def test_what_a_property_does_not_take(relay: Lab, values: dict[str, Any], said: str) -> None:
    session = relay.session()
    before = session.setting().one
    assert session.change(MaxRecipients=7, **values).messages == [said]
    assert session.setting().one["MaxRecipients"] == before["MaxRecipients"]


def bindings(session: Session) -> list[dict[str, Any]]:
    chosen = {"Namespace": NAMESPACE, "ClassName": "IIsSmtpServerSetting", "Filter": "Name='SmtpSvc/1'"}
    answer = session.run(("Get-CimInstance", chosen), ("ForEach-Object", {"MemberName": "ServerBindings"}))
    assert answer.errors == []
    return [{name: value for name, value in properties(one).items() if name in ("IP", "Port", "Hostname")} for one in answer.outputs]


def test_bindings_that_a_client_sends(session: Session) -> None:
    session.install()
    assert bindings(session) == [{"IP": "", "Port": "25", "Hostname": ""}]
    assert session.change(ServerBindings=[binding("1025"), binding("2026", "10.0.0.5")]).errors == []
    assert [(one["IP"], one["Port"]) for one in bindings(session)] == [("", "1025"), ("10.0.0.5", "2026")]


def test_a_binding_that_was_read_goes_back(session: Session) -> None:
    """A host sends an instance's class along, and takes both back."""
    session.install()
    get = {"Namespace": NAMESPACE, "ClassName": "IIsSmtpServerSetting"}
    (read,) = session.run(("Get-CimInstance", get), ("ForEach-Object", {"MemberName": "ServerBindings"})).outputs
    read.adapted_properties["Port"] = "1025"
    assert session.change(ServerBindings=[read]).messages == []
    assert bindings(session) == [{"IP": "", "Port": "1025", "Hostname": ""}]


def test_bindings_without_their_class_are_no_instances(session: Session) -> None:
    session.install()
    for wrong in (binding(metadata=False), binding(mixml="no xml"), binding(mixml='<CLASS NAME="ServerBinding"></CLASS>')):
        assert session.change(ServerBindings=[wrong]).messages == ['Type mismatch for property "ServerBindings"']
    wrong = binding()
    wrong.adapted_properties["Port"] = 1025
    assert session.change(ServerBindings=[wrong]).messages


def test_a_binding_that_the_session_keeps(session: Session) -> None:
    session.install()
    made = {
        "ClassName": "ServerBinding",
        "Namespace": NAMESPACE,
        "ClientOnly": True,
        "Property": {"IP": "", "Port": "1025", "Hostname": ""},
    }
    assert session.run(("New-CimInstance", made), ("Set-Variable", {"Name": "one"})).errors == []
    assert properties(session.cmdlet("Get-Variable", Name="one", ValueOnly=True).outputs[0])["Port"] == "1025"


def test_filters_and_half_instances(session: Session) -> None:
    session.install()

    def get(**more: Any) -> Answer:
        return session.cmdlet("Get-CimInstance", Namespace="root\\MicrosoftIISv2", ClassName="iissmtpserversetting", **more)

    assert len(get().outputs) == 1 and get(Filter="Name = 'SmtpSvc/2'").outputs == []
    assert get(Filter="Name eq 1").messages == ["Invalid query "]
    half = {"Namespace": NAMESPACE, "ClassName": "IIsSmtpServerSetting", "Property": ["Name", "SmartHost"]}
    answer = session.run(("Get-CimInstance", half), ("Set-CimInstance", {"Property": {"SmartHost": "x"}}))
    assert answer.messages == ["Exception occurred. "]
    assert session.cmdlet("Get-CimInstance", Namespace=NAMESPACE, ClassName="NoSuch").messages == ["Invalid class "]


def test_firewall_rules(session: Session) -> None:
    rule = {"Name": "relay", "DisplayName": "A relay", "Direction": "Inbound", "Action": "Allow", "Protocol": "TCP", "LocalPort": ["1025"]}
    assert session.cmdlet("Get-NetFirewallRule", Name="relay").messages == [
        "No MSFT_NetFirewallRule objects found with property 'InstanceID' equal to 'relay'.  Verify the value of the property and retry."
    ]
    assert session.cmdlet("New-NetFirewallRule", **rule, RemoteAddress=["10.0.0.5", "10.1.0.0/16"]).one["Name"] == "relay"
    assert session.cmdlet("New-NetFirewallRule", **rule).ids == ["Windows System Error 183,New-NetFirewallRule"]
    get = ("Get-NetFirewallRule", {"Name": "relay"})
    shown = session.run(get).one
    assert (str(shown["Enabled"]), str(shown["Direction"]), str(shown["Action"])) == ("True", "Inbound", "Allow")
    assert session.run(get, ("Get-NetFirewallAddressFilter", {})).one["RemoteAddress"] == ["10.0.0.5", "10.1.0.0/255.255.0.0"]
    port = session.run(get, ("Get-NetFirewallPortFilter", {})).one
    assert (port["Protocol"], port["LocalPort"]) == ("TCP", "1025")
    assert session.cmdlet("Set-NetFirewallRule", Name="relay", RemoteAddress="10.0.0.6", Enabled="False").errors == []
    assert session.run(get, ("Get-NetFirewallAddressFilter", {})).one["RemoteAddress"] == "10.0.0.6"
    assert session.cmdlet("Set-NetFirewallRule", Name="relay", Enabled=True).errors
    assert session.cmdlet("Set-NetFirewallRule", Name="relay", RemoteAddress="nonsense").errors
    assert session.run(get, ("Set-NetFirewallRule", {"LocalPort": ["25", "587"], "Profile": "Domain, Private"})).errors == []
    assert session.run(get, ("Get-NetFirewallPortFilter", {})).one["LocalPort"] == ["25", "587"]
    assert session.run(get, ("Remove-NetFirewallRule", {})).errors == []
    assert session.cmdlet("New-NetFirewallRule", **rule).errors == []
    assert session.cmdlet("Remove-NetFirewallRule", DisplayName="A relay").errors == []
    assert session.cmdlet("Remove-NetFirewallRule", Name="relay").errors


def test_folders(session: Session) -> None:
    path = "D:\\Mail\\Badmail"
    assert session.cmdlet("Test-Path", Path=path, PathType="Container").outputs == [False]
    assert session.cmdlet("New-Item", Path=path, ItemType="Directory").one["FullName"] == path
    assert session.cmdlet("Test-Path", Path=path, PathType="Container").outputs == [True]
    assert session.cmdlet("New-Item", Path=path, ItemType="Directory").messages == [
        f"An item with the specified name {path} already exists."
    ]
    assert session.cmdlet("New-Item", Path=path, ItemType="Directory", Force=True).errors == []
    assert session.cmdlet("Get-ChildItem", Path="D:\\None").messages == ["Cannot find path 'D:\\None' because it does not exist."]
    assert session.cmdlet("Get-Content", Path="D:\\None", Tail=5).messages == ["Cannot find path 'D:\\None' because it does not exist."]


def test_who_is_no_administrator_changes_nothing(start_lab: StartLab) -> None:
    lab = start_lab("--state", "iis-relay")
    before = lab.ask("snapshot")
    session = lab.session(user="sp_reader", password="Reader-Pa55")
    denied = [
        session.cmdlet("Install-WindowsFeature", Name=["Web-Lgcy-Scripting"]),
        session.setting(),
        session.cmdlet("Stop-Service", Name="SMTPSVC"),
        session.cmdlet("Set-Service", Name="SMTPSVC", StartupType="Manual"),
        session.cmdlet("Set-ItemProperty", Path=SERVICE_KEY, Name="DelayedAutostart", Value=0),
        session.cmdlet("New-NetFirewallRule", DisplayName="all"),
        session.cmdlet("Remove-NetFirewallRule", DisplayName="SMTP relay"),
        session.cmdlet("New-Item", Path="C:\\x", ItemType="Directory"),
    ]
    assert all(answer.errors for answer in denied)
    assert denied[1].messages == ["Access denied "]
    assert lab.ask("snapshot") == before


def test_snapshots_hold_no_password(start_lab: StartLab) -> None:
    lab = start_lab("--state", "iis-relay")
    shown = lab.ask("snapshot")["windows"]
    assert shown["sp01"]["services"]["SMTPSVC"] == {"running": True, "start": 2, "delayed": 1, "values": {}}
    assert shown["sp01"]["settings"]["RouteUserName"] == "CORP\\svc_relay" and shown["sp02"]["settings"] == {}
    assert "Relay-Pa55" not in str(shown)
