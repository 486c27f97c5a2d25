# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import html.parser
import itertools
from typing import Any

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.observe.material import gather
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.report.html import page
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.report.text import matrix_lines, side_by_side
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.report.verdict import verify
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.situation.facts import parse_situation
from tests.unit.delivery import by_hand, relay_by_hand

HOSTILE = "<script>alert(1)</script>\"'&{{ 7*7 }}\r\nX: y\x1b[31m"
LOADS = {"src", "srcset", "data", "poster", "action", "formaction", "background"}


class _Page(html.parser.HTMLParser):
    """What a browser would see: tags, attributes, text, ids and the links to them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.words = ""
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.attributes if key == name]


def _report(**changed: Any) -> dict[str, Any]:
    facts = parse_situation(**by_hand.situation_facts(**changed.pop("situation", {})))
    given: dict[str, Any] = {
        "tests": [by_hand.notification("SP01"), by_hand.alert()],
        "messages": [by_hand.message("noteSP01")],
        "events": [],
        "probes": by_hand.all_probes(),
        **changed,
    }
    return verify(facts, gather(**given))


def _hostile() -> dict[str, Any]:
    """Hostile text wherever a server or a person may have put some."""
    farm = by_hand.farm()
    farm["build"] = farm["answers_challenges"]["reason"] = HOSTILE
    farm["servers"][0]["name"] = HOSTILE
    connectors = [by_hand.connector(HOSTILE, "EX01"), by_hand.connector(HOSTILE, "EX02")]
    note = by_hand.notification(HOSTILE)
    note["sent"]["subject"] = HOSTILE
    note["log"] = [{"server": HOSTILE, "process": HOSTILE, "message": HOSTILE}]
    mail = by_hand.message(f"note{HOSTILE}", auth_as=HOSTILE)
    mail["received"] = [{"from": HOSTILE, "by": HOSTILE, "seconds": None}]
    return _report(
        situation={"farm": farm, "connectors": connectors, "route": HOSTILE},
        tests=[note, by_hand.alert(job={"server": HOSTILE, "error": HOSTILE, "status": HOSTILE})],
        messages=[mail],
        events=[by_hand.event("RECEIVE", f"note{HOSTILE}", connector_id=HOSTILE, recipient_status=[HOSTILE])],
        probes=[by_hand.probe("unlisted_relay", "EX01", reply=HOSTILE, transcript=[HOSTILE], client_address="10.0.0.99")],
    )


@pytest.mark.parametrize("report", [_report(), _hostile()], ids=["plain", "hostile"])
def test_the_page_is_whole_and_loads_nothing(report: dict[str, Any]) -> None:
    seen = _Page(page(report, earlier=_report()))
    assert not seen.open
    assert not seen.tags & {"script", "img", "iframe", "object", "link", "form"}
    assert not {name for name, _unused in seen.attributes} & LOADS
    assert not any(name.startswith("on") for name, _unused in seen.attributes)
    ids = seen.values("id")
    assert len(ids) == len(set(ids)) == len(report["scenarios"])
    assert {f"#{name}" for name in ids} == set(seen.values("href"))


def test_hostile_text_is_shown_as_text() -> None:
    text = page(_hostile())
    assert "<script" not in text and "\x1b" not in text and "\r" not in text
    words = _Page(text).words
    shown = "<script>alert(1)</script>\"'&{{ 7*7 }}\\x0d\\x0aX: y\\x1b[31m"
    # Build, reason, name, connector, subject, log, hop, tracking, job, reply and transcript.
    assert words.count(shown) > 11


def test_hostile_text_cannot_add_lines_or_colours_to_a_terminal() -> None:
    report = _hostile()
    for lines in (matrix_lines(report), side_by_side(report, _report())):
        assert all(line.isprintable() for line in lines)


def test_a_mark_stands_at_every_piece_of_evidence() -> None:
    report = _report()
    seen = _Page(page(report))
    pieces = [piece for entry in report["scenarios"] for piece in entry["evidence"]]
    for standing in ("observed", "inferred"):
        assert seen.values("class").count(standing) == sum(piece["standing"] == standing for piece in pieces)


def test_the_lines_of_one_verification() -> None:
    report = _report()
    lines = matrix_lines(report)
    assert lines[0] == "default_connector: fail"
    assert len(lines) == 3 + len(report["scenarios"])
    (alert,) = [line for line in lines if line.startswith("Immediate alert to a mailbox (owstimer)") and " SP01 " in line]
    assert alert.split("SP01")[1].split() == ["not_sent", "not_sent", "FAIL"]


def test_two_verifications_side_by_side() -> None:
    secured = [*by_hand.defaults(), by_hand.externally_secured("EX01"), by_hand.externally_secured("EX02")]
    after = _report(
        situation={"connectors": secured, "route": "externally_secured"},
        messages=[by_hand.message("noteSP01"), by_hand.message("alertword")],
    )
    lines = side_by_side(_report(), after)
    assert "before: default_connector, fail" in lines[0] and "after: externally_secured, " in lines[0]
    (alert,) = [line for line in lines if line.startswith("Immediate alert to a mailbox") and " SP01 " in line]
    assert alert.split("SP01")[1].split() == ["FAIL:", "not_sent", "pass:", "delivered"]
    columns = {line.index("before") for line in lines[:1]}
    assert all(line[column - 1] == " " for line, column in itertools.product(lines, columns))


def test_a_cell_that_only_one_verification_has() -> None:
    one, other = _report(), _report()
    other["scenarios"] = [entry for entry in other["scenarios"] if entry["id"] != "spoof"]
    (spoof,) = [line for line in side_by_side(one, other) if line.startswith("Unlisted host sends") and " EX01 " in line]
    assert spoof.endswith("-")


def test_what_a_relay_must_refuse_stands_beside_the_other_refusals() -> None:
    situation = relay_by_hand.situation_facts()
    report = verify(parse_situation(**situation), gather([], [], [], [*by_hand.all_probes(), relay_by_hand.relay_probe()]))
    words = "".join(_Page(page(report)).words.split())
    assert "ProbedoverSMTPEX01EX02SP01Unlistedhostrelaystoanoutsidedomain" in words
    assert "Unlistedhostsendsthroughthefarm'srelay––passrefused" in words
    # What each route cannot do, and why.
    assert "why" in words and "send_as_users:sharinginvitation" in words and "WindowsServer2025" in words
