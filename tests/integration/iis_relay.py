# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests of the relay share: running its modules, dialling it, and what an administrator does at the server itself."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from tests.integration.conftest import Lab

PASSWORD = "Relay-Pa55"
PARTNER = "partner@outside.example"


def run(lab: Lab, module: str, arguments: dict[str, Any], *options: str, **variables: Any) -> dict[str, Any]:
    (entry,) = lab.task(module, arguments, *options, vars=variables).results
    return {**entry["result"], "status": entry["status"]}


def relay(lab: Lab, *options: str, **more: Any) -> dict[str, Any]:
    """Runs the module with the relay's usual options, ``more`` instead of some; None leaves one out."""
    own = [client(lab)]
    arguments = {
        "fqdn": "sp01.corp.example",
        "bindings": [{"port": 1025}],
        "authentication": ["anonymous"],
        "connect_addresses": own,
        "relay_addresses": own,
        "relay_authenticated": False,
        "firewall_addresses": own,
        "smart_host": "ex01.corp.example",
        "smart_host_port": 1587,
        "smart_host_authentication": "basic",
        "smart_host_tls": True,
        "smart_host_username": "CORP\\svc_relay",
        "smart_host_password": PASSWORD,
        **more,
    }
    return run(lab, "iis_smtp_relay", {name: value for name, value in arguments.items() if value is not None}, *options)


def info(lab: Lab, **options: Any) -> dict[str, Any]:
    return run(lab, "iis_smtp_relay_info", options)


def windows(lab: Lab) -> dict[str, Any]:
    snapshot: dict[str, Any] = lab.ask("snapshot")["windows"]["sp01"]
    return snapshot


def client(lab: Lab) -> str:
    """The address that the relay is for; the farm's servers keep theirs to themselves."""
    return f"{lab.subnet}.90"


def stranger(lab: Lab) -> str:
    return f"{lab.subnet}.91"


def dial(lab: Lab, source: str, sender: str = "svc_relay@corp.example", recipient: str = PARTNER, port: int = 1025) -> tuple[bool, int]:
    """Whether the relay offers AUTH, and its answer to RCPT TO."""
    with smtplib.SMTP(f"{lab.subnet}.21", port, source_address=(source, 0), timeout=10) as smtp:
        smtp.ehlo("client.corp.example")
        smtp.mail(sender)
        return "auth" in smtp.esmtp_features, smtp.rcpt(recipient)[0]


def send(lab: Lab, recipient: str = "alice@corp.example") -> None:
    with smtplib.SMTP(f"{lab.subnet}.21", 1025, source_address=(client(lab), 0), timeout=10) as smtp:
        smtp.sendmail("svc_relay@corp.example", [recipient], f"From: svc_relay@corp.example\r\nTo: {recipient}\r\nSubject: x\r\n\r\nx\r\n")


@contextmanager
def shell_on_sp01(lab: Lab) -> Iterator[RunspacePool]:
    wsman = WSMan(f"{lab.subnet}.21", port=5985, ssl=False, auth="ntlm", username="CORP\\sp_install", password="Install-Pa55 word")
    with wsman, RunspacePool(wsman, configuration_name="SharePointFarm") as pool:
        yield pool


def by_hand(lab: Lab, *commands: tuple[str, Mapping[str, Any]]) -> list[Any]:
    """What an administrator does at the server itself: one pipeline of cmdlets."""
    with shell_on_sp01(lab) as pool:
        shell = PowerShell(pool)
        for name, parameters in commands:
            shell.add_cmdlet(name).add_parameters(dict(parameters))
        outputs: list[Any] = shell.invoke()
        assert not shell.streams.error, [str(error) for error in shell.streams.error]
        return outputs


def set_by_hand(lab: Lab, **properties: Any) -> None:
    found = {"Namespace": "root/MicrosoftIISv2", "ClassName": "IIsSmtpServerSetting", "Filter": "Name='SmtpSvc/1'"}
    by_hand(lab, ("Get-CimInstance", found), ("Set-CimInstance", {"Property": properties}))


def writes(lab: Lab) -> list[list[list[dict[str, Any]]]]:
    """Messages that change something, each with its statements."""
    verbs = ("Set", "Add", "Remove", "Install", "Uninstall", "Start", "Stop", "Restart", "New")
    messages = [json.loads(line)["statements"] for line in (lab.state / "pipelines.jsonl").read_text(encoding="utf-8").splitlines()]
    return [
        statements
        for statements in messages
        if any(
            command["cmdlet"].partition("-")[0] in verbs
            and command["cmdlet"] not in ("Set-Variable", "Set-StrictMode")  # of the session alone
            and "ClientOnly" not in command["parameters"]
            for statement in statements
            for command in statement
        )
    ]
