"""Starts a lab: ``python -m tests.lab --state-dir DIR``. When it serves, DIR/lab.json says where; SIGTERM, or the end of its
lifetime, stops it."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path

from tests.lab.iis.features import VERSIONS
from tests.lab.pwsh.engine import NoPowerShell
from tests.lab.states import STATES, world_in
from tests.lab.world import ENGINES, MUTANTS, Options, World


def address_and_port(text: str) -> tuple[str, int]:
    """Raises ValueError, which argparse reports."""
    address, port = text.rsplit(":", 1)
    return address, int(port)


def parse(arguments: list[str]) -> tuple[str | None, Options, float, bool]:
    """State, options, the lifetime in seconds, and whether the lab ends with its parent."""
    defaults = Options(Path())
    parser = argparse.ArgumentParser(prog="tests.lab", description=__doc__)
    parser.add_argument("--state-dir", type=Path, required=True, help="folder for lab.json, the authority's certificate, what was received")
    parser.add_argument("--subnet", default=defaults.subnet, help="first three numbers of the lab's addresses")
    parser.add_argument(
        "--state", choices=STATES, help="what is set up; the build and the timer server that it names go before those given"
    )
    parser.add_argument("--sharepoint-build", default=defaults.sharepoint_build, help="16.0.4534.1000 has KB3191880")
    parser.add_argument("--mutant", action="append", default=[], choices=MUTANTS, help="makes the lab wrong in one point")
    parser.add_argument("--snap-in-delay", type=float, default=defaults.snap_in_delay, help="seconds that Add-PSSnapin takes")
    parser.add_argument("--silent-log", action="store_true", help="SharePoint's log does not say that an authentication was refused")
    parser.add_argument("--timer-server", default=defaults.timer_server, choices=["sp01", "sp02"], help="server that runs the timer jobs")
    parser.add_argument(
        "--outside", type=address_and_port, metavar="ADDRESS:PORT", help="another mail server for the outside domain than the lab's own"
    )
    parser.add_argument("--more-web-applications", type=int, default=0, metavar="N", help="N web applications besides the usual ones")
    parser.add_argument("--windows", default=defaults.windows, choices=VERSIONS, help="Windows Server of the farm's servers")
    parser.add_argument("--max-shells", type=int, default=defaults.max_shells, help="shells that a user may have open at a host")
    parser.add_argument(
        "--engine", default=defaults.engine, choices=ENGINES, help="pwsh: a real PowerShell, found on PATH or by the variable PWSH"
    )
    parser.add_argument("--lifetime", type=float, default=900, help="seconds after which the lab stops by itself")
    parser.add_argument("--with-parent", action="store_true", help="stop also when the process that started the lab has ended")
    parsed = parser.parse_args(arguments)
    options = Options(
        state_dir=parsed.state_dir.resolve(),
        subnet=parsed.subnet,
        sharepoint_build=parsed.sharepoint_build,
        mutants=frozenset(parsed.mutant),
        snap_in_delay=parsed.snap_in_delay,
        uls_says=not parsed.silent_log,
        timer_server=parsed.timer_server,
        outside=parsed.outside,
        more_web_applications=parsed.more_web_applications,
        windows=parsed.windows,
        max_shells=parsed.max_shells,
        engine=parsed.engine,
    )
    return parsed.state, options, parsed.lifetime, parsed.with_parent


def main() -> int:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    state, options, lifetime, with_parent = parse(sys.argv[1:])
    parent, ends = os.getppid(), time.monotonic() + lifetime
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    try:
        world = World(options) if state is None else world_in(state, options)
    except NoPowerShell as error:
        print(error, file=sys.stderr)
        return 1
    world.start()
    try:
        ready = {
            "pid": os.getpid(),
            "state_dir": str(options.state_dir),
            "subnet": options.subnet,
            "addresses": world.network.addresses,
            "engine": world.engine.name,
        }
        partial = options.state_dir / "lab.json.partial"
        partial.write_text(json.dumps(ready, indent=1) + "\n", encoding="utf-8")
        partial.replace(options.state_dir / "lab.json")
        # Nobody is told of a parent that was killed; who has lost it has another one.
        while time.monotonic() < ends and not (with_parent and os.getppid() != parent) and not done.wait(0.5):
            pass
    finally:
        world.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
