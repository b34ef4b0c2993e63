"""Killing processes that use one directory, at random moments or at each step, loses nothing."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from xorca.ports import Query
from xorca.providers.local.files import FileStore

PROJECT = Path(__file__).parents[2]
ROUNDS = 6
PROCESSES = 8
COUNTERS = 5

WORKER = """
import asyncio, os, sys
from xorca.errors import Conflict
from xorca.providers.local.files import FileStore

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

async def rise(store, log):
    while True:
        stored = await store.load("phoenix")
        try:
            if stored is None:
                tag = await store.save("phoenix", b"same", expect=None)
                os.write(log, b"t %s\\n" % tag.encode())
            else:
                await store.delete("phoenix", expect=stored.tag)
                os.write(log, b"d %s\\n" % stored.tag.encode())
        except Conflict:
            await asyncio.sleep(0)

async def main(path, log_path):
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    store = FileStore(path)
    await store.load("counters/0")
    os.write(log, b"started\\n")
    await asyncio.gather(*(count(store, n, log) for n in range(%d)), rise(store, log))

asyncio.run(main(sys.argv[1], sys.argv[2]))
""".replace("%d)), rise", f"{COUNTERS})), rise")


def start(path: Path, log: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(path), str(log)], cwd=PROJECT, stderr=subprocess.PIPE
    )


def run_and_kill(path: Path, logs: Path) -> list[str]:
    """Keep processes at work, killing one at a time; give what they complained of."""
    chance = random.Random(7)
    running = [start(path, logs / f"{number}.log") for number in range(PROCESSES)]
    complaints: list[str] = []
    try:
        for number in range(ROUNDS):
            time.sleep(chance.uniform(0.3, 0.7))
            complaints.append(stop(running.pop(0)))
            running.append(start(path, logs / f"again-{number}.log"))
        wait_for_work(logs)
    finally:
        complaints += [stop(process) for process in running]
    return complaints


def wait_for_work(logs: Path) -> None:
    """Wait until all have begun, so that there is something to look at."""
    deadline = time.monotonic() + 60
    while sum(log.stat().st_size > 0 for log in logs.iterdir()) < PROCESSES:
        assert time.monotonic() < deadline, "the processes do not begin"
        time.sleep(0.1)
    time.sleep(0.5)


def stop(process: subprocess.Popen[bytes]) -> str:
    """Kill a process; give its last words, of which one that works has none."""
    ended = process.poll()
    process.kill()
    _, errors = process.communicate()
    return errors.decode() if ended is None else f"ended by itself: {errors.decode()}"


Aftermath = tuple[Path, list[list[str]], list[str]]


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Aftermath:
    """What is left when all were killed: the directory, what was reported, and complaints."""
    place = tmp_path_factory.mktemp("kill")
    (place / "logs").mkdir()
    complaints = run_and_kill(place / "state", place / "logs")
    logs = sorted((place / "logs").iterdir())
    lines = [line.split() for log in logs for line in log.read_text().splitlines()]
    return place / "state", lines, complaints


def test_no_process_failed(aftermath: Aftermath) -> None:
    """Those that lived saw no error while their neighbours were killed."""
    _, lines, complaints = aftermath

    assert complaints == [""] * (ROUNDS + PROCESSES)
    assert lines.count(["started"]) >= PROCESSES


async def test_no_reported_increment_is_lost(aftermath: Aftermath) -> None:
    """Every counter is at least what was reported, each value was reported once, none torn."""
    path, lines, _ = aftermath
    reported = [(int(line[1]), int(line[2])) for line in lines if line[0] == "c"]
    assert len(reported) == len(set(reported)), "two processes saved the same value"
    assert len(reported) > 100

    async with FileStore(path) as store:
        for number in range(COUNTERS):
            stored = await store.load(f"counters/{number}")
            assert stored is not None
            value = int(stored.body.split(b":")[0])
            assert stored.body == b"%d:" % value + bytes([65 + value % 26]) * 2000
            values = {seen for counter, seen in reported if counter == number}
            assert value >= max(values)
            unreported = value - len(values)
            assert unreported <= ROUNDS + PROCESSES, "more was lost than killed processes held"


def test_no_tag_came_twice(aftermath: Aftermath) -> None:
    """A key that is deleted and made anew with the same bytes has another tag each time."""
    _, lines, _ = aftermath
    made = Counter(line[1] for line in lines if line[0] == "t")
    deleted = Counter(line[1] for line in lines if line[0] == "d")

    assert sum(made.values()) > 10
    assert max(made.values()) == 1
    assert max(deleted.values()) == 1


async def test_what_is_left_can_be_used(aftermath: Aftermath) -> None:
    """The keys are listed as ever, and every one can be saved."""
    path, _, _ = aftermath
    async with FileStore(path) as store:
        keys = [item.key for item in (await store.list(Query())).items]
        for key in keys:
            stored = await store.load(key)
            assert stored is not None
            await store.save(key, b"after", expect=stored.tag)

    assert [key for key in keys if key != "phoenix"] == [f"counters/{n}" for n in range(COUNTERS)]


EACH_STEP = """
import os, shutil, signal, sys
from pathlib import Path
from xorca.providers.local.files_bodies import Bodies
from xorca.providers.local.files_locks import Stripes
from xorca.providers.local.files_root import Root

STEPS = ("open", "mkdir", "write", "pwrite", "utime", "fsync", "link", "replace", "unlink", "close")

def kill_before(step):
    left = [step]
    def counted(call):
        def wrapper(*args, **named):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **named)
        return wrapper
    for name in STEPS:
        setattr(os, name, counted(getattr(os, name)))

def survives(change, before, after, path):
    root = Root(path, sync=True)
    (path / "+locks").mkdir(exist_ok=True)
    files = Bodies(root, Stripes(path / "+locks"))
    step = 0
    while True:
        shutil.rmtree(path / "a", ignore_errors=True)
        if before is not None:
            files.save("a/b/c", before, None)
        old = files.load("a/b/c")
        child = os.fork()
        if child == 0:
            kill_before(step)
            try:
                change(Bodies(root, Stripes(path / "+locks")), old)
            finally:
                os._exit(0)
        status = os.waitpid(child, 0)[1]
        found = files.load("a/b/c")
        body = None if found is None else found.body
        assert body in (before, after), (step, body)
        assert body == after or status, (step, body)
        files.delete("a/b/c", None if found is None else found.tag)
        assert files.load("a/b/c") is None
        if not status:
            return step
        assert os.WTERMSIG(status) == signal.SIGKILL, status
        step += 1

place = Path(sys.argv[1])
old, new = b"old" * 1000, b"new" * 5000
print(survives(lambda f, _: f.save("a/b/c", new, None), None, new, place / "create"))
print(survives(lambda f, o: f.save("a/b/c", new, o.tag), old, new, place / "update"))
print(survives(lambda f, o: f.delete("a/b/c", o.tag), old, None, place / "delete"))
"""


def test_death_at_each_step_leaves_old_or_new(tmp_path: Path) -> None:
    """Whatever call to the system was the last, the body is the old one or the new one."""
    done = subprocess.run(
        [sys.executable, "-c", EACH_STEP, str(tmp_path)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert all(int(steps) > 8 for steps in done.stdout.split())
