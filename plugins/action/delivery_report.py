# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judges a verification, and writes its report."""

from __future__ import annotations

import json
import os
import pathlib
import tempfile
from collections.abc import Mapping
from typing import Any

from ..plugin_utils.common.errors import BadInput, FactError, MailError
from ..plugin_utils.common.moments import now
from ..plugin_utils.delivery.observe.material import gather
from ..plugin_utils.delivery.report.html import page
from ..plugin_utils.delivery.report.junit import junit
from ..plugin_utils.delivery.report.summary import stats
from ..plugin_utils.delivery.report.text import matrix_lines, side_by_side
from ..plugin_utils.delivery.report.verdict import SCHEMA, findings, verify
from ..plugin_utils.delivery.routes.prediction import Foretold
from ..plugin_utils.delivery.situation.facts import FACTS, parse_situation
from ..plugin_utils.delivery.situation.registered import plain_facts
from ..plugin_utils.task.action import MailAction

_MATERIAL = ("tests", "messages", "events", "probes", "server_probes", "server_log")


class ActionModule(MailAction):
    needs_connection = False
    required_one_of = (("farm",), ("connectors",), ("accepted_domains",))

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        try:
            situation = parse_situation(**plain_facts({name: options[name] for name in FACTS}), route=options["route"])
            foretold = Foretold.parse(options["prediction"]) if options["prediction"] else None
        except FactError as error:
            raise BadInput(f"There is no report: {error}. Nothing was written.") from error
        earlier = _earlier(options["compare_with"]) if options["compare_with"] else None
        material = gather(**{name: options[name] for name in _MATERIAL})
        report = {**verify(situation, material, foretold=foretold), "time": now().isoformat(timespec="seconds")}
        if not self.check_mode:
            if options["json_path"]:
                _write(options["json_path"], json.dumps(report, indent=2, ensure_ascii=False) + "\n")
            if options["junit_path"]:
                _write(options["junit_path"], junit(report))
            if options["html_path"]:
                _write(options["html_path"], page(report, earlier))
        return {
            "report": report,
            "verdict": report["verdict"],
            "findings": findings(report),
            "stats": stats(report),
            "matrix": matrix_lines(report),
            "comparison": None if earlier is None else side_by_side(earlier, report),
        }


def _earlier(path: str) -> Mapping[str, Any]:
    try:
        report = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"compare_with: {path} cannot be read as a report: {error}. Nothing was written.") from error
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        raise BadInput(f"compare_with: {path} is not a report of this module (schema {SCHEMA}). Nothing was written.")
    return report


def _write(path: str, text: str) -> None:
    """Whole or not at all: a reader never meets half a report. For its owner only: it holds addresses and names of a farm."""
    target = pathlib.Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # A temporary file is made with the mode 0600, and keeps it under its new name.
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
            file.write(text)
        os.replace(file.name, target)
    except OSError as error:
        raise MailError(f"The report could not be written to {path} on the controller: {error.strerror or error}.") from error
