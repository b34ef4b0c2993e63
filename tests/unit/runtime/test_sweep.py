"""Sweeping: what was committed leaves, what is due is woken, and nothing is done twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.runtime.faults import Crash, FaultyBus, FaultyStore
from tests.unit.runtime.mending import Order, broken
from tests.unit.support import Stage, Text, answer, data_of, stage, starting, told
from xorca import Final, Orchestrator, Runtime, State, after, end, start
from xorca.engine.record import Entry, seal
from xorca.errors import ConfigurationError, Unavailable
from xorca.events import Event
from xorca.ports import Query, Stored
from xorca.providers.local import SqliteStore
from xorca.providers.local.files import FileStore
from xorca.providers.memory import MemoryBus, MemoryStore
from xorca.providers.memory.alarm import MemoryAlarm
from xorca.runtime.summary import summary_of
from xorca.runtime.swept import Swept

AT_ONCE = timedelta(0)


@pytest.fixture(autouse=True)
def sound() -> Iterator[None]:
    """Begin and end with nothing broken."""
    broken.clear()
    yield
    broken.clear()


@pytest.fixture(params=["memory", "sqlite", "files"])
async def play(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    """Give a stage over each kind of store, with an alarm in memory."""
    kinds: dict[str, Any] = {
        "memory": MemoryStore,
        "sqlite": lambda: SqliteStore(tmp_path / "state.db"),
        "files": lambda: FileStore(tmp_path / "state", fsync=False),
    }
    store = kinds[request.param]()
    store.alarm = MemoryAlarm()
    async with store:
        yield stage(Order, store=store)


async def abandoned(play: Stage, pid: str = "p", **options: Any) -> None:
    """Start an order for a caller that dies before it sends anything."""
    await play.worker().handle(starting(play.classes[0], None, pid, **options), publish=False)


async def swept(play: Stage, **options: Any) -> Swept:
    """Sweep as another process would, which remembers nothing."""
    return await play.worker().sweep(**options)


# -- what was left unsent -----------------------------------------------------------------


async def test_what_a_dead_caller_left_is_sent(play: Stage) -> None:
    """After two minutes nobody is going to send it any more."""
    await abandoned(play)
    play.clock.advance(121)

    done = await swept(play)

    assert (done.looked, done.published, done.failures) == (1, 1, 0)
    assert play.names() == ["cmd.price.get"]


async def test_what_is_sent_are_the_committed_bytes(play: Stage) -> None:
    """The same id, the same time, whenever it is swept."""
    [outcome] = await play.worker().handle(starting(Order), publish=False)
    play.clock.advance(500)

    await swept(play)

    assert [one.to_json() for one in play.sent()] == [one.to_json() for one in outcome.sent]


async def test_a_process_that_somebody_works_on_is_left_alone(play: Stage) -> None:
    """Whoever committed it a minute ago is probably sending it."""
    await abandoned(play)
    play.clock.advance(60)

    done = await swept(play)

    assert (done.published, play.names()) == (0, [])


async def test_the_age_is_for_the_caller_to_say(play: Stage) -> None:
    """None at all sweeps everything."""
    await abandoned(play)

    done = await swept(play, older_than=AT_ONCE)

    assert done.published == 1


async def test_the_next_sweep_has_nothing_to_do(play: Stage) -> None:
    """That it is out is stored, and the process is not pending any more."""
    await abandoned(play)
    await swept(play, older_than=AT_ONCE)

    again = await swept(play, older_than=AT_ONCE)

    record = await play.record()
    assert (again.published, again.armed) == (0, 0)
    assert len(play.sent()) == 1
    assert (record.outbox, record.revision) == ({}, 2)
    pending = (await play.store.list(Query(pending=True))).items
    assert [item for item in pending if item.summary is not None] == []


async def test_a_sweep_is_no_news_of_a_process(play: Stage) -> None:
    """When it was updated stays, for whoever keeps it so long after its end."""
    await abandoned(play)
    before = (await play.record()).updated
    play.clock.advance(1000)

    await swept(play)

    assert (await play.record()).updated == before


async def test_what_was_sent_and_not_marked_is_sent_once_more(play: Stage) -> None:
    """A process that just waits for an answer: the same bytes, once, and then no more."""
    await play.start()
    play.clock.advance(121)

    first, second = await swept(play), await swept(play)

    assert (first.published, second.published) == (1, 0)
    assert len({one.to_json() for one in play.sent()}) == 1


async def test_what_this_worker_knows_to_be_out_is_only_marked() -> None:
    """The Runtime that sent it need not send it again."""
    play = stage(Order)
    await play.start()
    play.clock.advance(121)

    done = await play.runtime.sweep()

    assert (done.published, len(play.sent())) == (0, 1)
    assert (await play.record()).outbox == {}
    assert await pending(play) == []


async def pending(play: Stage) -> list[str]:
    """Give the keys of what a sweep would look at."""
    return [item.key for item in (await play.store.list(Query(pending=True))).items]


async def test_the_process_goes_on_after_a_sweep(play: Stage) -> None:
    """Its answers are taken as ever, by workers that were there before and by new ones."""
    await play.start()
    await swept(play, older_than=AT_ONCE)

    first = await play.reply("cmd.price.get", Text("5"))
    await swept(play, older_than=AT_ONCE)
    await play.reply("cmd.box.get", Text("b"))
    last = await play.worker().handle(answer(play.command("cmd.label.get"), Text("l")))

    assert [told(one) for one in (first, *last)] == [("applied", "priced"), ("applied", "packed")]


@pytest.mark.parametrize("status", ["ended", "failed", "cancelled"])
async def test_what_is_over_is_swept_too(play: Stage, status: str) -> None:
    """Its last word may be what was left behind."""
    if status == "failed":
        broken.add("begin")
        await abandoned(play)
    else:
        await finished(play)
        if status == "cancelled":
            await rewritten(play, status="cancelled")

    done = await swept(play, older_than=AT_ONCE)

    record = await play.record()
    assert (record.status, record.outbox, done.failures) == (status, {}, 0)
    assert play.names()[-1] == ("sys.xorca.deadletter" if status == "failed" else "notif.packed")
    assert (await swept(play, older_than=AT_ONCE)).published == 0


async def finished(play: Stage, pid: str = "p") -> None:
    """Bring an order to its end; what it says last is not sent."""
    worker = play.worker()
    [begun] = await worker.handle(starting(Order, None, pid))
    [priced] = await worker.handle(answer(begun.sent[0], Text("5")))
    for command in priced.sent:
        await worker.handle(answer(command, Text("x")), publish=False)


async def rewritten(play: Stage, pid: str = "p", **fields: Any) -> None:
    """Change what is stored of a process by hand."""
    record = await play.record(pid)
    for name, value in fields.items():
        setattr(record, name, value)
    stored = await play.store.load(play.key(pid))
    await play.store.save(
        play.key(pid), seal(record), expect=stored.tag, summary=summary_of(record)
    )
    play.cold()


async def test_many_processes_are_swept_a_few_at_a_time(play: Stage) -> None:
    """Over several pages, with at most 32 under way."""
    worker = play.worker()
    await worker.handle(
        *(starting(Order, None, f"p-{number}") for number in range(300)), publish=False
    )
    busy = Busy(play.bus)
    play.bus = busy
    play.clock.advance(121)

    done = await swept(play)

    assert (done.published, len({one.id for one in busy.published})) == (300, 300)
    assert 1 < busy.most <= 32


class Busy(MemoryBus):
    """A bus that takes its time, and notes how many ask at once."""

    def __init__(self, inner: MemoryBus) -> None:
        super().__init__()
        self.now = self.most = 0

    async def publish(self, events: Sequence[Event]) -> None:
        """Publish after a while."""
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.001)
        self.now -= 1
        await super().publish(events)


class Other(Orchestrator, name="t.other"):
    """Somebody else's, in the same store."""

    @start(to=end)
    def begin(self) -> None: ...


async def test_a_runtime_sweeps_what_is_its_own(play: Stage) -> None:
    """Its bus may not be that of others; a name says otherwise."""
    await abandoned(play)
    stranger = play.worker(Other)

    nothing = await stranger.sweep(older_than=AT_ONCE)
    asked = await stranger.sweep(older_than=AT_ONCE, name="t.order")

    assert (nothing.looked, asked.published) == (0, 1)


async def test_a_sweep_without_a_bus_is_refused() -> None:
    """It could send nothing."""
    runtime = Runtime([Other], store=MemoryStore())

    with pytest.raises(ConfigurationError, match="no bus"):
        await runtime.sweep()


async def test_a_negative_age_is_refused() -> None:
    """It would be in the future."""
    play = stage(Order)

    with pytest.raises(ConfigurationError, match="older_than"):
        await play.runtime.sweep(older_than=timedelta(seconds=-1))


# -- wake-ups -----------------------------------------------------------------------------


def forget_alarms(play: Stage) -> None:
    """Lose every wake-up, as when a table is emptied by hand."""
    play.store.alarm._set.clear()


async def fire(play: Stage) -> list[str]:
    """Deliver what is due; give what became of it."""
    due = play.store.alarm.due(play.clock.now())
    return [(await play.give(one)).status for one in due]


async def test_a_lost_wake_up_comes_after_all(play: Stage) -> None:
    """Its time has come, and nothing was set."""
    await play.start()
    await swept(play, older_than=AT_ONCE)
    forget_alarms(play)
    play.clock.advance(601)

    done = await swept(play)

    assert (done.armed, done.failures) == (1, 0)
    assert await fire(play) == ["applied"]
    assert len(play.sent("cmd.price.get")) >= 2
    assert len({one.id for one in play.sent("cmd.price.get")}) == 2


async def test_a_wake_up_that_comes_twice_does_nothing_more(play: Stage) -> None:
    """It may have been on its way all the time."""
    await play.start()
    play.clock.advance(601)
    [wake_up] = play.store.alarm.due(play.clock.now())
    await swept(play)

    await play.give(wake_up)
    statuses = await fire(play)

    assert set(statuses) <= {"ignored", "duplicate"}
    assert len({one.id for one in play.sent("cmd.price.get")}) == 2


async def test_a_wake_up_that_is_not_known_to_be_set_is_set(play: Stage) -> None:
    """Before its time comes: the worker died between the commit and the alarm."""
    await abandoned(play)
    forget_alarms(play)
    play.clock.advance(121)

    first, second = await swept(play), await swept(play)

    assert (first.armed, second.armed) == (2, 0)
    assert play.store.alarm.pending == 2
    assert all(timer.set for timer in (await play.record()).timers.values())


class Quiet(Orchestrator, name="t.quiet"):
    """It sends nothing, and waits for its deadline."""

    waiting = State()
    done = Final()

    @start(to=waiting)
    def begin(self) -> None: ...

    @after(timedelta(hours=1), at=waiting, to=done)
    def over(self) -> None: ...


async def test_a_process_that_only_waits_for_its_deadline_is_found(play: Stage) -> None:
    """There is nothing in its outbox, and its wake-up was never set."""
    play.classes = (Quiet,)
    await abandoned(play)
    forget_alarms(play)

    done = await swept(play, older_than=AT_ONCE)

    assert (done.armed, play.store.alarm.pending) == (1, 1)


async def test_a_wake_up_that_died_is_not_set_again(play: Stage) -> None:
    """One that set off an endless chain, say: only a redrive can do its work."""
    await play.start()
    record = await play.record()
    [wake_up] = [one for _, one in play.store.alarm._set.values() if b"slow" in (one.data or b"")]
    record.inbox[wake_up.key] = Entry(record.updated, dead=True)
    for timer in record.timers.values():
        timer.set = True
    await rewritten(play, inbox=record.inbox, timers=record.timers, outbox={})
    forget_alarms(play)
    play.clock.advance(601)

    done = await swept(play)

    assert (done.looked, done.armed, play.store.alarm.pending) == (1, 0, 0)


# -- what came early ----------------------------------------------------------------------


async def test_a_deferred_event_whose_time_is_over_is_given_up(play: Stage) -> None:
    """It is dead-lettered and told of, without its class."""
    await play.start()
    early = await play.say("evt.stamp.came", id="stamp-1")
    play.clock.advance(3601)

    done = await swept(play)

    record = await play.record()
    [letter] = record.dead
    assert early.status == "deferred"
    assert (done.expired, record.deferred, letter.reason) == (1, [], "never-accepted")
    assert data_of(play.command("sys.xorca.deadletter"))["event"]["id"] == "stamp-1"
    assert (await swept(play)).expired == 0


async def test_a_deferred_event_that_was_given_up_can_be_redriven(play: Stage) -> None:
    """When its state has come."""
    await play.start()
    await play.say("evt.stamp.came")
    play.clock.advance(3601)
    await swept(play)
    play.cold()
    await play.reply("cmd.price.get", Text("5"))

    [outcome] = await play.runtime.redrive(play.subject())

    assert told(outcome) == ("applied", "stamped")


# -- what fails ---------------------------------------------------------------------------


async def test_a_bus_that_is_down_is_reported_and_loses_nothing(play: Stage) -> None:
    """The next sweep sends it."""
    await abandoned(play)
    play.bus = FaultyBus(times=1)

    first = await swept(play, older_than=AT_ONCE)
    second = await swept(play, older_than=AT_ONCE)

    [fault] = first.failed
    assert (first.published, first.failures, fault.subject) == (0, 1, play.subject())
    assert "throttled" in fault.cause
    assert (second.published, second.failures) == (1, 0)
    assert play.names() == ["cmd.price.get"]


class DownAlarm(MemoryAlarm):
    """An alarm that cannot be reached."""

    async def set(self, event: Event, due: datetime) -> None:
        """Fail."""
        raise Unavailable("the alarm is away")


async def test_an_alarm_that_is_down_does_not_keep_back_what_is_to_be_sent(play: Stage) -> None:
    """The one has nothing to do with the other."""
    await abandoned(play)
    good, play.store.alarm = play.store.alarm, DownAlarm()
    forget = good._set
    forget.clear()

    first = await swept(play, older_than=AT_ONCE)
    play.store.alarm = good
    second = await swept(play, older_than=AT_ONCE)

    assert (first.published, first.armed, first.failures) == (1, 0, 1)
    assert (second.published, second.armed, second.failures) == (0, 2, 0)
    assert "the alarm is away" in first.failed[0].cause


@pytest.mark.parametrize("kind", ["damaged", "format"])
async def test_a_record_that_cannot_be_read_does_not_stop_the_others(
    play: Stage, kind: str
) -> None:
    """It is left as it is, and reported."""
    for pid in ("a", "b", "c"):
        await abandoned(play, pid)
    key = play.key("b")
    listed = {item.key: item.summary for item in (await play.store.list(Query())).items}
    stored: Stored = await play.store.load(key)
    if kind == "damaged":
        body = stored.body.replace(b"asking", b"ASKING")
    else:
        record = await play.record("b")
        record.format = 99
        body = seal(record)
    await play.store.save(key, body, expect=stored.tag, summary=listed[key])

    done = await swept(play, older_than=AT_ONCE)

    assert (done.published, done.failures) == (2, 1)
    assert done.failed[0].subject in (play.subject("b"), key)
    assert (await play.store.load(key)).body == body


FAULTS = ["lost-request", "lost-response", "conflict", "crash-before", "crash-after"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", range(4))
async def test_whatever_fails_the_next_sweep_mends(fault: str, call: int) -> None:
    """Every call of the store, each with every fault."""
    store = FaultyStore()
    play = stage(Order, store=store)
    await abandoned(play)
    store.plan = {len(store.calls) + call: fault}
    with suppress(Crash):
        await swept(play, older_than=AT_ONCE)
    store.plan = {}

    await swept(play, older_than=AT_ONCE)

    assert len({one.to_json() for one in play.sent()}) == 1
    assert (await play.record()).outbox == {}


@pytest.mark.parametrize("taken", [0, 1])
async def test_a_crash_in_the_bus_loses_nothing(taken: int) -> None:
    """What was sent is sent again; it has the same id."""
    play = stage(Order)
    await abandoned(play)
    play.bus = FaultyBus(times=1, taken=taken, crash=True)
    with pytest.raises(Crash):
        await swept(play, older_than=AT_ONCE)

    await swept(play, older_than=AT_ONCE)

    assert len({one.id for one in play.sent()}) == 1


async def test_failures_are_named_up_to_a_hundred() -> None:
    """All of them are counted, and the report stays small."""
    play = stage(Order)
    for number in range(130):
        await abandoned(play, f"p-{number}")
    play.bus = FaultyBus(times=1000)

    done = await swept(play, older_than=AT_ONCE)

    assert (done.failures, len(done.failed)) == (130, 100)


async def test_a_number_is_no_length_of_time() -> None:
    """It is said at once, with what to write instead."""
    play = stage(Order)
    with pytest.raises(ConfigurationError, match="timedelta"):
        await play.runtime.sweep(older_than=5)  # type: ignore[arg-type]


async def test_what_was_saved_a_moment_ago_is_not_in_the_future() -> None:
    """Records note their times in milliseconds, some of which are rounded up."""
    play = stage(Order)
    play.clock.advance(0.0006)
    await play.runtime.handle(starting(Order), publish=False)

    done = await play.runtime.sweep(older_than=timedelta(0))

    assert (done.looked, done.failures) == (1, 0)
