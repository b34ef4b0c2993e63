"""Writes of one turn share a transaction; one that is alone needs no thread."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from xorca.errors import ConfigurationError, Conflict
from xorca.ports import Query
from xorca.providers.local import SqliteStore
from xorca.providers.local.database import Database
from xorca.providers.local.operation import Operation


class Where(Operation[tuple[str, bool]]):
    """Tells the thread in which it was committed, and whether in a transaction."""

    __slots__ = ()
    single = True

    def apply(self, cursor: sqlite3.Cursor) -> tuple[str, bool]:
        return threading.current_thread().name, cursor.connection.in_transaction


class Slow(Where):
    """Takes its time."""

    __slots__ = ()

    def apply(self, cursor: sqlite3.Cursor) -> tuple[str, bool]:
        cursor.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)"
            " SELECT count(*) FROM n"
        ).fetchall()
        return super().apply(cursor)


class Broken(Operation[None]):
    """Fails as SQLite does, in the midst of a group."""

    __slots__ = ()

    def apply(self, cursor: sqlite3.Cursor) -> None:
        cursor.execute("INSERT INTO no_such_table VALUES (1)")


async def commit(database: Database, operation: Operation[Any]) -> Any:
    """Write as a task of its own, whose results differ."""
    return await database.submit(operation)


async def crowd(database: Database) -> None:
    """Let several tasks write in each of two turns, so that the room expects more."""
    for _ in range(2):
        await asyncio.gather(*(commit(database, Where()) for _ in range(2)))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[SqliteStore]:
    async with SqliteStore(tmp_path / "x.db") as store:
        await store.save("a/open", b"", expect=None)
        yield store


@pytest.fixture
def database(store: SqliteStore) -> Database:
    return store._database


async def test_lonely_write_is_committed_by_the_loop(database: Database) -> None:
    """One write in a turn of the loop is committed in the loop's thread."""
    await asyncio.sleep(0)
    database._pace = 0.0  # however slow this disk was so far

    thread, _ = await database.submit(Where())

    assert thread == threading.current_thread().name


async def test_writes_of_one_turn_share_a_transaction(database: Database) -> None:
    """What several tasks write in one turn is committed together, by the loop if that is quick."""
    await crowd(database)
    database._pace = 0.0  # however slow this disk was so far

    found = await asyncio.gather(*(commit(database, Where()) for _ in range(5)))

    assert set(found) == {(threading.current_thread().name, True)}


async def test_group_goes_to_the_thread_where_commits_are_slow(database: Database) -> None:
    """What several tasks write in one turn is committed together elsewhere on a slow disk."""
    await crowd(database)
    database._pace = 1.0

    found = await asyncio.gather(*(commit(database, Where()) for _ in range(5)))

    assert set(found) == {("xorca x.db", True)}


async def test_group_waits_for_the_lock_in_the_thread(database: Database) -> None:
    """While another connection holds the write lock the loop goes on, and nothing is lost."""
    await crowd(database)
    database._pace = 0.0
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    group = asyncio.gather(*(commit(database, Where()) for _ in range(3)))
    await asyncio.sleep(0.02)
    waited = not group.done()
    other.execute("ROLLBACK")
    other.close()

    found = await group

    assert waited
    assert set(found) == {("xorca x.db", True)}


async def test_loop_goes_on_during_a_group(database: Database) -> None:
    """While the thread commits, reads and other tasks proceed."""
    await crowd(database)
    database._pace = 1.0
    group = asyncio.gather(*(commit(database, Slow()) for _ in range(3)))
    turns = 0
    while not group.done():
        await database.read("SELECT 1")
        await asyncio.sleep(0)
        turns += 1

    assert turns > 3
    await group


async def test_slow_disk_is_left_to_the_thread(database: Database) -> None:
    """When commits take long, a lonely write goes to the thread too."""
    for _ in range(3):
        await database.submit(Slow())
        await asyncio.sleep(0)

    thread, _ = await database.submit(Where())

    assert thread == "xorca x.db"


async def test_failed_condition_fails_alone(store: SqliteStore) -> None:
    """A conflict in a group is its own caller's; the neighbours are saved."""
    saves = [store.save(f"a/{number % 3}", b"%d" % number, expect=None) for number in range(6)]

    results = await asyncio.gather(*saves, return_exceptions=True)

    assert [type(result) for result in results] == [str] * 3 + [Conflict] * 3
    assert len((await store.list(Query())).items) == 4


async def test_what_cannot_be_held_fails_alone(store: SqliteStore, database: Database) -> None:
    """Text that is no Unicode is refused for its caller; the neighbours are served."""
    await crowd(database)

    results = await asyncio.gather(
        store.save("a/1", b"", expect=None),
        store.lease.take("\ud800", "me", 30.0),
        store.save("a/2", b"", expect=None),
        return_exceptions=True,
    )

    assert [type(result) for result in results] == [str, ConfigurationError, str]


async def test_sqlite_error_fails_the_group(store: SqliteStore, database: Database) -> None:
    """An error of the file undoes the whole group and tells everybody."""
    await crowd(database)

    results = await asyncio.gather(
        store.save("a/1", b"", expect=None),
        commit(database, Broken()),
        store.save("a/2", b"", expect=None),
        return_exceptions=True,
    )

    assert all(isinstance(result, Exception) for result in results)
    assert [item.key for item in (await store.list(Query())).items] == ["a/open"]
    await store.save("a/1", b"", expect=None)


async def test_hundreds_of_writes_at_once(store: SqliteStore) -> None:
    """More writes than one group takes are all saved."""
    await asyncio.gather(*(store.save(f"b/{n:04d}", b"x", expect=None) for n in range(700)))

    page = await store.list(Query(prefix="b/"), limit=1000)

    assert len(page.items) == 700


def test_one_room_serves_one_loop_after_the_other(tmp_path: Path) -> None:
    """A room made outside any loop works in several, also when one ended in mid-write."""
    store = SqliteStore(tmp_path / "x.db")

    async def work(number: int) -> None:
        await asyncio.gather(*(store.save(f"{number}/{n}", b"", expect=None) for n in range(20)))
        for n in range(20, 40):
            await store.save(f"{number}/{n}", b"", expect=None)

    async def give_up() -> None:
        left = [asyncio.ensure_future(store.save(f"left/{n}", b"", expect=None)) for n in range(9)]
        await asyncio.sleep(0)
        assert not all(save.done() for save in left)

    async def count() -> int:
        page = await store.list(Query(), limit=1000)
        await store.close()
        return len([item for item in page.items if not item.key.startswith("left/")])

    for number in range(3):
        asyncio.run(work(number))
        asyncio.run(give_up())

    assert asyncio.run(count()) == 120


async def test_use_during_closing_is_served(store: SqliteStore) -> None:
    """Writes that come while the room closes are saved, for it opens again."""
    saves = [store.save(f"a/{number}", b"", expect=None) for number in range(5)]

    await asyncio.gather(store.close(), *saves, store.close(), store.load("a/open"))

    assert len((await store.list(Query())).items) == 6


async def test_connections_are_closed(tmp_path: Path) -> None:
    """After closing, the file stands alone: the log is folded in and no thread is left."""
    async with SqliteStore(tmp_path / "alone.db") as store:
        await store.save("a/b", b"", expect=None)

    for thread in threading.enumerate():
        if thread.name == "xorca alone.db":
            thread.join(timeout=30)
            assert not thread.is_alive()
    assert os.listdir(tmp_path) == ["alone.db"]  # noqa: PTH208 - no blocking Path in a coroutine


async def test_log_is_long_for_who_writes_often(store: SqliteStore, database: Database) -> None:
    """It is lengthened once, beside the work, and the file itself does not grow by that."""
    log = store.path.with_name(f"{store.path.name}-wal")
    assert log.stat().st_size < 1_000_000
    for _ in range(1000):
        database._pace = 0.0  # however slow this disk is
        await database.submit(Where())
        if log.stat().st_size > 4_000_000:
            break

    assert log.stat().st_size > 4_000_000
    await store.save("a/b", b"1", expect=None)
    await store.close()
    assert store.path.stat().st_size < 1_000_000
    assert await database.read("PRAGMA integrity_check") == [("ok",)]


async def test_listing_by_query_uses_an_index(database: Database) -> None:
    """No question that a summary answers reads every record."""
    from xorca.providers.local.record_sql import listing

    for query in (
        Query(name="n"),
        Query(status="s"),
        Query(name="n", status="s"),
        Query(due_before=1.0),
        Query(pending=True),
        Query(prefix="a/"),
    ):
        text, arguments = listing(query, "", 10)
        plan = " ".join(
            row[3] for row in await database.read(f"EXPLAIN QUERY PLAN {text}", arguments)
        )
        assert "SCAN" not in plan, (query, plan)
        assert "USING INDEX" in plan, (query, plan)
