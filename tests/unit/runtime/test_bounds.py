"""Long lives stay light: the inbox is bounded, old repetitions are still told, or refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.runtime.counting import Counter, number, totals
from tests.unit.runtime.mending import Order
from tests.unit.support import BEGIN, Number, Text, answer, event, stage, starting, told
from xorca.engine.record import Record
from xorca.errors import ConfigurationError
from xorca.events import Event
from xorca.providers.memory import MemoryStore
from xorca.runtime import Limits


def at(seconds: float) -> str:
    """Give a time as CloudEvents write it."""
    return (BEGIN + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def said(value: int, seconds: float) -> Event:
    """Make a number that was said at a time."""
    made = number(value, id=f"n{value}@{seconds}")
    made.time = at(seconds)
    return made


async def test_ten_thousand_events_leave_a_small_record() -> None:
    """And every one of them is known when it comes again, to a cold worker too."""
    play = stage(Counter, limits=Limits(noise=10_000))
    await play.start()
    events = [event("evt.bell.rang", subject=play.subject(), id=f"b{n}") for n in range(10_000)]
    largest = 0
    for chunk in range(0, 10_000, 50):
        await play.runtime.handle(*events[chunk : chunk + 50])
        largest = max(largest, len(await play.body()))
        play.bus.published.clear()
    play.cold()

    again = await play.runtime.handle(*events[:200], *events[5_000:5_100], *events[-100:])

    assert largest < 60_000
    assert {one.status for one in again} == {"duplicate"}


async def test_thousands_of_answers_leave_a_small_record() -> None:
    """An answer matched by causation is judged by the awaited commands, not by the inbox."""
    from tests.unit.engine.retrying import Retries

    play = stage(Retries)
    await play.start()
    first = answer(play.command("cmd.a.get"), verdict="timeout")
    await play.give(first)
    for _ in range(700):
        await play.say("evt.bell.rang")
        await play.reply("cmd.a.get", verdict="timeout")
        play.bus.published[:-1] = []
    play.cold()

    outcome = await play.give(first)

    record = await play.record()
    assert outcome.status in ("duplicate", "ignored")
    assert record.state == "resting"
    assert len(record.answered) <= 32 * 16
    assert len(await play.body()) < 20_000


async def test_what_is_older_than_the_horizon_is_forgotten() -> None:
    """Keys go by age; the floor tells until when."""
    play = stage(Counter, limits=Limits(horizon=1000.0))
    await play.start()
    for value in range(20, 40):
        await play.give(said(value, 0))

    play.clock.advance(5000)
    await play.give(said(1, 5000))
    play.clock.advance(5000)
    await play.give(said(2, 10000))

    record = await play.record()
    assert len(record.seen) <= 2 * 16
    assert record.floor > BEGIN.timestamp()


async def test_an_event_too_old_to_be_judged_is_dead() -> None:
    """It may have been applied, and is never applied again."""
    play = stage(Counter, limits=Limits(horizon=1000.0))
    await play.start()
    await play.give(said(1, 0))
    for step in range(1, 4):
        play.clock.advance(2000)
        await play.give(said(step + 20, step * 2000))
    total = (await play.memory())["total"]

    again = await play.give(said(1, 0))

    assert told(again) == ("dead", "stale-unprovable")
    assert (await play.memory())["total"] == total


async def test_the_floor_does_not_apply_to_answers_by_causation() -> None:
    """However old their time says that they are."""
    play = stage(Counter, limits=Limits(horizon=1000.0))
    await play.start()
    for step in range(1, 4):
        play.clock.advance(2000)
        await play.give(said(step, step * 2000))
    late = answer(play.command("cmd.count.begin"))
    late.time = at(0)

    assert told(await play.give(late)) == ("applied", "done")


async def test_a_body_is_dropped_when_the_transport_forgets() -> None:
    """What was never confirmed leaves the record with the horizon."""
    play = stage(Counter, limits=Limits(horizon=1000.0))
    await play.runtime.handle(number(1), publish=False)
    await play.start()
    await play.runtime.handle(number(2), publish=False)
    play.cold()
    play.clock.advance(2000)

    await play.runtime.handle(number(3), publish=False)

    record: Record = await play.record()
    assert [out.revision for out in record.outbox.values()] == [record.revision]


async def test_at_the_size_limit_keys_make_room() -> None:
    """What is kept only to tell repetitions goes first; what is older then is refused."""
    play = stage(Counter, store=MemoryStore(limit=2_600))
    await play.start()
    events = [number(0, id=f"z{second}") for second in range(250)]
    statuses = set()
    for second, one in enumerate(events):
        play.clock.advance(1)
        one.time = at(second)
        statuses.add((await play.give(one)).status)

    last, first = await play.give(events[-1]), await play.give(events[0])

    assert statuses == {"applied"}
    assert len(await play.body()) <= 2_600
    assert last.status == "duplicate"
    assert told(first) == ("dead", "stale-unprovable")


async def test_the_history_is_short() -> None:
    """The last lines stay."""
    play = stage(Counter)
    await play.start()
    for value in range(100, 150):
        await play.give(number(value))

    history = (await play.record()).history
    assert len(history) == 16
    assert history[-1].revision == 51


async def test_totals_of_a_long_life() -> None:
    """Every total was sent once, in order."""
    play = stage(Counter)
    await play.start()
    for value in range(100, 400):
        await play.give(number(value))

    assert totals(play) == [sum(range(100, last + 1)) for last in range(100, 400)]
    assert len(play.sent("notif.total")) == 300


async def test_a_page_that_is_lost_is_reported() -> None:
    """Without it nothing new can be told from what was seen."""
    play = stage(Counter)
    await play.start()
    for value in range(1000, 1600):
        await play.give(number(value))
    for key in [key for key in play.store._rows if key.startswith("_side/")]:
        await play.store.delete(key)
    play.cold()

    outcome = await play.give(event("evt.number.said", Number(1), subject=play.subject()))

    assert told(outcome) == ("retry", "record")


async def test_at_the_size_limit_what_came_first_stays() -> None:
    """Where a letter finds no room in one commit any more, the last event that did gives way."""
    limits = Limits(kept_body=500)
    begin, subject = starting(Order), stage(Order).subject()
    bells = [event("evt.bell.rang", Text(f"{at}" * 1_000), subject=subject) for at in range(2)]
    unheard = event("evt.nobody.hears", subject=subject)
    roomy = stage(Order, limits=limits)
    await roomy.give(begin)
    await roomy.runtime.handle(*bells, unheard)
    limit = len(await roomy.body()) - 64  # more than forgetting keys makes room for
    play = stage(Order, limits=limits, store=MemoryStore(limit=limit))
    await play.give(begin)

    async with play.runtime.process(subject) as process:
        for one in (*bells, unheard):
            await process.send(one)

    assert [told(one) for one in process.outcomes] == [
        ("applied", "rang"),
        ("dead", "record-too-large"),
        ("dead", "not-heard"),
    ]
    assert (await play.memory())["notes"] == ["0" * 1_000]
    assert len(await play.body()) <= limit


@pytest.mark.parametrize(
    "wrong",
    [{"noise": "5"}, {"horizon": -1}, {"window": 0}, {"dead": None}, {"deferred": True}],
)
def test_a_bound_that_bounds_nothing_is_refused(wrong: dict[str, Any]) -> None:
    """At once, and not by the first event that meets it."""
    (name,) = wrong
    with pytest.raises(ConfigurationError, match=rf"Limits\({name}="):
        Limits(**wrong)
