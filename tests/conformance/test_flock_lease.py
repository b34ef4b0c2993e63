"""Leases by flock keep the contract, last as long as their process, and tell of their loss."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import suppress
from pathlib import Path

import pytest

from xorca.errors import ConfigurationError, LeaseHeld, LeaseLost, Unavailable
from xorca.ports import Lease
from xorca.providers.guarding import while_held
from xorca.providers.leasing import hold
from xorca.providers.local import SqliteStore
from xorca.providers.local.files import FileStore, FlockLease
from xorca.providers.local.files_locks import is_at, open_locked, unlock
from xorca.providers.memory import MemoryLease
from xorca_contrib.conformance import LeaseContract

ROOT = Path(__file__).parents[2]


class TestFlockLease(LeaseContract):
    @pytest.fixture
    async def lease(self, tmp_path: Path) -> AsyncGenerator[FlockLease]:
        self.place = tmp_path / "leases"
        lease = FlockLease(self.place)
        yield lease
        await lease.close()

    async def another(self, lease: Lease) -> Lease:
        return FlockLease(self.place)

    @pytest.mark.skip(reason="a lock has no time: who stands still keeps it")
    async def test_abandoned_lease_runs_out(self, lease: Lease) -> None: ...

    @pytest.mark.skip(reason="a lock has no time: nobody loses it to another by standing still")
    async def test_loser_does_not_release(self, lease: Lease) -> None: ...


@pytest.fixture
def lease(tmp_path: Path) -> FlockLease:
    return FlockLease(tmp_path / "leases")


@pytest.fixture(params=["memory", "sqlite", "files", "flock"])
async def any_lease(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncGenerator[MemoryLease | FlockLease | Lease]:
    """Each kind of lease, of which no store was used before."""
    if request.param == "memory":
        yield MemoryLease()
    elif request.param == "flock":
        yield FlockLease(tmp_path / "leases")
    else:
        kind = SqliteStore if request.param == "sqlite" else FileStore
        async with kind(tmp_path / "state") as store:
            yield store.lease


async def test_lease_needs_no_store(any_lease: Lease) -> None:
    """A lease of many minutes is held, checked and given back without any record."""
    async with any_lease.hold("reports/Daily run 7", ttl=900) as held:
        await held.check()
        with pytest.raises(LeaseHeld):
            async with any_lease.hold("reports/Daily run 7", ttl=900):
                pytest.fail("two hold the same lease")

    async with any_lease.hold("reports/Daily run 7", ttl=900):
        pass


async def guard(lease: Lease, work: Callable[[], Awaitable[object]]) -> None:
    """Work under a lease that is often checked."""
    async with lease.hold("a/b", ttl=900) as held, while_held(held, every=0.01):
        await work()


async def test_block_without_loss_ends_as_it_is(any_lease: Lease) -> None:
    """A guarded block that keeps its lease runs to its end, and its errors come out."""

    async def fail() -> None:
        await asyncio.sleep(0.05)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await guard(any_lease, fail)
    await guard(any_lease, lambda: asyncio.sleep(0.05))

    assert cancellations() == 0


async def test_loss_ends_the_block(lease: FlockLease) -> None:
    """Whoever relies on a lease is cancelled when it is lost, and told by LeaseLost."""

    async def lose() -> None:
        remove_files(lease)
        await asyncio.sleep(60)

    with pytest.raises(LeaseLost, match="not ours any more"):
        await guard(lease, lose)

    assert cancellations() == 0


async def test_loss_is_told_to_who_ignores_it(lease: FlockLease) -> None:
    """A block that swallows the cancellation ends with LeaseLost all the same."""

    async def ignore() -> None:
        remove_files(lease)
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)

    with pytest.raises(LeaseLost):
        await guard(lease, ignore)

    assert cancellations() == 0


def cancellations() -> int:
    """Give how many cancellations of this task nobody has taken back."""
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling()


class LostTable:
    """A table of leases that cannot be reached any more once a lease was taken."""

    async def take(self, key: str, owner: str, ttl: float) -> bool:
        return True

    async def renew(self, key: str, owner: str, ttl: float) -> bool:
        raise Unavailable("the network is gone")

    async def release(self, key: str, owner: str) -> None:
        raise Unavailable("the network is gone")


async def test_lease_that_ran_out_unseen_ends_the_block() -> None:
    """When nobody can say whose the lease is, the block goes on until its time has run out."""

    async def work() -> None:
        lease = hold(LostTable(), "a/b", ttl=2, wait=0)
        async with lease as held, while_held(held, every=0.01):
            await asyncio.sleep(0.05)
            goes_on.append(not held.lost)
            await asyncio.sleep(60)

    goes_on: list[bool] = []

    with pytest.raises(LeaseLost, match="could not be renewed in its time"):
        await work()

    assert goes_on == [True]


async def test_cancellation_by_others_stays_one(lease: FlockLease) -> None:
    """A guarded block that somebody else cancels ends as cancelled, and frees the lease."""
    inside = asyncio.Event()

    async def work() -> None:
        async with lease.hold("a/b") as held, while_held(held):
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.ensure_future(work())
    await inside.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    async with lease.hold("a/b"):
        pass


@pytest.mark.parametrize("every", [0, -1, float("nan")])
async def test_guard_needs_a_pause(lease: FlockLease, every: float) -> None:
    """A lease cannot be checked without a pause."""
    async with lease.hold("a/b") as held:
        with pytest.raises(ConfigurationError, match="every so many seconds"):
            async with while_held(held, every=every):
                pytest.fail("such a guard cannot be kept")


async def test_removed_file_is_noticed(lease: FlockLease) -> None:
    """A lease whose file is gone is lost, by the check that asks."""
    async with lease.hold("a/b", ttl=900) as held:
        remove_files(lease)

        assert not held.lost
        with pytest.raises(LeaseLost):
            await held.check()
        assert held.lost


async def test_loss_is_noticed_in_the_background(lease: FlockLease) -> None:
    """Three times in a ttl it is looked whether the lease is still there."""
    async with lease.hold("a/b", ttl=0.03) as held:
        remove_files(lease)
        for _ in range(3000):
            if held.lost:
                break
            await asyncio.sleep(0.01)

        assert held.lost


async def test_loser_leaves_the_next_one_alone(lease: FlockLease) -> None:
    """Who lost a lease by its file does not remove the file of the next one."""
    first = lease.hold("a/b")
    await first.__aenter__()
    remove_files(lease)
    async with lease.hold("a/b") as held:
        await first.__aexit__(None, None, None)

        await held.check()
        with pytest.raises(LeaseHeld):
            async with lease.hold("a/b"):
                pytest.fail("two hold the same lease")


async def test_released_lease_leaves_no_file(lease: FlockLease) -> None:
    """The directory does not grow with the keys that were ever held."""
    for number in range(5):
        async with lease.hold(f"job/{number}"):
            pass

    assert list(lease.path.iterdir()) == []


async def test_cancelled_callers_hold_nothing(
    lease: FlockLease, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Callers that are cancelled while they ask leave the lease free."""

    async def ask() -> None:
        async with lease.hold("a/b", wait=60):
            await asyncio.sleep(60)

    truly = fcntl.flock

    def slow(file: int, operation: int) -> None:
        time.sleep(0.02)
        truly(file, operation)

    monkeypatch.setattr(fcntl, "flock", slow)
    for turns in range(12):
        caller = asyncio.ensure_future(ask())
        await asyncio.sleep(turns * 0.008)
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)

    async with lease.hold("a/b", wait=5) as held:
        await held.check()


def test_lock_on_a_removed_file_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who opened a file that its last holder then removed locks the next one instead."""
    path = tmp_path / "lock"
    truly, removals = fcntl.flock, [2]

    def late(file: int, operation: int) -> None:
        if removals[0]:
            removals[0] -= 1
            path.unlink()
        truly(file, operation)

    monkeypatch.setattr(fcntl, "flock", late)

    lock = open_locked(str(path))

    assert lock is not None
    assert is_at(lock, str(path))
    unlock(lock)


async def test_holder_that_is_cancelled_at_its_end_frees_the_lease(lease: FlockLease) -> None:
    """A cancellation while the lease is given back does not keep it."""
    leaving = asyncio.Event()

    async def work() -> None:
        async with lease.hold("a/b"):
            for _ in range(4):
                lease._threads.submit(lambda: time.sleep(0.1))
            leaving.set()

    task = asyncio.ensure_future(work())
    await leaving.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    async with lease.hold("a/b", wait=5) as held:
        await held.check()


@pytest.mark.parametrize("keys", [("a/b", "a-b"), ("A", "a"), ("ä", "ö"), ("x" * 500, "x" * 501)])
async def test_keys_of_any_text_are_apart(lease: FlockLease, keys: tuple[str, str]) -> None:
    """A key is any text; keys that resemble each other are different leases."""
    async with lease.hold(keys[0]), lease.hold(keys[1]) as held:
        await held.check()


@pytest.mark.parametrize("key", ["", "\ud800"])
async def test_key_that_is_no_text_is_refused(lease: FlockLease, key: str) -> None:
    """An empty key, and one that is no Unicode, raise an error of ours."""
    with pytest.raises(ConfigurationError):
        async with lease.hold(key):
            pytest.fail("such a lease cannot be held")


HOLDER = """
import asyncio, sys
from xorca.providers.local.files import FlockLease

async def main():
    async with FlockLease(sys.argv[1]).hold("a/b", ttl=0.1):
        print("held", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.fixture
def holder(lease: FlockLease) -> Generator[subprocess.Popen[str]]:
    """Another process that holds ``a/b``."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lease.path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


async def test_killed_holder_frees_the_lease(
    lease: FlockLease, holder: subprocess.Popen[str]
) -> None:
    """The kernel gives back what a killed process held; its file is taken over."""
    with pytest.raises(LeaseHeld, match=f"held by process {holder.pid} on "):
        async with lease.hold("a/b"):
            pytest.fail("two hold the same lease")

    holder.kill()

    async with lease.hold("a/b", wait=30) as held:
        await held.check()


async def test_stopped_holder_keeps_the_lease(
    lease: FlockLease, holder: subprocess.Popen[str]
) -> None:
    """A process that stands still keeps the lease beyond its ttl, and goes on with it."""
    os.kill(holder.pid, signal.SIGSTOP)

    with pytest.raises(LeaseHeld):
        async with lease.hold("a/b", ttl=0.1, wait=0.5):
            pytest.fail("two hold the same lease")

    os.kill(holder.pid, signal.SIGCONT)
    assert holder.poll() is None


def remove_files(lease: FlockLease) -> None:
    for path in lease.path.iterdir():
        path.unlink()
