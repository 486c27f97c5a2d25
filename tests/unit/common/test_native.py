# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever Ansible hands out, plain values come in: its own classes of the core that runs, in any nesting."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible.parsing.yaml.objects import AnsibleMapping, AnsibleSequence, AnsibleUnicode
from ansible.utils.unsafe_proxy import wrap_var
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.native import native
from ansible_collections.sharepoint.mail.plugins.plugin_utils.task import options
from ansible_collections.sharepoint.mail.plugins.plugin_utils.task.filters import as_filter

pytestmark = pytest.mark.every_core

LEAVES = (bool, int, float, str, bytes, datetime.date, datetime.datetime, datetime.time, type(None))


def _tags() -> list[Callable[[Any], Any]]:
    """What ansible-core 2.19 and later put on values, one by one; nothing before."""
    try:
        from ansible._internal._datatag._tags import Origin, TrustedAsTemplate
    except ImportError:
        return []
    return [Origin(path="/play.yml", line_num=1).try_tag, TrustedAsTemplate().try_tag]


def _of_yaml(value: Any) -> Any:
    """As the playbook's YAML is read: strings, lists and dicts of Ansible's own before 2.19."""
    kinds: dict[type, Callable[[Any], Any]] = {str: AnsibleUnicode, list: AnsibleSequence, dict: AnsibleMapping}
    return kinds[type(value)](value) if type(value) in kinds else value


MARKS: list[Callable[[Any], Any]] = [lambda value: value, _of_yaml, wrap_var, *_tags()]
MARK = st.sampled_from(MARKS)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.dates(),
    st.times(),
    st.datetimes(timezones=st.none() | st.just(datetime.UTC)),
)


def _marked(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, Any]]:
    """Pairs: a plain value, and the same with a mark of Ansible's."""
    return st.builds(lambda value, mark: (value, mark(value)), values, MARK)


def _nested(inner: st.SearchStrategy[tuple[Any, Any]]) -> st.SearchStrategy[tuple[Any, Any]]:
    lists = st.lists(inner, max_size=4).map(lambda pairs: ([pair[0] for pair in pairs], [pair[1] for pair in pairs]))
    dicts = st.lists(st.tuples(_marked(st.text()), inner), max_size=4).map(
        lambda items: ({key[0]: value[0] for key, value in items}, {key[1]: value[1] for key, value in items})
    )
    return st.builds(lambda pair, mark: (pair[0], mark(pair[1])), lists | dicts, MARK)


def exact(value: Any) -> bool:
    kind = value.__class__
    if kind is dict:
        return all(key.__class__ is str and exact(entry) for key, entry in value.items())
    return all(map(exact, value)) if kind is list else kind in LEAVES


@given(st.recursive(_marked(SCALARS), _nested, max_leaves=20))
def test_plain_values_of_exact_types_come_in(pair: tuple[Any, Any]) -> None:
    plain, marked = pair
    assert native(marked) == plain
    assert exact(native(marked))


def test_this_core_has_marks_that_are_no_plain_values() -> None:
    """The property above proves something only where a mark changes the type."""
    for kind in (str, list, dict):
        assert any(mark(kind()).__class__ is not kind for mark in MARKS)


def test_what_templates_give_besides_lists_becomes_a_list() -> None:
    given_ = {"a": 1, "b": 2}
    assert native([given_.keys(), given_.values(), range(2), (1,), {3}]) == [["a", "b"], [1, 2], [0, 1], [1], [3]]


def test_what_no_variable_holds_is_named() -> None:
    with pytest.raises(TypeError, match="object"):
        native({"a": [object()]})


def test_the_defaults_of_options_are_plain_too() -> None:
    validated = options.validate("smtp_probe", {"host": "ex01", "mail_from": "", "rcpt_to": "a@corp.example"}, {})
    assert exact(validated.options)
    assert exact(options.documentation("iis_smtp_relay"))


EMPTY = {"starttls": "", "port": "", "timeout": None, "probes": "", "ca_path": ""}


def test_empty_text_is_no_value_of_an_option_that_is_no_text() -> None:
    given_ = {"host": "ex01", "mail_from": "", "rcpt_to": "a@corp.example"}
    with_empty, without = (options.validate("smtp_probe", {**given_, **more}, {}).options for more in (EMPTY, {}))
    assert with_empty == without
    assert with_empty["mail_from"] == "", "the null sender"
    inside = options.validate("iis_smtp_relay", {"bindings": [{"address": "", "port": ""}], "state": ""}, {}).options
    assert (inside["bindings"], inside["state"]) == ([{"address": "", "port": 25}], "started")


def test_a_filter_takes_plain_values() -> None:
    def seen(value: Any, *, named: Any) -> Any:
        assert exact([value, named])
        return [f"{value} {named}"]

    assert all(as_filter(seen)["seen"](mark("a"), named=mark(["b"])) == ["a ['b']"] for mark in MARKS)
    with pytest.raises(AnsibleFilterError, match=r"sharepoint\.mail\.seen: "):
        as_filter(seen)["seen"](object(), named="b")
