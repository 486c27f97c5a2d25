# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report's page in a real browser. What it looks like is left in build/report for people to see."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.delivery.report.html import page
from tests.report import samples
from tests.report.browser import CHROMIUM, Browser, chromium

BUILD = Path(__file__).resolve().parents[2] / "build" / "report"
SIZES = {"light": 1200, "dark": 1200, "phone": 390, "phone-dark": 390}

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists() and not os.environ.get("REQUIRE_CHROMIUM"), reason=f"{CHROMIUM} is not installed (Debian: chromium)"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("chromium") / "profile") as running:
        yield running


@pytest.fixture(scope="module", params=["whole", "hostile"])
def report(request: pytest.FixtureRequest) -> Path:
    made = samples.whole() if request.param == "whole" else samples.hostile()
    BUILD.mkdir(parents=True, exist_ok=True)
    path = BUILD / f"{request.param}.html"
    path.write_text(page(made, earlier=samples.whole()), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", SIZES)
def test_the_page_as_people_see_it(browser: Browser, report: Path, name: str) -> None:
    browser.show(report, width=SIZES[name], dark="dark" in name, phone="phone" in name)
    assert browser.complaints() == []
    assert browser.requests() == [report.as_uri()]
    assert browser.value("document.documentElement.scrollWidth") <= SIZES[name]
    assert browser.value("document.title").startswith("Delivery of SharePoint's mail: ")
    assert browser.value("document.scripts.length + document.images.length") == 0
    background = browser.value("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(21, 23, 27)" if "dark" in name else "rgb(255, 255, 255)")
    picture = BUILD / f"{report.stem}-{name}.png"
    browser.screenshot(picture)
    assert picture.stat().st_size > 10_000


def test_wide_parts_scroll_inside_themselves(browser: Browser, report: Path) -> None:
    browser.show(report, width=390, phone=True)
    wide = "[...document.querySelectorAll('.scroll, pre')].filter(e => e.scrollWidth > e.clientWidth)"
    assert browser.value(f"{wide}.length") > 0
    assert browser.value(f"{wide}.every(e => getComputedStyle(e).overflowX === 'auto')")
    beyond = "[...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll, pre') && e.getBoundingClientRect().right > 390.5)"
    assert browser.value(f"{beyond}.map(e => e.outerHTML.slice(0, 80))") == []


def test_each_cell_of_the_matrix_leads_to_its_evidence(browser: Browser, report: Path) -> None:
    browser.show(report, width=1200)
    links = "[...document.querySelectorAll('a[href]')]"
    assert browser.value(f"{links}.length") >= 24
    assert browser.value(f"{links}.every(a => document.getElementById(a.getAttribute('href').slice(1)))")


def test_every_text_has_contrast_enough(browser: Browser, report: Path) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1, in both schemes, for every text against the first background behind it that is not transparent."""
    luminance = (
        "const lum = c => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)"
        ".map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };"
    )
    behind = (
        "const behind = e => { while (e && /rgba\\(.*, 0\\)|transparent/.test(getComputedStyle(e).backgroundColor)) e = e.parentElement;"
    )
    behind += " return getComputedStyle(e || document.body).backgroundColor; };"
    ratio = "const ratio = e => { const [a, b] = [lum(getComputedStyle(e).color), lum(behind(e))].sort((x, y) => y - x);"
    ratio += " return (a + 0.05) / (b + 0.05); };"
    texts = "[...document.querySelectorAll('body *')].filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))"
    for dark in (False, True):
        browser.show(report, width=1200, dark=dark)
        low = browser.value(
            f"(() => {{ {luminance} {behind} {ratio} return {texts}.filter(e => ratio(e) < 4.5).map(e => e.className); }})()"
        )
        assert low == []


def test_on_paper(browser: Browser, report: Path) -> None:
    browser.show(report, width=1200, dark=True)
    paper = BUILD / f"{report.stem}.pdf"
    browser.print(paper)
    assert paper.read_bytes().startswith(b"%PDF-")
    browser.call("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert browser.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.value("getComputedStyle(document.querySelector('pre')).whiteSpace") == "pre-wrap"


def test_hostile_text_is_shown_as_text(browser: Browser, report: Path) -> None:
    browser.show(report, width=1200)
    text = browser.value("document.body.innerText")
    assert ("<script>document.title='owned'</script>" in text) == (report.stem == "hostile")
    assert not [character for character in text if not character.isprintable() and character not in "\n\t"]
