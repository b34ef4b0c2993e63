"""Leases in memory."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from time import time

from xorca.ports import Held
from xorca.providers.leasing import hold


class MemoryLease:
    """Leases between the tasks of one process."""

    def __init__(self, *, now: Callable[[], float] = time) -> None:
        self._now = now
        self._owners: dict[str, tuple[str, float]] = {}

    def hold(
        self, key: str, *, ttl: float = 30.0, wait: float = 0.0
    ) -> AbstractAsyncContextManager[Held]:
        """Hold ``key`` for the block, renewed in the background."""
        return hold(self, key, ttl=ttl, wait=wait)

    async def take(self, key: str, owner: str, ttl: float) -> bool:
        """Become the owner if there is none, or the last one's time ran out."""
        current = self._owners.get(key)
        if current is not None and current[1] > self._now():
            return False
        self._owners[key] = (owner, self._now() + ttl)
        return True

    async def renew(self, key: str, owner: str, ttl: float) -> bool:
        """Extend the time; False if ``owner`` is not the owner any more."""
        if self._owners.get(key, ("", 0.0))[0] != owner:
            return False
        self._owners[key] = (owner, self._now() + ttl)
        return True

    async def release(self, key: str, owner: str) -> None:
        """Give the lease up, if ``owner`` still has it."""
        if self._owners.get(key, ("", 0.0))[0] == owner:
            del self._owners[key]

    async def close(self) -> None:
        """Do nothing; leases run out by themselves."""
