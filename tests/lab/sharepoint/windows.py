"""The few plain Windows cmdlets that tell facts about a farm server. They need neither the snap-in nor delegation."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import Any

from tests.lab.directory import NETBIOS, Directory
from tests.lab.engine.cmdlets import Call, Cmdlet, TerminatingError
from tests.lab.engine.objects import Custom, EnumType, IPAddress, Text
from tests.lab.network import DOMAIN, Network
from tests.lab.pki import Authority
from tests.lab.sharepoint.product import Product
from tests.lab.sharepoint.send_mail_message import SendMailMessage

RECORD_TYPE = EnumType("Microsoft.DnsClient.Commands.RecordType", {"A": 1, "NS": 2, "CNAME": 5, "PTR": 12, "MX": 15, "AAAA": 28})
CONNECT_TIMEOUT = 5.0
"""Seconds that Test-NetConnection waits."""
CLOSED_WITHIN = 0.3
"""Seconds within which a firewall of the lab closes what it does not let through."""


class WindowsCmdlets:
    """``cmdlets()`` gives them by lower-case name."""

    def __init__(self, network: Network, directory: Directory, pki: Authority, product: Product) -> None:
        self._network = network
        self._send_mail_message = SendMailMessage(network, directory, pki).cmdlet()
        extensions = r"C:\Program Files\Common Files\microsoft shared\Web Server Extensions"
        self._assembly = rf"{extensions}\{product.hive}\ISAPI\Microsoft.SharePoint.dll"
        self._product = product

    def cmdlets(self) -> dict[str, Cmdlet]:
        text = {"type": "string"}
        return {
            "resolve-dnsname": Cmdlet(
                "Resolve-DnsName",
                "Microsoft.DnsClient.Commands.ResolveDnsName",
                {
                    "Name": {**text, "mandatory": True, "pipeline": True},
                    "Type": text,
                    "Server": {"type": "string[]"},
                    "DnsOnly": {"type": "switch"},
                },
                self.resolve_dns_name,
            ),
            "get-item": Cmdlet(
                "Get-Item",
                "Microsoft.PowerShell.Commands.GetItemCommand",
                {
                    "Path": {"type": "string[]", "mandatory": True, "pipeline": True, "sets": ["Path"]},
                    "LiteralPath": {"type": "string[]", "mandatory": True, "sets": ["LiteralPath"]},
                    "Force": {"type": "switch"},
                },
                self.get_item,
            ),
            "test-netconnection": Cmdlet(
                "Test-NetConnection",
                "Test-NetConnection",
                {
                    "ComputerName": {**text, "pipeline": True, "position": 0},
                    "Port": {"type": "int", "range": [1, 65535]},
                    "InformationLevel": {**text, "values": ["Quiet", "Detailed"]},
                },
                self.test_net_connection,
            ),
            "send-mailmessage": self._send_mail_message,
        }

    def resolve_dns_name(self, call: Call) -> Iterable[Any]:
        name = call.get("Name")
        address = self._network.resolve(name)
        if address is None or address == name:
            call.write_error(
                TerminatingError(
                    f"{name} : DNS name does not exist",
                    "DNS_ERROR_RCODE_NAME_ERROR",
                    "ResourceUnavailable",
                    "System.ComponentModel.Win32Exception",
                    name,
                )
            )
            return []
        if str(call.get("Type", "A_AAAA")).upper() not in ("A", "A_AAAA", "ALL"):
            return []
        record = {
            "Name": name,
            "Type": RECORD_TYPE("A"),
            "CharacterSet": Text("Unicode", "Microsoft.DnsClient.Commands.DNSCharset"),
            "Section": Text("Answer", "Microsoft.DnsClient.Commands.DNSSection"),
            "DataLength": 4,
            "TTL": 3600,
            "IPAddress": address,
            "IP4Address": address,
        }
        return [Custom(["Microsoft.DnsClient.Commands.DnsRecord_A", "Microsoft.DnsClient.Commands.DnsRecord"], "", record)]

    def get_item(self, call: Call) -> Iterable[Any]:
        for path in call.get("Path") or call.get("LiteralPath"):
            if path.lower().startswith("env:"):
                yield from self._environment_variable(call, path)
                continue
            if path.lower() != self._assembly.lower():
                message = f"Cannot find path '{path}' because it does not exist."
                exception = "System.Management.Automation.ItemNotFoundException"
                call.write_error(TerminatingError(message, "PathNotFound", "ObjectNotFound", exception, path))
                continue
            numbers = [int(part) for part in self._product.build.split(".")]
            version = dict(zip(("FileMajorPart", "FileMinorPart", "FileBuildPart", "FilePrivatePart"), numbers, strict=True))
            text = f"File:             {self._assembly}\r\nFileVersion:      {self._product.build}\r\n"
            information = {"FileVersion": self._product.build, "ProductVersion": self._product.build, "FileName": self._assembly} | version
            item = {
                "Name": "Microsoft.SharePoint.dll",
                "FullName": self._assembly,
                "Exists": True,
                "VersionInfo": Custom(["System.Diagnostics.FileVersionInfo"], text, information),
            }
            yield Custom(["System.IO.FileInfo", "System.IO.FileSystemInfo", "System.MarshalByRefObject"], self._assembly, item)

    def _environment_variable(self, call: Call, path: str) -> Iterable[Any]:
        """A variable of the session's process, from the drive ``Env:``."""
        account = call.session.user.rpartition("\\")[2]
        variables = {"COMPUTERNAME": call.session.host.upper(), "USERDNSDOMAIN": DOMAIN.upper(), "USERDOMAIN": NETBIOS, "USERNAME": account}
        name = path[len("env:") :].strip("\\/").upper()
        if name not in variables:
            message = f"Cannot find path '{name}' because it does not exist."
            exception = "System.Management.Automation.ItemNotFoundException"
            call.write_error(TerminatingError(message, "PathNotFound", "ObjectNotFound", exception, path))
            return []
        entry = {"Name": name, "Key": name, "Value": variables[name]}
        return [Custom(["System.Collections.DictionaryEntry", "System.ValueType"], "System.Collections.DictionaryEntry", entry)]

    def test_net_connection(self, call: Call) -> Iterable[Any]:
        name = call.get("ComputerName", "internetbeacon.msedge.net")
        own = self._network.addresses[call.session.host]
        address = self._network.resolve(name)
        if address is None:
            call.write_warning(f"Name resolution of {name} failed")
        reached = address is not None and "Port" in call and self._connects(own, address, call.get("Port"))
        if address is not None and "Port" in call and not reached:
            call.write_warning(f"TCP connect to ({address} : {call.get('Port')}) failed")
        if call.get("InformationLevel") == "Quiet":
            return [reached if "Port" in call else address is not None]
        result = {
            "ComputerName": name,
            "RemoteAddress": IPAddress(address) if address else None,
            "NameResolutionSucceeded": address is not None,
            "PingSucceeded": address is not None and "Port" not in call,
            "RemotePort": call.get("Port", 0),
            "InterfaceAlias": "Ethernet" if address else None,
            "SourceAddress": _net_ip_address(own) if address else None,
            "TcpTestSucceeded": reached,
        }
        return [Custom(["TestNetConnectionResult"], "TestNetConnectionResult", result)]

    def _connects(self, own: str, address: str, port: int) -> bool:
        """Whether a connection comes about. What a firewall of the lab does not let through is closed as soon as it is open."""
        try:
            with socket.create_connection((address, port), CONNECT_TIMEOUT, (own, 0)) as connection:
                connection.settimeout(CLOSED_WITHIN)
                return bool(connection.recv(1))
        except TimeoutError:
            return True
        except OSError:
            return False


def _net_ip_address(address: str) -> Custom:
    """What Get-NetIPAddress gives: a CIM instance, whose text is not the address."""
    name = "Microsoft.Management.Infrastructure.CimInstance"
    properties = {"IPAddress": address, "InterfaceAlias": "Ethernet", "InterfaceIndex": 4, "PrefixLength": 24}
    text = 'MSFT_NetIPAddress (Name = ";C8;@55;", CreationClassName = "", SystemCreationClassName = "", SystemName = "")'
    return Custom([f"{name}#root/standardcimv2/MSFT_NetIPAddress", name], text, properties)
