# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The address from which the controller would connect."""

from __future__ import annotations

import socket

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.smtp.vantage import source_address


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9"])
def test_it_is_the_one_that_a_connection_has(host: str) -> None:
    with socket.create_server((host, 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection((host, port)) as connection:
            assert source_address(host, port) == connection.getsockname()[0]


@pytest.mark.parametrize("host", ["host.invalid", "a" * 300 + ".example"])
def test_where_no_route_is_known_there_is_none(host: str) -> None:
    assert source_address(host, 25) == ""
