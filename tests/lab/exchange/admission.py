"""What a receive connector lets an SMTP client do: the rules, without the protocol around them."""

from __future__ import annotations

import dataclasses

from tests.lab.directory import Account
from tests.lab.engine.objects import EnumValue
from tests.lab.exchange import rights
from tests.lab.exchange.connectors import ReceiveConnector
from tests.lab.exchange.recipients import Mailbox
from tests.lab.exchange.state import State
from tests.lab.network import SUBMISSION_PORT

CANNOT_SEND_AS = "550 5.7.60 SMTP; Client does not have permissions to send as this sender"


@dataclasses.dataclass
class Visitor:
    """A client of one connector: who it is by now, and whether the session is encrypted."""

    state: State
    connector: ReceiveConnector
    remote: str
    account: Account | None = None
    encrypted: bool = False

    @property
    def externally_secured(self) -> bool:
        return "ExternalAuthoritative" in self.connector.authentication

    @property
    def rights(self) -> frozenset[str]:
        return self._rights_as(self.account)

    @property
    def internal(self) -> bool:
        """Whether messages count as authenticated: an account logged on, or the connector vouches for whoever comes."""
        return self.account is not None or rights.AUTHENTICATION_FLAG in self.rights

    @property
    def auth_mechanisms(self) -> list[str]:
        """What AUTH offers now, in the order of the EHLO line."""
        authentication = self.connector.authentication
        if "auth-never-offered" in self.state.mutants or self.account is not None:
            return []
        integrated = ["GSSAPI", "NTLM"] if self.connector.settings["EnableAuthGSSAPI"] else ["NTLM"]
        login_allowed = "BasicAuth" in authentication and ("BasicAuthRequireTLS" not in authentication or self.encrypted)
        return [*(integrated if "Integrated" in authentication else []), *(["LOGIN"] if login_allowed else [])]

    def may_submit_as(self, account: Account) -> bool:
        """Whether an account that just proved itself may send mail through this connector."""
        return rights.SUBMIT in self._rights_as(account)

    def _rights_as(self, account: Account | None) -> frozenset[str]:
        principals = [rights.ANONYMOUS] if account is None else [rights.AUTHENTICATED, account.full_name]
        if account is None and self.externally_secured:
            principals = [rights.EXTERNALLY_SECURED]
        return self.state.access.rights(self.connector.distinguished_name, principals)

    def refuse_sender(self, sender: str) -> str | None:
        """The reply to MAIL FROM, or None when it may go on."""
        if not self.connector.server.transport_active:
            return "412 4.3.2 Service not active"
        if self.connector.settings["RequireTLS"] and not self.encrypted and "tls-not-required" not in self.state.mutants:
            return "451 5.7.3 Must issue a STARTTLS command first"
        mine = self.rights
        if rights.SUBMIT not in mine:
            return "530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM"
        if self.account is not None or not sender:
            return None
        internal = self.state.accepts(sender)
        if rights.AUTHORITATIVE_SENDER not in mine if internal else rights.ANY_SENDER not in mine:
            return CANNOT_SEND_AS
        return None

    def refuse_recipient(self, recipient: str) -> str | None:
        """The reply to RCPT TO, or None when it may go on."""
        if not self.state.accepts(recipient):
            allowed = rights.ANY_RECIPIENT in self.rights or "relay-for-anyone" in self.state.mutants
            return None if allowed else "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain"
        if self.state.recipient(recipient) is None:
            return "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"
        return None

    def refuse_message(self, senders: set[str]) -> str | None:
        """The reply to the end of DATA. ``senders``: envelope sender and From; an account sends as itself, or as who granted it Send As."""
        if self.account is None or rights.ANY_SENDER in self.rights:
            return None
        return next((CANNOT_SEND_AS for address in sorted(senders) if address and not self._may_send_as(self.account, address)), None)

    def _may_send_as(self, account: Account, address: str) -> bool:
        owner = self.state.recipient(address)
        if owner is None:
            return False
        if isinstance(owner, Mailbox) and owner.account == account:
            return True
        mailbox = owner.distinguished_name

        def look_up() -> bool:
            return rights.SEND_AS in self.state.access.rights(mailbox, [account.full_name])

        return self.state.mailbox_cache.believes(account.full_name, mailbox, look_up)

    def keywords(self) -> list[str]:
        """What EHLO lists after the greeting, in Exchange's order.

        X-ANONYMOUSTLS, X-EXPS and XRDST are for other Exchange servers; they are shown, as nobody else asks for them.
        """
        settings, authentication = self.connector.settings, self.connector.authentication
        mechanisms = self.auth_mechanisms
        exchange = "ExchangeServer" in authentication
        size_line = f"SIZE {settings['MaxMessageSize']}" if str(settings["SizeEnabled"]) == "Enabled" else "SIZE"
        lines = [
            (size_line, str(settings["SizeEnabled"]) != "Disabled"),
            ("PIPELINING", settings["PipeliningEnabled"]),
            ("DSN", settings["DeliveryStatusNotificationEnabled"]),
            ("ENHANCEDSTATUSCODES", settings["EnhancedStatusCodesEnabled"]),
            ("STARTTLS", "Tls" in authentication and not self.encrypted),
            ("X-ANONYMOUSTLS", exchange and not self.encrypted and not settings["SuppressXAnonymousTls"]),
            (f"AUTH {' '.join(mechanisms)}", bool(mechanisms)),
            ("X-EXPS GSSAPI NTLM", exchange),
            ("8BITMIME", settings["EightBitMimeEnabled"]),
            ("XRDST", exchange),
        ]
        return [keyword for keyword, shown in lines if shown]

    def hub_connector(self) -> str:
        """The hub connector that takes the message: the client's own, or the one that the frontend passes it on to: for the submission
        port the server's client proxy, else its default one."""
        hub: EnumValue = self.connector.role
        name = self.connector.server.name
        submission = any(binding.port == SUBMISSION_PORT for binding in self.connector.bindings)
        behind = f"{name}\\{'Client Proxy' if submission else 'Default'} {name}"
        return self.connector.identity if "HubTransport" in hub else behind
