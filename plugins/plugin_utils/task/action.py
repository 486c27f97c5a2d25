# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base class of this collection's action plugins: everything between a task and a session, and from errors to results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ansible.plugins.action import ActionBase

from ..common.errors import BadInput, MailError
from ..common.native import native
from ..remoting.connection import Opened, open_session
from ..remoting.session import Session
from ..resource import loop
from ..resource.declaration import Resource
from .masking import Masker, secrets_in
from .options import COLLECTION, refuse_other_types, validate


class MailAction(ActionBase):  # type: ignore[misc]  # ansible-core ships no types
    """One module. A subclass implements ``perform`` and raises MailError for what can go wrong.

    Its options are those of plugins/modules/<name>.py's DOCUMENTATION. ``self.session()`` is the PowerShell session of the
    task's host, opened on first use. ``self.check_mode`` must be honoured by ``perform``.
    """

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    needs_connection: ClassVar[bool] = True
    """False for a module that talks to no PowerShell host: Ansible then makes no connection."""
    mutually_exclusive: ClassVar[Sequence[Any] | None] = None
    required_together: ClassVar[Sequence[Any] | None] = None
    required_one_of: ClassVar[Sequence[Any] | None] = None
    required_if: ClassVar[Sequence[Any] | None] = None
    required_by: ClassVar[Mapping[str, Any] | None] = None
    _opened: Opened | None = None

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls._requires_connection = cls.needs_connection

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        """Does the module's work. ``options`` are validated, of plain types, with ``None`` for what is not given.

        Returns the result without ``failed`` and ``invocation``; ``changed`` defaults to false. Raises MailError.
        """
        raise NotImplementedError

    @property
    def module(self) -> str:
        """The module's short name."""
        return str(self._task.action).rpartition(".")[2]

    @property
    def check_mode(self) -> bool:
        return bool(self._task.check_mode)

    @property
    def host(self) -> str:
        """The host of the task for messages: the one delegated to, or that the variable ``sharepoint_mail_host`` names, if any.

        A task that gives its connection another host with variables of its own says so with that variable: roles/exchange_access.
        """
        named = self._variable("sharepoint_mail_host")
        return str(native(self._task.delegate_to or named or self._task_vars.get("inventory_hostname", "localhost")))

    def _variable(self, name: str) -> str:
        """A variable of the task as text; empty where it is not set."""
        return str(native(self._templar.template(self._task_vars.get(name) or "")) or "")

    def address_of(self, host: str) -> str:
        """Where the controller reaches ``host``: a host of the inventory at its ``ansible_host``, any other as it is called."""
        known = self._task_vars.get("hostvars") or {}
        return str(native(known[host].get("ansible_host")) or host) if host in known else host

    def session(self) -> Session:
        """The session on the task's host. Raises Unreachable, AuthenticationRefused, EndpointMissing or BadInput."""
        if self._opened is None:
            self._opened = open_session(self._connection, self.host, self._variable("sharepoint_mail_locale"))
        return self._opened.session

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        self._opened = None
        self._task_vars = task_vars or {}
        result: dict[str, Any] = super().run(tmp, task_vars)
        secrets = self._connection_secrets()
        try:
            arguments = self._arguments()
            secrets |= secrets_in(arguments)
            result["invocation"] = {"module_args": arguments}
            self._refuse_become()
            validated = validate(self.module, arguments, {rule: getattr(self, rule) for rule in _RULES})
            secrets |= secrets_in(validated.options)
            result["invocation"] = {"module_args": validated.options}
            result["warnings"] = [*result.get("warnings", []), *validated.warnings]
            result["deprecations"] = [*result.get("deprecations", []), *validated.deprecations]
            result.update({"changed": False, **self.perform(validated.options)})
        except MailError as error:
            result.update(failed=True, changed=error.changed, msg=error.message)
            if error.before is not None:
                result["before"] = error.before
        finally:
            self._close()
        if not self._task.diff:
            result.pop("diff", None)
        masked: dict[str, Any] = Masker(secrets).value(result)
        return masked

    def _close(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _arguments(self) -> dict[str, Any]:
        """What the task says, as plain values."""
        try:
            plain: dict[str, Any] = native(self._task.args)
        except TypeError as error:
            raise BadInput(f"{COLLECTION}.{self.module}: {error}. Nothing was changed.") from error
        return plain

    def _refuse_become(self) -> None:
        """Ansible ignores become for an action plugin that uses the connection itself, without a word."""
        if self._play_context.become:
            raise BadInput(
                f"{COLLECTION}.{self.module} cannot use become: it uses PowerShell remoting itself, and Ansible would "
                f"silently ignore become. Nothing was changed. Set become: false for this task and use a connection account "
                f"(ansible_user) that is allowed to do this."
            )

    def _connection_secrets(self) -> set[str]:
        """The connection's own passwords: a host may echo them too."""
        if not self.needs_connection:
            return set()
        found = set()
        for name in ("remote_password", "certificate_key_password"):
            try:
                found.add(str(native(self._connection.get_option(name)) or ""))
            except KeyError:  # not every connection plugin has it
                continue
        return found - {""}


_RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")


class ResourceAction(MailAction):
    """A module that brings one kind of resource into a state, asked for or earlier, by the loop of ``plugin_utils/resource``."""

    resource: ClassVar[type[Resource]]

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        # Wrong input is found before a session is opened.
        if options["restore"] is None:
            items = self.resource.items(options)
        else:
            refuse_other_types(self.module, options["restore"])
            items = loop.restoring_items(self.resource, options["restore"], options)
        if not items:
            return dict(loop.NOTHING_TO_DO)
        return loop.converge(self.resource(self.session(), options), items, check_mode=self.check_mode)
