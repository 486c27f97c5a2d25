"""SharePoint's cmdlets and the plain Windows ones, as functions."""

from __future__ import annotations

import datetime
import uuid

import pytest

from tests.lab.engine.cmdlets import TerminatingError
from tests.lab.engine.objects import NetException
from tests.lab.sharepoint.product import Product
from tests.lab_tests.sharepoint.clients import Session, run
from tests.lab_tests.sharepoint.conftest import NETWORK, PATCHED, UNPATCHED, MakeFarm, MakeSink

DLL = r"C:\Program Files\Common Files\microsoft shared\Web Server Extensions\16\ISAPI\Microsoft.SharePoint.dll"
CENTRAL_ADMINISTRATION = "https://sp01.corp.example:8444/"


@pytest.mark.parametrize(
    ("build", "name", "answers"),
    [
        ("15.0.4805.1000", "2013", False),
        ("16.0.4351.1000", "2016", True),
        (UNPATCHED, "2016", True),
        (PATCHED, "2016", False),
        ("16.0.5561.1001", "2016", False),
        ("16.0.10337.12109", "2019", False),
        ("16.0.14326.20450", "SE", False),
    ],
)
def test_products(build: str, name: str, answers: bool) -> None:
    product = Product.of(build)
    assert (product.name, product.answers_challenges) == (name, answers)


@pytest.mark.parametrize("build", ["15.0.4805.1000", UNPATCHED, "16.0.10337.12109", "16.0.14326.20450"])
def test_every_version_has_its_cmdlets(make_farm: MakeFarm, build: str) -> None:
    cmdlets = make_farm(build=build).cmdlets(None)
    set_cmdlet = cmdlets["set-spwebapplication"]
    assert set_cmdlet.class_name == "Microsoft.SharePoint.PowerShell.SPCmdletSetWebApplication"
    assert set_cmdlet.signature["Identity"]["pipeline"]
    assert ("SMTPServerPort" in set_cmdlet.signature) == (not build.startswith("15"))
    with pytest.raises(ValueError):
        set_cmdlet.types[set_cmdlet.signature["AssignmentCollection"]["type"]]("https://portal.corp.example:8443/")


@pytest.mark.parametrize("session", [Session(delegated=False), Session(user="CORP\\sp_reader"), Session(user="CORP\\unknown")])
def test_the_farm_is_out_of_reach(make_farm: MakeFarm, session: Session) -> None:
    farm = make_farm()
    for name in farm.cmdlets(session):
        with pytest.raises(TerminatingError, match="Cannot access the local farm") as caught:
            run(farm, name, session)
        assert caught.value.error_id.startswith("Microsoft.SharePoint.PowerShell.SPCmdlet")


def test_farm_and_servers(make_farm: MakeFarm) -> None:
    farm = make_farm()
    [found] = run(farm, "Get-SPFarm").outputs
    assert str(found.properties()["BuildVersion"]) == UNPATCHED
    assert found.properties()["DefaultServiceAccount"].properties()["Name"] == "CORP\\sp_farm"
    servers = {server.name: str(server.properties()["Role"]) for server in run(farm, "Get-SPServer").outputs}
    assert servers == {"sp01": "Custom", "sp02": "WebFrontEnd", "sql01": "Invalid", "ex01.corp.example": "Invalid"}


def test_web_applications(make_farm: MakeFarm) -> None:
    farm = make_farm()
    assert [one.name for one in run(farm, "Get-SPWebApplication").outputs] == ["portal", "teams", "saml"]
    everything = run(farm, "Get-SPWebApplication", IncludeCentralAdministration=True).outputs
    assert [one.properties()["IsAdministrationWebApplication"] for one in everything] == [False, False, False, True]
    portal = everything[0].properties()
    assert str(portal["Url"]) == "https://portal.corp.example:8443/"
    assert str(everything[0]) == "SPWebApplication Name=portal"
    server = portal["OutboundMailServiceInstance"].properties()["Server"]
    assert server.properties()["Address"] == "ex01.corp.example"
    assert portal["ApplicationPool"].properties()["Username"] == "CORP\\sp_pool"
    assert (portal["OutboundMailPort"], portal["OutboundMailEnableSsl"], portal["OutboundMailCodePage"]) == (1025, False, 65001)
    for identity in ("PORTAL", "https://portal.corp.example:8443", portal["Id"], everything[0]):
        assert [one.name for one in run(farm, "Get-SPWebApplication", Identity=identity).outputs] == ["portal"]


def test_unknown_web_application(make_farm: MakeFarm) -> None:
    farm = make_farm()
    for identity in ("absent", CENTRAL_ADMINISTRATION):
        found = run(farm, "Get-SPWebApplication", Identity=identity)
        assert found.outputs == []
        assert (
            found.errors[0].message == f"Cannot find an SPWebApplication object that contains the following Id, Name, or Url: {identity}."
        )
        assert found.errors[0].error_id == "Microsoft.SharePoint.PowerShell.SPCmdletGetWebApplication"
    assert run(farm, "Get-SPWebApplication", Identity=CENTRAL_ADMINISTRATION, IncludeCentralAdministration=True).errors == []
    before = farm.snapshot()
    assert run(farm, "Set-SPWebApplication", Identity="absent", SMTPServer="x").errors
    assert farm.snapshot() == before


def test_set_web_application_restates_everything(make_farm: MakeFarm) -> None:
    farm = make_farm()
    run(farm, "Set-SPWebApplication", Identity="portal", SMTPServer="mail.corp.example")
    assert farm.snapshot()["web_applications"]["portal"] == {
        "url": "https://portal.corp.example:8443/",
        "alerts_enabled": True,
        "server": "mail.corp.example",
        "sender": "",
        "reply_to": "",
        "code_page": 65001,
        "enable_ssl": True,
        "port": 25,
        "override_envelope_sender": None,
    }
    [server] = run(farm, "Get-SPServer", Identity="mail.corp.example").outputs
    assert str(server.properties()["Role"]) == "Invalid"
    run(
        farm,
        "Set-SPWebApplication",
        Identity=CENTRAL_ADMINISTRATION,
        SMTPServer="ex02.corp.example",
        SMTPServerPort=1025,
        DisableSMTPEncryption=True,
        OutgoingEmailAddress="a@corp.example",
        ReplyToEmailAddress="b@corp.example",
    )
    mail = farm.web_applications[-1].mail
    assert (mail.server, mail.port, mail.enable_ssl, mail.sender, mail.reply_to) == (
        "ex02.corp.example",
        1025,
        False,
        "a@corp.example",
        "b@corp.example",
    )


def test_object_members(make_farm: MakeFarm) -> None:
    farm = make_farm()
    [mine] = run(farm, "Get-SPWebApplication", Identity="portal").outputs
    [theirs] = run(farm, "Get-SPWebApplication", Identity="portal").outputs
    four, six = mine.methods()["UpdateMailSettings"]
    four("ex02.corp.example", "a@corp.example", "b@corp.example", 1252)
    assert (farm.web_applications[0].mail.port, farm.web_applications[0].mail.code_page) == (1025, 1252)
    six("", "a@corp.example", "b@corp.example", 65001, None, 26)
    [read] = run(farm, "Get-SPWebApplication", Identity="portal").outputs
    assert read.properties()["OutboundMailServiceInstance"] is None
    assert read.properties()["OutboundMailEnableSsl"] is None
    # The engine takes a property that is null for text.
    mine.set_property("OutboundMailOverrideEnvelopeSender", "True")
    assert farm.web_applications[0].mail.override_envelope_sender is None
    [update] = mine.methods()["Update"]
    update()
    assert farm.snapshot()["web_applications"]["portal"]["override_envelope_sender"] is True
    with pytest.raises(NetException, match="update conflict"):
        theirs.methods()["Update"][0]()


def test_2013_objects_have_no_tls(make_farm: MakeFarm) -> None:
    [portal] = run(make_farm(build="15.0.4805.1000"), "Get-SPWebApplication", Identity="portal").outputs
    assert "OutboundMailPort" not in portal.properties()
    assert len(portal.methods()["UpdateMailSettings"]) == 1


def test_alerts_of_a_web(make_farm: MakeFarm) -> None:
    [web] = run(make_farm(), "Get-SPWeb", Identity="https://portal.corp.example:8443/").outputs
    alerts = [alert.properties() for alert in web.properties()["Alerts"]]
    assert [alert["User"].properties()["Email"] for alert in alerts] == [
        "alice@corp.example",
        "partner@outside.example",
        "everyone@corp.example",
        "board@corp.example",
    ]
    assert [alert["User"].properties()["IsDomainGroup"] for alert in alerts] == [False, False, True, True]
    assert {str(alert["AlertFrequency"]) for alert in alerts} == {"Immediate"}
    assert {alert["List"].properties()["Title"] for alert in alerts} == {"Mail test"}
    assert isinstance(alerts[0]["ID"], uuid.UUID)


def test_sites_and_users(make_farm: MakeFarm) -> None:
    farm = make_farm()
    assert len(run(farm, "Get-SPSite").outputs) == 3
    [site] = run(farm, "Get-SPSite", WebApplication="teams").outputs
    [web] = run(farm, "Get-SPWeb", Site=site).outputs
    assert web.title == "Teams"
    assert run(farm, "Get-SPUser", Web=web, Identity="i:0#.w|corp\\alice").outputs[0].email == "alice@corp.example"
    assert run(farm, "Get-SPWeb", Identity="https://absent/").errors[0].message.startswith("Cannot find an SPWeb object")


def test_timer_jobs(make_farm: MakeFarm) -> None:
    farm = make_farm()
    jobs = run(farm, "Get-SPTimerJob", Identity="job-immediate-alerts").outputs
    assert len(jobs) == 4
    [job] = run(farm, "Get-SPTimerJob", Identity="Immediate Alerts", WebApplication="portal").outputs
    assert (job.name, job.properties()["IsDisabled"]) == ("job-immediate-alerts", False)
    before = datetime.datetime.now(datetime.UTC)
    run(farm, "Start-SPTimerJob", Identity=job)
    farm.timer.wait()
    [entry] = job.properties()["HistoryEntries"]
    values = entry.properties()
    assert before <= values["StartTime"] <= values["EndTime"]
    assert (str(values["Status"]), values["ServerName"], values["WebApplicationName"]) == ("Succeeded", "sp01", "portal")
    assert run(farm, "Start-SPTimerJob", Identity="job-none").errors


def test_log_of_the_servers(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm = make_farm(build=PATCHED, timer_server="sp02")
    start = datetime.datetime.now(datetime.UTC)
    [job] = run(farm, "Get-SPTimerJob", Identity="job-immediate-alerts", WebApplication="portal").outputs
    run(farm, "Start-SPTimerJob", Identity=job)
    farm.timer.wait()
    assert run(farm, "Get-SPLogEvent", StartTime=start).outputs == []
    [entry] = run(farm, "Get-SPLogEvent", Session(host="sp02"), StartTime=start).outputs
    assert entry.properties()["Process"] == "OWSTIMER.EXE (0x0C10)"
    assert run(farm, "Get-SPLogEvent", Session(host="sp02"), StartTime=start, MinimumLevel="monitorable").outputs == []
    assert run(farm, "Get-SPLogEvent", Session(host="sp02"), EndTime=start).outputs == []
    assert "job-immediate-alerts" in run(farm, "Get-SPLogEvent", Session(host="sp02"), AsString=True).outputs[0]


@pytest.mark.parametrize(
    "name", ["Get-SPProduct", "Get-SPServiceInstance", "Get-SPManagedAccount", "Get-SPAlternateURL", "Get-SPDatabase", "Get-SPShellAdmin"]
)
def test_the_rest_answers(make_farm: MakeFarm, name: str) -> None:
    outputs = run(make_farm(), name).outputs
    assert outputs
    assert all(one.properties() for one in outputs)


def test_windows_cmdlets_need_no_farm(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm, nobody = make_farm(), Session(user="CORP\\sp_reader", delegated=False, host="sp02")
    make_sink()
    [record] = run(farm, "Resolve-DnsName", nobody, Name="ex01.corp.example", Type="A").outputs
    assert record.properties()["IPAddress"] == NETWORK.addresses["ex01"]
    missing = run(farm, "Resolve-DnsName", nobody, Name="absent.corp.example", Type="A")
    assert (missing.outputs, missing.errors[0].error_id) == ([], "DNS_ERROR_RCODE_NAME_ERROR")
    [item] = run(farm, "Get-Item", nobody, Path=[DLL]).outputs
    assert item.properties()["VersionInfo"].properties()["FileVersion"] == UNPATCHED
    assert run(farm, "Get-Item", nobody, Path=["C:\\absent"]).errors[0].error_id == "PathNotFound"
    [test] = run(farm, "Test-NetConnection", nobody, ComputerName="ex01.corp.example", Port=1025).outputs
    source = test.properties()["SourceAddress"].properties()["IPAddress"]
    assert str(test.properties()["RemoteAddress"]) == NETWORK.addresses["ex01"]
    assert (test.properties()["TcpTestSucceeded"], source) == (True, NETWORK.addresses["sp02"])
    closed = run(farm, "Test-NetConnection", nobody, ComputerName="ex01.corp.example", Port=1026)
    assert closed.outputs[0].properties()["TcpTestSucceeded"] is False
    assert closed.warnings
