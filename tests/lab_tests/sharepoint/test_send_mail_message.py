"""Send-MailMessage on a server of the farm: from where, as whom, and what it says when it fails."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.engine.cmdlets import TerminatingError
from tests.lab.engine.objects import Credential
from tests.lab.network import SMTP_PORT
from tests.lab.sharepoint.farm import Farm
from tests.lab_tests.sharepoint.clients import Run, Session, run
from tests.lab_tests.sharepoint.conftest import NETWORK, MakeFarm, MakeSink

SP02 = NETWORK.addresses["sp02"]


def send(farm: Farm, session: Session | None = None, **changes: Any) -> Run:
    parameters = {
        "From": "sharepoint@corp.example",
        "To": ["alice@corp.example"],
        "Subject": "Grüße",
        "Body": "text",
        "SmtpServer": "ex01.corp.example",
        "Port": SMTP_PORT,
    }
    return run(farm, "Send-MailMessage", session or Session(host="sp02"), **(parameters | changes))


def test_from_this_server_as_the_sessions_account(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm, sink = make_farm(), make_sink(ntlm="accept")
    assert send(farm, Session(user="CORP\\sp_farm", host="sp02"), Cc=["bob@corp.example"], Encoding="utf-8").errors == []
    [mail] = sink.mails
    assert (mail.client, mail.sender, mail.authenticated) == (SP02, "sharepoint@corp.example", "CORP\\sp_farm")
    assert mail.recipients == ["alice@corp.example", "bob@corp.example"]


def test_goes_on_when_authentication_is_refused(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm, sink = make_farm(), make_sink(ntlm="refuse")
    assert send(farm).errors == []
    assert send(farm, Credential=Credential("CORP\\alice", "Alice-Pa55")).errors == []
    assert send(farm, Session(delegated=False, host="sp02")).errors == []
    assert sink.principals == [(SP02, "CORP\\sp_install"), (SP02, "CORP\\alice")]
    assert [mail.authenticated for mail in sink.mails] == [None] * 3


def test_tls_without_credentials_does_not_authenticate(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm = make_farm()
    sink = make_sink(ntlm="accept", tls=farm.pki.host_context("ex01"))
    assert send(farm, UseSsl=True).errors == []
    assert send(farm, UseSsl=True, Credential=Credential("alice@corp.example", "Alice-Pa55")).errors == []
    assert [(mail.encrypted, bool(mail.authenticated)) for mail in sink.mails] == [(True, False), (True, True)]


def test_what_the_server_refuses(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm = make_farm()
    make_sink(refuse_recipients=True)
    [error] = send(farm).errors
    assert error.error_id == "SmtpException"
    assert error.message == ("Mailbox unavailable. The server response was: 5.7.54 SMTP; Unable to relay recipient in non-accepted domain")
    [error] = send(farm, Bcc=["bob@corp.example"]).errors
    assert (error.error_id, error.message) == ("SmtpFailedRecipientsException", "Unable to send to all recipients.")


@pytest.mark.parametrize(
    ("changes", "error_id", "said"),
    [
        ({"Port": SMTP_PORT + 1}, "SmtpException", "Unable to connect to the remote server"),
        ({"SmtpServer": "absent.corp.example"}, "SmtpException", "The remote name could not be resolved: 'absent.corp.example'"),
        ({"UseSsl": True}, "SmtpException", "Server does not support secure connections."),
        ({"To": ["nobody"]}, "FormatException", "The specified string is not in the form required for an e-mail address."),
        ({"Attachments": ["C:\\a"], "To": ["alice@corp.example"]}, "PathNotFound", "Cannot find path 'C:\\a' because it does not exist."),
    ],
)
def test_errors_that_are_written(make_farm: MakeFarm, make_sink: MakeSink, changes: dict[str, Any], error_id: str, said: str) -> None:
    farm = make_farm()
    make_sink()
    error = send(farm, **changes).errors[0]
    assert (error.error_id, error.message) == (error_id, said)


def test_another_hosts_certificate(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm = make_farm()
    make_sink(tls=farm.pki.host_context("ex02"))
    [error] = send(farm, UseSsl=True).errors
    assert error.error_id == "AuthenticationException"
    assert error.message == "The remote certificate is invalid according to the validation procedure."


def test_errors_that_are_thrown(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm, sink = make_farm(), make_sink()
    with pytest.raises(TerminatingError, match="no SMTP server was specified"):
        send(farm, SmtpServer=None)
    with pytest.raises(TerminatingError, match="not in the form required"):
        send(farm, From="nobody")
    variables = {"psemailserver": "ex01.corp.example"}
    assert send(farm, Session(host="sp02", variables=variables), SmtpServer=None).errors == []
    assert len(sink.mails) == 1


def test_environment(make_farm: MakeFarm) -> None:
    farm, session = make_farm(), Session(user="CORP\\sp_reader", delegated=False, host="sp02")
    for path in ("Env:COMPUTERNAME", "env:\\computername"):
        [entry] = run(farm, "Get-Item", session, Path=[path]).outputs
        assert entry.properties()["Value"] == "SP02"
    assert run(farm, "Get-Item", session, Path=["Env:ABSENT"]).errors[0].error_id == "PathNotFound"
