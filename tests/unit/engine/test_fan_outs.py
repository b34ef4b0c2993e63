"""Fan-outs: one command an item, a list join in sending order, folds."""

from __future__ import annotations

import pytest

from tests.unit.engine.albums import Album, Batch, answer_all, values
from tests.unit.support import Number, Text, answer, data_of, event, stage, told
from xorca import Orchestrator, emit, end, on, start, stay


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


async def test_an_index_beyond_the_fan_out_is_stale() -> None:
    """A causation that was never sent answers nothing."""
    play = stage(Album)
    await play.start(Batch(2))
    made_up = play.command("cmd.photo.resize").id[:-1] + "7"

    outcome = await play.give(
        event("evt.photo.resize.success", Number(1), subject=play.subject(), cause=made_up)
    )

    assert told(outcome) == ("ignored", "stale")
