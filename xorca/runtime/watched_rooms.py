"""A store, a bus and a cache whose work is measured; made only where there is telemetry."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from xorca.errors import Conflict
from xorca.events import Event
from xorca.ports import Bus, Page, Query, Store, Stored, Summary
from xorca.runtime.cache import Cache, Warm
from xorca.runtime.telling import Who
from xorca.telemetry import names
from xorca.telemetry.guarded import Guarded


class WatchedStore:
    """A store of which every load and save of a record is told."""

    def __init__(self, inner: Store, telemetry: Guarded) -> None:
        self._inner, self._telemetry = inner, telemetry
        self.limit = inner.limit

    async def load(self, key: str) -> Stored | None:
        """Load, and tell how long it took."""
        since = perf_counter()
        try:
            return await self._inner.load(key)
        finally:
            self._told(names.LOAD_DURATION, perf_counter() - since, key)

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Save, and tell how long it took, how large it was, and whether it was refused."""
        since = perf_counter()
        try:
            tag = await self._inner.save(key, body, expect=expect, summary=summary)
        except Conflict:
            if not key.startswith("_"):
                self._telemetry.count(names.CONFLICTS, 1, _who(key))
            raise
        finally:
            self._told(names.SAVE_DURATION, perf_counter() - since, key)
        self._told(names.RECORD_BYTES, len(body), key)
        return tag

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """List."""
        return await self._inner.list(query, after=after, limit=limit)

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        """Delete."""
        await self._inner.delete(key, expect=expect)

    def _told(self, name: str, value: float, key: str) -> None:
        if not key.startswith("_"):  # those are no records
            self._telemetry.record(name, value, _who(key))


class WatchedBus:
    """A bus of which every publish is told; ``who`` publishes, by default as the events say."""

    def __init__(self, inner: Bus, telemetry: Guarded, *, who: Who | None = None) -> None:
        self._inner, self._telemetry, self._who = inner, telemetry, who

    async def publish(self, events: Sequence[Event]) -> None:
        """Publish, and tell how long it took."""
        since = perf_counter()
        try:
            await self._inner.publish(events)
        finally:
            seconds, who = perf_counter() - since, self._who or _sender(events)
            self._telemetry.record(names.PUBLISH_DURATION, seconds, who)


class WatchedCache(Cache):
    """A cache of which it is told whether it helped."""

    def __init__(self, telemetry: Guarded) -> None:
        super().__init__()
        self._telemetry = telemetry

    def get(self, key: str) -> Warm | None:
        """Give a warm record, None if there is none."""
        found = super().get(key)
        name = names.CACHE_MISSES if found is None else names.CACHE_HITS
        self._telemetry.count(name, 1, _who(key))
        return found


def _who(key: str) -> Who:
    """Give whose record lies under a key: the key begins with the name."""
    return {"orchestrator": key.partition("/")[0]}


def _sender(events: Sequence[Event]) -> Who:
    """Give who sends: all that one commit emits is from ``/xorca/<name>/<version>``."""
    parts = events[0].source.split("/") if events else []
    return {"orchestrator": parts[2]} if len(parts) == 4 else {}
