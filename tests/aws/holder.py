"""Hold a lease, read, wait for a line, and save: ``python -m tests.aws.holder <url> <table> <prefix> <locks>``."""

from __future__ import annotations

import asyncio
import sys

import tests.aws.patience  # noqa: F401  for what it does
from xorca import open_store
from xorca.errors import Conflict, LeaseLost
from xorca.ports import Held, Store
from xorca.providers.aws import DynamoDBLease

TTL = 60.0


async def main(url: str, table: str, prefix: str, locks: str) -> None:
    lease = DynamoDBLease(table, prefix=prefix, endpoint=locks)
    async with open_store(url) as store, lease, lease.hold("a/b", ttl=TTL) as held:
        await work(store, held)


async def work(store: Store, held: Held) -> None:
    stored = await store.load("a/b")
    assert stored is not None
    print("held", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    try:
        await store.save("a/b", b"by the old holder", expect=stored.tag)
    except Conflict:
        print("refused", flush=True)
    else:
        print("saved", flush=True)
    try:
        await held.check()
    except LeaseLost:
        print("lost", flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
