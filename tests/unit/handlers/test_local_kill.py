"""Workers that are killed in mid-work lose nothing and apply nothing twice."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.unit.handlers.stage import Steps, begin, summaries
from xorca.engine.record import unseal
from xorca.ports import Query
from xorca.providers.local import SqliteStore

ROOT = Path(__file__).parents[3]
PROCESSES = 60
KILLS = 3
PATIENCE = 60.0


def start_worker(path: Path, log: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.unit.handlers.killable", str(path), str(log)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )


def kill(process: subprocess.Popen[bytes]) -> bytes:
    assert process.poll() is None, "the worker ended by itself"
    process.kill()
    return process.communicate()[1]


def lines_of(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


async def wait_for(count: int, log: Path, worker: subprocess.Popen[bytes]) -> None:
    """Wait until so many commands were taken."""
    end = time.monotonic() + PATIENCE
    while len(lines_of(log)) < count:
        assert worker.poll() is None, (worker.communicate()[1] or b"").decode()
        assert time.monotonic() < end, f"{len(lines_of(log))} of {count} commands were taken"
        await asyncio.sleep(0.005)


async def wait_until_ended(store: SqliteStore) -> None:
    end = time.monotonic() + PATIENCE
    while [each.status for each in await summaries(store)] != ["ended"] * PROCESSES:
        assert time.monotonic() < end, Counter(s.state for s in await summaries(store))
        await asyncio.sleep(0.05)


async def wait_until_told(store: SqliteStore) -> None:
    """Wait until nothing but the notifications is left in the channel."""
    end = time.monotonic() + PATIENCE
    while True:
        counts, told = await store.channel.counts(), await store.channel.counts("tests")
        if counts.in_flight == 0 and counts.waiting == told.waiting >= PROCESSES:
            return
        assert time.monotonic() < end, counts
        await asyncio.sleep(0.05)


async def work_and_kill(path: Path, log: Path) -> None:
    """Kill three workers in mid-work, and let a fourth finish."""
    async with SqliteStore(path) as store:
        await store.channel.subscribe("tests", ["notif.*"])
        await store.channel.publish([begin(Steps, number) for number in range(PROCESSES)])
        for number in range(1, KILLS + 1):
            worker = start_worker(path, log)
            await wait_for(number * PROCESSES // 3, log, worker)
            assert kill(worker) == b""
        worker = start_worker(path, log)
        await wait_until_ended(store)
        await wait_until_told(store)
        assert kill(worker) == b""


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """What is left when three workers were killed and a fourth had finished."""
    place = tmp_path_factory.mktemp("kill")
    path, log = place / "state.db", place / "served.log"
    asyncio.run(work_and_kill(path, log))
    return path, lines_of(log)


async def test_every_step_is_applied_once(aftermath: tuple[Path, list[str]]) -> None:
    """A start and two answers are three revisions, and the memory shows each once."""
    async with SqliteStore(aftermath[0]) as store:
        keys = [item.key for item in (await store.list(Query())).items]
        records = [unseal((await store.load(key)).body, where=key) for key in keys]  # type: ignore[union-attr]

    assert [record.revision for record in records] == [3] * PROCESSES
    assert {bytes(record.memory) for record in records} == {b'{"text":"xx1"}'}


async def test_every_notification_is_sent_once(aftermath: tuple[Path, list[str]]) -> None:
    """The channel keeps one event an id, however often it was published."""
    async with SqliteStore(aftermath[0]) as store:
        found = await store.channel.receive("tests", limit=1000)

    told = Counter(each.event.subject for each in found)
    assert told == {f"steps/1.0.0/p-{number}": 1 for number in range(PROCESSES)}


async def test_only_what_was_in_flight_is_served_again(
    aftermath: tuple[Path, list[str]],
) -> None:
    """Each command is served, and again only if its worker died: four at once at most."""
    served = Counter(aftermath[1])

    assert len(served) == 2 * PROCESSES
    assert sum(served.values()) - len(served) <= 4 * KILLS
