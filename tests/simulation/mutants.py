"""How many schedules it takes to catch each mutant: ``python -m tests.simulation.mutants``."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.generate import schedule_of
from tests.simulation.mutants_engine import ENGINE
from tests.simulation.mutants_leaving import LEAVING
from tests.simulation.mutants_lives import LIVES
from tests.simulation.mutants_people import PEOPLE
from tests.simulation.mutants_protocol import PROTOCOL
from tests.simulation.mutants_room import ROOM
from tests.simulation.mutants_upkeep import UPKEEP
from tests.simulation.mutating import Mutant, mutated
from tests.simulation.world import World

MUTANTS = (*PROTOCOL, *ENGINE, *UPKEEP, *PEOPLE, *LIVES, *LEAVING, *ROOM)
BUDGET = 5_000


def named(name: str) -> Mutant:
    """Give a mutant by its name."""
    return next(mutant for mutant in MUTANTS if mutant.name == name)


def catch(mutant: Mutant, *, first: int = 1, budget: int = BUDGET) -> tuple[int, str] | None:
    """Give the first seed whose schedule shows the mutant, and what it shows; None if none."""
    with mutated(mutant):
        for seed in range(first, first + budget):
            wrong = World(schedule_of(seed)).run()
            if wrong:
                return seed, wrong[0]
    return None


def hunt(name: str, first: int, budget: int) -> tuple[int, str] | None:
    """Catch a mutant in a process of its own."""
    logging.disable(logging.CRITICAL)
    return catch(named(name), first=first, budget=budget)


def main(arguments: Sequence[str] | None = None) -> int:
    """Hunt every mutant and print the table; 1 if one was not caught."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these; by default all")
    parser.add_argument("--seed", type=int, default=1, help="the first schedule")
    parser.add_argument("--budget", type=int, default=BUDGET, help="so many schedules at most")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args(arguments)
    mutants = [mutant for mutant in MUTANTS if not given.names or mutant.name in given.names]
    print("| Mutant | what is broken | caught after | by |")
    print("| --- | --- | ---: | --- |")
    escaped = 0
    with ProcessPoolExecutor(given.jobs) as pool:
        hunts = [pool.submit(hunt, one.name, given.seed, given.budget) for one in mutants]
        for mutant, future in zip(mutants, hunts, strict=True):
            found = future.result()
            escaped += found is None
            after = f"{found[0] - given.seed + 1:,} | {found[1].split()[0]}" if found else "never |"
            print(f"| {mutant.name} | {mutant.what} | {after} |", flush=True)
    print(f"{len(mutants)} mutants, {escaped} not caught")
    return 1 if escaped else 0


if __name__ == "__main__":
    sys.exit(main())
