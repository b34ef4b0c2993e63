"""Rooms that fail on purpose: lost requests, lost responses, conflicts, and a crash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xorca.errors import Conflict, PublishFailed, Unavailable
from xorca.events import Event
from xorca.ports import Page, Query, Stored, Summary
from xorca.providers.memory import MemoryBus, MemoryStore


class Crash(BaseException):
    """The machine is gone: no except clause of the code under test runs after it."""


class FaultyStore:
    """A MemoryStore of which chosen calls fail.

    ``plan`` maps the number of a call, counted from 0 over loads, saves and deletes, to
    ``lost-request``, ``lost-response``, ``conflict`` (saves only) or ``crash-before`` and
    ``crash-after``.
    """

    def __init__(
        self, plan: dict[int, str] | None = None, inner: MemoryStore | None = None
    ) -> None:
        self.inner = inner or MemoryStore()
        self.limit = self.inner.limit
        self.alarm = self.inner.alarm
        self.plan = plan or {}
        self.calls: list[str] = []

    async def load(self, key: str) -> Stored | None:
        """Load, or fail."""
        return await self._call("load", lambda: self.inner.load(key))  # type: ignore[no-any-return]

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Save, or fail."""
        return await self._call(  # type: ignore[no-any-return]
            "save", lambda: self.inner.save(key, body, expect=expect, summary=summary)
        )

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """List."""
        return await self.inner.list(query, after=after, limit=limit)

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        """Delete, or fail."""
        await self._call("delete", lambda: self.inner.delete(key, expect=expect))

    async def _call(self, name: str, run: Any) -> Any:
        fault = self.plan.get(len(self.calls), "")
        self.calls.append(name)
        if fault == "lost-request":
            raise Unavailable("the request was lost")
        if fault == "crash-before":
            raise Crash
        if fault == "conflict" and name == "save":
            raise Conflict("somebody was faster")
        result = await run()
        if fault == "lost-response":
            raise Unavailable("the response was lost")
        if fault == "crash-after":
            raise Crash
        return result


class FaultyBus(MemoryBus):
    """A bus that fails so many times, after it has taken so many of the events."""

    def __init__(self, *, times: int = 0, taken: int = 0, crash: bool = False) -> None:
        super().__init__()
        self.times, self.taken, self.crash = times, taken, crash

    async def publish(self, events: Sequence[Event]) -> None:
        """Publish, or fail."""
        if not self.times:
            await super().publish(events)
            return
        self.times -= 1
        await super().publish(events[: self.taken])
        if self.crash:
            raise Crash
        raise PublishFailed("throttled", failed=tuple(e.id for e in events[self.taken :]))
