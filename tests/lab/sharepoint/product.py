"""Which SharePoint a build number is, and what that means for its mail."""

from __future__ import annotations

import dataclasses

from tests.lab.engine.objects import EnumType

FIRST_ANONYMOUS_BUILD = (16, 0, 4534, 1000)
"""KB3191880 (May 2017): from here on SharePoint 2016 "sends email messages anonymously without authentication"."""


@dataclasses.dataclass(frozen=True)
class Product:
    """One build of SharePoint Server. ``name`` is ``2013``, ``2016``, ``2019`` or ``SE``, as the catalogue of cmdlets has it."""

    build: str
    name: str

    @classmethod
    def of(cls, build: str) -> Product:
        """From a build number such as ``16.0.4522.1000``. Raises ValueError when it is none.

        The boundaries are those of SharePointDsc: 2016 has a third part of four digits, 2019 one up to 12999.
        """
        numbers = tuple(int(part) for part in build.split("."))
        if len(numbers) != 4 or numbers[0] not in (15, 16):
            raise ValueError(f"{build} is no build of SharePoint 2013 or later")
        if numbers[0] == 15:
            return cls(build, "2013")
        if numbers[2] < 10000:
            return cls(build, "2016")
        return cls(build, "2019" if numbers[2] <= 12999 else "SE")

    @property
    def answers_challenges(self) -> bool:
        """True when a process answers an SMTP authentication challenge with its own account."""
        return self.name == "2016" and tuple(int(part) for part in self.build.split(".")) < FIRST_ANONYMOUS_BUILD

    @property
    def has_tls(self) -> bool:
        """True when TLS and the port are settings of a web application (SharePoint 2016 and later)."""
        return self.name != "2013"

    @property
    def title(self) -> str:
        return "Microsoft SharePoint Server Subscription Edition" if self.name == "SE" else f"Microsoft SharePoint Server {self.name}"

    @property
    def hive(self) -> str:
        """Number of the folder under ``Web Server Extensions``."""
        return self.build.partition(".")[0]

    @property
    def web_version(self) -> str:
        """The build as the MicrosoftSharePointTeamServices header has it: ``16.0.0.4522``."""
        major, minor, third, _unused = self.build.split(".")
        return f"{major}.{minor}.0.{third}"


SERVER_ROLE = EnumType(
    "Microsoft.SharePoint.Administration.SPServerRole",
    {"Invalid": 0, "WebFrontEnd": 1, "Application": 2, "SingleServerFarm": 3, "DistributedCache": 4, "Search": 5, "Custom": 6},
)
OBJECT_STATUS = EnumType("Microsoft.SharePoint.Administration.SPObjectStatus", {"Online": 0, "Disabled": 1, "Offline": 2})
URL_ZONE = EnumType(
    "Microsoft.SharePoint.Administration.SPUrlZone", {"Default": 0, "Intranet": 1, "Internet": 2, "Custom": 3, "Extranet": 4}
)
JOB_STATUS = EnumType(
    "Microsoft.SharePoint.Administration.SPRunningJobStatus",
    {"Initialized": 0, "Succeeded": 1, "Failed": 2, "Retry": 3, "Paused": 4, "Aborted": 5},
)
ALERT_FREQUENCY = EnumType("Microsoft.SharePoint.SPAlertFrequency", {"Immediate": 0, "Daily": 1, "Weekly": 2})
ALERT_STATUS = EnumType("Microsoft.SharePoint.SPAlertStatus", {"On": 0, "Off": 1})
ALERT_CHANNELS = EnumType("Microsoft.SharePoint.SPAlertDeliveryChannels", {"Email": 1, "Sms": 2}, flags=True)
EVENT_TYPE = EnumType("Microsoft.SharePoint.SPEventType", {"All": -1, "Add": 1, "Modify": 2, "Delete": 4, "Discussion": 4080})
