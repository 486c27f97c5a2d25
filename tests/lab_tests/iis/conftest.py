"""A lab in a process of its own; pypsrp and raw SMTP are its clients."""

from __future__ import annotations

import dataclasses
import os
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import imap_tools
import pytest
from pypsrp.complex_objects import GenericComplexObject
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.serializer import TaggedValue
from pypsrp.wsman import WSMan

from tests.control import Control
from tests.demo.demo import BUILD, lab
from tests.lab.iis.access import list_of_hosts
from tests.waiting import wait_for

NETWORK = int(os.environ.get("LAB_NETWORK") or 200 + os.getpid() % 50)
NAMESPACE = "root/MicrosoftIISv2"
PORT = 1025
SUBMISSION = 1587
DEADLINE = 20.0
"""Seconds after which something that was expected counts as never coming."""
MIXML = (
    '<CLASS NAME="ServerBinding"><PROPERTY NAME="IP" TYPE="string"></PROPERTY><PROPERTY NAME="Port" TYPE="string"></PROPERTY>'
    '<PROPERTY NAME="Hostname" TYPE="string"></PROPERTY></CLASS>'
)


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a pipeline gave: outputs, error records, and the state it ended in."""

    outputs: list[Any]
    errors: list[Any]

    @property
    def messages(self) -> list[str]:
        return [str(error.exception.adapted_properties["Message"]) for error in self.errors]

    @property
    def ids(self) -> list[str]:
        return [str(error.fq_error) for error in self.errors]

    @property
    def one(self) -> dict[str, Any]:
        """The properties of the only output."""
        assert self.errors == []
        (output,) = self.outputs
        return properties(output)


def properties(output: Any) -> dict[str, Any]:
    return {**output.adapted_properties, **output.extended_properties}


class Session:
    """A session on a farm server."""

    def __init__(self, pool: RunspacePool) -> None:
        self._pool = pool

    def run(self, *commands: tuple[str, dict[str, Any]]) -> Answer:
        """One pipeline of commands with named parameters."""
        shell = PowerShell(self._pool)
        for name, parameters in commands:
            shell.add_cmdlet(name).add_parameters(parameters)
        return Answer(list(shell.invoke() or []), list(shell.streams.error))

    def cmdlet(self, name: str, **parameters: Any) -> Answer:
        return self.run((name, parameters))

    def setting(self, class_name: str = "IIsSmtpServerSetting") -> Answer:
        return self.cmdlet("Get-CimInstance", Namespace=NAMESPACE, ClassName=class_name, Filter="Name='SmtpSvc/1'")

    def change(self, class_name: str = "IIsSmtpServerSetting", **values: Any) -> Answer:
        """Sets properties of the virtual server, in the form of one pipeline."""
        chosen = {"Namespace": NAMESPACE, "ClassName": class_name, "Filter": "Name='SmtpSvc/1'"}
        return self.run(("Get-CimInstance", chosen), ("Set-CimInstance", {"Property": values}))

    def install(self) -> None:
        assert self.cmdlet("Install-WindowsFeature", Name=["SMTP-Server", "Web-WMI"]).one["Success"] is True

    def restart(self) -> None:
        assert self.cmdlet("Restart-Service", Name="SMTPSVC").errors == []

    def configure(self, **values: Any) -> None:
        """A relay from nothing: installed, on the lab's port, with those settings, running."""
        self.install()
        assert self.change(ServerBindings=[binding()], **values).messages == []
        self.restart()


def octets(content: bytes) -> TaggedValue:
    return TaggedValue("BA", content)


def hosts(*addresses: str) -> TaggedValue:
    """RelayIpList for single hosts."""
    return octets(list_of_hosts(addresses))


def binding(port: str = str(PORT), address: str = "", metadata: bool = True, mixml: str = MIXML) -> GenericComplexObject:
    """A ServerBinding as a client sends it: with the type names of a CIM instance, and its class."""
    instance = GenericComplexObject()
    name = "Microsoft.Management.Infrastructure.CimInstance"
    instance.types = [f"{name}#{NAMESPACE}/ServerBinding", name, "System.Object"]
    instance.adapted_properties = {"IP": address, "Port": port, "Hostname": ""}
    if metadata:
        declared = GenericComplexObject()
        declared.types = ["System.Management.Automation.PSCustomObject", "System.Object"]
        declared.extended_properties = {
            "ClassName": "ServerBinding",
            "Namespace": NAMESPACE,
            "ServerName": "SP01",
            "Hash": 1,
            "MiXml": mixml,
        }
        instance.extended_properties = {"__ClassMetadata": [declared]}
    return instance


@dataclasses.dataclass
class Lab:
    """A running lab, seen from the controller."""

    subnet: str
    state: Path
    stack: ExitStack

    def address(self, host: str) -> str:
        return {"sp01": f"{self.subnet}.21", "sp02": f"{self.subnet}.22", "ex01": f"{self.subnet}.31", "stranger": f"{self.subnet}.99"}.get(
            host, host
        )

    def session(self, host: str = "sp01", user: str = "sp_install", password: str = "Install-Pa55 word") -> Session:
        wsman = WSMan(self.address(host), port=5985, username=f"CORP\\{user}", password=password, ssl=False, auth="ntlm")
        self.stack.enter_context(wsman)
        return Session(self.stack.enter_context(RunspacePool(wsman)))

    def ask(self, what: str, body: Any = None) -> Any:
        return Control(f"{self.subnet}.1").ask(what, body)

    def connect(self, source: str = "sp01", server: str = "sp01", port: int = PORT) -> smtplib.SMTP:
        """An SMTP client at a host's address, after EHLO."""
        client = smtplib.SMTP(
            self.address(server), port, local_hostname=f"{source}.corp.example", source_address=(self.address(source), 0), timeout=DEADLINE
        )
        self.stack.callback(client.close)
        client.ehlo()
        return client

    def send(self, subject: str, source: str = "sp01", sender: str = "svc_relay", to: str = "alice@corp.example") -> None:
        address = f"{sender}@corp.example"
        message = f"From: {address}\r\nTo: {to}\r\nSubject: {subject}\r\n\r\nhello\r\n"
        self.connect(source).sendmail(address, [to], message)

    def messages(self, mailbox: str, subject: str) -> list[imap_tools.MailMessage]:
        password = {"alice": "Alice-Pa55", "svc_relay": "Relay-Pa55"}[mailbox]
        context = ssl.create_default_context(cafile=str(self.state / "ca.pem"))
        with imap_tools.MailBox(self.address("ex01"), 1993, ssl_context=context).login(f"{mailbox}@corp.example", password) as box:
            return list(box.fetch(imap_tools.AND(subject=subject), mark_seen=False))

    def arrived(self, subject: str, mailbox: str = "alice") -> imap_tools.MailMessage:
        return wait_for(lambda: next(iter(self.messages(mailbox, subject)), None))


_taken: list[int] = []
StartLab = Callable[..., Lab]


def _starter(stack: ExitStack, folder: Path) -> StartLab:
    def start(*options: str) -> Lab:
        _taken.append(len(_taken))
        subnet = f"127.{NETWORK}.{100 + len(_taken)}"
        state = folder / f"lab-{len(_taken)}"
        stack.enter_context(lab(BUILD / "lab-venv" / "bin" / "python", state, "--subnet", subnet, *options))
        return Lab(subnet, state, stack)

    return start


@pytest.fixture
def start_lab(tmp_path: Path) -> Iterator[StartLab]:
    """Starts labs that live as long as one test; options are those of ``python -m tests.lab``."""
    with ExitStack() as stack:
        yield _starter(stack, tmp_path)


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab whose relay on sp01 works, for tests that change nothing of it."""
    with ExitStack() as stack:
        yield _starter(stack, tmp_path_factory.mktemp("relay"))("--state", "iis-relay")
