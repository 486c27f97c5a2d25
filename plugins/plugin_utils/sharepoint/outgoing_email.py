# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Outgoing e-mail of web applications as a resource. Central Administration's settings are the farm's default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..common.errors import BadInput, RemoteError
from ..remoting.pipeline import Statement, cmdlet
from ..resource.declaration import Change, Item, Lasting, Reading, Resource, wanted
from ..sharepoint import farm
from .mail_settings import SETTINGS
from .product import SINCE_2016

ALL: Final = "all"
_FARM_DEFAULT: Final = "the farm's default"
_KEPT: Final = "sharepointMailWebApplication"
"""Variable of the session that keeps the object between calling its members."""


class OutgoingEmail(Resource):
    """Mail settings of web applications.

    ``Set-SPWebApplication`` has no "leave as it is": an omitted port means 25, an omitted ``DisableSMTPEncryption`` turns TLS
    on ("New and improved features in SharePoint Server 2016", SMTP connection encryption). So every call states everything.
    """

    noun = "outgoing e-mail of web application"
    product = "SharePoint"
    set_cmdlet = "Set-SPWebApplication"
    removable = False
    restates_all = True
    fields = SETTINGS
    members = frozenset(field.option for field in SETTINGS if field.parameter is None)

    @classmethod
    def items(cls, options: Mapping[str, Any]) -> list[Item]:
        want = wanted(cls.fields, {**options, "reply_to": options["reply_to"] or options["from_address"]})
        names = [*([_FARM_DEFAULT] if options["farm_default"] else []), *(options["web_applications"] or [])]
        if not names:
            raise BadInput("There is nothing to configure: farm_default is false and web_applications is empty. Nothing was changed.")
        return [Item(name, want) for name in names]

    def version(self) -> str:
        return farm.product(self.session).name

    def resolve(self, items: Sequence[Item]) -> list[tuple[Item, Reading]]:
        """One item per web application, named by its URL."""
        applications = farm.web_applications(self.session)
        found: dict[str, tuple[Item, Reading]] = {}
        for item in items:
            for application in self._named(item, applications):
                url = application.url
                resolved = Item(url, item.want, identity=url, restoring=item.restoring)
                found[url] = (resolved, Reading(application.mail))
        return list(found.values())

    def read(self, items: Sequence[Item]) -> list[Reading]:
        by_url = {application.url: application.mail for application in farm.web_applications(self.session)}
        return [Reading(by_url.get(item.name)) for item in items]

    def _named(self, item: Item, applications: Sequence[farm.WebApplication]) -> list[farm.WebApplication]:
        name = item.name
        if name == _FARM_DEFAULT and not item.restoring:
            matches = [application for application in applications if application.central_administration]
        elif name.lower() == ALL and not item.restoring:
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

    def objection(self, change: Change) -> str | None:
        """Calling a member needs cmdlets and a language mode that not every endpoint has: tried with a member that only reads."""
        asked = [field.option for field in self.fields if field.option in self.members & change.differing]
        if not asked:
            return None
        try:
            self.session.read(self._keep(change.item))
            self.session.read(_kept().member("get_OutboundMailCodePage"))
        except RemoteError as error:
            return (
                f"{' and '.join(asked)} of {change.item.name} cannot be set here, because they are members of an object, and the endpoint "
                f"{self.session.endpoint.configuration} of {self.session.host} does not allow calling them: {error.message} "
                f"Use an endpoint that shows Set-Variable, Get-Variable and ForEach-Object, in full language mode or in none, or leave "
                f"them out."
            )
        return None

    def lasting(self, then: Mapping[str, Any] | None, now: Mapping[str, Any] | None, change: Change) -> list[Lasting]:
        """Set-SPWebApplication takes no empty server and no empty address (its reference: they are mandatory, and not null, up to 2019)."""
        then, now, url = then or {}, now or {}, change.item.name
        written = [field.option for field in self.fields if field.option not in self.members]
        if not then.get("server") and "server" in then and now.get("server"):
            sentence = f"{url} had no outgoing e-mail of its own, and SharePoint's cmdlets cannot remove an SMTP server again."
            return [Lasting(sentence, (*written, "character_set"))]
        found = [
            Lasting(f"{option} of {url} was empty, and SharePoint's cmdlets cannot empty it again.", (option,))
            for option in ("from_address", "reply_to")
            if then.get(option) == "" and now.get(option)
        ]
        if "character_set" in then and then["character_set"] is None and now.get("character_set"):
            found.append(Lasting(f"character_set of {url} was not set, and cannot be removed again.", ("character_set",)))
        return found

    def update(self, change: Change, parameters: Mapping[str, Any]) -> list[Statement]:
        """The cmdlet for what it can write, or the one member that states all of that and the character set; then the other members.

        Each statement travels alone.
        """
        after, item = change.after, change.item
        statements: list[Statement] = []
        if "character_set" in change.differing:
            arguments = [after["server"], after["from_address"], after["reply_to"], after["character_set"]]
            if self.version() in SINCE_2016:  # the overload with TLS and port; it saves by itself, as the other does
                arguments += [after["tls"], after["port"]]
            statements += [self._keep(item), _kept().pipe("ForEach-Object", MemberName="UpdateMailSettings", ArgumentList=arguments)]
        elif change.differing - self.members:
            statements += super().update(change, parameters)
        # A list that holds a null puts a null there; a null instead of the list would do nothing, and say nothing.
        setters = [
            _kept().pipe("ForEach-Object", MemberName=f"set_{field.source}", ArgumentList=[after[field.option]])
            for field in self.fields
            if field.option in self.members & change.differing and isinstance(field.source, str)
        ]
        return statements + ([self._keep(item), *setters, _kept().member("Update")] if setters else [])

    def _keep(self, item: Item) -> Statement:
        """Keeps the object as it is saved now. SharePoint refuses to save one that is older than the last change (an update conflict)."""
        found = cmdlet("Get-SPWebApplication", Identity=item.identity, IncludeCentralAdministration=True)
        return found.pipe("Set-Variable", Name=_KEPT)


def _kept() -> Statement:
    return cmdlet("Get-Variable", Name=_KEPT, ValueOnly=True)
