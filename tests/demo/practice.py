"""A farm to try things on by hand: starts a lab, says where it is and what to try, and stops it at the end. Run by ``make practice``."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import yaml

from tests.demo.demo import BUILD, ROOT, lab
from tests.lab.directory import default_directory

INVENTORY = ROOT / "tests" / "demo" / "inventory.yml"


def inventory(folder: Path, subnet: str) -> Path:
    """Writes the demo's inventory for this farm, so that commands need no environment variables."""
    content: dict[str, Any] = yaml.safe_load(INVENTORY.read_text(encoding="utf-8"))
    content["all"]["vars"] = {"lab_subnet": subnet, "lab_ca": str(folder / "lab" / "ca.pem")}
    path = folder / "inventory.yml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def commands(folder: Path, path: Path, subnet: str) -> list[tuple[str, str]]:
    """What to try: a sentence and a command for each, to be run in the repository."""
    ansible, playbook = (f"tools/run.sh {program} -i {shlex.quote(str(path))}" for program in ("ansible", "ansible-playbook"))
    reports = shlex.quote(str(folder))
    control = f"curl --noproxy '*' http://{subnet}.1:1999"
    lost = '[{"what": "lost", "host": "ex02", "about": "New-ReceiveConnector", "when": "after"}]'
    return [
        ("Is SharePoint's server reached, and as whom?", f"{ansible} sp01 -m sharepoint.mail.connection_info"),
        (
            "Does mail arrive? (Ends with an error where it does not.)",
            f"{playbook} playbooks/verify.yml -e verify_delivery_html_path={reports}/before.html",
        ),
        (
            "Set up a route, and verify again.",
            f"{playbook} playbooks/site.yml -e mail_route=externally_secured -e verify_delivery_html_path={reports}/after.html",
        ),
        ("What is set up on the servers now?", f"{control}/snapshot"),
        ("Let two hours pass on Exchange, which caches permissions.", f"{control}/clock -d '{{\"advance\": 7200}}'"),
        ("Lose one answer of EX02, then set up a route again: see tests/lab/README.md, Faults.", f"{control}/faults -d '{lost}'"),
    ]


def text(folder: Path, path: Path, subnet: str, state: str, minutes: float) -> str:
    """Everything that somebody who practises needs to know."""
    people = [
        (account.full_name, account.password, ", ".join(sorted(account.roles)) or account.mail or "")
        for account in default_directory().accounts.values()
    ]
    return "\n".join(
        [
            f"\nA SharePoint farm (sp01, sp02) and two Exchange servers (ex01, ex02) are up, in the state {state}.\n",
            f"Inventory:  {path}",
            f"Authority:  {folder / 'lab' / 'ca.pem'}",
            f"Mailboxes:  IMAP with TLS at {subnet}.31:1993, those of outside.example at {subnet}.41:1993",
            f"Log:        {folder / 'lab' / 'lab.log'}\n",
            "Accounts, which exist in the lab only (name, password, roles or mail address):",
            *(f"  {name:<20}{password:<20}{what}" for name, password, what in people),
            "\nTry, in another terminal, in this folder:",
            *(f"\n  # {sentence}\n  {command}" for sentence, command in commands(folder, path, subnet)),
            f"\nCtrl+C stops the farm; it stops by itself after {minutes:g} minutes.",
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", default="unpatched", help="one of the states of tests/lab/README.md")
    parser.add_argument("--minutes", type=float, default=60, help="how long the farm stays")
    parser.add_argument("--subnet", default="127.0.60", help="first three numbers of its addresses")
    parser.add_argument("--engine", default="own", help="what opens the PowerShell sessions: own, or pwsh for a real PowerShell")
    parser.add_argument("--folder", type=Path, default=BUILD / "practice", help="for what it writes")
    arguments = parser.parse_args()
    folder: Path = arguments.folder.resolve()
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    python = BUILD / "lab-venv" / "bin" / "python"
    lifetime = str(arguments.minutes * 60 + 60)  # Should this process be killed.
    try:
        with lab(
            python,
            folder / "lab",
            "--subnet",
            arguments.subnet,
            "--state",
            arguments.state,
            "--lifetime",
            lifetime,
            "--engine",
            arguments.engine,
        ):
            path = inventory(folder, arguments.subnet)
            print(text(folder, path, arguments.subnet, arguments.state, arguments.minutes), flush=True)
            done.wait(arguments.minutes * 60)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    print("The farm is stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
