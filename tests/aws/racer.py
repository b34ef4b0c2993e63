"""One process of a race: ``python -m tests.aws.racer <job>``; begins when a line comes in."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from hashlib import sha256
from random import Random

import tests.aws.patience  # noqa: F401  for what it does
from tests.aws.race_words import Count, Job, token_event
from xorca import Runtime, open_store
from xorca.errors import Unavailable
from xorca.events import Event
from xorca.ports import Store, Summary
from xorca.providers.aws import DynamoDBLease

PARENT = os.getppid()


class Paper:
    """A bus that writes down the id and the bytes of what it is given."""

    def __init__(self, path: str) -> None:
        self._log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def publish(self, events: Sequence[Event]) -> None:
        for event in events:
            digest = sha256(event.to_json()).hexdigest()
            os.write(self._log, f"{event.type} {event.id} {digest}\n".encode())


async def race(job: Job) -> None:
    """Apply the events of every worker, each until it was taken."""
    async with AsyncExitStack() as stack:
        crew = [await _runtime(job, stack) for _ in range(job.workers)]
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await asyncio.gather(*(_work(job, number, one) for number, one in enumerate(crew)))


async def _runtime(job: Job, stack: AsyncExitStack) -> Runtime:
    store = await stack.enter_async_context(open_store(job.url))
    with suppress(Unavailable):  # only for the clients to be open
        await store.load("warm/up")
    if job.sabotage:
        _ignore_conditions(store)
    lease = None
    if job.lease:
        lease = await stack.enter_async_context(DynamoDBLease(job.lease, endpoint=job.locks))
    return Runtime([Count], store=store, bus=Paper(job.log), lease=lease)


async def _work(job: Job, number: int, runtime: Runtime) -> None:
    random = Random(f"{job.name}-{number}")
    for turn in range(job.events):
        event = token_event(f"{job.name}-{number}-{turn}")
        while True:
            (outcome,) = await runtime.handle(event)
            if outcome.status != "retry":
                break
            if os.getppid() != PARENT:
                raise SystemExit("nobody waits for the end of this race any more")
            await asyncio.sleep(random.random())


def _ignore_conditions(store: Store) -> None:
    save = store.save

    async def overwrite(
        key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        stored = await store.load(key)
        return await save(key, body, expect=stored.tag if stored else None, summary=summary)

    store.save = overwrite  # type: ignore[method-assign]


if __name__ == "__main__":
    asyncio.run(race(Job.read(sys.argv[1])))
