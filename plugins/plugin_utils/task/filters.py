# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a pure function to a filter of this collection."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..common.native import native

try:
    from ansible.utils.unsafe_proxy import wrap_var
except ImportError:  # ansible-core 2.19 and later evaluate no text that nobody told them to trust, and will drop this function

    def wrap_var(v: Any) -> Any:
        return v


def as_filter(function: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
    """The one filter of a plugin, by its name, for ``FilterModule.filters``.

    The function gets plain values. What it makes of them came from hosts, so Ansible is told not to evaluate it as a template.
    The filter raises AnsibleFilterError for facts that are not such as the other modules return.
    """
    name = function.__name__

    @functools.wraps(function)
    def checked(*given: Any, **named: Any) -> Any:
        try:
            return wrap_var(function(*native(given), **native(named)))
        except (KeyError, TypeError, ValueError) as error:
            raise AnsibleFilterError(f"sharepoint.mail.{name}: {error}") from error

    return {name: checked}
