"""Runs ``ansible-test sanity`` on a copy of the checkout under ``build/sanity``. Options are handed on: ``tools/sanity.py --test pylint``.

``ansible-test`` works only in a folder ``ansible_collections/NAMESPACE/NAME`` (it resolves links, so a link will not do), downloads a
script to install pip into the environments it makes, and hides every ``PIP_*`` and proxy variable from that pip. So it gets a copy,
a script that needs no download, and the caller's pip configuration as a file, all in a home folder of its own.
"""

from __future__ import annotations

import ast
import configparser
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
HOME = ROOT / "build" / "sanity" / "home"
COPY = ROOT / "build" / "sanity" / "ansible_collections" / "sharepoint" / "mail"
NOT_COPIED = shutil.ignore_patterns(
    "build", ".git", ".venv", "dist", "__pycache__", "*.pyc", ".*_cache", ".hypothesis", ".ansible", "*.tar.gz"
)

# The name carries the version of pip that the ansible-core of requirements-dev.txt asks for
# (`bootstrap` in its ansible_test/_util/target/setup/requirements.py); another ansible-core may look for another name.
PIP_SCRIPT = HOME / ".ansible" / "test" / "cache" / "get_pip_24_2.py"

# In a process of its own, because ensurepip makes the process that calls it ignore pip's configuration files. The two options are
# known to get-pip alone.
PIP_SCRIPT_TEXT = """\
import subprocess
import sys

subprocess.check_call([sys.executable, "-m", "ensurepip"])
arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
raise SystemExit(subprocess.call([sys.executable, "-m", "pip", "install", *arguments]))
"""


def pip_configuration() -> configparser.RawConfigParser:
    """What pip is told by its configuration files and by the environment, as the content of one configuration file."""
    listing = subprocess.run([sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True).stdout
    configuration = configparser.RawConfigParser()
    configuration.add_section("global")
    if proxy := os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy"):
        configuration.set("global", "proxy", proxy)
    # The environment comes last, as it has the last word with pip.
    for line in sorted(listing.splitlines(), key=lambda line: line.startswith(":env:")):
        name, value = line.split("=", 1)
        section, option = name.split(".", 1)
        section = "global" if section == ":env:" else section
        if not configuration.has_section(section):
            configuration.add_section(section)
        configuration.set(section, option, str(ast.literal_eval(value)).replace("\n", "\n    "))
    configuration.set("global", "quiet", "1")
    return configuration


def prepare() -> None:
    """A fresh copy of the checkout; the home folder stays, for it holds the environments of earlier runs."""
    shutil.rmtree(COPY, ignore_errors=True)
    shutil.copytree(ROOT, COPY, symlinks=True, ignore=NOT_COPIED)
    # ansible-test asks git for the files to test; inside the checkout's own repository, which ignores build/, there would be none.
    subprocess.run(["git", "init", "--quiet", str(COPY)], check=True)
    PIP_SCRIPT.parent.mkdir(parents=True, exist_ok=True)
    PIP_SCRIPT.write_text(PIP_SCRIPT_TEXT)
    configuration_file = HOME / ".config" / "pip" / "pip.conf"
    configuration_file.parent.mkdir(parents=True, exist_ok=True)
    # An index address may carry a password.
    configuration_file.touch(mode=0o600)
    with configuration_file.open("w") as file:
        pip_configuration().write(file)


def main() -> int:
    prepare()
    programs = pathlib.Path(sys.executable).parent
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON", "XDG_"))}
    environment |= {"HOME": str(HOME), "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    command = [str(programs / "ansible-test"), "sanity", "--python", version, "--color", "no", *sys.argv[1:]]
    return subprocess.run(command, cwd=COPY, env=environment, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
