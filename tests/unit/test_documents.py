"""The contract that docs/verification.md writes down is the one that the code keeps."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.facts import OutgoingEmailFacts
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.causes import CAUSES
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.routes.declared import ROUTES, Route
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.scenarios import (
    SCENARIOS,
    Door,
    Mail,
    Scenario,
    selectable,
)
from ansible_collections.sharepoint.mail.plugins.plugin_utils.sharepoint import mail_settings, product
from ansible_collections.sharepoint.mail.plugins.plugin_utils.task.options import documentation
from tests.unit.test_repository import ROOT


def returned(module: str) -> dict[str, Any]:
    """RETURN of a module."""
    source = (ROOT / "plugins" / "modules" / f"{module}.py").read_text(encoding="utf-8")
    text: str = source.split('RETURN = r"""', 1)[1].split('"""', 1)[0]
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def _ids(heading: str) -> list[str]:
    """First column of the tables under this heading."""
    text = (ROOT / "docs" / "verification.md").read_text(encoding="utf-8")
    section = text.split(f"\n### {heading}\n", 1)[1].split("\n### ", 1)[0]
    return [name for name in re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) if name not in ("id", "cause_id")]


def _needed(scenario: Scenario) -> str:
    if scenario.needs is None:
        return "never"
    where = ", where a relay runs" if scenario.at == "relays" else ""
    return (" and ".join(f"`{need}`" for need in sorted(scenario.needs)) or "always") + where


def _row(scenario: Scenario) -> str:
    cells = {Mail: [f"`{scenario.process}`", scenario.what, _needed(scenario)], Door: [scenario.what, _needed(scenario)]}
    return " | ".join([f"| `{scenario.id}`", *cells.get(type(scenario.trial), [scenario.what])]) + " |"


def test_every_scenario_is_described() -> None:
    assert _ids("Scenarios") == [scenario.id for scenario in SCENARIOS]
    lines = (ROOT / "docs" / "verification.md").read_text(encoding="utf-8").splitlines()
    assert [row for row in map(_row, SCENARIOS) if row not in lines] == []


def test_the_documentation_of_the_report_names_every_scenario() -> None:
    (note,) = (one for one in documentation("delivery_report")["notes"] if one.startswith("The scenarios are"))
    assert re.findall(r"V\((\w+)\)", note) == [scenario.id for scenario in SCENARIOS]


def test_every_scenario_that_may_be_left_out_is_a_choice_of_the_role() -> None:
    specification = yaml.safe_load((ROOT / "roles" / "verify_delivery" / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    assert specification["argument_specs"]["main"]["options"]["verify_delivery_scenarios"]["choices"] == selectable()


def test_test_message_can_send_what_scenarios_ask_for() -> None:
    kinds = documentation("test_message")["options"]["kind"]["choices"]
    assert {scenario.message_kind for scenario in SCENARIOS} - {""} == set(kinds)


def test_every_cause_is_described() -> None:
    assert sorted(_ids("Causes")) == sorted(CAUSES)


def test_every_route_is_described() -> None:
    text = (ROOT / "docs" / "routes.md").read_text(encoding="utf-8")
    assert [route.name for route in ROUTES if f"`{route.name}`" not in text] == []


def _route_row(route: Route) -> str:
    connector = f"preset `{route.preset}`" if route.preset else "none of its own"
    cells = [f"`{route.name}`", route.what, connector, route.server, "allowed" if route.tls else "no", route.trusts]
    return f"| {' | '.join(cells)} |"


def test_the_table_of_what_routes_configure_is_what_is_declared() -> None:
    text = (ROOT / "docs" / "routes.md").read_text(encoding="utf-8")
    assert "\n".join(_route_row(route) for route in ROUTES) in text


def test_the_documentation_of_mail_route_names_every_route() -> None:
    names = list(dict.fromkeys(route.name for route in ROUTES))
    assert re.findall(r"V\((\w+)\)", documentation("mail_route")["options"]["route"]["description"][0]) == names


def test_what_is_read_of_outgoing_email_is_documented_and_declared() -> None:
    options = {field.option for field in mail_settings.SETTINGS}
    farm = returned("farm_info")["farm"]["contains"]
    shown = farm["web_applications"]["contains"]["outgoing_email"]["contains"]
    assert shown.keys() - {"server_addresses"} == OutgoingEmailFacts.__annotations__.keys() - {"server_addresses"} == options


def test_every_version_of_sharepoint_is_documented_and_in_the_catalogue_of_cmdlets() -> None:
    assert set(re.findall(r"V\((\w+)\)", returned("farm_info")["farm"]["contains"]["product"]["description"])) == product.ALL
    catalogue = json.loads((ROOT / "tests" / "lab" / "catalogue" / "cmdlets.json").read_text(encoding="utf-8"))["sharepoint"]
    assert set(catalogue["Set-SPWebApplication"]) == product.ALL


def test_no_example_binds_a_port_that_exchange_holds_already() -> None:
    """Setup's own connectors of the transport service hold 2525 and 465 ("Receive connectors": default receive connectors)."""
    texts = {
        path: path.read_text(encoding="utf-8")
        for folder in ("docs", "roles", "plugins")
        for path in (ROOT / folder).rglob("*.*")
        if path.suffix in (".md", ".yml", ".py")
    }
    texts |= {path: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *(ROOT / "playbooks").glob("*.yml"))}
    bound = {path.name: ports for path, text in texts.items() if (ports := re.findall(r"(?:\d|\]):(2525|465)\b|port: (2525|465)\b", text))}
    assert len(texts) > 50
    assert bound == {}
