"""A local worker hears strangers: its groups want their events, and nothing is told twice."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.unit.handlers.stage import Room, make_room, summaries
from tests.unit.orders import Order, Paid, Placed, order_id, paid, placed
from tests.unit.support import Text, data_of, event
from xorca import Orchestrator, Outcome, emit, end, on, start
from xorca.events import Event
from xorca.fleet import Fleet
from xorca.handlers.local import LocalWorker
from xorca.ports import Query
from xorca.providers.local import SqliteStore

ROOT = Path(__file__).parents[3]
ORDERS = 150


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Room]:
    async with make_room(request.param, tmp_path) as room:
        yield room


def stock() -> Fleet:
    """Give a service that has everything."""
    fleet = Fleet(source="/srvc/stock")

    @fleet.serves("cmd.stock.reserve")
    async def reserve(order: Placed) -> Text:
        return Text(order.order)

    return fleet


class Audit(Orchestrator, name="t.audit"):
    """Follows what the orders tell, whoever's subject that carries."""

    @start("notif.order.paid", process=lambda paid: f"audit of {paid.order}")
    @emit("cmd.book.keep")
    def begin(self, paid: Paid) -> Paid:
        return paid

    @on("audit.*.closed", at=begin, to=end, process=lambda paid: f"audit of {paid.order}")
    def close(self, paid: Paid) -> None: ...


async def letters(store: Room) -> list[Event]:
    """Give the dead letters that were published since this was first asked."""
    await store.channel.subscribe("tests", ["sys.xorca.deadletter"])
    return [one.event for one in await store.channel.receive("tests", limit=100)]


async def test_strangers_are_heard_end_to_end(store: Room) -> None:
    """Orders and payments go in, in whatever order; every order is paid once."""
    events = [make(f"o-{n}", subject=f"x/{n}") for n in range(20) for make in (paid, placed)]

    async with LocalWorker(store, [Order], fleets=[stock()]) as worker:
        await worker.send(*[one.to_json() for one in events])
        idle = await worker.run_until_idle(timeout=20)

    assert idle
    found = await summaries(store)
    assert {(one.subject, one.state) for one in found} == {
        (f"t.order/1.0.0/o-{n}", "done") for n in range(20)
    }


async def test_two_orchestrators_of_one_worker(store: Room) -> None:
    """One tells of itself under its own subject, and the other hears that by its content."""
    async with LocalWorker(store, [Order, Audit], fleets=[stock()]) as worker:
        await worker.send(placed("o-1").to_json(), paid("o-1").to_json())
        await worker.run_until_idle(timeout=20)
        await worker.send(event("audit.year.closed", Paid("o-1"), subject=None).to_json())
        await worker.run_until_idle(timeout=20)

    assert {(one.subject, one.state) for one in await summaries(store)} == {
        ("t.order/1.0.0/o-1", "done"),
        ("t.audit/1.0.0/audit of o-1", "close"),
    }


class Answered(Orchestrator, name="t.answered"):
    """Claims an answer, which every orchestrator's group wants."""

    @start("order.placed", process=order_id)
    @emit("cmd.stock.reserve")
    def begin(self, placed: Placed) -> Placed:
        return placed

    @on("evt.stock.reserve.success", to=end, process=order_id)
    def reserved(self, placed: Placed) -> None: ...


class Other(Orchestrator, name="t.other"):
    """Stands beside it."""

    @start
    @emit("cmd.other.do")
    def begin(self) -> Text:
        return Text("")

    @on("evt.other.do.success", to=end)
    def done(self) -> None: ...


async def test_a_bad_event_is_told_of_once(store: Room) -> None:
    """It comes to the groups of both, and belongs to the one that claims it."""
    outcomes: list[Outcome] = []
    async with LocalWorker(store, [Other, Answered]) as worker:
        await letters(store)
        worker.on_outcome(outcomes.append)
        bad = event("evt.stock.reserve.success", Placed("raises"), subject=None)
        await worker.send(bad.to_json())
        await worker.run_until_idle(timeout=20)

    assert [(one.status, one.reason) for one in outcomes] == [("dead", "process-raised")]
    assert [data_of(one)["reason"] for one in await letters(store)] == ["process-raised"]


async def test_no_memory_is_tried_again(store: Room) -> None:
    """A worker that could not even tell whose it is does not throw an event away."""
    outcomes: list[Outcome] = []
    async with LocalWorker(store, [Order]) as worker:
        worker.on_outcome(outcomes.append)
        await worker.send(paid("exhausts").to_json())
        await worker.run_until(lambda: len(outcomes) >= 2, timeout=20)

    assert {(one.status, one.reason) for one in outcomes} == {("retry", "resources")}


KILLED = """
import asyncio, sys
from xorca.handlers.local import LocalWorker
from xorca.providers.local import SqliteStore
from tests.unit.handlers.test_local_strangers import stock
from tests.unit.orders import Order

async def main():
    async with SqliteStore(sys.argv[1]) as store:
        async with LocalWorker(store, [Order], fleets=[stock()]) as worker:
            await worker.run_until(lambda: False, timeout=60)

asyncio.run(main())
"""


async def test_a_killed_worker_loses_no_stranger(tmp_path: Path) -> None:
    """What it had taken another takes over; every order is paid once, and no event dies."""
    async with SqliteStore(tmp_path / "s.db") as store:
        async with LocalWorker(store, [Order]):
            assert await letters(store) == []  # all groups are there from now on
        events = [make(f"o-{n}") for n in range(ORDERS) for make in (placed, paid)]
        await store.channel.publish(events)

        await begin_and_kill(store, tmp_path / "s.db")
        before = await states_of(store)
        async with LocalWorker(store, [Order], fleets=[stock()]) as worker:
            idle = await worker.run_until_idle(timeout=60)

        assert before != ["done"] * ORDERS
        assert idle
        assert await states_of(store) == ["done"] * ORDERS
        assert await letters(store) == []
        records = [item.key for item in (await store.list(Query(), limit=1000)).items]
        found = [await store.load(key) for key in records if not key.startswith("_")]
        paid_for = [json.loads(bytes(one.body))["memory"]["cents"] for one in found if one]
        assert paid_for == [5] * ORDERS


def start_victim(path: Path) -> subprocess.Popen[bytes]:
    """Start a worker in a program of its own."""
    return subprocess.Popen([sys.executable, "-c", KILLED, str(path)], cwd=ROOT)


async def begin_and_kill(store: SqliteStore, path: Path) -> None:
    """Let a worker in a program of its own begin some orders, and kill it in their midst."""
    victim = start_victim(path)
    try:
        async with asyncio.timeout(30):
            while len(await states_of(store)) < 20:
                assert victim.poll() is None, "it ended by itself"
                await asyncio.sleep(0.005)
    finally:
        victim.kill()
        victim.wait()


async def states_of(store: SqliteStore) -> list[str]:
    """Give the state of every order."""
    page = await store.list(Query(name="t.order"), limit=1000)
    return [item.summary.state for item in page.items if item.summary is not None]
