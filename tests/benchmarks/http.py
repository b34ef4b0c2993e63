"""Events through a socket: how many a second, beside the same events in one process.

``python -m tests.benchmarks.http``: whole processes of five events on a durable SQLite file,
32 at once, posted in each mode to a server that is a program of its own, and handled in this
one. Client and server share the machine, so the rates say what becomes of the whole way; the
CPU time is that of the server alone, and in one process that of making the events as well.
Then the time of ``GET /health`` with nobody else there, and with thousands of clients whose
bodies trickle in: of the first one, which waits until the server has heard them all, and of
those after it.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import psutil

from tests.benchmarks.books import EVENTS
from tests.benchmarks.figures import Figure, run
from tests.benchmarks.http_server import FILES, served
from tests.benchmarks.http_ways import AT_ONCE, MODES, Found, HandleAll, inside, posting, run_groups
from tests.benchmarks.latency import Plan
from tests.benchmarks.sizes import Size
from tests.benchmarks.slow_clients import SlowClients, allow_files, get
from tests.benchmarks.timing import percentile

ASKED = 50
UNITS = {"events a second": "/s", "CPU an event": "ms", "p50": "ms", "p99": "ms"}
INSIDE = "in one process"


async def rates(
    handle: HandleAll, plan: Plan, size: int, cpu: Callable[[], float]
) -> dict[str, float]:
    """Give events a second, CPU an event, and how long a request takes, in milliseconds."""
    latencies: list[float] = []
    await run_groups(handle, range(plan.warm_up * size), size)
    numbers = range(plan.warm_up * size, (plan.warm_up + plan.processes) * size)
    begun, spent = perf_counter(), cpu()
    await run_groups(_timed(handle, latencies), numbers, size)
    events = EVENTS * len(numbers)
    found = (events / (perf_counter() - begun), (cpu() - spent) * 1000 / events)
    p50, p99 = percentile(latencies, 50), percentile(latencies, 99)
    return dict(zip(UNITS, (*found, p50, p99), strict=True))


def _timed(handle: HandleAll, into: list[float]) -> HandleAll:
    async def handle_timed(bodies: Sequence[bytes]) -> Sequence[Found]:
        begun = perf_counter()
        try:
            return await handle(bodies)
        finally:
            into.append((perf_counter() - begun) * 1000)

    return handle_timed


async def measure_mode(mode: str, plan: Plan, place: Path) -> dict[str, dict[str, float]]:
    """Measure through the socket, then in this process, on stores of their own."""
    size = MODES[mode]
    groups = max(plan.processes // size, min(AT_ONCE, plan.processes))
    plan = Plan(plan.rounds, max(1, plan.warm_up // size), groups)
    with served(place) as (port, program):
        async with posting(port, mode) as handle:
            through = await rates(handle, plan, size, lambda: _spent_by(program))
    async with inside(place) as handle:
        within = await rates(handle, plan, size, process_time)
    return {mode: through, INSIDE: within}


def _spent_by(program: int) -> float:
    times = psutil.Process(program).cpu_times()
    return float(times.user + times.system)


@dataclass(frozen=True, slots=True)
class Crowd:
    """How long health took, in milliseconds, and what a slow client costs, in kilobytes."""

    alone: list[float]
    first: float
    crowded: list[float]
    memory: float


async def measure_crowd(count: int, place: Path) -> Crowd:
    """Ask for health alone, and among so many slow clients."""
    allow_files(FILES)
    with served(place) as (port, program):
        address = ("127.0.0.1", port)
        await get(address, "/health")
        alone = [await _timed_health(address) for _ in range(ASKED)]
        before = psutil.Process(program).memory_info().rss
        path = "/processes/books.summary"
        async with SlowClients(address, path=path, count=count, pause=5.0) as crowd:
            first = await _timed_health(address)
            crowded = [await _timed_health(address) for _ in range(ASKED)]
            memory = (psutil.Process(program).memory_info().rss - before) / 1024 / count
            assert crowd.connected == count, f"{count - crowd.connected} were hung up on"
    return Crowd(alone, first, crowded, memory)


async def _timed_health(address: tuple[str, int]) -> float:
    begun = perf_counter()
    assert await get(address, "/health") == 200
    return (perf_counter() - begun) * 1000


def measure(size: Size = Size.FULL) -> list[Figure]:
    """Measure every mode in rounds, and the crowd once."""
    plan = size.of(Plan(1, 1, 4), Plan(3, 10, 100), Plan(7, 20, 400))
    found: dict[str, list[dict[str, dict[str, float]]]] = {mode: [] for mode in MODES}
    for _ in range(plan.rounds):
        for mode, rounds in found.items():
            with tempfile.TemporaryDirectory() as place:
                rounds.append(asyncio.run(measure_mode(mode, plan, Path(place))))
    with tempfile.TemporaryDirectory() as place:
        count = size.of(50, 2_000, 10_000)
        crowd = asyncio.run(measure_crowd(count, Path(place)))
    rates_of = [figure for mode, rounds in found.items() for figure in _rates(mode, rounds)]
    return [*rates_of, *_health(crowd, count)]


def _rates(mode: str, rounds: Sequence[dict[str, dict[str, float]]]) -> list[Figure]:
    figures: list[Figure] = []
    for what, unit in UNITS.items():
        for series, where in {mode: "through a socket", INSIDE: INSIDE}.items():
            samples = tuple(each[series][what] for each in rounds)
            name = f"{what}, SQLite, {AT_ONCE} at once, {mode}, {where}"
            figures.append(Figure(name, median(samples), unit, samples=samples, series=series))
    for what, least in {"events a second": 0.5, "CPU an event": None}.items():
        ratios = tuple(each[mode][what] / each[INSIDE][what] for each in rounds)
        name = f"{what} through a socket, {mode}, of that {INSIDE}"
        figures.append(Figure(name, median(ratios), "x", least=least, samples=ratios))
    return figures


def _health(crowd: Crowd, count: int) -> list[Figure]:
    found = [
        Figure(f"GET /health, p{percent}, {who}", percentile(times, percent), "ms")
        for who, times in {"alone": crowd.alone, f"{count:,} slow clients": crowd.crowded}.items()
        for percent in (50, 99)
    ]
    found.append(Figure(f"GET /health, first, {count:,} slow clients", crowd.first, "ms"))
    return [*found, Figure("memory of the server, a slow client", crowd.memory, "kB", at=count)]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    return run("http", measure, arguments, description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
