# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as JUnit XML, for what shows test results already: one test case per scenario and server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from ...common.printable import visible

Report = Mapping[str, Any]


def junit(report: Report) -> str:
    """A whole XML document. A cell that fails or surprises is a failure with cause and remedy; one not run and not needed is skipped.

    XML 1.0 has no form for control characters (section 2.2), so these are written out.
    """
    cells = report["scenarios"]
    # Not junitparser: it leaves control characters to us as well, and writes with lxml or without, as the controller has it.
    sums = {
        "tests": str(len(cells)),
        "failures": str(sum(cell["verdict"] in ("fail", "surprise") for cell in cells)),
        "errors": "0",
        "skipped": str(sum(cell["verdict"] == "skipped" for cell in cells)),
        "time": f"{sum(cell.get('seconds') or 0 for cell in cells):.1f}",
    }
    root = ElementTree.Element("testsuites", {"name": "sharepoint.mail", **sums})
    suite = ElementTree.SubElement(root, "testsuite", {"name": visible(report["route"]), **sums})
    if report.get("time"):
        suite.set("timestamp", visible(report["time"]))
    for cell in cells:
        _case(suite, cell)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _case(suite: ElementTree.Element, cell: Mapping[str, Any]) -> None:
    name = visible(f"{cell['name']} to {cell['recipient']}" if cell.get("recipient") else cell["name"])
    case = ElementTree.SubElement(suite, "testcase", name=name, classname=visible(f"{cell['id']}.{cell['server']}"))
    case.set("time", f"{cell.get('seconds') or 0:.1f}")
    outcome = f"wanted {cell['want']}, predicted {cell['predicted']}, observed {cell['observed']}"
    if cell["verdict"] in ("fail", "surprise"):
        failure = ElementTree.SubElement(case, "failure", message=outcome, type=visible(cell.get("cause_id") or cell["verdict"]))
        failure.text = visible(f"{cell.get('cause') or 'The cause is not known.'} {cell.get('remedy') or ''}").strip()
    elif cell["verdict"] == "skipped":
        ElementTree.SubElement(case, "skipped", message="not needed, and not run")
    ElementTree.SubElement(case, "system-out").text = "\n".join(
        [outcome, *(visible(f"{piece['standing']}: {piece['fact']}: {piece['value']} ({piece['by']})") for piece in cell["evidence"])]
    )
