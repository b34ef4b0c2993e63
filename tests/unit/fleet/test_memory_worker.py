"""A local worker whose fleet remembers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.fleet.library import Library, bytes_of, new_store
from tests.unit.fleet.stage import command
from xorca import Outcome
from xorca.handlers.local import LocalWorker
from xorca.providers.local import SqliteStore
from xorca.providers.memory import MemoryStore


@pytest.fixture(params=["memory", "sqlite"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[MemoryStore | SqliteStore]:
    """Give a store with a channel."""
    opened = new_store(request.param, tmp_path)
    assert isinstance(opened, MemoryStore | SqliteStore)
    async with opened:
        yield opened


async def test_a_command_that_another_worker_had_answered_is_answered(
    store: MemoryStore | SqliteStore,
) -> None:
    """The other one died before it published; here nothing runs, and the answer leaves."""
    dead, alive = Library(store), Library(store, name="two")
    [lost] = await dead.fleet.handle(command(data={"book_id": "a"}), publish=False)
    outcomes: list[Outcome] = []
    await store.channel.subscribe("process", ["evt.*"])

    async with LocalWorker(store, fleets=[alive.fleet]) as worker:
        worker.on_outcome(outcomes.append)
        await worker.send(command(data={"book_id": "a"}))
        assert await worker.run_until_idle(timeout=30)

    [answer] = await store.channel.receive("process")
    assert alive.ran == []
    assert (outcomes[0].status, outcomes[0].reason) == ("duplicate", "remembered")
    assert answer.event.to_json() == bytes_of(lost.sent)[-1]
    assert (await store.channel.counts("/srvc/books")).in_flight == 0
