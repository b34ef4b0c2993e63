"""Cancelling a timer costs no commit of its own, and is not forgotten for that."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from xorca.errors import Unavailable
from xorca.events import Event
from xorca.providers.local import SqliteStore, hints

LATE, EARLY = datetime.fromtimestamp(4e9, UTC), datetime.fromtimestamp(1e9, UTC)


def event(name: str) -> Event:
    return Event(id=name, source="/t", type="evt.books.fetch.success", data=b"1")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[SqliteStore]:
    async with SqliteStore(tmp_path / "x.db") as store:
        await store.channel.subscribe("g", ["*"])
        yield store


@pytest.fixture
def timers(tmp_path: Path) -> Timers:
    return Timers(tmp_path / "x.db")


class Timers:
    """What another process sees in the file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def ids(self) -> list[str]:
        connection = sqlite3.connect(self.path)
        try:
            return [row[0] for row in connection.execute("SELECT id FROM timer ORDER BY id")]
        finally:
            connection.close()

    async def vanish(self) -> bool:
        for _ in range(500):
            if not self.ids():
                return True
            await asyncio.sleep(0.01)
        return False


async def test_cancelling_waits_for_company(store: SqliteStore, timers: Timers) -> None:
    """A cancelled timer goes with the next transaction, and not before."""
    await store.alarm.set(event("a"), LATE)

    await store.alarm.cancel("a")

    assert timers.ids() == ["a"]
    await store.channel.publish([event("b")])
    assert timers.ids() == []


async def test_cancelling_waits_not_for_long(
    store: SqliteStore, timers: Timers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody writes, it is committed by itself after a while."""
    monkeypatch.setattr(hints, "_PATIENCE", 0.05)
    await store.alarm.set(event("a"), LATE)

    await store.alarm.cancel("a")

    assert await timers.vanish()


async def test_much_that_waits_goes_at_once(store: SqliteStore, timers: Timers) -> None:
    """Very many of them do not pile up."""
    names = [f"{number:04d}" for number in range(200)]
    await asyncio.gather(*(store.alarm.set(event(name), LATE) for name in names))

    for name in names:
        await store.alarm.cancel(name)
    await store.load("any")
    await asyncio.sleep(0.2)

    assert len(timers.ids()) < 128


async def test_closing_commits_what_waits(store: SqliteStore, timers: Timers) -> None:
    """A room that closes leaves nothing for later."""
    await store.alarm.set(event("a"), LATE)
    await store.alarm.cancel("a")

    await store.close()

    assert timers.ids() == []


async def test_cancelled_timer_is_not_counted(store: SqliteStore) -> None:
    """Who asks how many timers are set is told the truth."""
    await store.alarm.set(event("a"), LATE)
    await store.alarm.cancel("a")

    assert (await store.channel.counts()).timers == 0


async def test_timer_set_after_its_cancelling_stands(store: SqliteStore) -> None:
    """The cancelling that waits takes away the old timer, and never the new one."""
    await store.alarm.set(event("a"), LATE)
    await store.alarm.cancel("a")

    await store.alarm.set(event("a"), EARLY)
    await store.channel.publish([event("b")])

    found = await store.channel.receive("g")
    assert sorted(delivery.event.id for delivery in found) == ["a", "b"]


async def test_timer_that_could_not_be_set_after_its_cancelling(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Setting it again has the new time, for the cancelling was not forgotten."""
    monkeypatch.setattr("xorca.providers.local.connection.BUSY_TIMEOUT", 0.05)
    await store.alarm.set(event("a"), LATE)
    await store.alarm.cancel("a")
    await store.close()
    await store.alarm.set(event("a"), LATE)
    await store.alarm.cancel("a")
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        await store.alarm.set(event("a"), EARLY)
    other.execute("ROLLBACK")
    other.close()

    await store.alarm.set(event("a"), EARLY)

    assert [delivery.event.id for delivery in await store.channel.receive("g")] == ["a"]


async def test_lock_of_another_forgets_nothing(
    store: SqliteStore, timers: Timers, tmp_path: Path
) -> None:
    """A transaction that cannot begin at once takes the cancelling with it later."""
    await store.alarm.set(event("a"), LATE)
    await store.alarm.cancel("a")
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    publishing = asyncio.ensure_future(store.channel.publish([event("b")]))
    await asyncio.sleep(0.05)
    other.execute("ROLLBACK")
    other.close()
    await publishing

    assert timers.ids() == []


def test_next_loop_commits_what_the_last_one_left(tmp_path: Path) -> None:
    """What waited when a loop ended goes with the writes of the next one."""
    store, timers = SqliteStore(tmp_path / "x.db"), Timers(tmp_path / "x.db")

    async def begin() -> None:
        await store.alarm.set(event("a"), LATE)
        await store.alarm.cancel("a")

    async def go_on() -> None:
        await store.alarm.cancel("b")
        await store.channel.publish([event("c")])
        await store.close()

    asyncio.run(begin())
    assert timers.ids() == ["a"]
    asyncio.run(go_on())

    assert timers.ids() == []
