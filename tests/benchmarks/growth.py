"""Whether an event costs more where much is stored, or where much has happened.

``python -m tests.benchmarks.growth``: CPU time on a durable SQLite file, of whole processes
beside 1,000 to 100,000 others, and of an event that is about the 10th to about the 10,000th
of its process, for answers to commands and for events that answer none.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.books import Wire, handle_with, run_process, run_processes, runtime_over
from tests.benchmarks.figures import Figure, run
from tests.benchmarks.sizes import Size
from tests.benchmarks.timing import Samples, Stopwatch, interleave, ratios
from xorca import Final, Orchestrator, Runtime, State, anywhere, emit, on, start
from xorca.engine.ids import storage_key
from xorca.events import Event, from_cloudevent
from xorca.ports import Summary
from xorca.providers.local import SqliteStore

MOST = 1.3
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


async def fill(store: SqliteStore, numbers: range) -> None:
    """Store processes that have ended, as copies of a real one under keys of their own."""
    model = 10**9 + numbers.start
    await run_process(handle_with(runtime_over(store)), model)
    stored = await store.load(storage_key(_NAME, f"book-{model}"))
    assert stored is not None
    for at in range(0, len(numbers), 256):
        copies = (_copy(store, stored.body, number) for number in numbers[at : at + 256])
        await asyncio.gather(*copies)


async def _copy(store: SqliteStore, body: bytes, number: int) -> str:
    subject = f"{_NAME}/1.0.0/old-{number}"
    summary = Summary(subject, _NAME, "1.0.0", "ended", "finish", revision=5, updated=float(number))
    return await store.save(storage_key(_NAME, f"old-{number}"), body, expect=None, summary=summary)


async def filled(place: Path, counts: Sequence[int]) -> dict[int, Path]:
    """Make a file with so many processes for each count, the larger from the smaller."""
    found: dict[int, Path] = {}
    stored, path = 0, place / "filling.db"
    for count in sorted(counts):
        async with SqliteStore(path) as store:
            await fill(store, range(stored, count))
        stored, found[count] = count, place / f"beside-{count}.db"
        shutil.copyfile(path, found[count])
    return found


def beside(path: Path, processes: int) -> Callable[[int], float]:
    """Measure whole processes in a file in which others are stored."""

    async def work(number: int) -> float:
        async with SqliteStore(path) as store:
            handle = handle_with(runtime_over(store))
            first = (number + 1) * 1_000_000
            await run_process(handle, first)
            numbers = range(first + 1, first + 1 + processes)
            return (await run_processes(handle, numbers, at_once=1)).cpu

    return lambda number: asyncio.run(work(number))


# -- much that has happened ---------------------------------------------------------------

Next = Callable[["Life"], Awaitable[None]]


class Life:
    """One process of Loop, and its next events; ``age`` is how many it has seen."""

    _names = itertools.count()

    def __init__(self, runtime: Runtime) -> None:
        self._runtime, self.age = runtime, 0
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
        self.age += 1
        event = Event(
            id=f"{self._name}-{self.age}",
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


class Ages:
    """Processes of one Runtime at the ages that are asked for."""

    def __init__(self, runtime: Runtime, kind: Next) -> None:
        self._runtime, self._kind = runtime, kind
        self._lives: dict[int, Life] = {}

    async def cost(self, age: int, events: int) -> float:
        """Give the CPU milliseconds of an event about that age, over so many."""
        window = min(events, age)
        spent = 0.0
        for _ in range(events // window):
            life = await self._life(age, window)
            watch = Stopwatch()
            for _ in range(window):
                await self._kind(life)
            spent += watch.cpu
        return spent * 1000 / (events // window * window)

    async def _life(self, age: int, window: int) -> Life:
        """Give a process that will be at the age in the middle of a window, more or less."""
        life = self._lives.get(age)
        if life is None or life.age + window > age + max(window // 2, age // 8):
            life = self._lives[age] = Life(self._runtime)
            await life.begin()
        while life.age < age - max(window // 2, age // 8):
            await self._kind(life)
        return life


async def measure_ages(path: Path, kind: Next, plan: Plan) -> dict[int, Samples]:
    """Give the CPU milliseconds of an event at each age, the ages in turn in each round."""
    found = {age: Samples() for age in plan.ages}
    async with SqliteStore(path) as store:
        ages = Ages(Runtime([Loop], store=store, bus=Wire()), kind)
        for _ in range(plan.age_rounds):
            for age, samples in found.items():
                gc.collect()
                samples.values.append(await ages.cost(age, plan.events))
    return found


@dataclass(frozen=True, slots=True)
class Plan:
    """Beside how many others, at which ages; the rounds of each, and what is in a round."""

    others: tuple[int, ...]
    rounds: int
    processes: int
    ages: tuple[int, ...]
    age_rounds: int
    events: int


def measure(size: Size = Size.FULL) -> list[Figure]:
    """Measure both."""
    plan = size.of(
        Plan((5, 10), 1, 2, (10, 20), 1, 2),
        Plan((300, 1_000, 3_000), 3, 10, (10, 100, 1_000), 3, 20),
        Plan((1_000, 3_000, 10_000, 30_000, 100_000), 7, 60, (10, 100, 1_000, 10_000), 15, 50),
    )
    with tempfile.TemporaryDirectory() as place:
        return [*_stored(Path(place), plan), *_happened(Path(place), plan)]


def _stored(place: Path, plan: Plan) -> list[Figure]:
    paths = asyncio.run(filled(place, plan.others))
    contestants = {f"{others}": beside(path, plan.processes) for others, path in paths.items()}
    samples = interleave(contestants, plan.rounds)
    found = {others: samples[f"{others}"] for others in plan.others}
    names = {others: f"CPU an event beside {others:,} processes" for others in plan.others}
    return _curve("stored processes", found, names)


def _happened(place: Path, plan: Plan) -> list[Figure]:
    figures: list[Figure] = []
    kinds: dict[str, Next] = {"answer": Life.answer, "plain event": Life.ring}
    for kind, step in kinds.items():
        path = place / f"{kind.replace(' ', '-')}.db"
        found = asyncio.run(measure_ages(path, step, plan))
        names = {age: f"CPU of the {age:,}th {kind} of a process" for age in plan.ages}
        figures += _curve(f"{kind}s seen", found, names)
    return figures


def _curve(series: str, points: dict[int, Samples], names: dict[int, str]) -> list[Figure]:
    """Give the points of a curve, and how its end compares to its beginning."""
    figures = [
        Figure(
            names[at],
            found.least,
            "ms",
            samples=tuple(found.values),
            what="CPU",
            series=series,
            at=at,
        )
        for at, found in points.items()
    ]
    (few, first), *_, (many, last) = points.items()
    each, name = ratios(last, first), f"{series}, {many:,} : {few:,}"
    return [*figures, Figure(name, last.least / first.least, "x", MOST, samples=each)]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    return run("growth", measure, arguments, description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
