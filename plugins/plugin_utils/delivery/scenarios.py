# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scenarios of a verification: what each is called, which process sends it, and which test message tries it."""

from __future__ import annotations

import dataclasses
from typing import Literal

from .needs import Needs


@dataclasses.dataclass(frozen=True)
class MailScenario:
    """Mail of a SharePoint server. ``test`` is the kind of test_message, ``recipient`` the kind of recipient that it goes to.

    ``need`` names the need that makes it one; ``always`` and ``never`` stand for themselves.
    """

    id: str
    name: str
    process: Literal["w3wp", "owstimer"]
    test: str
    recipient: str
    need: str

    def needed(self, needs: Needs) -> bool:
        return self.need == "always" or (self.need != "never" and bool(getattr(needs, self.need)))


# Who sends what: "Outbound mail" of the processes; that workflow tasks are OWSTIMER's is inferred from their failing together with alerts.
# A confirmation proves no more than a notification does (same process, same account), so nobody needs it.
MAIL = (
    MailScenario("notification", "Notification to a mailbox", "w3wp", "notification", "mailbox", "always"),
    MailScenario("alert_confirmation", "Confirmation of a new alert", "w3wp", "alert_confirmation", "mailbox", "never"),
    MailScenario("alert", "Immediate alert to a mailbox", "owstimer", "alert", "mailbox", "always"),
    MailScenario("alert_external", "Immediate alert to an external user", "owstimer", "alert", "external", "external"),
    MailScenario(
        "alert_group_authenticated",
        "Immediate alert to a group that wants authenticated senders",
        "owstimer",
        "alert",
        "group_authenticated",
        "groups",
    ),
    MailScenario(
        "alert_group_permitted", "Immediate alert to a group with permitted senders", "owstimer", "alert", "group_permitted", "groups"
    ),
    MailScenario("workflow", "Workflow task to a mailbox", "owstimer", "workflow", "mailbox", "workflow"),
    MailScenario("invitation", "Sharing invitation, sent as the user who shares", "w3wp", "invitation", "invited", "send_as_users"),
)
BY_ID = {scenario.id: scenario for scenario in MAIL}

AT_EXCHANGE = {
    "unlisted_relay": "Unlisted host relays to an outside domain",
    "unlisted_connector": "Unlisted host uses the connector that was made",
    "tls_missing": "Host without TLS uses the connector that requires it",
    "spoof": "Unlisted host sends as an internal sender",
}
AT_RELAYS = {"relay_unlisted": "Unlisted host sends through the farm's relay"}
REFUSALS = {**AT_EXCHANGE, **AT_RELAYS}
FROM_SERVERS = {
    "server_connection": "SharePoint server connects to the mail server",
    "server_mail": "Send-MailMessage from a SharePoint server",
}
NAMES = {**{scenario.id: scenario.name for scenario in MAIL}, **REFUSALS, **FROM_SERVERS}
PROCESSES = {scenario.test: scenario.process for scenario in MAIL}
"""Kind of test message to the process that sends it."""
