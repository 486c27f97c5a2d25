"""Mutation testing: runs mutmut in ``build/mutants`` and prints, by file, how many mutants the unit tests kill.

Arguments are mutmut's names of mutants, ``*`` allowed: ``tools/mutants.py '*.masking.*'``. pyproject.toml says which files and tests.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

BUILD = Path(__file__).resolve().parents[1] / "build"
HERE = BUILD / "mutants"
# mutmut mutates below its working folder and names a mutant after its path there: so the working folder is one in which the path of a
# module is its name, `ansible_collections/sharepoint/mail/...`.
LINKS = {"ansible_collections": "../tree/ansible_collections", "tests": "../../tests", "pyproject.toml": "../../pyproject.toml"}
SURVIVED, NO_TEST = 0, 33  # mutmut.stats.status_by_exit_code


def main() -> int:
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir(parents=True)
    for name, target in LINKS.items():
        (HERE / name).symlink_to(target)
    # Every mutant collects its tests anew: without bytecode, pytest would rewrite their assertions each time.
    environment = {**os.environ, "HYPOTHESIS_PROFILE": "mutants", "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(["mutmut", "run", "--max-children", "1", *sys.argv[1:]], cwd=HERE, env=environment, check=False)
    rooms = HERE / "mutants" / "ansible_collections" / "sharepoint" / "mail" / "plugins" / "plugin_utils"
    for path in sorted(rooms.rglob("*.py.meta")):
        codes = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"].values()
        tried = [code not in (SURVIVED, NO_TEST) for code in codes if code is not None]
        if tried:
            file = path.relative_to(rooms).with_suffix("").as_posix()
            print(f"{file:40} {len(tried):5} mutants, {sum(tried):5} killed: {sum(tried) / len(tried):4.0%}")
    print("Survivors: cd build/mutants, ../../tools/run.sh mutmut results, and mutmut show NAME")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
