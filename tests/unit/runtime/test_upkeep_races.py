"""Cancel, delete and prune beside another worker: in every order of their calls, and on disk."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.runtime.counting import Counter, number, totals
from tests.unit.runtime.faults import Crash, FaultyBus, FaultyStore
from tests.unit.runtime.test_races import Turns, workers
from tests.unit.support import Stage, Text, event, stage, starting, told
from xorca import Orchestrator, Runtime, emit, end, on, start
from xorca.engine.ids import storage_key
from xorca.engine.record import Record, unseal
from xorca.errors import ProcessNotFound
from xorca.events import Event
from xorca.providers.local import SqliteStore
from xorca.providers.local.files import FileStore
from xorca.providers.memory import MemoryBus

ORDERS = list(itertools.product((0, 1), repeat=8))
SUBJECT = "t.counter/1.0.0/p"
AT_ONCE = timedelta(0)


# -- in every order of calls ----------------------------------------------------------


async def test_a_cancel_and_an_event_in_every_order_of_calls() -> None:
    """The event comes before it and is applied, or after it and is ignored; never half."""
    seen: set[str] = set()
    for order in ORDERS:
        play = stage(Counter)
        await play.start()
        turns = Turns(order)
        one, two = workers(play, turns)

        status, [outcome] = await turns.run(one.cancel(SUBJECT, "why"), two.handle(number(1)))

        record = await play.record()
        applied = outcome.status == "applied"
        seen.add(outcome.status)
        assert (status, record.status, record.reason) == ("cancelled", "cancelled", "why"), order
        assert told(outcome) in (("applied", "add"), ("ignored", "cancelled")), order
        assert record.revision == (3 if applied else 2), order
        assert (await play.memory())["seen"] == ([1] if applied else []), order
        assert totals(play) == ([1] if applied else []), order
    assert seen == {"applied", "ignored"}


class Asked(Orchestrator, name="t.asked"):
    """It was asked by a command, and waits."""

    @start("cmd.thing.do")
    @emit("cmd.part.do")
    def waiting(self) -> Text:
        return Text("")

    @on("evt.part.do.success", to=end)
    @emit("evt.thing.do.success")
    def done(self) -> Text:
        return Text("done")


def asking(id: str = "ask") -> Event:
    """Make the command that starts one."""
    return event("cmd.thing.do", subject="boss/1.0.0/b", id=id, processid="p")


async def test_two_cancels_in_every_order_of_calls() -> None:
    """One of them decides, and there is one answer."""
    for order in ORDERS:
        play = stage(Asked)
        await play.give(asking())
        turns = Turns(order)
        one, two = workers(play, turns)

        found = await turns.run(
            one.cancel(play.subject(), "one"), two.cancel(play.subject(), "two")
        )

        record = await play.record()
        answers = {one.to_json() for one in play.sent("evt.thing.do.error")}
        assert found == ["cancelled", "cancelled"], order
        assert record.revision == 2, order
        assert len(answers) == 1, order
        assert record.reason.encode() in next(iter(answers)), order


async def test_a_cancel_and_the_end_in_every_order_of_calls() -> None:
    """The caller has one answer that counts: the one that the record stands for."""
    for order in ORDERS:
        play = stage(Asked)
        await play.give(asking())
        reply = event(
            "evt.part.do.success", subject=play.subject(), cause=play.command("cmd.part.do").id
        )
        turns = Turns(order)
        one, two = workers(play, turns)

        status, [outcome] = await turns.run(one.cancel(play.subject(), ""), two.handle(reply))

        record = await play.record()
        names = {n for n in play.names() if n.startswith("evt.")}
        assert (status, record.status) in (("ended", "ended"), ("cancelled", "cancelled")), order
        verdict = "success" if status == "ended" else "error"
        assert names == {f"evt.thing.do.{verdict}"}, order
        assert told(outcome) in (("applied", "done"), ("ignored", "cancelled")), order


async def ended(play: Stage) -> None:
    """Bring a Counter to its end."""
    await play.start()
    await play.reply("cmd.count.begin")


@pytest.mark.parametrize("id", ["second", "first"])
async def test_a_deletion_and_a_start_in_every_order_of_calls(id: str) -> None:
    """Another start is refused by what there was, or begins a new life; the first does nothing."""
    seen: set[tuple[str, str]] = set()
    for order in ORDERS:
        play = stage(Counter)
        await play.start(id="first")
        await play.reply("cmd.count.begin")
        turns = Turns(order)
        one, two = workers(play, turns)

        _, [outcome] = await turns.run(one.delete(SUBJECT), two.handle(starting(Counter, id=id)))

        record = await play.record()
        lives = {e.id for e in play.sent("cmd.count.begin")}
        begun = outcome.status == "applied"
        seen.add(told(outcome))
        assert record.status == ("active" if begun else "deleted"), order
        assert len(lives) == (2 if begun else 1), order
    known = {("duplicate", "seen"), ("ignored", "deleted")}
    anew = {("dead", "process-exists"), ("applied", "counting")}
    assert seen == (known if id == "first" else anew)


async def test_two_deletions_in_every_order_of_calls() -> None:
    """One tombstone; whoever finds it already there is told that nothing is there."""
    for order in ORDERS:
        play = stage(Counter)
        await ended(play)
        turns = Turns(order)
        one, two = workers(play, turns)

        async def delete(runtime: Runtime) -> bool:
            try:
                await runtime.delete(SUBJECT)
            except ProcessNotFound:
                return False
            return True

        found = await turns.run(delete(one), delete(two))

        assert any(found), order
        assert (await play.record()).revision == 3, order


async def test_a_prune_and_a_start_in_every_order_of_calls() -> None:
    """What was begun anew is never pruned."""
    for order in ORDERS:
        play = stage(Counter)
        await ended(play)
        await play.runtime.delete(SUBJECT)
        play.clock.advance(15 * 86400)
        turns = Turns(order)
        one, two = workers(play, turns)

        pruned, [outcome] = await turns.run(one.prune(), two.handle(starting(Counter, id="second")))

        assert told(outcome) == ("applied", "counting"), order
        assert (await play.record()).status == "active", order
        assert not pruned.failed, order


# -- a crash at every call --------------------------------------------------------------

Verb = Callable[[Runtime], Awaitable[Any]]


async def _delete(runtime: Runtime) -> None:
    with suppress(ProcessNotFound):  # a crash after the save has done it already
        await runtime.delete("t.asked/1.0.0/p")


VERBS: dict[str, Verb] = {
    "cancel": lambda runtime: runtime.cancel("t.asked/1.0.0/p", "why"),
    "delete": _delete,
    "prune": lambda runtime: runtime.prune(older_than=AT_ONCE),
}
FAULTS = ("crash-before", "crash-after", "lost-request", "lost-response", "conflict")


async def played(verb: str, call: int, fault: str) -> tuple[Record, list[str], bool]:
    """Do something whose call number so fails, then do it again elsewhere; give what is left."""
    play = stage(Asked, store=FaultyStore())
    await play.give(asking())
    if verb != "cancel":
        await play.runtime.cancel("t.asked/1.0.0/p", "why")
    play.cold()
    first = len(play.store.calls)
    play.store.plan = {first + call: fault}
    with suppress(Crash):
        await VERBS[verb](play.runtime)
    hit = len(play.store.calls) > first + call
    play.store.plan = {}
    play.cold()
    await VERBS[verb](play.runtime)
    versions = {one.to_json(): one.id for one in play.sent()}
    return await play.record(), sorted(versions.values()), hit


@pytest.mark.parametrize("verb", VERBS)
async def test_a_fault_at_every_call_leaves_the_same(verb: str) -> None:
    """State, revision and what was sent are as without the fault, each id with one body."""
    wanted, sent, _ = await played(verb, 99, "")
    calls = 0
    for call, fault in itertools.product(range(6), FAULTS):
        record, also, hit = await played(verb, call, fault)

        calls += hit
        assert (record.status, record.revision) == (wanted.status, wanted.revision), (call, fault)
        assert also == sent, (call, fault)
    assert calls >= 2 * len(FAULTS)


@pytest.mark.parametrize("taken", [0, 1])
async def test_a_crash_in_the_publish_of_a_cancel_is_mended_by_a_repeat(taken: int) -> None:
    """Whatever had left already, the rest leaves under the ids of the first time."""
    play = stage(Asked, bus=FaultyBus(taken=taken, crash=True))
    await play.give(asking())
    play.cold()
    play.bus.times = 1
    with pytest.raises(Crash):
        await play.runtime.cancel(play.subject(), "why")
    assert (await play.record()).status == "cancelled"
    play.cold()

    assert await play.runtime.cancel(play.subject(), "why") == "cancelled"
    assert len({one.to_json() for one in play.sent("evt.thing.do.error")}) == 1


# -- on disk, two stores on one place ------------------------------------------------------


@dataclass
class Pair:
    """Two workers that share nothing but what is on disk, and the bus."""

    one: Runtime
    two: Runtime
    store: Any
    bus: MemoryBus = field(default_factory=MemoryBus)

    async def record(self, pid: str) -> Record:
        """Give a record as it is stored."""
        stored = await self.store.load(storage_key("t.counter", pid))
        return unseal(stored.body)


@pytest.fixture(params=["sqlite", "files"])
async def pair(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Pair]:
    """Two workers, each with a connection of its own."""

    def opened() -> Any:
        if request.param == "sqlite":
            return SqliteStore(tmp_path / "x.db")
        return FileStore(tmp_path / "dir", fsync=False)

    bus = MemoryBus()
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(opened()) for _ in range(2)]
        one, two = (Runtime([Counter], store=store, bus=bus) for store in stores)
        yield Pair(one, two, stores[0], bus)


NAMES = [f"p{at}" for at in range(25)]


async def begin(pair: Pair) -> None:
    """Start so many processes, half by one worker and half by the other."""
    for at, pid in enumerate(NAMES):
        await (pair.one, pair.two)[at % 2].handle(starting(Counter, pid=pid, id=f"first-{pid}"))


async def test_cancels_beside_events_on_disk(pair: Pair) -> None:
    """What an outcome says is what is stored."""
    await begin(pair)

    async def cancel(pid: str) -> str:
        return await pair.one.cancel(f"t.counter/1.0.0/{pid}", "why")

    async def say(pid: str) -> list[str]:
        found = [await pair.two.handle(number(n, pid=pid)) for n in (1, 2, 3)]
        return [outcome.status for (outcome,) in found]

    statuses = await asyncio.gather(*map(cancel, NAMES), *map(say, NAMES))

    for pid, said in zip(NAMES, statuses[len(NAMES) :], strict=True):
        record = await pair.record(pid)
        applied = [n for n, status in zip((1, 2, 3), said, strict=True) if status == "applied"]
        assert record.status == "cancelled"
        assert b'"seen":%b' % str(applied).replace(" ", "").encode() in bytes(record.memory)
        assert set(said) <= {"applied", "ignored"}


async def test_cancels_at_two_workers_on_disk(pair: Pair) -> None:
    """Each process is cancelled once."""
    await begin(pair)
    subjects = [f"t.counter/1.0.0/{pid}" for pid in NAMES]

    await asyncio.gather(
        *(pair.one.cancel(subject, "one") for subject in subjects),
        *(pair.two.cancel(subject, "two") for subject in subjects),
    )

    assert {(await pair.record(pid)).revision for pid in NAMES} == {2}


async def test_deletions_beside_starts_on_disk(pair: Pair) -> None:
    """A new life or none; never the old one's start again."""
    await begin(pair)

    async def delete(pid: str) -> None:
        await pair.one.delete(f"t.counter/1.0.0/{pid}", force=True)

    async def again(pid: str) -> list[str]:
        old, new = (starting(Counter, pid=pid, id=f"{n}-{pid}") for n in ("first", "second"))
        return [(await pair.two.handle(one))[0].status for one in (old, new, old)]

    found = await asyncio.gather(*map(delete, NAMES), *map(again, NAMES))

    for pid, (first, second, third) in zip(NAMES, found[len(NAMES) :], strict=True):
        status = (await pair.record(pid)).status
        assert first in ("duplicate", "ignored")
        assert third in ("duplicate", "ignored")
        assert (second, status) in (("applied", "active"), ("dead", "deleted"))


async def test_two_prunes_beside_starts_on_disk(pair: Pair) -> None:
    """Every process that has ended goes, whoever gets there first, and no other."""
    await begin(pair)
    for pid in NAMES[::2]:
        await pair.one.cancel(f"t.counter/1.0.0/{pid}", "")

    async def start_others() -> list[str]:
        pids = [f"new-{at}" for at in range(25)]
        return [(await pair.two.handle(starting(Counter, pid=p)))[0].status for p in pids]

    one, two, started = await asyncio.gather(
        pair.one.prune(older_than=AT_ONCE), pair.two.prune(older_than=AT_ONCE), start_others()
    )

    statuses = [(await pair.record(pid)).status for pid in NAMES]
    assert statuses == ["deleted" if at % 2 == 0 else "active" for at in range(len(NAMES))]
    assert one.processes + two.processes == len(NAMES[::2])
    assert set(started) == {"applied"}
    assert not {**one.failed, **two.failed}
