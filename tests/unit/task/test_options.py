"""The documentation is the argument spec."""

from __future__ import annotations

import importlib
import pathlib
from typing import Any

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import BadInput
from ansible_collections.sharepoint.mail.plugins.plugin_utils.task.action import MailAction
from ansible_collections.sharepoint.mail.plugins.plugin_utils.task.masking import is_secret
from ansible_collections.sharepoint.mail.plugins.plugin_utils.task.options import argument_spec, documentation, validate

PLUGINS = pathlib.Path(__file__).parents[3] / "plugins"
MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))
KNOWN = {
    "description",
    "type",
    "elements",
    "default",
    "choices",
    "required",
    "aliases",
    "suboptions",
    "version_added",
    "deprecated",
    "no_log",
}


def action(module: str) -> type[MailAction]:
    plugin: type[MailAction] = importlib.import_module(f"ansible_collections.sharepoint.mail.plugins.action.{module}").ActionModule
    return plugin


def test_every_module_has_an_action_and_every_action_a_module() -> None:
    assert sorted(path.stem for path in (PLUGINS / "action").glob("*.py")) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_documentation_and_spec_agree(module: str) -> None:
    def compare(documented: dict[str, Any], spec: dict[str, Any], place: str) -> None:
        assert set(documented) == set(spec), place
        for name, option in documented.items():
            entry = spec[name]
            here = f"{place}.{name}"
            assert set(option) <= KNOWN, here
            assert option["type"] == entry["type"], here
            for key in ("elements", "default", "choices", "required", "aliases"):
                assert option.get(key) == entry.get(key), (here, key)
            assert entry["no_log"] == is_secret(name), here
            assert not (option.get("required") and "default" in option), here
            if option["type"] == "list":
                assert "elements" in option, here
            if "suboptions" in option:
                compare(option["suboptions"], entry["options"], here)

    document = documentation(module)
    assert document["module"] == module
    assert document["version_added"] == "0.1.0"
    assert document["author"] == ["sharepoint.mail contributors (@sharepoint-mail)"]
    options = document["options"] or {}
    compare(options, argument_spec(options), module)


@pytest.mark.parametrize("module", MODULES)
def test_attributes_say_what_the_action_does(module: str) -> None:
    attributes = documentation(module)["attributes"]
    assert {"check_mode", "diff_mode", "async", "become", "platform"} <= set(attributes)
    assert attributes["async"]["support"] == attributes["become"]["support"] == "none"
    assert not action(module)._supports_async
    assert action(module)._supports_check_mode == (attributes["check_mode"]["support"] != "none")
    assert (attributes["platform"]["platforms"] == "windows") == action(module).needs_connection


def test_validation_gives_defaults_types_and_canonical_names() -> None:
    given = {"server": "mail", "from_address": "a@b.example", "port": "2525", "web_applications": "all"}
    options = validate("outgoing_email", given, {}).options
    assert options == {
        **dict.fromkeys(documentation("outgoing_email")["options"]),
        "server": "mail",
        "from_address": "a@b.example",
        "port": 2525,
        "tls": False,
        "farm_default": True,
        "web_applications": ["all"],
        "require_undo": False,
    }


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"from_address": "a@b.example"}, "missing required arguments: server"),
        ({"server": "m", "from_address": "a@b.example", "prot": 25}, "prot"),
        ({"server": "m", "from_address": "a@b.example", "port": "many"}, "port"),
    ],
)
def test_wrong_options_are_named(given: dict[str, Any], text: str) -> None:
    with pytest.raises(BadInput, match=text) as caught:
        validate("outgoing_email", given, {})
    assert caught.value.message.startswith("sharepoint.mail.outgoing_email: ")
    assert "Nothing was changed." in caught.value.message
