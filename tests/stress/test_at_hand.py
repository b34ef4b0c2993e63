"""Programs with a process at hand are killed: nothing half-done is stored, nothing is lost."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.stress.at_hand import END, SUBJECT, Log, LogBus
from tests.unit.runtime.counting import Counter, number
from tests.unit.support import starting
from xorca import Runtime, open_store
from xorca.providers.open import StoreRoom

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


@dataclass
class Scene:
    """A store, a log, and the programs that work on them."""

    url: str
    path: Path
    store: StoreRoom
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def worker(self) -> Runtime:
        """Give a Runtime in this program."""
        return Runtime([Counter], store=self.store, bus=LogBus(Log(self.path)))

    def run(self, *do: str) -> subprocess.Popen[bytes]:
        """Begin a program."""
        command = [sys.executable, "-m", "tests.stress.at_hand", self.url, str(self.path), *do]
        program = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)
        self.running.append(program)
        return program

    def lines(self, begin: str = "") -> list[str]:
        """Give the lines of the log that begin so."""
        text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        return [line for line in text.splitlines() if line.startswith(begin)]

    async def wait_for(self, begin: str, *, count: int = 1) -> None:
        """Wait until the log has lines that begin so."""
        deadline = time.monotonic() + PATIENCE
        while len(self.lines(begin)) < count:
            assert time.monotonic() < deadline, self.lines()
            await asyncio.sleep(0.005)

    def totals(self) -> dict[str, int]:
        """Give the totals that were sent, by their ids; the same id has the same bytes."""
        bodies: dict[str, str] = {}
        for line in self.lines("sent "):
            each = json.loads(line[5:])
            assert bodies.setdefault(each["id"], line) == line
        sent = [json.loads(line[5:]) for line in bodies.values()]
        return {each["id"]: each["data"]["value"] for each in sent if each["type"] == "notif.total"}


def kill(program: subprocess.Popen[bytes]) -> None:
    """Kill a program that still runs."""
    assert program.poll() is None, program.communicate()[1].decode()
    program.kill()
    assert program.communicate()[1] == b""


async def finished(program: subprocess.Popen[bytes]) -> None:
    """Wait for the end of a program that is not killed."""
    _, errors = await asyncio.to_thread(program.communicate, timeout=PATIENCE)
    assert (program.returncode, errors) == (0, b"")


@pytest.fixture(params=["sqlite:///{}/x.db", "file://{}/state"], ids=["sqlite", "files"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a store that programs share."""
    return str(request.param).format(tmp_path)


@pytest.fixture
async def scene(url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """Give a store with one process in it."""
    async with open_store(url) as store:
        made = Scene(url, tmp_path / "log", store)
        await made.worker().handle(starting(Counter, id="start"))
        yield made
    for program in made.running:
        if program.poll() is None:
            program.kill()
            program.communicate()


async def test_killed_in_the_block_nothing_is_stored(scene: Scene) -> None:
    """What was tried is gone with its program; the event is new to the next one."""
    program = scene.run("block")
    await scene.wait_for("in the block 1")
    kill(program)

    found = await scene.worker().describe(SUBJECT)
    assert found is not None
    assert (found.revision, found.memory["total"], scene.totals()) == (1, 0, {})
    async with scene.worker().process(SUBJECT) as p:
        await p.send(number(1))
    assert [one.status for one in p.outcomes] == ["applied"]


async def test_killed_between_save_and_publish_the_next_delivery_repairs(scene: Scene) -> None:
    """It is stored and was not sent; the same event again sends it and changes nothing."""
    program = scene.run("publish")
    await scene.wait_for("publishing")
    kill(program)
    found = await scene.worker().describe(SUBJECT)
    assert found is not None
    assert (found.memory["total"], scene.totals()) == (1, {})

    async with scene.worker().process(SUBJECT) as p:
        await p.send(number(1))

    assert [one.status for one in p.outcomes] == ["duplicate"]
    assert list(scene.totals().values()) == [1]
    assert found.outbox[-1].id in scene.totals()


async def test_a_waiter_elsewhere_gets_its_result_though_a_worker_is_killed(scene: Scene) -> None:
    """One dies before it saves the end, another finishes, a third program hears of it."""
    waiter = scene.run("wait")
    await scene.wait_for("waiting")
    victim = scene.run("save")
    await scene.wait_for("saving")
    kill(victim)
    assert scene.lines("result") == []

    await finished(scene.run("end"))
    await finished(waiter)

    assert scene.lines("result") == ["result ended"]


async def test_two_programs_with_the_same_process_at_hand(scene: Scene) -> None:
    """One is killed at random moments and begun again: each number is added once and told."""
    chance = random.Random(5)
    for turn in range(4):
        victim = scene.run("add", "100", "200")
        await scene.wait_for("added 10", count=turn + 1)
        await asyncio.sleep(chance.uniform(0.0, 0.1))
        if turn == 1:
            other = scene.run("add", "300", "340")
        if victim.poll() is None:
            kill(victim)
    await finished(other)
    await finished(scene.run("add", "100", "200"))

    values = [*range(100, 200), *range(300, 340)]
    found = await scene.worker().describe(SUBJECT)
    assert found is not None
    assert sorted(found.memory["seen"]) == values
    totals = sorted(scene.totals().values())
    assert (len(totals), totals[-1]) == (len(values), sum(values))


async def test_two_workers_wait_and_one_of_them_ends(scene: Scene) -> None:
    """The one that applies the end is woken, the other finds it by looking."""
    here, there = scene.worker(), scene.worker()
    async with open_store(scene.url) as store:
        apart = Runtime([Counter], store=store)
        waiting = [asyncio.create_task(each.result(SUBJECT, 30)) for each in (here, there, apart)]
        await asyncio.sleep(0.05)

        await here.handle(END)

        results = await asyncio.gather(*waiting)
    assert [each.status for each in results] == ["ended"] * 3
    assert results[0] == results[1] == results[2]


async def test_two_workers_with_the_same_process_at_hand(scene: Scene) -> None:
    """Whatever comes between, each event of each block is applied once."""
    async with open_store(scene.url) as store:
        workers = [scene.worker(), Runtime([Counter], store=store, bus=LogBus(Log(scene.path)))]

        async def some(worker: Runtime, values: range) -> None:
            for value in values:
                async with worker.process(SUBJECT) as p:
                    await p.send(number(value))
                    await asyncio.sleep(0)
                    await p.send(number(value + 1000))
                assert [one.status for one in p.outcomes] == ["applied", "applied"]

        await asyncio.gather(some(workers[0], range(100, 115)), some(workers[1], range(200, 215)))

    found = await scene.worker().describe(SUBJECT)
    assert found is not None
    assert len(found.memory["seen"]) == len(set(found.memory["seen"])) == 60
    assert max(scene.totals().values()) == sum(found.memory["seen"])
    assert len(scene.totals()) == 60


async def test_a_list_is_right_while_others_work(scene: Scene) -> None:
    """Every process that was there all the time is listed once, on both kinds of store."""
    worker = scene.worker()
    for each in range(130):
        await worker.handle(starting(Counter, pid=f"old-{each}"))

    async def more() -> None:
        for each in range(40):
            await worker.handle(starting(Counter, pid=f"new-{each}"))

    adding = asyncio.create_task(more())
    listed = [one.subject async for one in scene.worker().processes(name="t.counter")]
    await adding

    old = [subject for subject in listed if "/old-" in subject]
    assert len(old) == len(set(old)) == 130
    assert len(listed) == len(set(listed))
