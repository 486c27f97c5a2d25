# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The IIS SMTP relays of a farm, and as whom their account may send: facts as ``iis_smtp_relay_info`` and ``exchange_send_as_info`` say.

A fact that is missing or makes no sense raises ``FactError`` with a sentence that names it.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from ...common.addresses import Range
from ...common.errors import FactError
from ...common.facts import RelayErrorFacts, RelayFacts, SendAsFacts
from ...common.moments import parse_moment

LISTS = ("listed", "nobody", "everybody", "unknown")
SMART_HOST_TYPES = ("none", "fallback", "always")
AUTHENTICATIONS = ("none", "basic", "ntlm")
CLIENT_AUTHENTICATIONS = ("anonymous", "basic", "ntlm")
_Parsed = TypeVar("_Parsed")
_Facts = TypeVar("_Facts", bound=Mapping[str, Any])


@dataclasses.dataclass(frozen=True)
class Addresses:
    """Addresses that something admits. ``words`` are what Windows Firewall names instead of addresses (``LocalSubnet``)."""

    ranges: tuple[Range, ...]
    words: tuple[str, ...] = ()

    @classmethod
    def parse(cls, given: Iterable[Any]) -> Addresses:
        """Single addresses, ranges, networks (``/24`` or ``/255.255.255.0``) and words. Raises ValueError for what is none of these."""
        texts = [str(entry).strip() for entry in given]
        words = tuple(text for text in texts if text[:1].isalpha() and not set(text) & set(".:"))
        return cls(tuple(Range.parse(text) for text in texts if text not in words), words)

    def admit(self, address: str) -> bool:
        """Whether the address is admitted. A word that is not ``Any`` depends on the host's networks, and counts as admitting."""
        return bool(self.words) or any(span.holds(address) for span in self.ranges)

    def __str__(self) -> str:
        return ", ".join([*self.words, *(span.text for span in self.ranges)]) or "nobody"


@dataclasses.dataclass(frozen=True)
class OutboundError:
    """An answer of the next server that the relay's protocol log has. ``time`` None: not known."""

    time: datetime.datetime | None
    text: str

    @classmethod
    def parse(cls, facts: RelayErrorFacts) -> OutboundError:
        return cls(parse_moment(facts.get("time")), str(facts.get("text") or ""))

    @property
    def final(self) -> bool:
        """Whether the server refused for good; of a refusal for now the relay tries again."""
        return self.text.startswith("5")


@dataclasses.dataclass(frozen=True)
class Relay:
    """An IIS SMTP virtual server, as ``iis_smtp_relay_info`` returns it.

    ``connect`` and ``firewall`` None: nobody is kept from connecting by that. ``account_addresses`` are those that the smart host's
    account may use as itself, in lower case; None where that was not read. ``waiting`` is the number of files in its queue, ``badmail``
    that of messages that could not even be returned; None where that was not read.
    """

    server: str
    fqdn: str
    running: bool
    bindings: tuple[tuple[str, int], ...]
    authentication: frozenset[str]
    connect: Addresses | None
    firewall: Addresses | None
    relay_list: str
    relay_addresses: Addresses
    relay_authenticated: bool
    smart_host: str
    smart_host_type: str
    smart_host_port: int
    smart_host_authentication: str
    smart_host_tls: bool
    account: str
    account_addresses: frozenset[str] | None
    present: bool = True
    waiting: int | None = None
    badmail: int | None = None
    errors: tuple[OutboundError, ...] = ()

    @classmethod
    def parse(cls, facts: RelayFacts) -> Relay:
        """Raises KeyError when a fact is missing, ValueError with a sentence when one makes no sense."""
        server = str(facts["server"])
        authentication = [str(word).casefold() for word in facts["authentication"] or ()]
        account = str(facts.get("smart_host_username") or "")
        parsed = cls(
            server=server,
            fqdn=str(facts.get("fqdn") or ""),
            present=bool(facts.get("present", True)),
            running=bool(facts["running"]),
            bindings=tuple((str(entry.get("address") or ""), int(entry["port"])) for entry in facts["bindings"] or ()),
            authentication=frozenset(_one_of(word, CLIENT_AUTHENTICATIONS, "authentication") for word in authentication),
            connect=_addresses(facts.get("connect_addresses"), "connect_addresses"),
            firewall=_addresses(facts.get("firewall_addresses"), "firewall_addresses"),
            relay_list=_one_of(facts["relay_list"], LISTS, "relay_list"),
            relay_addresses=_addresses(facts.get("relay_addresses") or (), "relay_addresses") or Addresses(()),
            relay_authenticated=bool(facts["relay_authenticated"]),
            smart_host=str(facts["smart_host"] or "").strip("[]"),  # brackets: an address, not to be looked up
            smart_host_type=_one_of(facts["smart_host_type"], SMART_HOST_TYPES, "smart_host_type"),
            smart_host_port=int(facts["smart_host_port"] or 25),
            smart_host_authentication=_one_of(facts["smart_host_authentication"], AUTHENTICATIONS, "smart_host_authentication"),
            smart_host_tls=facts["smart_host_tls"] is not False,  # None: two settings contradict each other, and one of them asks for it
            account=account,
            account_addresses=_own_addresses(facts.get("account_addresses")),
            waiting=_files(facts.get("queue")),
            badmail=_files(facts.get("badmail")),
            errors=tuple(OutboundError.parse(entry) for entry in facts.get("errors") or () if entry.get("side") != "inbound"),
        )
        if parsed.smart_host_authentication != "none" and not account:
            raise ValueError(f"smart_host_authentication is {parsed.smart_host_authentication}, and smart_host_username is empty")
        return parsed

    @property
    def authenticates(self) -> bool:
        """Whether it logs on to its smart host."""
        return self.smart_host_authentication != "none"

    @property
    def uses_smart_host(self) -> bool:
        return bool(self.smart_host) and self.smart_host_type != "none"

    def listens(self, port: int, addresses: Iterable[str]) -> bool:
        """Whether it is bound to that port on one of the server's addresses. Where none is known, any binding counts."""
        own = set(addresses)
        return any(bound == port and (not address or not own or address in own) for address, bound in self.bindings)


@dataclasses.dataclass(frozen=True)
class SendAsRight:
    """Whether an account may send as a mailbox. Addresses are in lower case; ``allowed`` False: it has no such right, or is denied it."""

    account: str
    addresses: frozenset[str]
    allowed: bool

    @classmethod
    def parse(cls, facts: SendAsFacts) -> SendAsRight:
        """Raises KeyError when a fact is missing, ValueError with a sentence when a mailbox has no address."""
        addresses = {str(address).casefold() for address in (facts.get("address"), *(facts.get("addresses") or ())) if address}
        if not addresses:
            raise ValueError(f"the mailbox {facts.get('mailbox')!r} has no address")
        return cls(str(facts["account"]), frozenset(addresses), bool(facts["allowed"]))


def same_account(one: str, other: str) -> bool:
    r"""Accounts without regard to case. Where the forms differ (``DOMAIN\user``, ``user@domain``, ``user``) only the user counts."""
    one, other = one.casefold(), other.casefold()
    if one == other:
        return True
    return ("\\" in one, "@" in one) != ("\\" in other, "@" in other) and _user(one) == _user(other)


def _user(account: str) -> str:
    return account.rpartition("\\")[2].partition("@")[0]


def parse_relays(given: Sequence[RelayFacts] | None) -> tuple[Relay, ...]:
    """From ``relay`` of ``iis_smtp_relay_info``, one for each server; those that are not there are left out. Raises FactError."""
    present = [facts for facts in given or () if facts.get("present", True)]
    return _parse(present, Relay.parse, "relay", "server", "iis_smtp_relay_info")


def parse_send_as(given: Sequence[SendAsFacts] | None) -> tuple[SendAsRight, ...] | None:
    """From ``send_as`` of ``exchange_send_as_info``; None where it was not read. Raises FactError."""
    return None if given is None else _parse(given, SendAsRight.parse, "entry of send_as", "mailbox", "exchange_send_as_info")


def _parse(given: Iterable[_Facts], parse: Callable[[_Facts], _Parsed], what: str, key: str, module: str) -> tuple[_Parsed, ...]:
    found = []
    for facts in given:
        name = f"the {what} {facts.get(key)!r}"
        try:
            found.append(parse(facts))
        except KeyError as error:
            raise FactError(f"{name} lacks the fact {error}: pass what {module} returned") from error
        except (ValueError, TypeError, AttributeError) as error:
            raise FactError(f"{name} is not valid: {error}") from error
    return tuple(found)


def _one_of(value: Any, allowed: Sequence[str], name: str) -> str:
    text = str(value)
    if text not in allowed:
        raise ValueError(f"{name} is {text!r}; it is one of {', '.join(allowed)}")
    return text


def _addresses(given: Any, name: str) -> Addresses | None:
    if given is None:
        return None
    try:
        return Addresses.parse(given)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _own_addresses(given: Any) -> frozenset[str] | None:
    return None if given is None else frozenset(str(address).casefold() for address in given)


def _files(folder: Any) -> int | None:
    """``queue`` or ``badmail`` of ``iis_smtp_relay_info``: a number, or a mapping whose ``files`` are counted or listed."""
    files = folder.get("files") if isinstance(folder, Mapping) else folder
    return files if files is None or isinstance(files, int) else len(files)
