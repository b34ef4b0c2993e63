"""Processes that commit and send nothing, that commit and send, and that sweep; all for ever."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

from xorca import Final, Orchestrator, Runtime, State, anywhere, emit, on, start
from xorca.events import Event, from_cloudevent
from xorca.providers.local import SqliteStore

SUBJECTS = 20
SOURCE = "/xorca/hammer.bell/1.0.0"


class Bell(Orchestrator, name="hammer.bell"):
    """It says something for each event that comes."""

    hanging = State()
    down = Final()

    count: int = 0

    @start(to=hanging)
    @emit("cmd.bell.hang")
    def begin(self) -> int:
        return 0

    @on("evt.bell.pulled", at=anywhere)
    @emit("notif.bell.rang", "notif.bell.echoed")
    def pulled(self) -> tuple[int, int]:
        self.count += 1
        return self.count, -self.count

    @on("evt.bell.fell", at=hanging, to=down)
    def fell(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Job:
    """What a process is told: the file, and its luck."""

    path: Path
    seed: int


def runtime_over(store: SqliteStore, random: Random) -> Runtime:
    """Give a runtime that publishes to the store's channel."""
    return Runtime([Bell], store=store, bus=store.channel, alarm=store.alarm, random=random)


def call(job: Job) -> None:
    """Commit events for ever, and send none of what they lead to."""
    asyncio.run(_handle(job, publish=False))


def work(job: Job) -> None:
    """Commit events for ever, and send what they lead to."""
    asyncio.run(_handle(job, publish=True))


def sweep(job: Job) -> None:
    """Sweep for ever."""
    asyncio.run(_sweep_on(job))


async def _handle(job: Job, *, publish: bool) -> None:
    random = Random(job.seed)
    async with SqliteStore(job.path) as store:
        runtime = runtime_over(store, random)
        while True:
            number = random.randrange(SUBJECTS)
            batch = [_start(number), *(_pull(number, random) for _ in range(random.randrange(4)))]
            await runtime.handle(*batch, publish=publish)
            await asyncio.sleep(random.random() * 0.01)


async def _sweep_on(job: Job) -> None:
    random = Random(job.seed)
    async with SqliteStore(job.path) as store:
        while True:
            await runtime_over(store, random).sweep(older_than=timedelta(milliseconds=20))
            await asyncio.sleep(random.random() * 0.02)


def _start(number: int) -> Event:
    made = Bell.start_event(process_id=str(number), id=f"start-{number}", source="/hammer")
    return from_cloudevent(made)


def _pull(number: int, random: Random) -> Event:
    return Event(
        id=f"pull-{random.getrandbits(64)}",
        source="/hammer",
        type="evt.bell.pulled",
        subject=f"hammer.bell/1.0.0/{number}",
    )
