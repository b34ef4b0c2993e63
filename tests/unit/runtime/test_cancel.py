"""``runtime.cancel``: a process ends from outside, and what was decided is sent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.engine.albums import Album, Batch, Heavy
from tests.unit.runtime.counting import Counter, number
from tests.unit.runtime.errands import BOSS, RETAIN, SUBJECT, Errand, finish, note, order
from tests.unit.runtime.faults import FaultyBus, FaultyStore
from tests.unit.support import Stage, Text, answer, data_of, event, stage, told
from xorca.errors import ConfigurationError, Conflict, ProcessNotFound, PublishFailed
from xorca.providers.memory import MemoryStore
from xorca.runtime import Limits


async def begun(**options: object) -> Stage:
    """Give a stage with an errand under way."""
    play = stage(Errand, **options)
    await play.give(order())
    return play


async def test_a_cancelled_process_says_so() -> None:
    """Status and reason are stored, with a line in the history."""
    play = await begun()

    status = await play.runtime.cancel(SUBJECT, "out of milk")

    record = await play.record()
    assert status == "cancelled"
    assert (record.status, record.reason, record.state) == ("cancelled", "out of milk", "visiting")
    assert [step.event for step in record.history] == ["cmd.errand.run", "cancelled"]


async def test_nothing_of_it_waits_any_more() -> None:
    """Awaited commands, what was gathered, deferred events and timers are gone."""
    play = await begun()
    await play.reply("cmd.shop.visit", Text("milk"))
    await play.give(event("evt.key.found", subject=SUBJECT))
    before = await play.record()
    assert all((before.awaited, before.baskets, before.deferred, before.timers))

    await play.runtime.cancel(SUBJECT, "")

    record = await play.record()
    assert not any((record.awaited, record.baskets, record.deferred, record.timers))
    assert play.store.alarm.pending == 0


async def test_whoever_started_it_by_a_command_is_answered() -> None:
    """``.error`` with the reason, under the subject and the causation of the command."""
    play = await begun()

    await play.runtime.cancel(SUBJECT, "out of milk")

    told_so = play.command("evt.errand.run.error")
    assert (told_so.subject, told_so.extensions["causationid"]) == (BOSS, "order")
    assert data_of(told_so) == {"reason": "cancelled", "cause": "out of milk"}


async def test_whoever_started_it_otherwise_is_not_answered() -> None:
    """Only a command has an answer."""
    play = stage(Album)
    await play.start(Batch(1))

    await play.runtime.cancel(play.subject(), "")

    assert set(play.names()) == {"cmd.photo.resize"}


@pytest.mark.parametrize("late", ["answer", "note", "timer", "early"])
async def test_late_events_are_ignored(late: str) -> None:
    """Whatever comes for it changes nothing and sends nothing."""
    play = await begun()
    [wake] = play.store.alarm.due(play.clock.now() + timedelta(days=1))
    await play.runtime.cancel(SUBJECT, "")
    body, sent = await play.body(), len(play.sent())
    events = {
        "answer": answer(play.command("cmd.shop.visit"), Text("")),
        "note": note("late"),
        "timer": wake,
        "early": event("evt.key.found", subject=SUBJECT),
    }

    outcome = await play.give(events[late])

    assert told(outcome) == ("ignored", "cancelled")
    assert (await play.body(), len(play.sent())) == (body, sent)


async def test_what_was_applied_before_is_still_a_duplicate() -> None:
    """A redelivery is told from a late event."""
    play = await begun()
    await play.give(note("one"))
    await play.runtime.cancel(SUBJECT, "")

    assert told(await play.give(note("one"))) == ("duplicate", "seen")
    assert told(await play.give(order())) == ("duplicate", "seen")


async def test_another_start_for_it_is_refused() -> None:
    """The process id stays used."""
    play = await begun()
    await play.runtime.cancel(SUBJECT, "")

    assert told(await play.give(order(id="again"))) == ("ignored", "process-exists")
    assert data_of(play.command("evt.errand.run.error")) == {"reason": "process-exists"}


async def test_cancelling_again_changes_nothing() -> None:
    """The first reason stands."""
    play = await begun()
    await play.runtime.cancel(SUBJECT, "first")
    body, sent = await play.body(), len(play.sent())

    status = await play.runtime.cancel(SUBJECT, "second")

    assert status == "cancelled"
    assert (await play.body(), len(play.sent())) == (body, sent)


async def test_a_process_that_has_ended_is_left_as_it_is() -> None:
    """Its status is given."""
    play = await begun()
    await finish(play)
    body = await play.body()

    assert await play.runtime.cancel(SUBJECT, "too late") == "ended"
    assert await play.body() == body


async def test_a_start_that_failed_is_left_as_it_is() -> None:
    """Its status is given."""
    play = stage(Errand)
    await play.give(order("nonsense"))

    assert await play.runtime.cancel(SUBJECT, "") == "failed"


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("t.errand/1.0.0/other", "no process t.errand/1.0.0/other is stored"),
        ("t.errand/2.0.0/p", "t.errand/1.0.0/p is"),
        ("p", "'p' is no subject"),
        ("", "is no subject"),
    ],
)
async def test_what_is_not_there_cannot_be_cancelled(subject: str, said: str) -> None:
    """The error names what was asked for."""
    play = await begun()

    with pytest.raises(ProcessNotFound, match=said):
        await play.runtime.cancel(subject, "")


@pytest.mark.parametrize("reason", ["x" * 1001, None, "half \ud800"])
async def test_a_reason_that_cannot_be_stored_is_refused(reason: str) -> None:
    """Nothing is changed."""
    play = await begun()

    with pytest.raises(ConfigurationError, match="reason"):
        await play.runtime.cancel(SUBJECT, reason)
    assert (await play.record()).status == "active"


async def test_it_is_kept_as_long_as_its_class_says() -> None:
    """Its end is the cancel."""
    play = await begun()

    await play.runtime.cancel(SUBJECT, "")

    record = await play.record()
    assert record.keep_until == record.updated + RETAIN.total_seconds()


async def test_what_a_fan_out_left_behind_is_sent() -> None:
    """The window shapes when commands leave, never whether."""
    play = stage(Album, limits=Limits(window=10))
    await play.start(Batch(25))

    await play.runtime.cancel(play.subject(), "")

    texts = [data_of(one)["text"] for one in play.sent("cmd.photo.resize")]
    assert texts == [f"{number}:" for number in range(25)]


def sides(play: Stage) -> list[str]:
    """Give the keys of the side objects in a memory store."""
    return [key for key in play.store._rows if key.startswith("_side/")]


@pytest.mark.parametrize("count", range(60, 68))
async def test_side_objects_of_its_own_are_written(count: int) -> None:
    """Keys of seen events may go to a page in this very commit."""
    play = stage(Counter)
    await play.start()
    for value in range(count):
        await play.give(number(1, id=f"n-{value}"))

    await play.runtime.cancel(play.subject(), "")

    pages = [page.name for page in (await play.record()).pages]
    assert sorted(sides(play)) == sorted(f"_side/{play.key()}/{name}" for name in pages)


@pytest.mark.parametrize("cold", [False, True])
async def test_side_objects_are_read_and_dropped(cold: bool) -> None:
    """What waits in side objects is sent all the same, and they are gone then."""
    play = stage(Heavy)
    await play.start(Batch(1000, 200))
    assert sides(play)
    if cold:
        play.cold()

    await play.runtime.cancel(play.subject(), "")

    assert len({one.id for one in play.sent("cmd.part.get")}) == 1000
    assert sides(play) == []
    assert (await play.record()).backlog == {}


async def test_more_than_one_record_holds_is_sent_in_parts() -> None:
    """A fan-out may have left more behind than its record could take at once."""
    play = stage(Heavy, store=MemoryStore(limit=400_000))
    await play.start(Batch(1000, 2000))

    status = await play.runtime.cancel(play.subject(), "")

    sent = play.sent("cmd.part.get")
    texts = {one.id: data_of(one)["text"].partition(":")[0] for one in sent}
    assert status == "cancelled"
    assert sorted(map(int, texts.values())) == list(range(1000))
    assert sides(play) == []


async def test_a_cancel_stands_though_publishing_failed() -> None:
    """The error says so, and cancelling again sends what is left under the same id."""
    play = await begun(bus=FaultyBus())
    play.bus.times = 1

    with pytest.raises(PublishFailed, match="is cancelled, and that stands, but 1 event") as caught:
        await play.runtime.cancel(SUBJECT, "out of milk")
    left = caught.value.failed
    record = await play.record()
    assert (record.status, record.reason) == ("cancelled", "out of milk")
    assert play.sent("evt.errand.run.error") == []

    assert await play.runtime.cancel(SUBJECT, "whatever") == "cancelled"
    assert play.command("evt.errand.run.error").id == left[-1]


async def test_wake_ups_are_taken_back_though_publishing_failed() -> None:
    """What need not be sent is not left behind either."""
    play = await begun(bus=FaultyBus())
    play.bus.times = 1

    with pytest.raises(PublishFailed):
        await play.runtime.cancel(SUBJECT, "")

    assert play.store.alarm.pending == 0


@pytest.mark.parametrize("fault", ["lost-request", "lost-response", "conflict"])
async def test_a_save_whose_outcome_is_unknown_is_looked_at_again(fault: str) -> None:
    """One revision, one answer, whatever became of the first save."""
    play = await begun(store=FaultyStore())
    store = play.store
    store.plan = {len(store.calls) + 1: fault}

    status = await play.runtime.cancel(SUBJECT, "out of milk")

    record = await play.record()
    assert status == "cancelled"
    assert (record.revision, record.status) == (2, "cancelled")
    assert len({one.id for one in play.sent("evt.errand.run.error")}) == 1


async def test_the_error_of_a_lost_race_is_given() -> None:
    """Eight times is enough, and nothing was changed then."""
    play = await begun(store=FaultyStore())
    calls = len(play.store.calls)
    play.store.plan = {calls + at: "conflict" for at in range(1, 32)}

    with pytest.raises(Conflict):
        await play.runtime.cancel(SUBJECT, "")

    assert (await play.record()).status == "active"


async def test_a_version_that_is_not_registered_here_is_no_hindrance() -> None:
    """Its class is not needed to cancel, nor to ignore what comes after."""

    class Newer(Errand, name="t.errand", version="2.0.0"): ...

    play = await begun()
    shop = play.command("cmd.shop.visit")
    play.cold(Newer)

    assert await play.runtime.cancel(SUBJECT, "old") == "cancelled"
    assert told(await play.give(answer(shop, Text("")))) == ("ignored", "cancelled")


async def test_a_cancel_without_a_bus_keeps_what_is_to_be_sent() -> None:
    """Whoever has a bus sends it later."""
    play = await begun()
    play.bus = None
    play.cold()

    await play.runtime.cancel(SUBJECT, "")

    types = [bytes(out.event) for out in (await play.record()).outbox.values()]
    assert sum(b"evt.errand.run.error" in one for one in types) == 1
