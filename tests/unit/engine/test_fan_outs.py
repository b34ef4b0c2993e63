"""Fan-outs: one command an item, a list join in sending order, folds, windows, side objects."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import pytest

from tests.unit.support import Number, Stage, Text, answer, data_of, event, stage, told
from xorca import Final, Orchestrator, State, emit, end, on, start, stay
from xorca.runtime import Limits


@dataclass
class Batch:
    """How many items there are, and how long each is."""

    count: int
    size: int = 0


class Album(Orchestrator, name="t.album"):
    """It sends one command an item and gathers the answers."""

    resizing = State()
    done = Final()
    failed = Final()

    @start(to=resizing)
    @emit("cmd.photo.resize")
    def begin(self, batch: Batch) -> list[Text]:
        return [Text(f"{at}:" + "x" * batch.size) for at in range(batch.count)]

    @on("evt.photo.resize.success", at=resizing, to=done)
    @emit("notif.resized")
    def all_resized(self, photos: list[Number]) -> list[Number]:
        if any(photo.value < 0 for photo in photos):
            raise ValueError("a negative one")
        return photos

    @on("evt.photo.resize.timeout", at=resizing, to=resizing)
    @emit("cmd.photo.resize")
    def again(self) -> list[Text]:
        return [Text(f"again {at}") for at in range(3)]

    @on("evt.photo.resize.error", at=resizing, to=stay)
    def one_failed(self) -> None: ...

    @on("evt.photo.resize.fatal", at=resizing, to=failed)
    def give_up(self) -> None: ...


def values(play: Stage) -> list[int]:
    """Give what the join of Album was given."""
    return [data_of(one)["value"] for one in play.sent("notif.resized")]


async def answer_all(play: Stage, name: str, *, shuffle: int | None = None) -> int:
    """Answer every command of a name until there are no more; give how many there were."""
    answered = 0
    while open_ := play.sent(name)[answered:]:
        answered += len(open_)
        if shuffle is not None:
            random.Random(shuffle).shuffle(open_)
        for command in open_:
            number = int(data_of(command)["text"].partition(":")[0])
            await play.give(answer(command, Number(number)))
    return answered


async def test_an_empty_fan_out_counts_as_arrived() -> None:
    """The join is taken in the same commit."""
    play = stage(Album)

    outcome = await play.start(Batch(0))

    assert outcome.state == "done"
    assert (await play.record()).revision == 1


@pytest.mark.parametrize("seed", range(3))
async def test_the_list_is_in_sending_order(seed: int) -> None:
    """Whatever the order of the answers."""
    play = stage(Album)
    await play.start(Batch(7))

    await answer_all(play, "cmd.photo.resize", shuffle=seed)

    assert values(play) == list(range(7))


async def test_an_answer_without_causation_is_dead() -> None:
    """Nobody can tell which item it answers."""
    play = stage(Album)
    await play.start(Batch(1))

    outcome = await play.give(answer(play.command("cmd.photo.resize"), Number(1), causation=False))

    assert told(outcome) == ("dead", "no-causation")


async def test_a_second_answer_to_one_item_is_stale() -> None:
    """It takes no other item's place."""
    play = stage(Album)
    await play.start(Batch(2))
    first, second = play.sent("cmd.photo.resize")
    await play.give(answer(first, Number(0)))

    copies = [await play.give(answer(first, Number(9))) for _ in range(3)]
    await play.give(answer(second, Number(1)))

    assert {told(one) for one in copies} == {("ignored", "stale")}
    assert values(play) == [0, 1]


async def test_an_item_that_failed_is_left_out_of_the_list() -> None:
    """An error that is only noted closes its item; the others are gathered."""
    play = stage(Album)
    await play.start(Batch(3))
    a, b, c = play.sent("cmd.photo.resize")

    await play.give(answer(a, Number(0)))
    await play.give(answer(b, verdict="error"))
    await play.give(answer(c, Number(2)))

    assert values(play) == [0, 2]


async def test_the_last_item_may_be_the_one_that_failed() -> None:
    """The join is taken when the error has closed the last place."""
    play = stage(Album)
    await play.start(Batch(2))
    a, b = play.sent("cmd.photo.resize")
    await play.give(answer(a, Number(0)))

    outcome = await play.give(answer(b, verdict="error"))

    assert outcome.state == "done"
    assert values(play) == [0]


async def test_a_fan_out_sent_again_awaits_its_own_answers_only() -> None:
    """Answers to the first round are stale in the second."""
    play = stage(Album)
    await play.start(Batch(2))
    a, b = play.sent("cmd.photo.resize")
    await play.give(answer(a, Number(100)))
    await play.give(answer(b, verdict="timeout"))

    late = await play.give(answer(a, Number(100)))
    for at, command in enumerate(play.sent("cmd.photo.resize")[2:]):
        await play.give(answer(command, Number(at)))

    assert told(late) == ("ignored", "stale")
    assert values(play) == [0, 1, 2]


async def test_a_list_join_that_raises_frees_every_place() -> None:
    """Corrected answers to every item complete it."""
    play = stage(Album)
    await play.start(Batch(3))
    commands = play.sent("cmd.photo.resize")
    for at, command in enumerate(commands):
        last = await play.give(answer(command, Number(-at)))
    assert told(last) == ("dead", "handler-raised")

    for at, command in enumerate(commands):
        await play.give(answer(command, Number(at)))

    assert values(play) == [0, 1, 2]


async def test_parts_of_a_wide_join_that_raised_are_not_gathered_again() -> None:
    """A redelivery of any of them is a duplicate, however many there were."""
    play = stage(Album)
    await play.start(Batch(60))
    replies = [
        answer(command, Number(-1 if at == 59 else at))
        for at, command in enumerate(play.sent("cmd.photo.resize"))
    ]
    for reply in replies:
        last = await play.give(reply)
    assert last.status == "dead"

    again = [(await play.give(reply)).status for reply in replies]

    assert set(again) == {"duplicate"}
    assert (await play.record()).baskets == {}


class Folding(Orchestrator, name="t.folding"):
    """It folds each answer into memory, and its join takes no parameter."""

    total: int = 0

    @start
    @emit("cmd.part.count")
    def counting(self, batch: Batch) -> list[Text]:
        return [Text(f"{at}:") for at in range(batch.count)]

    @on("evt.part.count.success", to=stay, each=True)
    def fold(self, one: Number) -> None:
        if one.value == 13:
            raise ValueError("unlucky")
        self.total += one.value

    @on("evt.part.count.success", to=end)
    @emit("notif.total")
    def done(self) -> Number:
        return Number(self.total)


@pytest.mark.parametrize("count", [0, 1, 5])
async def test_each_folds_and_the_join_goes_on(count: int) -> None:
    """Every answer counts once, and the last one completes the join."""
    play = stage(Folding)
    await play.start(Batch(count))

    await answer_all(play, "cmd.part.count", shuffle=1)

    assert data_of(play.command("notif.total")) == {"value": sum(range(count))}
    assert len(play.sent("notif.total")) == 1


async def test_a_fold_that_raises_keeps_its_place_free() -> None:
    """The join waits for a corrected answer."""
    play = stage(Folding)
    await play.start(Batch(2))
    a, b = play.sent("cmd.part.count")

    bad = await play.give(answer(a, Number(13)))
    await play.give(answer(b, Number(1)))
    assert (await play.record()).state == "counting"
    await play.give(answer(a, Number(12)))

    assert told(bad) == ("dead", "handler-raised")
    assert data_of(play.command("notif.total")) == {"value": 13}


async def test_copies_of_an_answer_are_folded_once() -> None:
    """A second answer to one item is stale, whatever its id."""
    play = stage(Folding)
    await play.start(Batch(2))
    a, b = play.sent("cmd.part.count")
    for _ in range(3):
        await play.give(answer(a, Number(5)))

    await play.give(answer(b, Number(1)))

    assert data_of(play.command("notif.total")) == {"value": 6}


class First(Orchestrator, name="t.first"):
    """The first of several answers is enough."""

    @start
    @emit("cmd.quote.get")
    def asking(self, batch: Batch) -> list[Text]:
        return [Text(str(at)) for at in range(batch.count)]

    @on("evt.quote.get.success", first=True)
    @emit("cmd.order.send")
    def ordering(self, quote: Number) -> Number:
        return quote

    @on("evt.order.send.success", to=end)
    def done(self) -> None: ...


async def test_first_goes_on_with_the_first_answer() -> None:
    """The others come too late and change nothing."""
    play = stage(First)
    await play.start(Batch(3))
    a, b, c = play.sent("cmd.quote.get")

    first = await play.give(answer(b, Number(2)))
    others = [await play.give(answer(one, Number(1))) for one in (a, c)]

    assert told(first) == ("applied", "ordering")
    assert {one.status for one in others} == {"ignored"}
    assert len(play.sent("cmd.order.send")) == 1


# -- width --------------------------------------------------------------------


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


@dataclass
class Big:
    """An answer with some weight."""

    value: int
    weight: str = ""


class Heavy(Orchestrator, name="t.heavy"):
    """It gathers big answers to many big commands."""

    @start
    @emit("cmd.part.get")
    def getting(self, batch: Batch) -> list[Text]:
        return [Text(f"{at}:" + "x" * batch.size) for at in range(batch.count)]

    @on("evt.part.get.success", to=end)
    @emit("notif.got")
    def got(self, parts: list[Big]) -> Number:
        assert [len(part.weight) for part in parts] == [500] * len(parts)
        return Number(sum(part.value for part in parts))

    @on("evt.part.get.error")
    @emit("cmd.part.get")
    def again(self) -> list[Text]:
        return [Text(f"{at}:" + "x" * 1000) for at in range(300)]

    @on("evt.part.get.fatal", to=end)
    def failed(self) -> None: ...


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


async def test_an_index_beyond_the_fan_out_is_stale() -> None:
    """A causation that was never sent answers nothing."""
    play = stage(Album)
    await play.start(Batch(2))
    made_up = play.command("cmd.photo.resize").id[:-1] + "7"

    outcome = await play.give(
        event("evt.photo.resize.success", Number(1), subject=play.subject(), cause=made_up)
    )

    assert told(outcome) == ("ignored", "stale")


async def test_an_item_that_was_not_sent_yet_cannot_be_answered() -> None:
    """Its id can be guessed; the answer is stale."""
    play = stage(Album, limits=Limits(window=1))
    await play.start(Batch(3))
    guessed = play.command("cmd.photo.resize").id[:-1] + "2"

    outcome = await play.give(
        event("evt.photo.resize.success", Number(1), subject=play.subject(), cause=guessed)
    )

    assert told(outcome) == ("ignored", "stale")
