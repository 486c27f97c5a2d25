# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.report.junit import junit
from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.report.summary import stats
from tests.report import samples


@pytest.mark.parametrize("report", [samples.whole(), samples.hostile()], ids=["whole", "hostile"])
def test_a_test_case_for_each_cell(report: dict[str, object]) -> None:
    suite = ElementTree.fromstring(junit(report)).find("testsuite")
    assert suite is not None
    assert [suite.get(name) for name in ("tests", "failures", "skipped")] == ["25", "3", "2"]
    assert (len(suite), len(suite.findall("testcase/failure")), len(suite.findall("testcase/skipped"))) == (25, 3, 2)
    assert len({(case.get("classname"), case.get("name")) for case in suite}) == 25


def test_a_failure_says_why_and_what_to_do() -> None:
    root = ElementTree.fromstring(junit(samples.whole()))
    failure = root.find("testsuite/testcase[@classname='alert_group_authenticated.SP01']/failure")
    assert failure is not None and failure.text is not None
    assert failure.get("type") == "group_wants_authentication"
    assert failure.get("message") == "wanted delivered, predicted bounced, observed bounced"
    assert "authenticated senders only" in failure.text and "exchange_group_senders" in failure.text


def test_control_characters_do_not_break_the_document() -> None:
    document = junit(samples.hostile())
    assert "\x1b" not in document and "\u202e" not in document and "<script" not in document
    assert "\\x1b[31m" in document


def test_the_sums_for_statistics() -> None:
    sums = stats(samples.whole())
    assert (sums["verdict"], sums["route"], sums["slowest"]) == ("fail", "anonymous", 6.25)
    assert sums["counts"] == {"pass": 18, "skipped": 2, "surprise": 1, "fail": 2, "as_predicted": 2}
    assert [(one["id"], one["server"], one["cause_id"]) for one in sums["failed"]] == [
        ("alert_external", "SP02", "unknown"),
        ("alert_group_authenticated", "SP01", "group_wants_authentication"),
        ("alert_group_authenticated", "SP02", "group_wants_authentication"),
    ]
