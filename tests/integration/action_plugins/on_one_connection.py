# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs several actions over one connection, as an action plugin that calls others does."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import MailError
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.connection import open_session
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.pipeline import cmdlet

INFO = "sharepoint.mail.connection_info"


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core ships no types
    """``steps`` are ``open`` (what Ansible's own modules do first), ``info`` (a module of the collection), ``ask`` (a cmdlet that asks
    something, in a session of the collection) and ``script`` (what Ansible's own modules do then).

    Returns for each the id of the runspace that is open after it, or None, and what it said."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        steps = self._task.args["steps"]
        said, runspaces = [], []
        for step in steps:
            said.append(getattr(self, f"_{step}")(task_vars))
            pool = self._connection.runspace
            runspaces.append(None if pool is None else pool.id)
        return {**result, "said": said, "runspaces": runspaces}

    def _open(self, task_vars: Any) -> str:
        self._connection._connect()
        return ""

    def _info(self, task_vars: Any) -> str:
        task = self._task.copy()
        task.action, task.args = INFO, {}
        action = self._shared_loader_obj.action_loader.get(
            INFO,
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        outcome = action.run(task_vars=task_vars)
        return str(outcome["msg"]) if outcome.get("failed") else ""

    def _ask(self, task_vars: Any) -> str:
        opened = open_session(self._connection, "sp01")
        try:
            return f"answered: {opened.session.write(cmdlet('Read-Host', Prompt='Which farm'))}"
        except MailError as error:
            return error.message
        finally:
            opened.close()

    def _script(self, task_vars: Any) -> str:
        _code, _stdout, stderr = self._connection.exec_command("whoami")
        return str(stderr, "utf-8")
