"""Only the columns that changed are written, and listings tell what was saved."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from xorca.ports import Listed, Query, Summary
from xorca.providers.local import SqliteStore
from xorca.providers.local.known import Known
from xorca.providers.local.record_sql import indexed

FIRST = Summary("s", "books", "1.0.0", "active", "begin", 1, 1.0, due=5.0, pending=True)
CHANGES = {
    "subject": "t",
    "name": "other",
    "version": "2.0.0",
    "status": "ended",
    "due": None,
    "pending": False,
    "state": "done",
    "revision": 2,
    "updated": 2.0,
}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[SqliteStore]:
    async with SqliteStore(tmp_path / "x.db") as store:
        yield store


@pytest.fixture
async def other(tmp_path: Path) -> AsyncGenerator[SqliteStore]:
    async with SqliteStore(tmp_path / "x.db") as store:
        yield store


async def listed(store: SqliteStore, query: Query | None = None) -> list[Summary | None]:
    return [item.summary for item in (await store.list(query or Query())).items]


@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rounds=st.lists(st.sets(st.sampled_from(sorted(CHANGES))), min_size=1, max_size=4))
async def test_any_change_is_listed(store: SqliteStore, rounds: list[set[str]]) -> None:
    """Whichever fields of a summary change, all of it is listed, and the indexes agree."""
    key = "a/b"
    tag = await store.save(key, b"0", expect=None, summary=FIRST)
    for changed in rounds:
        summary = msgspec.structs.replace(FIRST, **{name: CHANGES[name] for name in changed})
        tag = await store.save(key, b"1", expect=tag, summary=summary)

        assert await listed(store) == [summary]
        assert await listed(store, Query(name=summary.name, status=summary.status)) == [summary]
        assert await listed(store, Query(pending=summary.pending)) == [summary]
        assert bool(await listed(store, Query(due_before=9.0))) == (summary.due is not None)
    checked = await store._database.read("PRAGMA integrity_check")
    await store.delete(key)

    assert checked == [("ok",)]


async def test_change_by_another_is_not_overlooked(store: SqliteStore, other: SqliteStore) -> None:
    """What this process saw last does not stand for what another one wrote since."""
    ended = msgspec.structs.replace(FIRST, status="ended", pending=False)
    first = await store.save("a/b", b"0", expect=None, summary=FIRST)
    second = await other.save("a/b", b"1", expect=first, summary=ended)

    await store.save("a/b", b"2", expect=second, summary=FIRST)

    assert await listed(store) == [FIRST]
    assert await listed(store, Query(status="active", pending=True)) == [FIRST]
    assert await listed(store, Query(status="ended")) == []


async def test_record_without_summary_gets_one(store: SqliteStore) -> None:
    """A summary may come later, and go again."""
    tag = await store.save("a/b", b"0", expect=None)
    tag = await store.save("a/b", b"1", expect=tag, summary=FIRST)
    assert await listed(store) == [FIRST]

    await store.save("a/b", b"2", expect=tag)

    assert (await store.list(Query())).items == (Listed("a/b", None),)


def test_only_so_many_columns_are_remembered() -> None:
    """The oldest are forgotten, and one that is noted again is young."""
    known, columns = Known(), indexed(None)
    for number in range(10_000):
        known.note(str(number), 1, columns)
    known.note("0", 2, columns)

    known.note("new", 1, columns)

    assert known.get("1", "1") is None
    assert known.get("0", "1") is None
    assert known.get("0", "2") == (2, columns)
    assert known.get("new", "1") == (1, columns)
