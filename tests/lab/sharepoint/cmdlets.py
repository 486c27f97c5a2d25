"""SharePoint's cmdlets over a farm."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tests.lab.engine.cmdlets import Call, Implementation, TerminatingError
from tests.lab.engine.objects import Custom, Uri
from tests.lab.sharepoint.binding import class_name, not_found
from tests.lab.sharepoint.content import SPSite, SPWeb
from tests.lab.sharepoint.persisted import SPManagedAccount, SPServer, SPServiceInstance
from tests.lab.sharepoint.principals import SPUser
from tests.lab.sharepoint.product import URL_ZONE
from tests.lab.sharepoint.timer import SPTimerJob
from tests.lab.sharepoint.uls import LEVELS
from tests.lab.sharepoint.web_application import DEFAULT_SMTP_PORT, SPWebApplication, WebApplication

if TYPE_CHECKING:
    from tests.lab.sharepoint.farm import Farm

ADMINISTRATION = "Microsoft.SharePoint.Administration"


class FarmCmdlets:
    """One method for each cmdlet; ``implementations`` maps the cmdlets' names to them."""

    def __init__(self, farm: Farm) -> None:
        self.farm = farm

    def implementations(self) -> dict[str, Implementation]:
        return {
            "Get-SPFarm": lambda call: [self.farm.farm_object()],
            "Get-SPServer": self.get_server,
            "Get-SPWebApplication": self.get_web_application,
            "Set-SPWebApplication": self.set_web_application,
            "Get-SPTimerJob": self.get_timer_job,
            "Start-SPTimerJob": self.start_timer_job,
            "Get-SPSite": self.get_site,
            "Get-SPWeb": self.get_web,
            "Get-SPUser": self.get_user,
            "Get-SPProduct": self.get_product,
            "Get-SPServiceInstance": self.get_service_instance,
            "Get-SPLogEvent": self.get_log_event,
            "Get-SPManagedAccount": self.get_managed_account,
            "Get-SPAlternateURL": self.get_alternate_url,
            "Get-SPDatabase": self.get_database,
            "Get-SPShellAdmin": self.get_shell_admin,
        }

    def get_server(self, call: Call) -> Iterable[Any]:
        servers = self.farm.servers
        if "Identity" not in call:
            return list(servers)
        found = self._server(call.get("Identity"))
        if found is None:
            call.write_error(
                not_found("Get-SPServer", f"Cannot find an SPServer object that contains the following Id or Name: {call.get('Identity')}.")
            )
        return [found] if found else []

    def _server(self, identity: Any) -> SPServer | None:
        if isinstance(identity, SPServer):
            return identity
        text = str(identity).lower()
        return next((server for server in self.farm.servers if text in (server.name.lower(), str(server.id))), None)

    def find_web_application(self, identity: Any, content_only: bool = False) -> WebApplication | None:
        """By object, id, name or address (with or without the final slash)."""
        if isinstance(identity, SPWebApplication):
            identity = identity.id
        text = str(identity).lower().rstrip("/")
        for application in self.farm.web_applications:
            names = (application.name.lower(), application.url.lower().rstrip("/"), str(self.farm.show(application).id))
            if text in names and not (content_only and application.central_administration):
                return application
        return None

    def get_web_application(self, call: Call) -> Iterable[Any]:
        content_only = not call.get("IncludeCentralAdministration")
        if "Identity" not in call:
            shown = [state for state in self.farm.web_applications if not (content_only and state.central_administration)]
            return [self.farm.show(state) for state in shown]
        found = self._web_application(call, "Get-SPWebApplication", call.get("Identity"), content_only)
        return [self.farm.show(found)] if found else []

    def _web_application(self, call: Call, cmdlet: str, identity: Any, content_only: bool = False) -> WebApplication | None:
        found = self.find_web_application(identity, content_only)
        if found is None:
            text = "Cannot find an SPWebApplication object that contains the following Id, Name, or Url: "
            call.write_error(not_found(cmdlet, f"{text}{identity}."))
        return found

    def set_web_application(self, call: Call) -> Iterable[Any]:
        """Only the parameter set UpdateMailSettings changes anything that the lab keeps."""
        application = self._web_application(call, "Set-SPWebApplication", call.get("Identity"))
        if application is None or "SMTPServer" not in call:
            return []
        mail = dataclasses.replace(
            application.mail,
            server=call.get("SMTPServer") or None,
            sender=call.get("OutgoingEmailAddress") or "",
            reply_to=call.get("ReplyToEmailAddress") or "",
            port=call.get("SMTPServerPort", DEFAULT_SMTP_PORT),
            # Leaving the switch out turns encryption on ("SMTP connection encryption", new features in SharePoint Server 2016).
            enable_ssl=self.farm.product.has_tls and not call.get("DisableSMTPEncryption"),
        )
        self.farm.save_mail(application, mail)
        return []

    def get_timer_job(self, call: Call) -> Iterable[Any]:
        jobs: Sequence[SPTimerJob] = self.farm.jobs
        if "WebApplication" in call:
            application = self._web_application(call, "Get-SPTimerJob", call.get("WebApplication"))
            jobs = [job for job in jobs if job.application is application]
        if "Type" in call:
            jobs = [job for job in jobs if call.get("Type").lower() in (job.type_names[0].lower(), job.classes[0].lower())]
        if "Identity" not in call:
            return jobs
        found = [job for job in jobs if _is_job(job, call.get("Identity"))]
        if not found:
            message = f"Cannot find an SPTimerJob object that contains the following Id or Name: {call.get('Identity')}."
            call.write_error(not_found("Get-SPTimerJob", message))
        return found

    def start_timer_job(self, call: Call) -> Iterable[Any]:
        found = [job for job in self.farm.jobs if _is_job(job, call.get("Identity"))]
        if not found:
            message = f"Cannot find an SPTimerJob object that contains the following Id or Name: {call.get('Identity')}."
            call.write_error(not_found("Start-SPTimerJob", message))
        for job in found:
            self.farm.timer.start(job)
        return []

    def _sites(self, call: Call) -> Iterator[SPSite]:
        application = self._web_application(call, "Get-SPSite", call.get("WebApplication")) if "WebApplication" in call else None
        for site in self.farm.sites:
            owner = self.find_web_application(site.application)
            if owner is not None and (owner is application if "WebApplication" in call else not owner.central_administration):
                yield site

    def get_site(self, call: Call) -> Iterable[Any]:
        if "Identity" not in call:
            return list(self._sites(call))
        site = self._site(call.get("Identity"))
        if site is None:
            call.write_error(not_found("Get-SPSite", f"Cannot find an SPSite object with Id or Url: {call.get('Identity')}."))
        return [site] if site else []

    def _site(self, identity: Any) -> SPSite | None:
        return next((site for site in self.farm.sites if identity is site or _names(identity, site.id, site.web.url)), None)

    def _web(self, identity: Any) -> SPWeb | None:
        webs = [site.web for site in self.farm.sites]
        return next((web for web in webs if identity is web or _names(identity, web.id, web.url)), None)

    def get_web(self, call: Call) -> Iterable[Any]:
        if "Identity" in call:
            web = self._web(call.get("Identity"))
            if web is None:
                call.write_error(
                    not_found("Get-SPWeb", f"Cannot find an SPWeb object with Id or Url : {call.get('Identity')}, and site Url .")
                )
            return [web] if web else []
        if "Site" in call:
            site = self._site(call.get("Site"))
            if site is None:
                call.write_error(not_found("Get-SPWeb", f"Cannot find an SPSite object with Id or Url: {call.get('Site')}."))
            return [site.web] if site else []
        raise TerminatingError("You must specify a value for the Identity or Site parameter.", class_name("Get-SPWeb"), "InvalidData")

    def get_user(self, call: Call) -> Iterable[Any]:
        web = self._web(call.get("Web"))
        if web is None:
            call.write_error(not_found("Get-SPUser", f"Cannot find an SPWeb object with Id or Url : {call.get('Web')}, and site Url ."))
            return []
        if "Identity" not in call:
            return list(web.users)
        found = [user for user in web.users if _is_user(user, call.get("Identity"))]
        if not found:
            message = f"Cannot find an SPUser object that contains the following Id or Name: {call.get('Identity')}."
            call.write_error(not_found("Get-SPUser", message))
        return found

    def get_product(self, call: Call) -> Iterable[Any]:
        server = self._server(call.get("Server")) if "Server" in call else self._server(call.session.host)
        title = self.farm.product.title
        properties = {"ProductName": title, "PatchableUnitDisplayNames": [title], "Servers": [server] if server else []}
        return [Custom([f"{ADMINISTRATION}.SPProduct"], title, properties)]

    def get_service_instance(self, call: Call) -> Iterable[Any]:
        instances: list[SPServiceInstance] = self.farm.service_instances()
        if "Server" in call:
            server = self._server(call.get("Server"))
            return [instance for instance in instances if server is not None and instance.server.name == server.name]
        if "Identity" not in call:
            return instances
        identity = call.get("Identity")
        found = [one for one in instances if one is identity or str(one.id) == str(identity).lower()]
        if not found:
            message = f"Cannot find an SPServiceInstance object that contains the following Id: {identity}."
            call.write_error(not_found("Get-SPServiceInstance", message))
        return found

    def get_log_event(self, call: Call) -> Iterable[Any]:
        level = next((name for name in LEVELS if name.lower() == str(call.get("MinimumLevel", "VerboseEx")).lower()), None)
        if level is None:
            message = f"The specified level {call.get('MinimumLevel')} is not valid."
            raise TerminatingError(message, class_name("Get-SPLogEvent"), "InvalidArgument")
        log = self.farm.logs.get(call.session.host)
        entries = log.read(call.get("StartTime"), call.get("EndTime"), level) if log else []
        return [str(entry) for entry in entries] if call.get("AsString") else entries

    def get_managed_account(self, call: Call) -> Iterable[Any]:
        names = sorted({application.account for application in self.farm.web_applications})
        accounts = [SPManagedAccount(name) for name in names]
        if "Identity" not in call:
            return accounts
        found = [account for account in accounts if account.name.lower() == str(call.get("Identity")).lower()]
        if not found:
            message = f"No matching accounts were found for user {call.get('Identity')}."
            call.write_error(not_found("Get-SPManagedAccount", message))
        return found

    def get_alternate_url(self, call: Call) -> Iterable[Any]:
        states = [state for state in self.farm.web_applications if not state.central_administration]
        if "WebApplication" in call:
            found = self._web_application(call, "Get-SPAlternateURL", call.get("WebApplication"))
            states = [found] if found else []
        if "Identity" in call:
            states = [state for state in states if _names(call.get("Identity"), uuid.UUID(int=0), state.url)]
        return [
            Custom(
                [f"{ADMINISTRATION}.SPAlternateUrl"],
                state.url.rstrip("/"),
                {
                    "IncomingUrl": state.url.rstrip("/"),
                    "Uri": Uri(state.url),
                    "UrlZone": URL_ZONE("Default"),
                    "PublicUrl": state.url.rstrip("/"),
                },
            )
            for state in states
        ]

    def get_database(self, call: Call) -> Iterable[Any]:
        names = ["SharePoint_Config", *(state.content_database for state in self.farm.web_applications)]
        wanted = str(call.get("Name") or call.get("Identity") or "").lower()
        return [
            Custom([f"{ADMINISTRATION}.SPDatabase"], f"SPDatabase Name={name}", {"Name": name, "Server": self.farm.database_server})
            for name in names
            if wanted in ("", name.lower())
        ]

    def get_shell_admin(self, call: Call) -> Iterable[Any]:
        accounts = [account for account in self.farm.directory.accounts.values() if "farm" in account.roles]
        return [
            Custom([f"{ADMINISTRATION}.SPShellAdmin"], account.full_name, {"UserName": account.full_name, "AccountType": "User"})
            for account in accounts
        ]


def _is_job(job: SPTimerJob, identity: Any) -> bool:
    return identity is job or str(identity).lower() in (job.name.lower(), job.title.lower(), str(job.id))


def _is_user(user: SPUser, identity: Any) -> bool:
    names = (str(user.number), user.login_name, user.account.full_name.lower(), user.account.name.lower())
    return identity is user or str(identity).lower() in names


def _names(identity: Any, number: uuid.UUID, url: str) -> bool:
    return str(identity).lower().rstrip("/") in (str(number), url.lower().rstrip("/"))
