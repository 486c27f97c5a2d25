"""SMTP sessions: keywords, who may log on, who may send to whom."""

from __future__ import annotations

import base64
import smtplib
import ssl
from typing import Any

import pytest
import spnego

from tests.lab.network import HUB_PORT, SUBMISSION_PORT
from tests.lab_tests.exchange.conftest import World

EXTERNALLY_SECURED = {"AuthMechanism": "Tls, ExternalAuthoritative", "PermissionGroups": "ExchangeServers"}
ANONYMOUS = {"AuthMechanism": "None", "PermissionGroups": "AnonymousUsers"}


def keywords(client: smtplib.SMTP) -> list[str]:
    return client.ehlo()[1].decode().splitlines()[1:]


def make(world: World, name: str, settings: dict[str, Any], ranges: list[str], bindings: tuple[str, ...] = ("0.0.0.0:1025",)) -> None:
    ran = world.run(
        "New-ReceiveConnector",
        Name=name,
        Server="EX01",
        Bindings=list(bindings),
        RemoteIPRanges=ranges,
        TransportRole="FrontendTransport",
        **settings,
    )
    assert not ran.errors


def log_on(client: smtplib.SMTP, user: str, password: str) -> tuple[int, bytes]:
    """The reply to the last step of AUTH NTLM."""
    ntlm = spnego.client(user, password, hostname="ex01", service="smtp", protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
    code, text = client.docmd("AUTH", "NTLM")
    assert (code, text) == (334, b"NTLM supported")
    code, text = client.docmd(base64.b64encode(ntlm.step() or b"").decode())
    assert code == 334
    return client.docmd(base64.b64encode(ntlm.step(base64.b64decode(text)) or b"").decode())


def test_default_frontend_lists_keywords_in_order(world: World) -> None:
    with world.connect("stranger") as client:
        assert keywords(client) == [
            "SIZE 37748736",
            "PIPELINING",
            "DSN",
            "ENHANCEDSTATUSCODES",
            "STARTTLS",
            "X-ANONYMOUSTLS",
            "AUTH NTLM",
            "X-EXPS GSSAPI NTLM",
            "8BITMIME",
            "XRDST",
        ]
        client.starttls(context=world.trust)
        assert keywords(client)[4:6] == ["AUTH NTLM LOGIN", "X-EXPS GSSAPI NTLM"]


def test_tls_is_offered_once(world: World) -> None:
    with world.connect("stranger") as client:
        client.starttls(context=world.trust)
        assert client.docmd("STARTTLS") == (500, b"5.3.3 Unrecognized command")


def test_certificate_names_the_server(world: World) -> None:
    with world.connect("stranger") as client:
        client.starttls(context=world.trust)
        assert isinstance(client.sock, ssl.SSLSocket)
        certificate = client.sock.getpeercert()
        assert certificate is not None and ("DNS", "ex01.corp.example") in certificate["subjectAltName"]


def test_own_connectors_offer_no_auth(world: World) -> None:
    make(world, "Secured", EXTERNALLY_SECURED, [world.network.addresses["sp01"]])
    make(world, "Anonymous", ANONYMOUS, [world.network.addresses["sp02"]])
    with world.connect("sp01") as client:
        assert "STARTTLS" in keywords(client) and not client.has_extn("auth") and not client.has_extn("x-exps")
    with world.connect("sp02") as client:
        assert not client.has_extn("auth") and not client.has_extn("starttls") and not client.has_extn("x-anonymoustls")
        assert client.docmd("AUTH", "NTLM") == (504, b"5.7.4 Unrecognized authentication type")
    with world.connect("stranger") as client:
        assert client.has_extn("auth")


def test_service_account_may_not_submit_and_goes_on_anonymously(world: World) -> None:
    with world.connect("sp01") as client:
        assert log_on(client, "CORP\\sp_farm", "Farm-Pa55") == (530, b"5.7.1 Client was not authenticated")
        client.mail("sharepoint@corp.example")
        assert client.rcpt("alice@corp.example") == (250, b"2.1.5 Recipient OK")


def test_wrong_password(world: World) -> None:
    with world.connect("sp01") as client:
        assert log_on(client, "CORP\\sp_farm", "wrong") == (535, b"5.7.3 Authentication unsuccessful")


def test_submission_needs_a_logon_and_the_own_address(world: World) -> None:
    with world.connect("sp01", SUBMISSION_PORT) as client:
        assert client.mail("alice@corp.example")[0] == 530
        client.starttls(context=world.trust)
        client.ehlo()
        client.user, client.password = "alice@corp.example", "Alice-Pa55"
        assert client.auth("LOGIN", client.auth_login) == (235, b"2.7.0 Authentication successful")
        client.mail("bob@corp.example")
        client.rcpt("alice@corp.example")
        assert client.data("From: bob@corp.example\r\n\r\nx") == (
            550,
            b"5.7.60 SMTP; Client does not have permissions to send as this sender",
        )
        client.sendmail("alice@corp.example", ["everyone@corp.example"], "From: alice@corp.example\r\nSubject: mine\r\n\r\nx")
    message = world.mail("bob@corp.example", "mine")
    assert b"X-MS-Exchange-Organization-AuthAs: Internal" in message and b"X-MS-Exchange-Organization-AuthMechanism: 06" in message


def test_login_needs_tls(world: World) -> None:
    with world.connect("sp01", SUBMISSION_PORT) as client:
        assert client.docmd("AUTH", "LOGIN")[0] == 504


def test_hub_takes_nothing_anonymous(world: World) -> None:
    with world.connect("stranger", HUB_PORT) as client:
        assert client.mail("a@outside.example") == (
            530,
            b"5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM",
        )


def test_relay_and_unknown_recipient_are_refused(world: World) -> None:
    with world.connect("stranger") as client:
        client.mail("a@outside.example")
        assert client.rcpt("partner@outside.example") == (550, b"5.7.54 SMTP; Unable to relay recipient in non-accepted domain")
        code, text = client.rcpt("nobody@corp.example")
        assert code == 550 and text.startswith(b"5.1.10 ")


def test_relay_right_for_anonymous(world: World) -> None:
    make(world, "Anonymous", ANONYMOUS, [world.network.addresses["sp01"]])
    with world.connect("sp01") as client:
        client.mail("sharepoint@corp.example")
        assert client.rcpt("partner@outside.example")[0] == 550
        connector = world.run("Get-ReceiveConnector", Identity="EX01\\Anonymous").outputs[0]
        world.run("Add-ADPermission", Identity=connector, User="S-1-5-7", ExtendedRights=["Ms-Exch-SMTP-Accept-Any-Recipient"])
        assert client.rcpt("partner@outside.example")[0] == 250


def test_externally_secured_relays_for_listed_hosts_only(world: World) -> None:
    make(world, "Secured", EXTERNALLY_SECURED, [world.network.addresses["sp01"]])
    assert world.send("sp01", "sharepoint@corp.example", ["partner@outside.example"], "out") == {}
    message = world.mail("partner@outside.example", "out")
    assert b"X-MS-Exchange-Organization" not in message and b"via Frontend Transport" in message
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        world.send("stranger", "sharepoint@corp.example", ["partner@outside.example"], "out2")


def test_tls_required(world: World) -> None:
    make(world, "Tls", {**EXTERNALLY_SECURED}, [world.network.addresses["sp01"]])
    world.run("Set-ReceiveConnector", Identity="EX01\\Tls", RequireTLS=True)
    with world.connect("sp01") as client:
        assert client.mail("a@corp.example") == (451, b"5.7.3 Must issue a STARTTLS command first")
        client.starttls(context=world.trust)
        client.ehlo()
        assert client.mail("a@corp.example")[0] == 250


def test_inactive_transport(world: World) -> None:
    world.exchange.state.servers[0].transport_active = False
    with world.connect("sp01") as client:
        assert client.mail("a@corp.example") == (412, b"4.3.2 Service not active")


def test_protocol_errors_speak_exchange(world: World) -> None:
    with smtplib.SMTP(world.network.addresses["ex01"], 1025) as client:
        assert client.docmd("MAIL", "FROM:<a@corp.example>") == (503, b"5.5.2 Send hello first")
        assert client.docmd("X-EXPS", "NTLM") == (500, b"5.3.3 Unrecognized command")
        assert client.docmd("EHLO", "a b<>") == (501, b"5.5.4 Invalid domain name")
        assert client.docmd("QUIT") == (221, b"2.0.0 Service closing transmission channel")
