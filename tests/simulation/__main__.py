"""Simulate: one schedule to be looked at, or many to be counted.

``python -m tests.simulation --seed 7`` replays a schedule exactly: what happened, what was
wrong, and, where something was, the smallest schedule that is wrong in the same way.
``python -m tests.simulation --schedules 100000 --first 1 --jobs 2`` runs many.
"""

from __future__ import annotations

import argparse
import logging
import sys
from dataclasses import replace

from tests.simulation.campaign import Tally, invariant_of, run_many, table_of
from tests.simulation.generate import schedule_of
from tests.simulation.schedule import Schedule
from tests.simulation.shrink import shrink
from tests.simulation.world import World

SHOWN = 20


def main(arguments: list[str]) -> int:
    """Run as asked; 1 if an invariant broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="replay this one, and show it")
    parser.add_argument("--whole", action="store_true", help="show it without making it small")
    parser.add_argument("--schedules", type=int, default=2_000, help="how many (%(default)s)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (%(default)s)")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes (%(default)s)")
    parser.add_argument(
        "--arming", action="store_true", help="with a store that sets wake-ups in the commit"
    )
    asked = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    if asked.seed is not None:
        return _show(replace(schedule_of(asked.seed), arming=asked.arming), whole=asked.whole)
    return _count(asked.first, asked.schedules, jobs=asked.jobs, arming=asked.arming)


def _show(schedule: Schedule, *, whole: bool) -> int:
    violations = World(schedule).run()
    if violations and not whole:
        schedule = shrink(schedule, invariant_of(violations[0]))
    world = World(schedule, traced=True)
    shown = world.run()
    print(*world.trace, sep="\n")
    print(f"\nseed {schedule.seed}: {_plan_of(schedule)}")
    if violations and not whole:
        print(f"(made small from {len(violations)} violation(s), of which the first is shown)")
    print(*(shown or ["nothing was wrong"]), sep="\n")
    return 1 if shown else 0


def _plan_of(schedule: Schedule) -> str:
    lines = [f"  sent at {one.at:.2f}: {one.event.type} {one.event.id}" for one in schedule.given]
    lines += [f"  asked at {act.at:.2f}: {act.verb} {act.subject}" for act in schedule.acts]
    lines += [f"  call #{at}: {fault}" for at, fault in schedule.plan.items()]
    lines += [f"  {setup}" for setup in schedule.workers]
    habits = (
        "latency",
        "fleets",
        "forgetful",
        "fleet_prunes",
        "coy",
        "deaf",
        "copies",
        "errors",
        "causation",
        "other_ids",
        "arming",
        "deploy",
        "fixed",
    )
    lines += [f"  {name}: {getattr(schedule, name)}" for name in habits]
    return "\n".join(["", *lines])


def _count(first: int, count: int, *, jobs: int, arming: bool) -> int:
    tally = Tally()
    for part in run_many(first, count, jobs=jobs, arming=arming):
        for seed, violation in part.wrong.items():
            if len(tally.wrong) < SHOWN:
                print(f"seed {seed}: {violation}", flush=True)
            tally.wrong[seed] = violation
        tally.add(part)
    print(table_of(tally))
    if tally.wrong:
        print(f"replay with: python -m tests.simulation --seed {min(tally.wrong)}")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
