"""Workers over Blob storage that are killed keep the promise; leases outlive nobody for long."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from random import Random

import pytest

from tests.azure.blobs import connection_string, make_container
from tests.azure.events import SUBJECT, started, tick
from tests.azure.killing import Crew, Job, violations, what_starts
from tests.azure.machines import Tally
from tests.azure.racing import Race, run
from tests.emulators.proxy import FaultProxy
from xorca import Runtime
from xorca.engine.ids import storage_key
from xorca.errors import LeaseHeld
from xorca.providers.azure import BlobStore
from xorca.providers.local import SqliteStore

ROOT = Path(__file__).parents[2]
HOT = storage_key("tally", "hot")
VERSION = "2025-11-05"
HOLDER = """
import asyncio, sys
from xorca.errors import PortError
from xorca.errors import LeaseHeld
from xorca.providers.azure import BlobStore

async def main(container, key, text, ttl):
    async with BlobStore(container, connection_string=text, api_version="2025-11-05") as store:
        stored = await store.load(key)
        async with store.lease.hold(key, ttl=int(ttl)):
            print("held", flush=True)
            await asyncio.to_thread(sys.stdin.readline)
            try:
                await store.save(key, b"from the past", expect=stored.tag)
                print("saved", flush=True)
            except PortError as error:
                print(type(error).__name__, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program, *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, text=True, stdin=pipe, stdout=pipe)


@pytest.fixture
async def store(hasty_azurite: str, fresh_name: str) -> AsyncGenerator[BlobStore]:
    await make_container(hasty_azurite, fresh_name, api_version=VERSION)
    text = connection_string(hasty_azurite)
    async with BlobStore(fresh_name, connection_string=text, api_version=VERSION) as store:
        yield store


@pytest.fixture
async def holder(
    request: pytest.FixtureRequest, store: BlobStore, hasty_azurite: str, fresh_name: str
) -> AsyncGenerator[subprocess.Popen[str]]:
    """A process that holds the lease on the record, and will save when it is told to."""
    await Runtime([Tally], store=store).handle(started(), publish=False)
    text = connection_string(hasty_azurite)
    process = start(HOLDER, fresh_name, HOT, text, str(request.param))
    try:
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == "held\n"
        yield process
    finally:
        process.kill()
        await asyncio.to_thread(process.communicate)


@pytest.mark.parametrize("holder", [15], indirect=True)
@pytest.mark.parametrize("writes", [False, True])
async def test_holder_that_stood_still_cannot_write(
    store: BlobStore, holder: subprocess.Popen[str], writes: bool
) -> None:
    """Stopped beyond the time of its lease it is refused, whether or not the next one wrote."""
    os.kill(holder.pid, signal.SIGSTOP)
    before = await store.load(HOT)
    assert before is not None

    async with store.lease.hold(HOT, wait=60):
        if writes:
            await store.save(HOT, before.body, expect=before.tag)
        os.kill(holder.pid, signal.SIGCONT)
        said, _ = await asyncio.to_thread(holder.communicate, "\n")

    # Of two reasons to refuse it, the server names the one that it looks at first.
    assert said in ({"LeaseLost\n", "Conflict\n"} if writes else {"LeaseLost\n"})
    after = await store.load(HOT)
    assert after is not None
    assert after.body == before.body


@pytest.mark.parametrize("holder", [32], indirect=True)
async def test_killed_holder_is_taken_over(store: BlobStore, holder: subprocess.Popen[str]) -> None:
    """A lease outlives its holder for its time only; who waits for it then works under it."""
    runtime = Runtime([Tally], store=store, lease=store.lease)
    holder.kill()
    with pytest.raises(LeaseHeld):
        async with store.lease.hold(HOT):
            pytest.fail("the lease did not outlive its holder")

    status = "retry"
    while status == "retry":
        (outcome,) = await runtime.handle(tick("a"), publish=False)
        status = outcome.status

    assert status == "applied"
    described = await runtime.describe(SUBJECT)
    assert described is not None
    assert described.memory["tokens"] == ["a"]


@pytest.mark.parametrize("faulty", [False, True], ids=["plain", "faults"])
@pytest.mark.parametrize("leased", [False, True], ids=["etag", "lease"])
async def test_hot_key_loses_nothing(
    azurite: dict[str, str], fresh_name: str, leased: bool, faulty: bool
) -> None:
    """Workers of several processes fight over one process: each event once, each command as stored."""
    await make_container(azurite["blob"], fresh_name)
    async with FaultProxy(azurite["blob"]) as proxy:
        race = Race(proxy.url, fresh_name, leased, workers=8, events=2, processes=4)

        result = await run(race, proxy if faulty else None)

    assert sorted(result.tokens) == sorted(race.tokens)
    assert result.revision == 1 + len(race.tokens)
    assert len(result.commands) == len(race.tokens)
    assert {len(bodies) for bodies in result.commands.values()} == {1}


async def test_killed_workers_lose_nothing(
    azurite: dict[str, str], fresh_name: str, tmp_path: Path
) -> None:
    """Six kills among three workers: every event applied once, every command sent, and as stored."""
    count = 8
    await make_container(azurite["blob"], fresh_name)
    job = Job(azurite["blob"], fresh_name, tmp_path / "channel.db", tmp_path / "log", seed=3)
    crew = Crew(job, size=3, random=Random(5))
    async with SqliteStore(job.channel) as broker:
        await broker.channel.subscribe("watch", ["notif.hammer.done"])
        try:
            crew.fill()
            await broker.channel.publish(list(what_starts(count)))
            for _ in range(6):
                await asyncio.sleep(0.5)
                crew.kill_one()
                crew.fill()
            await _all_done(broker, count)
        finally:
            crew.kill_all()

    assert await violations(job, count) == []


async def _all_done(broker: SqliteStore, count: int) -> None:
    done: set[str | None] = set()
    async with asyncio.timeout(90):
        while len(done) < count:
            heard = await broker.channel.receive("watch", limit=100)
            done |= {delivery.event.subject for delivery in heard}
            await broker.channel.ack(heard)
            await broker.channel.wait(1.0, group="watch")
