"""The relaying server: whom it serves, where mail goes, and what it leaves behind."""

from __future__ import annotations

import smtplib
from typing import Any

import pytest

from tests.lab_tests.iis.conftest import PORT, SUBMISSION, Lab, Session, StartLab, hosts, octets, properties
from tests.waiting import wait_for

UNLISTED = b"5.7.1 Unable to relay for alice@corp.example"
QUEUE, BADMAIL = "C:\\inetpub\\mailroot\\Queue", "C:\\inetpub\\mailroot\\Badmail"
OUTWARD = {
    "SmartHost": "ex01.corp.example",
    "SmartHostType": 2,
    "RemoteSmtpPort": SUBMISSION,
    "RouteUserName": "CORP\\svc_relay",
    "RoutePassword": "Relay-Pa55",
}
BASIC_TLS, NTLM, NTLM_TLS = 268, 136, 140


def allow(session: Session, *addresses: str) -> None:
    """Opens the relay's port to those addresses."""
    rule = {"DisplayName": "relay", "Direction": "Inbound", "Action": "Allow", "Protocol": "TCP", "LocalPort": [str(PORT)]}
    assert session.cmdlet("New-NetFirewallRule", **rule, RemoteAddress=list(addresses)).errors == []


def recipient(lab: Lab, source: str) -> tuple[int, bytes]:
    """The reply to RCPT TO."""
    client = lab.connect(source)
    client.mail("svc_relay@corp.example")
    return client.rcpt("alice@corp.example")


def files(session: Session, folder: str, kind: str = "*") -> list[dict[str, Any]]:
    return [properties(one) for one in session.cmdlet("Get-ChildItem", Path=folder, Filter=kind, File=True).outputs]


def counters(session: Session) -> dict[str, Any]:
    chosen = {"ClassName": "Win32_PerfFormattedData_SMTPSVC_SMTPServer", "Filter": "Name = '_Total'"}
    return session.cmdlet("Get-CimInstance", **chosen).one


@pytest.mark.parametrize("source", ["sp01", "sp02"])
def test_mail_arrives_authenticated(relay: Lab, source: str) -> None:
    relay.send(f"from {source}", source)
    message = relay.arrived(f"from {source}")
    assert message.headers["x-ms-exchange-organization-authas"] == ("Internal",)
    received = " ".join(message.headers["received"])
    assert f"([{relay.address(source)}]) by sp01.corp.example with Microsoft SMTPSVC(10.0." in received


def test_whoever_is_not_in_the_firewall_gets_no_answer(relay: Lab) -> None:
    for source in ("stranger", "127.0.0.1"):
        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
            relay.connect(source)


def test_send_as_is_granted_for_one(relay: Lab) -> None:
    relay.send("as alice", sender="alice", to="svc_relay@corp.example")
    assert "alice@corp.example" in str(relay.arrived("as alice", "svc_relay").from_)


def test_a_sender_without_grants_becomes_badmail(start_lab: StartLab) -> None:
    lab = start_lab("--state", "iis-relay-no-grants")
    session = lab.session()
    lab.send("as alice", sender="alice", to="svc_relay@corp.example")
    wait_for(lambda: files(session, BADMAIL, "*.BAD"))
    told = session.cmdlet("Get-Content", Path=str(files(session, BADMAIL, "*.BDR")[0]["FullName"])).outputs
    assert "5.7.60 SMTP; Client does not have permissions to send as this sender" in told[0]
    assert (counters(session)["NDRsGenerated"], counters(session)["BadmailedMessagesNDRofDSN"]) == (1, 1)
    assert lab.messages("svc_relay", "as alice") == []


def test_nothing_listens_before_the_service_runs(start_lab: StartLab) -> None:
    lab = start_lab()
    session = lab.session()
    session.install()
    session.cmdlet("Start-Service", Name="SMTPSVC")
    with pytest.raises(ConnectionRefusedError):
        lab.connect()


def test_settings_act_at_the_next_start(start_lab: StartLab) -> None:
    lab = start_lab()
    session = lab.session()
    session.configure()
    allow(session, lab.address("sp02"))
    assert session.change(RelayIpList=hosts(lab.address("sp02"))).errors == []
    assert recipient(lab, "sp02")[0] == 550
    session.restart()
    assert recipient(lab, "sp02")[0] == 250


def test_who_may_relay(start_lab: StartLab) -> None:
    lab = start_lab()
    session = lab.session()
    session.configure()
    allow(session, lab.address("sp02"), lab.address("stranger"))
    assert recipient(lab, "sp01") == (550, UNLISTED)
    for value, allowed in ((hosts(lab.address("sp02")), {"sp02"}), (octets(b""), {"sp01", "sp02", "stranger"}), (octets(b"\1"), set())):
        session.change(RelayIpList=value)
        session.restart()
        assert {source for source in ("sp01", "sp02", "stranger") if recipient(lab, source)[0] == 250} == allowed


def test_who_may_connect(start_lab: StartLab) -> None:
    lab = start_lab()
    session = lab.session()
    session.configure(RelayIpList=octets(b""))
    allow(session, lab.address("sp02"), lab.address("stranger"))
    session.change("IIsIPSecuritySetting", GrantByDefault=False, IPGrant=[f"{lab.address('sp02')}, 255.255.255.255"])
    session.restart()
    assert recipient(lab, "sp02")[0] == 250
    with pytest.raises(smtplib.SMTPConnectError) as refused:
        lab.connect("stranger")
    assert refused.value.smtp_code == 550


def test_whoever_logs_on_may_relay(start_lab: StartLab) -> None:
    lab = start_lab()
    session = lab.session()
    session.configure(AuthFlags=7)
    client = lab.connect()
    assert set(client.esmtp_features["auth"].split()) == {"NTLM", "LOGIN"}
    client.login("CORP\\svc_relay", "Relay-Pa55")
    client.mail("svc_relay@corp.example")
    assert client.rcpt("alice@corp.example")[0] == 250
    with pytest.raises(smtplib.SMTPAuthenticationError):
        lab.connect().login("CORP\\svc_relay", "wrong")
    session.change(RelayForAuth=0)
    session.restart()
    client = lab.connect()
    client.login("CORP\\svc_relay", "Relay-Pa55")
    client.mail("svc_relay@corp.example")
    assert client.rcpt("alice@corp.example") == (550, UNLISTED)


def test_anonymous_only_offers_no_logon(start_lab: StartLab) -> None:
    lab = start_lab()
    session = lab.session()
    session.configure(MaxMessageSize=2000)
    client = lab.connect()
    assert not client.has_extn("auth") and not client.has_extn("starttls")
    session.change(AuthFlags=4)
    session.restart()
    assert lab.connect().mail("svc_relay@corp.example")[0] == 454


def test_size_limit(start_lab: StartLab) -> None:
    lab = start_lab()
    lab.session().configure(MaxMessageSize=2000, RelayIpList=octets(b""))
    client = lab.connect()
    assert client.esmtp_features["size"] == "2000"
    assert client.mail("svc_relay@corp.example", ["size=2001"])[0] == 552
    client.mail("svc_relay@corp.example")
    client.rcpt("alice@corp.example")
    assert client.data("Subject: much\r\n\r\n" + "x\r\n" * 2000)[0] == 552


@pytest.mark.parametrize(
    ("action", "tls"), [(BASIC_TLS, False), (NTLM, False), (NTLM_TLS, False), (NTLM, True)], ids=["basic", "ntlm", "ntlm-tls", "always-ssl"]
)
def test_ways_to_log_on_to_the_smart_host(start_lab: StartLab, action: int, tls: bool) -> None:
    lab = start_lab()
    lab.session().configure(RelayIpList=hosts(lab.address("sp01")), **OUTWARD, RouteAction=action, AlwaysUseSsl=tls)
    lab.send("logged on")
    message = lab.arrived("logged on")
    assert message.headers["x-ms-exchange-organization-authas"] == ("Internal",)
    assert ("version=TLS" in " ".join(message.headers["received"])) == (tls or bool(action & 4))


def test_wrong_credentials_keep_mail_in_the_queue(start_lab: StartLab) -> None:
    lab = start_lab()
    session = lab.session()
    session.configure(RelayIpList=hosts(lab.address("sp01")), **{**OUTWARD, "RoutePassword": "wrong"}, RouteAction=NTLM_TLS, LogType=1)
    lab.send("waits")
    wait_for(lambda: counters(session)["RemoteRetryQueueLength"])
    (queued,) = files(session, QUEUE, "*.EML")
    assert "Subject: waits" in session.cmdlet("Get-Content", Path=str(queued["FullName"])).outputs
    session.change(RoutePassword="Relay-Pa55")
    session.restart()
    lab.arrived("waits")
    wait_for(lambda: not files(session, QUEUE))
    logs = files(session, "C:\\Windows\\System32\\LogFiles\\SMTPSVC1", "ex*.log")
    lines = session.cmdlet("Get-Content", Path=str(logs[0]["FullName"])).outputs
    text = "\n".join(lines)
    assert lines[3].startswith("#Fields: date time c-ip cs-username ")
    assert "535+5.7.3+Authentication+unsuccessful" in text and "OutboundConnectionCommand SMTPSVC1 SP01 - 1587 AUTH - NTLM" in text
    assert f" {lab.address('sp01')} sp01.corp.example SMTPSVC1 SP01 {lab.address('sp01')} 0 RCPT - +TO:" in text
    assert len(session.cmdlet("Get-Content", Path=str(logs[0]["FullName"]), Tail=2).outputs) == 2


def test_tls_is_mandatory_when_set(start_lab: StartLab) -> None:
    """sp02's relay, which offers no TLS, is the smart host."""
    lab = start_lab()
    lab.session("sp02").configure(RelayIpList=octets(b""))
    allow(lab.session("sp02"), lab.address("sp01"))
    session = lab.session()
    route = {"SmartHost": f"[{lab.address('sp02')}]", "SmartHostType": 2, "RemoteSmtpPort": PORT, "RouteAction": 4}
    session.configure(RelayIpList=hosts(lab.address("sp01")), **route)
    lab.send("in the clear")
    wait_for(lambda: counters(session)["RemoteRetryQueueLength"])
    session.change(RouteAction=0, AlwaysUseSsl=False)
    session.restart()
    wait_for(lambda: not files(session, QUEUE))
    lab.arrived("in the clear")


def test_direct_delivery_and_reports(start_lab: StartLab) -> None:
    lab = start_lab()
    session = lab.session()
    session.configure(RelayIpList=hosts(lab.address("sp01")), MasqueradeDomain="corp.example")
    client = lab.connect()
    text = "From: svc_relay@corp.example\r\nSubject: direct\r\n\r\nx\r\n"
    client.sendmail("svc_relay@sp01.corp.example", ["alice@corp.example", "nobody@corp.example"], text)
    lab.arrived("direct")
    report = lab.arrived("Delivery Status Notification (Failure)", "svc_relay")
    assert report.from_ == "postmaster@sp01.corp.example" and "nobody@corp.example" in report.text
    client.sendmail("a@b.example", ["x@sp01.corp.example"], "Subject: local\r\n\r\nx\r\n")
    wait_for(lambda: files(session, "C:\\inetpub\\mailroot\\Drop"))


def test_a_loop_ends(start_lab: StartLab) -> None:
    """Two relays are each other's smart host."""
    lab = start_lab()
    for own, other in (("sp01", "sp02"), ("sp02", "sp01")):
        session = lab.session(own)
        allow(session, lab.address(other))
        route = {"SmartHost": f"[{lab.address(other)}]", "SmartHostType": 2, "RemoteSmtpPort": PORT, "HopCount": 4}
        session.configure(RelayIpList=octets(b""), **route)
    lab.send("round and round")
    ended = [lab.session(host) for host in ("sp01", "sp02")]
    wait_for(lambda: sum(counters(session)["BadmailedMessagesNDRofDSN"] for session in ended))
    assert not any(files(session, QUEUE) for session in ended)


def test_an_unresolvable_smart_host(start_lab: StartLab) -> None:
    lab = start_lab()
    session = lab.session()
    session.configure(RelayIpList=hosts(lab.address("sp01")), SmartHost="absent.corp.example", SmartHostType=2)
    lab.send("nowhere")
    wait_for(lambda: counters(session)["RemoteRetryQueueLength"])
    session.change(SmartHostType=1)
    session.restart()
    lab.arrived("nowhere")


def test_2019_started_at_once_keeps_mail(start_lab: StartLab) -> None:
    lab = start_lab("--state", "iis-relay", "--windows", "2019")
    session = lab.session()
    lab.ask("boot", {"host": "sp01"})
    lab.send("delayed start")
    lab.arrived("delayed start")
    session.cmdlet("Set-ItemProperty", Path="HKLM:\\SYSTEM\\CurrentControlSet\\Services\\SMTPSVC", Name="DelayedAutostart", Value=0)
    lab.ask("boot", {"host": "sp01"})
    lab.send("stuck")
    counted = counters(session)
    assert (counted["RemoteQueueLength"], counted["OutboundConnectionsTotal"]) == (1, 0) and len(files(session, QUEUE)) == 1
    session.restart()
    lab.arrived("stuck")


def test_the_hosts_own_clients_reach_the_relay(relay: Lab) -> None:
    session = relay.session("sp02")
    assert session.cmdlet("Test-NetConnection", ComputerName="sp01.corp.example", Port=PORT, InformationLevel="Quiet").outputs == [True]
    name = {"ComputerName": relay.address("sp02"), "Port": PORT, "InformationLevel": "Quiet"}
    assert relay.session("sp01").cmdlet("Test-NetConnection", **name).outputs == [False]
    mail = {"From": "svc_relay@corp.example", "To": ["alice@corp.example"], "Subject": "cmdlet", "SmtpServer": "sp01.corp.example"}
    assert session.cmdlet("Send-MailMessage", **mail, Port=PORT).errors == []
    relay.arrived("cmdlet")


def test_the_firewall_is_seen_from_another_host(start_lab: StartLab) -> None:
    lab = start_lab()
    lab.session().configure()
    probe = {"ComputerName": "sp01.corp.example", "Port": PORT, "InformationLevel": "Quiet"}
    assert lab.session("sp02").cmdlet("Test-NetConnection", **probe).outputs == [False]
    assert lab.session("sp01").cmdlet("Test-NetConnection", **probe).outputs == [True]
    allow(lab.session(), lab.address("sp02"))
    assert lab.session("sp02").cmdlet("Test-NetConnection", **probe).outputs == [True]


def test_an_open_relay(start_lab: StartLab) -> None:
    lab = start_lab("--state", "iis-relay-open")
    assert recipient(lab, "stranger")[0] == 250 and recipient(lab, "127.0.0.1")[0] == 250


def test_mutant_serves_anyone(start_lab: StartLab) -> None:
    lab = start_lab("--state", "iis-relay", "--mutant", "relay-serves-anyone")
    assert recipient(lab, "stranger")[0] == 250


def test_mutant_drops_credentials(start_lab: StartLab) -> None:
    lab = start_lab("--state", "iis-relay", "--mutant", "relay-drops-credentials")
    session = lab.session()
    lab.send("who am I")
    wait_for(lambda: files(session, BADMAIL, "*.BAD"))
    assert lab.messages("alice", "who am I") == []


def test_mutant_loses_mail(start_lab: StartLab) -> None:
    lab = start_lab("--state", "iis-relay", "--mutant", "relay-loses-mail")
    session = lab.session()
    lab.send("lost")
    counted = counters(session)
    assert (counted["MessagesReceivedTotal"], counted["RemoteQueueLength"], counted["RemoteRetryQueueLength"]) == (1, 0, 0)
    assert counted["OutboundConnectionsTotal"] == 0 and files(session, QUEUE) == []
