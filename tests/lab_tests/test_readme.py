"""The lab's README lists what there is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.lab.faults import WHAT
from tests.lab.network import Network
from tests.lab.states import STATES
from tests.lab.world import MUTANTS

README = Path(__file__).parents[1] / "lab" / "README.md"


def rows(heading: str) -> list[tuple[str, str]]:
    """The first two columns of the table under that heading."""
    section = README.read_text(encoding="utf-8").split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return [(row[1].strip("` "), row[2].strip()) for row in re.finditer(r"^\| ([^|]+) \| ([^|]+) \|", section, re.MULTILINE)][1:]


@pytest.mark.parametrize(("heading", "there"), [("States", STATES), ("Mutants", MUTANTS), ("Faults", WHAT)])
def test_a_list(heading: str, there: Iterable[str]) -> None:
    assert sorted(name for name, _unused in rows(heading)) == sorted(there)


def test_the_doors_of_faults() -> None:
    assert {what: set(doors.split(", ")) for what, doors in rows("Faults")} == WHAT


def test_the_hosts() -> None:
    listed = {
        name: number for names, numbers in rows("By hand") for name, number in zip(names.split(", "), numbers.split(", "), strict=True)
    }
    assert listed == {name: address.rpartition(".")[2] for name, address in Network().addresses.items()}
