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


def test_a_host_that_goes_down(sample_host: SampleHost) -> None:
    with sample_host.wsman() as wsman:
        pool = RunspacePool(wsman)
        pool.open()
        sample_host.order("down")
        with pytest.raises(requests.ConnectionError):
            PowerShell(pool).add_cmdlet("Get-Who").invoke()
        sample_host.order("up")
    assert who(sample_host.wsman())[0] == USER
