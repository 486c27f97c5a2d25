"""Web applications: their mail settings as the configuration database keeps them, and the objects that a session holds of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.lab.engine.objects import Method, NetException, Uri
from tests.lab.sharepoint.persisted import PersistedObject, SPApplicationPool, SPManagedAccount, SPServer, SPServiceInstance
from tests.lab.sharepoint.product import Product

DEFAULT_SMTP_PORT = 25
"""What an omitted port means ("the default SMTP server port", Set-SPWebApplication). The lab's own servers listen on 1025."""
UTF8 = 65001

NULLABLE = ("enable_ssl", "override_envelope_sender")
"""Settings that are true, false or null."""

UPDATE_CONFLICT = "An update conflict has occurred, and you must re-try this action."


@dataclasses.dataclass(frozen=True)
class MailSettings:
    """Outgoing mail of one web application. ``server`` None: no SMTP server is set. ``enable_ssl``: STARTTLS is required."""

    server: str | None = None
    sender: str = ""
    reply_to: str = ""
    code_page: int = UTF8
    enable_ssl: bool | None = False
    port: int = DEFAULT_SMTP_PORT
    override_envelope_sender: bool | None = None


@dataclasses.dataclass
class WebApplication:
    """What the configuration database keeps of a web application. ``claims_only``: people sign in through a SAML provider only."""

    name: str
    url: str
    account: str
    mail: MailSettings
    central_administration: bool = False
    claims_only: bool = False
    alerts_enabled: bool = True
    version: int = 1

    @property
    def authority(self) -> str:
        """Host and port, as a Host header names them."""
        return self.url.removeprefix("https://").rstrip("/")

    @property
    def content_database(self) -> str:
        return "SharePoint_AdminContent" if self.central_administration else f"WSS_Content_{self.name}"


class SPWebApplication(PersistedObject):
    """A web application as one session holds it: what is set on it counts for others only after ``Update()``.

    Source: SPPersistedObject.Update ("saves the current state of the object to the database").
    """

    classes: tuple[str, ...] = ("SPWebApplication", "SPPersistedUpgradableObject")

    def __init__(self, state: WebApplication, product: Product, find_server: Callable[[str], SPServer], jobs: Callable[[], Sequence[Any]]):
        if state.central_administration:
            self.classes = ("SPAdministrationWebApplication", *SPWebApplication.classes)
        super().__init__(state.name, state.url)
        self.state = state
        self._product = product
        self._find_server = find_server
        self._jobs = jobs
        self._version = state.version
        self._mail = state.mail
        self._alerts_enabled = state.alerts_enabled

    def own_properties(self) -> Mapping[str, Any]:
        server = self._mail.server
        return {
            "Url": Uri(self.state.url),
            "IsAdministrationWebApplication": self.state.central_administration,
            "ApplicationPool": SPApplicationPool(f"SharePoint - {self.state.name}", SPManagedAccount(self.state.account)),
            "OutboundMailServiceInstance": outbound_mail_service(self._find_server(server)) if server else None,
            "AlertsEnabled": self._alerts_enabled,
            "JobDefinitions": list(self._jobs()),
        } | {name: getattr(self._mail, field) for name, field in self._mail_properties().items()}

    def _mail_properties(self) -> dict[str, str]:
        names = {"OutboundMailSenderAddress": "sender", "OutboundMailReplyToAddress": "reply_to", "OutboundMailCodePage": "code_page"}
        if self._product.has_tls:
            names |= {
                "OutboundMailEnableSsl": "enable_ssl",
                "OutboundMailPort": "port",
                "OutboundMailOverrideEnvelopeSender": "override_envelope_sender",
            }
        return names

    def settable(self) -> frozenset[str]:
        return frozenset(self._mail_properties()) | {"AlertsEnabled"}

    def declared_types(self) -> Mapping[str, str]:
        return {name: "bool | None" for name, field in self._mail_properties().items() if field in NULLABLE}

    def set_property(self, name: str, value: Any) -> None:
        if name == "AlertsEnabled":
            self._alerts_enabled = bool(value)
        elif name in self._mail_properties():
            field = self._mail_properties()[name]
            change: dict[str, Any] = {field: _nullable_bool(value) if field in NULLABLE else value}
            self._mail = dataclasses.replace(self._mail, **change)
        else:
            super().set_property(name, value)

    def methods(self) -> Mapping[str, Sequence[Method]]:
        overloads: list[Method] = [self.update_mail_settings]
        if self._product.has_tls:
            overloads.append(self.update_mail_settings_with_tls)
        return {"Update": [self.update], "UpdateMailSettings": overloads}

    def update(self) -> None:
        """Raises NetException when somebody else has saved the same web application since this object was read."""
        if self.state.version != self._version:
            raise NetException(UPDATE_CONFLICT, "Microsoft.SharePoint.Administration.SPUpdatedConcurrencyException")
        if self._mail.server:
            self._find_server(self._mail.server)
        self.state.mail = self._mail
        self.state.alerts_enabled = self._alerts_enabled
        self.state.version += 1
        self._version = self.state.version

    def update_mail_settings(self, server: str, sender: str, reply_to: str, code_page: int) -> None:
        """The overload of all versions; TLS and port stay."""
        self._mail = dataclasses.replace(self._mail, server=server or None, sender=sender, reply_to=reply_to, code_page=code_page)
        self.update()

    def update_mail_settings_with_tls(
        self, server: str, sender: str, reply_to: str, code_page: int, enable_ssl: bool | None, port: int
    ) -> None:
        """The overload of SharePoint 2016 and later."""
        self._mail = dataclasses.replace(self._mail, enable_ssl=enable_ssl, port=port)
        self.update_mail_settings(server, sender, reply_to, code_page)


def _nullable_bool(value: Any) -> bool | None:
    """The engine cannot tell the type of a property that is null, and then hands over text."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return None if value is None else bool(value)


def outbound_mail_service(server: SPServer) -> SPServiceInstance:
    """The mail service instance that makes an SMTP server a server of the farm."""
    return SPServiceInstance("SPOutboundMailServiceInstance", "Microsoft SharePoint Foundation Outgoing E-Mail", server)
