"""What a session does beyond the measured cases: statements, language modes, confirmation, snap-ins, stopping, secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pypsrp.complex_objects import PSInvocationState
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.serializer import TaggedValue

from tests.lab_tests.engine.conftest import SampleHost
from tests.lab_tests.engine.messages import errors, listening, outputs, state

FOR_EACH = "Microsoft.PowerShell.Commands.ForEachObjectCommand"


@pytest.fixture
def pool(sample_host: SampleHost) -> Iterator[RunspacePool]:
    """A session on the Windows host."""
    with sample_host.wsman() as wsman, RunspacePool(wsman) as opened:
        yield opened


def run(pool: RunspacePool, *statements: list[tuple[str, dict[str, Any]]]) -> tuple[str, list[Any], list[str]]:
    """State, outputs and error ids of one message."""
    pipeline = PowerShell(pool)
    for index, statement in enumerate(statements):
        if index:
            pipeline.add_statement()
        for name, parameters in statement:
            pipeline.add_cmdlet(name).add_parameters(parameters)
    with listening() as received:
        pipeline.invoke()
    return state(received), outputs(received), [error["id"] for error in errors(received)]


def command(name: str, **parameters: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(name, parameters)]


def each(member: str, *arguments: Any) -> tuple[str, dict[str, Any]]:
    return "ForEach-Object", {"MemberName": member} | ({"ArgumentList": list(arguments)} if arguments else {})


PORTAL: tuple[str, dict[str, Any]] = ("Get-SPWebApplication", {"Identity": "portal"})


def test_the_host_goes_on_after_a_failed_statement(pool: RunspacePool) -> None:
    """The client hears nothing of what stands behind the failure, and yet it is done."""
    answer = run(pool, command("Write-Output", InputObject="one"), command("Throw-It"), [PORTAL, each("Update")])
    assert answer == ("Failed", ["one"], ["Microsoft.SharePoint.PowerShell.SPCmdletGetFarm,Throw-It"])
    assert run(pool, [PORTAL, each("Updates")])[1] == [1]


def test_a_written_error_under_stop_stops_the_host(pool: RunspacePool) -> None:
    assert run(pool, command("Error-It", ErrorAction="Stop"), [PORTAL, each("Update")])[0] == "Failed"
    assert run(pool, [PORTAL, each("Updates")])[1] == [0]


def test_windows_powershell_texts(pool: RunspacePool) -> None:
    with listening() as received:
        PowerShell(pool).add_cmdlet("Get-Nope").invoke()
        PowerShell(pool).add_cmdlet("Set-RecvC").add_parameters({"Identity": "x", "MaxHops": "zz"}).invoke()
        PowerShell(pool).add_cmdlet("Set-RecvC").add_parameters({"Identity": "x", "Other": "y"}).invoke()
    assert [error["message"] for error in errors(received)] == [
        "The term 'Get-Nope' is not recognized as the name of a cmdlet, function, script file, or operable program. Check the spelling "
        "of the name, or if a path was included, verify that the path is correct and try again.",
        'Cannot bind parameter \'MaxHops\'. Cannot convert value "zz" to type "System.Int32". '
        'Error: "Input string was not in a correct format."',
        "Parameter set cannot be resolved using the specified named parameters.",
    ]


@pytest.mark.parametrize(
    ("parameters", "error_id"),
    [
        ({}, "MissingMandatoryParameter"),
        ({"Identity": None}, "ParameterArgumentValidationErrorNullNotAllowed"),
        ({"Identity": ""}, "ParameterArgumentValidationErrorEmptyStringNotAllowed"),
        ({"Identity": "x", "Ban": "b", "Banner": "c"}, "ParameterAlreadyBound"),
    ],
)
def test_other_refusals_of_the_binder(parameters: dict[str, Any], error_id: str, pool: RunspacePool) -> None:
    assert run(pool, command("Set-RecvC", **parameters)) == ("Failed", [], [f"{error_id},Sample.SetRecv"])


def test_positional_arguments(pool: RunspacePool) -> None:
    with listening() as received:
        PowerShell(pool).add_cmdlet("Set-RecvC").add_argument("x").add_parameter("MaxHops", 3).invoke()
        PowerShell(pool).add_cmdlet("Set-RecvC").add_argument("x").add_argument("y").invoke()
    assert outputs(received) == ["MaxHops=3[Int32]"]
    assert errors(received)[0]["id"] == "PositionalParameterNotFound,Sample.SetRecv"


def test_an_object_that_fits_nothing(pool: RunspacePool) -> None:
    answer = run(pool, [("Write-Output", {"InputObject": ["a", "b"]}), ("Error-ItC", {})])
    assert answer == ("Completed", [], ["InputObjectNotBound,Sample.ErrIt"] * 2)


def test_input_from_the_client(pool: RunspacePool) -> None:
    with listening() as received:
        PowerShell(pool).add_cmdlet("Get-SPWebApplication").add_cmdlet("ForEach-Object").add_parameter("MemberName", "Url").invoke(
            name for name in ["teams"]
        )
    assert outputs(received) == ["https://5.corp.example/"]


@pytest.mark.parametrize(
    ("mode", "method_error"),
    [
        ("Microsoft.PowerShell", None),
        ("ConstrainedLanguage", "MethodInvocationNotSupportedInConstrainedLanguage"),
        ("RestrictedLanguage", "NoMethodInvocationInRestrictedLanguageMode"),
    ],
)
def test_methods_by_language_mode(mode: str, method_error: str | None, sample_host: SampleHost) -> None:
    with sample_host.wsman() as wsman, RunspacePool(wsman, configuration_name=mode) as pool:
        assert run(pool, [PORTAL, each("DisplayName")])[1] == ["portal"]
        setter = run(pool, [PORTAL, each("set_OutboundMailOverrideEnvelopeSender", "a@b.c")])
    assert setter == ("Completed", [], [f"{method_error},{FOR_EACH}"] if method_error else [])


def test_no_language(sample_host: SampleHost) -> None:
    """Named cmdlets run; script text does not; most of the shell's own commands are not there."""
    with sample_host.wsman() as wsman, RunspacePool(wsman, configuration_name="NoLanguage") as pool:
        assert run(pool, [PORTAL, ("Select-Object", {"Property": ["DisplayName"]})])[0] == "Completed"
        assert run(pool, [PORTAL, each("DisplayName")]) == ("Failed", [], ["CommandNotFoundException"])
        with listening() as received:
            PowerShell(pool).add_script("1 + 1").invoke()
    assert errors(received) == [
        {
            "id": "ScriptsNotAllowed",
            "category": "ParserError",
            "message": "The syntax is not supported by this runspace. This can occur if the runspace is in no-language mode.",
            "terminating": True,
        }
    ]


def test_confirmation(pool: RunspacePool) -> None:
    """Without -Confirm:$false a cmdlet that asks fails, and nothing is done; -WhatIf does nothing and says nothing."""
    assert run(pool, command("Remove-It", Identity="x")) == ("Failed", [], ["HostFunctionNotImplemented,Sample.RemoveIt"])
    assert run(pool, command("Remove-It", Identity="x", WhatIf=True)) == ("Completed", [], [])
    assert run(pool, command("Get-Removals"))[1] == [0]
    assert run(pool, command("Remove-It", Identity="x", Confirm=False)) == ("Completed", [], [])
    assert run(pool, command("Get-Removals"))[1] == [1]


def test_snap_in(sample_host: SampleHost) -> None:
    added = "AddPSSnapInRead,Microsoft.PowerShell.Commands.AddPSSnapinCommand"
    with sample_host.wsman() as wsman, RunspacePool(wsman, configuration_name="Snapped") as pool:
        assert run(pool, command("Get-Snapped")) == ("Failed", [], ["CommandNotFoundException"])
        assert run(pool, command("Get-PSSnapin", Name="Sample.Snap"))[2] == [
            "NoPSSnapInsFound,Microsoft.PowerShell.Commands.GetPSSnapinCommand"
        ]
        assert run(pool, command("Add-PSSnapin", Name="No.Snap"))[2] == [added]
        assert run(pool, command("Add-PSSnapin", Name="Sample.Snap")) == ("Completed", [], [])
        assert run(pool, command("Get-Snapped")) == ("Completed", ["snapped"], [])
        with listening() as received:
            PowerShell(pool).add_cmdlet("Add-PSSnapin").add_parameter("Name", "Sample.Snap").invoke()
    assert errors(received) == [
        {
            "id": added,
            "category": "InvalidArgument",
            "message": "Cannot add Windows PowerShell snap-in Sample.Snap because it is already added. "
            "Verify the name of the snap-in and try again.",
            "terminating": False,
        }
    ]


def test_get_command(pool: RunspacePool) -> None:
    names = run(pool, [("Get-Command", {"Name": ["Get-SP*", "Select-Object"]}), each("Name")])
    assert names == ("Completed", ["Get-SPWebApplication", "Select-Object"], [])
    missing = run(pool, command("Get-Command", Name="Get-Nope"))
    assert missing == ("Completed", [], ["CommandNotFoundException,Microsoft.PowerShell.Commands.GetCommandCommand"])


def test_measure_and_windows_of_objects(pool: RunspacePool) -> None:
    every: tuple[str, dict[str, Any]] = ("Get-SPWebApplication", {})
    assert run(pool, [every, ("Measure-Object", {}), each("Count")])[1] == [3]
    assert run(pool, [every, ("Select-Object", {"First": 1}), each("DisplayName")])[1] == ["portal"]
    assert run(pool, [every, ("Select-Object", {"Skip": 1, "Last": 1}), each("DisplayName")])[1] == ['o\'brien "q"']
    assert run(
        pool, [every, ("Where-Object", {"Property": "Zone", "EQ": True, "Value": "default"}), ("Measure-Object", {}), each("Count")]
    )[1] == [3]
    assert run(pool, [every, ("Out-Null", {})]) == ("Completed", [], [])


def test_stopping(pool: RunspacePool) -> None:
    pipeline = PowerShell(pool).add_cmdlet("Wait-It")
    pipeline.begin_invoke()
    while not pipeline.output:
        pipeline.poll_invoke()
    pipeline.stop()
    assert pipeline.state == PSInvocationState.STOPPED
    assert run(pool, command("Write-Output", InputObject="still here"))[1] == ["still here"]


def test_secrets_arrive_whole(pool: RunspacePool) -> None:
    pool.exchange_keys()
    answer = run(pool, command("Set-RecvC", Identity="x", Pw=TaggedValue("SS", "tops3cret ö")))
    assert answer == ("Completed", ["Pw=11 characters"], [])


def test_large_values(pool: RunspacePool) -> None:
    """Several fragments and several replies, both ways."""
    text = "ü" * 400_000
    assert run(pool, command("Write-Much", Text=text))[1] == [text * 2, len(text)]
