"""What becomes of accepted messages: mailboxes, groups, the outside, reports, tracking, headers."""

from __future__ import annotations

import email

from tests.lab_tests.exchange.conftest import World
from tests.lab_tests.exchange.test_sessions import EXTERNALLY_SECURED, make
from tests.waiting import wait_for


def test_anonymous_mail_reaches_a_mailbox(world: World) -> None:
    world.send("sp01", "sharepoint@corp.example", ["alice@corp.example"], "plain")
    message = email.message_from_bytes(world.mail("alice@corp.example", "plain"))
    first, second = message.get_all("Received", [])
    assert "via Frontend Transport" not in first and first.startswith("from ex01.corp.example")
    assert second.startswith(f"from sp01.corp.example ({world.network.addresses['sp01']}) by ex01.corp.example")
    assert "via Frontend Transport" in second
    assert message["X-MS-Exchange-Organization-AuthAs"] == "Anonymous"
    assert message["X-MS-Exchange-Organization-AuthSource"] == "ex01.corp.example"
    assert "X-MS-Exchange-Organization-AuthMechanism" not in message


def test_externally_secured_mail_counts_as_internal_and_cannot_forge(world: World) -> None:
    make(world, "Secured", EXTERNALLY_SECURED, [world.network.addresses["sp01"]])
    forged = "Subject: forged\r\nX-MS-Exchange-Organization-SCL: 9\r\nX-MS-Exchange-Organization-AuthSource: evil\r\n\r\nx"
    with world.connect("sp01") as client:
        client.sendmail("sharepoint@corp.example", ["alice@corp.example"], forged)
    message = email.message_from_bytes(world.mail("alice@corp.example", "forged"))
    assert message["X-MS-Exchange-Organization-AuthAs"] == "Internal"
    assert message["X-MS-Exchange-Organization-AuthMechanism"] == "10"
    assert message.get_all("X-MS-Exchange-Organization-SCL") == ["-1"]
    assert message.get_all("X-MS-Exchange-Organization-AuthSource") == ["ex01.corp.example"]


def test_tracking_names_the_hub_connector_and_the_client(world: World) -> None:
    world.send("sp01", "sharepoint@corp.example", ["alice@corp.example"], "tracked")
    events = {event["EventId"]: event for event in world.events("tracked", until="DELIVER")}
    assert list(events) == ["RECEIVE", "SEND", "DELIVER"]
    received = events["RECEIVE"]
    assert received["ConnectorId"] == "EX01\\Default EX01" and received["Source"] == "SMTP"
    assert received["ClientIp"] == world.network.addresses["ex01"]
    assert received["OriginalClientIp"] == world.network.addresses["sp01"]
    assert received["Sender"] == "sharepoint@corp.example" and received["Recipients"] == ["alice@corp.example"]
    assert events["DELIVER"]["Source"] == "STOREDRIVER"
    assert {event["MessageId"] for event in events.values()} == {received["MessageId"]}
    by_id = world.run("Get-MessageTrackingLog", MessageId=received["MessageId"], EventId="DELIVER", Recipients=["ALICE@corp.example"])
    assert len(by_id.outputs) == 1


def test_delivery_is_tracked_where_the_mailbox_lives(world: World) -> None:
    world.send("sp01", "sharepoint@corp.example", ["bob@corp.example"], "far")
    assert [event["EventId"] for event in world.events("far", "EX02", until="DELIVER")] == ["DELIVER"]
    assert [event["EventId"] for event in world.events("far", "EX01", until="SEND")] == ["RECEIVE", "SEND"]


def test_reply_names_the_message(world: World) -> None:
    with world.connect("sp01") as client:
        client.mail("sharepoint@corp.example")
        client.rcpt("alice@corp.example")
        code, text = client.data("Message-ID: <1@sp01>\r\nSubject: named\r\n\r\nx")
    events = world.events("named", until="RECEIVE")
    expected = f"2.6.0 <1@sp01> [InternalId={events[0]['InternalMessageId']}, Hostname=ex01.corp.example] Queued mail for delivery"
    assert (code, text.decode()) == (250, expected)


def test_group_that_wants_authentication_bounces_anonymous_mail(world: World) -> None:
    world.send("sp01", "alice@corp.example", ["everyone@corp.example"], "to the group")
    report = email.message_from_bytes(world.mail("alice@corp.example", "Undeliverable: to the group"))
    assert report.get_content_type() == "multipart/report"
    status = next(part for part in report.walk() if part["Final-Recipient"])
    assert status["Status"] == "5.7.133" and status["Final-Recipient"] == "rfc822;everyone@corp.example"
    failed = next(event for event in world.events("to the group", until="DSN") if event["EventId"] == "FAIL")
    assert failed["RecipientStatus"][0].startswith("550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required")
    assert world.inbox_is_empty("bob@corp.example")


def test_group_takes_externally_secured_mail(world: World) -> None:
    make(world, "Secured", EXTERNALLY_SECURED, [world.network.addresses["sp01"]])
    world.send("sp01", "sharepoint@corp.example", ["everyone@corp.example"], "expanded")
    assert world.mail("alice@corp.example", "expanded") and world.mail("bob@corp.example", "expanded")
    expanded = next(event for event in world.events("expanded", until="EXPAND") if event["EventId"] == "EXPAND")
    assert expanded["RelatedRecipientAddress"] == "everyone@corp.example" and expanded["RecipientCount"] == 2


def test_permitted_senders(world: World) -> None:
    make(world, "Secured", EXTERNALLY_SECURED, [world.network.addresses["sp01"]])
    world.send("sp01", "alice@corp.example", ["board@corp.example"], "from a stranger to the board")
    assert b"5.7.1 RESOLVER.RST.NotAuthorized" in world.mail("alice@corp.example", "Undeliverable: from a stranger to the board")
    world.send("stranger", "sharepoint@corp.example", ["board@corp.example"], "not proven")
    assert "FAIL" in {event["EventId"] for event in world.events("not proven", until="DSN")}
    world.send("sp01", "sharepoint@corp.example", ["board@corp.example"], "from the farm")
    assert world.mail("bob@corp.example", "from the farm")
    world.run("Set-DistributionGroup", Identity="board", RejectMessagesFrom=["sharepoint"], BypassSecurityGroupManagerCheck=True)
    world.send("sp01", "sharepoint@corp.example", ["board@corp.example"], "no longer wanted")
    assert "FAIL" in {event["EventId"] for event in world.events("no longer wanted", until="DSN")}


def test_a_report_to_an_address_without_a_mailbox_is_tracked_and_goes_nowhere(world: World) -> None:
    world.send("sp01", "sharepoint@corp.example", ["everyone@corp.example"], "bounced")
    events = world.events("bounced", until="DSN")
    assert [event["EventId"] for event in events] == ["RECEIVE", "FAIL", "DSN"]
    assert events[-1]["Recipients"] == ["sharepoint@corp.example"] and events[-1]["Reference"] == [events[0]["MessageId"]]
    world.send("sp01", "alice@corp.example", ["sharepoint@corp.example"], "is anybody there")
    assert b"5.1.10" in world.mail("alice@corp.example", "Undeliverable: is anybody there")


def test_subject_logging_can_be_off(world: World) -> None:
    for server in world.exchange.state.servers:
        server.subject_logging = False
    with world.connect("sp01") as client:
        client.sendmail("sharepoint@corp.example", ["alice@corp.example"], "Message-ID: <1@x>\r\nSubject: secret\r\n\r\nx")
    assert world.mail("alice@corp.example", "secret")
    found = wait_for(lambda: world.run("Get-MessageTrackingLog", MessageId="<1@x>", EventId="DELIVER").outputs or None)
    assert found[0].properties()["MessageSubject"] == ""
    assert world.run("Get-MessageTrackingLog", MessageSubject="secret").outputs == []
    service = world.run("Get-TransportService", Identity="EX01").outputs[0].properties()
    assert service["MessageTrackingLogSubjectLoggingEnabled"] is False


def test_server_in_maintenance_refuses_senders(world: World) -> None:
    world.exchange.state.servers[0].transport_active = False
    with world.connect("sp01") as client:
        assert client.mail("sharepoint@corp.example") == (412, b"4.3.2 Service not active")
    assert world.send("sp01", "sharepoint@corp.example", ["alice@corp.example"], "by the other", server="ex02") == {}
    assert world.mail("alice@corp.example", "by the other")


def test_refusal_by_the_outside_server_comes_back(world: World) -> None:
    make(world, "Secured", EXTERNALLY_SECURED, [world.network.addresses["sp01"]])
    world.send("sp01", "alice@corp.example", ["nobody@outside.example", "partner@outside.example"], "half")
    assert world.mail("partner@outside.example", "half")
    assert b"5.1.1" in world.mail("alice@corp.example", "Undeliverable: half")
    events = {event["EventId"]: event for event in world.events("half", until="DSN") if event["MessageSubject"] == "half"}
    assert events["SEND"]["Recipients"] == ["partner@outside.example"] and events["FAIL"]["Recipients"] == ["nobody@outside.example"]


def test_unreachable_outside_server_defers_and_retries(world: World) -> None:
    make(world, "Secured", EXTERNALLY_SECURED, [world.network.addresses["sp01"]])
    world.outside.stop()
    world.send("sp01", "alice@corp.example", ["partner@outside.example"], "late")
    assert world.events("late", until="DEFER")
    world.outside = type(world.outside)(world.network, world.directory, world.pki)
    world.outside.start()
    assert world.mail("partner@outside.example", "late")


def test_hostile_headers_are_delivered_and_reported_as_text(world: World) -> None:
    hostile = b"From: alice@corp.example\r\nMessage-ID: <\xff\xfe@x>\r\nSubject: =?bogus?q?hostile?= <b>\xe4\r\n\tX: y\r\n\r\nx"
    with world.connect("stranger") as client:
        client.sendmail("alice@corp.example", ["bob@corp.example", "everyone@corp.example"], hostile)
    (event, *_unused) = world.events("hostile", until="DSN")
    assert event["EventId"] == "RECEIVE" and "<b>" in event["MessageSubject"] and "X: y" in event["MessageSubject"]
    with world.inbox("bob@corp.example") as client_:
        assert client_.uid("SEARCH", "ALL")[1][0]
    report = email.message_from_bytes(world.mail("alice@corp.example", "Undeliverable"))
    assert report["X"] is None and "everyone@corp.example" in report.as_string()


def test_no_report_for_a_null_sender_or_when_not_wanted(world: World) -> None:
    with world.connect("stranger") as client:
        client.mail("<>")
        client.rcpt("everyone@corp.example")
        client.data("Subject: from nobody\r\n\r\nx")
        client.mail("alice@corp.example")
        client.rcpt("everyone@corp.example", ["NOTIFY=NEVER"])
        client.data("Subject: quiet\r\n\r\nx")
    for subject in ("from nobody", "quiet"):
        assert "DSN" not in {event["EventId"] for event in world.events(subject, until="FAIL")}
    assert world.inbox_is_empty("alice@corp.example")
