"""Nothing dies of a full record that would fit once what it has to send has left it."""

from __future__ import annotations

import pytest

from tests.unit.runtime.faults import FaultyStore
from tests.unit.support import Number, Stage, Text, event, stage, told
from xorca import Final, Orchestrator, State, emit, on, start
from xorca.errors import PublishFailed
from xorca.events import Event
from xorca.providers.memory import MemoryBus, MemoryStore

LIMIT = 20_000


class Loud(Orchestrator, name="t.loud"):
    """It emits as many letters as it is told to."""

    open = State()
    done = Final()

    @start(to=open)
    @emit("cmd.bell.hang")
    def begin(self, size: Number) -> Text:
        return Text("x" * size.value)

    @on("evt.bell.rang", at=open)
    @emit("notif.bell")
    def rang(self, size: Number) -> Text:
        return Text("x" * size.value)

    @on("evt.bell.left", at=open, to=done)
    def left(self) -> None: ...


def _small_stage(**options: object) -> Stage:
    return stage(Loud, **{"store": MemoryStore(limit=LIMIT), **options})


def _rung(play: Stage, count: int, size: int) -> list[Event]:
    return [
        event("evt.bell.rang", Number(size), subject=play.subject(), id=f"b{at}")
        for at in range(count)
    ]


# -- events that came in one batch ---------------------------------------------------------------


@pytest.mark.parametrize(("count", "size"), [(10, 9_000), (40, 700), (3, 12_000)])
async def test_a_batch_for_which_there_is_no_room_at_once_is_applied_in_parts(
    count: int, size: int
) -> None:
    """As if its events had come one after the other; each of them sends what it emits."""
    play = _small_stage()
    await play.start(Number(1))

    outcomes = await play.runtime.handle(*_rung(play, count, size))

    assert [told(one) for one in outcomes] == [("applied", "rang")] * count
    assert [one.id for one in play.sent("notif.bell")] == [
        sent.id for outcome in outcomes for sent in outcome.sent
    ]
    assert (await play.record()).revision > 2


async def test_a_batch_of_which_one_never_has_room_loses_that_one_alone() -> None:
    """Whatever came before it or after."""
    play = _small_stage()
    await play.start(Number(1))
    events = _rung(play, 5, 6_000)
    events[2] = event("evt.bell.rang", Number(LIMIT), subject=play.subject(), id="big")

    outcomes = await play.runtime.handle(*events)

    assert [one.status for one in outcomes] == ["applied", "applied", "dead", "applied", "applied"]


@pytest.mark.parametrize("fault", ["lost-request", "lost-response", "conflict"])
async def test_a_store_that_goes_away_between_two_parts(fault: str) -> None:
    """What was committed is told of, and the rest comes again."""
    store = FaultyStore(inner=MemoryStore(limit=LIMIT))
    play = stage(Loud, store=store)
    await play.start(Number(1))
    events = _rung(play, 2, 12_000)
    first = len(store.calls)
    store.plan = dict.fromkeys(range(first + 1, first + 40), fault)

    outcomes = await play.runtime.handle(*events)
    store.plan = {}
    again = await play.runtime.handle(*events)

    assert [one.status for one in outcomes] == ["applied", "retry"]
    assert again[0].status == "duplicate"
    assert again[1].status in ("duplicate", "applied")
    assert len({one.id for one in play.sent("notif.bell")}) == 2


async def test_a_caller_who_sends_by_himself_gets_what_fits() -> None:
    """Nothing leaves between two parts then, so that the later one finds no room."""
    play = _small_stage()
    await play.start(Number(1))
    events = _rung(play, 2, 12_000)

    outcomes = await play.runtime.handle(*events, publish=False)

    assert [one.status for one in outcomes] == ["applied", "dead"]
    assert [one.type for one in outcomes[0].sent] == ["notif.bell"]


async def test_what_is_sent_to_a_process_at_hand_stays_in_one_commit() -> None:
    """A block says so; whom it has no room for is told in the block."""
    play = _small_stage()
    await play.start(Number(1))
    before = (await play.record()).revision

    async with play.runtime.process(play.subject()) as process:
        tried = [await process.send(one) for one in _rung(play, 2, 12_000)]

    assert [one.status for one in tried] == ["applied", "dead"]
    assert [one.status for one in process.outcomes] == ["applied", "dead"]
    assert (await play.record()).revision == before + 1


# -- what the record has yet to send -------------------------------------------------------------


async def test_a_worker_that_knows_nothing_makes_room_by_sending() -> None:
    """What another one has sent stands in the record until somebody says that it left."""
    play = _small_stage()
    await play.start(Number(12_000))
    play.cold()

    (outcome,) = await play.runtime.handle(*_rung(play, 1, 12_000))

    assert told(outcome) == ("applied", "rang")
    assert play.names() == ["cmd.bell.hang", "cmd.bell.hang", "notif.bell"]
    assert len({bytes(one.to_json()) for one in play.sent("cmd.bell.hang")}) == 1


class DeafBus(MemoryBus):
    """It takes nothing while it is deaf."""

    deaf = False

    async def publish(self, events: object) -> None:
        """Refuse, or take them."""
        if self.deaf:
            raise PublishFailed("nobody there")
        await super().publish(events)  # type: ignore[arg-type]


async def test_an_event_waits_until_the_bus_takes_what_stands_in_its_way() -> None:
    """It is put off, not dead, and nothing was changed for it."""
    bus = DeafBus()
    play = _small_stage(bus=bus)
    await play.start(Number(12_000))
    play.cold()
    before = await play.body()

    bus.deaf = True
    put_off = await play.give(*_rung(play, 1, 12_000))
    unchanged = await play.body() == before
    bus.deaf = False
    at_last = await play.give(*_rung(play, 1, 12_000))

    assert (told(put_off), unchanged) == (("retry", "publish"), True)
    assert told(at_last) == ("applied", "rang")


async def test_keys_are_not_forgotten_where_sending_makes_room() -> None:
    """A repetition is known afterwards as well."""
    play = _small_stage()
    await play.start(Number(1))
    seen = _rung(play, 1, 10)[0]
    await play.give(seen)
    await play.give(event("evt.bell.rang", Number(12_000), subject=play.subject(), id="c0"))
    play.cold()

    await play.give(event("evt.bell.rang", Number(12_000), subject=play.subject(), id="c1"))
    play.cold()

    assert (await play.give(seen)).status == "duplicate"
    assert (await play.record()).floor == 0
