"""The farm: its configuration, its content, the processes on its two servers, and what starts and stops them."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Mapping
from typing import Any

from tests.lab.directory import NETBIOS, Account, Directory
from tests.lab.engine.cmdlets import Cmdlet
from tests.lab.engine.objects import Version
from tests.lab.faults import Faults
from tests.lab.network import CENTRAL_ADMINISTRATION_PORT, DOMAIN, SMTP_PORT, WEB_PORT, Network
from tests.lab.pki import Authority
from tests.lab.sharepoint.binding import bind
from tests.lab.sharepoint.cmdlets import FarmCmdlets
from tests.lab.sharepoint.content import SPAlert, SPSite, SPWeb
from tests.lab.sharepoint.lists import SPDocumentLibrary, SPList, SPTaskList
from tests.lab.sharepoint.persisted import SPFarm, SPManagedAccount, SPProcessAccount, SPServer, SPServiceInstance
from tests.lab.sharepoint.principals import SecurityGroup
from tests.lab.sharepoint.product import Product
from tests.lab.sharepoint.rest import Api
from tests.lab.sharepoint.smtp import Mailer, Process
from tests.lab.sharepoint.timer import IMMEDIATE_ALERTS, WORKFLOW, SPTimerJob, TimerService
from tests.lab.sharepoint.uls import UlsLog
from tests.lab.sharepoint.web_application import MailSettings, SPWebApplication, WebApplication, outbound_mail_service
from tests.lab.sharepoint.web_server import WebServer
from tests.lab.sharepoint.windows import WindowsCmdlets
from tests.lab.sharepoint.workflow import WorkflowAssociation

SERVERS = ("sp01", "sp02")
FARM_ACCOUNT = f"{NETBIOS}\\sp_farm"
POOL_ACCOUNT = f"{NETBIOS}\\sp_pool"
PROCESS_NUMBERS = {"sp01": {"OWSTIMER.EXE": 0x0A28, "w3wp.exe": 0x1B4C}, "sp02": {"OWSTIMER.EXE": 0x0C10, "w3wp.exe": 0x1F08}}
ALERT_LIST = "Mail test"
WORKFLOW_LIST = "Workflow test"
TASK_LIST = "Tasks"
LIBRARY = "Documents"
LIBRARY_FOLDER = "/Shared Documents"
MEMBERS = ("sp_install", "alice", "bob", "partner")
OWNERS = ("sp_install", "alice")
GROUPS = (SecurityGroup("everyone", f"everyone@{DOMAIN}", 2101), SecurityGroup("board", f"board@{DOMAIN}", 2102))
ALERTED = ("alice", "partner", "everyone", "board")


class Farm:
    """A farm as its makers left it: mail goes to ex01.corp.example, port 1025, without TLS, from sharepoint@corp.example.

    ``mutants`` known here: ``timer-goes-on``, ``override-ignored``. ``uls_says``: whether a refused authentication is written to
    SharePoint's log. ``timer_server`` holds the timer lock; set ``farm.timer.server`` to move it.
    """

    def __init__(
        self,
        network: Network,
        directory: Directory,
        pki: Authority,
        build: str = "16.0.4522.1000",
        mutants: frozenset[str] = frozenset(),
        uls_says: bool = True,
        zone: datetime.tzinfo = datetime.UTC,
        timer_server: str = "sp01",
        more_web_applications: int = 0,
        faults: Faults | None = None,
    ) -> None:
        self._faults = faults or Faults()
        self.network = network
        self.directory = directory
        self.pki = pki
        self.product = Product.of(build)
        self.database_server = SPServer("sql01", "Invalid")
        roles = ("Application", "Application") if self.product.name == "2013" else ("Custom", "WebFrontEnd")
        self.servers = [*(SPServer(name, role) for name, role in zip(SERVERS, roles, strict=True)), self.database_server]
        self.logs: Mapping[str, UlsLog] = {name: UlsLog(zone) for name in SERVERS}
        self.web_applications = _web_applications(more_web_applications)
        for application in self.web_applications:
            self._server_of(application.mail.server or "")
        self.sites = self._sites()
        self.jobs = [self._job(application, *kind) for application in self.web_applications for kind in _JOBS]
        mailer = Mailer(network, pki, self.product, mutants, uls_says, self.logs)
        webs = {site.application: site.web for site in self.sites}
        self.timer = TimerService(timer_server, self._timer_process, self.effective_mail, webs, mailer, self.logs)
        self._override_works = "override-ignored" not in mutants
        self._digest_key = secrets.token_bytes(32)
        self._apis = {
            (server, application.name): self._api(server, application, webs[application.name], mailer)
            for server in SERVERS
            for application in self.web_applications
        }
        self._cmdlets = bind(self.product.name, directory, FarmCmdlets(self).implementations())
        self._windows_cmdlets = WindowsCmdlets(network, directory, pki, self.product).cmdlets()
        self._web_servers: list[WebServer] = []

    def cmdlets(self, session: Any) -> Mapping[str, Cmdlet]:
        """SharePoint's cmdlets by lower-case name, once the snap-in is loaded. Who may use them is found out at each call."""
        return self._cmdlets

    def windows_cmdlets(self, session: Any) -> Mapping[str, Cmdlet]:
        """The plain Windows cmdlets by lower-case name, for any session."""
        return self._windows_cmdlets

    def start(self) -> None:
        """Serves the web applications. Raises OSError when an address or port is taken."""
        for name in SERVERS:
            self._listen(name, WEB_PORT, [state for state in self.web_applications if not state.central_administration])
        self._listen(SERVERS[0], CENTRAL_ADMINISTRATION_PORT, [state for state in self.web_applications if state.central_administration])

    def stop(self) -> None:
        """Waits for running jobs, then closes the web servers."""
        self.timer.wait()
        for server in self._web_servers:
            server.stop()
        self._web_servers.clear()

    def snapshot(self) -> dict[str, Any]:
        """What is configured and what stands in lists: equal when nothing changed."""
        return {
            "build": self.product.build,
            "servers": sorted(server.name for server in self.servers),
            "web_applications": {
                state.name: {"url": state.url, "alerts_enabled": state.alerts_enabled, **vars(state.mail)}
                for state in self.web_applications
            },
            "jobs": {f"{job.application.name}/{job.name}": {"disabled": job.disabled} for job in self.jobs},
            "lists": {
                f"{site.web.url}/{entry.title}": [item.label for item in entry.items.values()]
                for site in self.sites
                for entry in site.web.lists
            },
            "role_assignments": {
                f"{entry.url}/{item.label}": {
                    user.login_name: [role.name for role in item.assignments[user.number]]
                    for user in site.web.users
                    if user.number in item.assignments
                }
                for site in self.sites
                for entry in site.web.lists
                for item in entry.items.values()
                if item.assignments is not None
            },
            "workflows": {
                f"{site.web.url}/{entry.title}": {association.name: association.starts for association in entry.workflows}
                for site in self.sites
                for entry in site.web.lists
                if entry.workflows
            },
            "alerts": [
                {"user": alert.user.login_name, "list": alert.list.title, **{name: str(value) for name, value in alert.values.items()}}
                for site in self.sites
                for alert in site.web.alerts
            ],
        }

    def farm_object(self) -> SPFarm:
        """What Get-SPFarm gives."""
        account = SPProcessAccount(SPManagedAccount(FARM_ACCOUNT))
        return SPFarm(
            "SharePoint_Config",
            {"BuildVersion": Version(self.product.build), "DefaultServiceAccount": account, "Servers": list(self.servers)},
        )

    def show(self, state: WebApplication) -> SPWebApplication:
        """A session's object of a web application, as it is saved now."""
        return SPWebApplication(state, self.product, self._server_of, lambda: [job for job in self.jobs if job.application is state])

    def save_mail(self, state: WebApplication, mail: MailSettings) -> None:
        """Sets mail settings as Set-SPWebApplication does; an SMTP server that is new becomes a server of the farm."""
        if mail.server:
            self._server_of(mail.server)
        state.mail = mail
        state.version += 1

    def effective_mail(self, state: WebApplication) -> MailSettings:
        """What a process finds when it sends: the web application's settings, or Central Administration's when it has none."""
        if state.mail.server:
            return state.mail
        return next(other.mail for other in self.web_applications if other.central_administration)

    def service_instances(self) -> list[SPServiceInstance]:
        """The services on the farm's servers."""
        own = [server for server in self.servers if server.name in SERVERS]
        names = [
            ("SPTimerServiceInstance", "Microsoft SharePoint Foundation Timer"),
            ("SPWebServiceInstance", "Microsoft SharePoint Foundation Web Application"),
        ]
        instances = [SPServiceInstance(kind, title, server) for server in own for kind, title in names]
        mail = sorted({state.mail.server for state in self.web_applications if state.mail.server})
        return [*instances, *(outbound_mail_service(self._server_of(name)) for name in mail)]

    def _server_of(self, name: str) -> SPServer:
        """The farm's server of this name, made with role Invalid when there is none."""
        for server in self.servers:
            if server.name.lower() == name.lower():
                return server
        self.servers.append(SPServer(name, "Invalid"))
        return self.servers[-1]

    def _account(self, name: str) -> Account:
        account = self.directory.find(name)
        if account is None:
            raise KeyError(name)
        return account

    def _timer_process(self, server: str) -> Process:
        return Process("OWSTIMER.EXE", PROCESS_NUMBERS[server]["OWSTIMER.EXE"], self._account(FARM_ACCOUNT), server, True)

    def _api(self, server: str, state: WebApplication, web: SPWeb, mailer: Mailer) -> Api:
        process = Process("w3wp.exe", PROCESS_NUMBERS[server]["w3wp.exe"], self._account(state.account), server, False)
        return Api(web, lambda: self.effective_mail(state), process, mailer, self._digest_key, self.product.build, self._override_works)

    def _job(self, application: WebApplication, class_name: str, name: str, title: str) -> SPTimerJob:
        return SPTimerJob(class_name, name, title, application, lambda: self.show(application))

    def _listen(self, name: str, port: int, states: list[WebApplication]) -> None:
        server = WebServer(
            (self.network.addresses[name], port),
            self.pki.host_context(name),
            self.directory,
            {state.authority: state for state in states},
            lambda state: self._apis[name, state.name],
            self.product.web_version,
            name,
            self._faults,
        )
        self._web_servers.append(server)
        server.serve()

    def _sites(self) -> list[SPSite]:
        everybody = [self._account(name) for name in MEMBERS]
        administrators = [account for account in self.directory.accounts.values() if "farm" in account.roles]
        sites = []
        for state in self.web_applications:
            members: list[Account | SecurityGroup] = [*administrators] if state.central_administration else [*everybody, *GROUPS]
            sites.append(SPSite(SPWeb(state.url, state.name.capitalize(), members, OWNERS), state.name))
        _furnish(sites[0].web)
        return sites


def _furnish(web: SPWeb) -> None:
    """The lists of the portal: one that people and groups have alerts on, one with a workflow and its tasks, and a library."""
    alerted, worked_on = SPList(web.url, ALERT_LIST), SPList(web.url, WORKFLOW_LIST)
    web.lists += [alerted, worked_on, SPTaskList(web.url, TASK_LIST), SPDocumentLibrary(web.url, LIBRARY, LIBRARY_FOLDER)]
    users = {user.account.name: user for user in web.users}
    web.alerts += [SPAlert(users[name], alerted, "Add") for name in ALERTED]
    worked_on.workflows.append(WorkflowAssociation("Approval", WORKFLOW_LIST, TASK_LIST, users["alice"]))


_JOBS = [
    ("SPImmediateAlertsJobDefinition", IMMEDIATE_ALERTS, "Immediate Alerts"),
    ("SPWorkflowJobDefinition", WORKFLOW, "Workflow"),
]


def _web_applications(more: int) -> list[WebApplication]:
    mail = MailSettings(server=f"ex01.{DOMAIN}", sender=f"sharepoint@{DOMAIN}", reply_to=f"sharepoint@{DOMAIN}", port=SMTP_PORT)
    more_names = [f"more{number:03}" for number in range(1, more + 1)]
    administration = f"https://{SERVERS[0]}.{DOMAIN}:{CENTRAL_ADMINISTRATION_PORT}/"
    return [
        *(WebApplication(name, f"https://{name}.{DOMAIN}:{WEB_PORT}/", POOL_ACCOUNT, mail) for name in ("portal", "teams", *more_names)),
        WebApplication("saml", f"https://saml.{DOMAIN}:{WEB_PORT}/", POOL_ACCOUNT, mail, claims_only=True),
        WebApplication("SharePoint Central Administration v4", administration, FARM_ACCOUNT, mail, central_administration=True),
    ]
