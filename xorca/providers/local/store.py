"""Records in a SQLite file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from time import time
from typing import Self

from xorca.ports import Page, Query, Stored, Summary, WakeUp
from xorca.providers import channel as shared
from xorca.providers.arguments import DEFAULT_LIMIT, check_body, check_key
from xorca.providers.closing import Closing
from xorca.providers.local import record_sql as sql
from xorca.providers.local.alarm import SqliteAlarm
from xorca.providers.local.channel import SqliteChannel
from xorca.providers.local.database import Database
from xorca.providers.local.known import Known
from xorca.providers.local.lease import SqliteLease
from xorca.providers.local.location import path_of
from xorca.providers.local.operation import Operation
from xorca.providers.local.record_operations import Create, Delete, SaveAnd, Update, read_tag


class SqliteStore(Closing):
    """A Store in one file, with a durable channel, alarm and leases in the same file.

    Any number of processes of one machine may use the file at once; never put it on a
    network file system. ``retention`` is how long a published event that is done with is
    still recognised when it is published again, in seconds; a delivery that was tried
    ``max_attempts`` times is dead. ``now`` gives seconds since 1970.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        limit: int = DEFAULT_LIMIT,
        retention: float = shared.RETENTION,
        max_attempts: int = shared.MAX_ATTEMPTS,
        now: Callable[[], float] = time,
    ) -> None:
        self.limit = limit
        self._database = Database(Path(path))
        self._known = Known()
        self.channel = SqliteChannel(
            self._database, now=now, retention=retention, max_attempts=max_attempts
        )
        self.alarm = SqliteAlarm(self._database, woken=self.channel.wake)
        self.lease = SqliteLease(self._database, now=now)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make the store of ``sqlite:///relative.db`` or ``sqlite:////absolute.db``."""
        return cls(path_of(url))

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._database.path

    async def load(self, key: str) -> Stored | None:
        """Read the newest body; None if there is none."""
        rows = await self._database.read(sql.LOAD, (key,))
        if not rows:
            return None
        body, tag, *indexed = rows[0]
        return Stored(body, self._known.note(key, tag, tuple(indexed)))

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Save if the tag is still ``expect``; give the new tag."""
        indexed = sql.indexed(summary)
        saving = self._saving(key, body, expect, summary, indexed)
        return self._known.note(key, await self._database.submit(saving), indexed)

    async def save_arming(
        self,
        key: str,
        body: bytes,
        wake_ups: Sequence[WakeUp],
        *,
        expect: str | None,
        summary: Summary | None = None,
    ) -> str:
        """Save, and set wake-ups in the same transaction."""
        indexed = sql.indexed(summary)
        saving = self._saving(key, body, expect, summary, indexed)

        async def commit(setting: Operation[None]) -> int:
            return await self._database.submit(SaveAnd(saving, setting))

        return self._known.note(key, await self.alarm.ride(wake_ups, commit), indexed)

    def _saving(
        self,
        key: str,
        body: bytes,
        expect: str | None,
        summary: Summary | None,
        indexed: sql.Indexed,
    ) -> Create | Update:
        check_key(key)
        if len(body) > self.limit:
            check_body(key, body, limit=self.limit)
        shown = sql.shown(summary)
        if expect is None:
            return Create(key, body, indexed, shown)
        known = self._known.get(key, expect)
        if known is None:
            last, statement = read_tag(key, expect), sql.UPDATE_ALL
        else:
            last, statement = known[0], sql.update(known[1], indexed)
        return Update(statement, (*indexed, *shown, body, last, key))

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """Give one page of keys, in order, that come after ``after``."""
        size = max(1, limit)
        rows = await self._database.read(*sql.listing(query, after, size + 1))
        items = tuple(sql.listed(row) for row in rows[:size])
        return Page(items, items[-1].key if len(rows) > size else None)

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        """Remove the body; with ``expect`` only if its tag is still that."""
        tag = None if expect is None else read_tag(key, expect)
        await self._database.submit(Delete(key, tag))

    async def close(self) -> None:
        """Commit what waits and close the file; the next use opens it again."""
        await self._database.close()
