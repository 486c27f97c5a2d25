# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a farm: its build, its servers, its web applications and their mail settings."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from ..common.errors import RemoteError
from ..remoting.pipeline import Statement, cmdlet
from ..remoting.session import Reply, Session
from ..remoting.values import HostObject
from ..resource.declaration import Current
from . import mail_settings
from .product import Product
from .shell import farm
from .timer_job import ALERTS

# Where SharePoint's setup puts it on every version: 15 is 2013, 16 is all later ones. Source: SharePointDsc reads the same file.
_LIBRARY: Final = r"C:\Program Files\Common Files\Microsoft Shared\Web Server Extensions\{}\ISAPI\Microsoft.SharePoint.dll"

_WEB_APPLICATIONS: Final = cmdlet("Get-SPWebApplication", IncludeCentralAdministration=True)


@dataclasses.dataclass(frozen=True)
class WebApplication:
    """A web application. ``settings`` are its properties as the host has them; ``smtp_server`` is empty when none is set."""

    settings: HostObject
    smtp_server: str
    pool_account: str | None

    @property
    def name(self) -> str:
        return str(self.settings.get("DisplayName") or self.settings.get("Name") or "")

    @property
    def url(self) -> str:
        return str(self.settings.get("Url") or "")

    @property
    def central_administration(self) -> bool:
        return bool(self.settings.get("IsAdministrationWebApplication"))

    @property
    def mail(self) -> Current:
        """What ``mail_settings.SETTINGS`` read."""
        return {**self.settings, mail_settings.SERVER: self.smtp_server}

    def answers_to(self, wanted: str) -> bool:
        """Whether ``wanted`` is its name or its URL (in any case, with or without the last slash)."""
        wanted = wanted.strip().lower()
        return wanted == self.name.lower() or wanted.rstrip("/") == self.url.lower().rstrip("/")


def web_applications(session: Session) -> list[WebApplication]:
    """All web applications, Central Administration included, in the host's order. Raises RemoteError."""
    farm(session)
    # Nested objects arrive as text: the host walks to them, and answers once per web application, nulls included.
    objects, servers, accounts = session.read(
        _WEB_APPLICATIONS,
        _WEB_APPLICATIONS.member("OutboundMailServiceInstance", "Server", "Address"),
        _WEB_APPLICATIONS.member("ApplicationPool", "Username"),
    )
    if not len(objects) == len(servers) == len(accounts):
        raise RemoteError("the web applications changed while they were read", cmdlet="Get-SPWebApplication", host=session.host)
    return [
        WebApplication(settings, str(server or ""), account or None)
        for settings, server, account in zip(objects, servers, accounts, strict=True)
    ]


def product(session: Session) -> Product:
    """The farm's product by its database's build. Raises RemoteError when the farm does not say it."""
    build = Product.parse(str(farm(session).get("BuildVersion", "")))
    if build is None:
        raise RemoteError("the farm does not report its build", cmdlet="Get-SPFarm", host=session.host)
    return build


def facts(session: Session) -> dict[str, Any]:
    """All that ``farm_info`` reports. Raises RemoteError."""
    applications = web_applications(session)
    database_build = product(session)
    library = _LIBRARY.format(15 if database_build.name == "2013" else 16)
    servers, account = session.read(cmdlet("Get-SPServer"), cmdlet("Get-SPFarm").member("DefaultServiceAccount", "Name"))
    version = session.read_each(cmdlet("Get-Item", Path=library).member("VersionInfo", "FileVersion"))[0]
    build, source = _build(session, database_build, library, version)
    disabled = _alert_jobs_disabled(session)
    members = [server for server in servers if str(server.get("Role")) != "Invalid"]  # the others are SQL and SMTP servers
    names = [_address(server) for server in members]
    addresses = _addresses(session, [*names, *(application.smtp_server for application in applications)])
    return {
        "product": build.name,
        "build": str(build),
        "build_source": source,
        "answers_challenges": build.answers_challenges(),
        "farm_account": next((name for name in account if name), None),
        "servers": [
            {"name": name, "addresses": addresses.get(name.lower(), []), "role": str(server.get("Role"))}
            for name, server in zip(names, members, strict=True)
        ],
        "web_applications": [
            {
                "name": application.name,
                "url": application.url,
                "central_administration": application.central_administration,
                "application_pool_account": application.pool_account,
                "alert_job_disabled": disabled.get(str(application.settings.get("Id") or "").lower()),
                "outgoing_email": outgoing_email(application) | {"server_addresses": addresses.get(application.smtp_server.lower(), [])},
            }
            for application in applications
        ],
    }


def outgoing_email(application: WebApplication) -> dict[str, Any]:
    """Its mail settings by this collection's option names, as the host spells them. ``server`` is empty when no SMTP server is set.

    ``override_envelope_sender`` is None where it was never set, or does not exist; ``character_set`` is a Windows code page.
    """
    return {setting.option: setting.found(application.mail) for setting in mail_settings.SETTINGS}


def sender(session: Session, web_url: str) -> tuple[str, bool]:
    """The address that mail of the site's web application comes from, and whether it also stands in for people who share.

    A web application without mail settings of its own sends with those of Central Administration ("Configure outgoing email for a
    SharePoint Server farm"). The address is empty when there is none. Raises RemoteError.
    """
    authority = urlsplit(web_url).netloc.lower()
    applications = web_applications(session)
    own = [application for application in applications if urlsplit(application.url).netloc.lower() == authority]
    default = [application for application in applications if application.central_administration]
    settings = next((outgoing_email(application) for application in [*own, *default] if application.smtp_server), None)
    return ("", False) if settings is None else (settings["from_address"], bool(settings["override_envelope_sender"]))


def _alert_jobs_disabled(session: Session) -> dict[str, bool]:
    """Whether the job that sends immediate alerts is disabled, by lower-case id of the web application; without those not readable."""
    jobs = cmdlet("Get-SPTimerJob").pipe("Where-Object", Property="Name", Value=ALERTS, EQ=True)
    identities, disabled = session.read_each(jobs.member("WebApplication", "Id"), jobs.member("IsDisabled"))
    if identities.errors or disabled.errors or len(identities.outputs) != len(disabled.outputs):
        return {}
    return {str(identity).lower(): value for identity, value in zip(identities.outputs, disabled.outputs, strict=True)}


def _address(server: HostObject) -> str:
    return str(server.get("Address") or server.get("Name") or "")


def _build(session: Session, database_build: Product, library: str, reply: Reply) -> tuple[Product, dict[str, str]]:
    """The build and its source. The file tells what runs; the database's build moves only after the configuration wizard."""
    file_build = next((build for build in (Product.parse(str(text)) for text in reply.outputs) if build is not None), None)
    if file_build is not None:
        return file_build, {"fact": f"file version of {library}", "standing": "observed", "by": f"Get-Item on {session.host}"}
    reason = reply.errors[0].reply if reply.errors else "the file's version could not be read"
    return database_build, {
        "fact": f"build of the configuration database, which can be older than a patched server's ({reason})",
        "standing": "inferred",
        "by": f"Get-SPFarm on {session.host}",
    }


def _addresses(session: Session, names: Iterable[str]) -> dict[str, list[str]]:
    """Addresses by lower-case name, as the farm's own server resolves them. A name that does not resolve has none."""
    found: dict[str, list[str]] = {}
    statements: dict[str, Statement] = {}
    for name in names:
        key = name.lower()
        if not name or key in statements:
            continue
        try:
            found[key] = [str(ipaddress.ip_address(name.strip("[]")))]
        except ValueError:
            statements[key] = cmdlet("Resolve-DnsName", Name=name)
    while statements:
        replies = dict(zip(statements, session.read_each(*statements.values()), strict=True))
        for key, reply in replies.items():
            if reply.read:
                records = (record.get("IPAddress") for record in reply.outputs if isinstance(record, dict))
                found[key] = sorted({str(address) for address in records if address})
                del statements[key]
    return found
