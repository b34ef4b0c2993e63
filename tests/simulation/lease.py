"""A worker's Lease over the table of the memory room, which may pause, fail and be late."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

from xorca.errors import Unavailable
from xorca.ports import Held
from xorca.providers.leasing import hold
from xorca.providers.memory import MemoryLease

if TYPE_CHECKING:
    from tests.simulation.ports import Wire


class LeaseTable:
    """The one table of all workers, and who believes to hold what."""

    def __init__(self, table: MemoryLease) -> None:
        self.table = table
        self.holders: dict[str, list[Held]] = {}


class SimLease:
    """Asks the table over the wire; notes when two hold one key (L)."""

    def __init__(self, wire: Wire, common: LeaseTable) -> None:
        self.wire, self.common = wire, common

    def hold(
        self, key: str, *, ttl: float = 30.0, wait: float = 0.0
    ) -> AbstractAsyncContextManager[Held]:
        """Hold a key."""
        return self._held(key, ttl, wait)

    @asynccontextmanager
    async def _held(self, key: str, ttl: float, wait: float) -> AsyncGenerator[Held]:
        holders = self.common.holders.setdefault(key, [])
        async with hold(self, key, ttl=ttl, wait=wait) as held:
            if not held.lost and any(not other.lost for other in holders):
                self.wire.world.ledger.wrong("L", f"two workers hold the lease on {key}")
            holders.append(held)
            try:
                yield held
            finally:
                holders.remove(held)

    async def take(self, key: str, owner: str, ttl: float) -> bool:
        """Become the owner."""
        table = self.common.table
        return await self._ask("take", key, lambda: table.take(key, owner, ttl))  # type: ignore[no-any-return]

    async def renew(self, key: str, owner: str, ttl: float) -> bool:
        """Extend the time."""
        table = self.common.table
        return await self._ask("renew", key, lambda: table.renew(key, owner, ttl))  # type: ignore[no-any-return]

    async def release(self, key: str, owner: str) -> None:
        """Give up."""
        table = self.common.table
        await self._ask("release", key, lambda: table.release(key, owner))

    async def _ask(self, verb: str, key: str, ask: Any) -> Any:
        return await self.wire.call(verb, key, lambda: at_once(ask()), Unavailable)


def at_once(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits for something")
