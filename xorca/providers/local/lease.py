"""Leases between the processes of one machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from time import time

from xorca.ports import Held
from xorca.providers.leasing import hold
from xorca.providers.local.database import Database
from xorca.providers.local.operation import Operation

_TAKE = """INSERT INTO lease (key, owner, expires) VALUES (?1, ?2, ?3) ON CONFLICT (key)
DO UPDATE SET owner = ?2, expires = ?3 WHERE expires <= ?4"""
_RENEW = "UPDATE lease SET expires = ?3 WHERE key = ?1 AND owner = ?2"
_RELEASE = "DELETE FROM lease WHERE key = ? AND owner = ?"


class SqliteLease:
    """Leases as rows; the times of different processes are compared by the wall clock."""

    def __init__(self, database: Database, *, now: Callable[[], float] = time) -> None:
        self._database, self._now = database, now

    def hold(
        self, key: str, *, ttl: float = 30.0, wait: float = 0.0
    ) -> AbstractAsyncContextManager[Held]:
        """Hold ``key`` for the block, renewed in the background."""
        return hold(self, key, ttl=ttl, wait=wait)

    async def take(self, key: str, owner: str, ttl: float) -> bool:
        """Become the owner if there is none, or the last one's time ran out."""
        now = self._now()
        return await self._database.submit(_Change(_TAKE, (key, owner, now + ttl, now)))

    async def renew(self, key: str, owner: str, ttl: float) -> bool:
        """Extend the time; False if ``owner`` is not the owner any more."""
        return await self._database.submit(_Change(_RENEW, (key, owner, self._now() + ttl)))

    async def release(self, key: str, owner: str) -> None:
        """Give the lease up, if ``owner`` still has it."""
        await self._database.submit(_Change(_RELEASE, (key, owner)))

    async def close(self) -> None:
        """Close the file, for all that is kept in it."""
        await self._database.close()


class _Change(Operation[bool]):
    """One conditional statement; whether it changed anything."""

    __slots__ = ("_arguments", "_statement")
    single = True

    def __init__(self, statement: str, arguments: tuple[object, ...]) -> None:
        self._statement, self._arguments = statement, arguments

    def apply(self, cursor: sqlite3.Cursor) -> bool:
        """Run the statement."""
        return cursor.execute(self._statement, self._arguments).rowcount == 1
