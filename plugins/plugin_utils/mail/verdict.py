# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A verification's verdict, and its JSON (schema 1): what was wanted, predicted and observed, and whether that is well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.evidence import Outcome, visible
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.explain import explain
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.facts import Situation
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.material import Material
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.observe import NOT_RUN, Observation, observe, tried_elsewhere
from ansible_collections.sharepoint.mail.plugins.plugin_utils.mail.predict import Cell, Want, predict

Verdict = Literal["pass", "fail", "as_predicted", "skipped", "surprise"]
SCHEMA = 1


def judge(want: Want, needed: bool, predicted: Outcome, seen: Outcome) -> Verdict:
    """The verdict of one scenario.

    What was not tried fails when it is needed and is skipped when it is not. A prediction that did not come true is a surprise even
    when the outcome is the one wanted: then nobody knows why it works.
    """
    if seen == "not_run":
        return "fail" if needed else "skipped"
    if seen != predicted:
        return "surprise"
    if seen == want:
        return "pass"
    return "fail" if needed else "as_predicted"


def passes(verdicts: Sequence[str]) -> bool:
    """The whole passes when no scenario fails and none surprises."""
    return not {"fail", "surprise"} & set(verdicts)


def verify(situation: Situation, material: Material) -> dict[str, Any]:
    """The report: predictions, observations, verdicts and explanations as JSON-able values (schema 1 and its extensions)."""
    scenarios = [_scenario(cell, situation, material) for cell in predict(situation, material.probes)]
    farm = situation.farm
    return {
        "schema": SCHEMA,
        "route": situation.route,
        "verdict": "pass" if passes([scenario["verdict"] for scenario in scenarios]) else "fail",
        "scenarios": scenarios,
        "farm": {
            "build": farm.build,
            "web_application": farm.web_application,
            "smtp_server": farm.smtp_server,
            "port": farm.port,
            "tls": farm.tls,
            "from_address": farm.from_address,
        },
    }


def _scenario(cell: Cell, situation: Situation, material: Material) -> dict[str, Any]:
    elsewhere = tried_elsewhere(cell, situation, material)
    needed = cell.needed and not elsewhere
    predicted = cell.prediction.outcome
    observation = NOT_RUN if elsewhere else observe(cell, situation, material).settled(predicted)
    verdict = judge(cell.want, needed, predicted, observation.outcome)
    explanation = explain(cell, observation, verdict, situation)
    entry: dict[str, Any] = {
        "id": cell.id,
        "name": cell.name,
        "server": cell.server,
        "process": cell.process,
        "recipient": cell.recipient,
        "want": cell.want,
        "needed": needed,
        "predicted": predicted,
        "observed": observation.outcome,
        "verdict": verdict,
        "evidence": [
            *(reason.as_dict("prediction") for reason in cell.prediction.reasons),
            *(piece.as_dict("observation") for piece in observation.evidence),
        ],
        "decided_by": cell.prediction.decisive,
        "seconds": observation.seconds,
        "cause": explanation.cause,
        "remedy": explanation.remedy,
        "transcripts": _transcripts(observation),
    }
    return entry


def findings(report: dict[str, Any]) -> list[str]:
    """What needs attention, a line each: scenario, server, cause and remedy."""
    open_cells = [entry for entry in report["scenarios"] if entry["verdict"] in ("fail", "surprise")]
    return [visible(f"{entry['name']}, {entry['server']} ({entry['verdict']}): {entry['cause']} {entry['remedy']}") for entry in open_cells]


def _transcripts(observation: Observation) -> list[dict[str, Any]]:
    return [
        {"host": str(probe.get("host")), "port": probe.get("port"), "lines": [visible(line) for line in probe.get("transcript") or ()]}
        for probe in observation.probes
    ]
