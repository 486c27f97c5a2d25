"""The part of SharePoint's REST interface that mail tests need, as the w3wp of one server answers it for one web application."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from urllib.parse import unquote, urlsplit

from tests.lab.directory import Account
from tests.lab.network import DOMAIN
from tests.lab.sharepoint.content import SPWeb
from tests.lab.sharepoint.messages import Sender, compose
from tests.lab.sharepoint.odata import Entity, RestError, Value, read_body, texts
from tests.lab.sharepoint.principals import SPUser
from tests.lab.sharepoint.rest_content import ContentApi
from tests.lab.sharepoint.rest_request import Request, Result, Route, denied
from tests.lab.sharepoint.rest_sharing import SharingApi
from tests.lab.sharepoint.smtp import Mailer, Process
from tests.lab.sharepoint.web_application import MailSettings

DIGEST_SECONDS = 1800
DIGEST_TIME = "%d %b %Y %H:%M:%S -0000"


class Api:
    """``answer`` gives status and content of one request, or raises RestError."""

    def __init__(
        self,
        web: SPWeb,
        settings: Callable[[], MailSettings],
        process: Process,
        mailer: Mailer,
        key: bytes,
        build: str,
        override_works: bool = True,
    ) -> None:
        self._web = web
        self._settings = settings
        self._process = process
        self._mailer = mailer
        self._key = key
        self._build = build
        content = ContentApi(web)
        self._sharing = SharingApi(web, content, settings, process, mailer, override_works)
        self._routes: list[Route] = [
            ("POST", r"/contextinfo", self._context_info),
            ("POST", r"/sp\.utilities\.utility\.sendemail", self._send_email),
            ("GET", r"/web", lambda request, match: (200, self._web_entity())),
            ("GET", r"/web/currentuser", lambda request, match: (200, self._sharing.user_entity(self._user(request)))),
            *content.routes(),
            *self._sharing.routes(),
        ]

    def answer(self, request: Request) -> Result:
        path = unquote(urlsplit(request.target).path)
        if not path.lower().startswith("/_api/"):
            raise RestError(404, "-1, System.IO.FileNotFoundException", "404 FILE NOT FOUND")
        resource = path[len("/_api") :].rstrip("/")
        matches = [(method, handler, re.fullmatch(route, resource, re.IGNORECASE)) for method, route, handler in self._routes]
        found = [(method, handler, match) for method, handler, match in matches if match is not None]
        if not found:
            message = f"Cannot find resource for the request {resource.strip('/')}."
            raise RestError(404, "-1, Microsoft.SharePoint.Client.ResourceNotFoundException", message)
        self._user(request)
        for method, handler, match in found:
            if method == request.method:
                if method != "GET" and handler != self._context_info:
                    self._check_digest(request)
                return handler(request, match)
        message = f"The HTTP method '{request.method}' cannot be used to access the resource '{resource.strip('/')}'."
        raise RestError(405, "-1, Microsoft.SharePoint.Client.InvalidClientQueryException", message)

    def _user(self, request: Request) -> SPUser:
        user = self._web.user(request.account)
        if user is None:
            raise denied()
        return user

    # The digest: made for one user, valid for half an hour.

    def _digest(self, account: Account, time: str) -> str:
        return f"0x{hmac.new(self._key, f'{account.name}{self._web.url}{time}'.encode(), hashlib.sha512).hexdigest().upper()},{time}"

    def _check_digest(self, request: Request) -> None:
        given = request.headers.get("x-requestdigest", "")
        time = given.partition(",")[2]
        now = datetime.datetime.now(datetime.UTC)
        try:
            made = datetime.datetime.strptime(time, DIGEST_TIME).replace(tzinfo=datetime.UTC)
            valid = hmac.compare_digest(given.encode(), self._digest(request.account, time).encode())
        except ValueError:
            valid = False
        if not valid or (now - made).total_seconds() > DIGEST_SECONDS:
            message = (
                "The security validation for this page is invalid. Click Back in your Web browser, refresh the page, "
                "and try your operation again."
            )
            raise RestError(400, "-2130575251, Microsoft.SharePoint.SPException", message)

    def _context_info(self, request: Request, match: re.Match[str]) -> Result:
        time = datetime.datetime.now(datetime.UTC).strftime(DIGEST_TIME)
        information = {
            "FormDigestTimeoutSeconds": DIGEST_SECONDS,
            "FormDigestValue": self._digest(request.account, time),
            "LibraryVersion": self._build,
            "SiteFullUrl": self._web.url,
            "WebFullUrl": self._web.url,
        }
        return 200, Value("GetContextWebInformation", information)

    # Mail

    def _send_email(self, request: Request, match: re.Match[str]) -> Result:
        """Answers 200 whatever becomes of the mail; only a mail for nobody at all, or from nobody, is an error."""
        wanted = read_body(request.body, request.content_type, "SP.Utilities.EmailProperties", "properties")
        settings = self._settings()
        if not settings.server or not settings.sender:
            raise RestError(
                500, "-2147467259, Microsoft.SharePoint.SPException", "The server's outgoing e-mail settings are not configured."
            )
        to, copies, blind_copies = ([self._web.find_user(address) for address in texts(wanted.get(field))] for field in ("To", "CC", "BCC"))
        everybody = [user for user in (*to, *copies, *blind_copies) if user is not None]
        if not everybody:
            message = "The e-mail message cannot be sent. Make sure the e-mail has a valid recipient."
            raise RestError(400, "-1, Microsoft.SharePoint.SPException", message)
        subject, body = str(wanted.get("Subject") or ""), str(wanted.get("Body") or "")
        sender = Sender.of(settings, self._web.title)
        envelope = compose(settings, sender, _reachable(to), _reachable(copies), _reachable(blind_copies), subject, body, {})
        if envelope.recipients:
            self._mailer.send(self._process, settings, envelope, request.correlation)
        return 200, Value("SendEmail", None)

    # What things look like

    def _web_entity(self) -> Entity:
        properties = {"Id": str(self._web.id), "Title": self._web.title, "Url": self._web.url, "ServerRelativeUrl": "/"}
        return Entity("SP.Web", f"{self._web.url}/_api/Web", properties)


def _reachable(users: Sequence[SPUser | None]) -> list[str]:
    """Addresses that SendEmail sends to: people of the company's own mail domain; others get nothing, and nobody is told."""
    people = [user for user in users if user is not None and not user.is_domain_group]
    return [user.email for user in people if user.email.lower().endswith(f"@{DOMAIN}")]
