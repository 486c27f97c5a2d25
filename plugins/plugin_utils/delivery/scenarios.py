# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scenarios of a verification. Each is one declaration, from which it is predicted, tried, observed, explained and documented.

Who sends what: "Outbound mail" of SharePoint's processes; that workflow tasks are OWSTIMER's is inferred from their failing together with
alerts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from .needs import Needs

Process = Literal["w3wp", "owstimer", "probe"]
Want = Literal["delivered", "refused"]
Place = Literal["farm", "exchange", "relays"]
RecipientKind = Literal["mailbox", "external", "group_authenticated", "group_permitted", "invited", "outside"]
SenderKind = Literal["farm", "sharer", "colleague"]
Job = Literal["", "job-immediate-alerts", "job-workflow"]


@dataclasses.dataclass(frozen=True)
class Mail:
    """Tried by ``test_message``: a message of that ``kind``, through each server of the farm or ``once``.

    ``addressing`` says who chooses the recipient: the test (option ``to``), SharePoint, or the people who have an alert on the list.
    """

    kind: str
    addressing: Literal["test", "sharepoint", "subscribers"] = "test"
    once: bool = False


@dataclasses.dataclass(frozen=True)
class Door:
    """Tried by ``smtp_probe`` from a host that nobody lists: at the port of the farm, or (``made``) at those of the farm's own connector.

    A relay has ports of its own. ``clear_text``: without STARTTLS, and only where that connector requires TLS.
    """

    made: bool = False
    clear_text: bool = False


@dataclasses.dataclass(frozen=True)
class Cmdlet:
    """Tried by ``server_probe`` on a server of the farm: whether it connects, or what becomes of a message of its own."""

    shows: Literal["connection", "message"]


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One scenario. ``name`` and ``what`` (what is sent or tried) are for people.

    ``at``: the servers that it is about, the farm's, Exchange's or those of the relays. ``recipient`` ``invited`` is a mailbox of somebody
    else than the user who shares, ``outside`` an external recipient or a stranger. ``sender`` ``colleague`` is a mailbox of the
    organisation. ``needs``: the needs that together make it one; empty: every farm needs it, None: nobody does. ``where_needed``: it is
    tried only then, because it leaves traces or disturbs. ``job`` is the timer job that sends.
    """

    id: str
    name: str
    what: str
    process: Process
    trial: Mail | Door | Cmdlet
    recipient: RecipientKind
    needs: frozenset[str] | None
    at: Place = "farm"
    want: Want = "delivered"
    sender: SenderKind = "farm"
    job: Job = ""
    where_needed: bool = False

    def needed(self, needs: Needs) -> bool:
        return self.needs is not None and all(getattr(needs, need) for need in self.needs)

    def is_tried(self, needs: Needs) -> bool:
        """Whether it is tried where nobody says what is."""
        return not self.where_needed or self.needed(needs)

    @property
    def message_kind(self) -> str:
        """The kind of test message that tries it; empty where a probe does."""
        return self.trial.kind if isinstance(self.trial, Mail) else ""

    @property
    def selectable(self) -> bool:
        """Whether ``verify_delivery_scenarios`` may leave it out. What must be refused is always tried."""
        return not isinstance(self.trial, Door)


ALWAYS: frozenset[str] = frozenset()
_ALERT = Mail("alert", "subscribers", once=True)


def _alert(id_: str, name: str, recipient: RecipientKind, *needs: str) -> Scenario:
    """One message alerts everybody who has an alert on the list."""
    what = f"an {name[:1].lower()}{name[1:]}"
    return Scenario(id_, name, what, "owstimer", _ALERT, recipient, frozenset(needs), job="job-immediate-alerts")


def _unlisted(
    id_: str, name: str, what: str, door: Door, recipient: RecipientKind, *needs: str, at: Place = "exchange", sender: SenderKind = "farm"
) -> Scenario:
    """What a host that nobody lists may not do. What only some farms need refused is tried only for them."""
    return Scenario(id_, name, what, "probe", door, recipient, frozenset(needs), at, "refused", sender, where_needed=bool(needs))


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "notification",
        "Notification to a mailbox",
        "a notification to a mailbox, over SharePoint's REST API",
        process="w3wp",
        trial=Mail("notification"),
        recipient="mailbox",
        needs=ALWAYS,
    ),
    Scenario(
        "alert_confirmation",
        "Confirmation of a new alert",
        "the mail that confirms a new alert; `not_run` on 2013 and 2016, where no alert can be created over the web",
        process="w3wp",
        trial=Mail("alert_confirmation", "sharepoint", once=True),
        recipient="mailbox",
        needs=None,  # it proves no more than a notification does: the same process, the same account
    ),
    _alert("alert", "Immediate alert to a mailbox", "mailbox"),
    _alert("alert_external", "Immediate alert to an external user", "external", "external"),
    _alert("alert_group_authenticated", "Immediate alert to a group that requires authenticated senders", "group_authenticated", "groups"),
    _alert("alert_group_permitted", "Immediate alert to a group with permitted senders", "group_permitted", "groups"),
    Scenario(
        "workflow",
        "Workflow task to a mailbox",
        "the mail about a workflow's task; `not_run` without a list whose workflow starts by itself",
        process="owstimer",
        trial=Mail("workflow", "sharepoint", once=True),
        recipient="mailbox",
        needs=frozenset({"workflow"}),
        job="job-workflow",
        where_needed=True,  # it assigns somebody a task
    ),
    Scenario(
        "invitation",
        "Sharing invitation, sent as the user who shares",
        "a sharing invitation, sent as the user who shares; the permission that it grants is removed again",
        process="w3wp",
        trial=Mail("invitation"),
        recipient="invited",
        needs=frozenset({"send_as_users"}),
        sender="sharer",
        where_needed=True,  # it shares a document for a moment
    ),
    _unlisted("unlisted_relay", "Unlisted host relays to an outside domain", "to relay to an outside domain", Door(), "outside"),
    _unlisted(
        "unlisted_connector",
        "Unlisted host uses the connector that was made",
        "to use the connector that was made for the farm",
        Door(made=True),
        "outside",
    ),
    _unlisted(
        "tls_missing",
        "Host without TLS uses the connector that requires it",
        "to send in clear text, where that connector requires TLS",
        Door(made=True, clear_text=True),
        "mailbox",
    ),
    _unlisted(
        "spoof",
        "Unlisted host sends as an internal sender",
        "to send to an internal recipient as an internal sender, which Exchange's defaults allow",
        Door(),
        "mailbox",
        "spoof_refused",
        sender="colleague",
    ),
    _unlisted(
        "relay_unlisted",
        "Unlisted host sends through the farm's relay",
        "to send to an outside domain through the farm's IIS SMTP relay: as anybody, and, where the relay accepts logons, logged on",
        Door(),
        "outside",
        at="relays",
    ),
    Scenario(
        "server_connection",
        "SharePoint server connects to the mail server",
        "a TCP connection to the mail server (`Test-NetConnection`)",
        process="probe",
        trial=Cmdlet("connection"),
        recipient="mailbox",
        needs=None,
    ),
    Scenario(
        "server_mail",
        "Send-MailMessage from a SharePoint server",
        "a message by `Send-MailMessage`, whose error carries the server's reply",
        process="probe",
        trial=Cmdlet("message"),
        recipient="mailbox",
        needs=None,
    ),
)


def selectable(declared: Sequence[Scenario] = SCENARIOS) -> list[str]:
    """What ``verify_delivery_scenarios`` takes."""
    return [scenario.id for scenario in declared if scenario.selectable]


def scenarios_to_try(needs: Mapping[str, object], declared: Sequence[Scenario] = SCENARIOS) -> list[str]:
    """What of that is tried by default, by the needs of the farm."""
    wanted = Needs.parse(needs)
    return [scenario.id for scenario in declared if scenario.selectable and scenario.is_tried(wanted)]


def chosen(ids: Iterable[str], declared: Sequence[Scenario] = SCENARIOS) -> list[Scenario]:
    """The declarations of these ids, in the order in which they are declared. Raises ValueError for an id that is none."""
    wanted = set(ids)
    unknown = sorted(wanted - {scenario.id for scenario in declared})
    if unknown:
        known = ", ".join(scenario.id for scenario in declared)
        raise ValueError(f"there is no scenario {', '.join(map(repr, unknown))}; the scenarios are {known}")
    return [scenario for scenario in declared if scenario.id in wanted]
