"""The loop where a host refuses, falls silent or keeps something else, and at the edges of what a resource declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import BadInput, RemoteError, SettingNotKept
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.pipeline import Command, Statement
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.session import Session
from ansible_collections.sharepoint.mail.plugins.plugin_utils.resource.declaration import Change, Field, Item, Reading, wanted
from ansible_collections.sharepoint.mail.plugins.plugin_utils.resource.loop import converge, restoring_items
from tests.unit.test_resource import (
    SHOWN,
    WHITE,
    Door,
    DoorOfAHouseThatFallsSilent,
    Doors,
    DoorWithAHiddenBolt,
    PreciousDoor,
    RepaintedDoor,
    door,
    restore,
    run,
)

UNREAD = r"could not be read back: check it before you run the task again\.$"
STUCK = r"^Set-Door failed on house: It is stuck\."


class DoorThatIsPaintedTwice(Door):
    """Its second coat is told which colour is under it."""

    def update(self, change: Change, parameters: Mapping[str, Any]) -> Iterable[Statement]:
        yield from super().update(change, parameters)
        yield Statement((Command("Set-Door", {"Identity": change.item.identity, "Under": change.current["Colour"]}),))


class DoorWithABoltThatSticks(DoorWithAHiddenBolt):
    """What no field shows is written first; then it sticks."""

    def update(self, change: Change, parameters: Mapping[str, Any]) -> Iterable[Statement]:
        yield from super().update(change, parameters)
        yield Statement((Command("Set-Door", {"Identity": "stuck"}),))


class DoorWithACarpenter(Door):
    def remedy(self, error: RemoteError) -> str:
        return f" After {error.cmdlet}, ask a carpenter."


class DoorInAnotherHouse(Door):
    @classmethod
    def restored(cls, name: str, before: Mapping[str, Any] | None, options: Mapping[str, Any]) -> Item:
        return Item(f"{options['house']}\\{name}", before or {}, options["house"], present=before is not None, restoring=True)

    def summary(self, changes: Sequence[Change], after: Mapping[str, dict[str, Any] | None]) -> dict[str, Any]:
        return {"houses": [change.item.identity for change in changes], "colours": [(now or {}).get("colour") for now in after.values()]}


class UnreadableDoor(Door):
    def read(self, items: Sequence[Item]) -> list[Reading]:
        raise RemoteError("Nobody answers.", host="house")


def test_who_cannot_be_read_was_not_changed() -> None:
    with pytest.raises(RemoteError, match=r"^A cmdlet failed on house: Nobody answers\. Nothing was changed\.$"):
        run(Doors(), door("front"), kind=UnreadableDoor)


def test_only_what_was_asked_for_and_differs_is_written() -> None:
    host = Doors(front={**WHITE, "Lock": 5})
    run(host, door("front", colour="white", open=False, lock=None))
    assert host.written == [("Set-Door", {"Identity": "front", "Shut": True})], "a null that is asked for leaves a setting as it is"


def test_null_that_cannot_be_written_hides_nothing_behind_it() -> None:
    class Handle(RepaintedDoor):
        fields = (Field.of("handle", "Handle"), *Door.fields)

    host = Doors(front=dict(WHITE))
    run(host, door("front", colour="green"), kind=Handle)
    assert host.written == [("Set-Door", {"Identity": "front", "Colour": "green", "Lock": None})]


def test_a_setting_under_one_name() -> None:
    class Window(Door):
        fields = (Field.of("handle", "Handle"), Field.of("colour", "Colour", str.lower, null="plain"))

    host = Doors(front={"Colour": None, "Handle": "left"})
    result = run(host, door("front", handle="Right", colour="RED"), kind=Window)
    assert host.written == [("Set-Door", {"Identity": "front", "Handle": "Right", "Colour": "red"})]
    assert result["before"] == {"front": {"handle": "left", "colour": "plain"}}


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        (Field("size", "Size", normal=int), "-5", None),
        (Field("size", "Size", normal=int, least=0, most=9), "0", None),
        (Field("size", "Size", normal=int, least=0, most=9), "9", None),
        (Field("size", "Size", normal=int, least=0, most=9), "-1", "-1 is not between 0 and 9"),
        (Field("size", "Size", normal=int, least=0, most=9), "10", "10 is not between 0 and 9"),
        (Field("size", "Size", least=1), "Unlimited", None),
        (Field("size", "Size", least=1), [1, 0], "0 is not between 1 and 2147483647"),
        (Field("size", "Size", least=2, most=3, measure=len), [0, 0, 0, 0], "4 is not between 2 and 3"),
    ],
)
def test_limits_of_numbers(field: Field, value: Any, words: str | None) -> None:
    if words is None:
        assert wanted([field], {"size": value}) == {"size": field.normal(value)}
        return
    with pytest.raises(BadInput) as refusal:
        wanted([field], {"size": value})
    assert refusal.value.message == f"size: {words}. Nothing was changed."


def test_what_goes_needs_no_settings() -> None:
    """Not even those that its version has."""
    host = Doors(front=dict(WHITE))
    assert run(host, door("front", present=False, bell=True))["after"] == {"front": None}


def test_a_change_knows_what_was_found() -> None:
    host = Doors(front=dict(WHITE))
    done = run(host, door("front", colour="green"), kind=DoorThatIsPaintedTwice)
    restore(host, done["before"], DoorThatIsPaintedTwice)
    assert [given["Under"] for _cmdlet, given in host.written if "Under" in given] == ["White", "green"]


def test_of_an_earlier_state_only_what_it_names_comes_back() -> None:
    host = Doors(front={**WHITE, "Lock": 5})
    restored = restore(host, {"front": {"colour": "red", "height": None}})
    assert restored["after"]["front"] == {**SHOWN, "colour": "red", "lock": 5}


def test_a_resource_says_where_it_is_restored_and_what_became_of_all() -> None:
    host = Doors(front=dict(WHITE))
    options = {"house": "front"}
    kind = DoorInAnotherHouse(cast(Session, host), options)
    result = converge(kind, restoring_items(DoorInAnotherHouse, {"door": None}, options), check_mode=True)
    assert result["before"] == {"front\\door": None}
    assert (result["houses"], result["colours"]) == (["front"], [None])
    result = converge(kind, [door("front", colour="red")], check_mode=False)
    assert (result["houses"], result["colours"]) == (["front"], ["red"])


def test_all_that_cannot_come_back_is_one_message() -> None:
    host = Doors(front={**WHITE, "Colour": "white"}, back={**WHITE, "Colour": "white"})
    kind = PreciousDoor(cast(Session, host), {"require_undo": True})
    with pytest.raises(BadInput, match=r"^front was white\. back was white\. Nothing was changed\."):
        converge(kind, [door("front", colour="red"), door("back", colour="red")], check_mode=False)


def test_what_is_hidden_counts_from_its_first_statement_on() -> None:
    host = Doors(front=dict(WHITE))
    with pytest.raises(RemoteError, match=rf"{STUCK} Already changed: front\.$") as caught:
        run(host, door("front"), kind=DoorWithABoltThatSticks)
    assert (caught.value.changed, caught.value.before) == (True, {"front": SHOWN})


def test_what_is_hidden_is_written_without_what_is_so_already() -> None:
    class DoorOfAnn(Door):
        def unseen(self, change: Change) -> bool:
            return change.item.name == "front"

    host = Doors(front=dict(WHITE), back=dict(WHITE))
    result = run(host, door("front", colour="white"), door("back", colour="white"), kind=DoorOfAnn)
    assert host.written == [("Set-Door", {"Identity": "front"})]
    assert result["changed"] and result["before"] == result["after"]


def test_every_version_that_has_a_setting_is_named() -> None:
    class Bell(Door):
        fields = (*Door.fields, Field.of("chime", "Chime", versions=frozenset({"newest", "new"})))

    with pytest.raises(BadInput, match="only House new, newest can set it"):
        run(Doors(front=dict(WHITE)), door("front", chime="ding"), kind=Bell)


def test_a_remedy_knows_the_failure() -> None:
    host = Doors(stuck=dict(WHITE))
    with pytest.raises(RemoteError, match=rf"{STUCK} After Set-Door, ask a carpenter\. Nothing was changed\.$"):
        run(host, door("stuck", colour="green"), kind=DoorWithACarpenter)


def test_every_item_that_was_changed_is_named() -> None:
    host = Doors(front=dict(WHITE), back=dict(WHITE), stuck=dict(WHITE))
    with pytest.raises(RemoteError, match=r"Already changed: front, back\.$"):
        run(host, door("front", colour="red"), door("back", colour="red"), door("stuck", colour="red"))


def test_who_says_that_it_may_have_changed_something_is_believed() -> None:
    """A lost answer: of what was begun, all may have to be put back, and the message says so already."""

    class Lost(Doors):
        def write(self, statement: Statement) -> list[Any]:
            try:
                return super().write(statement)
            except RemoteError as error:
                error.changed = True
                raise

    host = Lost(front=dict(WHITE), stuck=dict(WHITE), back=dict(WHITE))
    with pytest.raises(RemoteError, match=rf"{STUCK}$") as caught:
        run(host, door("front", colour="red"), door("stuck", colour="red"), door("back", colour="red"))
    assert caught.value.before == {"front": SHOWN, "stuck": SHOWN}


def test_silence_is_told_as_it_is() -> None:
    with pytest.raises(RemoteError, match=rf"^A cmdlet failed on house: Nobody answers\. The change was made before, and {UNREAD}"):
        run(Doors(front=dict(WHITE)), door("front", colour="green"), kind=DoorOfAHouseThatFallsSilent)
    host = Doors(front=dict(WHITE), stuck=dict(WHITE))
    words = rf"{STUCK} What was changed before the failure {UNREAD}"
    with pytest.raises(RemoteError, match=words):
        run(host, door("front", colour="red"), door("stuck", colour="red"), kind=DoorOfAHouseThatFallsSilent)


def test_all_that_a_host_did_not_keep_is_one_message() -> None:
    host = Doors(front={**WHITE, "Colour": "red"}, back=dict(WHITE))
    words = (
        r"^house accepted the change of the door but did not keep it: colour of front should be pink and is red; colour of back should be"
    )
    with pytest.raises(SettingNotKept, match=rf"{words} pink and is red\. It was changed to what it is now\. Something else may") as caught:
        run(host, door("front", colour="pink"), door("back", colour="pink"))
    assert caught.value.before == {"back": SHOWN}


def test_what_went_beside_what_was_not_kept_was_changed() -> None:
    host = Doors(front={**WHITE, "Colour": "red"}, old=dict(WHITE))
    with pytest.raises(SettingNotKept, match=r"colour of front should be pink and is red\. The rest was changed\.") as caught:
        run(host, door("front", colour="pink"), door("old", present=False))
    assert caught.value.before == {"old": SHOWN}
