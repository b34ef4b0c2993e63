"""The local worker brings events to orchestrators and fleets, and loses none."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.handlers.stage import (
    Child,
    Parent,
    Room,
    Steps,
    Text,
    Waiting,
    begin,
    make_room,
    make_services,
    summaries,
)
from xorca import Orchestrator, Outcome, Runtime, emit, end, on, start
from xorca.errors import InvalidEvent
from xorca.events import Event
from xorca.fleet import Fleet, TryAgain
from xorca.handlers.local import LocalWorker
from xorca.providers.local import SqliteStore


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Room]:
    async with make_room(request.param, tmp_path) as room:
        yield room


async def heard(store: Room, *names: str) -> list[str]:
    """Give the types of what was published under these names, whoever was to hear it."""
    await store.channel.subscribe("tests", names)
    return [each.event.type for each in await store.channel.receive("tests", limit=1000)]


async def test_processes_run_to_their_end(store: Room) -> None:
    """Starts go in, services answer, notifications come out, each step once."""
    fleet, served = make_services()

    async with LocalWorker(store, [Steps], fleets=[fleet]) as worker:
        await store.channel.publish([begin(Steps, number) for number in range(10)])
        idle = await worker.run_until_idle(timeout=10)

    assert idle
    assert {(each.status, each.revision) for each in await summaries(store)} == {("ended", 3)}
    assert Counter(served) == {"first x": 10, "second x1": 10}
    assert await heard(store, "notif.*") == ["notif.steps.done"] * 10


async def test_what_was_published_before_is_worked_on(store: Room) -> None:
    """A start that nobody heard yet waits for the first worker."""
    await store.channel.publish([begin(Steps, 1)])
    fleet, _ = make_services()

    async with LocalWorker(store, [Steps], fleets=[fleet]) as worker:
        await worker.run_until_idle(timeout=10)

    assert [each.status for each in await summaries(store)] == ["ended"]


async def test_what_is_published_between_two_workers_waits(store: Room) -> None:
    """The groups outlive their worker."""
    fleet, _ = make_services()
    async with LocalWorker(store, [Steps]) as worker:
        await store.channel.publish([begin(Steps, 1)])
        await worker.run_until_idle(timeout=10)

    async with LocalWorker(store, [Steps], fleets=[fleet]) as worker:
        await worker.run_until_idle(timeout=10)

    assert [each.status for each in await summaries(store)] == ["ended"]


async def test_orchestrators_of_one_worker_ask_each_other(store: Room) -> None:
    """A command that another class serves reaches it, and its answer the asker, once each."""
    fleet, served = make_services()
    seen: list[Outcome] = []

    async with LocalWorker(store, [Parent, Child], fleets=[fleet]) as worker:
        worker.on_outcome(seen.append)
        await store.channel.publish([begin(Parent, 1)])
        await worker.run_until_idle(timeout=10)

    assert [each.status for each in await summaries(store)] == ["ended", "ended"]
    assert await heard(store, "notif.*") == ["notif.parent.done"]
    assert {outcome.status for outcome in seen} == {"applied"}
    assert served == ["first x"]


async def test_deadlines_come_through_the_channel(store: Room) -> None:
    """A process that nobody answers is woken by its timer."""
    async with LocalWorker(store, [Waiting]) as worker:
        ended = asyncio.Event()
        worker.on_outcome(lambda outcome: ended.set() if outcome.state == "over" else None)
        await store.channel.publish([begin(Waiting, 1)])
        assert await worker.run_until(ended, timeout=10)

    assert await heard(store, "notif.*") == ["notif.waiting.over"]


async def test_a_command_that_must_come_again_comes_again(store: Room) -> None:
    """The service decides how often; the process hears one answer."""
    fleet, attempts = Fleet("/services"), 0

    @fleet.serves("cmd.step.first")
    async def first(given: Text) -> Text:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise TryAgain("not yet")
        return given

    seen: list[str] = []
    async with LocalWorker(store, [Steps], fleets=[fleet]) as worker:
        worker.on_outcome(lambda outcome: seen.append(outcome.status))
        await store.channel.publish([begin(Steps, 1)])
        assert await worker.run_until_idle(timeout=20)

    assert attempts == 3
    assert Counter(seen) == {"applied": 3, "retry": 2}


async def test_a_slow_command_holds_nobody_up(store: Room) -> None:
    """The others of its batch are served, answered and acknowledged meanwhile."""
    fleet, gate = Fleet("/services"), asyncio.Event()

    @fleet.serves("cmd.step.first")
    async def first(given: Text) -> Text:
        return given

    @fleet.serves("cmd.child.run")
    async def wait(given: Text) -> Text:
        await gate.wait()
        return given

    async with LocalWorker(store, [Steps, Parent], fleets=[fleet]) as worker:
        await store.channel.publish([begin(Parent, 1), begin(Steps, 2), begin(Steps, 3)])
        second = {"p-2", "p-3"}
        worker.on_outcome(
            lambda outcome: (
                second.discard((outcome.subject or "")[-3:]) if outcome.state == "second" else None
            )
        )
        others = await worker.run_until(lambda: not second, timeout=10)
        gate.set()
        await worker.run_until_idle(timeout=10)

    assert others
    statuses = {each.subject: each.status for each in await summaries(store)}
    assert statuses["parent/1.0.0/p-1"] == "ended"


class Poisoned(Orchestrator, name="poisoned"):
    """A process whose handler has a bug."""

    @start
    @emit("cmd.step.first")
    def first(self, given: Text) -> Text:
        return given

    @on("evt.step.first.success", to=end)
    def done(self, found: Text) -> None:
        raise ZeroDivisionError


async def test_poison_blocks_no_neighbour(store: Room) -> None:
    """An event that can never be applied is dead-lettered, and the others go on."""
    fleet, _ = make_services()

    async with LocalWorker(store, [Steps, Poisoned], fleets=[fleet]) as worker:
        await store.channel.publish([begin(Poisoned, 1), begin(Steps, 2)])
        assert await worker.run_until_idle(timeout=10)

    statuses = {each.name: each.status for each in await summaries(store)}
    assert statuses == {"poisoned": "active", "steps": "ended"}
    assert await heard(store, "sys.*", "notif.*") == ["notif.steps.done"]


async def test_a_command_that_this_worker_does_not_serve_is_not_lost(store: Room) -> None:
    """A newer worker of the same fleet asked for it: it waits for that one."""
    older, newer = Fleet("/services"), Fleet("/services")

    @older.serves("cmd.step.first")
    async def first(given: Text) -> Text:
        return given

    @newer.serves("cmd.step.second")
    async def second(given: Text) -> Text:
        return given

    refused = asyncio.Event()
    async with LocalWorker(store, fleets=[newer]):
        pass
    async with LocalWorker(store, [Steps], fleets=[older]) as worker:
        worker.on_outcome(lambda out: refused.set() if out.reason == "not-served" else None)
        await store.channel.publish([begin(Steps, 1)])
        assert await worker.run_until(refused, timeout=10)
    async with LocalWorker(store, [Steps], fleets=[newer]) as worker:
        assert await worker.run_until_idle(timeout=10)

    assert [each.status for each in await summaries(store)] == ["ended"]


async def test_stopping_finishes_what_is_in_flight(store: Room) -> None:
    """The answer is sent and acknowledged; what was not taken waits for the next worker."""
    fleet = Fleet("/services", concurrency=1)
    began, gate = asyncio.Event(), asyncio.Event()

    @fleet.serves("cmd.step.first")
    async def first(given: Text) -> Text:
        began.set()
        await gate.wait()
        return given

    worker = LocalWorker(store, fleets=[fleet])
    await worker.start()
    await store.channel.publish([_command("a"), _command("b")])
    await began.wait()
    stopping = asyncio.create_task(worker.stop())
    await asyncio.sleep(0.01)
    assert not stopping.done()
    gate.set()
    await stopping

    assert await heard(store, "evt.*") == ["evt.step.first.success"]
    counts = await store.channel.counts("/services")
    assert (counts.waiting, counts.in_flight) == (1, 0)


async def test_a_stop_that_is_cancelled_gives_back_what_is_in_flight(store: Room) -> None:
    """Somebody else can begin at once."""
    fleet, began = Fleet("/services"), asyncio.Event()

    @fleet.serves("cmd.step.first")
    async def first(given: Text) -> Text:
        began.set()
        await asyncio.sleep(60)
        return given

    worker = LocalWorker(store, fleets=[fleet])
    await worker.start()
    await store.channel.publish([_command("a")])
    await began.wait()
    stopping = asyncio.create_task(worker.stop())
    await asyncio.sleep(0.01)
    stopping.cancel()

    with pytest.raises(asyncio.CancelledError):
        await stopping
    again = await store.channel.receive("/services")
    assert [(each.event.id, each.attempts) for each in again] == [("a", 2)]


async def test_a_stopped_worker_can_start_again(store: Room) -> None:
    """Starting twice and stopping twice does no harm."""
    fleet, _ = make_services()
    worker = LocalWorker(store, [Steps], fleets=[fleet])
    await worker.start()
    await worker.start()
    await worker.stop()
    await worker.stop()
    await store.channel.publish([begin(Steps, 1)])

    async with worker:
        await worker.run_until_idle(timeout=10)

    assert [each.status for each in await summaries(store)] == ["ended"]


def _command(name: str) -> Event:
    return Event(
        id=name,
        source="/tests",
        type="cmd.step.first",
        subject=f"steps/1.0.0/{name}",
        data=b'{"text":"x"}',
        datacontenttype="application/json",
    )


async def test_run_until_gives_up_in_time(store: Room) -> None:
    """False, and the worker goes on."""
    async with LocalWorker(store, [Steps]) as worker:
        assert not await worker.run_until(lambda: False, timeout=0.02)


async def test_waiting_for_what_nobody_serves_is_idle(store: Room) -> None:
    """A command that no group of this worker wants is no work of it."""
    async with LocalWorker(store, [Steps]) as worker:
        await store.channel.publish([begin(Steps, 1)])
        assert await worker.run_until_idle(timeout=10)

    assert [each.state for each in await summaries(store)] == ["first"]


async def test_events_can_be_sent_in_every_form(store: Room) -> None:
    """What start_event gives is taken as it is; of several, all or none are sent."""
    fleet, _ = make_services()
    event = Steps.start_event(Text("x"), process_id="p-1")

    async with LocalWorker(store, [Steps], fleets=[fleet]) as worker:
        await worker.send(event, begin(Steps, 2).to_json())
        with pytest.raises(InvalidEvent):
            await worker.send(begin(Steps, 3), b"no event")
        await worker.run_until_idle(timeout=10)

    subjects = sorted(each.subject for each in await summaries(store))
    assert subjects == ["steps/1.0.0/p-1", "steps/1.0.0/p-2"]


class CountingRuntime(Runtime):
    """A Runtime that notes how many events it is given at once."""

    sizes: list[int]

    async def handle(self, *events: Any, **options: Any) -> list[Outcome]:
        self.sizes.append(len(events))
        return await super().handle(*events, **options)


async def test_events_are_handed_over_in_batches(store: Room) -> None:
    """Up to 64 at once, so that one commit and one acknowledgement serve many."""
    runtime = CountingRuntime([Steps], store=store, bus=store.channel, alarm=store.alarm)
    runtime.sizes = []
    await store.channel.publish([begin(Steps, number) for number in range(100)])

    async with LocalWorker(store, runtime=runtime) as worker:
        await worker.run_until_idle(timeout=10)

    assert sum(runtime.sizes) == 100
    assert max(runtime.sizes) == 64


async def test_two_workers_share_one_file(tmp_path: Path) -> None:
    """Every command is served by one of them, every process ends once."""
    (one, served), (other, more) = make_services(), make_services()
    path = tmp_path / "state.db"

    async with SqliteStore(path) as left, SqliteStore(path) as right:
        async with (
            LocalWorker(left, [Steps], fleets=[one]) as worker,
            LocalWorker(right, [Steps], fleets=[other]) as second,
        ):
            await left.channel.publish([begin(Steps, number) for number in range(50)])
            await worker.run_until_idle(timeout=20)
            await second.run_until_idle(timeout=20)
        found = await summaries(left)

    assert [(each.status, each.revision) for each in found] == [("ended", 3)] * 50
    assert Counter(served + more) == {"first x": 50, "second x1": 50}
