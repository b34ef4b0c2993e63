"""Layer A: every fault at every call of every scenario, and pairs of them.

Whatever goes wrong, the end is that of the run without faults: state, log, dead letters and
everything that was sent.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import product, repeat
from random import Random
from typing import Any

from tests.simulation.faults import SINGLE, Plan
from tests.simulation.scenarios import SCENARIOS
from tests.simulation.schedule import Schedule
from tests.simulation.world import World

TOTAL = 15_000
SHOWN = 20

Pictures = list[dict[str, Any]]


@dataclass(slots=True)
class Tally:
    """How many runs of a scenario there were, and what was wrong with them."""

    calls: int = 0
    singles: int = 0
    pairs: int = 0
    failures: list[tuple[Plan, list[str]]] = field(default_factory=list[tuple[Plan, list[str]]])


def picture(world: World) -> dict[str, Any]:
    """Give what must be the same after every run of a scenario."""
    ledger = world.ledger
    names = {emit_id: emit.type for emit_id, emit in ledger.emits.items()}

    def line(text: str) -> str:
        return " ".join(names.get(word, word) for word in text.split())

    found: dict[str, Any] = {"loose": sorted(ledger.loose.items())}
    for key, life in ledger.lives.items():
        last = life.last
        assert last is not None  # there is a life
        found[key] = (
            (last.subject, last.status, last.state),
            sorted(line(text) for text in life.log),
            sorted(life.letters),
            sorted(emit.type for emit in ledger.emits.values() if emit.life is life),
            sorted(
                names[i] for i in ledger.published if i in names and ledger.emits[i].life is life
            ),
        )
    return found


def run_one(schedule: Schedule, plan: Plan, expected: Pictures) -> list[str]:
    """Run with some faults and compare."""
    world = World(replace(schedule, plan=plan))
    wrong = world.run()
    found = picture(world)
    if found not in expected:
        wrong = [*wrong, f"A the end is another: {found} instead of {expected[0]}"]
    return wrong


def baseline(schedule: Schedule) -> tuple[int, Pictures]:
    """Run without faults; give how many calls that takes, and how it may end.

    Where a newer version is deployed, a start that was never stored may take that one.
    """
    worlds = [World(schedule)]
    if schedule.deploy is not None:
        worlds.append(World(replace(schedule, deploy=None)))
    for world in worlds:
        wrong = world.run()
        assert not wrong, wrong
    return worlds[0].calls, [picture(world) for world in worlds]


def singles(calls: int) -> Iterator[Plan]:
    """Give every single fault."""
    for at, fault in product(range(calls), SINGLE):
        yield {at: fault}


def pairs(calls: int, count: int, random: Random) -> Iterator[Plan]:
    """Give so many pairs of faults; the second may come in the calls that the first causes."""
    for _ in range(count):
        first, second = sorted(random.sample(range(calls + 4), 2))
        yield {first: random.choice(SINGLE), second: random.choice(SINGLE)}


def share(total: int) -> int:
    """Give how many pairs each scenario has, so that there are about so many runs in all."""
    alone = sum(baseline(schedule)[0] * len(SINGLE) for schedule in SCENARIOS.values())
    return max(0, total - alone) // len(SCENARIOS)


def run_scenario(name: str, count: int) -> Tally:
    """Run a scenario with every single fault, and with so many pairs."""
    schedule = SCENARIOS[name]
    calls, expected = baseline(schedule)
    tally = Tally(calls)
    for plan in singles(calls):
        tally.singles += 1
        _note(tally, plan, run_one(schedule, plan, expected))
    for plan in pairs(calls, count, Random(name)):
        tally.pairs += 1
        _note(tally, plan, run_one(schedule, plan, expected))
    return tally


def _note(tally: Tally, plan: Plan, wrong: list[str]) -> None:
    if wrong:
        tally.failures.append((plan, wrong))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the matrix and print its table; 1 where something was wrong."""
    parser = argparse.ArgumentParser(prog="matrix", description=__doc__)
    parser.add_argument("--total", type=int, default=TOTAL, help="about so many runs in all")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    began, count = time.perf_counter(), share(given.total)
    with ProcessPoolExecutor(given.jobs) as pool:
        tallies = list(pool.map(run_scenario, SCENARIOS, repeat(count)))
    print("| Scenario | calls | single faults | pairs | wrong |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, tally in zip(SCENARIOS, tallies, strict=True):
        print(
            f"| {name} | {tally.calls} | {tally.singles:,} | {tally.pairs:,} | {len(tally.failures)} |"
        )
    runs = sum(tally.singles + tally.pairs for tally in tallies)
    wrong = [
        (name, *failure)
        for name, t in zip(SCENARIOS, tallies, strict=True)
        for failure in t.failures
    ]
    print(f"{runs:,} runs in {time.perf_counter() - began:.0f} s, {len(wrong)} wrong")
    for name, plan, lines in wrong[:SHOWN]:
        print(f"{name} with {plan}: {lines[0]}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
