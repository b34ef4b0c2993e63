"""What an event costs, beside the same work written by hand.

``python -m tests.benchmarks.cost``: CPU time (all threads) over whole processes of five
events, one at a time and 32 at once, in memory and on a durable SQLite file.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.books import Cost, LocalStore, run_processes, xorca_cost
from tests.benchmarks.by_hand import ByHand
from tests.benchmarks.figures import Figure, run
from tests.benchmarks.timing import Samples, interleave, ratio
from xorca.providers.local import SqliteStore
from xorca.providers.memory import MemoryStore

ROUNDS, PROCESSES = 25, 100
AT_ONCE = (1, 32)
_MOST = {1: 0.20, 32: 0.15}


async def _hand_cost(path: Path, processes: int, *, at_once: int) -> Cost:
    hand = ByHand(path)
    try:
        return await run_processes(hand.handle, range(processes), at_once=at_once)
    finally:
        hand.close()


class Contest:
    """The contestants, and the processes a second that each reached."""

    def __init__(self, place: Path, processes: int) -> None:
        self._place, self._processes = place, processes
        self.best: dict[str, float] = {}

    def contestants(self) -> dict[str, Callable[[int], float]]:
        """Give each way of doing the work, by name and how many at once."""
        found: dict[str, Callable[[int], float]] = {}
        for at_once in AT_ONCE:
            found[f"by hand, {at_once}"] = self._hand(at_once)
            found[f"memory, {at_once}"] = self._xorca("memory", at_once, lambda _: MemoryStore())
            found[f"sqlite, {at_once}"] = self._xorca("sqlite", at_once, SqliteStore)
        return found

    def _hand(self, at_once: int) -> Callable[[int], float]:
        def measure(number: int) -> float:
            path = self._place / f"hand-{at_once}-{number}.db"
            return self._note(
                f"by hand, {at_once}",
                asyncio.run(_hand_cost(path, self._processes, at_once=at_once)),
            )

        return measure

    def _xorca(
        self, kind: str, at_once: int, make: Callable[[Path], LocalStore]
    ) -> Callable[[int], float]:
        def measure(number: int) -> float:
            store = make(self._place / f"xorca-{at_once}-{number}.db")
            return self._note(
                f"{kind}, {at_once}",
                asyncio.run(xorca_cost(store, self._processes, at_once=at_once)),
            )

        return measure

    def _note(self, name: str, cost: Cost) -> float:
        self.best[name] = max(self.best.get(name, 0.0), cost.rate)
        return cost.cpu


def measure(smoke: bool = False) -> list[Figure]:
    """Measure, tiny where it is only to be seen that it runs."""
    rounds, processes = (1, 2) if smoke else (ROUNDS, PROCESSES)
    with tempfile.TemporaryDirectory() as place:
        contest = Contest(Path(place), processes)
        samples = interleave(contest.contestants(), rounds)
    return [*_costs(samples), *_ratios(samples), *_rates(contest.best)]


def _costs(samples: dict[str, Samples]) -> list[Figure]:
    found: list[Figure] = []
    for at_once in AT_ONCE:
        for kind in ("by hand", "memory", "sqlite"):
            name = f"{kind}, {at_once}"
            most = _MOST[at_once] if kind == "sqlite" else None
            found.append(Figure(f"CPU an event, {name} at once", samples[name].least, "ms", most))
            found.append(Figure("  its median", samples[name].median, "ms"))
    return found


def _ratios(samples: dict[str, Samples]) -> list[Figure]:
    found: list[Figure] = []
    for at_once in AT_ONCE:
        ours, hand = samples[f"sqlite, {at_once}"], samples[f"by hand, {at_once}"]
        least, most = ours.least / hand.least, 3.0 if at_once == 32 else None
        found.append(Figure(f"sqlite : by hand, {at_once} at once, minima", least, "x", most))
        found.append(Figure("  median of the ratios", ratio(ours, hand), "x"))
    return found


def _rates(best: dict[str, float]) -> list[Figure]:
    names = [f"{kind}, {n}" for n in AT_ONCE for kind in ("by hand", "memory", "sqlite")]
    found = [Figure(f"processes a second, {name} at once", best[name], "/s") for name in names]
    gain = best["sqlite, 32"] / best["sqlite, 1"]
    return [*found, Figure("processes a second, sqlite, 32 : 1 at once", gain, "x", least=1.0)]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    return run(measure, __doc__, arguments)


if __name__ == "__main__":
    sys.exit(main())
