"""Enumerations of Exchange's management objects.

Numbers of AuthMechanisms, PermissionGroups, ServerRole and MessageRateSourceFlags are those of serialized objects in
CSS-Exchange's HealthChecker test data where that data shows them; the others follow the order of the documentation.
"""

from __future__ import annotations

from tests.lab.engine.objects import EnumType

_CONFIGURATION = "Microsoft.Exchange.Data.Directory.SystemConfiguration"

AUTH_MECHANISMS = EnumType(
    f"{_CONFIGURATION}.AuthMechanisms",
    {
        "None": 0,
        "Tls": 1,
        "Integrated": 2,
        "BasicAuth": 4,
        "BasicAuthRequireTLS": 8,
        "ExchangeServer": 16,
        "ExternalAuthoritative": 32,
    },
    flags=True,
)
PERMISSION_GROUPS = EnumType(
    "Microsoft.Exchange.Data.PermissionGroups",
    {
        "None": 0,
        "AnonymousUsers": 1,
        "ExchangeUsers": 2,
        "ExchangeServers": 4,
        "ExchangeLegacyServers": 8,
        "Partners": 16,
        "Custom": 32,
    },
    flags=True,
)
SERVER_ROLE = EnumType(
    f"{_CONFIGURATION}.ServerRole",
    {"None": 0, "Mailbox": 2, "ClientAccess": 4, "UnifiedMessaging": 16, "HubTransport": 32, "Edge": 64, "FrontendTransport": 16384},
    flags=True,
)
PROTOCOL_LOGGING = EnumType("Microsoft.Exchange.Data.ProtocolLoggingLevel", {"None": 0, "Verbose": 1})
EXTENDED_PROTECTION = EnumType(f"{_CONFIGURATION}.ExtendedProtectionPolicySetting", {"None": 0, "Allow": 1, "Require": 2})
SIZE_MODE = EnumType(f"{_CONFIGURATION}.SizeMode", {"Disabled": 0, "Enabled": 1, "EnabledWithoutValue": 2})
RATE_SOURCE = EnumType(f"{_CONFIGURATION}.MessageRateSourceFlags", {"None": 0, "IPAddress": 1, "User": 2, "All": 3}, flags=True)
USAGE_TYPE = EnumType(
    "Microsoft.Exchange.Management.SystemConfigurationTasks.NewReceiveConnector+UsageType",
    {"Custom": 0, "Internet": 1, "Internal": 2, "Client": 3, "Partner": 4},
)
DIRECTORY_RIGHTS = EnumType(
    "System.DirectoryServices.ActiveDirectoryRights",
    {
        "CreateChild": 1,
        "DeleteChild": 2,
        "ListChildren": 4,
        "Self": 8,
        "ReadProperty": 16,
        "WriteProperty": 32,
        "DeleteTree": 64,
        "ListObject": 128,
        "ExtendedRight": 256,
        "Delete": 65536,
        "ReadControl": 131072,
        "GenericExecute": 131076,
        "GenericWrite": 131112,
        "GenericRead": 131220,
        "WriteDacl": 262144,
        "WriteOwner": 524288,
        "GenericAll": 983551,
        "Synchronize": 1048576,
        "AccessSystemSecurity": 16777216,
    },
    flags=True,
)
INHERITANCE = EnumType(
    "System.DirectoryServices.ActiveDirectorySecurityInheritance",
    {"None": 0, "All": 1, "Descendents": 2, "SelfAndChildren": 3, "Children": 4},
)
OBJECT_STATE = EnumType("Microsoft.Exchange.Data.ObjectState", {"New": 0, "Unchanged": 1, "Changed": 2, "Deleted": 3})
DOMAIN_TYPE = EnumType(f"{_CONFIGURATION}.AcceptedDomainType", {"Authoritative": 0, "ExternalRelay": 1, "InternalRelay": 2})
RECIPIENT_TYPE = EnumType(
    "Microsoft.Exchange.Data.Directory.Recipient.RecipientType",
    {"Invalid": 0, "User": 1, "UserMailbox": 2, "MailUser": 3, "Contact": 4, "MailContact": 5, "MailUniversalDistributionGroup": 7},
)
RECIPIENT_TYPE_DETAILS = EnumType(
    "Microsoft.Exchange.Data.Directory.Recipient.RecipientTypeDetails",
    {"None": 0, "UserMailbox": 1, "MailContact": 64, "MailUser": 128, "MailUniversalDistributionGroup": 256},
    flags=True,
)
