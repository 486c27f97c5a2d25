"""The lab's certificate authority, made anew at each start, and a certificate for each host."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

from tests.lab.network import DOMAIN, OUTSIDE_DOMAIN, Network


def names_of(network: Network, host: str) -> list[str]:
    """The names and the address that stand in a host's certificate; ``host`` is a short name such as ``ex01``."""
    address = network.addresses[host]
    if host == "mx":
        return [f"mx.{OUTSIDE_DOMAIN}", OUTSIDE_DOMAIN, address]
    # Every web server of a farm answers for every web application, whichever of them the name service points at.
    web = [f"{name}.{DOMAIN}" for name in ("portal", "teams", "saml")] if host.startswith("sp") else []
    balanced = [f"mail.{DOMAIN}"] if host.startswith("ex") else []
    return [f"{host}.{DOMAIN}", host, *web, *balanced, address]


class Authority:
    """One certificate authority; host certificates are made when first asked for."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._authority = trustme.CA(organization_name="corp.example lab")
        self._contexts: dict[str, ssl.SSLContext] = {}

    def host_context(self, host: str) -> ssl.SSLContext:
        """A server-side TLS context with the host's certificate."""
        if host not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.maximum_version = ssl.TLSVersion.TLSv1_2  # Windows Server 2016 knows no later one
            self._authority.issue_cert(*names_of(self.network, host), common_name=names_of(self.network, host)[0]).configure_cert(context)
            self._contexts[host] = context
        return self._contexts[host]

    def client_context(self) -> ssl.SSLContext:
        """A client-side TLS context that trusts this authority and nothing else."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._authority.configure_trust(context)
        return context

    def write(self, path: Path) -> None:
        """Writes the authority's certificate as PEM."""
        self._authority.cert_pem.write_to_path(str(path))
