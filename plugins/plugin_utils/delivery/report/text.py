# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The matrix of a verification as lines for a terminal: one verification, or two beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...common.printable import visible

Report = Mapping[str, Any]


def matrix_lines(report: Report) -> list[str]:
    """One line per scenario and server, after a line with the verdict."""
    rows = [("scenario", "server", "observed", "predicted", "verdict")]
    rows += [(*_labels(entry), entry["observed"], _predicted(entry), _verdict(entry)) for entry in report["scenarios"]]
    return [visible(f"{report['route']}: {report['verdict']}"), *_table(rows)]


def prediction_lines(prediction: Report, title: str) -> list[str]:
    """The matrix of a prediction (its record), before anything is tried, after a line with the title."""
    rows = [("scenario", "server", "predicted", "wanted", "needed")]
    for cell in prediction["cells"]:
        rows.append((*_labels(cell), str(cell["outcome"]), str(cell["want"]), "yes" if cell["needed"] else "no"))
    return [visible(title), *_table(rows)]


def side_by_side(before: Report, after: Report) -> list[str]:
    """Both verifications, cell beside cell; a cell that only one of them has is a dash in the other."""
    earlier, later = _cells(before), _cells(after)
    rows = [("scenario", "server", f"before: {before['route']}, {before['verdict']}", f"after: {after['route']}, {after['verdict']}")]
    for key, entry in {**earlier, **later}.items():
        rows.append((*_labels(entry), _state(earlier.get(key)), _state(later.get(key))))
    return _table(rows)


def _cells(report: Report) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {(str(entry["id"]), str(entry["server"]).casefold()): entry for entry in report["scenarios"]}


def _labels(entry: Mapping[str, Any]) -> tuple[str, str]:
    return f"{entry['name']} ({entry['process']})", str(entry["server"])


def _state(entry: Mapping[str, Any] | None) -> str:
    if entry is None:
        return "-"
    seen = "not run" if entry["observed"] == "not_run" else entry["observed"]
    foreseen = "" if entry["observed"] in (entry["predicted"], "not_run") else _not_as(entry)
    return f"{_verdict(entry)}: {seen}{foreseen}"


def _predicted(entry: Mapping[str, Any]) -> str:
    return "not predicted" if entry["predicted"] == "not_predicted" else str(entry["predicted"])


def _not_as(entry: Mapping[str, Any]) -> str:
    return ", not predicted" if entry["predicted"] == "not_predicted" else f", predicted {entry['predicted']}"


def _verdict(entry: Mapping[str, Any]) -> str:
    """Upper case where it needs looking at, so that it shows without colour."""
    verdict = str(entry["verdict"])
    return verdict.upper() if verdict in ("fail", "surprise") else verdict


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    shown = [[visible(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in shown) for column in range(len(shown[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in shown]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]
