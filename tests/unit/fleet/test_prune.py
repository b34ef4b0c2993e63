"""``Fleet.prune``: what was remembered long enough is forgotten, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.fleet.library import STORES, Faulty, Library, new_store
from tests.unit.fleet.stage import command
from xorca import Orchestrator, Runtime, end, start
from xorca.errors import ConfigurationError, Unavailable
from xorca.events import Event
from xorca.fleet import Fleet
from xorca.ports import Query, Store
from xorca.providers.memory import MemoryStore

DAY = 86400.0


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Give a store of each kind; files keep no summaries."""
    async with new_store(request.param, tmp_path) as opened:
        yield opened


class Reading(Orchestrator, name="reading"):
    """A process that ends at once."""

    @start(to=end)
    def read(self) -> None:
        """Read it."""


def books(*numbers: int) -> list[Event]:
    """Ask for books."""
    return [command(data={"book_id": f"b{number}"}, id=f"c-{number}") for number in numbers]


async def count(store: Store) -> int:
    """Give how many entries the fleets have."""
    return len((await store.list(Query(prefix="_fleet/"), limit=1000)).items)


async def test_what_is_over_is_forgotten(store: Store) -> None:
    """Page by page; what is younger stays and is still answered."""
    library = Library(store, remember=timedelta(days=7))
    await library.fleet.handle(*books(*range(70)))
    library.clock.advance(3 * DAY)
    await library.fleet.handle(*books(*range(70, 75)))
    library.clock.advance(4 * DAY)

    gone = await library.fleet.prune()

    assert gone == 70
    assert await count(store) == 5
    [young] = await library.fleet.handle(*books(74))
    assert young.reason == "remembered"


async def test_before_its_time_nothing_is_forgotten(store: Store) -> None:
    """``remember`` is a promise."""
    library = Library(store)
    await library.fleet.handle(*books(1, 2))
    library.clock.advance(14 * DAY - 1)

    assert await library.fleet.prune() == 0
    assert await count(store) == 2


async def test_what_is_over_and_not_pruned_is_still_an_answer() -> None:
    """Nobody executes again because a prune is late."""
    library = Library(MemoryStore())
    await library.fleet.handle(*books(1))
    library.clock.advance(100 * DAY)

    [outcome] = await library.fleet.handle(*books(1))

    assert outcome.reason == "remembered"


async def test_the_memory_of_others_is_theirs(store: Store) -> None:
    """A fleet forgets its own; another one of the store, and processes, are left alone."""
    one, two = Library(store), Library(store, source="/srvc/books/2")
    await one.fleet.handle(*books(1))
    await two.fleet.handle(*books(1))
    await store.save("orders/ab/one", b"{}", expect=None)
    one.clock.advance(15 * DAY)

    assert await one.fleet.prune() == 1
    assert await count(store) == 1
    assert await store.load("orders/ab/one") is not None


async def test_two_may_prune_at_once(store: Store) -> None:
    """Each entry is counted by one of them."""
    library, other = Library(store), Library(store)
    await library.fleet.handle(*books(*range(40)))
    for each in (library, other):
        each.clock.advance(15 * DAY)

    found = await asyncio.gather(library.fleet.prune(), other.fleet.prune())

    assert sum(found) == 40
    assert await count(store) == 0


async def test_what_is_remembered_anew_meanwhile_stays() -> None:
    """Listed, forgotten by another one, worked on again: that answer is young."""
    inner = MemoryStore()
    library = Library(inner)
    await library.fleet.handle(*books(1))
    library.clock.advance(15 * DAY)

    class Interrupted(Faulty):
        async def delete(self, key: str, *, expect: str | None = None) -> None:
            await inner.delete(key)
            await library.fleet.handle(*books(1))
            await inner.delete(key, expect=expect)

    slow = Library(Interrupted(inner))
    slow.clock.advance(15 * DAY)

    assert await slow.fleet.prune() == 0
    assert await count(inner) == 1


async def test_a_damaged_entry_without_summary_is_left(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody knows its time; the log names it."""
    async with new_store("files", tmp_path) as store:
        library = Library(store)
        await library.fleet.handle(*books(1, 2))
        item = (await store.list(Query(prefix="_fleet/"))).items[0]
        stored = await store.load(item.key)
        assert stored is not None
        await store.save(item.key, stored.body[:-9], expect=stored.tag)
        library.clock.advance(15 * DAY)

        assert await library.fleet.prune() == 1
        assert await count(store) == 1
    assert f"{item.key} is not pruned" in caplog.text


async def test_a_runtime_prunes_what_fleets_remember(store: Store) -> None:
    """Where there are processes too, one call does for all."""
    library = Library(store, remember=timedelta(days=7))
    await library.fleet.handle(*books(*range(40)))
    library.clock.advance(5 * DAY)
    await library.fleet.handle(*books(40))
    library.clock.advance(2 * DAY)

    done = await Runtime([Reading], store=store, clock=library.clock).prune()

    assert (done.memories, dict(done.failed)) == (40, {})
    assert await count(store) == 1


async def test_a_store_that_is_away_is_said() -> None:
    """What is left is pruned the next time."""
    store = Faulty(MemoryStore())
    library = Library(store)
    await library.fleet.handle(*books(1, 2))
    library.clock.advance(15 * DAY)
    store.faults["delete"] = [Unavailable("away")]

    with pytest.raises(Unavailable):
        await library.fleet.prune()
    assert await library.fleet.prune() == 1


async def test_a_fleet_without_memory_has_nothing_to_forget() -> None:
    """It says how to give it one."""
    with pytest.raises(ConfigurationError, match="open_store"):
        await Fleet("/srvc/books").prune()
