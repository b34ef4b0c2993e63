"""Hammer one store with many processes, kill them at random, and check the promise.

``python -m tests.stress.hammer --kills 200 --workers 8 --subjects 50 --seed 1`` prints a
table and ends with 1 where anything was lost, applied twice, torn or sent otherwise. State and
channel are one SQLite file; ``--store URL`` puts the state elsewhere, ``file:`` for a directory of
its own. What else a store needs to be told (endpoints, keys) stands in the environment.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from random import Random

from tests.stress.crew import Crew
from tests.stress.driver import Driver
from tests.stress.ledger import Ledger, count_ended, count_left, keep_ledger, read_ledger
from tests.stress.parted import LEDGER, parted_ledger
from tests.stress.plan import Plan
from tests.stress.sabotage import SABOTAGES
from tests.stress.verdict import Evidence, violations
from xorca import open_store
from xorca.providers.local import SqliteStore

SHOWN = 100


async def hammer(plan: Plan, place: Path) -> Evidence:
    """Hammer, drain, and give all that is known then."""
    path, random = place / "hammer.db", Random(plan.seed)
    crew = Crew(plan, place, random)
    async with SqliteStore(path) as store:
        await store.channel.subscribe("driver", ["notif.hammer.*"])
        keep_ledger(path)
        driver = Driver(plan, store, Random(plan.seed + 1))
        tasks = [asyncio.create_task(driver.listen()), asyncio.create_task(driver.drive())]
        try:
            await _kill_at_random(crew, driver)
            complaint = await _drain(path, driver, 0.0 if crew.hopeless else plan.patience)
        finally:
            crew.kill_all()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    complaints = [*crew.complaints, *([complaint] if complaint else [])]
    ledger = read_ledger(path)
    if plan.store:
        async with open_store(plan.store) as state:
            ledger = await parted_ledger(ledger, state, place / LEDGER)
    return Evidence(ledger, driver.asked, _logs(place), complaints)


async def _kill_at_random(crew: Crew, driver: Driver) -> None:
    killed, random = 0, crew.random
    crew.fill()
    while killed < crew.plan.kills and not crew.hopeless:
        await asyncio.sleep(random.random() * crew.plan.pause)
        killed += crew.kill_one()
        crew.fill()
    driver.enough.set()


async def _drain(path: Path, driver: Driver, patience: float) -> str:
    """Let the last workers finish; say what is not done after a time."""
    end = time.monotonic() + patience
    while True:
        total, ended, left = _progress(path, driver)
        if total == ended == len(driver.asked) and not left:
            return ""
        if time.monotonic() > end:
            return f"not drained: {ended} of {total} ended, {left} deliveries and timers left"
        await asyncio.sleep(0.1)


def _progress(path: Path, driver: Driver) -> tuple[int, int, int]:
    if driver.plan.store:
        return len(driver.asked), driver.ended, count_left(path)
    return count_ended(path)


def _logs(place: Path) -> list[str]:
    texts = [log.read_text(encoding="utf-8") for log in sorted(place.glob("*.log"))]
    return [line for text in texts for line in text.splitlines()]


def table(plan: Plan, evidence: Evidence, seconds: float) -> str:
    """Give what was done, as lines."""
    ledger = evidence.ledger
    outcomes = Counter(line.split()[1] for line in evidence.logs if line.startswith("outcome "))
    rows: dict[str, object] = {
        "kills": plan.kills,
        "workers at once": plan.workers,
        "subjects at once": plan.subjects,
        "processes, started and ended": len(evidence.asked),
        "commits": len(ledger.commits),
        "publications": len(ledger.published),
        "of these repeated": _repeated(ledger),
        "commands served": sum(line.startswith("served ") for line in evidence.logs),
        **{f"events {name}": count for name, count in sorted(outcomes.items())},
        "seconds": f"{seconds:.1f}",
    }
    return "\n".join(f"{name:<36}{value:>10}" for name, value in rows.items())


def _repeated(ledger: Ledger) -> int:
    bodies = Counter(entry.body for entry in ledger.published)
    return sum(count - 1 for count in bodies.values())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 1 where the promise was broken."""
    parser = argparse.ArgumentParser(prog="hammer", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--subjects", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patience", type=float, default=120.0)
    parser.add_argument("--lost", type=float, default=0.05)
    parser.add_argument("--sabotage", choices=sorted(SABOTAGES), default="")
    parser.add_argument("--store", default="", help="a store URL, or file: (one SQLite file)")
    plan = Plan(**vars(parser.parse_args(arguments)))
    began = time.monotonic()
    get_context("forkserver").set_forkserver_preload(["tests.stress.worker"])
    with tempfile.TemporaryDirectory() as place:
        if plan.store == "file:":
            plan = replace(plan, store=f"file://{place}/state")
        evidence = asyncio.run(hammer(plan, Path(place)))
    found = violations(evidence)
    print(table(plan, evidence, time.monotonic() - began))
    print(f"{'violations':<36}{len(found):>10}")
    print(*found[:SHOWN], sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
