"""What the CPU time of an event goes into.

``python -m tests.benchmarks.parts``: whole processes of five events, one at a time. The events
are captured from a run and given to fresh stores again and again, in turn to a Runtime that is
left alone and to one whose seams are watched (``seams.py``). What belongs to no part is shown
as the rest, and beside the sum of all stands what the same events cost unwatched.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median

from tests.benchmarks.books import EVENTS, Sent, run_process
from tests.benchmarks.figures import Figure, run
from tests.benchmarks.kinds import STORES, open_handle, open_runtime
from tests.benchmarks.seams import PARTS, REST, Ledger
from tests.benchmarks.sizes import Size
from tests.benchmarks.timing import Stopwatch, take_turns
from xorca import Runtime

SHOWN = (*PARTS, REST)
WHOLE = "whole"
WARM_UP = 5


async def capture(processes: int) -> list[bytes]:
    """Run processes in memory, and give every event that came, in order.

    The ids of commands follow from the start, so that the answers fit on any fresh store.
    """
    bodies: list[bytes] = []
    with tempfile.TemporaryDirectory() as place:
        async with open_handle("memory", Path(place)) as handle:

            async def noted(body: bytes) -> tuple[str, Sequence[Sent]]:
                bodies.append(body)
                return await handle(body)

            for number in range(processes):
                await run_process(noted, number)
    return bodies


async def replay(runtime: Runtime, bodies: Sequence[bytes]) -> None:
    """Give events one after the other; each must do what it did when it was captured."""
    for body in bodies:
        (outcome,) = await runtime.handle(body)
        assert outcome.status == "applied", outcome


async def replay_alone(runtime: Runtime, bodies: Sequence[bytes]) -> dict[str, float]:
    """Give the CPU seconds of events that nobody watches."""
    watch = Stopwatch()
    await replay(runtime, bodies)
    return {WHOLE: watch.cpu}


async def replay_watched(runtime: Runtime, bodies: Sequence[bytes]) -> dict[str, float]:
    """Give the CPU seconds of each part."""
    ledger = Ledger()
    with ledger.watching():
        await replay(runtime, bodies)
    return ledger.cpu()


Replay = Callable[[Runtime, Sequence[bytes]], Awaitable[dict[str, float]]]


def contestant(
    kind: str, bodies: Sequence[bytes], way: Replay
) -> Callable[[int], dict[str, float]]:
    """Measure one kind of store in one way: CPU milliseconds an event."""
    warm, counted = bodies[: EVENTS * WARM_UP], bodies[EVENTS * WARM_UP :]

    async def work(place: Path) -> dict[str, float]:
        async with open_runtime(kind, place) as runtime:
            await replay(runtime, warm)
            spent = await way(runtime, counted)
            return {part: seconds * 1000 / len(counted) for part, seconds in spent.items()}

    def measure_once(_: int) -> dict[str, float]:
        with tempfile.TemporaryDirectory() as place:
            return asyncio.run(work(Path(place)))

    return measure_once


def measure(size: Size = Size.FULL) -> list[Figure]:
    """Measure every kind of store, watched and alone, side by side."""
    rounds, processes = size.of((1, 2), (3, 10), (7, 60))
    bodies = asyncio.run(capture(WARM_UP + processes))
    contestants: dict[str, Callable[[int], dict[str, float]]] = {}
    for kind in STORES:
        contestants[f"{kind}, alone"] = contestant(kind, bodies, replay_alone)
        contestants[f"{kind}, watched"] = contestant(kind, bodies, replay_watched)
    found = take_turns(contestants, rounds)
    return [
        figure
        for kind in STORES
        for figure in _figures(kind, found[f"{kind}, watched"], found[f"{kind}, alone"])
    ]


def _figures(
    kind: str, watched: Sequence[dict[str, float]], alone: Sequence[dict[str, float]]
) -> list[Figure]:
    found: list[Figure] = []
    for part in SHOWN:
        samples = tuple(each[part] for each in watched)
        name = f"CPU an event, {kind}: {part}"
        found.append(
            Figure(name, median(samples), "ms", samples=samples, what=part, series=kind, at=1)
        )
    sums = tuple(sum(each.values()) for each in watched)
    whole = tuple(each[WHOLE] for each in alone)
    ratios = tuple(one / other for one, other in zip(sums, whole, strict=True))
    return [
        *found,
        Figure(f"CPU an event, {kind}: all parts together", median(sums), "ms", samples=sums),
        Figure(f"CPU an event, {kind}: the same, unwatched", median(whole), "ms", samples=whole),
        Figure(f"  together : unwatched, {kind}", median(ratios), "x", samples=ratios),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    return run("parts", measure, arguments, description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
