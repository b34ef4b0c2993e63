"""Events in lanes: those of one subject one after the other, the others side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from weakref import WeakValueDictionary

from xorca.events import Event


class Lanes:
    """Who may send for a subject: one at a time, in the order of asking."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def lock(self, events: Sequence[Event]) -> asyncio.Lock:
        """Give the lock of a lane; those without subject stand in no order with others."""
        subject = events[0].subject
        if subject is None:
            return asyncio.Lock()
        lock = self._locks.get(subject)
        if lock is None:
            lock = self._locks[subject] = asyncio.Lock()
        return lock


def lanes_of(events: Sequence[Event]) -> list[list[Event]]:
    """Give the events that must follow each other, row by row."""
    found: dict[str | None, list[Event]] = {}
    for event in events:
        found.setdefault(event.subject, []).append(event)
    return list(found.values())
