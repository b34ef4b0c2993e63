"""Many workers in many processes at one subject: is anything lost, or done twice?

``python -m tests.aws.race`` races 32 workers in 8 processes with 10 events each on every
store, plain and behind a proxy with faults, and ends with 1 where the promise was broken.
Words behind it choose: ``python -m tests.aws.race DynamoDB proxy``.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from tests.aws.race_words import NAME, Count, Job, start_event
from xorca import Runtime, open_store
from xorca.engine.ids import storage_key
from xorca.engine.record import unseal

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Race:
    """How many processes, of how many workers, with how many events each."""

    processes: int = 8
    workers: int = 4
    events: int = 10

    @property
    def tokens(self) -> set[str]:
        """What must have been counted in the end."""
        return {
            f"p{process}-{worker}-{turn}"
            for process in range(self.processes)
            for worker in range(self.workers)
            for turn in range(self.events)
        }


async def run(
    race: Race, url: str, place: Path, *, start_at: str = "", **more: object
) -> list[str]:
    """Start the process, let everybody race, and say in how many ways the promise was broken.

    ``start_at`` is the URL of the same store without faults, where there are some.
    """
    calm = start_at or url
    job = Job(url, "", "", race.workers, race.events)
    job = replace(job, **more)  # type: ignore[arg-type]
    async with open_store(calm) as store:
        (outcome,) = await Runtime([Count], store=store).handle(start_event())
        assert outcome.status == "applied", outcome
    jobs = [
        replace(job, name=f"p{number}", log=str(place / f"{number}.log"))
        for number in range(race.processes)
    ]
    racers = [await _begin(job) for job in jobs]
    for racer in racers:
        assert racer.stdout is not None
        assert await racer.stdout.readline() == b"ready\n", await _words(racer)
    complaints = [words for words in await asyncio.gather(*map(_finish, racers)) if words]
    return complaints + await _verdict(race, calm, [Path(job.log) for job in jobs])


async def _begin(job: Job) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-m", "tests.aws.racer", job.line()]
    return await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe
    )


async def _finish(racer: asyncio.subprocess.Process) -> str:
    _, errors = await racer.communicate(b"go\n")
    return "" if racer.returncode == 0 else f"a racer ended with {racer.returncode}: {errors!r}"


async def _words(racer: asyncio.subprocess.Process) -> str:
    assert racer.stderr is not None
    return (await racer.stderr.read()).decode()


async def _verdict(race: Race, url: str, logs: list[Path]) -> list[str]:
    async with open_store(url) as store:
        key = storage_key(NAME, "hot")
        stored = await store.load(key)
    assert stored is not None
    record = unseal(stored.body, where=key)
    memory = msgspec.json.decode(record.memory)
    counted, due = memory["tokens"], race.tokens
    sent = _sent(logs)
    claims = {
        f"{memory['count']} counted of {len(due)}": memory["count"] == len(due),
        f"lost: {sorted(due - set(counted))}": due <= set(counted),
        "something was counted twice": len(set(counted)) == len(counted),
        f"revision {record.revision}": record.revision == len(due) + 1,
        f"{len(sent)} ids were sent": len(sent) == len(due),
        "an id was sent with other bytes": all(len(bodies) == 1 for bodies in sent.values()),
        f"{len(record.dead)} dead letters": not record.dead,
    }
    return [text for text, holds in claims.items() if not holds]


def _sent(logs: list[Path]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for log in logs:
        for line in log.read_text().splitlines():
            name, emit_id, digest = line.split()
            if name == "notif.race.counted":
                found[emit_id].add(digest)
    return found


async def _main() -> int:
    from tests.aws.race_courses import courses

    broken = 0
    async for name, url, start_at, more in courses():
        if not all(word in name for word in sys.argv[1:]):
            continue
        with tempfile.TemporaryDirectory() as place:
            began = time.monotonic()
            found = await run(Race(), url, Path(place), start_at=start_at, **more)
        broken += bool(found)
        print(f"{name:<44}{time.monotonic() - began:>8.1f} s  {found or 'kept'}", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
