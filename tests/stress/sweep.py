"""Callers that commit and die before they send anything, workers and sweepers that are killed.

``python -m tests.stress.sweep --kills 60 --seed 1`` ends with 1 where something that was
committed never left, left with other bytes, or left without having been committed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from random import Random

from tests.stress.bells import SOURCE, Job, call, runtime_over, sweep, work
from tests.stress.ledger import keep_ledger, read_ledger
from tests.stress.verdict import read_stories
from xorca.engine.ids import side_key
from xorca.engine.tombstones import sides_of
from xorca.events import read_event
from xorca.ports import Query
from xorca.providers.local import SqliteStore
from xorca.runtime.swept import Swept


@dataclass(slots=True)
class Crew:
    """Two of each kind; whoever is killed is replaced by one of the same kind."""

    path: Path
    random: Random
    running: list[tuple[Callable[[Job], None], ForkServerProcess]] = field(default_factory=list)

    def hire(self, task: Callable[[Job], None]) -> None:
        """Start a process."""
        job = Job(self.path, self.random.getrandbits(32))
        process = get_context("forkserver").Process(target=task, args=(job,), daemon=True)
        process.start()
        self.running.append((task, process))

    def kill_one(self) -> str:
        """Kill and replace; give a complaint if it had ended by itself."""
        task, process = self.running.pop(self.random.randrange(len(self.running)))
        complaint = "" if process.exitcode is None else f"{task.__name__} ended by itself"
        process.kill()
        process.join()
        self.hire(task)
        return complaint

    def kill_all(self) -> None:
        """End what is left."""
        for _, process in self.running:
            process.kill()
            process.join()


def hammer(path: Path, *, kills: int, seed: int) -> list[str]:
    """Kill at random, sweep at the end, and say what is wrong."""
    random = Random(seed)
    asyncio.run(_prepare(path))
    crew = Crew(path, random)
    complaints: list[str] = []
    try:
        for task in (call, call, work, sweep, sweep):
            crew.hire(task)
        for _ in range(kills):
            time.sleep(random.random() * 0.3)
            complaints.append(crew.kill_one())
    finally:
        crew.kill_all()
    last = asyncio.run(_sweep_all(path))
    complaints += [f"not swept: {fault}" for fault in last.failed]
    return [each for each in complaints if each] + violations(path)


async def _prepare(path: Path) -> None:
    async with SqliteStore(path) as store:
        await store.channel.subscribe("watch", ["*"])
    keep_ledger(path)


async def _sweep_all(path: Path) -> Swept:
    async with SqliteStore(path) as store:
        runtime = runtime_over(store, Random(0))
        done = await runtime.sweep(older_than=timedelta(0))
        page = await store.list(Query(pending=True))
        assert not page.items, f"{len(page.items)} processes are still pending"
        return done


def violations(path: Path) -> list[str]:
    """Compare what was committed with what was published."""
    ledger = read_ledger(path)
    stories, found = read_stories([one for one in ledger.commits if one.name[0] != "_"])
    decided = {each: made for story in stories.values() for each, made in story.decided.items()}
    missing = set(decided)
    for entry in ledger.published:
        event = read_event(entry.body)
        made = decided.get(event.id)
        if event.source != SOURCE or made is None or made.body != entry.body:
            found.append(f"{event.id}: {entry.name} was sent otherwise than it was committed")
        missing.discard(event.id)
    for story in stories.values():
        revisions = [record.revision for record in story.records]
        if revisions != list(range(1, len(revisions) + 1)):
            found.append(f"{story.key}: its revisions are not one path")
        for name in sides_of(story.records[-1]):
            if side_key(story.key, name) not in ledger.stored:
                found.append(f"{story.key}: lacks its side object {name}")
    found += [f"{each}: was never sent" for each in sorted(missing)]
    print(f"{len(ledger.commits)} commits, {len(decided)} events, {len(ledger.published)} sent")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="sweep", description=__doc__)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    get_context("forkserver").set_forkserver_preload(["tests.stress.bells"])
    with tempfile.TemporaryDirectory() as place:
        found = hammer(Path(place) / "hammer.db", kills=given.kills, seed=given.seed)
    print(*found[:100], sep="\n", end="\n" if found else "")
    print(f"violations {len(found)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
