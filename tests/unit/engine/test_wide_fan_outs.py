"""Wide fan-outs leave in windows, and what is heavy goes to side objects."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.engine.albums import Album, Batch, Big, Heavy, values
from tests.unit.support import Number, Stage, answer, data_of, event, stage, told
from xorca.runtime import Limits


async def test_commands_leave_in_windows() -> None:
    """So many are outstanding at once, and each answer lets one more go."""
    play = stage(Album, limits=Limits(window=10))
    await play.start(Batch(25))
    assert len(play.sent("cmd.photo.resize")) == 10

    for command in play.sent("cmd.photo.resize")[:3]:
        await play.give(answer(command, Number(0)))

    assert len(play.sent("cmd.photo.resize")) == 13


@pytest.mark.parametrize("cold", [False, True])
async def test_a_thousand_items(cold: bool) -> None:
    """All leave, all are gathered in order, and the record stays small on the way."""
    play = stage(Album)
    await play.start(Batch(1000))
    largest = 0
    answered = 0
    while open_ := play.sent("cmd.photo.resize")[answered:]:
        answered += len(open_)
        if cold:
            play.cold()
        for command in reversed(open_):
            number = int(data_of(command)["text"].partition(":")[0])
            await play.give(answer(command, Number(number)))
            if not play.sent("notif.resized"):
                largest = max(largest, len(await play.body()))

    ids = {one.id for one in play.sent("cmd.photo.resize")}
    assert len(ids) == 1000
    assert values(play)[:1000] == list(range(1000))
    assert largest < 100_000


def sides(play: Stage) -> list[str]:
    """Give the keys of the side objects in a memory store."""
    return [key for key in play.store._rows if key.startswith("_side/")]


async def drain(play: Stage, skip: int = 0) -> None:
    """Answer everything that Heavy asks, from the given command on."""
    answered = skip
    while open_ := play.sent("cmd.part.get")[answered:]:
        answered += len(open_)
        for command in open_:
            number = int(data_of(command)["text"].partition(":")[0])
            await play.give(answer(command, Big(number, "w" * 500)))


@pytest.mark.parametrize("cold", [False, True])
async def test_big_items_and_big_answers_go_to_side_objects(cold: bool) -> None:
    """Nothing is lost, the record stays small, and nothing is left behind after the join."""
    play = stage(Heavy)
    await play.start(Batch(300, 1000))
    if cold:
        play.cold()
    assert sides(play)
    assert len(await play.body()) < 300_000

    await drain(play)

    assert data_of(play.command("notif.got")) == {"value": sum(range(300))}
    assert sides(play) == []


async def test_a_process_that_ends_leaves_no_side_objects() -> None:
    """Neither what was not sent nor what was gathered."""
    play = stage(Heavy)
    await play.start(Batch(300, 1000))
    for command in play.sent("cmd.part.get"):
        await play.give(answer(command, Big(0, "w" * 500)))
    assert sides(play)

    await play.give(answer(play.command("cmd.part.get"), verdict="fatal"))

    assert (await play.record()).status == "ended"
    assert sides(play) == []


async def test_a_superseded_fan_out_leaves_no_side_objects() -> None:
    """What the first round had not sent is dropped when the second is sent."""
    play = stage(Heavy)
    await play.start(Batch(300, 1000))
    first = len(play.sent("cmd.part.get"))
    await play.give(answer(play.command("cmd.part.get"), verdict="error"))

    await drain(play, skip=first)

    assert data_of(play.command("notif.got")) == {"value": sum(range(300))}
    assert sides(play) == []


async def test_the_same_items_sent_again_in_the_batch_that_used_up_a_side_object() -> None:
    """A side object that is dropped and written again in one commit is there afterwards."""
    play = stage(Heavy, limits=Limits(window=10, backlog=5_000))
    await play.start(Batch(300, 1000))
    opening = play.sent("cmd.part.get")
    batch: list[Any] = [answer(one, Big(0, "w" * 500)) for one in opening[:9]]
    batch.append(answer(opening[9], verdict="error"))

    outcomes = await play.runtime.handle(*batch)
    assert {one.status for one in outcomes} == {"applied"}
    play.cold()
    await drain(play, skip=len(play.sent("cmd.part.get")) - 10)

    assert data_of(play.command("notif.got")) == {"value": sum(range(300))}


async def test_a_lost_side_object_is_reported_and_nothing_is_lost() -> None:
    """The event is to be delivered again; the record stays."""
    play = stage(Heavy, limits=Limits(window=1))
    await play.start(Batch(300, 1000))
    for key in sides(play):
        await play.store.delete(key)
    body = await play.body()

    outcome = await play.give(answer(play.command("cmd.part.get"), Big(0, "w" * 500)))

    assert told(outcome) == ("retry", "record")
    assert await play.body() == body


async def test_causation_and_subject_of_windowed_commands() -> None:
    """A command that left later is caused by the same event as the first ones."""
    play = stage(Album, limits=Limits(window=2))
    await play.start(Batch(3), id="begin")
    await play.give(answer(play.sent("cmd.photo.resize")[0], Number(0)))

    first, _, third = play.sent("cmd.photo.resize")

    assert first.extensions["causationid"] == third.extensions["causationid"] == "begin"
    assert first.subject == third.subject


async def test_an_item_that_was_not_sent_yet_cannot_be_answered() -> None:
    """Its id can be guessed; the answer is stale."""
    play = stage(Album, limits=Limits(window=1))
    await play.start(Batch(3))
    guessed = play.command("cmd.photo.resize").id[:-1] + "2"

    outcome = await play.give(
        event("evt.photo.resize.success", Number(1), subject=play.subject(), cause=guessed)
    )

    assert told(outcome) == ("ignored", "stale")
