"""Two workers on one process: in every order of their calls each event is applied once."""

from __future__ import annotations

import asyncio
import itertools
import random
from typing import Any

import pytest

from tests.unit.runtime.counting import Counter, number, totals
from tests.unit.support import Number, Stage, answer, data_of, event, stage, starting
from xorca import Runtime
from xorca.events import Event
from xorca.ports import Page, Query, Stored, Summary
from xorca.providers.memory import MemoryBus, MemoryStore


class Turns:
    """Let parked calls go on in a given order of workers."""

    def __init__(self, order: tuple[int, ...]) -> None:
        self.order = list(order)
        self.parked: dict[int, asyncio.Future[None]] = {}

    async def park(self, worker: int) -> None:
        """Wait for a turn."""
        self.parked[worker] = asyncio.get_running_loop().create_future()
        await self.parked[worker]

    async def run(self, *work: Any) -> list[Any]:
        """Run the workers to their end."""
        tasks = [asyncio.create_task(one) for one in work]
        while not all(task.done() for task in tasks):
            for _ in range(5):
                await asyncio.sleep(0)
            if self.parked:
                turn = next((w for w in self._wanted() if w in self.parked), None)
                self.parked.pop(min(self.parked) if turn is None else turn).set_result(None)
        return [task.result() for task in tasks]

    def _wanted(self) -> list[int]:
        return [self.order.pop(0)] if self.order else []


class ParkedStore:
    """A store whose calls wait for the turn of their worker."""

    def __init__(self, inner: MemoryStore, turns: Turns, worker: int) -> None:
        self.inner, self.turns, self.worker = inner, turns, worker
        self.limit = inner.limit

    async def load(self, key: str) -> Stored | None:
        """Wait, then load."""
        await self.turns.park(self.worker)
        return await self.inner.load(key)

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Wait, then save."""
        await self.turns.park(self.worker)
        return await self.inner.save(key, body, expect=expect, summary=summary)

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """List."""
        return await self.inner.list(query, after=after, limit=limit)

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        """Wait, then delete."""
        await self.turns.park(self.worker)
        await self.inner.delete(key, expect=expect)


class ParkedBus:
    """A bus whose publishes wait for the turn of their worker."""

    def __init__(self, inner: MemoryBus, turns: Turns, worker: int) -> None:
        self.inner, self.turns, self.worker = inner, turns, worker

    async def publish(self, events: Any) -> None:
        """Wait, then publish."""
        await self.turns.park(self.worker)
        await self.inner.publish(events)


def workers(play: Stage, turns: Turns, count: int = 2) -> list[Runtime]:
    """Give workers over the stage's store and bus that wait for their turns."""
    return [
        Runtime(
            play.classes,
            store=ParkedStore(play.store, turns, at),
            bus=ParkedBus(play.bus, turns, at),
            clock=play.clock,
        )
        for at in range(count)
    ]


ORDERS = list(itertools.product((0, 1), repeat=8))


async def race(order: tuple[int, ...], first: list[Event], second: list[Event]) -> Stage:
    """Let two workers that remember nothing handle their events, in this order of calls."""
    play = stage(Counter)
    await play.start()
    turns = Turns(order)
    one, two = workers(play, turns)

    found = await turns.run(one.handle(*first), two.handle(*second))

    assert {outcome.ok for outcomes in found for outcome in outcomes} == {True}
    return play


async def test_different_events_in_every_order_of_calls() -> None:
    """Both are applied, each once, one after the other."""
    for order in ORDERS:
        play = await race(order, [number(1)], [number(2)])

        assert sorted((await play.memory())["seen"]) == [1, 2], order
        assert totals(play)[-1] in (1, 2, 3), order
        assert sorted(totals(play)) in ([1, 3], [2, 3]), order
        assert (await play.record()).revision == 3, order


async def test_the_same_event_in_every_order_of_calls() -> None:
    """It is applied once, whoever wins; both may acknowledge it."""
    for order in ORDERS:
        play = await race(order, [number(1)], [number(1)])

        assert (await play.memory())["seen"] == [1], order
        assert totals(play) == [1], order
        assert (await play.record()).revision == 2, order


async def test_overlapping_batches_in_every_order_of_calls() -> None:
    """Each event of both is applied once, poison among them."""
    for order in ORDERS:
        play = await race(order, [number(1), number(13), number(2)], [number(2), number(3)])

        assert sorted((await play.memory())["seen"]) == [1, 2, 3], order
        assert len(totals(play)) == 3, order
        assert totals(play)[-1] == 6 or 6 in totals(play), order


async def test_two_starts_of_one_process_in_every_order_of_calls() -> None:
    """One wins and the other is refused; nothing of the loser is sent."""
    for order in ORDERS:
        play = stage(Counter)
        turns = Turns(order)
        one, two = workers(play, turns)

        found = await turns.run(
            one.handle(starting(Counter, id="a")), two.handle(starting(Counter, id="b"))
        )

        assert sorted(outcome.status for (outcome,) in found) == ["applied", "dead"], order
        assert len({e.id for e in play.sent("cmd.count.begin")}) == 1, order


async def test_the_same_start_at_two_workers_in_every_order_of_calls() -> None:
    """One process, one command."""
    for order in ORDERS:
        play = stage(Counter)
        turns = Turns(order)
        one, two = workers(play, turns)

        found = await turns.run(
            one.handle(starting(Counter, id="a")), two.handle(starting(Counter, id="a"))
        )

        assert sorted(outcome.status for (outcome,) in found) == ["applied", "duplicate"], order
        assert len({e.to_json() for e in play.sent()}) == 1, order


@pytest.mark.parametrize("seed", range(20))
async def test_three_workers_and_a_fan_out(seed: int) -> None:
    """Answers and copies of them, shuffled over three workers, fill each place once."""
    from tests.unit.engine.albums import Album, Batch

    rng = random.Random(seed)
    play = stage(Album)
    await play.start(Batch(6))
    replies = [
        answer(one, Number(at), id=f"r{at}-{copy}")
        for at, one in enumerate(play.sent("cmd.photo.resize"))
        for copy in range(2)
    ] * 2
    rng.shuffle(replies)
    turns = Turns(tuple(rng.randrange(3) for _ in range(400)))
    crew = workers(play, turns, 3)

    async def work(runtime: Runtime, events: list[Event]) -> list[Any]:
        return [outcome for one in events for outcome in await runtime.handle(one)]

    found = await turns.run(*(work(crew[at], replies[at::3]) for at in range(3)))

    statuses = [outcome.status for outcomes in found for outcome in outcomes]
    first = {e.id: data_of(e)["value"] for e in play.sent("notif.resized")}
    assert statuses.count("applied") == 6
    assert "retry" not in statuses
    assert list(first.values()) == [0, 1, 2, 3, 4, 5]


async def test_many_events_at_once_in_one_worker() -> None:
    """Calls that overlap in one worker stand in line and never fight."""
    play = stage(Counter)
    await play.start()

    found = await asyncio.gather(*(play.runtime.handle(number(value)) for value in range(20, 60)))

    assert {outcome.status for (outcome,) in found} == {"applied"}
    assert (await play.record()).revision == 41
    assert len(totals(play)) == 40


async def test_many_events_over_two_plain_workers() -> None:
    """Over one store, each event once."""
    play = stage(Counter)
    await play.start()
    crew = [play.worker(), play.worker()]

    await asyncio.gather(*(crew[value % 2].handle(number(value)) for value in range(20, 60)))

    assert sorted((await play.memory())["seen"]) == list(range(20, 60))
    assert len(totals(play)) == 40


async def test_an_event_for_a_process_that_another_worker_ends() -> None:
    """It is applied before the end or ignored after it, never lost in between."""
    for order in ORDERS:
        play = stage(Counter)
        await play.start()
        turns = Turns(order)
        one, two = workers(play, turns)
        close = event(
            "evt.count.begin.success",
            subject=play.subject(),
            cause=play.command("cmd.count.begin").id,
        )

        _, (outcome,) = await turns.run(one.handle(close), two.handle(number(1)))

        assert (await play.record()).status == "ended", order
        expected = {"applied": [1], "ignored": []}
        assert (await play.memory())["seen"] == expected[outcome.status], order
