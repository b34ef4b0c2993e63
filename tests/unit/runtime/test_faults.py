"""Stores and buses that fail at every call: nothing is lost, nothing is doubled."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.unit.runtime.counting import Counter, number, totals
from tests.unit.runtime.faults import Crash, FaultyBus, FaultyStore
from tests.unit.support import Number, Stage, Text, answer, data_of, event, stage, starting
from xorca import Orchestrator, all_of, emit, end, on, start
from xorca.events import Event

FAULTS = ["lost-request", "lost-response", "conflict", "crash-before", "crash-after"]


async def deliver(play: Stage, batch: list[Any], times: int = 12) -> None:
    """Do as a broker does: deliver what was not acknowledged until it is."""
    waiting = list(batch)
    for _ in range(times):
        try:
            outcomes = await play.runtime.handle(*waiting)
        except Crash:
            play.cold()
            continue
        waiting = [one for one, done in zip(waiting, outcomes, strict=True) if not done.ok]
        if not waiting:
            return
    raise AssertionError(f"not acknowledged: {waiting}")


async def counted(store: FaultyStore, bus: FaultyBus | None = None) -> Stage:
    """Deliver a start and three numbers, two of them as a batch."""
    play = stage(Counter, store=store, bus=bus or FaultyBus())
    await deliver(play, [starting(Counter, id="s")])
    await deliver(play, [number(1), number(2)])
    await deliver(play, [number(3)])
    return play


async def check(play: Stage) -> None:
    """Everything was applied once, in order, and everything was sent."""
    play.store.plan = {}
    memory = await play.memory()
    assert memory["seen"] in ([1, 2, 3], [2, 1, 3])
    assert totals(play)[-1] == 6
    assert len(totals(play)) == 3
    assert len({one.id for one in play.sent("cmd.count.begin")}) == 1
    bytes_of: dict[str, bytes] = {}
    for one in play.sent():
        assert bytes_of.setdefault(one.id, one.to_json()) == one.to_json()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("at", range(4))
async def test_one_fault_at_each_call(at: int, fault: str) -> None:
    """Whatever is lost, the broker's redelivery repairs it."""
    play = await counted(FaultyStore({at: fault}))

    await check(play)


@pytest.mark.parametrize(("one", "two"), list(itertools.product(FAULTS, FAULTS)))
async def test_two_faults(one: str, two: str) -> None:
    """Also at every pair of calls."""
    for first, second in itertools.combinations(range(6), 2):
        play = await counted(FaultyStore({first: one, second: two}))
        await check(play)


@pytest.mark.parametrize("crash", [False, True])
@pytest.mark.parametrize("taken", [0, 1])
@pytest.mark.parametrize("before", range(3))
async def test_a_publish_that_fails_or_dies(before: int, taken: int, crash: bool) -> None:
    """At each of the publishes, with none or one of the events taken."""

    class Later(FaultyBus):
        async def publish(self, events: Any) -> None:
            self.calls = getattr(self, "calls", -1) + 1
            self.times = 1 if self.calls == before else 0
            await super().publish(events)

    play = await counted(FaultyStore(), Later(taken=taken, crash=crash))

    await check(play)


@pytest.mark.parametrize("fault", ["lost-request", "lost-response", "conflict"])
async def test_a_store_that_stays_down(fault: str) -> None:
    """After a few tries the event is given back, and is applied when the store is up."""
    store = FaultyStore(dict.fromkeys(range(1, 200), fault))
    play = stage(Counter, store=store)
    await play.give(starting(Counter, id="s"))

    down = await play.give(number(1))
    tries = len(store.calls)
    store.plan = {}
    up = await play.give(number(1))

    assert down.status == "retry"
    assert tries < 40
    assert up.status in ("applied", "duplicate")
    assert (await play.memory())["seen"] == [1]
    assert totals(play) == [1]


class Joins(Orchestrator, name="t.joins"):
    """A join whose parts come while the store fails."""

    @start
    @emit("cmd.a.get", "cmd.b.get")
    def asking(self) -> tuple[Text, list[Text]]:
        return Text("a"), [Text(str(at)) for at in range(4)]

    @on(all_of("evt.a.get.success", "evt.b.get.success"), to=end)
    @emit("notif.all")
    def both(self, a: Number, b: list[Number]) -> list[Number]:
        return [a, *b]


async def joined(play: Stage) -> None:
    """Start the process and answer all five commands, two in a batch."""
    await deliver(play, [starting(Joins, id="s")])
    commands: dict[str, Event] = {one.id: one for one in play.sent()}
    replies = [answer(one, Number(at), id=f"r{at}") for at, one in enumerate(commands.values())]
    for batch in ([replies[3], replies[0]], [replies[4]], [replies[1], replies[2]]):
        await deliver(play, batch)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("at", range(6))
async def test_a_join_under_faults(at: int, fault: str) -> None:
    """It is taken once, with every part in its place."""
    play = stage(Joins, store=FaultyStore({at: fault}))

    await joined(play)

    sent = {one.id: data_of(one)["value"] for one in play.sent("notif.all")}
    play.store.plan = {}
    assert sorted(sent.values()) == [0, 1, 2, 3, 4]
    assert (await play.record()).status == "ended"


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_wide_fan_out_under_faults(fault: str) -> None:
    """Side objects that were written or dropped around a fault are there when needed."""
    from tests.unit.engine.albums import Batch, Big, Heavy
    from xorca.runtime import Limits

    for at in range(0, 60, 3):
        limits = Limits(window=5, backlog=2_000, gathered=2_000)
        play = stage(Heavy, store=FaultyStore({at: fault, at + 7: fault}), limits=limits)
        await deliver(play, [starting(Heavy, Batch(20, 500), id="s")])
        answered: set[str] = set()
        while unanswered := {e.id: e for e in play.sent("cmd.part.get") if e.id not in answered}:
            for one in unanswered.values():
                answered.add(one.id)
                number_ = int(data_of(one)["text"].partition(":")[0])
                await deliver(play, [answer(one, Big(number_, "w" * 500), id=f"r{one.id}")])

        assert {data_of(e)["value"] for e in play.sent("notif.got")} == {sum(range(20))}


async def test_a_lost_response_to_a_start_answers_from_what_is_stored() -> None:
    """The start is not refused as a second one of its own process."""
    play = stage(Counter, store=FaultyStore({0: "lost-response"}))

    outcome = await play.give(starting(Counter, id="s"))

    assert outcome.status == "duplicate"
    assert play.names() == ["cmd.count.begin"]


async def test_a_delete_that_fails_is_harmless() -> None:
    """A side object that stays behind costs room and nothing else."""
    from tests.unit.engine.albums import Batch, Heavy

    class Keeps(FaultyStore):
        async def delete(self, key: str, *, expect: str | None = None) -> None:
            from xorca.errors import Unavailable

            raise Unavailable("no")

    play = stage(Heavy, store=Keeps())
    await play.start(Batch(300, 1000))

    outcome = await play.give(answer(play.command("cmd.part.get"), verdict="fatal"))

    assert (outcome.status, outcome.state) == ("applied", "failed")


async def test_an_unexpected_fault_of_a_store_is_a_retry() -> None:
    """Also an exception that no port may raise loses nothing."""

    class Broken(FaultyStore):
        async def load(self, key: str) -> Any:
            raise ZeroDivisionError

    play = stage(Counter, store=Broken())
    await play.start()
    play.cold()

    (one, two) = await play.runtime.handle(number(1), event("evt.x", subject="other/1.0.0/p"))

    assert (one.status, two.status) == ("retry", "foreign")
    assert isinstance(one.error, ZeroDivisionError)
