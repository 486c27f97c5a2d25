"""Error records as a real engine sent them, and failures of the way, as sentences."""

from __future__ import annotations

import pathlib
import re
import struct
from typing import Any

import pytest
import requests
from pypsrp.exceptions import AuthenticationError, WinRMTransportError, WSManFaultError
from pypsrp.messages import Message, MessageType
from requests_credssp.exceptions import NTStatusException

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import (
    AuthenticationRefused,
    BadInput,
    CommandMissing,
    EndpointMissing,
    MailError,
    NotDelegated,
    Unreachable,
)
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting import faults, opening
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.clixml import HostSerializer
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.pipeline import cmdlet
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.session import Endpoint

MEASUREMENTS = pathlib.Path(__file__).parents[2] / "lab" / "measurements"
FARM = Endpoint("sp01", "CORP\\sp_install", "ntlm", "http://sp01:5985/wsman", "Microsoft.PowerShell", "psrp")
EXCHANGE = Endpoint("ex01", "ex_admin", "ntlm", "http://ex01:80/PowerShell", "Microsoft.Exchange", "psrp")


def record(name: str) -> Any:
    """The error record of a measured conversation, unpacked by pypsrp as from the wire."""
    text = (MEASUREMENTS / f"{name}.clixml").read_text(encoding="utf-8")
    for kind, body in re.findall(r"<!-- (ERROR_RECORD|PIPELINE_STATE) -->\n(.*?)(?=\n<!-- |\Z)", text, flags=re.DOTALL):
        header = struct.pack("<II", 1, getattr(MessageType, kind)) + bytes(32)
        data: Any = Message.unpack(header + body.strip().encode(), HostSerializer()).data
        return data.error_record if kind == "PIPELINE_STATE" else data
    raise LookupError(name)


def test_an_error_carries_message_id_cmdlet_and_host() -> None:
    error = faults.remote_error(record("09-error-binding"), cmdlet("Set-RecvC"), FARM)
    assert error.has_id("NamedParameterNotFound")
    assert (error.cmdlet, error.host) == ("Set-RecvC", "sp01")
    assert error.reply == "A parameter cannot be found that matches parameter name 'NoSuch'."
    assert error.message == f"Set-RecvC failed on sp01: {error.reply}"


@pytest.mark.parametrize("name", ["12-two-statements-second-fails", "13-two-statements-first-fails"])
def test_the_double_hop_is_named_with_its_remedies(name: str) -> None:
    error = faults.remote_error(record(name), cmdlet("Get-SPWebApplication"), FARM)
    assert isinstance(error, NotDelegated)
    for text in ("double hop", "CORP\\sp_install", "ntlm", "sp01", "credssp", "negotiate_delegate", "RunAs"):
        assert text in error.message


def test_a_missing_cmdlet_is_named() -> None:
    error = faults.remote_error(record("10-error-unknown-command"), cmdlet("Get-Nope").pipe("Select-Object"), FARM)
    assert isinstance(error, CommandMissing)
    assert error.cmdlet == "Get-Nope"
    assert "sp01 has no Get-Nope" in error.message


class NotFound:
    """The record of a cmdlet that is not shown."""

    fq_error = "CommandNotFoundException"

    def __init__(self, name: str) -> None:
        self.target_name = name

    def __str__(self) -> str:
        return f"The term '{self.target_name}' is not recognized as the name of a cmdlet, function, script file, or operable program."


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("New-ReceiveConnector", "Receive Connectors"),
        ("Get-ADPermission", "Active Directory Permissions"),
        ("Get-MessageTrackingLog", "Message Tracking"),
        ("Set-DistributionGroup", "Distribution Groups"),
    ],
)
def test_exchange_names_the_missing_role(name: str, role: str) -> None:
    error = faults.remote_error(NotFound(name), cmdlet(name), EXCHANGE)
    assert f'ex_admin: the account lacks the management role "{role}"' in error.message


def test_exchange_cmdlets_on_a_plain_endpoint_point_to_exchanges_own() -> None:
    error = faults.remote_error(NotFound("Get-ReceiveConnector"), cmdlet("Get-ReceiveConnector"), FARM)
    assert "ansible_psrp_configuration_name to Microsoft.Exchange" in error.message


def wrapped(error: Exception) -> Exception:
    """As Ansible's psrp connection hands it on."""
    try:
        try:
            raise error
        except Exception:
            raise RuntimeError("psrp connection failure") from None
    except RuntimeError as outer:
        return outer


@pytest.mark.parametrize(
    ("error", "endpoint", "kind", "texts"),
    [
        (AuthenticationError("no"), FARM, AuthenticationRefused, ["sp01 refused CORP\\sp_install over ntlm", "password"]),
        (AuthenticationError("no"), EXCHANGE, AuthenticationRefused, ["Kerberos over http or Basic over https, not NTLM"]),
        (WSManFaultError(5, "sp01", "Access is denied.", None, None, None), FARM, AuthenticationRefused, ["Remote Management Users"]),
        (
            WSManFaultError(2150858752, "sp01", "The resource URI (http://x/Nope) was not found in the catalog.", None, None, None),
            FARM,
            EndpointMissing,
            ["no PowerShell endpoint named Microsoft.PowerShell", "configuration_name"],
        ),
        (WinRMTransportError("http", 404, ""), FARM, EndpointMissing, ["404"]),
        (requests.exceptions.SSLError("certificate verify failed: self-signed (x)"), FARM, Unreachable, ["not trusted", "ca_cert"]),
        (requests.exceptions.ConnectionError("[Errno 111] Connection refused"), FARM, Unreachable, ["sp01", "Connection refused"]),
        (requests.exceptions.SSLError("[SSL: WRONG_VERSION_NUMBER] wrong version number"), FARM, Unreachable, ["does not accept TLS"]),
        (NTStatusException(0x8009030C), FARM, AuthenticationRefused, ["The authentication library says: ", "0x8009030c"]),
        (ImportError("No module named 'gssapi'"), FARM, BadInput, ["no library for ntlm", "gssapi"]),
        (ValueError("no such thing"), FARM, BadInput, ["are not valid: no such thing"]),
        (requests.exceptions.ConnectTimeout("x"), FARM, Unreachable, ["no answer in time"]),
    ],
)
def test_what_prevents_a_session(error: Exception, endpoint: Endpoint, kind: type[MailError], texts: list[str]) -> None:
    for raised in (error, wrapped(error)):
        told = opening.refused(raised, endpoint)
        assert isinstance(told, kind)
        for text in [*texts, "Nothing was "]:
            assert text in told.message


def test_a_write_that_got_no_answer_may_have_happened() -> None:
    error = requests.exceptions.ReadTimeout("x")
    assert "not known whether" in faults.lost(error, cmdlet("Set-SPWebApplication"), FARM, writing=True).message
    assert "Nothing was changed" in faults.lost(error, cmdlet("Get-SPWebApplication"), FARM, writing=False).message
