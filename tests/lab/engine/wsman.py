"""WS-Management on SOAP, as far as remoting needs it ([MS-WSMV] 3.1.4): Create, Command, Send, Receive, Signal, Delete, Get."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import re
import threading
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from xml.sax.saxutils import escape

import psrpcore

from tests.lab.directory import Account, Directory
from tests.lab.engine.interface import Engine, OpenShell, ShellClosed
from tests.lab.engine.session import CREDSSP, Endpoint, Session
from tests.lab.faults import Fault as Ordered
from tests.lab.faults import Faults

NAMESPACES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "p": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
    "rsp": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
    "cfg": "http://schemas.microsoft.com/wbem/wsman/1/config",
    "pwsh": "http://schemas.microsoft.com/powershell",
}
_PREFIXES = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
_SHELL_URI = NAMESPACES["pwsh"] + "/"

# wsmerror.h and winerror.h
ACCESS_DENIED = 5
OPERATION_ABORTED = 995
CALL_FAILED = 1726
TIMED_OUT = 2150858793
INVALID_RESOURCE_URI = 2150858811
UNEXPECTED_SELECTORS = 2150858843
SCHEMA_VALIDATION_ERROR = 2150858817
QUOTA_MAX_SHELLS = 2150859173
ACTION_NOT_SUPPORTED = 2150858753

_INVALID = "The WS-Management service cannot process the request. The request contains invalid XML."
_ABORTED = "The I/O operation has been aborted because of either a thread exit or an application request. "


_SHELL_QUOTA = (
    "The WS-Management service cannot process the request. This user is allowed a maximum number of {0} concurrent shells, "
    "which has been exceeded. Close existing shells or raise the quota for this user. "
)
_HOST_PROCESS = (
    "The WSMan provider host process did not return a proper response.  A provider in the host process may have behaved improperly. "
)
_COMMAND_NAME = re.compile(rb'<S N="Cmd">([^<]*)</S>')
"""A command's name in CREATE_PIPELINE ([MS-PSRP] 2.2.3.12)."""
_NO_INPUT = b'<B N="NoInput">true</B>'
_END_OF_INPUT = b"\x02\x00\x00\x00\x03\x10\x04\x00"
"""Destination and type of END_OF_PIPELINE_INPUT ([MS-PSRP] 2.2.1)."""
CARRIED_OUT = 10.0
"""Seconds within which a pipeline has to end before the fault that waits for it strikes."""


class Fault(Exception):
    """A WSMan fault: its code and the words of the service."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclasses.dataclass(frozen=True)
class Caller:
    """Who logged on, and how."""

    account: Account
    authentication: str


@dataclasses.dataclass(frozen=True)
class Request:
    """One message, taken apart."""

    action: str
    """The last part of the action URI: ``Create``, ``Receive`` …"""
    header: ET.Element
    body: ET.Element
    caller: Caller

    @classmethod
    def parse(cls, envelope: bytes, caller: Caller) -> Request:
        """Raises xml.etree.ElementTree.ParseError or ValueError for what is no WSMan message."""
        root = ET.fromstring(envelope)
        header, body = root.find("s:Header", NAMESPACES), root.find("s:Body", NAMESPACES)
        if header is None or body is None:
            raise ValueError("no SOAP envelope")
        return cls(header.findtext("a:Action", "", NAMESPACES).rpartition("/")[2], header, body, caller)

    def head(self, path: str) -> str:
        return self.header.findtext(path, "", NAMESPACES)

    def element(self, path: str) -> ET.Element:
        found = self.body.find(path, NAMESPACES)
        if found is None:
            raise Fault(ACTION_NOT_SUPPORTED, f"The request has no {path}.")
        return found


def _pipeline(request: Request) -> str:
    """Id of the pipeline that a request is about; empty when it is about none."""
    return next((found for element in request.body.iter() if (found := element.get("CommandId"))), "").upper()


class Service:
    """The WSMan service of one listener: its endpoints and the shells in them."""

    def __init__(
        self,
        host: str,
        endpoints: Iterable[Endpoint],
        directory: Directory,
        engine: Engine,
        faults: Faults,
        max_shells: int,
    ) -> None:
        self._host = host
        self._endpoints = {endpoint.name.lower(): endpoint for endpoint in endpoints}
        self._directory = directory
        self._engine = engine
        self._faults = faults
        self._max_shells = max_shells
        self._lock = threading.Lock()
        self._shells: dict[str, OpenShell] = {}
        self._commands: dict[str, str] = {}
        self._actions: dict[str, Callable[[Request], str]] = {
            "Create": self._create,
            "Command": self._command,
            "Send": self._send,
            "Receive": self._receive,
            "Signal": self._signal,
            "Delete": self._delete,
            "Get": self._get,
        }

    @property
    def open_shells(self) -> int:
        with self._lock:
            return len(self._shells)

    def close(self) -> None:
        """Ends all sessions."""
        with self._lock:
            shells = list(self._shells.values())
            self._shells.clear()
        for shell in shells:
            shell.close()

    def fault(self, request: Request) -> Ordered | None:
        """Counts a request, and returns what strikes it. A request about a pipeline has the names of its commands as text."""
        pipeline, kinds = _pipeline(request), request.action
        with contextlib.suppress(ValueError):  # What is no base64 is refused later.
            if request.action == "Command":
                data = base64.b64decode("".join(argument.text or "" for argument in request.body.iterfind("*/rsp:Arguments", NAMESPACES)))
                self._commands[pipeline] = b" ".join(_COMMAND_NAME.findall(data)).decode()
                kinds += " Start" if _NO_INPUT in data else ""
            elif request.action == "Send":
                streams = request.body.iterfind("rsp:Send/rsp:Stream", NAMESPACES)
                kinds += " Start" if any(_END_OF_INPUT in base64.b64decode(stream.text or "") for stream in streams) else ""
        return self._faults.meet(self._host, "winrm", kinds, self._commands.get(pipeline, ""))

    def handle(self, request: Request, ordered: Ordered | None = None) -> tuple[int, bytes]:
        """The HTTP status and the envelope of the answer. Under a fault that strikes after what starts a pipeline, it has run."""
        status, action = 200, request.head("a:Action") + "Response"
        try:
            body = self._carried_out(request, ordered)
        except (ValueError, psrpcore.PSRPCoreError) as error:
            status, action, body = self._fault(Fault(SCHEMA_VALIDATION_ERROR, f"{_INVALID} {error}"))
        except ShellClosed:
            status, action, body = self._fault(Fault(OPERATION_ABORTED, _ABORTED))
        except Fault as fault:
            status, action, body = self._fault(fault)
        envelope = (
            f"<s:Envelope {_PREFIXES}><s:Header><a:Action>{escape(action)}</a:Action>"
            f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID><a:To>{NAMESPACES['a']}/role/anonymous</a:To>"
            f"<a:RelatesTo>{escape(request.head('a:MessageID'))}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
        )
        return status, envelope.encode()

    def _carried_out(self, request: Request, ordered: Ordered | None) -> str:
        answer = self._actions.get(request.action, self._unknown)
        if ordered is None:
            return answer(request)
        body = ""
        if ordered.after or ordered.what not in ("refused", "session_ends"):
            body = answer(request)
        if ordered.after and request.action in ("Command", "Send") and (pipeline := _pipeline(request)):
            self._shell(request).wait(uuid.UUID(pipeline), CARRIED_OUT)
        if ordered.what == "refused":
            raise Fault(ordered.code, ordered.text)
        if ordered.what == "session_ends":
            self._delete(request)
            raise Fault(CALL_FAILED, _HOST_PROCESS)
        return body

    def _fault(self, fault: Fault) -> tuple[int, str, str]:
        text = escape(str(fault))
        sender = "s:Sender" if fault.code != OPERATION_ABORTED else "s:Receiver"
        body = (
            f'<s:Fault><s:Code><s:Value>{sender}</s:Value></s:Code><s:Reason><s:Text xml:lang="en-US">{text}</s:Text></s:Reason>'
            f'<s:Detail><f:WSManFault Code="{fault.code}" Machine="{escape(self._host)}"><f:Message>{text}</f:Message></f:WSManFault>'
            "</s:Detail></s:Fault>"
        )
        return 500, NAMESPACES["w"] + "/fault", body

    def _unknown(self, request: Request) -> str:
        raise Fault(ACTION_NOT_SUPPORTED, f"The WS-Management service does not support the action {request.action}.")

    def _shell(self, request: Request) -> OpenShell:
        """The shell that the request names. Another account's shell is as good as none."""
        shell_id = request.head("w:SelectorSet/w:Selector[@Name='ShellId']").upper()
        with self._lock:
            shell = self._shells.get(shell_id)
        if shell is None or shell.session.connected_user != request.caller.account.full_name:
            raise Fault(
                UNEXPECTED_SELECTORS,
                "The WS-Management service cannot process the request because the request contained invalid selectors for the resource. "
                f"The request for the Windows Remote Shell with ShellId {shell_id} failed because the shell was not found on the server.",
            )
        return shell

    def _create(self, request: Request) -> str:
        uri = request.head("w:ResourceURI")
        endpoint = self._endpoints.get(uri.removeprefix(_SHELL_URI).lower()) if uri.startswith(_SHELL_URI) else None
        if endpoint is None:
            raise Fault(
                INVALID_RESOURCE_URI,
                f"The WS-Management service cannot process the request. The resource URI ({uri}) was not found in the WS-Management "
                "catalog. The catalog contains the metadata that describes resources, or logical endpoints.",
            )
        if not endpoint.may_enter(request.caller.account):
            raise Fault(ACCESS_DENIED, "Access is denied. ")
        with self._lock:
            own = sum(shell.session.connected_user == request.caller.account.full_name for shell in self._shells.values())
        if own >= self._max_shells:
            raise Fault(QUOTA_MAX_SHELLS, _SHELL_QUOTA.format(self._max_shells))
        element = request.element("rsp:Shell")
        shell_id = (element.get("ShellId") or str(uuid.uuid4())).upper()
        opening = base64.b64decode(element.findtext("pwsh:creationXml", "", NAMESPACES))
        shell = self._engine.open(shell_id, self._session(endpoint, request.caller), opening)
        with self._lock:
            self._shells[shell_id] = shell
        return (
            f"<x:ResourceCreated><a:Address>{escape(request.head('a:To'))}</a:Address><a:ReferenceParameters>"
            f'<w:ResourceURI>{escape(uri)}</w:ResourceURI><w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector>'
            f"</w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>{self._description(shell)}"
        )

    def _session(self, endpoint: Endpoint, caller: Caller) -> Session:
        connected = caller.account.full_name
        return Session(
            user=endpoint.run_as or connected,
            connected_user=connected,
            delegated=endpoint.run_as is not None or caller.authentication == CREDSSP,
            host=self._host,
            configuration=endpoint,
            authentication=caller.authentication,
        )

    def _description(self, shell: OpenShell) -> str:
        return (
            f"<rsp:Shell><rsp:ShellId>{shell.id}</rsp:ShellId><rsp:ResourceUri>{_SHELL_URI}{escape(shell.session.endpoint)}</rsp:ResourceUri>"
            f"<rsp:Owner>{escape(shell.session.connected_user)}</rsp:Owner><rsp:IdleTimeOut>PT7200.000S</rsp:IdleTimeOut>"
            "<rsp:InputStreams>stdin pr</rsp:InputStreams><rsp:OutputStreams>stdout</rsp:OutputStreams><rsp:State>Connected</rsp:State>"
            "</rsp:Shell>"
        )

    def _command(self, request: Request) -> str:
        shell, line = self._shell(request), request.element("rsp:CommandLine")
        pipeline_id = uuid.UUID(line.get("CommandId") or str(uuid.uuid4()))
        data = "".join(argument.text or "" for argument in line.findall("rsp:Arguments", NAMESPACES))
        shell.create_pipeline(pipeline_id, base64.b64decode(data))
        return f"<rsp:CommandResponse><rsp:CommandId>{str(pipeline_id).upper()}</rsp:CommandId></rsp:CommandResponse>"

    def _send(self, request: Request) -> str:
        shell = self._shell(request)
        for stream in request.body.findall("rsp:Send/rsp:Stream", NAMESPACES):
            command_id = stream.get("CommandId")
            data, answers = base64.b64decode(stream.text or ""), stream.get("Name") == "pr"
            shell.feed(data, uuid.UUID(command_id) if command_id else None, answers)
        return "<rsp:SendResponse/>"

    def _receive(self, request: Request) -> str:
        shell = self._shell(request)
        command_id = request.element("rsp:Receive/rsp:DesiredStream").get("CommandId")
        timeout = re.fullmatch(r"PT([\d.]+)S", request.head("w:OperationTimeout"))
        received = shell.receive(uuid.UUID(command_id) if command_id else None, float(timeout[1]) if timeout else 60.0)
        if received is None:
            raise Fault(
                TIMED_OUT,
                "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  ",
            )
        data, ended = received
        attribute = f' CommandId="{escape(command_id)}"' if command_id else ""
        reply = f'<rsp:Stream Name="stdout"{attribute}>{base64.b64encode(data).decode()}</rsp:Stream>'
        if command_id:
            reply += f'<rsp:CommandState{attribute} State="{NAMESPACES["rsp"]}/CommandState/{"Done" if ended else "Running"}"/>'
        return f"<rsp:ReceiveResponse>{reply}</rsp:ReceiveResponse>"

    def _signal(self, request: Request) -> str:
        self._shell(request).signal(uuid.UUID(request.element("rsp:Signal").get("CommandId")))
        return "<rsp:SignalResponse/>"

    def _delete(self, request: Request) -> str:
        shell = self._shell(request)
        with self._lock:
            self._shells.pop(shell.id, None)
        shell.close()
        return ""

    def _get(self, request: Request) -> str:
        """Clients ask for the envelope size before they open a shell; 500 KiB is the default since Windows 8."""
        if request.head("w:ResourceURI").startswith(NAMESPACES["cfg"]):
            return "<cfg:Config><cfg:MaxEnvelopeSizekb>500</cfg:MaxEnvelopeSizekb></cfg:Config>"
        return self._description(self._shell(request))
