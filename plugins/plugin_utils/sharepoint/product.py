# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which SharePoint a build is, and what that means for its mail."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, Final

ANONYMOUS_SINCE: Final = (16, 0, 4534, 1000)
"""First build of SharePoint 2016 with KB3191880 (May 2017, sts2016): it "sends email messages anonymously without authentication"."""

ALL: Final = frozenset({"2013", "2016", "2019", "SE"})
SINCE_2016: Final = ALL - {"2013"}

_BUILD = re.compile(r"(\d+)\.(\d+)\.(\d+)\.(\d+)")


@dataclasses.dataclass(frozen=True)
class Product:
    """A build of SharePoint Server, such as ``16.0.4522.1000``."""

    build: tuple[int, int, int, int]

    @classmethod
    def parse(cls, text: str) -> Product | None:
        """From a version or a file version, which may carry more text behind the numbers."""
        match = _BUILD.match(text.strip())
        return None if match is None else cls((int(match[1]), int(match[2]), int(match[3]), int(match[4])))

    def __str__(self) -> str:
        return ".".join(map(str, self.build))

    @property
    def name(self) -> str:
        """``2013``, ``2016``, ``2019`` or ``SE``. Boundaries: SharePointDsc, which goes by the third number."""
        if self.build[0] < 16:
            return "2013"
        if self.build[2] < 10000:
            return "2016"
        return "2019" if self.build[2] < 13000 else "SE"

    def answers_challenges(self) -> dict[str, Any]:
        """Whether its processes answer an SMTP server's challenge with their own accounts: ``value`` and ``reason``."""
        if self.name != "2016":
            return {
                "value": False,
                "reason": f"SharePoint {self.name} ({self}) authenticates only with credentials that it was given, or not at all: "
                f"only SharePoint 2016 before KB3191880 answers a challenge with its own account.",
            }
        since = ".".join(map(str, ANONYMOUS_SINCE))
        if self.build >= ANONYMOUS_SINCE:
            return {
                "value": False,
                "reason": f"Build {self} has KB3191880 (May 2017, {since} and later), which makes SharePoint 2016 send anonymously.",
            }
        return {
            "value": True,
            "reason": f"Build {self} is older than KB3191880 (May 2017, {since}): each process answers an SMTP server's NTLM "
            f"challenge with its own account.",
        }
