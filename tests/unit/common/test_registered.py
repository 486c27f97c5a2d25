# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.registered import loop_item, members, results, was_read

ENTRY = {"mailbox": "CN=alice", "address": "alice@corp.example"}
READ = {"changed": False, "send_as": [ENTRY]}
# As failed_when: false registers what failed.
SILENCED = {"changed": False, "failed": False, "failed_when_result": False, "msg": "EX01 does not show Get-ADPermission."}
FAILED = {"changed": False, "failed": True, "msg": "EX01 cannot be reached."}
SKIPPED = {"changed": False, "skipped": True}


@pytest.mark.parametrize(
    ("given", "entries", "read"),
    [
        ([ENTRY], [ENTRY], True),
        ([READ], [ENTRY], True),
        ([{"results": [READ, SILENCED]}], [ENTRY], True),
        ([{"results": [SILENCED]}], [], False),
        ([FAILED], [], False),
        ([SKIPPED], [], False),
        ([{"results": []}], [], False),
        ([], [], True),
    ],
)
def test_entries_come_out_of_whatever_was_registered(given: list[dict[str, Any]], entries: list[Any], read: bool) -> None:
    assert list(members(given, "send_as")) == entries
    assert was_read(given, "send_as") is read


def test_loops_are_unrolled_and_say_what_they_were_at() -> None:
    loop = {"results": [{**READ, "ansible_loop_var": "host", "host": "sp01"}, SKIPPED, {**READ, "item": "sp02"}]}
    assert [loop_item(result) for result in results([loop])] == ["sp01", "sp02"]
