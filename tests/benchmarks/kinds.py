"""The ways of handling events that are compared, each opened anew in a directory."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from examples.book_summary.orchestrator import BookSummary
from tests.benchmarks.books import Handle, Wire, handle_with, runtime_over
from tests.benchmarks.by_hand import ByHand
from xorca import Runtime
from xorca.providers.local import SqliteStore
from xorca.providers.local.files import FileStore
from xorca.providers.memory import MemoryAlarm, MemoryStore

BY_HAND = "by hand"
STORES = ("memory", "sqlite", "files")
KINDS = (BY_HAND, *STORES)


@asynccontextmanager
async def open_runtime(kind: str, place: Path) -> AsyncGenerator[Runtime]:
    """Open a Runtime on a fresh store; both local ones wait for the disk at every save."""
    if kind == "memory":
        yield runtime_over(MemoryStore())
    elif kind == "sqlite":
        async with SqliteStore(place / "sqlite.db") as store:
            yield runtime_over(store)
    else:
        async with FileStore(place / "files") as files:
            # A directory wakes nobody: who keeps files brings an alarm, here one in memory.
            yield Runtime([BookSummary], store=files, bus=Wire(), alarm=MemoryAlarm())


@asynccontextmanager
async def open_handle(kind: str, place: Path) -> AsyncGenerator[Handle]:
    """Open any of the kinds, the same work written by hand among them."""
    if kind == BY_HAND:
        hand = ByHand(place / "by-hand.db")
        try:
            yield hand.handle
        finally:
            hand.close()
        return
    async with open_runtime(kind, place) as runtime:
        yield handle_with(runtime)
