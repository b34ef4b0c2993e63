"""The promises of a Lease."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from xorca.errors import LeaseHeld, LeaseLost, XorcaError
from xorca.ports import Held, Lease


class LeaseContract:
    """Inherit this and give a fixture ``lease``.

    ``ttl`` is the shortest time in seconds for which the vendor gives a lease. Override
    ``another`` where a second client can be had.
    """

    pytestmark = pytest.mark.asyncio
    ttl = 1.0

    async def another(self, lease: Lease) -> Lease:
        """Give a second client of the same leases."""
        return lease

    @asynccontextmanager
    async def frozen(self, lease: Lease, key: str) -> AsyncGenerator[Held]:
        """Hold a lease as a process that stands still does: nothing renews it."""
        before = asyncio.all_tasks()
        async with lease.hold(key, ttl=self.ttl) as held:
            for task in asyncio.all_tasks() - before:
                task.cancel()
            yield held

    async def test_second_holder_is_refused(self, lease: Lease) -> None:
        """While a lease is held nobody else gets it."""
        other = await self.another(lease)
        async with lease.hold("a/b", ttl=self.ttl):
            with pytest.raises(LeaseHeld):
                async with other.hold("a/b", ttl=self.ttl):
                    pytest.fail("two hold the same lease")

    async def test_released_lease_is_free(self, lease: Lease) -> None:
        """After the block the next one gets it at once."""
        other = await self.another(lease)
        async with lease.hold("a/b", ttl=60):
            pass

        async with other.hold("a/b", ttl=self.ttl) as held:
            await held.check()

    async def test_failed_block_releases(self, lease: Lease) -> None:
        """An error in the block goes through and frees the lease."""
        with pytest.raises(ZeroDivisionError):
            async with lease.hold("a/b", ttl=60):
                raise ZeroDivisionError

        async with lease.hold("a/b", ttl=self.ttl):
            pass

    async def test_keys_are_apart(self, lease: Lease) -> None:
        """Different keys do not hinder each other."""
        async with lease.hold("a/b", ttl=self.ttl), lease.hold("a/c", ttl=self.ttl) as held:
            await held.check()

    async def test_race_has_one_winner(self, lease: Lease) -> None:
        """Of many who ask at once one gets the lease."""
        other = await self.another(lease)
        done = asyncio.Event()
        winners: list[int] = []

        async def try_it(number: int) -> None:
            async with (lease, other)[number % 2].hold("a/b", ttl=self.ttl):
                winners.append(number)
                await done.wait()

        rivals = [asyncio.ensure_future(try_it(number)) for number in range(16)]
        for refused in itertools.islice(asyncio.as_completed(rivals), 15):
            with pytest.raises(LeaseHeld):
                await refused
        done.set()
        await asyncio.wait(rivals)

        assert len(winners) == 1

    async def test_waiting_ends_with_the_lease(self, lease: Lease) -> None:
        """Who waits gets the lease when it is given back; never two at once."""
        inside, most = 0, 0

        async def work() -> None:
            nonlocal inside, most
            async with lease.hold("a/b", ttl=self.ttl, wait=30):
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0.01)
                inside -= 1

        await asyncio.gather(*(work() for _ in range(5)))

        assert most == 1

    async def test_waiting_has_an_end(self, lease: Lease) -> None:
        """Who waited in vain is told."""
        async with lease.hold("a/b", ttl=self.ttl):
            with pytest.raises(LeaseHeld):
                async with lease.hold("a/b", ttl=self.ttl, wait=0.1):
                    pytest.fail("two hold the same lease")

    async def test_held_lease_is_renewed(self, lease: Lease) -> None:
        """A lease outlives its time while its holder lives."""
        async with lease.hold("a/b", ttl=self.ttl) as held:
            await asyncio.sleep(self.ttl * 2)

            assert not held.lost
            await held.check()
            with pytest.raises(LeaseHeld):
                async with lease.hold("a/b", ttl=self.ttl):
                    pytest.fail("two hold the same lease")

    async def test_abandoned_lease_runs_out(self, lease: Lease) -> None:
        """A holder that stands still loses the lease and notices."""
        other = await self.another(lease)
        next_one = other.hold("a/b", ttl=self.ttl, wait=self.ttl * 4)
        async with self.frozen(lease, "a/b") as held, next_one:
            assert held.lost
            with pytest.raises(LeaseLost):
                await held.check()

    async def test_loser_does_not_release(self, lease: Lease) -> None:
        """Who lost the lease leaves the next one's alone."""
        other = await self.another(lease)
        frozen = self.frozen(lease, "a/b")
        await frozen.__aenter__()
        async with other.hold("a/b", ttl=self.ttl, wait=self.ttl * 4) as held:
            await frozen.__aexit__(None, None, None)

            await held.check()
            with pytest.raises(LeaseHeld):
                async with lease.hold("a/b", ttl=self.ttl):
                    pytest.fail("two hold the same lease")

    @pytest.mark.parametrize(("ttl", "wait"), [(0, 0), (-1, 0), (5, -1)])
    async def test_times_make_sense(self, lease: Lease, ttl: float, wait: float) -> None:
        """A lease for no time, and waiting for less than none, raise an error of ours."""
        with pytest.raises(XorcaError):
            async with lease.hold("a/b", ttl=ttl, wait=wait):
                pytest.fail("such a lease cannot be held")
