"""Many workers in many processes fight over one process in Blob storage."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from tests.azure.blobs import connection_string
from tests.azure.events import SUBJECT, started, tick
from tests.azure.machines import Tally
from tests.emulators.proxy import Fault, FaultProxy
from xorca import Runtime
from xorca.providers.azure import BlobStore

FAULTS = (Fault.lost_answer(), Fault.lost_request(), Fault.answer(503), Fault.answer(500))


@dataclass(frozen=True, slots=True)
class Race:
    """So many workers in so many processes, each with so many events."""

    url: str
    container: str
    leased: bool
    workers: int = 32
    events: int = 10
    processes: int = 8

    @property
    def tokens(self) -> list[str]:
        """What every event in the race is known by."""
        return [f"{w}-{n}" for w in range(self.workers) for n in range(self.events)]


@dataclass(frozen=True, slots=True)
class Lap:
    """What one worker saw: its outcomes, and what it emitted, as (id, bytes)."""

    statuses: Sequence[str]
    emitted: Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Result:
    """What all of them saw, and what is stored in the end."""

    laps: Sequence[Lap]
    tokens: Sequence[str]
    revision: int
    requests: int

    @property
    def statuses(self) -> Counter[str]:
        """How often events ended how."""
        return Counter(status for lap in self.laps for status in lap.statuses)

    @property
    def commands(self) -> dict[str, set[bytes]]:
        """The bytes of every command that was emitted, by its id."""
        found: dict[str, set[bytes]] = {}
        for emit_id, body in [pair for lap in self.laps for pair in lap.emitted]:
            found.setdefault(emit_id, set()).add(body)
        return found


def work(race: Race, worker: int) -> list[Lap]:
    """Run the workers of one process."""
    logging.getLogger("xorca").addHandler(logging.NullHandler())
    mine = range(worker, race.workers, race.processes)

    async def all_of_them() -> list[Lap]:
        return list(await asyncio.gather(*(_work(race, number) for number in mine)))

    return asyncio.run(all_of_them())


async def _work(race: Race, worker: int) -> Lap:
    statuses: list[str] = []
    emitted: list[tuple[str, bytes]] = []
    async with BlobStore(race.container, connection_string=connection_string(race.url)) as store:
        runtime = Runtime([Tally], store=store, lease=store.lease if race.leased else None)
        for number in range(race.events):
            status = "retry"
            while status == "retry":  # as a broker does: deliver it again
                (outcome,) = await runtime.handle(tick(f"{worker}-{number}"), publish=False)
                status = outcome.status
                statuses.append(status)
            emitted += [(event.id, event.to_json()) for event in outcome.sent]
    return Lap(statuses, emitted)


async def run(race: Race, proxy: FaultProxy | None = None) -> Result:
    """Start the process that they fight over, let them fight, and look at it."""
    text = connection_string(race.url)
    async with BlobStore(race.container, connection_string=text) as store:
        runtime = Runtime([Tally], store=store)
        await runtime.handle(started(), publish=False)
        if proxy is not None:
            proxy.seed(1, 0.05, *FAULTS)
        laps = await _fight(race)
        if proxy is not None:
            proxy.seed(1, 0.0)
        described = await runtime.describe(SUBJECT)
    assert described is not None
    requests = 0 if proxy is None else proxy.count()
    return Result(laps, described.memory["tokens"], described.revision, requests)


async def _fight(race: Race) -> list[Lap]:
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.azure.racing", "xorca.providers.azure.blob_opening"])
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(race.processes, mp_context=context) as pool:
        jobs = [loop.run_in_executor(pool, work, race, each) for each in range(race.processes)]
        return [lap for laps in await asyncio.gather(*jobs) for lap in laps]
