"""Timers in memory."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime

from xorca.events import Event
from xorca.providers.arguments import epoch_seconds


class MemoryAlarm:
    """Events that wait for their time; whoever owns the alarm asks for what is due.

    ``woken`` is called after each event that is set.
    """

    def __init__(self) -> None:
        self._set: dict[str, tuple[float, Event]] = {}
        self._order: list[tuple[float, int, str]] = []
        self._count = 0
        self.woken: Callable[[], None] | None = None

    @property
    def pending(self) -> int:
        """How many events wait for their time."""
        return len(self._set)

    async def set(self, event: Event, due: datetime) -> None:
        """Deliver ``event`` at ``due``; an id that is set already stays as it is."""
        at = epoch_seconds(due)
        if event.id in self._set:
            return
        self._count += 1
        self._set[event.id] = (at, event)
        heapq.heappush(self._order, (at, self._count, event.id))
        if self.woken is not None:
            self.woken()

    async def cancel(self, event_id: str) -> None:
        """Forget an event that was not delivered yet."""
        self._set.pop(event_id, None)

    def due(self, now: datetime | float) -> list[Event]:
        """Take out the events whose time has come, the earliest first."""
        moment = epoch_seconds(now) if isinstance(now, datetime) else now
        found: list[Event] = []
        while self._order and self._order[0][0] <= moment:
            at, _, event_id = heapq.heappop(self._order)
            if self._is_set(event_id, at):
                found.append(self._set.pop(event_id)[1])
        return found

    def next_due(self) -> float | None:
        """Give the earliest time that is set, in seconds since 1970."""
        while self._order and not self._is_set(self._order[0][2], self._order[0][0]):
            heapq.heappop(self._order)
        return self._order[0][0] if self._order else None

    async def close(self) -> None:
        """Do nothing; what is set stays set."""

    def _is_set(self, event_id: str, at: float) -> bool:
        return event_id in self._set and self._set[event_id][0] == at
