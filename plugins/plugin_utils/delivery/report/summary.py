# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report in a few numbers, for ``set_stats``: what is left where files do not survive the run."""

from __future__ import annotations

import collections
from collections.abc import Mapping
from typing import Any

from ...common.printable import visible


def stats(report: Mapping[str, Any]) -> dict[str, Any]:
    """``verdict``, ``route``, ``counts`` of each verdict, ``failed`` cells with their causes, and ``slowest`` delivery in seconds."""
    cells = report["scenarios"]
    failed = [cell for cell in cells if cell["verdict"] in ("fail", "surprise")]
    keys = ("id", "server", "verdict", "predicted", "observed", "cause_id", "cause", "remedy")
    return {
        "route": visible(report["route"]),
        "verdict": report["verdict"],
        "counts": dict(collections.Counter(str(cell["verdict"]) for cell in cells)),
        "failed": [{key: visible(cell.get(key) or "") for key in keys} for cell in failed],
        "slowest": max((cell["seconds"] for cell in cells if cell.get("seconds") is not None), default=None),
    }
