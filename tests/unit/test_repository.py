"""What must hold for the repository as a whole: lists that name every module agree, and rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py") if path.stem != "__init__")
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
NOT_OURS = {".git", "build", ".venv", "__pycache__", "dist", ".ansible", ".hypothesis"}
HEADER = (
    "# Copyright: (c) 2026, sharepoint.mail contributors\n"
    "# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)\n"
    "# SPDX-License-Identifier: GPL-3.0-or-later\n"
)


def files(*suffixes: str) -> Iterator[Path]:
    """Files of the checkout with one of these suffixes (all, when none is given), without what tools made."""

    def walk(folder: Path) -> Iterator[Path]:
        for path in sorted(folder.iterdir()):
            if path.name in NOT_OURS or path.name.endswith("_cache") or path.is_symlink():
                continue
            if path.is_dir():
                yield from walk(path)
            elif not suffixes or path.suffix in suffixes:
                yield path

    return walk(ROOT)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def load(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def table(heading: str) -> list[str]:
    """First column of the table under this heading of README.md, without back quotes and the collection's name."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return [match.removeprefix("sharepoint.mail.") for match in re.findall(r"^\| `([\w.]+)`", section, re.MULTILINE)]


def test_the_action_group_names_every_module() -> None:
    runtime = load("meta/runtime.yml")
    assert runtime["action_groups"]["all"] == MODULES


def test_the_ansible_core_that_is_required_is_the_one_that_is_run() -> None:
    minors = [int(minor) for minor in re.findall(r"\b2\.(\d+)\.\d+\b", (ROOT / "tools" / "cores.sh").read_text(encoding="utf-8"))]
    oldest, newest = min(minors), max(minors)
    assert load("meta/runtime.yml")["requires_ansible"] == f">=2.{oldest}.0,<2.{newest + 1}.0"
    assert f"ansible-core 2.{oldest} to 2.{newest}." in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_module_has_its_action_plugin_and_no_plugin_lacks_its_module() -> None:
    actions = sorted(path.stem for path in (ROOT / "plugins" / "action").glob("*.py") if path.stem != "__init__")
    assert actions == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_documentation(module: str) -> None:
    source = (ROOT / "plugins" / "modules" / f"{module}.py").read_text(encoding="utf-8")
    texts = {
        target.id: ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert yaml.safe_load(texts["DOCUMENTATION"])["module"] == module
    assert f"sharepoint.mail.{module}:" in texts["EXAMPLES"]
    assert yaml.safe_load(texts["RETURN"])


def test_the_readme_lists_every_module_and_role() -> None:
    assert sorted(table("Modules")) == MODULES
    assert sorted(table("Roles and playbooks")) == sorted(ROLES + [path.name for path in (ROOT / "playbooks").glob("*.yml")])


@pytest.mark.parametrize("role", ROLES)
def test_a_role_declares_and_describes_its_variables(role: str) -> None:
    specification = load(f"roles/{role}/meta/argument_specs.yml")["argument_specs"]["main"]
    defaults = load(f"roles/{role}/defaults/main.yml")
    readme = (ROOT / "roles" / role / "README.md").read_text(encoding="utf-8")
    # The route is what the whole collection is asked for, so its name has no role in it.
    assert [name for name in {**defaults, **specification["options"]} if not name.startswith(f"{role}_")] == ["mail_route"] * (
        role == "mail_flow"
    )
    assert sorted(set(defaults) - set(specification["options"])) == [], "defaults that the argument specification lacks"
    # The READMEs write a common beginning once: `role_user`, `_password`, or `role_exchange_*` for a group.
    groups = tuple(re.findall(r"`(\w+_)\*`", readme))
    named = {name for name in specification["options"] if f"`{name}`" in readme or f"`{name.removeprefix(role)}`" in readme}
    assert [name for name in specification["options"] if name not in named and not name.startswith(groups)] == [], "lacking in the README"
    assert specification["short_description"]


def test_each_step_of_mail_flow_is_kept_and_restored() -> None:
    def tasks(name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = load(f"roles/mail_flow/tasks/{name}.yml")
        return found

    steps = [task["ansible.builtin.include_role"]["name"].removeprefix("sharepoint.mail.") for task in tasks("steps")]
    (kept,) = (task["ansible.builtin.set_fact"]["mail_flow_before"] for task in tasks("look") if "ansible.builtin.set_fact" in task)
    (restored,) = (task["loop"] for task in tasks("restore") if "loop" in task)
    assert list(kept) == list(load("roles/mail_flow/vars/main.yml")["mail_flow_results"]) == restored[::-1] == steps


def test_every_file_of_the_collection_names_its_licence() -> None:
    lacking = [
        relative(path)
        for path in files(".py", ".yml")
        if relative(path).startswith(("plugins/", "roles/", "playbooks/", "extensions/"))
        and path.stat().st_size
        and not path.read_text(encoding="utf-8").removeprefix("#!/usr/bin/python\n").startswith(HEADER)
    ]
    assert lacking == []


def test_every_python_file_postpones_annotations() -> None:
    lacking = [
        relative(path)
        for path in files(".py")
        if len(ast.parse(path.read_text(encoding="utf-8")).body) > 1
        and "from __future__ import annotations" not in path.read_text(encoding="utf-8")
    ]
    assert lacking == []


def test_a_silenced_checker_has_a_reason() -> None:
    silenced = re.compile(r"#\s*(?:type:\s*ignore|noqa)(?P<rest>.*)")
    without = []
    for path in files(".py"):
        if path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = silenced.search(line)
            if match and not re.fullmatch(r"(?:\[[\w, -]+\]|: ?[A-Z]+\d+(?:, ?[A-Z]+\d+)*)\s+\S.{8,}", match["rest"]):
                without.append(f"{relative(path)}:{number}: {line.strip()}")
    assert without == []


def test_no_unfinished_work_and_no_place_of_a_single_machine() -> None:
    # Put together here, so that this file does not find itself.
    words = [
        "TO" + "DO",
        "FIX" + "ME",
        "X" + "XX",
        "/wo" + "rk/",
        "/ro" + "ot/",
        "/ho" + "me/",
        "../sha" + "red",
        "pypi" + ".org",
        "pythonhos" + "ted",
    ]
    found = []
    for path in files():
        if path.name == "LICENSE":
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{relative(path)}: {word}" for word in words if re.search(rf"(?<![\w/]){re.escape(word)}(?![A-Z])", text)]
    assert found == []


def test_the_lab_and_the_collection_share_no_code() -> None:
    foreign = {"tests/lab/": r"^\s*(?:from|import) (?:ansible|pypsrp)", "plugins/": r"^\s*(?:from|import) (?:tests|psrpcore)"}
    found = [
        relative(path)
        for path in files(".py")
        for folder, pattern in foreign.items()
        if relative(path).startswith(folder) and re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert found == []


def test_requirements_are_pinned_once() -> None:
    def pins(name: str) -> dict[str, str]:
        lines = [line.split("#")[0].strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
        pairs = [line.split("==") for line in lines if line]
        assert all(len(pair) == 2 for pair in pairs), f"{name} has a requirement without ==VERSION"
        return {re.sub(r"\[.*\]|[-_.]+", lambda m: "" if m[0][0] == "[" else "-", pair[0]).lower(): pair[1] for pair in pairs}

    constraints = pins("constraints.txt")
    for name in ("requirements.txt", "requirements-dev.txt", "tests/lab/requirements.txt"):
        assert {package: version for package, version in pins(name).items() if constraints.get(package) != version} == {}, name


def test_two_classes_of_the_collection_never_share_a_name() -> None:
    """Ansible prescribes the names of what it loads; every other name stands for one thing."""
    prescribed = {"ActionModule", "FilterModule", "ModuleDocFragment"}
    places: dict[str, list[str]] = {}
    for path in sorted((ROOT / "plugins").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name not in prescribed:
                places.setdefault(node.name, []).append(relative(path))
    assert places
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_every_room_says_what_it_is_and_holds_ten_files_at_most() -> None:
    rooms = [path.parent for path in (ROOT / "plugins" / "plugin_utils").rglob("__init__.py")]
    assert len(rooms) > 10
    silent = [relative(room) for room in rooms if not ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8")))]
    assert silent == []
    crowded = {relative(room): count for room in rooms if (count := len(list(room.glob("[!_]*.py")))) > 10}
    assert crowded == {}


def test_a_truth_that_a_role_decides_with_may_be_text() -> None:
    """``-e name=true`` is text, which argument specs check and do not convert: an expression that decides by it says ``| bool``."""
    truths = [
        name
        for path in sorted(ROOT.glob("roles/*/meta/argument_specs.yml"))
        for name, option in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"].items()
        if option.get("type") == "bool"
    ]
    assert len(truths) > 10
    bare = []
    for path in [*sorted(ROOT.glob("roles/*/tasks/*.yml")), *sorted(ROOT.glob("roles/*/vars/*.yml"))]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            code = line.partition(" #")[0]
            for name in truths:
                # Handed to a module's option as it is, or set, it decides nothing here.
                handed = re.search(rf"\{{\{{ {name}( \| default\(\w+\))? \}}\}}|^\s*{name}:|{name} is none", code)
                if re.search(rf"\b{name}\b(?! \| bool)", re.sub(r"'[^']*'", "", code)) and not handed and not code.lstrip().startswith("#"):
                    bare.append(f"{relative(path)}:{number}: {name}")
    assert bare == []
