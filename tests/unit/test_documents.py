"""The contract that docs/verification.md writes down is the one that the code keeps."""

from __future__ import annotations

import re

from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.causes import CAUSES
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.routes.routes import ROUTES
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.scenarios import NAMES
from tests.unit.test_repository import ROOT


def _ids(heading: str) -> list[str]:
    """First column of the tables under this heading."""
    text = (ROOT / "docs" / "verification.md").read_text(encoding="utf-8")
    section = text.split(f"\n### {heading}\n", 1)[1].split("\n### ", 1)[0]
    return [name for name in re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) if name not in ("id", "cause_id")]


def test_every_scenario_is_described() -> None:
    assert sorted(_ids("Scenarios")) == sorted(NAMES)


def test_every_cause_is_described() -> None:
    assert sorted(_ids("Causes")) == sorted(CAUSES)


def test_every_route_is_described() -> None:
    text = (ROOT / "docs" / "routes.md").read_text(encoding="utf-8")
    assert [route.name for route in ROUTES if f"`{route.name}`" not in text] == []
