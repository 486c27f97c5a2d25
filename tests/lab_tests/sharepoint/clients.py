"""Clients of the farm for tests: HTTPS with NTLM, and cmdlets without a remoting host around them."""

from __future__ import annotations

import base64
import dataclasses
import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import spnego

from tests.lab.engine.cmdlets import Call, TerminatingError
from tests.lab.sharepoint.farm import Farm

VERBOSE = "application/json;odata=verbose"


@dataclasses.dataclass
class Session:
    """What a cmdlet sees of its session."""

    user: str = "CORP\\sp_install"
    delegated: bool = True
    host: str = "sp01"
    variables: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Run:
    """Outputs, written errors and warnings of one invocation."""

    outputs: list[Any]
    errors: list[TerminatingError]
    warnings: list[str]


def run(farm: Farm, name: str, session: Session | None = None, **parameters: Any) -> Run:
    """Invokes a cmdlet. Raises TerminatingError as the cmdlet does."""
    session = session or Session()
    cmdlet = {**farm.windows_cmdlets(session), **farm.cmdlets(session)}[name.lower()]
    errors: list[TerminatingError] = []
    warnings: list[str] = []
    outputs = list(cmdlet.implementation(Call(parameters, session, errors.append, warnings.append)))
    return Run(outputs, errors, warnings)


@dataclasses.dataclass
class Answer:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class _Connection(http.client.HTTPSConnection):
    """Connects to one server's address; certificate and Host header are the web application's."""

    def __init__(self, address: str, authority: str, context: ssl.SSLContext) -> None:
        host, _unused, port = authority.partition(":")
        super().__init__(host, int(port), context=context, timeout=20)
        self._address = address

    def connect(self) -> None:
        name = self.host
        self.host = self._address
        try:
            http.client.HTTPConnection.connect(self)
        finally:
            self.host = name
        self.sock = self._context.wrap_socket(self.sock, server_hostname=name)  # type: ignore[attr-defined]  # typeshed hides the context


class Browser:
    """A person's client at one SharePoint server. Logs on when it is challenged, over NTLM or Negotiate."""

    def __init__(
        self, farm: Farm, server: str, user: str, password: str, authority: str = "portal.corp.example:8443", scheme: str = "NTLM"
    ) -> None:
        self.connection = _Connection(farm.network.addresses[server], authority, farm.pki.client_context())
        self.authority = authority
        self._user = user
        self._password = password
        self._scheme = scheme

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def raw(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """One request without any logon."""
        self.connection.request(method, path, body, {"Host": self.authority, "Accept": VERBOSE, **(headers or {})})
        response = self.connection.getresponse()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())

    def request(self, method: str, path: str, content: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """One request, with a logon when the server asks for it. ``content`` is sent as JSON, bytes as they are."""
        body = content if isinstance(content, bytes) or content is None else json.dumps(content).encode()
        own = {"Content-Type": VERBOSE, **(headers or {})}
        answer = self.raw(method, path, body, own)
        if answer.status != 401:
            return answer
        context = spnego.client(self._user, self._password, hostname=self.authority, service="HTTP", protocol=self._scheme.lower())
        for token in self._tokens(context, answer):
            answer = self.raw(method, path, body, own | {"Authorization": f"{self._scheme} {base64.b64encode(token).decode()}"})
            if answer.status != 401:
                return answer
            self._challenge = answer.headers["www-authenticate"]
        return answer

    def _tokens(self, context: spnego.ContextProxy, answer: Answer) -> Iterator[bytes]:
        token = context.step()
        while token:
            yield token
            scheme, _unused, blob = self._challenge.partition(" ")
            if scheme.lower() != self._scheme.lower() or not blob or context.complete:
                return
            token = context.step(base64.b64decode(blob))

    def digest(self) -> str:
        answer = self.request("POST", "/_api/contextinfo")
        return str(answer.json["d"]["GetContextWebInformation"]["FormDigestValue"])

    def post(self, path: str, content: Any, headers: Mapping[str, str] | None = None) -> Answer:
        return self.request("POST", path, content, {"X-RequestDigest": self.digest(), **(headers or {})})

    def send_email(self, *recipients: str, subject: str = "hello", body: str = "text") -> Answer:
        properties = {
            "__metadata": {"type": "SP.Utilities.EmailProperties"},
            "To": {"results": list(recipients)},
            "Subject": subject,
            "Body": body,
        }
        return self.post("/_api/SP.Utilities.Utility.SendEmail", {"properties": properties})

    def add_item(self, title: str, list_title: str = "Mail test") -> Answer:
        path = f"/_api/web/lists/getbytitle('{list_title.replace(' ', '%20')}')"
        kind = self.request("GET", path).json["d"]["ListItemEntityTypeFullName"]
        return self.post(f"{path}/items", {"__metadata": {"type": kind}, "Title": title})

    def delete(self, path: str) -> Answer:
        return self.post(path, None, {"X-HTTP-Method": "DELETE", "IF-MATCH": "*"})

    def add_file(self, name: str, content: bytes = b"text\n", overwrite: str = "true") -> Answer:
        quoted = quote(name.replace("'", "''"))
        folder = "/_api/web/GetFolderByServerRelativeUrl('/Shared%20Documents')"
        return self.post(f"{folder}/Files/add(url='{quoted}',overwrite={overwrite})", content)

    def share(self, address: str, *people: str, role: int = 1, notify: bool = True, message: str = "Please read this") -> Answer:
        assignments = [{"__metadata": {"type": "SP.Sharing.UserRoleAssignment"}, "Role": role, "UserId": person} for person in people]
        content = {
            "resourceAddress": address,
            "userRoleAssignments": assignments,
            "validateExistingPermissions": False,
            "additiveMode": True,
            "sendServerManagedNotification": notify,
            "customMessage": message,
            "includeAnonymousLinksInNotification": False,
        }
        return self.post("/_api/SP.Sharing.DocumentSharingManager.UpdateDocumentSharingInfo", content)
