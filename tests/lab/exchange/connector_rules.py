"""What a receive connector may not be: rules for its settings, and conflicts with others of its server.

Rules: New-ReceiveConnector and Set-ReceiveConnector (Exchange PowerShell documentation).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.lab.engine.objects import EnumValue
from tests.lab.exchange.connectors import ReceiveConnector
from tests.lab.exchange.errors import TaskError, invalid
from tests.lab.exchange.ranges import IPBinding, IPRange

_TASKS = "Microsoft.Exchange.Management.SystemConfigurationTasks"
_INT_MAX = 2**31 - 1
_NUMBERS = {
    "MaxMessageSize": (65536, _INT_MAX),
    "MaxHeaderSize": (1, _INT_MAX),
    "MaxRecipientsPerMessage": (1, 512000),
    "MaxHopCount": (1, 500),
    "MaxLocalHopCount": (0, 50),
    "MaxLogonFailures": (0, 10),
    "MaxProtocolErrors": (0, _INT_MAX),
    "MaxInboundConnection": (1, _INT_MAX),
    "MaxInboundConnectionPerSource": (1, 10000),
    "MaxInboundConnectionPercentagePerSource": (1, 100),
    "MessageRateLimit": (1, _INT_MAX),
}


def check_settings(settings: Mapping[str, Any], groups: EnumValue) -> None:
    """Raises TaskError for a value or a combination that the product refuses."""
    for name, (low, high) in _NUMBERS.items():
        if settings[name] is not None and not low <= settings[name] <= high:
            raise invalid(f"The value {settings[name]} of property {name} is out of range: it must be between {low} and {high}.")
    if not settings["Bindings"] or not settings["RemoteIPRanges"]:
        raise invalid("A Receive connector needs at least one local IP address binding and one remote IP address range.")
    if settings["ConnectionTimeout"] <= settings["ConnectionInactivityTimeout"]:
        raise invalid("The value of ConnectionTimeout must be greater than the value of ConnectionInactivityTimeout.")
    if settings["Banner"] and not settings["Banner"].startswith("220"):
        raise invalid('The SMTP banner must start with "220".')
    if "Custom" in groups:
        raise invalid("The value Custom can't be set for the PermissionGroups parameter.")
    _check_authentication(settings["AuthMechanism"], settings, groups)


def _check_authentication(authentication: EnumValue, settings: Mapping[str, Any], groups: EnumValue) -> None:
    attribute = "AuthMechanism attribute on a Receive connector contains the value"
    if "BasicAuthRequireTLS" in authentication and not {"BasicAuth", "Tls"} <= _names(authentication):
        raise invalid(f"If the {attribute} BasicAuthRequireTLS, it must also contain the values BasicAuth and Tls.")
    if "ExternalAuthoritative" in authentication:
        if _names(authentication) - {"ExternalAuthoritative", "Tls"}:
            raise invalid(f"If the {attribute} ExternalAuthoritative, the only other value it can contain is Tls.")
        if "ExchangeServers" not in groups:
            raise invalid(
                f"If the {attribute} ExternalAuthoritative, the PermissionGroups attribute must contain the value ExchangeServers."
            )
    if settings["RequireTLS"] and "Tls" not in authentication:
        raise invalid("If RequireTLS is set to $true, the AuthMechanism attribute must contain the value Tls.")
    if settings["DomainSecureEnabled"] and ("Tls" not in authentication or "ExternalAuthoritative" in authentication):
        raise invalid("If DomainSecureEnabled is set to $true, AuthMechanism must contain Tls and can't contain ExternalAuthoritative.")


def _names(value: EnumValue) -> set[str]:
    return {name for name in value.type.members if name in value}


def check_conflicts(connector: ReceiveConnector, settings: Mapping[str, Any], others: Iterable[ReceiveConnector]) -> None:
    """Raises TaskError when another connector of the server takes the same connections.

    Across transport roles a shared address and port is refused whatever the ranges. Within a role the ranges must differ, and
    where they overlap one must lie inside the other.
    """
    for other in others:
        if other is connector or other.server is not connector.server:
            continue
        text = (
            "The values that you specified for the Bindings and RemoteIPRanges parameters conflict with the settings on Receive "
            f'connector "{other.identity}". '
        )
        if other.role != settings["TransportRole"]:
            if any(_overlap(mine, its) for mine in settings["Bindings"] for its in other.bindings):
                rule = (
                    "Receive connectors assigned to different Transport roles on a single server must listen on unique local IP "
                    "address & port bindings."
                )
                raise TaskError(text + rule, f"{_TASKS}.ReceiveConnectorRoleConflictException")
        elif set(settings["Bindings"]) & set(other.bindings) and any(
            _ambiguous(mine, its) for mine in settings["RemoteIPRanges"] for its in other.ranges
        ):
            rule = (
                "Receive connectors assigned to a single server must have unique combinations of local IP address & port bindings "
                "and remote IP address ranges. Change at least one of these values."
            )
            raise TaskError(text + rule, f"{_TASKS}.ConnectorMappingConflictException")


def _overlap(mine: IPBinding, its: IPBinding) -> bool:
    same_family = mine.address.version == its.address.version
    return (
        mine.port == its.port and same_family and (mine.address == its.address or mine.address.is_unspecified or its.address.is_unspecified)
    )


def _ambiguous(mine: IPRange, its: IPRange) -> bool:
    if mine.same_as(its):
        return True
    inside = (mine.low in its and mine.high in its) or (its.low in mine and its.high in mine)
    return not inside and (mine.low in its or mine.high in its)
