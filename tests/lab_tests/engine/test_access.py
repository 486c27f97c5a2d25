"""Who gets in, over what, into which endpoint, as whom; and how a host fails on demand."""

from __future__ import annotations

import base64
import http.client
from typing import Any

import pytest
import requests
from pypsrp.exceptions import AuthenticationError, WinRMTransportError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan
from requests_credssp.exceptions import NTStatusException

from tests.lab_tests.engine.conftest import PASSWORD, USER, SampleHost


def who(wsman: WSMan, endpoint: str = "Microsoft.PowerShell") -> list[Any]:
    with wsman, RunspacePool(wsman, configuration_name=endpoint) as pool:
        return list(PowerShell(pool).add_cmdlet("Get-Who").invoke())


def https(sample_host: SampleHost) -> dict[str, Any]:
    return {"port": 1443, "ssl": True, "auth": "basic", "path": "PowerShell/", "cert_validation": str(sample_host.state_dir / "ca.pem")}


@pytest.mark.parametrize("auth", ["ntlm", "negotiate"])
@pytest.mark.parametrize("user", [USER, "sp_install@corp.example"])
def test_ntlm_does_not_delegate(auth: str, user: str, sample_host: SampleHost) -> None:
    answer = who(sample_host.wsman(auth=auth, username=user))
    assert answer == [USER, USER, False, "windows", "Microsoft.PowerShell", "negotiate"]


def test_credssp_delegates(sample_host: SampleHost) -> None:
    assert who(sample_host.wsman(auth="credssp")) == [USER, USER, True, "windows", "Microsoft.PowerShell", "credssp"]


def test_basic_over_tls(sample_host: SampleHost) -> None:
    assert who(sample_host.wsman(**https(sample_host)))[5] == "basic"


def test_an_endpoint_that_runs_as_an_account(sample_host: SampleHost) -> None:
    assert who(sample_host.wsman(), "RunAs") == ["CORP\\sp_farm", USER, True, "windows", "RunAs", "negotiate"]


def test_an_endpoint_that_refuses_an_account(sample_host: SampleHost) -> None:
    with pytest.raises(WSManFaultError, match="Access is denied") as refused:
        who(sample_host.wsman(username="CORP\\sp_reader", password="Reader-Pa55"), "RunAs")
    assert refused.value.code == 5


@pytest.mark.parametrize("auth", ["ntlm", "negotiate"])
def test_wrong_password(auth: str, sample_host: SampleHost) -> None:
    with pytest.raises(AuthenticationError):
        who(sample_host.wsman(auth=auth, password="wrong"))


def test_wrong_password_with_credssp(sample_host: SampleHost) -> None:
    with pytest.raises(NTStatusException):
        who(sample_host.wsman(auth="credssp", password="wrong"))


def test_wrong_password_with_basic(sample_host: SampleHost) -> None:
    with pytest.raises(AuthenticationError):
        who(sample_host.wsman(**https(sample_host), password="wrong"))


def test_kerberos_alone_lets_nobody_in(sample_host: SampleHost) -> None:
    """The offer names Kerberos and nothing else; NTLM tokens and Basic get 401."""
    for authorization in (None, "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode(), "Negotiate TlRMTVNTUAABAAAA"):
        connection = http.client.HTTPConnection(sample_host.address, 1080, timeout=30)
        connection.request("POST", "/PowerShell/", headers={"Authorization": authorization} if authorization else {})
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("WWW-Authenticate")) == (401, "Kerberos")
        connection.close()


def test_unencrypted_messages_are_refused(sample_host: SampleHost) -> None:
    with pytest.raises(WinRMTransportError) as refused:
        who(sample_host.wsman(encryption="never"))
    assert refused.value.code == 500


def test_an_endpoint_that_is_not_there(sample_host: SampleHost) -> None:
    with pytest.raises(WSManFaultError) as refused:
        who(sample_host.wsman(), "Microsoft.Exchange")
    assert refused.value.code == 2150858811
    assert "The resource URI (http://schemas.microsoft.com/powershell/Microsoft.Exchange) was not found" in str(refused.value)


def test_a_path_that_is_not_there(sample_host: SampleHost) -> None:
    with pytest.raises(WinRMTransportError) as refused:
        who(sample_host.wsman(path="PowerShell/"))
    assert refused.value.code == 404


@pytest.fixture
def failing(sample_host: SampleHost) -> Any:
    yield sample_host
    sample_host.order("clear")


@pytest.mark.parametrize(("lost", "carried_out"), [("request", 0), ("answer", 1)])
def test_a_connection_that_drops(lost: str, carried_out: int, failing: SampleHost) -> None:
    """The request is lost, or it is carried out and its answer is lost: the caller sees the same."""
    before = len(failing.recorded())
    with failing.wsman() as wsman:
        pool = RunspacePool(wsman)
        pool.open()
        failing.order(f"drop 1 Command {lost}")
        with pytest.raises(requests.ConnectionError):
            PowerShell(pool).add_cmdlet("Write-Output").add_argument("done").invoke()
    failing.order("down")  # Ends every pipeline, so that all of them are recorded.
    failing.order("up")
    assert len(failing.recorded()) == before + carried_out


def test_the_nth_request(failing: SampleHost) -> None:
    with failing.wsman() as wsman:
        pool = RunspacePool(wsman)
        pool.open()
        failing.order("drop 2 Command request")
        assert PowerShell(pool).add_cmdlet("Write-Output").add_argument("first").invoke() == ["first"]
        with pytest.raises(requests.ConnectionError):
            PowerShell(pool).add_cmdlet("Write-Output").add_argument("second").invoke()


def test_shell_quota(failing: SampleHost) -> None:
    failing.order("quota")
    with pytest.raises(WSManFaultError, match="maximum number of 5 concurrent shells") as refused:
        who(failing.wsman())
    assert refused.value.code == 2150859173


def test_late_replies(failing: SampleHost) -> None:
    failing.order("delay 30")
    with pytest.raises(requests.ReadTimeout):
        who(failing.wsman(read_timeout=1))
    failing.order("delay 0")


def test_a_host_that_goes_down(failing: SampleHost) -> None:
    with failing.wsman() as wsman:
        pool = RunspacePool(wsman)
        pool.open()
        failing.order("down")
        with pytest.raises(requests.ConnectionError):
            PowerShell(pool).add_cmdlet("Get-Who").invoke()
        failing.order("up")
    assert who(failing.wsman())[0] == USER
