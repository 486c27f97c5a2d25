# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Outgoing e-mail of web applications as a resource. Central Administration's settings are the farm's default."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..common.errors import BadInput, RemoteError
from ..remoting.pipeline import Statement, cmdlet
from ..remoting.session import Session
from ..resource import LEAVE_OUT, Current, Field, Item, Resource
from ..sharepoint import farm
from .product import SINCE_2016

ALL: Final = "all"
MEMBERS: Final = ("override_envelope_sender", "character_set")
"""Options that are written through members of the web application's object."""
_FARM_DEFAULT: Final = "the farm's default"
_KEPT: Final = "sharepointMailWebApplication"
"""Variable of the session that keeps the object between calling its members."""

# A local part of RFC 5322 dot-atoms and a host name. SharePoint writes the address into headers as it is.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")


def _address(value: str) -> str:
    local, _at, domain = value.rpartition("@")
    return f"{local}@{domain.lower()}" if local else value


class OutgoingEmail(Resource):
    """Mail settings of web applications.

    ``Set-SPWebApplication`` has no "leave as it is": an omitted port means 25, an omitted ``DisableSMTPEncryption`` turns TLS
    on ("New and improved features in SharePoint Server 2016", SMTP connection encryption). So every call states everything.
    """

    noun = "outgoing e-mail of web application"
    product = "SharePoint"
    set_cmdlet = "Set-SPWebApplication"
    restates_all = True
    fields = (
        Field("server", "server", parameter="SMTPServer", normal=str.lower),
        Field("from_address", "from_address", parameter="OutgoingEmailAddress", normal=_address),
        Field("reply_to", "reply_to", parameter="ReplyToEmailAddress", normal=_address),
        Field("port", "port", parameter="SMTPServerPort", versions=SINCE_2016, without=farm.DEFAULT_PORT),
        Field(
            "tls",
            "tls",
            parameter="DisableSMTPEncryption",
            argument=lambda tls: LEAVE_OUT if tls else True,
            versions=SINCE_2016,
            without=False,
        ),
        # No cmdlet sets these two: they are members of the web application's object.
        Field("override_envelope_sender", "override_envelope_sender", versions=SINCE_2016, without=False),
        Field("character_set", "character_set"),
    )

    def __init__(self, session: Session, options: Mapping[str, Any]) -> None:
        super().__init__(session, options)
        self._fresh: list[farm.WebApplication] | None = None

    @classmethod
    def items(cls, options: Mapping[str, Any]) -> list[Item]:
        _check(options)
        want = {name: options[name] for name in ("server", "from_address", "port", "tls")}
        want |= {name: options[name] for name in MEMBERS}
        want["reply_to"] = options["reply_to"] or options["from_address"]
        names = [_FARM_DEFAULT] if options["farm_default"] else []
        return [Item(name, want) for name in [*names, *(options["web_applications"] or [])]]

    def version(self) -> str:
        return farm.product(self.session).name

    def resolve(self, items: Sequence[Item]) -> list[Item]:
        """One item per web application, named by its URL."""
        self._fresh = farm.web_applications(self.session)
        found: dict[str, Item] = {}
        for item in items:
            for application in self._named(item.name, self._fresh):
                found[application.url] = Item(application.url, item.want, identity=application.url)
        return list(found.values())

    def _named(self, name: str, applications: Sequence[farm.WebApplication]) -> list[farm.WebApplication]:
        if name == _FARM_DEFAULT:
            matches = [application for application in applications if application.central_administration]
        elif name.lower() == ALL:
            return [application for application in applications if not application.central_administration]
        else:
            matches = [application for application in applications if application.answers_to(name)]
        if not matches:
            known = ", ".join(f"{application.name} ({application.url})" for application in applications)
            raise BadInput(
                f"The farm of {self.session.host} has no web application {name!r}. It has: {known or 'none that this account may see'}. "
                f"Nothing was changed."
            )
        return matches

    def objection(self, item: Item, current: Current | None) -> str | None:
        """Calling a member needs cmdlets and a language mode that not every endpoint has: tried with a member that only reads."""
        wanted = [name for name in MEMBERS if current is not None and name in self._differing(item, current)]
        if not wanted:
            return None
        try:
            self.session.read(self._keep(item))
            self.session.read(_kept().member("get_OutboundMailCodePage"))
        except RemoteError as error:
            return (
                f"{' and '.join(wanted)} of {item.name} cannot be set here, for they are members of an object, and the endpoint "
                f"{self.session.endpoint.configuration} of {self.session.host} does not let them be called: {error.message} "
                f"Use an endpoint in full language mode that shows Set-Variable, Get-Variable and ForEach-Object, or leave them out."
            )
        return None

    def update(self, item: Item, current: Current, parameters: Mapping[str, Any]) -> list[Statement]:
        """The cmdlet for what it can write, then the object's members; each statement travels alone."""
        values = {**current, **{name: value for name, value in item.want.items() if value is not None}}
        changed = self._differing(item, current)
        statements = [] if changed <= set(MEMBERS) else list(super().update(item, current, parameters))
        if "character_set" in changed:
            arguments = [values["server"], values["from_address"], values["reply_to"], values["character_set"]]
            if self.version() in SINCE_2016:  # the overload with TLS and port; it saves by itself, as the other does
                arguments += [values["tls"], values["port"]]
            statements += [self._keep(item), _kept().pipe("ForEach-Object", MemberName="UpdateMailSettings", ArgumentList=arguments)]
        if "override_envelope_sender" in changed:
            setter = {"MemberName": "set_OutboundMailOverrideEnvelopeSender", "ArgumentList": [values["override_envelope_sender"]]}
            statements += [self._keep(item), _kept().pipe("ForEach-Object", **setter), _kept().member("Update")]
        return statements

    def _differing(self, item: Item, current: Current) -> set[str]:
        """Options of this version that were asked for and are not so."""
        return {
            field.option
            for field in self.fields
            if (field.versions is None or self.version() in field.versions)
            and item.want[field.option] is not None
            and field.normal(item.want[field.option]) != field.read(current)
        }

    def _keep(self, item: Item) -> Statement:
        """Keeps the object as it is saved now. SharePoint refuses to save one that is older than the last change (an update conflict)."""
        found = cmdlet("Get-SPWebApplication", Identity=item.identity, IncludeCentralAdministration=True)
        return found.pipe("Set-Variable", Name=_KEPT)

    def read(self, items: Sequence[Item]) -> list[Current | None]:
        applications, self._fresh = self._fresh or farm.web_applications(self.session), None
        by_url = {application.url: farm.outgoing_email(application) for application in applications}
        return [by_url.get(item.name) for item in items]


def _kept() -> Statement:
    return cmdlet("Get-Variable", Name=_KEPT, ValueOnly=True)


def _check(options: Mapping[str, Any]) -> None:
    """Refuses what cannot be right before any host is asked. Raises BadInput."""
    for name in ("from_address", "reply_to"):
        if options[name] and not _ADDRESS.fullmatch(options[name]):
            raise BadInput(f"{name}: {options[name]!r} is no e-mail address. Nothing was changed.")
    server = options["server"]
    if not _HOST_NAME.fullmatch(server) and not _is_address(server):
        raise BadInput(
            f"server: {server!r} is neither a host name nor an IP address (the port has an option of its own). Nothing was changed."
        )
    if not 1 <= options["port"] <= 65535:
        raise BadInput(f"port: {options['port']} is not between 1 and 65535. Nothing was changed.")
    if options["character_set"] is not None and not 1 <= options["character_set"] <= 65535:
        raise BadInput(
            f"character_set: {options['character_set']} is no number of a Windows code page, such as 65001 for UTF-8. Nothing was changed."
        )
    if not options["farm_default"] and not options["web_applications"]:
        raise BadInput("There is nothing to configure: farm_default is false and web_applications is empty. Nothing was changed.")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
