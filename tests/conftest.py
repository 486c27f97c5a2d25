"""What every suite shares: how long property tests look, and where skipped tests are written down."""

from __future__ import annotations

import collections
import os
from pathlib import Path

import pytest
from hypothesis import settings

# A deadline measures the machine: on a busy one it fails tests that are right. faulthandler_timeout ends what hangs.
settings.register_profile("quick", deadline=None)
settings.register_profile("deep", deadline=None, max_examples=2000)
# Mutants are run by the thousand, and the same examples must meet the same mutant.
settings.register_profile("mutants", deadline=None, max_examples=20, derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Appends what was skipped, by reason, to the file that SKIPPED_TESTS names: ``make test`` prints it at its end."""
    path = os.environ.get("SKIPPED_TESTS")
    skipped = collections.Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in terminalreporter.stats.get("skipped", []))
    if path and skipped:
        with Path(path).open("a", encoding="utf-8") as file:
            file.writelines(f"{number} x {reason}\n" for reason, number in skipped.items())
