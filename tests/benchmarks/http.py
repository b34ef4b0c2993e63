"""Events through a socket: how many a second, beside the same events in one process.

``python -m tests.benchmarks.http``: whole processes of five events on a durable SQLite file,
32 at once, posted to a server that is a program of its own, and handled in this one. Then the
time of ``GET /health`` with nobody else there, and with thousands of clients whose bodies
trickle in. Client and server share the machine, so the ratio is that of the whole way.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import msgspec
import psutil

from tests.benchmarks.books import EVENTS, Handle, Sent, run_processes
from tests.benchmarks.figures import Figure, run
from tests.benchmarks.http_server import FILES, served
from tests.benchmarks.kinds import open_handle
from tests.benchmarks.latency import Plan, timed
from tests.benchmarks.sizes import Size
from tests.benchmarks.slow_clients import SlowClients, allow_files, get
from tests.benchmarks.timing import percentile

AT_ONCE = 32
ASKED = 50
SETTLED = 2.0
"""How long a crowd is given before anybody is timed, in seconds."""

_POST = (
    b"POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/cloudevents+json\r\n"
    b"accept: application/json\r\ncontent-length: %d\r\n\r\n%b"
)


class _Report(msgspec.Struct):
    """What the server says of an event; both are there where they apply."""

    state: str = ""
    emitted: list[Sent] = []


_decode = msgspec.json.Decoder(_Report).decode


@asynccontextmanager
async def posting(port: int) -> AsyncGenerator[Handle]:
    """Handle events by posting them, over connections that stay open."""
    free: asyncio.LifoQueue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
    free = asyncio.LifoQueue()
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(AT_ONCE)]
    for each in opened:
        free.put_nowait(each)

    async def handle(body: bytes) -> tuple[str, Sequence[Sent]]:
        reader, writer = found = await free.get()
        writer.write(_POST % (len(body), body))
        status, answer = await _answer(reader)
        free.put_nowait(found)
        assert status == 200, answer
        report = _decode(answer)
        return report.state, report.emitted

    try:
        yield handle
    finally:
        for _, writer in opened:
            writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    return int(head.split(b" ", 2)[1]), await reader.readexactly(length)


async def rate_of(handle: Handle, plan: Plan) -> dict[str, float]:
    """Give events a second, and how long one takes, in milliseconds."""
    latencies: list[float] = []
    await run_processes(handle, range(plan.warm_up), at_once=AT_ONCE)
    numbers = range(plan.warm_up, plan.warm_up + plan.processes)
    cost = await run_processes(timed(handle, latencies), numbers, at_once=AT_ONCE)
    p50, p99 = percentile(latencies, 50), percentile(latencies, 99)
    return {"events a second": cost.rate * EVENTS, "p50": p50, "p99": p99}


async def measure_round(plan: Plan, place: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Measure through the socket, then in this process, on stores of their own."""
    with served(place) as (port, _):
        async with posting(port) as handle:
            through = await rate_of(handle, plan)
    async with open_handle("sqlite", place) as handle:
        inside = await rate_of(handle, plan)
    return through, inside


@dataclass(frozen=True, slots=True)
class Crowd:
    """How long health took, in milliseconds, and what a slow client costs, in kilobytes."""

    alone: list[float]
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
            await asyncio.sleep(SETTLED)
            crowded = [await _timed_health(address) for _ in range(ASKED)]
            memory = (psutil.Process(program).memory_info().rss - before) / 1024 / count
            assert crowd.connected == count, f"{count - crowd.connected} were hung up on"
    return Crowd(alone, crowded, memory)


async def _timed_health(address: tuple[str, int]) -> float:
    begun = perf_counter()
    assert await get(address, "/health") == 200
    return (perf_counter() - begun) * 1000


def measure(size: Size = Size.FULL) -> list[Figure]:
    """Measure the rate in rounds, and the crowd once."""
    plan = size.of(Plan(1, 1, 4), Plan(3, 10, 100), Plan(7, 20, 400))
    rounds: list[tuple[dict[str, float], dict[str, float]]] = []
    for _ in range(plan.rounds):
        with tempfile.TemporaryDirectory() as place:
            rounds.append(asyncio.run(measure_round(plan, Path(place))))
    with tempfile.TemporaryDirectory() as place:
        count = size.of(50, 2_000, 10_000)
        crowd = asyncio.run(measure_crowd(count, Path(place)))
    return [*_rates(rounds), *_health(crowd, count)]


def _rates(rounds: Sequence[tuple[dict[str, float], dict[str, float]]]) -> list[Figure]:
    found: list[Figure] = []
    for what, unit in {"events a second": "/s", "p50": "ms", "p99": "ms"}.items():
        for series, place in {"through a socket": 0, "in one process": 1}.items():
            samples = tuple(each[place][what] for each in rounds)
            name = f"{what}, SQLite, {AT_ONCE} at once, {series}"
            found.append(Figure(name, median(samples), unit, samples=samples, series=series))
    ratios = tuple(one["events a second"] / two["events a second"] for one, two in rounds)
    name = "rate through a socket, of that in one process"
    return [*found, Figure(name, median(ratios), "", least=0.5, samples=ratios)]


def _health(crowd: Crowd, count: int) -> list[Figure]:
    found = [
        Figure(f"GET /health, p{percent}, {who}", percentile(times, percent), "ms")
        for who, times in {"alone": crowd.alone, f"{count:,} slow clients": crowd.crowded}.items()
        for percent in (50, 99)
    ]
    return [*found, Figure("memory of the server, a slow client", crowd.memory, "kB", at=count)]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    return run("http", measure, arguments, description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
