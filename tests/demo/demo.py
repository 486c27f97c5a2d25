"""Shows the whole way on the lab: a farm that loses its alerts, the repair, and the proof. Run by ``make demo``."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
UNPATCHED = "16.0.4522.1000"
# What each route needs besides its name. Groups that want authenticated senders are beyond an anonymous sender, so that route is for
# farms that do without.
ROUTES: dict[str, dict[str, object]] = {
    "externally_secured": {},
    "anonymous": {
        "exchange_connector_bindings": ["0.0.0.0:1026"],
        "exchange_connector_relay": True,
        "outgoing_email_port": 1026,
        "verify_delivery_needs": {"external": True, "send_as_users": True, "workflow": True},
    },
    # The relay's account sends as itself, and as the one who shares.
    "iis_relay": {
        "outgoing_email_from_address": "svc_relay@corp.example",
        "exchange_connector_send_as_mailboxes": ["alice@corp.example"],
    },
}


@contextmanager
def lab(python: Path, state: Path, *options: str, seconds: float = 60) -> Iterator[dict[str, object]]:
    """A running lab, as it describes itself; stopped by its pid at the end. Raises RuntimeError when it does not start in time."""
    state.mkdir(parents=True, exist_ok=True)
    description = state / "lab.json"
    description.unlink(missing_ok=True)
    with (state / "lab.log").open("w", encoding="utf-8") as log:
        command = [str(python), "-m", "tests.lab", "--state-dir", str(state), "--with-parent", *options]
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + seconds
        while not description.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The lab did not start; its last words:\n{(state / 'lab.log').read_text(encoding='utf-8')[-2000:]}")
            time.sleep(0.05)
        yield json.loads(description.read_text(encoding="utf-8"))
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def environment(state: Path, subnet: str) -> dict[str, str]:
    """What ansible-playbook runs with: the collection from this checkout, everything it writes inside the build folder."""
    home = BUILD / "home"
    home.mkdir(parents=True, exist_ok=True)
    return {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(BUILD / "tree"),
        "ANSIBLE_HOME": str(home / ".ansible"),
        "HOME": str(home),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
        "LAB_STATE": str(state),
        "LAB_SUBNET": subnet,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }


def ansible_core() -> str:
    """The ansible-core that ``playbook`` runs, as it says itself: ``ansible-playbook [core 2.19.14]``."""
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "--version"]
    said = subprocess.run(command, stdout=subprocess.PIPE, env={**os.environ, "LC_ALL": "C.UTF-8"}, text=True, check=True).stdout
    return said.splitlines()[0]


def playbook(name: str, variables: dict[str, object], state: Path, subnet: str) -> int:
    """Runs one of the collection's playbooks on the lab's inventory; its output goes to the terminal. Returns its exit code."""
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "--inventory", str(ROOT / "tests" / "demo" / "inventory.yml")]
    command += ["--extra-vars", json.dumps(variables), str(ROOT / "playbooks" / name)]
    return subprocess.run(command, cwd=ROOT, env=environment(state, subnet), check=False).returncode


def failed_as_predicted(report: dict[str, object]) -> bool:
    """True when the alert was lost just as predicted and nothing else came as a surprise."""
    scenarios = report["scenarios"]
    assert isinstance(scenarios, list)
    alerts = [s for s in scenarios if s["id"] == "alert" and s["verdict"] == "fail"]
    return (
        report["verdict"] == "fail"
        and bool(alerts)
        and all(s["observed"] == s["predicted"] == "not_sent" for s in alerts)
        and all(s["observed"] == s["predicted"] for s in scenarios if s["observed"] != "not_run")
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--route", default="externally_secured", choices=list(ROUTES))
    parser.add_argument("--lab-python", type=Path, default=BUILD / "lab-venv" / "bin" / "python")
    parser.add_argument("--subnet", default="127.0.10")
    parser.add_argument("--out", type=Path, default=BUILD / "demo", help="folder for the evidence")
    parser.add_argument("--engine", default="own", help="what opens the PowerShell sessions: own, or pwsh for a real PowerShell")
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    before, after, html = out / "before.json", out / "after.json", out / "report.html"
    for path in (before, after, html):
        path.unlink(missing_ok=True)

    started = time.monotonic()
    print(ansible_core(), flush=True)
    with lab(
        arguments.lab_python, out / "lab", "--subnet", arguments.subnet, "--sharepoint-build", UNPATCHED, "--engine", arguments.engine
    ) as description:
        state = Path(str(description["state_dir"]))
        print(f"PowerShell engine: {description['engine']}", flush=True)
        print(
            f"A SharePoint 2016 farm (build {UNPATCHED}, before KB3191880) and two Exchange servers are up. Is its mail delivered?\n",
            flush=True,
        )
        # This one is meant to fail: the exit code of the playbook is not the demo's, the JSON is what counts.
        needs = {name: value for name, value in ROUTES[arguments.route].items() if name == "verify_delivery_needs"}
        playbook("verify.yml", {**needs, "verify_delivery_json_path": str(before), "verify_delivery_fail": False}, state, arguments.subnet)
        print(f"\nNow the route {arguments.route}: ansible-playbook site.yml changes what is needed, and verifies again.\n", flush=True)
        variables: dict[str, object] = {
            **ROUTES[arguments.route],
            "mail_route": arguments.route,
            "verify_delivery_json_path": str(after),
            "verify_delivery_html_path": str(html),
            "verify_delivery_compare_with": str(before),
        }
        code = playbook("site.yml", variables, state, arguments.subnet)
    if not before.exists() or not after.exists():
        print("The demo did not finish: see the messages above.", file=sys.stderr)
        return 2
    reports = [json.loads(path.read_text(encoding="utf-8")) for path in (before, after)]
    ok = failed_as_predicted(reports[0]) and reports[1]["verdict"] == "pass" and code == 0
    print(f"\nBefore: {reports[0]['verdict']}. After: {reports[1]['verdict']}. {time.monotonic() - started:.0f} s.")
    print(f"Evidence: {before.relative_to(ROOT)}, {after.relative_to(ROOT)}, {html.relative_to(ROOT)}")
    if not ok:
        print("This is not what the demo promises: before has to fail exactly as predicted, and after has to pass.", file=sys.stderr)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
