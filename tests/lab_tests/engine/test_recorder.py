"""What the recorder writes: everything that was asked, with its types, and no secret."""

from __future__ import annotations

from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.serializer import TaggedValue

from tests.lab_tests.engine.conftest import PASSWORD, SampleHost


def test_an_entry(sample_host: SampleHost) -> None:
    before = len(sample_host.recorded())
    with sample_host.wsman() as wsman, RunspacePool(wsman) as pool:
        pool.exchange_keys()
        pipeline = PowerShell(pool).add_cmdlet("Get-SPWebApplication").add_parameter("Identity", "absent")
        pipeline.add_cmdlet("Where-Object").add_parameters({"Property": "DisplayName", "In": True, "Value": ["a", 1]})
        pipeline.add_statement().add_cmdlet("Set-RecvC").add_parameters(
            {"Identity": f"has {PASSWORD} inside", "Pw": TaggedValue("SS", "never seen"), "MaxHops": 5, "Banner": None}
        )
        pipeline.invoke()
        PowerShell(pool).add_script("Get-Date").invoke()
    entries = sample_host.recorded()[before:]
    message = "Cannot find an SPWebApplication object that contains the following Id, Name, or Url: absent."
    assert entries[0] == {
        "host": "windows",
        "endpoint": "Microsoft.PowerShell",
        "product": "Sample",
        "version": "1.0",
        "statements": [
            [
                {"cmdlet": "Get-SPWebApplication", "parameters": {"Identity": {"type": "S", "value": "absent"}}},
                {
                    "cmdlet": "Where-Object",
                    "parameters": {
                        "Property": {"type": "S", "value": "DisplayName"},
                        "In": {"type": "B", "value": True},
                        "Value": {"type": "Obj:System.Object[]", "value": ["a", 1]},
                    },
                },
            ],
            [
                {
                    "cmdlet": "Set-RecvC",
                    "parameters": {
                        "Identity": {"type": "S", "value": "has ******** inside"},
                        "Pw": {"type": "SS", "value": "********"},
                        "MaxHops": {"type": "I32", "value": 5},
                        "Banner": {"type": "Nil", "value": None},
                    },
                }
            ],
        ],
        "state": "Completed",
        "engine": "own",
        "errors": [{"id": "Microsoft.SharePoint.PowerShell.SPCmdletGetWebApplication,Get-SPWebApplication", "message": message}],
    }
    assert entries[1]["statements"] == [[{"cmdlet": "Get-Date", "parameters": {}, "script": True}]]
    assert entries[1]["state"] == "Failed"


def test_the_file_holds_no_password(sample_host: SampleHost) -> None:
    text = (sample_host.state_dir / "pipelines.jsonl").read_text(encoding="utf-8")
    assert PASSWORD not in text
    assert "never seen" not in text
