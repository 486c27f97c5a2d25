# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module's options: its documentation, read as an argument spec. There is no second place where an option is declared."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
from collections.abc import Mapping
from typing import Any, Final

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import AnsibleValidationError, UnsupportedError
from ansible.plugins.loader import fragment_loader
from ansible.utils.plugin_docs import get_docstring

from ..common.errors import BadInput
from ..common.native import native
from .masking import is_secret

COLLECTION = "sharepoint.mail"

_CARRIED = ("type", "elements", "default", "choices", "required", "aliases")
_RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")


@functools.cache
def documentation(module: str) -> dict[str, Any]:
    """The DOCUMENTATION of one of this collection's modules, fragments merged, as ansible-doc shows it."""
    path = pathlib.Path(__file__).parents[2] / "modules" / f"{module}.py"
    document = get_docstring(str(path), fragment_loader, collection_name=COLLECTION, is_module=True, plugin_type="module")[0]
    if not isinstance(document, dict):
        raise ValueError(f"{path} has no documentation")
    plain: dict[str, Any] = native(document)
    return plain


def argument_spec(options: Mapping[str, Mapping[str, Any]] | None) -> dict[str, dict[str, Any]]:
    """The argument spec that documented ``options`` mean, suboptions included. Secret options become ``no_log``."""
    spec: dict[str, dict[str, Any]] = {}
    for name, option in (options or {}).items():
        entry = {key: option[key] for key in _CARRIED if key in option}
        if "suboptions" in option:
            entry["options"] = argument_spec(option["suboptions"])
        entry["no_log"] = is_secret(name)
        deprecated = option.get("deprecated")
        if deprecated:
            version = deprecated.get("removed_in") or deprecated.get("removed_from")
            entry["removed_in_version" if version else "removed_at_date"] = version or deprecated.get("removed_at_date")
            entry["removed_from_collection"] = COLLECTION
        spec[name] = entry
    return spec


@dataclasses.dataclass(frozen=True)
class Validated:
    """Options with defaults and types applied, canonical names only; and what Ansible wants said about them."""

    options: dict[str, Any]
    warnings: list[str]
    deprecations: list[dict[str, Any]]


def validate(module: str, arguments: Mapping[str, Any], rules: Mapping[str, Any]) -> Validated:
    """Checks a task's ``arguments``, plain values, against the module's documentation and ``rules`` (``mutually_exclusive`` and so on).

    Raises BadInput with all that is wrong.
    """
    spec = argument_spec(documentation(module)["options"])
    validator = ArgumentSpecValidator(spec, **{rule: rules.get(rule) for rule in _RULES})
    result = validator.validate(_given(arguments, spec))
    if result.error_messages:
        problems = "; ".join(_sentence(error) for error in result.errors)
        raise BadInput(f"{COLLECTION}.{module}: {problems}. Nothing was changed.")
    options = _canonical(result.validated_parameters, spec)
    # Ansible offers both lists only so; community.crypto reads them likewise.
    warnings = [f"Both option {entry['option']} and its alias {entry['alias']} are set." for entry in result._warnings]
    return Validated(options, warnings, list(result._deprecations))


_EXACTLY: Final = {"bool": bool, "int": int, "list": list, "dict": dict}


def refuse_other_types(module: str, restore: Mapping[str, Any]) -> None:
    """Makes sure that the values of an earlier ``before`` have the types of the options that they have the names of, unconverted.

    What a module returned has them. Raises BadInput.
    """
    documented = documentation(module)["options"]
    for name, before in restore.items():
        for option, value in (before if isinstance(before, Mapping) else {}).items():
            entry = documented.get(option, {})
            wanted = _EXACTLY.get(entry.get("type", "raw"))
            texts = isinstance(value, list) and entry.get("elements") == "str"
            # A bool is an int, too.
            other = wanted is not None and not (isinstance(value, wanted) and isinstance(value, bool) == (wanted is bool))
            if (other and value is not None) or (texts and not all(isinstance(one, str) for one in value)):
                raise BadInput(
                    f"restore: {option} of {name} is {value!r}, which is not what this module returned as before. Nothing was changed."
                )


def _given(arguments: Mapping[str, Any], spec: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """``arguments`` without those that count as not given: null, and empty text for an option that no empty text can be a value of.

    A template that gives null gives empty text before ansible-core 2.19 (finalize of its Jinja environment), so both mean the same.
    """
    entries = {**spec, **{alias: entry for entry in spec.values() for alias in entry.get("aliases", ())}}
    return {
        name: _given_inside(value, entries.get(name, {}))
        for name, value in arguments.items()
        if value is not None and not (value == "" and name in entries and not _takes_empty_text(entries[name]))
    }


def _given_inside(value: Any, entry: Mapping[str, Any]) -> Any:
    if "options" in entry and isinstance(value, dict):
        return _given(value, entry["options"])
    if "options" in entry and isinstance(value, list):
        return [_given_inside(item, entry) for item in value]
    return value


def _takes_empty_text(entry: Mapping[str, Any]) -> bool:
    return entry.get("type", "str") in ("str", "raw") and "" in entry.get("choices", ("",))


def _sentence(error: AnsibleValidationError) -> str:
    text = str(error.msg).rstrip(". ")
    return f"unknown option {text}" if isinstance(error, UnsupportedError) else text


def _canonical(options: Mapping[str, Any], spec: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """``options`` without the aliases that Ansible leaves in."""
    canonical: dict[str, Any] = {}
    for name, entry in spec.items():
        value = options.get(name)
        if "options" in entry and isinstance(value, dict):
            value = _canonical(value, entry["options"])
        elif "options" in entry and isinstance(value, list):
            value = [_canonical(item, entry["options"]) for item in value]
        canonical[name] = value
    return canonical
