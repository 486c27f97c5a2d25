"""Which host a cmdlet is about, who may change it, and how cmdlets of the operating system are declared."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from tests.lab.directory import Directory
from tests.lab.engine.cmdlets import Call
from tests.lab.iis.machine import Machine

TEXT: Mapping[str, Any] = {"type": "string"}
TEXTS: Mapping[str, Any] = {"type": "string[]"}
SWITCH: Mapping[str, Any] = {"type": "switch"}
ASKS: Mapping[str, Any] = {"WhatIf": SWITCH, "Confirm": SWITCH}
"""What a cmdlet that changes something has besides its own parameters."""
NOT_FOUND = "System.Management.Automation.ItemNotFoundException"


@dataclasses.dataclass(frozen=True)
class Administration:
    """The machines by host name. The role ``farm`` stands for membership in their local administrators."""

    machines: Mapping[str, Machine]
    directory: Directory

    def machine(self, call: Call) -> Machine:
        return self.machines[call.session.host]

    def allowed(self, call: Call) -> bool:
        account = self.directory.find(call.session.user)
        return account is not None and "farm" in account.roles
