"""Prune a file of finished processes while events arrive, and check that nothing is lost.

``python -m tests.stress.prune --processes 100000`` fills a SQLite file with processes that
have ended and of which nothing was published, then lets two programs prune it, one of which
is killed now and then, while a worker applies events: ticks for processes that wait, late
starts and events for those that are pruned, and starts that begin new lives. It prints a
table, and ends with 1 where anything was lost, doubled, or came to life again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.stress.done import KEPT, NAME, Done, begin, tick
from xorca import Outcome, Runtime
from xorca.engine.ids import storage_key
from xorca.engine.record import Record, unseal
from xorca.events import Event, read_event
from xorca.providers.local import SqliteStore

ROOT = Path(__file__).parents[2]
BATCH = 500
LIVE = 50
SHOWN = 20
RECORDS = "SELECT key, body FROM record WHERE substr(key, 1, 1) <> '_'"
SAID = ("started", "pruned", "peak")
HARMLESS = {
    ("ignored", "ended"),
    ("ignored", "deleted"),
    ("duplicate", "seen"),
    ("ignored", "stale"),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """How much there is to prune, and what happens meanwhile."""

    processes: int
    kills: int
    seed: int
    patience: float
    sabotage: str = ""


@dataclass(slots=True)
class Found:
    """What was done and seen."""

    sent: dict[str, bytes] = field(default_factory=dict)
    ticks: Counter[str] = field(default_factory=Counter)
    reborn: set[str] = field(default_factory=set)
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    killed: int = 0
    peak: int = 0


async def fill(store: SqliteStore, wish: Wish, found: Found) -> None:
    """Start and end so many processes, whose worker dies before it publishes anything."""
    runtime = Runtime([Done], store=store)
    for first in range(0, wish.processes, BATCH):
        numbers = range(first, min(first + BATCH, wish.processes))
        starts = [begin("finish", f"d-{number}", f"first-d-{number}") for number in numbers]
        for outcome in await runtime.handle(*starts, publish=False):
            found.sent |= {event.id: event.to_json() for event in outcome.sent}
    lives = [begin("wait", f"live-{number}", f"live-{number}") for number in range(LIVE)]
    await runtime.handle(*lives)


class Traffic:
    """What arrives while it is pruned."""

    def __init__(self, store: SqliteStore, wish: Wish, found: Found) -> None:
        self._runtime = Runtime([Done], store=store, bus=store.channel)
        self._wish, self._found, self._random = wish, found, Random(wish.seed)
        self._count = 0

    async def burst(self) -> None:
        """Handle some events of every kind at once."""
        await asyncio.gather(*(self._one() for _ in range(16)))

    async def _one(self) -> None:
        self._count += 1
        finished = f"d-{self._random.randrange(self._wish.processes)}"
        match self._random.choice(("tick", "tick", "start", "event", "anew")):
            case "tick":
                await self._tick(f"live-{self._random.randrange(LIVE)}")
            case "start":
                late = begin("finish", finished, f"first-{finished}")
                self._check("late start", await self._give(late))
            case "event":
                await self._late_event(finished)
            case _:
                await self._begin_anew(finished)

    async def _tick(self, process_id: str) -> None:
        one = tick(process_id, f"tick-{self._count}")
        first, again = await self._give(one), await self._give(one)
        self._found.ticks[process_id] += 1
        if (first.status, again.status) != ("applied", "duplicate"):
            self._found.wrong.append(f"a tick for {process_id} was {first}, then {again}")
        self._found.outcomes["tick applied"] += 1

    async def _late_event(self, process_id: str) -> None:
        outcome = await self._give(tick(process_id, f"late-{self._count}"))
        if outcome.status == "applied":
            self._found.ticks[process_id] += 1  # of a new life, as is checked in the end
        else:
            self._check("late event", outcome)

    async def _begin_anew(self, process_id: str) -> None:
        outcome = await self._give(begin("wait", process_id, f"again-{self._count}"))
        if outcome.status == "applied":
            self._found.reborn.add(process_id)
        elif outcome.reason != "process-exists":
            self._found.wrong.append(f"a start of {process_id} was {outcome}")
        self._found.outcomes[f"new start {outcome.status}"] += 1

    async def _give(self, event: Event) -> Outcome:
        [outcome] = await self._runtime.handle(event)
        return outcome

    def _check(self, what: str, outcome: Outcome) -> None:
        self._found.outcomes[f"{what} {outcome.status}: {outcome.reason}"] += 1
        if (outcome.status, outcome.reason) not in HARMLESS:
            self._found.wrong.append(f"{what}: {outcome}")


class Crew:
    """Two programs that prune; the first is killed now and then."""

    def __init__(self, place: Path, wish: Wish, found: Found) -> None:
        self._place, self._wish, self._found = place, wish, found
        self._random = Random(wish.seed)
        self._hired = 0
        self._crew = [self._hire(), self._hire()]
        self._next = time.monotonic() + 1.0

    def kill_in_time(self) -> None:
        """Kill the first of them, if it is time, and hire another."""
        if self._found.killed >= self._wish.kills or time.monotonic() < self._next:
            return
        self._crew[0].kill()
        self._crew[0].wait()
        self._found.killed += 1
        self._crew[0] = self._hire()
        self._next = time.monotonic() + 0.5 + self._random.random()

    def stop(self) -> None:
        """Let them finish, and read what they say."""
        (self._place / "stop").touch()
        for process in self._crew:
            try:
                code = process.wait(self._wish.patience)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
            if code:
                self._found.wrong.append(f"a pruner ended with {code}")
        for log in sorted(self._place.glob("*.log")):
            lines = log.read_text(encoding="utf-8").splitlines()
            self._found.wrong += [line for line in lines if line.split()[0] not in SAID]
            peaks = [int(line.split()[1]) for line in lines if line.startswith("peak ")]
            self._found.peak = max([self._found.peak, *peaks])

    def _hire(self) -> subprocess.Popen[bytes]:
        self._hired += 1
        place = [self._place / "prune.db", self._place / "stop", self._wish.sabotage]
        with (self._place / f"{self._hired}.log").open("wb") as log:
            command = [sys.executable, "-m", "tests.stress.pruner", *map(str, place)]
            return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)


def count_left(path: Path) -> int:
    """Give how many processes have ended and are not deleted."""
    return int(rows(path, "SELECT count(*) FROM record WHERE status = 'ended'")[0][0])


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Ask the file; rows hold what SQLite holds, hence Any."""
    connection = sqlite3.connect(path, timeout=30)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


async def stress(wish: Wish, place: Path) -> Found:
    """Fill, prune beside traffic, and look at what is left."""
    found, path = Found(), place / "prune.db"
    async with SqliteStore(path) as store:
        began = time.monotonic()
        await fill(store, wish, found)
        found.seconds["to fill"] = time.monotonic() - began
        await asyncio.sleep(KEPT.total_seconds())
        began = time.monotonic()
        crew, traffic = Crew(place, wish, found), Traffic(store, wish, found)
        while await asyncio.to_thread(count_left, path) or found.killed < wish.kills:
            for _ in range(20):
                await traffic.burst()
            crew.kill_in_time()
            if time.monotonic() - began > wish.patience:
                found.wrong.append("it did not end in time")
                break
        found.seconds["to prune"] = time.monotonic() - began
        for _ in range(20):
            await traffic.burst()
        await asyncio.to_thread(crew.stop)
    found.wrong += check(path, wish, found)
    return found


def check(path: Path, wish: Wish, found: Found) -> Iterator[str]:
    """Say what is not as it should be in the file that is left."""
    records = {key: unseal(body) for key, body in rows(path, RECORDS)}
    for number in range(wish.processes):
        yield from _check_finished(f"d-{number}", records, found)
    for number in range(LIVE):
        yield from _check_alive(f"live-{number}", records, found)
    bodies = rows(path, "SELECT body FROM event WHERE type = 'notif.stress.done'")
    published = {read_event(bytes(body)).id: bytes(body) for (body,) in bodies}
    for id, body in found.sent.items():
        if published.get(id) != body:
            yield f"{id} was committed, and {published.get(id, b'nothing')!r} was published"
    yield from (f"{id} was never committed" for id in published.keys() - found.sent.keys())
    for (said,) in rows(path, "PRAGMA integrity_check"):
        if said != "ok":
            yield f"the file is damaged: {said}"


def _check_finished(process_id: str, records: dict[str, Record], found: Found) -> Iterator[str]:
    if process_id in found.reborn:
        yield from _check_alive(process_id, records, found)
        return
    record = records.get(storage_key(NAME, process_id))
    if record is None or record.status != "deleted":
        yield f"{process_id} is {record.status if record else 'gone'} and not deleted"
    if found.ticks[process_id]:
        yield f"an event was applied to {process_id}, which has no new life"


def _check_alive(process_id: str, records: dict[str, Record], found: Found) -> Iterator[str]:
    record = records.get(storage_key(NAME, process_id))
    if record is None or record.status != "active":
        yield f"{process_id} is {record.status if record else 'gone'} and not active"
    elif json.loads(bytes(record.memory)) != {"count": found.ticks[process_id]}:
        yield f"{process_id} has {bytes(record.memory)!r} after {found.ticks[process_id]} ticks"


def table(wish: Wish, found: Found, path: Path) -> str:
    """Give what was done, as lines."""
    outcomes = found.outcomes
    table: dict[str, object] = {
        "processes pruned": wish.processes,
        "of which nothing was published yet": wish.processes,
        "pruners at once": 2,
        "of them killed": found.killed,
        "seconds to fill": f"{found.seconds['to fill']:.1f}",
        "seconds to prune": f"{found.seconds['to prune']:.1f}",
        "pruned a second": f"{wish.processes / found.seconds['to prune']:.0f}",
        "peak memory of a pruner, MB": found.peak,
        "file at the end, MB": path.stat().st_size // 2**20,
        "new lives": len(found.reborn),
        **{f"events: {name}": count for name, count in sorted(outcomes.items())},
    }
    return "\n".join(f"{name:<42}{value:>10}" for name, value in table.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 1 where something is not as it should be."""
    parser = argparse.ArgumentParser(prog="prune", description=__doc__)
    parser.add_argument("--processes", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patience", type=float, default=1800.0)
    parser.add_argument("--sabotage", choices=["hurry"], default="")
    wish = Wish(**vars(parser.parse_args(arguments)))
    with tempfile.TemporaryDirectory() as place:
        found = asyncio.run(stress(wish, Path(place)))
        print(table(wish, found, Path(place) / "prune.db"))
    print(f"{'violations':<42}{len(found.wrong):>10}")
    print(*found.wrong[:SHOWN], sep="\n", end="\n" if found.wrong else "")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
