"""What an event costs, beside the same work written by hand.

``python -m tests.benchmarks.cost``: CPU time (all threads) over whole processes of five
events, one at a time and 32 at once, in memory and on a durable SQLite file, after some that
are not counted.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.books import Cost, LocalStore, run_processes, warm_up, xorca_cost
from tests.benchmarks.by_hand import ByHand
from tests.benchmarks.figures import Figure, run
from tests.benchmarks.sizes import Size
from tests.benchmarks.timing import Samples, interleave, ratio, ratios
from xorca.providers.local import SqliteStore
from xorca.providers.memory import MemoryStore

AT_ONCE = (1, 32)
_MOST = {1: 0.20, 32: 0.15}


async def _hand_cost(path: Path, processes: int, *, at_once: int) -> Cost:
    hand = ByHand(path)
    try:
        await warm_up(hand.handle, at_once=at_once)
        return await run_processes(hand.handle, range(processes), at_once=at_once)
    finally:
        hand.close()


class Contest:
    """The contestants, and the processes a second that each reached in each round."""

    def __init__(self, place: Path, processes: int) -> None:
        self._place, self._processes = place, processes
        self.rates: dict[str, list[float]] = {}

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
                number,
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
                number,
                asyncio.run(xorca_cost(store, self._processes, at_once=at_once)),
            )

        return measure

    def _note(self, name: str, number: int, cost: Cost) -> float:
        if number:  # the first round only warms up
            self.rates.setdefault(name, []).append(cost.rate)
        return cost.cpu


def measure(size: Size = Size.FULL) -> list[Figure]:
    """Measure all of them side by side."""
    rounds, processes = size.of((1, 2), (3, 20), (15, 100))
    with tempfile.TemporaryDirectory() as place:
        contest = Contest(Path(place), processes)
        samples = interleave(contest.contestants(), rounds)
    return [*_costs(samples), *_ratios(samples), *_rates(contest.rates)]


def _costs(samples: dict[str, Samples]) -> list[Figure]:
    found: list[Figure] = []
    for at_once in AT_ONCE:
        for kind in ("by hand", "memory", "sqlite"):
            each = samples[f"{kind}, {at_once}"]
            name, rounds = f"CPU an event, {kind}, {at_once} at once", tuple(each.values)
            most = _MOST[at_once] if kind == "sqlite" else None
            found.append(Figure(name, each.least, "ms", most, samples=rounds))
            found.append(Figure(f"  median, {kind}, {at_once}", each.median, "ms", samples=rounds))
    return found


def _ratios(samples: dict[str, Samples]) -> list[Figure]:
    found: list[Figure] = []
    for at_once in AT_ONCE:
        ours, hand = samples[f"sqlite, {at_once}"], samples[f"by hand, {at_once}"]
        least, most = ours.least / hand.least, 3.0 if at_once == 32 else None
        each = ratios(ours, hand)
        name = f"sqlite : by hand, {at_once} at once"
        found.append(Figure(f"{name}, minima", least, "x", most, samples=each))
        found.append(
            Figure(f"  median of the ratios, {at_once}", ratio(ours, hand), "x", samples=each)
        )
    return found


def _rates(rates: dict[str, list[float]]) -> list[Figure]:
    best = {name: max(each) for name, each in rates.items()}
    found = [
        Figure(
            f"processes a second, {kind}, {at_once} at once",
            best[f"{kind}, {at_once}"],
            "/s",
            samples=tuple(rates[f"{kind}, {at_once}"]),
        )
        for at_once in AT_ONCE
        for kind in ("by hand", "memory", "sqlite")
    ]
    gain = best["sqlite, 32"] / best["sqlite, 1"]
    gains = ratios(Samples(rates["sqlite, 32"]), Samples(rates["sqlite, 1"]))
    name = "processes a second, sqlite, 32 : 1 at once"
    return [*found, Figure(name, gain, "x", least=1.0, samples=gains)]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    return run("cost", measure, arguments, description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
