"""Hammer one SQLite file with many processes, kill them at random, and check the promise.

``python -m tests.stress.hammer --kills 200 --workers 8 --subjects 50 --seed 1`` prints a
table and ends with 1 where anything was lost, applied twice, torn or sent otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from random import Random
from signal import SIGKILL

from tests.stress.ledger import Ledger, count_ended, keep_ledger, read_ledger
from tests.stress.sabotage import SABOTAGES
from tests.stress.shift import NAME, Orders, Shift
from tests.stress.verdict import Asked, Evidence, violations
from tests.stress.worker import STARTED, Job, work_until_killed
from xorca.events import Event, from_cloudevent
from xorca.providers.local import SqliteStore

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """How hard to hammer.

    ``pause`` is the longest time between two kills, ``patience`` how long the last workers
    may take to finish, in seconds; ``lost`` is the part of acknowledgements that go wrong.
    """

    kills: int
    workers: int
    subjects: int
    seed: int
    pause: float = 0.4
    rounds: int = 2
    ticks: int = 3
    patience: float = 120.0
    lost: float = 0.05
    sabotage: str = ""


@dataclass(slots=True)
class Crew:
    """The workers: always as many as were asked for, whoever of them is killed."""

    plan: Plan
    place: Path
    random: Random
    running: list[tuple[ForkServerProcess, Path]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    hired: int = 0

    def fill(self) -> None:
        """Start workers until there are enough."""
        context = get_context("forkserver")
        while len(self.running) < self.plan.workers:
            self.hired += 1
            log = self.place / f"{self.hired:04}.log"
            job = Job(
                self.place / "hammer.db",
                log,
                seed=self.random.getrandbits(32),
                lost=self.plan.lost,
                sabotage=self.plan.sabotage,
            )
            process = context.Process(target=work_until_killed, args=(job,), daemon=True)
            process.start()
            self.running.append((process, log))

    def kill_one(self) -> bool:
        """Kill a worker that has begun to work; False while none has."""
        at_work = [pair for pair in self.running if _has_started(pair[1])]
        if not at_work:
            return False
        self._kill(self.random.choice(at_work))
        return True

    def kill_all(self) -> None:
        """Kill what is left."""
        for pair in list(self.running):
            self._kill(pair)

    def _kill(self, pair: tuple[ForkServerProcess, Path]) -> None:
        process, log = pair
        self.running.remove(pair)
        process.kill()
        process.join()
        if process.exitcode != -SIGKILL:
            self.complaints.append(f"worker {log.stem} ended by itself: {process.exitcode}")


def _has_started(log: Path) -> bool:
    return log.exists() and STARTED.encode() in log.read_bytes()[: len(STARTED) + 1]


@dataclass(slots=True)
class Driver:
    """Whoever starts the processes: one after the other on each of so many lanes."""

    plan: Plan
    store: SqliteStore
    random: Random
    asked: dict[str, Asked] = field(default_factory=dict)
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    _done: dict[str, asyncio.Future[None]] = field(default_factory=dict)

    async def drive(self) -> None:
        """Keep every lane busy until it is enough."""
        await asyncio.gather(*(self._lane(number) for number in range(self.plan.subjects)))

    async def listen(self) -> None:
        """Hear of processes that are done."""
        channel = self.store.channel
        while True:
            for delivery in (heard := await channel.receive("driver", limit=100)):
                waiting = self._done.get(delivery.event.subject or "")
                if waiting is not None and not waiting.done():
                    waiting.set_result(None)
            await channel.ack(heard)
            await channel.wait(1.0, group="driver")

    async def process(self, name: str) -> None:
        """Start a process, send its ticks, and wait until it is done."""
        plan, subject = self.plan, f"{NAME}/1.0.0/{name}"
        ticks = [f"tick-{name}-{number}" for number in range(plan.ticks)]
        self.asked[subject] = Asked(f"start-{name}", ticks)
        done = self._done[subject] = asyncio.get_running_loop().create_future()
        await self.store.channel.publish([_start(name, plan)])
        for tick in ticks:
            await asyncio.sleep(self.random.random() * 0.2)
            await self.store.channel.publish([_tick(tick, subject)])
        await done

    async def _lane(self, number: int) -> None:
        turn = 0
        while not self.enough.is_set():
            await self.process(f"{number}-{turn}")
            turn += 1


def _start(name: str, plan: Plan) -> Event:
    orders = Orders(plan.rounds, plan.ticks)
    return from_cloudevent(
        Shift.start_event(orders, process_id=name, id=f"start-{name}", source="/hammer")
    )


def _tick(tick: str, subject: str) -> Event:
    return Event(
        id=tick,
        source="/hammer",
        type="evt.hammer.tick",
        subject=subject,
        data=json.dumps({"token": tick}).encode(),
        datacontenttype="application/json",
    )


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
            complaint = await _drain(path, driver, plan.patience)
        finally:
            crew.kill_all()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    complaints = [*crew.complaints, *([complaint] if complaint else [])]
    return Evidence(read_ledger(path), driver.asked, _logs(place), complaints)


async def _kill_at_random(crew: Crew, driver: Driver) -> None:
    killed, random = 0, crew.random
    crew.fill()
    while killed < crew.plan.kills:
        await asyncio.sleep(random.random() * crew.plan.pause)
        killed += crew.kill_one()
        crew.fill()
    driver.enough.set()


async def _drain(path: Path, driver: Driver, patience: float) -> str:
    """Let the last workers finish; say what is not done after a time."""
    end = time.monotonic() + patience
    while True:
        total, ended, left = count_ended(path)
        if total == ended == len(driver.asked) and not left:
            return ""
        if time.monotonic() > end:
            return f"not drained: {ended} of {total} ended, {left} deliveries and timers left"
        await asyncio.sleep(0.1)


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
    plan = Plan(**vars(parser.parse_args(arguments)))
    began = time.monotonic()
    get_context("forkserver").set_forkserver_preload(["tests.stress.worker"])
    with tempfile.TemporaryDirectory() as place:
        evidence = asyncio.run(hammer(plan, Path(place)))
    found = violations(evidence)
    print(table(plan, evidence, time.monotonic() - began))
    print(f"{'violations':<36}{len(found):>10}")
    print(*found[:SHOWN], sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
