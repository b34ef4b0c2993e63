"""Many schedules, side by side, and the table of what they did."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context

from tests.simulation.faults import FAULTS
from tests.simulation.generate import schedule_of
from tests.simulation.world import World

CHUNK = 250


@dataclass(slots=True)
class Tally:
    """What so many schedules did; ``wrong`` holds the first complaint of a seed."""

    counts: Counter[str] = field(default_factory=Counter[str])
    faults: Counter[str] = field(default_factory=Counter[str])
    broken: Counter[str] = field(default_factory=Counter[str])
    wrong: dict[int, str] = field(default_factory=dict[int, str])
    seconds: float = 0.0

    def add(self, other: Tally) -> None:
        """Add what others did."""
        self.counts.update(other.counts)
        self.faults.update(other.faults)
        self.broken.update(other.broken)
        self.wrong.update(other.wrong)
        self.seconds += other.seconds

    def note(self, seed: int, world: World, violations: list[str]) -> None:
        """Count what one world did."""
        published = world.ledger.published
        sent = sum(published.values())
        self.counts.update(
            {
                "schedules": 1,
                "processes": len(world.ledger.lives),
                "calls of ports": world.calls,
                "workers killed": world.kills,
                "commits": world.ledger.commits,
                "events published": sent,
                "of them again": sent - len(published),
            }
        )
        self.faults.update(world.injected)
        self.broken.update({invariant_of(violation) for violation in violations})
        if violations:
            self.wrong[seed] = violations[0]


def invariant_of(violation: str) -> str:
    """Give which invariant a complaint is about."""
    return violation.partition(" ")[0]


def run_seeds(first: int, count: int, arming: bool = False) -> Tally:
    """Run so many seeds, one after another; ``arming`` has the store set the wake-ups."""
    logging.disable(logging.CRITICAL)
    tally, began = Tally(), time.process_time()
    for seed in range(first, first + count):
        world = World(replace(schedule_of(seed), arming=arming))
        tally.note(seed, world, world.run())
    tally.seconds = time.process_time() - began
    return tally


def run_many(first: int, count: int, *, jobs: int, arming: bool = False) -> Iterator[Tally]:
    """Run seeds in several processes; give what each part did, in the order of the seeds."""
    starts = range(first, first + count, CHUNK)
    parts = [(at, min(CHUNK, first + count - at), arming) for at in starts]
    if jobs == 1:
        yield from (run_seeds(*part) for part in parts)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(run_seeds, *zip(*parts, strict=True))


def table_of(tally: Tally) -> str:
    """Give the table."""
    counts = tally.counts
    rows = [(name, f"{number:,}") for name, number in counts.items()]
    rows += [(f"fault: {kind}", f"{tally.faults[kind]:,}") for kind in FAULTS]
    rows += [("faults", f"{tally.faults.total():,}")]
    broken = ", ".join(f"{name}: {number}" for name, number in sorted(tally.broken.items()))
    rows += [("violations", broken or "0")]
    each = 1000 * tally.seconds / max(1, counts["schedules"])
    rows += [("CPU time a schedule", f"{each:.1f} ms")]
    return "\n".join(f"{name:<24}{value:>16}" for name, value in rows)
