# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A verification's verdict, and its JSON (schema 1): what was wanted, predicted and observed, and whether that is well."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Literal, cast

from ...common.facts import ProbeFacts
from ...common.printable import visible
from ..evidence import Outcome, Predicted
from ..explain.explain import Case, explain, foreseen
from ..observe.mail import NOT_RUN, Observation, tried_elsewhere
from ..observe.material import Material
from ..observe.probes import observe
from ..routes.prediction import Foretold, foretell
from ..rules.cell import Cell
from ..rules.doors import Asked
from ..rules.predict import predict
from ..scenarios import SCENARIOS, Mail, Scenario, Want
from ..situation.facts import Situation

Verdict = Literal["pass", "fail", "as_predicted", "skipped", "surprise"]
SCHEMA = 1


def judge(
    want: Want, needed: bool, predicted: Predicted, seen: Outcome, *, sender_foreseen: bool = True, sender_wanted: bool = True
) -> Verdict:
    """The verdict of one scenario.

    What was not tried fails when it is needed and is skipped when it is not. A prediction that did not come true is a surprise even
    when the outcome is the one wanted: then nobody knows why it works. An invitation that arrives from another sender than was foreseen
    surprises too, and one from another than the user who shares is not what is wanted.
    """
    if seen == "not_run":
        return "fail" if needed else "skipped"
    if seen != predicted or not sender_foreseen:
        return "surprise"
    if seen == want and sender_wanted:
        return "pass"
    return "fail" if needed else "as_predicted"


def passes(verdicts: Sequence[str]) -> bool:
    """The whole passes when no scenario fails and none surprises."""
    return not {"fail", "surprise"} & set(verdicts)


def verify(
    situation: Situation, material: Material, declared: Sequence[Scenario] = SCENARIOS, foretold: Foretold | None = None
) -> dict[str, Any]:
    """The report: predictions, observations, verdicts and explanations as JSON-able values (schema 1 and its extensions).

    ``foretold`` is the prediction that was made before the first message was sent. It is judged as it is: ``situation`` is what was read,
    perhaps later, and only helps to observe and to explain. Without it the prediction is made here, of the same facts.
    """
    situation = _with_sharer(situation, material, declared)
    asked = tried(situation, material, declared)
    now = predict(situation, asked, declared) if foretold else []
    foretold = foretold or foretell(situation, asked, declared)
    told = {(cell.id, cell.server.casefold()) for cell in foretold.cells}
    cells = [_chosen(cell, asked) for cell in foretold.cells]
    beyond = [_chosen(cell, asked).unpredicted() for cell in now if (cell.id, cell.server.casefold()) not in told]
    cells += [cell for cell in beyond if observe(cell, situation, material) is not NOT_RUN]
    judged = [_scenario(Case(cell, NOT_RUN, situation, material, foretold.variables)) for cell in cells]
    scenarios = [scenario for scenario, _unused in judged]
    farm = situation.farm
    return {
        "schema": SCHEMA,
        "route": situation.route,
        "verdict": "pass" if passes([scenario["verdict"] for scenario in scenarios]) else "fail",
        "scenarios": scenarios,
        "risks": [*_general_risks(situation), *_risks(judged)],
        "notes": list(dict.fromkeys(note["text"] for scenario in scenarios for note in scenario["notes"])),
        "recommended": dict(foretold.recommended),
        "routes": [dict(route) for route in foretold.routes],
        "farm": {
            "build": farm.build,
            "web_application": farm.web_application,
            "smtp_server": farm.smtp_server,
            "port": farm.port,
            "tls": farm.tls,
            "from_address": farm.from_address,
        },
    }


def _risks(judged: Sequence[tuple[dict[str, Any], str]]) -> list[str]:
    """What would go wrong on servers that did not do the work, where it did not go wrong in the same way on the one that did."""
    met = {(entry["id"], entry["decided_by"]) for entry, _unused in judged if entry["observed"] != "not_run"}
    return list(dict.fromkeys(risk for entry, risk in judged if risk and (entry["id"], entry["decided_by"]) not in met))


def prediction_entry(cell: Cell) -> dict[str, Any]:
    """A cell before anything was tried, as JSON-able values."""
    return {
        "id": cell.id,
        "name": cell.name,
        "server": cell.server,
        "process": cell.process,
        "recipient": cell.recipient,
        "want": cell.want,
        "needed": cell.needed,
        "predicted": cell.prediction.outcome,
        "decided_by": cell.prediction.decisive,
        "evidence": [reason.as_dict("prediction") for reason in cell.prediction.reasons],
    }


def _with_sharer(situation: Situation, material: Material, declared: Sequence[Scenario]) -> Situation:
    """The invitation's test knows whose address it should come from."""
    kinds = {scenario.message_kind for scenario in declared if scenario.sender == "sharer"}
    if situation.sharer or situation.farm.override_envelope_sender:
        return situation
    known = next((test.sender for test in material.tests if test.kind in kinds and test.sender), "")
    return dataclasses.replace(situation, sharer=known)


def tried(situation: Situation, material: Material, declared: Sequence[Scenario] = SCENARIOS) -> Asked:
    """What the trials themselves tell of what they were, for a prediction that is made after them."""
    # Results of smtp_probe keep what they were asked for.
    probes = cast(Sequence[ProbeFacts], material.probes)
    addressed = {scenario.id: _addressed(scenario, situation, material, declared) for scenario in declared}
    return Asked(probes, material.server_probes, addressed={id_: address for id_, address in addressed.items() if address})


def _addressed(scenario: Scenario, situation: Situation, material: Material, declared: Sequence[Scenario]) -> str:
    """The recipient that SharePoint, or who made the test, chose; empty where nobody did.

    Somebody whom no scenario of that kind of message goes to is a choice, too, but for alerts: those go to whoever subscribed.
    """
    kind, trial = scenario.message_kind, scenario.trial
    if not isinstance(trial, Mail):
        return ""
    # The last test counts.
    tests = [test for test in reversed(material.tests) if test.token and test.recipients and test.kind == kind]
    reached = (address for test in tests for address in situation.recipients_of(scenario.recipient) if test.reaches(address))
    meant = {address.casefold() for one in declared if one.message_kind == kind for address in situation.recipients_of(one.recipient)}
    strangers = (address for test in tests for address in sorted(test.recipients - meant) if trial.addressing != "subscribers")
    return next(itertools.chain(reached, strangers), "")


def _chosen(cell: Cell, asked: Asked) -> Cell:
    """Of a cell that is about several recipients, the one about whom the mail went to."""
    recipient = asked.addressed.get(cell.id)
    if not recipient:
        return cell
    return cell.about(recipient) or dataclasses.replace(cell, recipient=recipient).unpredicted()


def _scenario(case: Case) -> tuple[dict[str, Any], str]:
    """The cell's entry, and the risk that it leaves where it was not tried."""
    cell, situation = case.cell, case.situation
    elsewhere = tried_elsewhere(cell, situation, case.material)
    needed = cell.needed and not elsewhere
    predicted = cell.prediction.outcome
    observation = NOT_RUN if elsewhere else observe(cell, situation, case.material).settled(predicted)
    case = dataclasses.replace(case, observation=observation)
    foreseen_sender, wanted_sender = _senders(cell, observation, situation)
    verdict = judge(cell.want, needed, predicted, observation.outcome, sender_foreseen=foreseen_sender, sender_wanted=wanted_sender)
    explanation = explain(case, verdict)
    entry = {
        **prediction_entry(cell),
        "needed": needed,
        "observed": observation.outcome,
        "verdict": verdict,
        "seconds": observation.seconds,
        "cause_id": explanation.cause_id,
        "cause": explanation.cause,
        "remedy": explanation.remedy,
        "notes": [{"id": note, "text": text} for note, text in observation.notes],
        "hops": [dict(hop) for hop in observation.hops],
        "transcripts": _transcripts(observation),
    }
    entry["evidence"] = [*entry["evidence"], *(piece.as_dict("observation") for piece in observation.evidence)]
    return entry, _risk(case) if elsewhere and cell.needed and predicted != cell.want else ""


def _senders(cell: Cell, observation: Observation, situation: Situation) -> tuple[bool, bool]:
    """Whether an invitation came from whom it was expected from, and from the user who shares. What nobody saw counts as expected."""
    if cell.scenario.sender != "sharer":
        return True, True
    farm = situation.farm.from_address.casefold()
    from_farm = observation.sender == farm
    overridden = situation.farm.override_envelope_sender
    if not observation.sender or situation.sharer.casefold() == farm:
        return True, not overridden
    expected = observation.sender == cell.sender.casefold() if cell.sender else not from_farm
    return expected, not from_farm


def _risk(case: Case) -> str:
    cell = case.cell
    event = f"the timer job moves to {cell.server}" if cell.process == "owstimer" else f"{cell.server} handles the request"
    cause = foreseen(case).cause
    return visible(f"If {event}, '{cell.name}' is predicted to be {cell.prediction.outcome.replace('_', ' ')}: {cause}")


def _general_risks(situation: Situation) -> list[str]:
    risks = [*_plain_text_risks(situation)] if situation.needs.no_plain_text else []
    for relay in situation.relays:
        if relay.relay_list in ("everybody", "unknown"):
            what = "is empty, which means everybody" if relay.relay_list == "everybody" else "cannot be read"
            risks.append(
                f"The relay list of the relay on {relay.server} {what}: any host that its firewall and its "
                f"connection control admit may send to anybody. Set relay_addresses."
            )
        offered = ", ".join(sorted(relay.authentication - {"anonymous"}))
        if offered and relay.relay_authenticated:
            how = f"it offers {offered}, and relay_authenticated is on. Set authentication: [anonymous], or relay_authenticated: false"
            risks.append(f"Anyone who has an account and reaches the relay on {relay.server} can send through it: {how}.")
    return risks


def _plain_text_risks(situation: Situation) -> Iterator[str]:
    farm, relay = situation.farm, situation.relay
    if relay is None and not farm.tls:
        how = "set outgoing_email_tls: true" if farm.has_tls else "SharePoint 2013 does not support TLS; a relay on the farm's server does"
        yield f"The farm's mail must not travel in plain text, and SharePoint sends it in plain text: {how}."
    if relay is not None:
        others = ", ".join(host.name for host in farm.servers if host.name != situation.relay_host(relay).name)
        if others and not farm.tls:
            yield f"The farm's mail must not travel in plain text, and {others} sends it to the relay on {relay.server} in plain text."
        if not relay.smart_host_tls:
            yield (
                f"The farm's mail must not travel in plain text, and the relay on {relay.server} sends it in plain text: set "
                "smart_host_tls: true."
            )


def findings(report: dict[str, Any]) -> list[str]:
    """What needs attention: a line for each cause, with its remedy and the scenarios and servers where it showed."""
    places: dict[tuple[str, str], list[str]] = {}
    for entry in report["scenarios"]:
        if entry["verdict"] in ("fail", "surprise"):
            where = f"{entry['name']}, {entry['server']} ({entry['verdict']})"
            places.setdefault((entry["cause"], entry["remedy"]), []).append(where)
    return [visible(f"{'; '.join(where)}: {cause} {remedy}") for (cause, remedy), where in places.items()]


def _transcripts(observation: Observation) -> list[dict[str, Any]]:
    return [
        {"host": str(probe.get("host")), "port": probe.get("port"), "lines": [visible(line) for line in probe.get("transcript") or ()]}
        for probe in observation.probes
    ]
