"""The loop: read, compare, check mode, apply, read back. The host here is a dictionary that does what cmdlets are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, cast

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import BadInput, RemoteError, SettingNotKept
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.pipeline import Statement
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.session import Session
from ansible_collections.sharepoint.mail.plugins.plugin_utils.resource.declaration import (
    LEAVE_OUT,
    Change,
    Field,
    Item,
    Lasting,
    Reading,
    Resource,
)
from ansible_collections.sharepoint.mail.plugins.plugin_utils.resource.loop import converge, restoring_items


class Doors:
    """A host with doors. It paints every door that is to be pink red, and refuses to touch the one named ``stuck``."""

    host = "house"
    keeps = True

    def __init__(self, **doors: dict[str, Any]) -> None:
        self.doors = doors
        self.written: list[tuple[str, dict[str, Any]]] = []

    def write(self, statement: Statement) -> list[Any]:
        (command,) = statement.commands
        parameters = dict(command.parameters)
        self.written.append((command.name, dict(parameters)))
        name = parameters.pop("Identity", None) or parameters.pop("Name")
        if not self.keeps:
            return []
        if name == "stuck":
            raise RemoteError("It is stuck.", "Stuck", command.name, self.host)
        if command.name == "Remove-Door":
            del self.doors[name]
            return []
        if command.name == "New-Door":
            self.doors[name] = {"Colour": "white", "Open": False, "Height": 2, "Guest": None, "Lock": None, **parameters}
        else:
            self.doors[name].update(parameters, Open="Shut" not in parameters)
        if self.doors[name]["Colour"] == "pink":
            self.doors[name]["Colour"] = "red"
        return []


def _lock(value: Any) -> int:
    if not isinstance(value, int):
        raise ValueError("no number")
    return value


class Door(Resource):
    noun = "door"
    product = "House"
    set_cmdlet, create_cmdlet, remove_cmdlet = "Set-Door", "New-Door", "Remove-Door"
    fields: ClassVar[tuple[Field, ...]] = (
        Field("colour", "Colour", parameter="Colour", normal=str.lower),
        Field("open", lambda door: bool(door["Open"]), parameter="Shut", argument=lambda is_open: LEAVE_OUT if is_open else True),
        Field("height", "Height", parameter="Height", at_creation=True),
        Field("bell", "Bell", parameter="Bell", versions=frozenset({"new"}), without=False),
        Field("guest", "Guest", reported=True),
        Field("lock", "Lock", parameter="Lock", normal=_lock, writes_null=True),
    )

    @classmethod
    def items(cls, options: Mapping[str, Any]) -> list[Item]:
        return []

    def version(self) -> str:
        return "old"

    def read(self, items: Sequence[Item]) -> list[Reading]:
        doors = cast(Doors, self.session).doors
        return [Reading(dict(doors[item.name]) if item.name in doors else None) for item in items]

    def create(self, change: Change, parameters: Mapping[str, Any]) -> Iterable[Statement]:
        return super().create(change, {"Name": change.item.name, **parameters})


class PreciousDoor(Door):
    """Its paint cannot be taken off again, and nothing that is to be written about it matters to the rules."""

    def lasting(self, then: Mapping[str, Any] | None, now: Mapping[str, Any] | None, change: Change) -> list[Lasting]:
        if (then or {}).get("colour") != "white" or not now or now["colour"] == "white":
            return []
        return [Lasting(f"{change.item.name} was white.", ("colour",), {"open": True})]

    def objection(self, change: Change) -> str | None:
        return None if change.item.restoring or change.item.want.get("colour") != "black" else "No black doors."


class RepaintedDoor(Door):
    restates_all = True


class DoorOfAHouseThatFallsSilent(Door):
    def read(self, items: Sequence[Item]) -> list[Reading]:
        host = cast(Doors, self.session)
        if host.written:
            raise RemoteError("Nobody answers.", host=host.host)
        return super().read(items)


class DoorWithAHiddenBolt(Door):
    def unseen(self, change: Change) -> bool:
        return True


def run(doors: Doors, *items: Item, check_mode: bool = False, kind: type[Door] = Door) -> dict[str, Any]:
    return converge(kind(cast(Session, doors), {}), items, check_mode)


def door(name: str, present: bool = True, **want: Any) -> Item:
    return Item(name, want, identity=name, present=present)


WHITE = {"Colour": "White", "Open": True, "Height": 2, "Guest": "Ann", "Lock": None}
SHOWN = {"colour": "white", "open": True, "height": 2, "guest": "Ann", "lock": None}


def test_nothing_to_do() -> None:
    host = Doors(front=dict(WHITE))
    result = run(host, door("front", colour="WHITE", open=True))
    assert result == {"changed": False, "before": result["after"], "after": result["before"], "diff": [], "irreversible": []}
    assert result["before"] == {"front": SHOWN}
    assert host.written == []


def test_only_what_differs_is_written_and_read_back() -> None:
    host = Doors(front=dict(WHITE), back=dict(WHITE))
    result = run(host, door("front", colour="green", open=True), door("back", colour="white"))
    assert host.written == [("Set-Door", {"Identity": "front", "Colour": "green"})]
    assert result["changed"]
    assert result["after"]["front"]["colour"] == "green"
    assert result["diff"] == [
        {"before_header": "door front", "after_header": "door front", "before": SHOWN, "after": {**SHOWN, "colour": "green"}}
    ]


def test_a_cmdlet_that_resets_is_told_everything() -> None:
    host = Doors(front={**WHITE, "Colour": "white", "Open": False})
    run(host, door("front", colour="green"), kind=RepaintedDoor)
    assert host.written == [("Set-Door", {"Identity": "front", "Colour": "green", "Shut": True, "Lock": None})]


def test_check_mode_foresees_and_writes_nothing() -> None:
    items = [door("front", colour="green"), door("new", colour="blue"), door("old", present=False)]
    checked = Doors(front=dict(WHITE), old=dict(WHITE))
    foreseen = run(checked, *items, check_mode=True)
    assert checked.written == []
    assert foreseen["changed"]
    assert foreseen["after"]["front"] == {**SHOWN, "colour": "green"}
    assert foreseen["after"]["new"] == {"colour": "blue"}
    assert foreseen["after"]["old"] is None


def test_create_and_remove() -> None:
    host = Doors(old=dict(WHITE))
    result = run(host, door("new", colour="blue", height=3), door("old", present=False), door("never", present=False))
    assert host.written == [
        ("New-Door", {"Name": "new", "Colour": "blue", "Height": 3}),
        ("Remove-Door", {"Identity": "old", "Confirm": False}),
    ]
    assert result["after"] == {
        "new": {"colour": "blue", "open": False, "height": 3, "guest": None, "lock": None},
        "old": None,
        "never": None,
    }
    assert run(host, door("new", colour="blue", height=3), door("old", present=False))["changed"] is False


def test_a_setting_that_did_not_stick_is_a_failure() -> None:
    with pytest.raises(SettingNotKept, match="colour of front should be pink and is red") as caught:
        run(Doors(front=dict(WHITE)), door("front", colour="pink"))
    assert "It was changed to what it is now." in caught.value.message
    assert caught.value.changed
    assert caught.value.before == {"front": SHOWN}
    with pytest.raises(SettingNotKept, match=r"is red\. The rest was changed\.") as caught:
        run(Doors(front=dict(WHITE)), door("front", colour="pink", open=False))
    assert caught.value.changed


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (("front", True, {"colour": "green"}), "colour of front should be green and is white"),
        (("new", True, {"colour": "green"}), "new does not exist"),
        (("front", False, {}), "front still exists"),
    ],
)
def test_what_a_host_ignored_is_no_change(item: tuple[str, bool, dict[str, Any]], words: str) -> None:
    host = Doors(front=dict(WHITE))
    host.keeps = False
    name, present, want = item
    with pytest.raises(SettingNotKept, match=rf"{words}\. Nothing was changed\.") as caught:
        run(host, door(name, present, **want))
    assert (caught.value.changed, caught.value.before, len(host.written)) == (False, None, 1)


def test_what_was_kept_beside_what_was_not_can_be_put_back() -> None:
    host = Doors(front=dict(WHITE), back={**WHITE, "Colour": "red"})
    with pytest.raises(SettingNotKept, match=r"colour of back should be pink and is red\. The rest was changed\.") as caught:
        run(host, door("front", colour="green"), door("back", colour="pink"))
    assert (caught.value.changed, caught.value.before) == (True, {"front": SHOWN})


def test_a_refused_creation_says_that_nothing_was_changed() -> None:
    host = Doors()
    with pytest.raises(RemoteError, match=r"It is stuck\. Nothing was changed\.") as caught:
        run(host, door("stuck", colour="green"))
    assert (caught.value.changed, caught.value.before, host.doors) == (False, None, {})


def restore(host: Doors, before: dict[str, Any], kind: type[Door] = Door, **options: Any) -> dict[str, Any]:
    return converge(kind(cast(Session, host), options), restoring_items(kind, before, options), check_mode=False)


def test_an_earlier_state_comes_back() -> None:
    """Changed, made and removed; values that only show something, and nulls that are values."""
    host = Doors(front=dict(WHITE), old={**WHITE, "Colour": "blue", "Open": False})
    items = [door("front", colour="black", open=False, lock=7), door("new", colour="blue"), door("old", present=False)]
    done = run(host, *items)
    assert done["irreversible"] == []
    host.doors["front"]["Guest"] = "Bob"
    restored = restore(host, done["before"])
    assert restored["changed"] and restored["after"]["new"] is None
    assert restored["after"]["front"] == {**done["before"]["front"], "guest": "Bob"}
    assert restored["after"]["old"] == {**done["before"]["old"], "guest": None}
    assert ("Set-Door", {"Identity": "front", "Colour": "white", "Lock": None}) in host.written, "only what differs"
    assert not restore(host, done["before"])["changed"]


@pytest.mark.parametrize("before", [{"front": {"smell": "of paint"}}, {"front": []}, {"front": {}}, {"front": True}])
def test_what_is_no_before_is_refused(before: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="door front is not what this module returned as before"):
        restoring_items(Door, before, {})


def test_what_always_exists_was_never_absent() -> None:
    class Wall(Door):
        removable = False

    with pytest.raises(BadInput, match="the door front is null"):
        restoring_items(Wall, {"front": None}, {})


def test_text_that_was_never_understood_stays() -> None:
    host = Doors(front={**WHITE, "Lock": 5})
    restored = restore(host, {"front": {**SHOWN, "lock": "rusty", "colour": "red"}})
    assert restored["irreversible"] == ["lock of front was rusty, which cannot be written: it stays as it is."]
    assert (host.doors["front"]["Lock"], host.doors["front"]["Colour"]) == (5, "red")
    assert restore(Doors(front={**WHITE, "Lock": "rusty"}), {"front": {**SHOWN, "lock": "rusty"}})["irreversible"] == []


def test_what_cannot_be_put_back_is_told_before_and_after() -> None:
    host = Doors(front={**WHITE, "Colour": "white"})
    foreseen = run(host, door("front", colour="green", open=False), check_mode=True, kind=PreciousDoor)
    assert foreseen["irreversible"] == ["front was white."]
    for check_mode in (True, False):
        with pytest.raises(BadInput, match=r"^front was white\. Nothing was changed\. To continue anyway, set require_undo: false"):
            converge(PreciousDoor(cast(Session, host), {"require_undo": True}), [door("front", colour="green")], check_mode)
    assert host.written == []
    done = run(host, door("front", colour="green", open=False), kind=PreciousDoor)
    restored = restore(host, {"front": {**done["before"]["front"], "open": False}}, PreciousDoor, require_undo=True)
    assert done["irreversible"] == restored["irreversible"] == foreseen["irreversible"]
    assert restored["after"]["front"] == {**SHOWN, "colour": "green"}, "open is the nearest to what was there"
    assert run(host, door("front", colour="green"), kind=PreciousDoor)["irreversible"] == [], "nothing is done, so nothing is lost"


def test_what_was_there_may_come_back_though_a_rule_would_refuse_it() -> None:
    host = Doors(front=dict(WHITE))
    with pytest.raises(BadInput, match="No black doors"):
        run(host, door("front", colour="black"), kind=PreciousDoor)
    assert restore(host, {"front": {**SHOWN, "colour": "black"}}, PreciousDoor)["after"]["front"]["colour"] == "black"


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
    with pytest.raises(RemoteError, match=r"could not be read back: check it before you run the task again\.$") as caught:
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
    with pytest.raises(BadInput, match="bell cannot be True, because house runs House old, and only House new can set it"):
        run(host, door("front", colour="green", bell=True))
    assert host.written == []
    run(host, door("front", colour="green", bell=False))
    assert host.written == [("Set-Door", {"Identity": "front", "Colour": "green"})]
