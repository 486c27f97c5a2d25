"""What arrives at the SMTP server, from whom and from where, for each build and process."""

from __future__ import annotations

import dataclasses
import socket
import threading
from email.header import decode_header, make_header
from typing import Any

import pytest

from tests.lab.network import DOMAIN, SMTP_PORT
from tests.lab.pki import Authority
from tests.lab.sharepoint.farm import Farm
from tests.lab.sharepoint.web_application import MailSettings
from tests.lab_tests.sharepoint.clients import Browser, run
from tests.lab_tests.sharepoint.conftest import NETWORK, PATCHED, UNPATCHED, MakeFarm, MakeSink

ALERTED = ["alice@corp.example", "partner@outside.example", "everyone@corp.example", "board@corp.example"]
"""To whom the list tells of new items, in this order."""
SP01, SP02 = NETWORK.addresses["sp01"], NETWORK.addresses["sp02"]


def notify(farm: Farm, server: str = "sp01", *recipients: str) -> None:
    with Browser(farm, server, "CORP\\alice", "Alice-Pa55") as browser:
        assert browser.send_email(*(recipients or ("bob@corp.example",)), subject="notification").status == 200


def alert(farm: Farm, title: str = "an item") -> None:
    with Browser(farm, "sp01", "CORP\\alice", "Alice-Pa55") as browser:
        assert browser.add_item(title).status == 201
    run_alerts(farm)


def run_alerts(farm: Farm) -> None:
    [job] = run(farm, "Get-SPTimerJob", Identity="job-immediate-alerts", WebApplication="portal").outputs
    run(farm, "Start-SPTimerJob", Identity=job)
    farm.timer.wait()


def log_of(farm: Farm, server: str) -> list[str]:
    return [entry.message for entry in farm.logs[server].read() if entry.category == "E-Mail"]


def set_mail(farm: Farm, **changes: Any) -> None:
    for application in farm.web_applications:
        mail: MailSettings = dataclasses.replace(application.mail, **changes)
        farm.save_mail(application, mail)


def test_unpatched_notification_goes_on_after_the_refusal_and_alert_does_not(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm, sink = make_farm(build=UNPATCHED), make_sink(ntlm="refuse")
    notify(farm)
    alert(farm)
    assert [(mail.client, mail.recipients, mail.authenticated) for mail in sink.mails] == [(SP01, ["bob@corp.example"], None)]
    # One mail for each alert, each tried once.
    assert sink.principals == [(SP01, "CORP\\sp_pool"), *[(SP01, "CORP\\sp_farm")] * len(ALERTED)]
    messages = log_of(farm, "sp01")
    assert len(messages) == len(ALERTED)
    assert "recipients: alice@corp.example. Mail Subject: Mail test - an item." in messages[0]
    assert messages[0].endswith("The server response was: 5.7.1 Client was not authenticated")
    [history, *_unused] = run(farm, "Get-SPTimerJob", Identity="job-immediate-alerts", WebApplication="portal").outputs[0].history
    assert str(history.properties()["Status"]) == "Succeeded"


def test_a_log_that_does_not_say_why(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm, sink = make_farm(build=UNPATCHED, uls_says=False), make_sink(ntlm="refuse")
    alert(farm)
    assert sink.mails == []
    assert log_of(farm, "sp01") == []


@pytest.mark.parametrize("build", [PATCHED, "16.0.10337.12109"])
def test_patched_never_authenticates(make_farm: MakeFarm, make_sink: MakeSink, build: str) -> None:
    farm, sink = make_farm(build=build), make_sink(ntlm="refuse")
    notify(farm)
    alert(farm)
    assert sink.principals == []
    assert [mail.recipients for mail in sink.mails] == [["bob@corp.example"], *([address] for address in ALERTED)]


def test_unpatched_without_an_offer(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm, sink = make_farm(build=UNPATCHED), make_sink()
    alert(farm)
    assert [mail.authenticated for mail in sink.mails] == [None] * len(ALERTED)


def test_unpatched_authenticates_where_it_may(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm, sink = make_farm(build=UNPATCHED), make_sink(ntlm="accept")
    notify(farm)
    alert(farm)
    assert [mail.authenticated for mail in sink.mails] == ["CORP\\sp_pool", *["CORP\\sp_farm"] * len(ALERTED)]


def test_mutant_timer_goes_on(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm, sink = make_farm(build=UNPATCHED, mutants=frozenset({"timer-goes-on"})), make_sink(ntlm="refuse")
    alert(farm)
    assert len(sink.mails) == len(sink.principals) == len(ALERTED)


def test_each_server_sends_from_its_own_address(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm, sink = make_farm(build=PATCHED, timer_server="sp02"), make_sink()
    notify(farm, "sp01")
    notify(farm, "sp02")
    alert(farm)
    assert [mail.client for mail in sink.mails] == [SP01, *[SP02] * (1 + len(ALERTED))]


def test_what_an_alert_looks_like(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm, sink = make_farm(build=PATCHED), make_sink()
    alert(farm, "Grüße <b> & more\r\nBcc: evil@outside.example")
    message = sink.mails[0].message
    assert sink.mails[0].sender == "sharepoint@corp.example"
    assert str(make_header(decode_header(message["Subject"]))) == "Mail test - Grüße <b> & more Bcc: evil@outside.example"
    assert message["Bcc"] is None
    assert message["X-Mailer"] == "WSS (version 3)"
    assert message["X-AlertServerType"] == "STS"
    assert message["From"] == "Portal <sharepoint@corp.example>"
    assert "&lt;b&gt;" in message.get_payload(decode=True).decode()  # type: ignore[union-attr]  # a single part: bytes


def test_deleting_is_no_news_for_an_alert_on_new_items(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm, sink = make_farm(build=PATCHED), make_sink()
    alert(farm)
    web = farm.sites[0].web
    web.delete_item(web.lists[0], web.lists[0].items[1])
    run_alerts(farm)
    assert len(sink.mails) == len(ALERTED)


def test_a_disabled_job_does_not_run(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm, sink = make_farm(build=PATCHED), make_sink()
    job = next(job for job in farm.jobs if job.application.name == "portal" and job.name == "job-immediate-alerts")
    job.set_property("IsDisabled", True)
    alert(farm)
    assert (sink.mails, job.history) == ([], [])
    job.set_property("IsDisabled", False)
    run_alerts(farm)
    assert len(sink.mails) == len(ALERTED)


def test_tls(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm = make_farm(build=PATCHED)
    sink = make_sink(tls=farm.pki.host_context("ex01"))
    set_mail(farm, enable_ssl=True)
    notify(farm)
    assert [mail.encrypted for mail in sink.mails] == [True]


def test_authentication_after_tls(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm = make_farm(build=UNPATCHED)
    sink = make_sink(ntlm="refuse", tls=farm.pki.host_context("ex01"))
    set_mail(farm, enable_ssl=True)
    notify(farm)
    assert [(mail.encrypted, mail.authenticated) for mail in sink.mails] == [(True, None)]
    assert sink.principals == [(SP01, "CORP\\sp_pool")]


def test_tls_with_another_hosts_certificate(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm = make_farm(build=PATCHED)
    sink = make_sink(tls=farm.pki.host_context("ex02"))
    set_mail(farm, enable_ssl=True)
    notify(farm)
    assert sink.mails == []
    assert "remote certificate is invalid" in log_of(farm, "sp01")[0]


def test_tls_with_a_name_that_the_certificate_lacks(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm = make_farm(build=PATCHED)
    sink = make_sink(tls=farm.pki.host_context("ex01"))
    set_mail(farm, enable_ssl=True, server=f"relay.{DOMAIN}")
    notify(farm)
    set_mail(farm, server=f"ex01.{DOMAIN}")
    notify(farm)
    assert [mail.encrypted for mail in sink.mails] == [True]
    assert len(log_of(farm, "sp01")) == 1
    assert "AuthenticationException: The remote certificate is invalid" in log_of(farm, "sp01")[0]


def test_tls_of_an_authority_that_nobody_trusts(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm = make_farm(build=PATCHED)
    sink = make_sink(tls=Authority(NETWORK).host_context("ex01"))
    set_mail(farm, enable_ssl=True)
    notify(farm)
    assert sink.mails == []
    assert "remote certificate is invalid" in log_of(farm, "sp01")[0]


def test_a_server_that_wants_tls(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm = make_farm(build=PATCHED)
    sink = make_sink(tls=farm.pki.host_context("ex01"), tls_needed=True)
    notify(farm)
    assert sink.mails == []
    assert log_of(farm, "sp01")[0].endswith("Error in processing. The server response was: 5.7.3 Must issue a STARTTLS command first")


def test_a_server_that_takes_nothing_for_now(make_farm: MakeFarm) -> None:
    farm = make_farm(build=PATCHED)
    with socket.create_server((NETWORK.addresses["ex01"], SMTP_PORT)) as server:
        answering = threading.Thread(target=lambda: server.accept()[0].sendall(b"421 4.3.2 Service not available\r\n"))
        answering.start()
        notify(farm)
        answering.join()
    assert log_of(farm, "sp01")[0].endswith(
        "Service not available, closing transmission channel. The server response was: 4.3.2 Service not available"
    )


@pytest.mark.parametrize(
    ("code_page", "charset", "body"),
    [
        (65001, "utf-8", "Grüße Ω".encode()),
        (1252, "windows-1252", "Grüße ?".encode("cp1252")),
        (1253, "windows-1253", "Gr??e Ω".encode("cp1253")),
        (28591, "iso-8859-1", "Grüße ?".encode("latin-1")),
        (99999, "utf-8", "Grüße Ω".encode()),
    ],
)
def test_character_set(make_farm: MakeFarm, make_sink: MakeSink, code_page: int, charset: str, body: bytes) -> None:
    farm, sink = make_farm(build=PATCHED), make_sink()
    [portal] = run(farm, "Get-SPWebApplication", Identity="portal").outputs
    four, _six = portal.methods()["UpdateMailSettings"]
    four("ex01.corp.example", "sharepoint@corp.example", "", code_page)
    alert(farm, "Grüße Ω")
    message = sink.mails[0].message
    assert message.get_content_charset() == charset
    content = message.get_payload(decode=True)
    assert isinstance(content, bytes)
    assert body in content


def test_no_clear_text_where_tls_is_asked_for(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm, sink = make_farm(build=PATCHED), make_sink()
    set_mail(farm, enable_ssl=True)
    notify(farm)
    assert sink.mails == []
    assert "Server does not support secure connections." in log_of(farm, "sp01")[0]


def test_2013_knows_neither_tls_nor_port(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm = make_farm(build="15.0.4805.1000")
    sink = make_sink(ntlm="refuse", tls=farm.pki.host_context("ex01"))
    set_mail(farm, enable_ssl=True, port=SMTP_PORT + 1)
    notify(farm)
    assert [mail.encrypted for mail in sink.mails] == [False]
    assert sink.principals == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"port": SMTP_PORT + 1}, "Unable to connect to the remote server"),
        ({"sender": "é\r\n@corp.example"}, "The specified string is not in the form required for an e-mail address."),
        ({"server": "nowhere.corp.example"}, "The remote name could not be resolved: 'nowhere.corp.example'"),
    ],
)
def test_settings_that_cannot_work(make_farm: MakeFarm, changes: dict[str, object], said: str) -> None:
    farm = make_farm(build=PATCHED)
    set_mail(farm, **changes)
    notify(farm)
    assert log_of(farm, "sp01")[0].endswith(said)


def test_refused_recipient_is_in_the_log(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm = make_farm(build=PATCHED)
    make_sink(refuse_recipients=True)
    notify(farm)
    assert log_of(farm, "sp01")[0].endswith(
        "Mailbox unavailable. The server response was: 5.7.54 SMTP; Unable to relay recipient in non-accepted domain"
    )


def test_send_email_reaches_users_of_the_company_only(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm, sink = make_farm(build=PATCHED), make_sink()
    notify(farm, "sp01", "partner@outside.example")
    notify(farm, "sp01", "alice@corp.example", "partner@outside.example", "nobody@corp.example")
    assert [mail.recipients for mail in sink.mails] == [["alice@corp.example"]]
