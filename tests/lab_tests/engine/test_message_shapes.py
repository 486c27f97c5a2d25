"""The messages themselves: the same elements, names, types and texts in the same order as those measured.

Left out of the comparison: reference numbers, which a host hands out with gaps, and stack traces with what quotes them.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest
from pypsrp.powershell import PowerShell, RunspacePool

from tests.lab_tests.engine.conftest import SampleHost
from tests.lab_tests.engine.messages import Received, listening, measured

Node = tuple[Any, ...]
_TRACES = {"StackTrace", "TargetSite"}
# Kinds of properties of the sample connector that no product of the lab has.
_NOT_IN_THE_LAB = {"C", "L", "Rights"}


def shape(received: list[Received]) -> list[Any]:
    return [(kind, _node(ET.fromstring(clixml)) if clixml else None) for kind, clixml in received]


def _node(element: ET.Element) -> Node:
    name = element.get("N")
    text = (element.text or "") if name not in _TRACES else "(trace)"
    if element.tag == "ToString":
        text = text.partition("_x000A_   at ")[0]
    children = [_node(child) for child in element if child.get("N") not in _NOT_IN_THE_LAB]
    return element.tag, name, text.strip(), children


def _cmdlet(name: str, **parameters: Any) -> Callable[[PowerShell], object]:
    return lambda pipeline: pipeline.add_cmdlet(name).add_parameters(parameters)


def _piped(*commands: tuple[str, dict[str, Any]]) -> Callable[[PowerShell], object]:
    def build(pipeline: PowerShell) -> None:
        for name, parameters in commands:
            pipeline.add_cmdlet(name).add_parameters(parameters)

    return build


def _statements(*names: tuple[str, dict[str, Any]]) -> Callable[[PowerShell], object]:
    def build(pipeline: PowerShell) -> None:
        for index, (name, parameters) in enumerate(names):
            if index:
                pipeline.add_statement()
            pipeline.add_cmdlet(name).add_parameters(parameters)

    return build


_PORTAL = ("Get-SPWebApplication", {"Identity": "portal"})
_SELECTED = ["DisplayName", "OutboundMailServiceInstance", "Servers", "Zone", "Tags", "Maybe", "Bag"]
_LANGUAGE_MODE = [("Get-Variable", {"Name": "ExecutionContext", "ValueOnly": True})] + [
    ("ForEach-Object", {"MemberName": name}) for name in ("SessionState", "LanguageMode")
]
CASES: dict[str, Callable[[PowerShell], object]] = {
    "01-web-application": _piped(_PORTAL),
    "02-receive-connector": _cmdlet("Get-RecvC"),
    "03-select-web-application": _piped(_PORTAL, ("Select-Object", {"Property": _SELECTED})),
    "04-nested-with-null": _piped(
        ("Get-SPWebApplication", {}),
        *(("ForEach-Object", {"MemberName": name}) for name in ("OutboundMailServiceInstance", "Server", "Address")),
    ),
    "05-enum": _piped(("Get-RecvC", {}), ("ForEach-Object", {"MemberName": "AuthMechanism"})),
    "06-list-of-objects": _piped(("Get-RecvC", {}), ("ForEach-Object", {"MemberName": "RemoteIPRanges"})),
    "07-error-nonterminating": _cmdlet("Error-ItC"),
    "08-error-terminating": _cmdlet("Stop-ItC"),
    "09-error-binding": _cmdlet("Set-RecvC", Identity="x", NoSuch=1),
    "10-error-unknown-command": _cmdlet("Get-Nope"),
    "11-warning-progress-verbose": _cmdlet("Warn-ItC", Verbose=True),
    "12-two-statements-second-fails": _statements(("Write-Output", {"InputObject": "one"}), ("Stop-ItC", {})),
    "13-two-statements-first-fails": _statements(("Stop-ItC", {}), ("Write-Output", {"InputObject": "two"})),
    "15-language-mode": _piped(*_LANGUAGE_MODE),
}


@pytest.mark.parametrize("name", CASES)
def test_shape(name: str, measured_pool: RunspacePool) -> None:
    pipeline = PowerShell(measured_pool)
    CASES[name](pipeline)
    with listening(understood=name != "03-select-web-application") as received:
        pipeline.invoke()
    assert shape(received) == shape(measured(f"{name}.clixml"))


def test_opening(sample_host: SampleHost) -> None:
    with listening() as received, sample_host.wsman(server=sample_host.measured_address) as wsman, RunspacePool(wsman):
        assert shape(received) == shape(measured("00-opening.clixml"))


def test_opening_of_windows_powershell(sample_host: SampleHost) -> None:
    """The version table comes with the opening, before any command, and says protocol 2.3."""
    with sample_host.wsman() as wsman, RunspacePool(wsman) as pool:
        assert pool.application_private_data is not None
        table = pool.application_private_data.data["PSVersionTable"]
    assert table["PSEdition"] == "Desktop"
    assert str(table["PSVersion"]).startswith("5.1.")
    assert str(table["PSRemotingProtocolVersion"]) == "2.3"
    assert pool.protocol_version == "2.3"


def test_without_invocation_information(sample_host: SampleHost) -> None:
    """A client that does not ask for invocation information gets short records."""
    with sample_host.wsman() as wsman, RunspacePool(wsman) as pool, listening() as received:
        PowerShell(pool).add_cmdlet("Error-ItC").invoke(remote_stream_options=0)
    record = next(clixml for kind, clixml in received if kind == "ERROR_RECORD")
    assert '<B N="SerializeExtendedInfo">false</B>' in record
    assert "InvocationInfo_Line" not in record
