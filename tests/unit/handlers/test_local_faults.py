"""The local worker outlives its store's troubles, and refuses what cannot work."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.unit.handlers.stage import (
    FaultyChannel,
    Steps,
    Text,
    begin,
    make_room,
    make_services,
    summaries,
)
from xorca import Outcome, Runtime
from xorca.errors import ConfigurationError
from xorca.events import Event
from xorca.fleet import Fleet
from xorca.handlers import local
from xorca.handlers.local import LocalWorker
from xorca.handlers.local_puller import LONGEST_PAUSE, pause_after
from xorca.providers.channel import Counts, Delivery
from xorca.providers.memory import MemoryChannel, MemoryStore


class Wall:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.time = 1_900_000_000.0

    def __call__(self) -> float:
        return self.time


class Full:
    """Randomness that always gives the longest pause."""

    def random(self) -> float:
        return 1.0


@pytest.mark.parametrize("verb", ["receive", "publish", "ack"])
async def test_the_loop_outlives_a_channel_that_fails(
    verb: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, tried again, and nothing is lost or doubled."""
    caplog.set_level("INFO", "xorca")
    store = MemoryStore()
    fleet, served = make_services()
    channel = store.channel = FaultyChannel()

    async with LocalWorker(store, [Steps], fleets=[fleet]) as worker:
        await channel.publish([begin(Steps, 1)])
        channel.faults = {verb: 3}
        assert await worker.run_until_idle(timeout=30)

    assert [(each.status, each.revision) for each in await summaries(store)] == [("ended", 3)]
    assert sorted(set(served)) == ["first x", "second x1"]
    assert f"{verb} failed" in caplog.text


class Hasty(Random):
    """Randomness that never pauses."""

    def random(self) -> float:
        return 0.0


@pytest.mark.parametrize("verb", ["publish", "ack"])
async def test_a_channel_that_fails_for_long_costs_a_redelivery(verb: str) -> None:
    """When trying again does not help, the command comes again and is answered once."""
    wall = Wall()
    store = MemoryStore(now=wall)
    fleet, served = make_services()
    channel = store.channel = FaultyChannel(now=wall)
    worker = LocalWorker(store, fleets=[fleet], random=Hasty())

    async with worker:
        channel.faults = {verb: 7}
        await MemoryChannel.publish(channel, [_command()])
        while not await worker.run_until_idle(timeout=0.1):
            wall.time += 1000
            channel.wake()

    await channel.subscribe("tests", ["evt.*"])
    assert len(await channel.receive("tests")) == 1
    assert served == ["first x", "first x"]


async def test_a_callback_that_fails_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A display is no reason to stop working."""
    caplog.set_level("DEBUG", "xorca")
    store = MemoryStore()
    fleet, _ = make_services()

    def show(outcome: Outcome) -> None:
        raise OSError("the terminal is gone")

    async with LocalWorker(store, [Steps], fleets=[fleet]) as worker:
        worker.on_outcome(show)
        await store.channel.publish([begin(Steps, 1)])
        await worker.run_until_idle(timeout=10)

    assert [each.status for each in await summaries(store)] == ["ended"]
    assert "the terminal is gone" in caplog.text


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_a_command_in_flight_is_given_to_nobody_else(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was taken is renewed for as long as it is worked on."""
    monkeypatch.setattr(local, "VISIBILITY", 0.3)
    fleet, runs, began = Fleet("/services"), 0, asyncio.Event()

    @fleet.serves("cmd.step.first")
    async def first(given: Text) -> Text:
        nonlocal runs
        runs += 1
        began.set()
        await asyncio.sleep(1.2)
        return given

    async with make_room(kind, tmp_path) as store:
        await store.channel.publish([_command()])
        async with LocalWorker(store, fleets=[fleet]) as worker:
            await began.wait()
            idle = asyncio.create_task(worker.run_until_idle(timeout=10))
            stolen: list[Delivery] = []
            while not idle.done():
                stolen += await store.channel.receive("/services")
                await asyncio.sleep(0.01)
        counts = await store.channel.counts("/services")

    assert (runs, stolen, counts) == (1, [], Counts())


async def test_work_is_renewed_while_the_worker_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that finishes what is in flight keeps it until then."""
    monkeypatch.setattr(local, "VISIBILITY", 0.3)
    store, fleet, began = MemoryStore(), Fleet("/services"), asyncio.Event()

    @fleet.serves("cmd.step.first")
    async def first(given: Text) -> Text:
        began.set()
        await asyncio.sleep(0.8)
        return given

    await store.channel.publish([_command()])
    async with LocalWorker(store, fleets=[fleet]) as worker:
        await began.wait()
        stopping = asyncio.create_task(worker.stop())
        stolen: list[Delivery] = []
        while not stopping.done():
            stolen += await store.channel.receive("/services")
            await asyncio.sleep(0.01)

    assert (stolen, await store.channel.counts("/services")) == ([], Counts())


async def test_a_renewal_that_fails_is_tried_again_soon(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One refusal of the channel does not hand the work to another."""
    monkeypatch.setattr(local, "VISIBILITY", 0.6)
    store, fleet = MemoryStore(), Fleet("/services")
    channel = store.channel = FaultyChannel()
    channel.faults = {"extend": 1}
    runs = 0

    @fleet.serves("cmd.step.first")
    async def first(given: Text) -> Text:
        nonlocal runs
        runs += 1
        await asyncio.sleep(1.5)
        return given

    await channel.publish([_command()])
    async with LocalWorker(store, fleets=[fleet]) as worker:
        await worker.run_until_idle(timeout=10)

    assert runs == 1
    assert "cannot renew" in caplog.text


async def test_a_second_delivery_of_running_work_is_left_to_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is not acknowledged before the answer is out: a kill would lose the answer."""
    monkeypatch.setattr(local, "VISIBILITY", 0.2)
    store, fleet = MemoryStore(), Fleet("/services")
    channel = store.channel = FaultyChannel()
    channel.faults = {"extend": 10**6}
    gate = asyncio.Event()
    left: list[Counts] = []

    @fleet.serves("cmd.step.first")
    async def first(given: Text) -> Text:
        await gate.wait()
        channel.faults["publish"] = 1
        return given

    async def look(outcome: Outcome) -> None:
        left.append(await channel.counts("/services"))

    looks: list[asyncio.Task[None]] = []
    await channel.publish([_command()])
    async with LocalWorker(store, fleets=[fleet]) as worker:
        worker.on_outcome(lambda outcome: looks.append(asyncio.create_task(look(outcome))))
        await asyncio.sleep(0.3)
        gate.set()
        await worker.run_until(lambda: len(looks) == 2, timeout=10)
        await asyncio.gather(*looks)
        await worker.run_until_idle(timeout=10)

    assert left[0].in_flight + left[0].waiting == 1
    assert await channel.counts("/services") == Counts()


async def test_a_command_that_comes_while_it_is_served_is_not_served_twice() -> None:
    """Even a channel that delivers too early makes no worker do the work twice."""
    store, fleet = MemoryStore(), Fleet("/services")
    began, gate, runs = asyncio.Event(), asyncio.Event(), 0

    @fleet.serves("cmd.step.first")
    async def first(given: Text) -> Text:
        nonlocal runs
        runs += 1
        began.set()
        await gate.wait()
        return given

    async with LocalWorker(store, fleets=[fleet]) as worker:
        await store.channel.publish([_command()])
        await began.wait()
        store.channel.wake()
        twin = asyncio.create_task(fleet.handle(_command(), publish=False))
        await asyncio.sleep(0)
        gate.set()
        await worker.run_until_idle(timeout=10)
        [outcome] = await twin

    assert (runs, outcome.status) == (1, "duplicate")


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 0.1), (2, 0.2), (5, 1.6), (10, LONGEST_PAUSE), (10**6, 30.0)]
)
def test_pauses_grow_to_half_a_minute(failures: int, seconds: float) -> None:
    """The longest pause doubles with every failure, up to 30 s; jitter takes from it."""
    full: Any = Full()

    assert pause_after(failures, full) == pytest.approx(seconds)


def test_a_store_without_a_channel_is_refused() -> None:
    """The error names the stores that have one."""
    store: Any = object()

    with pytest.raises(ConfigurationError, match=r"sqlite:///\./state\.db"):
        LocalWorker(store, [Steps])


def test_two_fleets_of_one_name_are_refused() -> None:
    """Each would take the commands of the other."""
    with pytest.raises(ConfigurationError, match="'/services'"):
        LocalWorker(MemoryStore(), fleets=[Fleet("/services"), Fleet("/services")])


def test_one_class_or_one_fleet_alone_is_refused() -> None:
    """A worker takes lists, and shows how they are written."""
    one: Any = Steps
    fleet: Any = Fleet("/services")

    with pytest.raises(ConfigurationError, match=r"LocalWorker\(store, \[Steps\]\)"):
        LocalWorker(MemoryStore(), one)
    with pytest.raises(ConfigurationError, match=r"fleets=\[fleet\]"):
        LocalWorker(MemoryStore(), fleets=fleet)


def test_an_object_of_a_class_is_refused() -> None:
    """It would fail at each event only."""
    made: Any = Steps()

    with pytest.raises(ConfigurationError, match=r"Steps, not Steps\(\)"):
        LocalWorker(MemoryStore(), [made])


def test_a_runtime_without_bus_is_refused() -> None:
    """What it decides would never be sent."""
    store = MemoryStore()

    with pytest.raises(ConfigurationError, match=r"bus=store\.channel"):
        LocalWorker(store, runtime=Runtime([Steps], store=store))


def test_orchestrators_beside_a_runtime_are_refused() -> None:
    """They would not run."""
    store = MemoryStore()
    runtime = Runtime([Steps], store=store, bus=store.channel)

    with pytest.raises(ConfigurationError, match="not both"):
        LocalWorker(store, [Steps], runtime=runtime)


async def test_waiting_before_the_start_is_refused() -> None:
    """Nothing would ever happen."""
    with pytest.raises(ConfigurationError, match="async with"):
        await LocalWorker(MemoryStore(), [Steps]).run_until_idle()


def test_groups_say_what_is_heard() -> None:
    """Answers and system events always, starts and other names as the class hears them."""
    fleet, _ = make_services()

    worker = LocalWorker(MemoryStore(), [Steps], fleets=[fleet])

    assert worker.groups == {
        "orchestrator:steps": ("evt.*", "sys.*", "xorca.steps.start"),
        "/services": ("cmd.step.first", "cmd.step.second"),
    }


def _command() -> Event:
    return Event(
        id="a",
        source="/tests",
        type="cmd.step.first",
        subject="steps/1.0.0/a",
        data=b'{"text":"x"}',
        datacontenttype="application/json",
    )
