"""Killing processes that use one SQLite file at random moments loses nothing."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from xorca.events import Event
from xorca.providers.local import SqliteStore

ROUNDS = 12
PROCESSES = 4
COUNTERS = 5

WORKER = """
import asyncio, os, sys
from xorca.errors import Conflict
from xorca.events import Event
from xorca.providers.local import SqliteStore

async def count(store, number, log):
    key = f"counters/{number}"
    while True:
        stored = await store.load(key)
        old = stored.body if stored else b"0:" + b"." * 2000
        value = int(old.split(b":")[0]) + 1
        body = b"%d:" % value + bytes([65 + value % 26]) * 2000
        try:
            await store.save(key, body, expect=stored.tag if stored else None)
        except Conflict:
            await asyncio.sleep(0)
        else:
            os.write(log, b"c %d %d\\n" % (number, value))

async def send(channel, log):
    for number in range(1_000_000):
        name = f"{os.getpid()}-{number}"
        await channel.publish([Event(id=name, source="/kill", type="evt.a.b.success")])
        os.write(log, b"p %s\\n" % name.encode())
        await asyncio.sleep(0.002)

async def work(channel, log):
    while True:
        taken = await channel.receive("workers", limit=8, visibility=0.5)
        for delivery in taken:
            os.write(log, b"r %s\\n" % delivery.event.id.encode())
        await channel.ack(taken)
        await channel.wait(1.0, group="workers")

async def main(path, log_path):
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    store = SqliteStore(path)
    await store.channel.subscribe("workers", ["evt.*"])
    os.write(log, b"started\\n")
    counters = [count(store, n, log) for n in range(%d)]
    await asyncio.gather(*counters, send(store.channel, log), work(store.channel, log))

asyncio.run(main(sys.argv[1], sys.argv[2]))
""".replace("%d)]", f"{COUNTERS})]")


@dataclass(frozen=True)
class Victim:
    process: subprocess.Popen[bytes]
    log: Path

    def wait_until_it_works(self) -> None:
        """Give a machine that has much to do the time to start it."""
        end = time.monotonic() + 30
        while time.monotonic() < end and self.process.poll() is None:
            if self.log.exists() and b"\nc " in self.log.read_bytes():
                return
            time.sleep(0.01)


def start(path: Path, log: Path) -> Victim:
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(path), str(log)],
        cwd=Path(__file__).parents[2],
        stderr=subprocess.PIPE,
    )
    return Victim(process, log)


def run_and_kill(path: Path, logs: Path) -> list[str]:
    """Keep processes at work, killing one at a time; give what they complained of."""
    chance = random.Random(7)
    running = [start(path, logs / f"{number}.log") for number in range(PROCESSES)]
    complaints: list[str] = []
    try:
        for number in range(ROUNDS):
            running[0].wait_until_it_works()
            time.sleep(chance.uniform(0.2, 0.5))
            complaints.append(stop(running.pop(0).process))
            running.append(start(path, logs / f"again-{number}.log"))
    finally:
        complaints += [stop(victim.process) for victim in running]
    return complaints


def stop(process: subprocess.Popen[bytes]) -> str:
    """Kill a process; give its last words, of which one that works has none."""
    ended = process.poll()
    process.kill()
    _, errors = process.communicate()
    return errors.decode() if ended is None else f"ended by itself: {errors.decode()}"


def read_logs(logs: Path) -> list[list[str]]:
    lines = [line for log in sorted(logs.iterdir()) for line in log.read_text().splitlines()]
    return [line.split() for line in lines]


async def drain(store: SqliteStore) -> list[Event]:
    found: list[Event] = []
    while await store.channel.wait(1.0, group="workers"):
        taken = await store.channel.receive("workers", limit=100)
        found += [delivery.event for delivery in taken]
        await store.channel.ack(taken)
    return found


@pytest.fixture(scope="module")
def aftermath(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, list[list[str]], list[str]]:
    """What is left when all were killed: the file, what was acknowledged, and complaints."""
    place = tmp_path_factory.mktemp("kill")
    (place / "logs").mkdir()
    complaints = run_and_kill(place / "x.db", place / "logs")
    return place / "x.db", read_logs(place / "logs"), complaints


Aftermath = tuple[Path, list[list[str]], list[str]]


async def test_no_process_failed(aftermath: Aftermath) -> None:
    """Those that lived saw no error while their neighbours were killed."""
    _, lines, complaints = aftermath

    assert complaints == [""] * (ROUNDS + PROCESSES)
    assert sum(line == ["started"] for line in lines) > PROCESSES


async def test_no_acknowledged_increment_is_lost(aftermath: Aftermath) -> None:
    """Every counter is at least what was reported, each value was reported once, none torn."""
    path, lines, _ = aftermath
    reported = [(int(line[1]), int(line[2])) for line in lines if line[0] == "c"]
    assert len(reported) == len(set(reported)), "two processes saved the same value"
    assert len(reported) > 100

    async with SqliteStore(path) as store:
        for number in range(COUNTERS):
            stored = await store.load(f"counters/{number}")
            assert stored is not None
            value = int(stored.body.split(b":")[0])
            assert stored.body == b"%d:" % value + bytes([65 + value % 26]) * 2000
            values = {seen for counter, seen in reported if counter == number}
            assert value >= max(values)
            unreported = value - len(values)
            assert unreported <= ROUNDS + PROCESSES, "more was lost than killed processes held"


async def test_no_published_event_is_lost(aftermath: Aftermath) -> None:
    """Every event that was accepted was received by somebody, or waits."""
    path, lines, _ = aftermath
    published = {line[1] for line in lines if line[0] == "p"}
    received = {line[1] for line in lines if line[0] == "r"}

    async with SqliteStore(path) as store:
        waiting = {event.id for event in await drain(store)}
        counts = await store.channel.counts()

    assert len(published) > 100
    assert published <= received | waiting
    assert (counts.waiting, counts.in_flight, counts.dead) == (0, 0, 0)
