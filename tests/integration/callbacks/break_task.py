# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes each task that starts, and lets one of them fail: by a template that breaks, or by faults of the lab while it runs."""

from __future__ import annotations

import json
import os
import urllib.request
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: break_task
type: aggregate
short_description: Lets one task of a play fail
description:
  - E(BREAK_TASK) is JSON with C(list), a file that gets the name of each task that starts, and to break one of them its C(number) in
    that list and either C(template), or C(faults) and C(control), the address of the lab's control server; or null, to do nothing.
requirements:
  - the environment variable E(BREAK_TASK)
"""


def _trusted(template: str) -> str:
    """Since ansible-core 2.19 text is a template only where its author is trusted."""
    try:
        from ansible.template import trust_as_template
    except ImportError:
        return template
    trusted: str = trust_as_template(template)
    return trusted


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "break_task"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._order: dict[str, Any] | None = json.loads(os.environ["BREAK_TASK"])
        self._started = 0
        self._broken: tuple[Any, list[Any]] | None = None

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        if self._order is None:
            return
        self._mend()
        number, self._started = self._started, self._started + 1
        with open(self._order["list"], "a", encoding="utf-8") as file:
            file.write(json.dumps({"name": task.get_name(), "action": task.action}) + "\n")
        if number != self._order.get("number"):
            return
        if "template" in self._order:
            self._broken = (task, list(task.when))
            task.when = [_trusted("this_template_breaks.here")]
        else:
            self._broken = (task, list(task.when))
            self._post(self._order["faults"])

    v2_playbook_on_handler_task_start = v2_playbook_on_task_start

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._mend()

    def _mend(self) -> None:
        """The same task may run again, to restore or to verify; then it is whole."""
        if self._broken is None:
            return
        task, when = self._broken
        self._broken, task.when = None, when
        if self._order and "faults" in self._order:
            self._post([])

    def _post(self, faults: list[Any]) -> None:
        assert self._order is not None
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        opener.open(f"http://{self._order['control']}:1999/faults", data=json.dumps(faults).encode(), timeout=30).close()
