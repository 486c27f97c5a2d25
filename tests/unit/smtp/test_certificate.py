# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.smtp.certificate import name_error


@pytest.mark.parametrize(
    ("name", "dns", "addresses"),
    [
        ("ex01.corp.example", ["EX01.corp.example"], []),
        ("ex01.corp.example.", ["ex01.corp.example"], []),
        ("ex01.corp.example", ["*.corp.example"], []),
        ("ex01.münchen.example", ["ex01.xn--mnchen-3ya.example"], []),
        ("ex01.corp.example", ["10.0.0.31", "*.local", "ex01.corp.example"], []),
        ("10.0.0.31", [], ["10.0.0.31"]),
        ("2001:DB8::1", [], ["2001:db8:0::1"]),
    ],
)
def test_a_name_that_it_bears(name: str, dns: list[str], addresses: list[str]) -> None:
    assert name_error(name, dns, addresses) == ""


@pytest.mark.parametrize(
    ("name", "dns", "addresses", "words"),
    [
        ("relay.corp.example", ["ex01.corp.example"], [], "not among its names (ex01.corp.example)"),
        ("a.ex01.corp.example", ["*.corp.example"], [], "not among"),
        ("corp.example", ["*.corp.example"], [], "not among"),
        ("example", ["*.example", "*."], [], "not among"),
        ("ex01.corp.example", [], [], "no subject alternative name"),
        ("10.0.0.31", ["10.0.0.31"], ["10.0.0.32"], "connect by a name"),
    ],
)
def test_a_name_that_it_does_not_bear(name: str, dns: list[str], addresses: list[str], words: str) -> None:
    assert words in name_error(name, dns, addresses)
