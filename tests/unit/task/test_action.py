"""The base class, inside ansible-playbook: what a user sees when a task cannot work. No host is needed for that."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest

CHECKOUT = pathlib.Path(__file__).parents[3]
SECRET = 'hunter2\'s "Pa55"'

# Port 1 of an address that nobody uses: connections are refused at once.
PLAYBOOK: list[dict[str, Any]] = [
    {
        "hosts": "all",
        "gather_facts": False,
        "vars": {
            "ansible_host": "127.0.0.9",
            "ansible_port": 1,
            "ansible_user": "CORP\\somebody",
            "ansible_password": SECRET,
            "mail": {"server": "ex01", "from_address": "sharepoint@corp.example"},
        },
        "ignore_errors": True,
        "tasks": [
            {"sharepoint.mail.connection_info": {}, "vars": {"ansible_connection": "psrp"}, "register": "psrp_down"},
            {
                "sharepoint.mail.connection_info": {},
                "vars": {"ansible_connection": "winrm", "ansible_winrm_transport": "ntlm"},
                "register": "winrm_down",
            },
            {"sharepoint.mail.connection_info": {}, "vars": {"ansible_connection": "local"}, "register": "local"},
            {"sharepoint.mail.farm_info": {}, "become": True, "vars": {"ansible_connection": "psrp"}, "register": "become"},
            {"sharepoint.mail.outgoing_email": {"server": "x"}, "vars": {"ansible_connection": "psrp"}, "register": "missing"},
            {
                "sharepoint.mail.outgoing_email": "{{ mail | combine({'from_address': 'no address ' ~ ansible_password}) }}",
                "vars": {"ansible_connection": "psrp"},
                "register": "address",
            },
            {
                "sharepoint.mail.connection_info": {},
                "vars": {"ansible_connection": "psrp", "ansible_psrp_auth": "basic", "ansible_psrp_protocol": "http"},
                "register": "clear",
            },
            {
                "ansible.builtin.copy": {
                    "dest": "{{ results }}",
                    "mode": "0600",
                    "content": "{{ {'psrp_down': psrp_down, 'winrm_down': winrm_down, 'local': local, 'become': become, 'missing': missing,"
                    " 'address': address, 'clear': clear} | to_json }}",
                },
                "vars": {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"},
                "ignore_errors": False,
            },
        ],
    }
]


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """The results by name, and everything that ansible-playbook said at -vvvv."""
    folder = tmp_path_factory.mktemp("play")
    namespace = folder / "ansible_collections" / "sharepoint"
    namespace.mkdir(parents=True)
    (namespace / "mail").symlink_to(CHECKOUT, target_is_directory=True)
    (folder / "play.json").write_text(json.dumps(PLAYBOOK), encoding="utf-8")
    environment = {
        **os.environ,
        "HOME": str(folder),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(folder),
        "ANSIBLE_REMOTE_TMP": str(folder / "ansible" / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "0",
    }
    results = folder / "results.json"
    command = [
        str(pathlib.Path(sys.executable).with_name("ansible-playbook")),
        "-vvvv",
        "-i",
        "sp01,",
        "-e",
        f"results={results}",
        "play.json",
    ]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return json.loads(results.read_text(encoding="utf-8")), said


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("psrp_down", ["sp01 cannot be reached at https://127.0.0.9:1/wsman: Connection refused", "Nothing was changed."]),
        ("winrm_down", ["sp01 cannot be reached at https://127.0.0.9:1/wsman: Connection refused", "Nothing was changed."]),
        ("local", ["sp01 is reached with the connection plugin local", "psrp"]),
        ("become", ["sharepoint.mail.farm_info cannot use become", "become: false"]),
        ("missing", ["sharepoint.mail.outgoing_email: missing required arguments: from_address", "Nothing was changed."]),
        ("address", ["from_address: ", "is not a valid e-mail address"]),
        ("clear", ["in clear", "https"]),
    ],
)
def test_what_a_user_sees(play: tuple[dict[str, Any], str], name: str, texts: list[str]) -> None:
    result = play[0][name]
    assert result["failed"] is True
    assert result["changed"] is False
    for text in texts:
        assert text in result["msg"]


def test_no_traceback_and_no_secret(play: tuple[dict[str, Any], str]) -> None:
    for said in (play[1], json.dumps(play[0])):
        assert "Traceback" not in said
        assert "hunter2" not in said
        assert "Pa55" not in said
