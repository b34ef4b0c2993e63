"""Bodies in memory."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import time

from xorca.errors import Conflict
from xorca.ports import Listed, Page, Query, Stored, Summary
from xorca.providers.arguments import DEFAULT_LIMIT, check_body, check_key
from xorca.providers.closing import Closing
from xorca.providers.listing import first_page, matches
from xorca.providers.memory.alarm import MemoryAlarm
from xorca.providers.memory.channel import MemoryChannel
from xorca.providers.memory.lease import MemoryLease


@dataclass(frozen=True, slots=True)
class _Row:
    stored: Stored
    summary: Summary | None


class MemoryStore(Closing):
    """A Store in a dict, with a channel, an alarm and leases beside it.

    ``now`` gives seconds since 1970 to the channel and the leases. Everything lives as
    long as this object; closing it forgets nothing.
    """

    def __init__(self, *, limit: int = DEFAULT_LIMIT, now: Callable[[], float] = time) -> None:
        self.limit = limit
        self.alarm = MemoryAlarm()
        self.channel = MemoryChannel(self.alarm, now=now)
        self.lease = MemoryLease(now=now)
        self._rows: dict[str, _Row] = {}
        self._keys: list[str] | None = []
        self._writes = 0

    async def load(self, key: str) -> Stored | None:
        """Read the newest body; None if there is none."""
        row = self._rows.get(key)
        return None if row is None else row.stored

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Save if the tag is still ``expect``; give the new tag."""
        check_key(key)
        check_body(key, body, limit=self.limit)
        self._compare(key, expect)
        self._writes += 1
        if expect is None:
            self._keys = None
        self._rows[key] = _Row(Stored(bytes(body), str(self._writes)), summary)
        return str(self._writes)

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """Give one page of keys, in order, that come after ``after``."""
        return first_page(self._matching(query, after), limit=limit)

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        """Remove the body; with ``expect`` only if its tag is still that."""
        if expect is not None:
            self._compare(key, expect)
        if self._rows.pop(key, None) is not None:
            self._keys = None

    async def close(self) -> None:
        """Do nothing; what was saved stays as long as this object."""

    def _compare(self, key: str, expect: str | None) -> None:
        row = self._rows.get(key)
        tag = None if row is None else row.stored.tag
        if tag != expect:
            raise Conflict(
                f"{key!r} was saved, created or deleted since it was read; read it again"
            )

    def _matching(self, query: Query, after: str) -> Iterator[Listed]:
        if self._keys is None:
            self._keys = sorted(self._rows)
        keys = self._keys
        start = max(bisect_right(keys, after), bisect_left(keys, query.prefix))
        for index in range(start, len(keys)):
            if not keys[index].startswith(query.prefix):
                return
            summary = self._rows[keys[index]].summary
            if matches(query, summary):
                yield Listed(keys[index], summary)
