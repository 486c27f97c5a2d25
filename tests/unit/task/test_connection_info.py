"""What ``connection_info`` looks for is what the collection sends."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import yaml

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
# Verbs of "Approved Verbs for PowerShell Commands", and those of PowerShell's own that are none: a header of a message is no cmdlet.
VERBS = {"Add", "ForEach", "Get", "Install", "New", "Remove", "Resolve", "Restart", "Select", "Send", "Set", "Start", "Stop", "Test"}
VERBS |= {"Uninstall", "Where", "Write"}


def test_every_cmdlet_that_is_sent_is_looked_for() -> None:
    sent = {
        name
        for path in PLUGINS.joinpath("plugin_utils").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for name in re.findall(r"^(?:[\w.]+\\)?(\w+-\w+)$", node.value)
        if name.partition("-")[0] in VERBS
    }
    module = ast.parse(PLUGINS.joinpath("modules", "connection_info.py").read_text(encoding="utf-8"))
    texts = {
        node.targets[0].id: node.value for node in module.body if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    looked_for = yaml.safe_load(ast.literal_eval(texts["DOCUMENTATION"]))["options"]["cmdlets"]["default"]
    assert sorted(sent | {"Get-Command"}) == looked_for
