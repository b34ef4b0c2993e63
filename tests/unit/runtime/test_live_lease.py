"""A process at hand under a lease: others stay away, and its loss is noticed."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from tests.unit.runtime.counting import Counter, number, totals
from tests.unit.support import Stage, stage, told
from xorca import Runtime
from xorca.errors import ConfigurationError, LeaseHeld, LeaseLost, Unavailable
from xorca.providers.memory import MemoryLease
from xorca.runtime import live

SUBJECT = "t.counter/1.0.0/p"


class Watch:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class FlakyLease(MemoryLease):
    """Leases of which renewals fail while they are told to."""

    away = False

    async def renew(self, key: str, owner: str, ttl: float) -> bool:
        """Renew, or fail."""
        if self.away:
            raise Unavailable("the table is away")
        return await super().renew(key, owner, ttl)


async def begun() -> Stage:
    """Give a stage with one counter that counts."""
    play = stage(Counter)
    await play.start()
    return play


async def test_the_lease_is_held_for_the_block() -> None:
    """Whoever asks for it meanwhile is refused, and afterwards is not."""
    play, lease = await begun(), MemoryLease()
    other = play.worker()

    async with play.runtime.process(SUBJECT, lease=lease) as p:
        await p.send(number(1))
        with pytest.raises(LeaseHeld):
            async with other.process(SUBJECT, lease=lease):
                raise AssertionError("two at once")
    async with other.process(SUBJECT, lease=lease) as p:
        await p.send(number(2))

    assert totals(play) == [1, 3]


async def test_the_lease_is_held_until_everything_is_saved() -> None:
    """The next holder sees what was decided."""
    play, lease = await begun(), MemoryLease()
    other, seen = play.worker(), list[object]()

    async def next_one() -> None:
        async with other.process(SUBJECT, lease=lease, wait=5) as p:
            seen.append(p.memory["total"])

    async with play.runtime.process(SUBJECT, lease=lease) as p:
        waiting = asyncio.create_task(next_one())
        await asyncio.sleep(0.02)
        await p.send(number(1))
    await waiting

    assert seen == [1]


async def test_ten_with_the_lease_never_step_anew() -> None:
    """What was tried is what is done, for each of them."""
    play, lease = await begun(), MemoryLease()

    async def add(value: int) -> bool:
        async with play.worker().process(SUBJECT, lease=lease, wait=20) as p:
            tried = await p.send(number(value))
            await asyncio.sleep(0)
        return [one.data for one in tried.sent] == [one.data for one in p.outcomes[0].sent]

    assert all(await asyncio.gather(*(add(value) for value in range(20, 30))))


async def test_an_exception_gives_the_lease_back() -> None:
    """And so does a process that is not there."""
    play, lease = await begun(), MemoryLease()
    with suppress(ZeroDivisionError):
        async with play.runtime.process(SUBJECT, lease=lease):
            raise ZeroDivisionError

    async with play.runtime.process(SUBJECT, lease=lease) as p:
        assert p.status == "active"


async def test_the_runtime_does_not_wait_for_its_own_lease() -> None:
    """A Runtime and a block with one and the same lease do not stand in each other's way."""
    play, lease = await begun(), MemoryLease()
    runtime = Runtime([Counter], store=play.store, bus=play.bus, clock=play.clock, lease=lease)

    async with asyncio.timeout(2):  # with its own lease held it would wait for five seconds
        async with runtime.process(SUBJECT, lease=lease) as p:
            await p.send(number(1))

    assert told(p.outcomes[0]) == ("applied", "add")


async def test_a_lease_that_was_lost_before_the_end_saves_nothing() -> None:
    """Somebody else may believe to be alone with the process."""
    watch = Watch()
    play, lease = await begun(), MemoryLease(now=watch)
    before = await play.body()

    with pytest.raises(LeaseLost):  # noqa: PT012 - the block is what is tested
        async with play.runtime.process(SUBJECT, lease=lease) as p:
            await p.send(number(1))
            watch.seconds = 31.0
            assert await lease.take(play.key(), "somebody", 30.0)

    assert (await play.body(), p.outcomes) == (before, ())


async def test_a_lease_that_is_lost_in_the_block_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The block is cancelled where it waits."""
    monkeypatch.setattr(live, "LOOK", 0.01)
    watch = Watch()
    play, lease = await begun(), MemoryLease(now=watch)
    before = await play.body()

    with pytest.raises(LeaseLost):  # noqa: PT012 - the block is what is tested
        async with play.runtime.process(SUBJECT, lease=lease) as p:
            await p.send(number(1))
            watch.seconds = 31.0
            assert await lease.take(play.key(), "somebody", 30.0)
            await asyncio.sleep(20)

    assert (await play.body(), p.outcomes) == (before, ())
    with pytest.raises(ConfigurationError, match="is over"):
        await p.send(number(2))


async def test_a_lease_that_cannot_be_asked_for_is_not_lost_yet() -> None:
    """Its time has not run out, and the save is conditional anyway."""
    play, lease = await begun(), FlakyLease()

    async with play.runtime.process(SUBJECT, lease=lease) as p:
        await p.send(number(1))
        lease.away = True

    assert told(p.outcomes[0]) == ("applied", "add")


async def test_without_a_lease_the_save_alone_decides() -> None:
    """Two blocks at once: the slower one is stepped anew on what the quicker one saved."""
    play = await begun()
    other = play.worker()

    async with play.runtime.process(SUBJECT) as slower, other.process(SUBJECT) as quicker:
        await slower.send(number(1))
        await quicker.send(number(2))

    assert [one.outcomes[0].status for one in (slower, quicker)] == ["applied", "applied"]
    assert totals(play) == [2, 3]
