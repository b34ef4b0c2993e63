"""Redriving a join of which a part has told of something else as well."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.runtime.mending import broken, work
from tests.unit.support import Stage, Text, answer, stage, told
from xorca import Final, Orchestrator, Runtime, State, all_of, emit, on, start
from xorca.events import Event
from xorca.runtime import Limits


class Parcel(Orchestrator, name="t.parcel"):
    """It packs when two things are there, and leaves when a truck comes."""

    packing = State()
    packed = State()
    gone = Final()

    @start(to=packing)
    @emit("cmd.box.get", "cmd.label.get")
    def begin(self) -> tuple[Text, Text]:
        return Text("box"), Text("label")

    @on(all_of("evt.box.get.success", "evt.label.get.success"), at=packing, to=packed)
    @emit("notif.packed")
    def both(self, box: Text, label: Text) -> Text:
        work("both")
        return Text(f"{box.text} {label.text}")

    @on("evt.truck.came", at=packed, to=gone)
    def leave(self) -> None: ...


@pytest.fixture(autouse=True)
def sound() -> Iterator[None]:
    """Begin and end with nothing broken."""
    broken.clear()
    yield
    broken.clear()


async def failed() -> tuple[Stage, Runtime, list[Event]]:
    """Give a join that failed, after its first part told of a truck that came too early.

    Nothing of that is known to be out: the worker leaves it to its caller to publish.
    """
    play = stage(Parcel, limits=Limits(defer_for=60.0))
    await play.start()
    await play.say("evt.truck.came")
    play.clock.advance(61)
    silent = Runtime([Parcel], store=play.store, clock=play.clock, limits=play.limits)
    parts = [answer(play.command(f"cmd.{name}.get"), Text(name)) for name in ("box", "label")]
    [first] = await silent.handle(parts[0])
    assert [one.type for one in first.sent] == ["sys.xorca.deadletter"]
    broken.add("both")
    [last] = await silent.handle(parts[1])
    assert told(last) == ("dead", "handler-raised")
    broken.clear()
    return play, silent, parts


async def test_a_part_that_told_of_something_is_stepped_again() -> None:
    """The join has all of its parts, and one commit makes an end of the letter."""
    play, silent, parts = await failed()

    outcomes = await silent.redrive(play.subject(), parts[1].id)

    record = await play.record()
    assert [told(one) for one in outcomes] == [("applied", "gathered"), ("applied", "both")]
    assert (record.state, record.baskets) == ("packed", {})
    assert [letter.type for letter in record.dead] == ["evt.truck.came"]


async def test_what_a_part_told_of_stays_its_own() -> None:
    """Its redelivery changes nothing, and gives what is not known to be out once more."""
    play, silent, parts = await failed()
    await silent.redrive(play.subject(), parts[1].id)

    again = await silent.handle(*parts)

    assert [told(one) for one in again] == [("duplicate", "seen")] * 2
    assert [[one.type for one in outcome.sent] for outcome in again] == [
        ["sys.xorca.deadletter"],
        ["sys.xorca.deadletter", "notif.packed"],
    ]
