"""Holders of leases in a table that are killed, stopped, or not answered."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import time
from uuid import uuid4

import pytest

from tests.aws.grounds import GROUNDS
from tests.aws.holder import TTL
from tests.aws.race_words import Count, start_event
from tests.emulators.aws_answers import json_fault
from tests.emulators.proxy import Fault, FaultProxy
from xorca import Runtime
from xorca.errors import LeaseHeld, Unavailable
from xorca.providers.aws import DynamoDBLease, S3Store
from xorca.providers.memory import MemoryStore

pytestmark = pytest.mark.usefixtures("aws_environment")

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def store(moto: str) -> AsyncIterator[S3Store]:
    bucket = await GROUNDS.bucket(moto)
    async with S3Store(bucket, prefix=uuid4().hex, endpoint=moto) as found:
        await found.save("a/b", b"before", expect=None)
        yield found


@pytest.fixture
async def lease(store: S3Store, dynalite: str) -> AsyncIterator[DynamoDBLease]:
    table = await GROUNDS.table(dynalite)
    async with DynamoDBLease(table, prefix=store.prefix, endpoint=dynalite) as found:
        yield found


@pytest.fixture
async def later(lease: DynamoDBLease, dynalite: str) -> AsyncIterator[DynamoDBLease]:
    """The same leases when the holder's has run out, unless it was renewed meanwhile."""
    options = {"prefix": lease.prefix, "endpoint": dynalite}
    async with DynamoDBLease(lease.table, now=lambda: time() + TTL, **options) as found:
        yield found


@asynccontextmanager
async def holding(
    store: S3Store, lease: DynamoDBLease, moto: str, locks: str
) -> AsyncIterator[Process]:
    """Run a holder until it has read the record under its lease."""
    url = f"s3://{store.bucket}/{store.prefix}?endpoint={moto}"
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.aws.holder", url, lease.table, lease.prefix, locks),
        cwd=ROOT,
        stdin=PIPE,
        stdout=PIPE,
    )
    try:
        assert holder.stdout is not None
        assert await holder.stdout.readline() == b"held\n"
        yield holder
    finally:
        if holder.returncode is None:
            holder.kill()
        await holder.communicate()


async def test_lease_of_a_killed_holder_runs_out(
    store: S3Store, lease: DynamoDBLease, later: DynamoDBLease, moto: str, dynalite: str
) -> None:
    """A lease is kept from others while its holder lives, and had by them after its death."""
    async with holding(store, lease, moto, dynalite) as holder:
        with pytest.raises(LeaseHeld):
            async with lease.hold("a/b"):
                pytest.fail("two hold the same lease")
        holder.send_signal(signal.SIGKILL)
        await holder.wait()

        async with later.hold("a/b") as held:
            await held.check()


async def test_stopped_holder_cannot_overwrite(
    store: S3Store, lease: DynamoDBLease, later: DynamoDBLease, moto: str, dynalite: str
) -> None:
    """A holder that wakes after its lease was taken over is refused, and knows it lost it."""
    async with holding(store, lease, moto, dynalite) as holder:
        holder.send_signal(signal.SIGSTOP)
        async with later.hold("a/b"):
            stored = await store.load("a/b")
            assert stored is not None
            await store.save("a/b", b"by the new holder", expect=stored.tag)
            holder.send_signal(signal.SIGCONT)
            said, _ = await holder.communicate(b"go\n")

    assert said.split() == [b"refused", b"lost"]
    after = await store.load("a/b")
    assert after is not None
    assert after.body == b"by the new holder"


async def test_owner_that_was_not_told_asks_again(dynalite: str) -> None:
    """A lease whose grant was lost on the way is still had by whoever asked."""
    async with FaultProxy(dynalite) as proxy:
        proxy.plan(Fault.lost_answer())
        table = await GROUNDS.table(dynalite)
        async with DynamoDBLease(table, prefix=uuid4().hex, endpoint=proxy.url) as lease:
            async with lease.hold("a/b") as held:
                await held.check()
            assert proxy.count("PutItem") == 2


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
async def test_lease_that_cannot_be_had_stops_nobody(dynalite: str, code: str) -> None:
    """A Runtime goes on without leases, for they only spare work."""
    async with FaultProxy(dynalite) as proxy:
        proxy.seed(1, 1.0, json_fault(400, code))
        async with DynamoDBLease("locks", endpoint=proxy.url) as lease:
            with pytest.raises(Unavailable, match="leases are not to be had: the table 'locks'"):
                async with lease.hold("a/b"):
                    pytest.fail("nobody gave it")

            runtime = Runtime([Count], store=MemoryStore(), lease=lease)
            (outcome,) = await runtime.handle(start_event())

    assert outcome.status == "applied"


async def test_expiry_is_compared_and_not_left_to_the_table(dynalite: str) -> None:
    """An old entry that the table has not removed is as good as none."""
    now = [1_000.0]
    table, prefix = await GROUNDS.table(dynalite), uuid4().hex
    async with DynamoDBLease(table, prefix=prefix, now=lambda: now[0], endpoint=dynalite) as lease:
        assert await lease.take("a/b", "one", 30.0)
        assert not await lease.take("a/b", "two", 30.0)

        now[0] += 30.0

        assert await lease.take("a/b", "two", 30.0)
        assert not await lease.renew("a/b", "one", 30.0)
        await lease.release("a/b", "one")
        assert not await lease.take("a/b", "three", 30.0)
