"""Workers over records in Blob storage and a channel in SQLite, which are killed at random."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from random import Random
from typing import Any

from tests.azure.blobs import connection_string
from tests.stress.shift import NAME, Orders, Shift, Token, Work
from xorca import Runtime
from xorca.events import Event, from_cloudevent
from xorca.fleet import Call, Fleet
from xorca.handlers import local
from xorca.providers.azure import BlobStore
from xorca.providers.local import SqliteStore
from xorca.runtime import Outcome

SERVED = ("cmd.hammer.piece", "cmd.hammer.left", "cmd.hammer.right", "cmd.hammer.count")
TICKS = 2


@dataclass(frozen=True, slots=True)
class Job:
    """Where a worker finds everything, and where it writes down what its services were sent."""

    url: str
    container: str
    channel: Path
    log: Path
    seed: int


class Witness(Fleet):
    """A fleet that writes down the id and the bytes of every command."""

    log: int

    async def handle(
        self, *events: Any, publish: bool = True, raise_on_retry: bool = False
    ) -> list[Outcome]:
        for event in events:
            digest = sha256(event.to_json()).hexdigest()
            os.write(self.log, f"{event.id} {digest}\n".encode())
        return await super().handle(*events, publish=publish, raise_on_retry=raise_on_retry)


def work_until_killed(job: Job) -> None:
    """Work for ever."""
    local.VISIBILITY = 1.0  # what a killed worker had taken comes again soon
    logging.getLogger("xorca").addHandler(logging.NullHandler())
    asyncio.run(_work(job))


async def _work(job: Job) -> None:
    text = connection_string(job.url)
    async with (
        BlobStore(job.container, connection_string=text) as state,
        SqliteStore(job.channel) as broker,
    ):
        runtime = Runtime([Shift], store=state, bus=broker.channel, alarm=broker.alarm)
        fleets = [_services(job, Random(job.seed))]
        async with local.LocalWorker(broker, runtime=runtime, fleets=fleets):
            await asyncio.Event().wait()


def _services(job: Job, random: Random) -> Fleet:
    fleet = Witness("/services/hammer", concurrency=8)
    fleet.log = os.open(job.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def serve(given: Work, call: Call) -> Token:
        await asyncio.sleep(random.random() * 0.01)
        return Token(call.command.get_id())

    for name in SERVED:
        fleet.serves(name, timeout=timedelta(seconds=1))(serve)
    return fleet


@dataclass(slots=True)
class Crew:
    """So many workers at a time, whoever of them is killed."""

    job: Job
    size: int
    random: Random
    running: list[ForkServerProcess] = field(default_factory=list)

    def fill(self) -> None:
        """Start workers until there are enough."""
        context = get_context("forkserver")
        while len(self.running) < self.size:
            process = context.Process(target=work_until_killed, args=(self.job,), daemon=True)
            process.start()
            self.running.append(process)

    def kill_one(self) -> None:
        """Kill a worker as the operating system does: it does nothing more."""
        process = self.running.pop(self.random.randrange(len(self.running)))
        assert process.exitcode is None, "a worker ended by itself"
        process.kill()
        process.join()

    def kill_all(self) -> None:
        """End the work."""
        while self.running:
            self.kill_one()


def subjects(count: int) -> list[str]:
    """Give the subjects of so many processes."""
    return [f"{NAME}/1.0.0/{number}" for number in range(count)]


def what_starts(count: int) -> Iterator[Event]:
    """Give the start of each process, and its ticks."""
    for number, subject in enumerate(subjects(count)):
        orders, name = Orders(rounds=2, ticks=TICKS), str(number)
        event = Shift.start_event(orders, process_id=name, id=f"start-{name}", source="/test")
        yield from_cloudevent(event)
        for turn in range(TICKS):
            token = f"tick-{name}-{turn}"
            yield Event(
                id=token, source="/test", type="evt.hammer.tick", subject=subject,
                data=json.dumps({"token": token}).encode(), datacontenttype="application/json",
            )  # fmt: skip


async def violations(job: Job, count: int) -> list[str]:
    """Say in how many ways the promise was broken."""
    found: list[str] = []
    digests: dict[str, set[str]] = {}
    for line in job.log.read_text().splitlines():
        command, digest = line.split()
        digests.setdefault(command, set()).add(digest)
    found += [f"{command} was sent otherwise" for command, all_ in digests.items() if len(all_) > 1]
    applied_anywhere: set[str] = set()
    async with BlobStore(job.container, connection_string=connection_string(job.url)) as state:
        runtime = Runtime([Shift], store=state, alarm=_NoAlarm())
        for number, subject in enumerate(subjects(count)):
            described = await runtime.describe(subject)
            assert described is not None
            applied = Counter(described.memory["applied"])
            applied_anywhere |= applied.keys()
            due = {f"start-{number}", *(f"tick-{number}-{turn}" for turn in range(TICKS))}
            found += [f"{token} was lost" for token in due - applied.keys()]
            found += [f"{token} applied {n} times" for token, n in applied.items() if n > 1]
            found += [f"{subject} has dead letters"] if described.dead else []
            found += (
                [] if described.memory["count"] == applied.total() else [f"{subject} miscounts"]
            )
    found += [f"the answer to {lost} was lost" for lost in digests.keys() - applied_anywhere]
    return found


class _NoAlarm:
    async def set(self, event: Event, due: object) -> None: ...

    async def cancel(self, event_id: str) -> None: ...
