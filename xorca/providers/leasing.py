"""Holding a lease: taking it, renewing it in the background, noticing its loss."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from secrets import token_hex
from typing import Protocol

from xorca.errors import ConfigurationError, LeaseHeld, LeaseLost, PortError
from xorca.telemetry.lines import say

_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 0.1


class LeaseTable(Protocol):
    """Where leases are written: three conditional writes."""

    async def take(self, key: str, owner: str, ttl: float) -> bool:
        """Become the owner if there is none, or the last one's time ran out."""
        ...

    async def renew(self, key: str, owner: str, ttl: float) -> bool:
        """Extend the time; False if ``owner`` is not the owner any more."""
        ...

    async def release(self, key: str, owner: str) -> None:
        """Give the lease up, if ``owner`` still has it."""
        ...


class HeldLease:
    """A lease that is ours until it is lost."""

    def __init__(self, table: LeaseTable, key: str, owner: str, *, ttl: float) -> None:
        self.key = key
        self._table, self._owner, self._ttl = table, owner, ttl
        self._taken_away = False
        self._until = 0.0

    @property
    def lost(self) -> bool:
        """Whether the lease is known to have run out or been taken."""
        return self._taken_away or asyncio.get_running_loop().time() >= self._until

    async def check(self) -> None:
        """Raise LeaseLost unless the lease is still ours; renews it as well."""
        if not self._taken_away:
            await self._renew()
        if self.lost:
            raise LeaseLost(
                f"the lease on {self.key!r} is somebody else's by now; stop, and start again "
                "from what is stored"
            )

    async def take(self, wait: float, *, longest: float = _LONGEST_PAUSE) -> None:
        """Ask until the lease is ours, for ``wait`` seconds, pausing ever longer.

        Raises:
            LeaseHeld: somebody else still holds it.
        """
        loop = asyncio.get_running_loop()
        deadline, pause = loop.time() + wait, _FIRST_PAUSE
        while not await self._try():
            left = deadline - loop.time()
            if left <= 0:
                raise LeaseHeld(f"the lease on {self.key!r} is somebody else's after {wait:g} s")
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 2, longest)

    async def give_up(self) -> None:
        """Let others have the lease; one that cannot be given back runs out by itself."""
        try:
            await self._table.release(self.key, self._owner)
        except PortError as error:
            message = f"the lease on {self.key!r} was not given back, it runs out"
            say(logging.WARNING, "lease.kept", message, {"key": self.key}, error=error)

    async def keep(self) -> None:
        """Renew three times in every ``ttl`` until the lease is lost."""
        while not self._taken_away:
            await asyncio.sleep(self._ttl / 3)
            with suppress(PortError):  # also where we are refused: that may be put right in time
                await self._renew()

    async def _try(self) -> bool:
        start = asyncio.get_running_loop().time()
        taken = await self._table.take(self.key, self._owner, self._ttl)
        self._until = start + self._ttl
        return taken

    async def _renew(self) -> None:
        start = asyncio.get_running_loop().time()
        if await self._table.renew(self.key, self._owner, self._ttl):
            self._until = start + self._ttl
        else:
            self._taken_away = True


@asynccontextmanager
async def hold(
    table: LeaseTable, key: str, *, ttl: float, wait: float, longest: float = _LONGEST_PAUSE
) -> AsyncGenerator[HeldLease]:
    """Hold ``key`` for the block, on any table; ``longest`` is between two times of asking."""
    if ttl <= 0 or wait < 0:
        raise ConfigurationError(
            f"a lease needs ttl > 0 and wait >= 0 seconds, not ttl={ttl!r} and wait={wait!r}"
        )
    held = HeldLease(table, key, token_hex(8), ttl=ttl)
    try:
        await held.take(wait, longest=longest)
    except asyncio.CancelledError:
        await asyncio.shield(held.give_up())  # the request may have been granted meanwhile
        raise
    keeper = asyncio.get_running_loop().create_task(held.keep())
    try:
        yield held
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        await held.give_up()
