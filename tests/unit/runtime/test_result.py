"""Waiting for the end of a process: woken here, polling elsewhere, and giving up in words."""

from __future__ import annotations

import asyncio
import itertools
import math
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.runtime.counting import Counter
from tests.unit.runtime.faults import FaultyBus, FaultyStore
from tests.unit.runtime.test_races import Turns
from tests.unit.support import BEGIN, HandClock, Stage, Text, answer, event, stage, starting
from xorca import Final, Orchestrator, Runtime, State, after, emit, on, start
from xorca.errors import (
    ConfigurationError,
    ProcessNotFound,
    RecordError,
    ResultTimeout,
    Unavailable,
    XorcaError,
)
from xorca.ports import Page, Query, Stored, Summary
from xorca.providers.memory import MemoryStore
from xorca.runtime.reading import Description

SUBJECT = "t.counter/1.0.0/p"
END = "evt.count.begin.success"


class StuckClock(HandClock):
    """A clock on which nothing that sleeps ever wakes; it notes for how long it should have."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Sleep for ever."""
        self.asked.append(seconds)
        await asyncio.get_running_loop().create_future()


class NotingClock(HandClock):
    """A clock set by hand that notes every sleep, and may do something in one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.naps: list[float] = []
        self.then: dict[int, Any] = {}

    async def sleep(self, seconds: float) -> None:
        """Pass the time at once."""
        self.naps.append(round(seconds, 3))
        if len(self.naps) in self.then:
            await self.then[len(self.naps)]()
        self.advance(seconds)
        await asyncio.sleep(0)


async def settled() -> None:
    """Let every task go on until it waits."""
    for _ in range(20):
        await asyncio.sleep(0)


def waiting_for(play: Stage, subject: str = SUBJECT, **options: Any) -> asyncio.Task[Description]:
    """Begin to wait for a process."""
    return asyncio.create_task(asyncio.wait_for(play.runtime.result(subject, **options), 20))


async def cancel_here(play: Stage) -> None:
    """End the process without an event."""
    await play.runtime.cancel(SUBJECT, "enough")


# -- what it gives -----------------------------------------------------------------


async def test_a_process_that_has_ended_is_described_at_once() -> None:
    """Nothing is waited for: the clock stands still."""
    play = stage(Counter, clock=StuckClock())
    await play.start()
    await play.reply("cmd.count.begin")

    found = await play.runtime.result(SUBJECT, 0)

    assert (found.status, found.state, found.memory["total"]) == ("ended", "done", 0)


async def test_a_cancelled_process_is_a_result() -> None:
    """The reason of the cancel stands in the description."""
    play = stage(Counter, clock=StuckClock())
    await play.start()
    await cancel_here(play)

    found = await play.runtime.result(SUBJECT)

    assert (found.status, found.reason) == ("cancelled", "enough")


class Failing(Orchestrator, name="t.failing"):
    waiting = State()
    done = Final()

    @start(to=waiting)
    def begin(self) -> None:
        raise ValueError("broken")

    @on("evt.go", at=waiting, to=done)
    def go(self) -> None: ...


async def test_a_failed_start_is_a_result() -> None:
    """Its dead letter tells why."""
    play = stage(Failing, clock=StuckClock())
    await play.start()

    found = await play.runtime.result("t.failing/1.0.0/p")

    assert (found.status, found.dead[0].reason) == ("failed", "handler-raised")


# -- woken by this Runtime -----------------------------------------------------------


async def test_the_end_wakes_whoever_waits_here() -> None:
    """No sleep ever returns, so only the commit itself can have told."""
    play = stage(Counter, clock=StuckClock())
    await play.start()
    waiter = waiting_for(play)
    await settled()
    assert not waiter.done()

    await play.reply("cmd.count.begin")

    assert (await waiter).status == "ended"


async def test_the_end_wakes_before_anything_is_published() -> None:
    """What is stored has ended, whatever becomes of the publish."""
    play = stage(Counter, clock=StuckClock(), bus=FaultyBus())
    await play.start()
    waiter = waiting_for(play)
    await settled()
    play.bus.times = 10

    await play.reply("cmd.count.begin")

    assert (await waiter).status == "ended"


async def test_a_cancel_wakes_too() -> None:
    """A change without an event tells as well."""
    play = stage(Counter, clock=StuckClock())
    await play.start()
    waiter = waiting_for(play)
    await settled()

    await cancel_here(play)

    assert (await waiter).status == "cancelled"


async def test_a_save_whose_response_was_lost_wakes() -> None:
    """The end is found stored at the second attempt, and told then."""
    store = FaultyStore()
    play = stage(Counter, store=store)
    await play.start()
    end = answer(play.command("cmd.count.begin"))
    play.clock = StuckClock()
    play.cold()
    waiter = waiting_for(play)
    await settled()
    store.plan[len(store.calls) + 1] = "lost-response"

    outcome = await play.give(end)

    assert outcome.status == "duplicate"
    assert (await waiter).status == "ended"


async def test_a_process_that_comes_and_ends_while_it_is_waited_for() -> None:
    """Neither the start nor the end was there when the wait began."""
    play = stage(Counter, clock=StuckClock())
    waiter = waiting_for(play)
    await settled()

    await play.start()
    await play.reply("cmd.count.begin")

    assert (await waiter).status == "ended"


async def test_an_event_that_ends_nothing_wakes_nobody() -> None:
    """The store is not read again for it."""
    store = FaultyStore()
    play = stage(Counter, store=store, clock=StuckClock())
    await play.start()
    waiter = waiting_for(play)
    await settled()
    store.calls = []

    await play.say("evt.number.said", {"value": 1})
    await settled()

    assert store.calls == ["save"]
    waiter.cancel()


async def test_any_number_may_wait() -> None:
    """A thousand waiters of one process are all woken, and those of another are not."""
    play = stage(Counter, clock=StuckClock())
    await play.start()
    await play.start(pid="q")
    other = waiting_for(play, "t.counter/1.0.0/q")
    waiters = [waiting_for(play) for _ in range(1000)]
    await settled()

    await play.give(answer(play.sent("cmd.count.begin")[0]))

    assert {found.status for found in await asyncio.gather(*waiters)} == {"ended"}
    assert not other.done()
    other.cancel()


async def test_nobody_is_left_behind_who_was_cancelled() -> None:
    """No task, and no waiter whom an end would be told."""
    play = stage(Counter, clock=StuckClock())
    await play.start()
    waiters = [waiting_for(play) for _ in range(3)]
    await settled()

    for waiter in waiters:
        waiter.cancel()
    await asyncio.gather(*waiters, return_exceptions=True)

    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert play.runtime._ends.waiting == {}  # pyright: ignore[reportPrivateUsage]


async def test_nobody_is_left_behind_who_was_answered() -> None:
    """The sleep that was cut short is gone, too."""
    play = stage(Counter, clock=StuckClock())
    await play.start()
    waiter = waiting_for(play)
    await settled()
    await play.reply("cmd.count.begin")
    await waiter

    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert play.runtime._ends.waiting == {}  # pyright: ignore[reportPrivateUsage]


class SlowStore:
    """A store that can be held up before and after each call, by turns."""

    def __init__(self, inner: MemoryStore, turns: Turns, *, reader: bool) -> None:
        self.inner, self.turns, self.number = inner, turns, 0 if reader else 1
        self.limit = inner.limit

    async def load(self, key: str) -> Stored | None:
        """Load, between two turns."""
        await self.turns.park(self.number)
        found = await self.inner.load(key)
        await self.turns.park(self.number)
        return found

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Save, between two turns."""
        await self.turns.park(self.number)
        tag = await self.inner.save(key, body, expect=expect, summary=summary)
        await self.turns.park(self.number)
        return tag

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """List."""
        return await self.inner.list(query, after=after, limit=limit)

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        """Delete."""
        await self.inner.delete(key, expect=expect)


@pytest.mark.parametrize("order", sorted(set(itertools.permutations((0, 0, 0, 0, 1, 1, 1, 1)))))
async def test_no_end_is_missed_between_a_read_and_the_wait(order: tuple[int, ...]) -> None:
    """In every order of the calls of reader and writer, with a clock that never wakes."""
    play = stage(Counter)
    await play.start()
    end = answer(play.command("cmd.count.begin"))
    turns, clock = Turns(order), StuckClock()
    runtime = Runtime([Counter], store=play.store, bus=play.bus, clock=clock)
    inner: Any = play.store
    runtime._worker.store = SlowStore(inner, turns, reader=False)  # pyright: ignore[reportPrivateUsage]
    runtime.store = SlowStore(inner, turns, reader=True)

    found, outcomes = await asyncio.wait_for(
        turns.run(runtime.result(SUBJECT), runtime.handle(end)), 10
    )

    assert outcomes[0].status == "applied"
    assert found.status == "ended"


# -- polling -----------------------------------------------------------------------------


async def test_the_end_by_another_runtime_is_found_by_looking() -> None:
    """First after a tenth of a second, then ever more seldom, at last once a second."""
    clock = NotingClock()
    play = stage(Counter, clock=clock)
    await play.start()
    end, other = answer(play.command("cmd.count.begin")), play.worker()

    async def by_another() -> None:
        await other.handle(end)

    clock.then = {7: by_another}

    found = await play.runtime.result(SUBJECT)

    assert found.status == "ended"
    assert clock.naps == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0]


async def test_it_looks_for_the_last_time_when_the_time_is_over() -> None:
    """What was saved during the last wait is seen, and nothing is asked more often."""
    clock = NotingClock()
    play = stage(Counter, clock=clock)
    await play.start()
    end, other = answer(play.command("cmd.count.begin")), play.worker()

    async def by_another() -> None:
        await other.handle(end)

    clock.then = {3: by_another}

    found = await play.runtime.result(SUBJECT, 0.5)

    assert found.status == "ended"
    assert clock.naps == [0.1, 0.2, 0.2]


@pytest.mark.parametrize(
    ("timeout", "loads"), [(0, 1), (0.05, 1), (0.15, 2), (1.0, 5), (-3.0, 1), (10, 14)]
)
async def test_the_store_is_never_asked_more_often_than_each_tenth_of_a_second(
    timeout: float, loads: int
) -> None:
    """So many reads in so many seconds, the first of them at once."""
    store = FaultyStore()
    play = stage(Counter, store=store)
    await play.start()
    store.calls = []

    with pytest.raises(ResultTimeout):
        await play.runtime.result(SUBJECT, timeout)

    assert store.calls == ["load"] * loads


async def test_it_is_over_when_the_time_is_over() -> None:
    """By the clock of the Runtime, in seconds or as a timedelta."""
    play = stage(Counter)
    await play.start()
    with pytest.raises(ResultTimeout):
        await play.runtime.result(SUBJECT, timeout=timedelta(minutes=2))

    assert (play.clock.moment - BEGIN).total_seconds() == pytest.approx(120, abs=0.001)


# -- giving up in words ---------------------------------------------------------------------


class Parcel(Orchestrator, name="t.parcel"):
    asking = State()
    thinking = State()
    done = Final()

    @start(to=asking)
    @emit("cmd.part.get", "cmd.price.get")
    def begin(self) -> tuple[list[Text], Text]:
        return [Text("a"), Text("b")], Text("c")

    @after(timedelta(hours=1), at=asking, to=thinking)
    def slow(self) -> None: ...

    @on("evt.part.get.success", at=asking, to=thinking, first=True)
    def got(self) -> None: ...

    @on("evt.decision.made", at=thinking, to=done)
    def decided(self) -> None: ...


async def test_a_time_out_says_what_the_process_waits_for() -> None:
    """The state, the answers that are open, and the deadline; it is a TimeoutError, too."""
    play = stage(Parcel)
    await play.start()

    with pytest.raises(TimeoutError) as caught:
        await play.runtime.result("t.parcel/1.0.0/p", timeout=5)

    assert isinstance(caught.value, XorcaError)
    assert str(caught.value) == (
        "t.parcel/1.0.0/p has not ended within 5 s: it is in state 'asking', revision 1, and"
        " waits for the answer to cmd.part.get (2 of 2), cmd.price.get and the deadline of"
        " 2030-01-01 01:00:00 UTC"
    )


async def test_a_time_out_names_the_events_that_the_state_hears() -> None:
    """It may be that somebody must say something."""
    play = stage(Parcel)
    await play.start()
    await play.give(answer(play.sent()[0], {"text": ""}))

    with pytest.raises(ResultTimeout, match=r"'thinking', .* and evt\.decision\.made$"):
        await play.runtime.result("t.parcel/1.0.0/p", timeout=1)


async def test_a_process_that_never_comes_is_not_found() -> None:
    """Only when the time is over, for its start may be on its way."""
    play = stage(Counter)

    with pytest.raises(ProcessNotFound, match="none was started within 2 s"):
        await play.runtime.result(SUBJECT, timeout=2)

    assert (play.clock.moment - BEGIN).total_seconds() == pytest.approx(2, abs=0.001)


async def test_a_deleted_process_is_not_found_at_once() -> None:
    """Though something is left of it in the store."""
    play = stage(Counter, clock=StuckClock())
    await play.start()
    await play.reply("cmd.count.begin")
    await play.runtime.delete(SUBJECT)

    with pytest.raises(ProcessNotFound, match="was deleted"):
        await play.runtime.result(SUBJECT)


async def test_a_process_that_is_deleted_while_it_is_waited_for() -> None:
    """The deletion here wakes the waiter."""
    play = stage(Counter, clock=StuckClock())
    await play.start()
    waiter = waiting_for(play)
    await settled()

    await play.runtime.delete(SUBJECT, force=True)

    with pytest.raises(ProcessNotFound, match="was deleted"):
        await waiter


async def test_a_process_whose_record_is_removed_while_it_is_waited_for() -> None:
    """It was there and is not: it will not come back by itself."""
    clock = NotingClock()
    play = stage(Counter, clock=clock)
    await play.start()

    async def remove() -> None:
        await play.store.delete(play.key())

    clock.then = {2: remove}

    with pytest.raises(ProcessNotFound, match="was deleted"):
        await play.runtime.result(SUBJECT)


async def test_another_version_under_the_process_id_is_named_at_once() -> None:
    """A process id has one process; the one that was asked for cannot come."""
    play = stage(Counter, clock=StuckClock())
    await play.start()

    with pytest.raises(ProcessNotFound, match=r"t.counter/1.0.0/p is"):
        await play.runtime.result("t.counter/2.0.0/p")


class Mended(Failing, name="t.failing", version="2.0.0"):
    @start(to=Failing.waiting)
    def begin(self) -> None: ...


async def test_a_failed_start_of_another_version_may_still_be_mended() -> None:
    """A start on the version that was asked for takes its place, and is waited for."""
    play = stage(Failing, clock=StuckClock())
    await play.start()
    play.cold(Failing, Mended)
    waiter = waiting_for(play, "t.failing/2.0.0/p")
    await settled()
    assert not waiter.done()

    await play.give(starting(Mended, id="again"))
    await play.give(event("evt.go", subject="t.failing/2.0.0/p"))

    assert (await waiter).status == "ended"


@pytest.mark.parametrize("subject", ["", "p", "t.counter", "t.counter/1.0.0/", "a/b/c/d", None, 7])
async def test_what_is_no_subject_is_refused_at_once(subject: Any) -> None:
    """The store is not asked."""
    store = FaultyStore()
    play = stage(Counter, store=store, clock=StuckClock())

    with pytest.raises(ProcessNotFound, match="subject"):
        await play.runtime.result(subject)

    assert store.calls == []


async def test_an_orchestrator_that_is_not_here_is_refused_at_once() -> None:
    """The error names those that are."""
    store = FaultyStore()
    play = stage(Counter, store=store, clock=StuckClock())

    with pytest.raises(ConfigurationError, match=r"'t.countr'.*it has t.counter"):
        await play.runtime.result("t.countr/1.0.0/p")

    assert store.calls == []


@pytest.mark.parametrize("timeout", ["5", math.nan, True, [1]])
async def test_what_is_no_length_of_time_is_refused_at_once(timeout: Any) -> None:
    """Rather than taken for something else."""
    play = stage(Counter, clock=StuckClock())

    with pytest.raises(ConfigurationError, match="timeout="):
        await play.runtime.result(SUBJECT, timeout=timeout)


# -- a store that fails --------------------------------------------------------------------


class BrokenStore(FaultyStore):
    """A store whose reads fail in some way while it is broken."""

    broken = ""

    async def load(self, key: str) -> Stored | None:
        """Load, or fail, or never answer."""
        if self.broken == "away":
            raise Unavailable("the disk is away")
        if self.broken == "hangs":
            await asyncio.get_running_loop().create_future()
        return await super().load(key)


async def test_a_store_that_fails_for_a_while_is_borne() -> None:
    """The wait goes on, and the end is seen when the store is back."""
    store, clock = BrokenStore(), NotingClock()
    play = stage(Counter, store=store, clock=clock)
    await play.start()
    await play.reply("cmd.count.begin")

    async def mend() -> None:
        store.broken = ""

    store.broken, clock.then = "away", {4: mend}

    assert (await play.runtime.result(SUBJECT)).status == "ended"


@pytest.mark.parametrize("known", [True, False])
async def test_a_store_that_stays_away_is_told_when_the_time_is_over(*, known: bool) -> None:
    """Nobody can say that the process is not there."""
    store = BrokenStore()
    play = stage(Counter, store=store)
    if known:
        await play.start()
    store.broken = "away"

    with pytest.raises(ResultTimeout, match="the disk is away") as caught:
        await play.runtime.result(SUBJECT, timeout=3)

    assert isinstance(caught.value.__cause__, Unavailable)


async def test_a_store_that_never_answers_does_not_hold_up_the_time_out() -> None:
    """The read is given up a second after the time at the latest."""
    store = BrokenStore()
    play = stage(Counter, store=store)
    store.broken = "hangs"

    with pytest.raises(ResultTimeout, match="TimeoutError"):
        await asyncio.wait_for(play.runtime.result(SUBJECT, timeout=0), 20)


async def test_a_damaged_record_ends_the_wait() -> None:
    """It does not mend itself."""
    play = stage(Counter, clock=StuckClock())
    await play.start()
    stored = await play.store.load(play.key())
    await play.store.save(play.key(), stored.body[:-40], expect=stored.tag)

    with pytest.raises(RecordError):
        await play.runtime.result(SUBJECT)
