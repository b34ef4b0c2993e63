"""The soak itself: lanes of work over one Runtime, marks at every tenth, and the end of it."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from bisect import insort
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psutil

from tests.stress.soak_machines import HUB, Hub, Shift
from tests.stress.soak_town import Town
from xorca import Outcome, Runtime
from xorca.ports import Listed, Page, Query, Store, Stored, Summary

LANES, BATCH, TENTHS, PATIENCE = 16, 4, 10, 30.0
UPKEEP, LEFT_ALONE = timedelta(days=1), timedelta(days=5)
TO_A_HUB = 0.1
"""So much of what is heard, a hub hears."""

FINE = frozenset({"applied", "duplicate", "ignored", "deferred"})


@dataclass(frozen=True, slots=True)
class Wish:
    """How much to do, and in how many days of the clock that hurries."""

    events: int
    subjects: int
    hubs: int
    days: float
    twice: float
    seed: int


@dataclass(frozen=True, slots=True)
class Mark:
    """What was seen at a tenth of the way; ``largest`` is the largest record saved since the last.

    ``resident`` and ``files`` are in MB, ``largest`` in bytes. ``waiting`` is how many events the
    test itself holds in memory.
    """

    events: int
    rate: float
    resident: float
    files: float
    records: int
    tombstones: int
    sides: int
    largest: int
    waiting: int


class Watched:
    """A store that notes the largest record that is saved."""

    def __init__(self, store: Store) -> None:
        self._store, self.limit, self.largest = store, store.limit, 0

    async def load(self, key: str) -> Stored | None:
        """Read."""
        return await self._store.load(key)

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Save, and note how much."""
        if not key.startswith("_"):
            self.largest = max(self.largest, len(body))
        return await self._store.save(key, body, expect=expect, summary=summary)

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        """Remove."""
        await self._store.delete(key, expect=expect)

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """List."""
        return await self._store.list(query, after=after, limit=limit)


@dataclass(slots=True)
class Soak:
    """One run; ``outcomes`` counts what became of the events."""

    wish: Wish
    store: Store
    place: Path
    marks: list[Mark] = field(default_factory=list[Mark])
    outcomes: Counter[str] = field(default_factory=Counter[str])
    pruned: int = 0
    swept: int = 0
    left: list[str] = field(default_factory=list[str])
    town: Town = field(init=False)
    _watched: Watched = field(init=False)
    _handled: int = 0
    _flying: int = 0
    _is_over: bool = False
    _since: tuple[float, int] = (0.0, 0)

    def __post_init__(self) -> None:
        wish = self.wish
        self.town = Town(subjects=wish.subjects, hubs=wish.hubs, twice=wish.twice, seed=wish.seed)
        self._watched = Watched(self.store)

    def wrong(self) -> list[str]:
        """Give what was lost, applied twice, refused or left over."""
        lost = [f"{subject}: never ended" for subject in self.town.books.accounts]
        return self.town.books.wrong + lost + self.left

    async def run(self) -> None:
        """Work until so many events are through, then to the end of all that was begun."""
        runtime, beside = self._runtime(), self._runtime()
        self._since = (time.perf_counter(), 0)
        upkeep = asyncio.create_task(self._keep(beside))
        await asyncio.gather(*(self._lane(runtime) for _ in range(LANES)))
        self._is_over = True
        await upkeep
        await self._look_for_rest()

    def _runtime(self) -> Runtime:
        town = self.town
        return Runtime([Shift, Hub], store=self._watched, bus=town, alarm=town, clock=town.clock)

    async def _lane(self, runtime: Runtime) -> None:
        town, step = self.town, self.wish.days * 86_400 / self.wish.events
        while not self._is_drained():
            batch = town.take(BATCH)
            if not batch:
                if not self._flying:
                    self._let_time_pass()
                await asyncio.sleep(0)
                continue
            self._flying += 1
            outcomes = await runtime.handle(*batch)
            self._flying -= 1
            town.clock.seconds += 0.0 if town.is_closing else step * len(batch)
            for outcome in outcomes:
                self._settle(outcome)
            if not town.is_closing:
                await self._go_on(len(batch))

    def _settle(self, outcome: Outcome) -> None:
        self.outcomes[f"{outcome.status}: {outcome.reason}".removesuffix(": ")] += 1
        if outcome.status == "retry" and outcome.raw is not None:
            self.town.back(outcome.raw)
        elif outcome.status not in FINE:
            self.left.append(repr(outcome))

    async def _go_on(self, count: int) -> None:
        before, self._handled = self._handled, self._handled + count
        if self.town.random.random() < TO_A_HUB * count:
            self.town.hear()
        size = self.wish.events // TENTHS
        if before // size != self._handled // size:
            await self._mark()
        if self._handled >= self.wish.events:
            self.town.close()

    def _let_time_pass(self) -> None:
        """Wait for the next deadline; end the hubs where nothing else is left."""
        town = self.town
        if town.is_closing and all(one.startswith(HUB) for one in town.books.accounts):
            town.shut()
        elif not town.wait() or self._is_late():
            self.left += [f"{one}: waits for nothing" for one in town.books.accounts]
            town.books.accounts.clear()

    def _is_late(self) -> bool:
        """Tell whether it should long be over: every life ends within some days."""
        return self.town.clock.seconds > (self.wish.days + PATIENCE) * 86_400

    def _is_drained(self) -> bool:
        return self.town.is_closing and not self.town.books.accounts and not self._flying

    # -- beside the work -------------------------------------------------------------------

    async def _keep(self, runtime: Runtime) -> None:
        """Prune and sweep once a day."""
        clock, next_time = self.town.clock, 0.0
        while not self._is_over:
            if clock.seconds < next_time:
                await asyncio.sleep(0.01)
                continue
            next_time = clock.seconds + UPKEEP.total_seconds()
            pruned = await runtime.prune()
            self.pruned += pruned.processes
            self.left += [f"prune of {what}: {cause}" for what, cause in pruned.failed.items()]
            swept = await runtime.sweep(older_than=LEFT_ALONE)
            self.swept += swept.published + swept.armed
            self.left += [f"sweep of {one.subject}: {one.cause}" for one in swept.failed]

    async def _mark(self) -> None:
        now, handled = time.perf_counter(), self._handled
        since, before = self._since
        largest, self._watched.largest = self._watched.largest, 0
        gc.collect()
        resident = psutil.Process().memory_info().rss / 1e6
        files = await asyncio.to_thread(_size, self.place)
        found = await self._count()
        mark = Mark(
            handled,
            (handled - before) / (now - since),
            resident,
            files,
            found["records"],
            found["tombstones"],
            found["sides"],
            largest,
            self.town.waiting,
        )
        insort(self.marks, mark, key=lambda one: one.events)  # two may be made at once
        print(mark, file=sys.stderr, flush=True)
        self._since = (time.perf_counter(), self._handled)

    async def _count(self) -> Counter[str]:
        found, after = Counter[str](), ""
        while True:
            page = await self.store.list(Query(), after=after, limit=1_000)
            found.update(_kind(item) for item in page.items)
            if page.after is None:
                return found
            after = page.after

    async def _look_for_rest(self) -> None:
        """Nothing may be left active, and nothing unsent."""
        after = ""
        while True:
            page = await self.store.list(Query(), after=after, limit=1_000)
            for item in page.items:
                if item.summary is not None and item.summary.status == "active":
                    self.left.append(f"{item.key}: it is active, and nobody knows of it")
            if page.after is None:
                return
            after = page.after


def _kind(item: Listed) -> str:
    if item.key.startswith("_"):
        return "sides"
    deleted = item.summary is not None and item.summary.status == "deleted"
    return "tombstones" if deleted else "records"


def _size(place: Path) -> float:
    return sum(path.stat().st_size for path in place.rglob("*") if path.is_file()) / 1e6
