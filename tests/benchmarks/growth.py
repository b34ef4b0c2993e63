"""Whether an event costs more where much is stored, or where much has happened.

``python -m tests.benchmarks.growth``: CPU time on a durable SQLite file, of whole processes
beside 1,000 and beside 100,000 others, and of an event that is about the 10th and about the
10,000th of its process, for answers to commands and for events that answer none.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.books import Wire, handle_with, run_process, run_processes, runtime_over
from tests.benchmarks.figures import Figure, run
from tests.benchmarks.timing import Stopwatch, interleave
from xorca import Final, Orchestrator, Runtime, State, anywhere, emit, on, start
from xorca.engine.ids import storage_key
from xorca.events import Event, from_cloudevent
from xorca.ports import Summary
from xorca.providers.local import SqliteStore

MOST = 1.3
FEW, MANY = 1_000, 100_000
EARLY, LATE = 10, 10_000
ROUNDS, PROCESSES, EVENTS = 15, 60, 100
_NAME = "books.summary"


@dataclass
class Number:
    """A payload of one number."""

    value: int


class Loop(Orchestrator, name="growth.loop"):
    """Ask the same question for ever, and hear a bell."""

    count: int = 0

    asking = State()
    done = Final()

    @start(to=asking)
    @emit("cmd.growth.ask")
    def begin(self) -> Number:
        return Number(0)

    @on("evt.growth.ask.success", at=asking, to=asking)
    @emit("cmd.growth.ask")
    def again(self, given: Number) -> Number:
        self.count += 1
        return given

    @on("evt.growth.ask.error", at=asking, to=done)
    def failed(self) -> None:
        """End it."""

    @on("evt.growth.bell", at=anywhere)
    def rang(self, given: Number) -> None:
        self.count += given.value


# -- much that is stored ------------------------------------------------------------------


async def fill(store: SqliteStore, count: int) -> None:
    """Store processes that have ended, as copies of a real one under keys of their own."""
    await run_process(handle_with(runtime_over(store)), 10**9)
    model = await store.load(storage_key(_NAME, f"book-{10**9}"))
    assert model is not None
    for first in range(0, count, 256):
        await asyncio.gather(
            *(_copy(store, model.body, number) for number in range(first, min(first + 256, count)))
        )


async def _copy(store: SqliteStore, body: bytes, number: int) -> str:
    subject = f"{_NAME}/1.0.0/old-{number}"
    summary = Summary(subject, _NAME, "1.0.0", "ended", "finish", revision=5, updated=float(number))
    return await store.save(storage_key(_NAME, f"old-{number}"), body, expect=None, summary=summary)


def beside(path: Path, others: int, processes: int) -> Callable[[int], float]:
    """Measure whole processes in a file in which others are stored."""
    asyncio.run(_filled(path, others))

    async def work(number: int) -> float:
        async with SqliteStore(path) as store:
            handle = handle_with(runtime_over(store))
            first = (number + 1) * 1_000_000
            await run_process(handle, first)
            numbers = range(first + 1, first + 1 + processes)
            return (await run_processes(handle, numbers, at_once=1)).cpu

    return lambda number: asyncio.run(work(number))


async def _filled(path: Path, others: int) -> None:
    async with SqliteStore(path) as store:
        await fill(store, others)


# -- much that has happened ---------------------------------------------------------------

Next = Callable[["Life"], Awaitable[None]]


class Life:
    """One process of Loop, and its next events."""

    _names = itertools.count()

    def __init__(self, runtime: Runtime) -> None:
        self._runtime, self._number = runtime, itertools.count()
        self._name = f"life-{next(self._names)}"
        self._subject, self._asked = f"growth.loop/1.0.0/{self._name}", ""

    async def begin(self) -> None:
        """Start it."""
        made = Loop.start_event(process_id=self._name)
        (outcome,) = await self._runtime.handle(from_cloudevent(made))
        self._asked = outcome.sent[0].id

    async def answer(self) -> None:
        """Answer its question."""
        outcome = await self._give("evt.growth.ask.success", causationid=self._asked)
        self._asked = outcome[0].id

    async def ring(self) -> None:
        """Ring the bell."""
        await self._give("evt.growth.bell")

    async def _give(self, name: str, **extensions: str | int | bool) -> tuple[Event, ...]:
        event = Event(
            id=f"{self._name}-{next(self._number)}",
            source="/growth",
            type=name,
            subject=self._subject,
            time="2030-01-01T00:00:00Z",
            data=b'{"value":1}',
            datacontenttype="application/json",
            extensions=extensions,
        )
        (outcome,) = await self._runtime.handle(event.to_json())
        assert outcome.status == "applied", outcome
        return outcome.sent


async def measure_ages(
    path: Path, kind: Next, *, late: int, rounds: int, events: int
) -> tuple[float, float]:
    """Give the CPU milliseconds of an early and of a late event, minima of some rounds."""
    async with SqliteStore(path) as store:
        runtime = Runtime([Loop], store=store, bus=Wire())
        old = Life(runtime)
        await old.begin()
        for _ in range(late):
            await kind(old)
        least = [float("inf"), float("inf")]
        for _ in range(rounds):
            least[0] = min(least[0], await _early(runtime, kind, events))
            least[1] = min(least[1], await _cost([old], kind, events))
    return least[0], least[1]


async def _early(runtime: Runtime, kind: Next, events: int) -> float:
    """Measure the events from the 6th to the 15th of young processes."""
    young = [Life(runtime) for _ in range(max(1, events // 10))]
    for life in young:
        await life.begin()
        for _ in range(5):
            await kind(life)
    return await _cost(young, kind, min(events, 10))


async def _cost(lives: list[Life], kind: Next, events: int) -> float:
    watch = Stopwatch()
    for life in lives:
        for _ in range(events):
            await kind(life)
    return watch.cpu * 1000 / (events * len(lives))


def measure(smoke: bool = False) -> list[Figure]:
    """Measure, tiny where it is only to be seen that it runs."""
    with tempfile.TemporaryDirectory() as place:
        return [*_stored(Path(place), smoke=smoke), *_happened(Path(place), smoke=smoke)]


def _stored(place: Path, *, smoke: bool) -> list[Figure]:
    few, many = (5, 10) if smoke else (FEW, MANY)
    rounds, processes = (1, 2) if smoke else (ROUNDS, PROCESSES)
    contestants = {
        "few": beside(place / "few.db", few, processes),
        "many": beside(place / "many.db", many, processes),
    }
    samples = interleave(contestants, rounds)
    low, high = samples["few"].least, samples["many"].least
    return [
        Figure(f"CPU an event beside {few:,} processes", low, "ms"),
        Figure(f"CPU an event beside {many:,} processes", high, "ms"),
        Figure("  many : few", high / low, "x", MOST),
    ]


def _happened(place: Path, *, smoke: bool) -> list[Figure]:
    late = 20 if smoke else LATE
    rounds, events = (1, 2) if smoke else (ROUNDS, EVENTS)
    found: list[Figure] = []
    kinds: dict[str, Next] = {"answer": Life.answer, "plain event": Life.ring}
    for name, kind in kinds.items():
        path = place / f"{name.replace(' ', '-')}.db"
        low, high = asyncio.run(measure_ages(path, kind, late=late, rounds=rounds, events=events))
        found.append(Figure(f"CPU of the {EARLY}th {name} of a process", low, "ms"))
        found.append(Figure(f"CPU of the {late:,}th {name} of a process", high, "ms"))
        found.append(Figure("  late : early", high / low, "x", MOST))
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    return run(measure, __doc__, arguments)


if __name__ == "__main__":
    sys.exit(main())
