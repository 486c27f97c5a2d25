# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A SharePoint site over its REST API, signed in with NTLM. Every refusal becomes a sentence."""

from __future__ import annotations

import dataclasses
import os
import re
import ssl
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from ...common.errors import AuthenticationRefused, BadInput, MailError, Unreachable
from ...common.libraries import HTTPAdapter, HttpNtlmAuth, SpnegoError, requests

_VERBOSE: Final = "application/json;odata=verbose"
"""The only JSON that SharePoint 2013 speaks without a service pack, and later versions still."""

_LOGIN_PAGES: Final = re.compile(r"/_login/|/_trust/|/_forms/|/_layouts/(15/)?authenticate\.aspx|[?&]wa=wsignin", re.IGNORECASE)


# How the standard library, urllib3 and requests nest what really happened.
_INNERMOST: Final = re.compile(
    r"certificate verify failed: ([^(\]]+)|\[Errno -?\d+\] ([^'\")]+)|(certificate is not valid for [^.\"]+)"
    r"|(hostname '[^']+' doesn't match [^\")]+)|Error\(\d+, '([^'\[]+)'\)"
)


class WebRefused(MailError):
    """The site answered with an error. ``status`` is HTTP's, ``code`` and ``reply`` are SharePoint's."""

    def __init__(self, message: str, status: int, code: str, reply: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.reply = reply

    @property
    def digest_refused(self) -> bool:
        """SPException "The security validation for this page is invalid"."""
        return self.code.startswith("-2130575251")


@dataclasses.dataclass(frozen=True)
class SiteAddress:
    """A site and how to get there. ``address`` is the server to connect to in place of the one that the URL's name resolves to."""

    url: str
    username: str
    password: str = dataclasses.field(repr=False)
    address: str = ""
    ca_path: str = ""
    use_proxy: bool = False
    timeout: float = 60.0
    """Seconds that one answer may take."""

    def check(self) -> None:
        """Raises BadInput for what cannot be a site."""
        parts = urlsplit(self.url)
        try:
            port_is_possible = parts.port is None or parts.port > 0
        except ValueError:
            port_is_possible = False
        if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_possible or parts.query or parts.fragment:
            raise BadInput(f"web_url: {self.url!r} is not a valid URL of a site, such as https://portal.example.com/. Nothing was sent.")
        if self.ca_path and not os.path.isfile(self.ca_path):
            raise BadInput(f"web_ca_path: the file {self.ca_path} does not exist on the controller. Nothing was sent.")


class _ToAddress(HTTPAdapter):
    """Connects to one server whatever the URL's name resolves to; name and certificate stay those of the URL."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: bool | str, cert: Any = None
    ) -> tuple[Any, Any]:
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        name = {"server_hostname": host["host"], "assert_hostname": host["host"]} if host["scheme"] == "https" else {}
        return {**host, "host": self._address}, {**pool, **name}


class Web:
    """A signed-in site. Use it as a context manager: NTLM belongs to the connection, and the connection is kept.

    Methods raise Unreachable, AuthenticationRefused or WebRefused.
    """

    def __init__(self, site: SiteAddress) -> None:
        site.check()
        self.site = site
        self.url = site.url.rstrip("/")
        self._digest = ""
        self._session = requests.Session()
        # A proxy of the controller's environment leads out of the network, not to the farm.
        self._session.trust_env = site.use_proxy
        self._session.auth = HttpNtlmAuth(site.username, site.password)
        self._session.headers["Accept"] = _VERBOSE
        if site.address:
            parts = urlsplit(self.url)
            self._session.headers["Host"] = parts.netloc.rpartition("@")[2]
            self._session.mount(f"{parts.scheme}://", _ToAddress(site.address.strip("[]")))

    def __enter__(self) -> Web:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._session.close()

    @property
    def server(self) -> str:
        """Where requests go: the address given, or the name in the URL."""
        return self.site.address or str(urlsplit(self.url).hostname)

    def get(self, path: str) -> dict[str, Any]:
        """The object at ``path`` under ``_api``."""
        return self._call("GET", path)

    def post(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        document: bytes | None = None,
    ) -> dict[str, Any]:
        """Posts ``body`` as JSON, or a file's content, ``document``, with the site's request digest, which is fetched once."""
        if not self._digest:
            context = self._call("POST", "contextinfo").get("GetContextWebInformation") or {}
            self._digest = str(context.get("FormDigestValue") or "")
        return self._call("POST", path, body, {"X-RequestDigest": self._digest, **(headers or {})}, document)

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        document: bytes | None = None,
    ) -> dict[str, Any]:
        try:
            answer = self._session.request(
                method,
                f"{self.url}/_api/{path}",
                json=body,
                data=document,
                headers={**({"Content-Type": _VERBOSE} if body is not None else {}), **(headers or {})},
                timeout=self.site.timeout,
                allow_redirects=False,
                verify=self._authorities(),
            )
        except requests.exceptions.SSLError as error:
            raise Unreachable(self._distrust(error)) from error
        except (requests.RequestException, OSError) as error:
            if isinstance(error, PermissionError):  # what requests-ntlm raises when a server breaks off its handshake
                raise AuthenticationRefused(self._refused()) from error
            raise Unreachable(
                f"{self.url} cannot be reached{self._at()}: {_reason(error)}. Check that the web application is up and that its "
                f"name resolves on the controller (or set web_address)."
            ) from error
        except SpnegoError as error:
            raise AuthenticationRefused(self._refused()) from error
        self._check(answer)
        try:
            content = answer.json() if answer.content else {}
        except ValueError:
            content = None
        if not isinstance(content, dict):
            text = f"{self.url}{self._at()} answered with a page instead of data: is it a SharePoint site?"
            raise WebRefused(text, answer.status_code, "", "")
        data = content.get("d", content)
        return data if isinstance(data, dict) else {}

    def _authorities(self) -> bool | str:
        """The file given, else what this machine trusts: an enterprise CA is there, and not in requests' own list."""
        if self.site.ca_path:
            return self.site.ca_path
        system = ssl.get_default_verify_paths().cafile
        return system or True

    def _check(self, answer: requests.Response) -> None:
        if answer.ok and not answer.is_redirect:
            return
        location = urljoin(answer.url, answer.headers.get("Location", ""))
        offered = answer.headers.get("WWW-Authenticate", "").lower()
        elsewhere = urlsplit(location).hostname != urlsplit(self.url).hostname
        if (
            (answer.status_code == 403 and "X-Forms_Based_Auth_Required" in answer.headers)
            or (answer.is_redirect and (_LOGIN_PAGES.search(location) or elsewhere))
            or (answer.status_code == 401 and "ntlm" not in offered and "negotiate" not in offered)
        ):
            raise AuthenticationRefused(
                f"{self.url}{self._at()} only signs in through a SAML provider or a form, and offers no Windows authentication: refused. "
                f"Use a zone of the web application with Windows authentication (Central Administration, alternate access mappings)."
            )
        if answer.is_redirect:
            raise WebRefused(f"{self.url}{self._at()} redirects to {location}: use that as web_url.", answer.status_code, "", "")
        if answer.status_code == 401:
            raise AuthenticationRefused(self._refused())
        code, reply = _error_of(answer)
        refusal = WebRefused("", answer.status_code, code, reply)
        if refusal.digest_refused:
            refusal.message = (
                f"{self.url}{self._at()} refused the request digest that it had just issued ({reply}). A load balancer that sends "
                f"requests to different servers, or servers with different machine keys, can cause this; set web_address to one server."
            )
        elif answer.status_code == 403:
            refusal.message = f"{self.site.username} is not allowed to do this at {self.url}{self._at()}: {reply}."
        elif answer.status_code == 404 and (not code or "FileNotFoundException" in code):
            refusal.message = f"There is no SharePoint site at {self.url}{self._at()} (404)."
        else:
            refusal.message = f"{self.url}{self._at()} answered with HTTP {answer.status_code}: {reply}."
        raise refusal

    def _at(self) -> str:
        return f" (at {self.site.address})" if self.site.address else ""

    def _refused(self) -> str:
        return f"{self.url}{self._at()} refused {self.site.username} (HTTP 401). Check web_username (DOMAIN\\name) and web_password."

    def _distrust(self, error: Exception) -> str:
        text = str(error)
        if re.search(r"mismatch|doesn't match|not valid for", text, re.IGNORECASE):
            return (
                f"The certificate of {self.url}{self._at()} is for another name ({_reason(error)}). Use in web_url a name that the "
                f"certificate contains; set web_address to connect to a certain server."
            )
        return (
            f"The certificate of {self.url}{self._at()} is not trusted on the controller ({_reason(error)}). "
            f"Set web_ca_path to the file of the certificate authority that issued it."
        )


def _error_of(answer: requests.Response) -> tuple[str, str]:
    """SharePoint's code and text of an error, in either form of OData; the reason phrase when there is none."""
    try:
        content = answer.json()
    except ValueError:
        content = None
    error = content.get("error") or content.get("odata.error") if isinstance(content, dict) else None
    if not isinstance(error, dict):
        return "", answer.reason or "no reason given"
    message = error.get("message")
    text = message.get("value") if isinstance(message, dict) else message
    return str(error.get("code") or ""), " ".join(str(text or "no reason given").split()).rstrip(".")


def _reason(error: BaseException) -> str:
    """The innermost reason in one line, without object addresses."""
    if isinstance(error, requests.exceptions.Timeout):
        return "no answer in time"
    text = str(error)
    inner = _INNERMOST.search(text)
    if inner is not None:
        text = next(group for group in inner.groups() if group)
    return " ".join(text.split()).rstrip(". ")
