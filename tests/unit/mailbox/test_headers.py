# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.mailbox.headers import received_chain

CHAIN = [
    "from EX01.corp.example (10.0.0.31) by EX02.corp.example\r\n (10.0.0.32) with Microsoft SMTP Server (version=TLS1_2,\r\n"
    " cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.1.2375.7; Tue, 24 Nov 2026\r\n 13:00:05 +0100",
    "from SP01 (10.0.0.21) by EX01.corp.example (10.0.0.31) with Microsoft SMTP Server id\r\n 15.1.2375.7 via Frontend Transport; "
    "Tue, 24 Nov 2026 12:00:02 +0000",
]


def test_hops_run_from_first_to_last_with_the_time_each_took() -> None:
    first, second = received_chain(CHAIN)
    assert (first["from"], first["by"], first["seconds"]) == ("SP01 (10.0.0.21)", "EX01.corp.example (10.0.0.31)", None)
    assert first["with"] == "Microsoft SMTP Server"
    assert (second["from"], second["by"]) == ("EX01.corp.example (10.0.0.31)", "EX02.corp.example (10.0.0.32)")
    assert (second["time"], second["seconds"]) == ("2026-11-24T12:00:05+00:00", 3.0)


@pytest.mark.parametrize("value", ["", "; never", "by mapi id 4; not a date", "no clause at all"])
def test_what_cannot_be_read_is_left_open(value: str) -> None:
    (hop,) = received_chain([value])
    assert hop["time"] is None and hop["seconds"] is None


def test_clocks_that_differ_show() -> None:
    assert received_chain(["by b; Tue, 24 Nov 2026 12:00:00 +0000", "by a; Tue, 24 Nov 2026 12:00:02 +0000"])[1]["seconds"] == -2.0
