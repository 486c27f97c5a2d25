# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts that pass between modules: what a product's module returns, and delivery's rules take.

They come through variables of a play, so any of them can be missing or null; who needs one says so when it is not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict


class OutgoingEmailFacts(TypedDict, total=False):
    """Mail settings of a web application. ``server_addresses`` are those that the farm's server resolves the name to."""

    server: str
    server_addresses: Sequence[str]
    from_address: str
    reply_to: str
    port: int
    tls: bool
    override_envelope_sender: bool | None
    character_set: int


class WebApplicationFacts(TypedDict, total=False):
    """A web application; Central Administration's settings are the farm's default."""

    name: str
    url: str
    central_administration: bool
    application_pool_account: str
    alert_job_disabled: bool | None
    outgoing_email: OutgoingEmailFacts


class FarmServerFacts(TypedDict, total=False):
    """A server of a farm."""

    name: str
    addresses: Sequence[str]
    role: str


class AnswerFacts(TypedDict):
    """Whether SharePoint answers an authentication challenge, and why."""

    value: bool
    reason: str


class FarmFacts(TypedDict, total=False):
    """``farm`` of ``farm_info``."""

    product: str
    build: str
    answers_challenges: AnswerFacts
    farm_account: str
    servers: Sequence[FarmServerFacts]
    web_applications: Sequence[WebApplicationFacts]


class RightFacts(TypedDict, total=False):
    """An entry of a connector's access control list."""

    user: str | None
    sid: str | None
    rights: Sequence[str]
    deny: bool
    inherited: bool


class ConnectorFacts(TypedDict, total=False):
    """One of ``connectors`` of ``exchange_receive_connector_info``. ``rights`` are null where they were not read."""

    identity: str
    name: str
    server: str
    transport_role: str
    enabled: bool
    bindings: Sequence[str]
    remote_ip_ranges: Sequence[str]
    auth_mechanism: Sequence[str]
    permission_groups: Sequence[str]
    require_tls: bool
    rights: Sequence[RightFacts] | None


class ExchangeServerFacts(TypedDict, total=False):
    """An Exchange server as a play names it: ``host`` is where it is reached."""

    name: str
    host: str
    fqdn: str
    addresses: Sequence[str]


class RecipientFacts(TypedDict, total=False):
    """A recipient of test messages. Nothing here opens a mailbox."""

    address: str
    kind: str
    member: str


class GroupFacts(TypedDict, total=False):
    """One of ``groups`` of ``exchange_group_senders_info``."""

    address: str
    name: str
    require_sender_authentication: bool
    accept_only_from: Sequence[str]
    reject_from: Sequence[str]


class BindingFacts(TypedDict, total=False):
    """Where a relay listens; an empty address is all of them."""

    address: str
    port: int


class RelayErrorFacts(TypedDict, total=False):
    """One of ``errors`` of ``iis_smtp_relay_info``."""

    time: str | None
    side: str
    remote: str
    text: str


class RelayFacts(TypedDict, total=False):
    """``relay`` of ``iis_smtp_relay_info``, with what the play adds to it: the account's addresses, what waits, and errors.

    ``host`` is where the controller reaches it. A list of addresses that is null keeps nobody out.
    """

    server: str
    host: str
    present: bool
    running: bool
    fqdn: str
    bindings: Sequence[BindingFacts]
    authentication: Sequence[str]
    connect_addresses: Sequence[str] | None
    firewall_addresses: Sequence[str] | None
    relay_list: str
    relay_addresses: Sequence[str]
    relay_authenticated: bool
    smart_host: str
    smart_host_type: str
    smart_host_port: int
    smart_host_authentication: str
    smart_host_tls: bool | None
    smart_host_username: str
    account_addresses: Sequence[str] | None
    queue: Any
    badmail: Any
    errors: Sequence[RelayErrorFacts] | None


class SendAsFacts(TypedDict, total=False):
    """One of ``send_as`` of ``exchange_send_as_info``."""

    mailbox: str
    address: str
    addresses: Sequence[str]
    account: str
    allowed: bool
    inherited: bool
    own: bool


class PlannedTestFacts(TypedDict, total=False):
    """Options of ``test_message``, with the server that it is sent through and the ids of the scenarios that it tries."""

    kind: str
    server: str
    web_address: str
    to: list[str]
    list: str
    scenarios: list[str]


class ProbeFacts(TypedDict, total=False):
    """A probe of ``smtp_probe``, planned or (with an ``outcome``) done. ``client_address`` is the address that it comes from."""

    scenario: str
    server: str
    host: str
    port: int
    mail_from: str
    rcpt_to: str
    starttls: bool
    client_address: str
    authenticated: bool
    outcome: str
