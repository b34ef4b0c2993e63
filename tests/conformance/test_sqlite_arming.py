"""A record and its wake-ups are one commit, and a room that saves in its own way is not passed by."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from xorca import Orchestrator, Runtime, after, emit, end, on, start, stay
from xorca.engine.record import Record, unseal
from xorca.errors import Conflict, PayloadError
from xorca.events import Event
from xorca.ports import Alarm, Query, Summary, WakeUp
from xorca.providers.local import SqliteStore
from xorca.providers.local.alarm import SqliteAlarm
from xorca.providers.memory import MemoryBus, MemoryStore
from xorca.runtime.arming import arming_store
from xorca_contrib.conformance import ArmingContract

LATE = datetime.fromtimestamp(4e9, UTC)
KEY = "a/b"


@dataclass
class Order:
    amount: int


class Patient(Orchestrator, name="patient"):
    @start
    @emit("cmd.invoice.write")
    def ask(self, order: Order) -> Order:
        return order

    @on("evt.invoice.write.success", to=end)
    def written(self) -> None: ...

    @after(timedelta(minutes=5), to=end)
    def late(self) -> None: ...

    @after(timedelta(minutes=9), to=end)
    def later(self) -> None: ...


def wake(name: str, due: datetime = LATE) -> WakeUp:
    return WakeUp(Event(id=name, source="/t", type="evt.a.b", data=b"1"), due)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[SqliteStore]:
    async with SqliteStore(tmp_path / "x.db") as store:
        await store.channel.subscribe("g", ["*"])
        yield store


def timers(store: SqliteStore) -> dict[str, float]:
    connection = sqlite3.connect(store.path)
    try:
        return dict(connection.execute("SELECT id, due FROM timer"))
    finally:
        connection.close()


class TestSqliteArming(ArmingContract):
    async def rings(self, alarm: Alarm, seconds: float) -> list[Event]:
        """Look into the channel of the same file."""
        await asyncio.sleep(seconds)
        async with SqliteStore(self.path) as another:
            return [delivery.event for delivery in await another.channel.receive("g")]

    @pytest.fixture(autouse=True)
    def look_there(self, store: SqliteStore) -> None:
        """Remember where."""
        self.path = store.path


async def test_what_is_too_large_saves_nothing(store: SqliteStore) -> None:
    huge = Event(id="w", source="/t", type="evt.a.b", data=b'"%b"' % (b"x" * 2_000_000))

    with pytest.raises(PayloadError):
        await store.save_arming(KEY, b"0", [WakeUp(huge, LATE)], expect=None)

    assert await store.load(KEY) is None
    assert timers(store) == {}


async def test_what_is_no_text_saves_nothing(store: SqliteStore) -> None:
    """A summary that SQLite cannot hold is refused, and its wake-ups with it."""
    strange = Summary("\ud800", "books", "1.0.0", "active", "begin", 1, 1.0)

    with pytest.raises(Exception, match="cannot hold"):
        await store.save_arming(KEY, b"0", [wake("w")], expect=None, summary=strange)

    assert await store.load(KEY) is None
    assert timers(store) == {}


async def test_one_that_was_just_cancelled_stays_so_after_a_conflict(store: SqliteStore) -> None:
    """Otherwise its old time would stand when it is set again."""
    await store.alarm.set(*wake("w"))
    await store.alarm.cancel("w")

    with pytest.raises(Conflict):
        await store.save_arming(KEY, b"0", [wake("w")], expect="7")
    await store.close()

    assert timers(store) == {}


async def record_of(store: SqliteStore) -> Record:
    (item,) = (await store.list(Query(prefix="patient/"))).items
    found = await store.load(item.key)
    assert found is not None
    return unseal(found.body)


async def test_a_process_and_its_deadlines_are_one_commit(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is stored knows them to be set, and nobody sets them a second time."""

    async def never(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(SqliteAlarm, "set", never)
    runtime = Runtime([Patient], store=store, bus=MemoryBus(), alarm=store.alarm)

    (outcome,) = await runtime.handle(Patient.start_event(Order(1), process_id="p"))

    record = await record_of(store)
    assert outcome.status == "applied"
    assert record.revision == 1
    assert [timer.set for timer in record.timers.values()] == [True, True]
    dues = sorted(timer.due for timer in record.timers.values())
    assert sorted(timers(store).values()) == pytest.approx(dues, abs=0.002)


async def test_what_a_store_sets_by_itself_is_taken_back(store: SqliteStore) -> None:
    runtime = Runtime([Patient], store=store, bus=MemoryBus(), alarm=store.alarm)
    (begun,) = await runtime.handle(Patient.start_event(Order(1), process_id="p"))
    (sent,) = begun.sent
    answer = Event(
        id="r",
        source="/s",
        type="evt.invoice.write.success",
        subject=sent.subject,
        extensions={"causationid": sent.id},
    )

    (ended,) = await runtime.handle(answer)
    await store.close()

    assert (ended.status, ended.state) == ("applied", "written")
    assert timers(store) == {}


class Hasty(Orchestrator, name="hasty"):
    @start
    @emit("cmd.invoice.write")
    def ask(self, order: Order) -> Order:
        return order

    @on("evt.invoice.write.success", to=end)
    def written(self) -> None: ...

    @after(timedelta(milliseconds=500), to=stay)
    def soon(self) -> None: ...

    @after(timedelta(minutes=5), to=end)
    def late(self) -> None: ...


async def test_a_wake_up_that_comes_with_its_own_start_is_no_accident(store: SqliteStore) -> None:
    """Somebody who guesses its id may send it in one batch; it fires, and nothing is left over."""
    begin = Hasty.start_event(Order(1), process_id="h", id="s-1")
    guessed: list[Event] = []

    class Told:
        """An alarm that tells what it is set for."""

        async def set(self, event: Event, due: datetime) -> None:
            guessed.append(event)

        async def cancel(self, event_id: str) -> None: ...

    await Runtime([Hasty], store=MemoryStore(), bus=MemoryBus(), alarm=Told()).handle(begin)
    runtime = Runtime([Hasty], store=store, bus=MemoryBus(), alarm=store.alarm)

    outcomes = await runtime.handle(begin, *guessed)

    assert [(each.status, each.reason) for each in outcomes] == [
        ("applied", "ask"),
        ("applied", "soon"),
        ("ignored", "early"),
    ]


class Counting(SqliteStore):
    """A store that saves in a way of its own."""

    saves = 0

    async def save(self, *args: Any, **kwargs: Any) -> str:
        self.saves += 1
        return await super().save(*args, **kwargs)


class Wrapped:
    """A store that hands on whatever it does not know."""

    def __init__(self, inner: SqliteStore) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class SlowAlarm(SqliteAlarm):
    """An alarm that sets in a way of its own."""

    async def set(self, event: Event, due: datetime) -> None:
        await super().set(event, due + timedelta(seconds=1))


async def test_a_store_that_saves_in_its_own_way_is_asked_to(tmp_path: Path) -> None:
    async with Counting(tmp_path / "x.db") as store:
        runtime = Runtime([Patient], store=store, bus=MemoryBus(), alarm=store.alarm)

        await runtime.handle(Patient.start_event(Order(1), process_id="p"))

        assert store.saves == 1
        assert len(timers(store)) == 2


async def test_only_a_store_and_its_own_alarm_go_together(store: SqliteStore) -> None:
    wrapped: Any = Wrapped(store)
    other = MemoryStore()
    slow: Any = SqliteStore(store.path)
    slow.alarm = SlowAlarm(slow._database, woken=slow.channel.wake)

    assert arming_store(store, store.alarm) is store
    assert arming_store(store, None) is None
    assert arming_store(store, other.alarm) is None
    assert arming_store(other, other.alarm) is None
    assert arming_store(wrapped, store.alarm) is None
    assert arming_store(slow, slow.alarm) is None
