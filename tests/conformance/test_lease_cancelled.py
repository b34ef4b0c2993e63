"""A caller that is cancelled while it asks for a lease does not keep it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from xorca.providers.local import SqliteStore


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with SqliteStore(tmp_path / "x.db") as opened:
        yield opened


@pytest.mark.parametrize("turns", range(6))
async def test_a_cancelled_request_leaves_the_lease_free(store: SqliteStore, turns: int) -> None:
    """Whatever the turn of the loop in which the request is given up."""

    async def ask() -> None:
        async with store.lease.hold("k", ttl=900):
            await asyncio.sleep(60)

    async with store.lease.hold("other"):
        pass
    busy = [asyncio.ensure_future(store.save(f"k/{turns}/{i}", b"", expect=None)) for i in range(5)]
    asking = asyncio.ensure_future(ask())
    for _ in range(turns):
        await asyncio.sleep(0)

    asking.cancel()
    await asyncio.gather(asking, *busy, return_exceptions=True)

    async with store.lease.hold("k", ttl=900, wait=0.2):
        pass
