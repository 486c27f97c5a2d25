# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as one self-contained HTML page: no script, nothing loaded from elsewhere, all values escaped."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import jinja2
import markupsafe

from ...common.printable import visible

_WORDS = {
    "delivered": "delivered",
    "refused": "refused",
    "accepted_not_delivered": "accepted, not delivered",
    "bounced": "bounced",
    "not_sent": "not sent",
    "not_run": "not run",
    "not_predicted": "not predicted",
    "as_predicted": "as predicted",
}


def page(report: Mapping[str, Any], earlier: Mapping[str, Any] | None = None) -> str:
    """The page for one verification, compared with an earlier one where that is given.

    Shown where the report has them: ``risks`` and ``notes`` (sentences), ``recommended`` and ``routes`` (as ``mail_route`` returns
    them), and a cell's ``hops`` and ``notes``.
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["visible"] = lambda text: "" if text is None else visible(text)
    environment.filters["word"] = lambda name: _WORDS.get(str(name), str(name))
    environment.filters["anchor"] = lambda cell: quote(f"{cell['id']}-{cell['server']}", safe="")
    deliveries = [cell for cell in report["scenarios"] if cell.get("seconds") is not None]
    # Read from this file's side: a collection's files have no package loader that jinja2 knows.
    template = environment.from_string(_beside("page.html.j2"))
    return template.render(
        report={**report, "scenarios": [_whole(cell) for cell in report["scenarios"]]},
        style=markupsafe.Markup(_beside("page.css")),
        summary=_summary(report["scenarios"]),
        current=_grids(report["scenarios"]),
        open_cells=_by_cause(report["scenarios"]),
        recommended=report.get("recommended"),
        routes=report.get("routes") or (),
        risks=[_sentence(risk) for risk in report.get("risks") or ()],
        notes=report.get("notes") or (),
        deliveries=deliveries,
        slowest=max((cell["seconds"] for cell in deliveries), default=0),
        earlier=None if earlier is None else {"report": earlier, "grids": _grids(earlier["scenarios"])},
    )


def _beside(name: str) -> str:
    return pathlib.Path(__file__).with_name(name).read_text(encoding="utf-8")


def _whole(cell: Mapping[str, Any]) -> dict[str, Any]:
    """A cell with all that the page asks for; reports of an earlier version lack some."""
    return {"hops": (), "notes": (), "transcripts": (), "seconds": None, "cause": "", "remedy": "", "recipient": "", **cell}


def _sentence(risk: Any) -> str:
    return " ".join(str(part) for part in risk.values() if part) if isinstance(risk, Mapping) else str(risk)


def _summary(cells: Sequence[Mapping[str, Any]]) -> str:
    """How many cells ended how, worst first."""
    phrases = {
        "fail": ("fails", "fail"),
        "surprise": ("turned out differently than predicted", "turned out differently than predicted"),
        "pass": ("is as wanted", "are as wanted"),
        "as_predicted": ("is not needed and as predicted", "are not needed and as predicted"),
        "skipped": ("was not needed and not run", "were not needed and not run"),
    }
    counts = {verdict: sum(cell["verdict"] == verdict for cell in cells) for verdict in phrases}
    parts = [f"{count} {phrases[verdict][count != 1]}" for verdict, count in counts.items() if count]
    return f"Of {len(cells)} checks, {', '.join(parts)}." if parts else "Nothing was checked."


def _by_cause(cells: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What needs mending, one entry for all the cells with the same cause and remedy."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for cell in cells:
        if cell["verdict"] in ("fail", "surprise"):
            groups.setdefault((cell.get("cause") or "The cause is not known.", cell.get("remedy") or ""), []).append(cell)
    return [{"cause": cause, "remedy": remedy, "cells": some} for (cause, remedy), some in groups.items()]


def _grids(cells: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Scenarios as rows, servers as columns, in the order of the report; one grid for scenarios that share servers.

    What must be refused stands apart, all of it in one grid: a relay runs on a server that sends, too.
    """
    rows: dict[str, dict[str, Any]] = {}
    for cell in cells:
        rows.setdefault(cell["id"], {"name": cell["name"], "cells": {}})["cells"][cell["server"]] = cell
    grids: list[dict[str, Any]] = []
    for row in rows.values():
        refusals = all(cell["want"] == "refused" for cell in row["cells"].values())
        alike = [grid for grid in grids if grid["refusals"] == refusals]
        joined = [grid for grid in alike if refusals or set(grid["servers"]) & set(row["cells"])]
        empty: dict[str, Any] = {"servers": [], "rows": [], "refusals": refusals}
        grid = joined[0] if joined else empty
        for other in joined[1:]:
            grids.remove(other)
            grid["servers"] += other["servers"]
            grid["rows"] += other["rows"]
        grid["servers"] = list(dict.fromkeys([*grid["servers"], *row["cells"]]))
        grid["rows"].append(row)
        if not joined:
            grids.append(grid)
    for grid in grids:
        probed = all(cell["process"] == "probe" for row in grid["rows"] for cell in row["cells"].values())
        grid["title"] = "Probed over SMTP" if probed else "Sent by SharePoint"
    return grids
