"""Names and addresses of the lab's hosts. Each lab owns one /24 of the loopback network, so several labs can run side by side."""

from __future__ import annotations

import dataclasses

DOMAIN = "corp.example"
OUTSIDE_DOMAIN = "outside.example"
CONTROLLER = "127.0.0.1"
"""Where the controller's connections come from: Linux gives loopback connections this source address."""

# Unprivileged processes cannot bind ports below 1024, so the lab's well-known ports are the real ones plus 1000.
SMTP_PORT = 1025
ANONYMOUS_PORT = 1026
SUBMISSION_PORT = 1587
PROXY_PORT = 1717
CLIENT_PROXY_PORT = 1465
HUB_PORT = 2525
IMAPS_PORT = 1993
EWS_PORT = 2443
WINRM_PORT = 5985
EXCHANGE_HTTP_PORT = 1080
EXCHANGE_HTTPS_PORT = 1443
WEB_PORT = 8443
CENTRAL_ADMINISTRATION_PORT = 8444
CONTROL_PORT = 1999


@dataclasses.dataclass(frozen=True)
class Network:
    """The lab's name service. ``subnet`` is the first three numbers, for example ``127.0.10``; ``outside`` is the address and port of
    another mail server for the outside domain than the lab's own."""

    subnet: str = "127.0.10"
    outside: tuple[str, int] | None = None

    @property
    def addresses(self) -> dict[str, str]:
        """Short host name to address."""
        return {
            name: f"{self.subnet}.{number}"
            for name, number in {
                "lab": 1,
                "sp01": 21,
                "sp02": 22,
                "ex01": 31,
                "ex02": 32,
                "mail": 40,
                "mx": 41,
                "stranger": 99,
            }.items()
        }

    def resolve(self, name: str) -> str | None:
        """Address of a short name, of ``name.corp.example``, of the web applications' names, or of an address itself."""
        name = name.lower().rstrip(".")
        if name in self.addresses.values():
            return name
        if name in ("portal." + DOMAIN, "teams." + DOMAIN, "saml." + DOMAIN):
            return self.addresses["sp01"]
        if name in ("sql01", "sql01." + DOMAIN):
            # The farm's database server: it has a name and an address, and nothing of the lab runs on it.
            return f"{self.subnet}.51"
        if name == "relay." + DOMAIN:
            # A second name for ex01, which its certificate does not know.
            return self.addresses["ex01"]
        if name in (OUTSIDE_DOMAIN, "mx." + OUTSIDE_DOMAIN):
            return self.addresses["mx"]
        return self.addresses.get(name.removesuffix("." + DOMAIN))

    def mail_server(self, domain: str) -> tuple[str, int] | None:
        """Address and port of the server that takes mail for a domain, as an MX record would say."""
        if self.outside is not None and domain.lower() == OUTSIDE_DOMAIN:
            return self.outside
        address = self.addresses["ex01"] if domain.lower() == DOMAIN else self.resolve(domain)
        return None if address is None else (address, SMTP_PORT)
