"""Secrets stay out of everything that a task returns."""

from __future__ import annotations

import json

import pytest

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


def test_without_secrets_nothing_changes() -> None:
    assert Masker([]).value({"a": ["b", 1]}) == {"a": ["b", 1]}


def test_when_a_password_is_written_is_no_secret() -> None:
    arguments = {"update_password": "always", "smart_host_password": "hunter2", "smart_host_type": "always"}
    assert secrets_in(arguments) == {"hunter2"}
    assert Masker(secrets_in(arguments)).value(arguments) == {**arguments, "smart_host_password": MASK}
