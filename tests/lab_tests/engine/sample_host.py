"""Serves the sample cmdlets for the tests, in the lab's environment: ``python -m tests.lab_tests.engine.sample_host STATE_DIR ADDRESS``.

``measured`` (ADDRESS's .2) speaks as the measured engine did, ``windows`` (ADDRESS) as Windows PowerShell 5.1; with a third argument,
``pwsh``, there is also ``real`` (.3), whose sessions a real PowerShell opens. It prints ``ready``,
then obeys one line at a time on its standard input (``down``, ``up``) and answers ``ok``; it ends with its standard input.
A control server at ADDRESS takes faults, as the lab's does.
"""

from __future__ import annotations

import ssl
import sys
from pathlib import Path

import trustme

from tests.lab.control import ControlServer
from tests.lab.directory import NETBIOS, default_directory
from tests.lab.engine.dialect import MEASURED, WINDOWS_POWERSHELL
from tests.lab.engine.host import BASIC, CREDSSP, KERBEROS, NEGOTIATE, Endpoint, Host, Listener, SnapIn, write_user_file
from tests.lab.engine.recorder import Recorder
from tests.lab.engine.shell import OwnEngine
from tests.lab.faults import Faults
from tests.lab.network import CONTROL_PORT
from tests.lab.pwsh.engine import PwshEngine
from tests.lab.world import PWSH, Part
from tests.lab_tests.engine.sample_cmdlets import SNAP_IN_COMMANDS, everything

WINRM_PORT = 5985
HTTPS_PORT = 1443
KERBEROS_PORT = 1080


def main(state_dir: Path, address: str, engine: str) -> None:
    directory = default_directory()
    write_user_file(directory, state_dir / "ntlm-users")
    recorder = Recorder(state_dir / "pipelines.jsonl", [account.password for account in directory.accounts.values()])
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(state_dir / "ca.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(address).configure_cert(tls)
    full = Endpoint("Microsoft.PowerShell", everything, product="Sample", version="1.0")
    faults = Faults()
    endpoints = [
        full,
        *(Endpoint(mode, everything, language_mode=mode) for mode in ("ConstrainedLanguage", "RestrictedLanguage", "NoLanguage")),
        Endpoint("Snapped", snap_ins=(SnapIn("Sample.Snap", lambda session: SNAP_IN_COMMANDS, delay=0.05),)),
        Endpoint("RunAs", everything, run_as=f"{NETBIOS}\\sp_farm", may_enter=lambda account: "farm" in account.roles),
    ]
    windows = Host(
        "windows",
        address,
        [
            Listener(WINRM_PORT, endpoints, frozenset({NEGOTIATE, CREDSSP})),
            Listener(HTTPS_PORT, endpoints, frozenset({BASIC}), "/PowerShell/", tls),
            Listener(KERBEROS_PORT, endpoints, frozenset({KERBEROS}), "/PowerShell/"),
        ],
        directory,
        OwnEngine(WINDOWS_POWERSHELL, recorder, faults),
        faults,
    )
    control = ControlServer(address, CONTROL_PORT, {"faults": faults.listed}, {"faults": faults.set})
    measured_address = f"{address.rpartition('.')[0]}.2"
    measured = Host("measured", measured_address, [Listener(WINRM_PORT, [full])], directory, OwnEngine(MEASURED, recorder, Faults()))
    parts: list[Part] = [windows, measured, control]
    if engine == PWSH:
        pwsh = PwshEngine(address, recorder, faults, state_dir, lambda: endpoints)
        parts += [pwsh, Host("real", f"{address.rpartition('.')[0]}.3", [Listener(WINRM_PORT, endpoints)], directory, pwsh, faults)]
    for part in parts:
        part.start()
    print("ready", flush=True)
    try:
        for line in sys.stdin:
            {"down": windows.down, "up": windows.up}[line.strip()]()
            print("ok", flush=True)
    finally:
        for part in reversed(parts):
            part.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "")
