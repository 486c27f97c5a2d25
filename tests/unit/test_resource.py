"""The loop: read, compare, check mode, apply, read back. The host here is a dictionary that does what cmdlets are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import BadInput, RemoteError, SettingNotKept
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.pipeline import Statement
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.session import Session
from ansible_collections.sharepoint.mail.plugins.plugin_utils.resource import LEAVE_OUT, Current, Field, Item, Resource, converge


class Doors:
    """A host with doors. It paints every door that is to be pink red, and refuses to touch the one named ``stuck``."""

    host = "house"

    def __init__(self, **doors: dict[str, Any]) -> None:
        self.doors = doors
        self.written: list[tuple[str, dict[str, Any]]] = []

    def write(self, statement: Statement) -> list[Any]:
        (command,) = statement.commands
        parameters = dict(command.parameters)
        self.written.append((command.name, dict(parameters)))
        name = parameters.pop("Identity", None) or parameters.pop("Name")
        if name == "stuck":
            raise RemoteError("It is stuck.", "Stuck", command.name, self.host)
        if command.name == "Remove-Door":
            del self.doors[name]
            return []
        if command.name == "New-Door":
            self.doors[name] = {"Colour": "white", "Open": False, "Height": 2, **parameters}
        else:
            self.doors[name].update(parameters, Open="Shut" not in parameters)
        if self.doors[name]["Colour"] == "pink":
            self.doors[name]["Colour"] = "red"
        return []


class Door(Resource):
    noun = "door"
    product = "House"
    set_cmdlet, create_cmdlet, remove_cmdlet = "Set-Door", "New-Door", "Remove-Door"
    fields = (
        Field("colour", "Colour", parameter="Colour", normal=str.lower),
        Field("open", lambda door: bool(door["Open"]), parameter="Shut", argument=lambda is_open: LEAVE_OUT if is_open else True),
        Field("height", "Height", parameter="Height", at_creation=True),
        Field("bell", "Bell", parameter="Bell", versions=frozenset({"new"}), without=False),
    )

    @classmethod
    def items(cls, options: Mapping[str, Any]) -> list[Item]:
        return []

    def version(self) -> str:
        return "old"

    def read(self, items: Sequence[Item]) -> list[Current | None]:
        doors = cast(Doors, self.session).doors
        return [dict(doors[item.name]) if item.name in doors else None for item in items]

    def create(self, item: Item, parameters: Mapping[str, Any]) -> list[Statement]:
        return super().create(item, {"Name": item.name, **parameters})


class RepaintedDoor(Door):
    restates_all = True


class DoorOfAHouseThatFallsSilent(Door):
    def read(self, items: Sequence[Item]) -> list[Current | None]:
        host = cast(Doors, self.session)
        if host.written:
            raise RemoteError("Nobody answers.", host=host.host)
        return super().read(items)


class DoorWithAHiddenBolt(Door):
    def unseen(self, item: Item, current: Current) -> bool:
        return True


def run(doors: Doors, *items: Item, check_mode: bool = False, kind: type[Door] = Door) -> dict[str, Any]:
    return converge(kind(cast(Session, doors), {}), items, check_mode)


def door(name: str, present: bool = True, **want: Any) -> Item:
    return Item(name, want, identity=name, present=present)


WHITE = {"Colour": "White", "Open": True, "Height": 2}
SHOWN = {"colour": "white", "open": True, "height": 2}


def test_nothing_to_do() -> None:
    host = Doors(front=dict(WHITE))
    result = run(host, door("front", colour="WHITE", open=True))
    assert result == {"changed": False, "before": result["after"], "after": result["before"], "diff": []}
    assert result["before"] == {"front": {"colour": "white", "open": True, "height": 2}}
    assert host.written == []


def test_only_what_differs_is_written_and_read_back() -> None:
    host = Doors(front=dict(WHITE), back=dict(WHITE))
    result = run(host, door("front", colour="green", open=True), door("back", colour="white"))
    assert host.written == [("Set-Door", {"Identity": "front", "Colour": "green"})]
    assert result["changed"]
    assert result["after"]["front"]["colour"] == "green"
    assert [entry["after_header"] for entry in result["diff"]] == ["door front"]


def test_a_cmdlet_that_resets_is_told_everything() -> None:
    host = Doors(front={"Colour": "white", "Open": False, "Height": 2})
    run(host, door("front", colour="green"), kind=RepaintedDoor)
    assert host.written == [("Set-Door", {"Identity": "front", "Colour": "green", "Shut": True})]


def test_check_mode_foresees_and_writes_nothing() -> None:
    items = [door("front", colour="green"), door("new", colour="blue"), door("old", present=False)]
    checked = Doors(front=dict(WHITE), old=dict(WHITE))
    foreseen = run(checked, *items, check_mode=True)
    assert checked.written == []
    assert foreseen["changed"]
    assert foreseen["after"]["front"] == {"colour": "green", "open": True, "height": 2}
    assert foreseen["after"]["new"] == {"colour": "blue"}
    assert foreseen["after"]["old"] is None


def test_create_and_remove() -> None:
    host = Doors(old=dict(WHITE))
    result = run(host, door("new", colour="blue", height=3), door("old", present=False), door("never", present=False))
    assert host.written == [
        ("New-Door", {"Name": "new", "Colour": "blue", "Height": 3}),
        ("Remove-Door", {"Identity": "old", "Confirm": False}),
    ]
    assert result["after"] == {"new": {"colour": "blue", "open": False, "height": 3}, "old": None, "never": None}
    assert run(host, door("new", colour="blue", height=3), door("old", present=False))["changed"] is False


def test_a_setting_that_did_not_stick_is_a_failure() -> None:
    with pytest.raises(SettingNotKept, match="colour of front was to be pink and is red") as caught:
        run(Doors(front=dict(WHITE)), door("front", colour="pink"))
    assert caught.value.changed
    assert caught.value.before == {"front": SHOWN}


def test_a_failure_says_how_far_the_task_came() -> None:
    host = Doors(front=dict(WHITE), stuck=dict(WHITE), back=dict(WHITE))
    with pytest.raises(RemoteError, match=r"It is stuck\. Already changed: front\.") as caught:
        run(host, door("front", colour="green"), door("stuck", colour="green"), door("back", colour="green"))
    assert caught.value.changed
    assert caught.value.before == {"front": SHOWN}, "only what was changed is to be put back"
    with pytest.raises(RemoteError, match=r"It is stuck\. Nothing was changed\.") as caught:
        run(host, door("stuck", colour="green"), door("back", colour="green"))
    assert (caught.value.changed, caught.value.before) == (False, None)


@pytest.mark.parametrize("colours", [("green", "green"), ("green", "white")])
def test_what_may_have_been_changed_can_be_put_back(colours: tuple[str, str]) -> None:
    """The house answers no more after ``front``, in the middle of the task or at its end."""
    host = Doors(front=dict(WHITE), stuck=dict(WHITE), back=dict(WHITE))
    items = [door(name, colour=colour) for name, colour in zip(("front", "stuck"), colours, strict=True)]
    with pytest.raises(RemoteError, match=r"could not be read back: look before you run the task again\.$") as caught:
        run(host, *items, door("back", colour="green") if colours[1] == "green" else door("back"), kind=DoorOfAHouseThatFallsSilent)
    assert caught.value.changed
    assert caught.value.before == ({"front": SHOWN, "stuck": SHOWN} if colours[1] == "green" else {"front": SHOWN})


def test_what_no_field_shows_counts_once_it_is_written() -> None:
    host = Doors(front=dict(WHITE), stuck=dict(WHITE))
    with pytest.raises(RemoteError, match=r"It is stuck\. Already changed: front\.") as caught:
        run(host, door("front"), door("stuck"), kind=DoorWithAHiddenBolt)
    assert (caught.value.changed, caught.value.before) == (True, {"front": SHOWN})
    with pytest.raises(RemoteError, match=r"It is stuck\. Nothing was changed\.") as caught:
        run(host, door("stuck"), kind=DoorWithAHiddenBolt)
    assert not caught.value.changed


def test_what_is_fixed_at_creation_cannot_be_changed() -> None:
    host = Doors(front=dict(WHITE))
    with pytest.raises(BadInput, match="door front has height 2, which cannot be changed to 3"):
        run(host, door("front", height=3))
    assert host.written == []


def test_what_the_version_has_not() -> None:
    host = Doors(front=dict(WHITE))
    with pytest.raises(BadInput, match="bell cannot be True, for house runs House old, and only House new can set it"):
        run(host, door("front", colour="green", bell=True))
    assert host.written == []
    run(host, door("front", colour="green", bell=False))
    assert host.written == [("Set-Door", {"Identity": "front", "Colour": "green"})]
