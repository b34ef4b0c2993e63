"""How many events a second, and how long each takes.

``python -m tests.benchmarks.latency``: whole processes of five events, one at a time and 32
at once, in memory, on a durable SQLite file, in files with fsync, and written by hand. The
time of an event is that of its call of ``handle``: with 32 at once it waits for the others.
Of each round the first processes only warm up; figures are medians over the rounds.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from tests.benchmarks.books import EVENTS, Handle, Sent, run_processes
from tests.benchmarks.figures import Figure, run
from tests.benchmarks.kinds import KINDS, open_handle
from tests.benchmarks.sizes import Size
from tests.benchmarks.timing import percentile, take_turns

AT_ONCE = (1, 32)
UNITS = {"events a second": "/s", "p50": "ms", "p99": "ms", "CPU an event": "ms"}


@dataclass(frozen=True, slots=True)
class Plan:
    """How often, and how many processes in each round."""

    rounds: int
    warm_up: int
    processes: int


def timed(handle: Handle, into: list[float]) -> Handle:
    """Note how long each call takes, in milliseconds."""

    async def handle_timed(body: bytes) -> tuple[str, Sequence[Sent]]:
        begun = perf_counter()
        try:
            return await handle(body)
        finally:
            into.append((perf_counter() - begun) * 1000)

    return handle_timed


async def measure_round(kind: str, place: Path, plan: Plan, *, at_once: int) -> dict[str, float]:
    """Give the figures of one round on a store of its own."""
    latencies: list[float] = []
    async with open_handle(kind, place) as handle:
        await run_processes(handle, range(plan.warm_up), at_once=at_once)
        numbers = range(plan.warm_up, plan.warm_up + plan.processes)
        cost = await run_processes(timed(handle, latencies), numbers, at_once=at_once)
    found = (cost.rate * EVENTS, percentile(latencies, 50), percentile(latencies, 99), cost.cpu)
    return dict(zip(UNITS, found, strict=True))


def contestant(kind: str, plan: Plan, at_once: int) -> Callable[[int], dict[str, float]]:
    """Measure one kind with so many subjects at once."""

    def measure_once(_: int) -> dict[str, float]:
        with tempfile.TemporaryDirectory() as place:
            return asyncio.run(measure_round(kind, Path(place), plan, at_once=at_once))

    return measure_once


def measure(size: Size = Size.FULL) -> list[Figure]:
    """Measure all of them side by side."""
    plan = size.of(Plan(1, 1, 2), Plan(3, 5, 20), Plan(7, 20, 150))
    contestants = {
        (kind, at_once): contestant(kind, plan, at_once) for kind in KINDS for at_once in AT_ONCE
    }
    named = {f"{kind}, {at_once} at once": each for (kind, at_once), each in contestants.items()}
    rounds = take_turns(named, plan.rounds)
    found: list[Figure] = []
    for (kind, at_once), name in zip(contestants, named, strict=True):
        found += _figures(kind, at_once, name, rounds[name])
    return found


def _figures(
    kind: str, at_once: int, name: str, rounds: Sequence[dict[str, float]]
) -> list[Figure]:
    found: list[Figure] = []
    for what, unit in UNITS.items():
        samples = tuple(each[what] for each in rounds)
        figure = Figure(
            f"{what}, {name}",
            median(samples),
            unit,
            samples=samples,
            what=what,
            series=kind,
            at=at_once,
        )
        found.append(figure)
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    return run("latency", measure, arguments, description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
