"""What the options of Ansible's winrm connection mean to pypsrp."""

from __future__ import annotations

from typing import Any

import pytest
from pypsrp.wsman import WSMan

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import BadInput, Unreachable
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.connection import open_session, winrm_arguments

OPTIONS: dict[str, Any] = {
    "remote_addr": "sp01",
    "remote_user": "CORP\\u",
    "remote_password": "p",
    "port": 5986,
    "scheme": None,
    "path": "/wsman",
    "transport": None,
    "connection_timeout": None,
    "kerberos_mode": None,
}


def arguments(extras: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    return winrm_arguments({**OPTIONS, **options}.__getitem__, {f"ansible_winrm_{name}": value for name, value in (extras or {}).items()})


@pytest.mark.parametrize(
    ("options", "extras", "expected"),
    [
        ({}, {}, {"server": "sp01", "port": 5986, "ssl": True, "auth": "basic", "path": "wsman", "username": "CORP\\u", "password": "p"}),
        ({"port": 5985, "transport": ["ntlm"]}, {}, {"ssl": False, "auth": "ntlm", "encryption": "auto"}),
        ({"port": 5985}, {}, {"ssl": False, "auth": "basic", "encryption": "never"}),
        ({"port": 5985, "scheme": "https"}, {}, {"ssl": True}),
        ({"remote_user": "u@CORP.EXAMPLE"}, {}, {"auth": "kerberos", "username": "u@CORP.EXAMPLE"}),
        ({"transport": ["kerberos"]}, {"realm": "CORP.EXAMPLE"}, {"username": "CORP\\u@CORP.EXAMPLE"}),
        ({"transport": ["kerberos"], "kerberos_mode": "manual"}, {}, {"auth": "kerberos", "password": None}),
        ({"transport": ["kerberos"]}, {"kerberos_delegation": "yes"}, {"negotiate_delegate": True}),
        ({"transport": ["kerberos"]}, {"service": "HTTP"}, {"negotiate_service": "HTTP"}),
        ({"transport": ["credssp", "ntlm"]}, {"credssp_disable_tlsv1_2": True}, {"auth": "credssp", "credssp_disable_tlsv1_2": True}),
        (
            {"transport": ["certificate"]},
            {"cert_pem": "/c.pem", "cert_key_pem": "/k.pem"},
            {"auth": "certificate", "certificate_pem": "/c.pem", "certificate_key_pem": "/k.pem"},
        ),
        ({"transport": ["ntlm"]}, {"message_encryption": "always"}, {"encryption": "always"}),
        ({}, {"server_cert_validation": "ignore", "ca_trust_path": "/ca.pem"}, {"cert_validation": False}),
        ({}, {"ca_trust_path": "/ca.pem"}, {"cert_validation": "/ca.pem"}),
        ({}, {}, {"cert_validation": True}),
        ({"connection_timeout": 60}, {}, {"operation_timeout": 60, "read_timeout": 70}),
        ({}, {"operation_timeout_sec": "40", "read_timeout_sec": "50"}, {"operation_timeout": 40, "read_timeout": 50}),
    ],
)
def test_translation(options: dict[str, Any], extras: dict[str, Any], expected: dict[str, Any]) -> None:
    found = arguments(extras, **options)
    assert {name: found[name] for name in expected} == expected
    WSMan(**found)  # pypsrp takes it: it refuses names and combinations that it does not know


def test_an_unknown_transport_is_refused() -> None:
    with pytest.raises(BadInput, match="ansible_winrm_transport is telepathy"):
        arguments(transport=["telepathy"])


class OtherConnection:
    """A connection without PowerShell remoting."""

    transport = "ssh"


def test_another_connection_is_refused() -> None:
    with pytest.raises(BadInput, match="sp01 is reached with the connection plugin ssh"):
        open_session(OtherConnection(), "sp01")


class WinrmConnection:
    """The options of a winrm connection."""

    transport = "winrm"

    def __init__(self, **options: Any) -> None:
        self.options = {**OPTIONS, "_extras": {}, **options}

    def get_option(self, name: str) -> Any:
        return self.options[name]


def test_a_host_that_is_down_is_one_sentence() -> None:
    with pytest.raises(Unreachable, match=r"sp01 cannot be reached at http://127\.0\.0\.9:1/wsman: Connection refused"):
        open_session(WinrmConnection(remote_addr="127.0.0.9", port=1, scheme="http", transport=["ntlm"]), "sp01")


def test_basic_over_http_would_send_the_password_in_clear() -> None:
    with pytest.raises(BadInput, match="in clear"):
        open_session(WinrmConnection(port=5985, transport=["ssl"]), "sp01")
