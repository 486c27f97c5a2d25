"""Secrets stay out of everything that a task returns."""

from __future__ import annotations

import html
import itertools
import json
import pathlib
import urllib.parse
import xml.sax.saxutils
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.sharepoint.mail.plugins.plugin_utils.task.masking import MASK, Masker, secrets_in

ARGUMENTS = {
    "username": "u",
    "password": 'hunter2 & "more"',
    "mailboxes": [{"address": "a@corp.example", "web_password": "pässwört/?"}],
    "empty_password": "",
    "none_password": None,
    "port": 25,
}
SECRETS = ('hunter2 & "more"', "pässwört/?")


def test_secret_options_are_found_at_any_depth() -> None:
    assert secrets_in(ARGUMENTS) == set(SECRETS)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("form", ["{}", "Logon failed: '{}'.", "json", "xml", "url", "repr", "repr of more"])
def test_a_secret_in_a_text_is_masked_in_every_form(secret: str, form: str) -> None:
    from urllib.parse import quote
    from xml.sax.saxutils import escape

    forms = {
        "json": json.dumps(secret),
        "xml": escape(secret),
        "url": quote(secret, safe=""),
        "repr": repr(secret),
        "repr of more": repr(f"it's {secret}"),
    }
    masked = Masker(SECRETS).text(forms.get(form) or form.format(secret))
    assert MASK in masked
    for part in ("hunter2", "sswört", "more"):
        assert part not in masked


def test_results_diffs_and_keys_are_masked() -> None:
    result = {
        "msg": f"refused {SECRETS[0]}",
        "diff": [{"before": {"note": SECRETS[1]}, "after": {"deep": [{SECRETS[0]: 1}]}}],
        "invocation": {"module_args": ARGUMENTS},
    }
    masked = Masker(SECRETS).value(result)
    assert "hunter2" not in json.dumps(masked, ensure_ascii=False)
    assert "pässwört" not in json.dumps(masked, ensure_ascii=False)
    assert masked["invocation"]["module_args"]["password"] == MASK
    assert masked["invocation"]["module_args"]["port"] == 25


def test_a_number_that_is_the_secret_is_masked_and_others_are_not() -> None:
    assert Masker(["1234"]).value({"a": 1234, "b": 12345, "c": True, "d": 1.5, "e": None}) == {
        "a": MASK,
        "b": 12345,
        "c": True,
        "d": 1.5,
        "e": None,
    }


# Neither contains what it masks with, nor what the examples stand between.
SECRET_TEXTS = st.text(st.characters(exclude_characters="*\u2402", exclude_categories=["Cs"]), min_size=1)
QUOTED: dict[str, Callable[[str], str]] = {
    "plain": str,
    "PowerShell": lambda secret: secret.replace("'", "''"),
    "Python": lambda secret: secret.replace("\\", "\\\\"),
    "Python in '": lambda secret: secret.replace("\\", "\\\\").replace("'", "\\'"),
    'Python in "': lambda secret: secret.replace("\\", "\\\\").replace('"', '\\"'),
    "JSON": lambda secret: json.dumps(secret)[1:-1],
    "JSON, not escaped": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    "HTML": html.escape,
    "XML": xml.sax.saxutils.escape,
    "URL": lambda secret: urllib.parse.quote(secret, safe=""),
}


@pytest.mark.parametrize("quoted", QUOTED.values(), ids=QUOTED)
@given(secret=SECRET_TEXTS)
@example(secret='it\'s "a" <Pä55\\word> & /\n')
def test_any_secret_is_masked_whole_in_every_form(quoted: Callable[[str], str], secret: str) -> None:
    text = f"\u2402{quoted(secret)}\u2402"
    assert Masker([secret]).text(text) == f"\u2402{MASK}\u2402"


def test_the_longest_secret_is_masked_first() -> None:
    """No rest of it betrays how it goes on."""
    for secrets in itertools.permutations(["Farm-Pa55", "Farm-Pa55word", "Pa55"]):
        assert Masker(secrets).text("Farm-Pa55word, Farm-Pa55, Pa55") == f"{MASK}, {MASK}, {MASK}"


def test_what_stands_under_a_secrets_name_is_masked_whatever_it_is() -> None:
    """A value that the task's arguments do not have, such as a default of a host, is a secret as well; what is empty tells nothing."""
    value = {"Password": "unknown", "smart_host_password": 1234, "old_password": "", "none_password": None, "passwords": "all"}
    assert Masker([]).value(value) == {**value, "Password": MASK, "smart_host_password": MASK}
    assert secrets_in({"PASSWORD": "a", "deep": ({"web_password": 7}, [{"x": {"y_password": "b"}}]), "password": ["c"]}) == {"a", "7", "b"}


def test_what_json_does_not_know_becomes_text() -> None:
    masked = Masker(["hunter2"]).value({"path": pathlib.PurePosixPath("/a/hunter2"), "set": {"hunter2"}, "tuple": ("a", 1)})
    assert masked == {"path": f"/a/{MASK}", "set": [MASK], "tuple": ["a", 1]}


def test_without_secrets_nothing_changes() -> None:
    assert Masker([]).value({"a": ["b", 1]}) == {"a": ["b", 1]}


def test_when_a_password_is_written_is_no_secret() -> None:
    arguments = {"update_password": "always", "smart_host_password": "hunter2", "smart_host_type": "always"}
    assert secrets_in(arguments) == {"hunter2"}
    assert Masker(secrets_in(arguments)).value(arguments) == {**arguments, "smart_host_password": MASK}
