"""One of the processes that are killed: orchestrator and services over one file."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from tests.stress.parted import LEDGER, Parted
from tests.stress.sabotage import SABOTAGES
from tests.stress.shift import Shift, Token, Work
from xorca import open_store
from xorca.errors import PortError
from xorca.fleet import Call, Fleet
from xorca.handlers import local
from xorca.ports import Store
from xorca.providers.channel import Delivery
from xorca.providers.local import SqliteStore
from xorca.runtime import Outcome

COMMANDS = ("cmd.hammer.piece", "cmd.hammer.left", "cmd.hammer.right", "cmd.hammer.count")
STARTED = "started"


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is told: the file, where to log, its luck, what it breaks, and the state.

    ``lost`` is the part of acknowledgements that go wrong, so that events come again without
    any kill too.
    """

    path: Path
    log: Path
    seed: int
    lost: float
    sabotage: str = ""
    store: str = ""


class Witness(Fleet):
    """A fleet that writes down the id and the bytes of every command that it is given."""

    log: int

    async def handle(
        self, *events: Any, publish: bool = True, raise_on_retry: bool = False
    ) -> list[Outcome]:
        """Write down, then serve."""
        for event in events:
            digest = sha256(event.to_json()).hexdigest()[:32]
            os.write(self.log, f"served {event.id} {digest}\n".encode())
        return await super().handle(*events, publish=publish, raise_on_retry=raise_on_retry)


def work_until_killed(job: Job) -> None:
    """Work for ever; ends only by a signal, or with an error that the check will see."""
    # What a killed worker had taken comes again after this time; the hammer cannot wait.
    local.VISIBILITY = 1.0
    logging.getLogger("xorca").addHandler(logging.NullHandler())
    if job.sabotage:
        SABOTAGES[job.sabotage]()
    asyncio.run(_work(job))


async def _work(job: Job) -> None:
    log = os.open(job.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    random, broker = Random(job.seed), SqliteStore(job.path)
    _lose_some_acks(broker, random, job.lost)
    async with AsyncExitStack() as stack:
        store: Store = await stack.enter_async_context(broker)
        if job.store:
            state = await stack.enter_async_context(open_store(job.store))
            store = Parted(state, broker, job.path.with_name(LEDGER))
        worker = local.LocalWorker(store, [Shift], fleets=[services(log, random)])
        await stack.enter_async_context(worker)
        worker.on_outcome(lambda outcome: _write(log, outcome))
        os.write(log, f"{STARTED}\n".encode())
        await asyncio.Event().wait()


def _write(log: int, outcome: Outcome) -> None:
    if outcome.status != "applied":
        reason = "store" if isinstance(outcome.error, PortError) else outcome.reason
        os.write(log, f"outcome {outcome.status}:{reason}\n".encode())


def services(log: int, random: Random) -> Fleet:
    """Give the services, which answer within ten milliseconds, in any order."""
    fleet = Witness("/services/hammer", concurrency=8)
    fleet.log = log

    async def serve(given: Work, call: Call) -> Token:
        await asyncio.sleep(random.random() * 0.01)
        return Token(call.command.get_id())

    for name in COMMANDS:
        fleet.serves(name, timeout=timedelta(seconds=1))(serve)
    return fleet


def _lose_some_acks(store: SqliteStore, random: Random, lost: float) -> None:
    """Have some events come again at once, as from a broker that lost an acknowledgement."""
    channel = store.channel
    ack = channel.ack

    async def ack_mostly(deliveries: Sequence[Delivery]) -> None:
        if random.random() < lost:
            await channel.nack(deliveries, delay=random.random() * 0.1)
        else:
            await ack(deliveries)

    channel.ack = ack_mostly  # type: ignore[method-assign]
