# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as one self-contained HTML page: no script, nothing loaded from elsewhere, all values escaped."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Any

import jinja2

from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.evidence import visible

_WORDS = {
    "delivered": "delivered",
    "refused": "refused",
    "accepted_not_delivered": "accepted, not delivered",
    "bounced": "bounced",
    "not_sent": "not sent",
    "not_run": "not run",
    "as_predicted": "as predicted",
}


def page(report: Mapping[str, Any], earlier: Mapping[str, Any] | None = None) -> str:
    """The page for one verification, compared with an earlier one where that is given."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["visible"] = visible
    environment.filters["word"] = lambda name: _WORDS.get(str(name), str(name))
    # Read from this file's side: a collection's files have no package loader that jinja2 knows.
    template = environment.from_string(pathlib.Path(__file__).with_name("page.html.j2").read_text(encoding="utf-8"))
    return template.render(
        report=report, current=_grid(report), earlier=None if earlier is None else {"report": earlier, "grid": _grid(earlier)}
    )


def _grid(report: Mapping[str, Any]) -> dict[str, Any]:
    """Scenarios as rows, servers as columns, in the order of the report."""
    rows: dict[str, dict[str, Any]] = {}
    for entry in report["scenarios"]:
        rows.setdefault(entry["id"], {"name": entry["name"], "cells": {}})["cells"][entry["server"]] = entry
    return {"servers": list(dict.fromkeys(entry["server"] for entry in report["scenarios"])), "rows": list(rows.values())}
