"""The deliveries of one group in memory."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from xorca.events import Event
from xorca.providers.channel import no_ack

_NEVER = float("inf")


@dataclass(slots=True, eq=False)
class Entry:
    """One delivery; ``visible`` is 0 before its first attempt, infinite once it is dead."""

    place: int
    event: Event
    visible: float = 0.0
    attempts: int = 0
    cause: str = ""
    is_dead: bool = False
    taken: bool = False


class GroupQueue:
    """Fresh deliveries in order of publishing, and those that come again in order of time."""

    def __init__(self) -> None:
        self._all: dict[int, Entry] = {}
        self._fresh: deque[Entry] = deque()
        self._again: list[tuple[float, int]] = []

    def add(self, entry: Entry) -> None:
        """Queue an entry that nobody was given yet."""
        self._all[entry.place] = entry
        self._fresh.append(entry)

    def entries(self) -> list[Entry]:
        """Give every entry that is not removed."""
        return list(self._all.values())

    def dead(self) -> Iterator[Entry]:
        """Give the dead entries."""
        return (entry for entry in self._all.values() if entry.is_dead)

    def find(self, place: int, attempt: int) -> Entry | None:
        """Give the entry if ``attempt`` is its latest and still open."""
        entry = self._all.get(place)
        fits = entry is not None and entry.taken and entry.attempts == attempt
        return entry if fits else None

    def remove(self, place: int) -> bool:
        """Forget an entry; False if it is not there."""
        return self._all.pop(place, None) is not None

    def take(self, now: float, *, limit: int, max_attempts: int) -> list[Entry]:
        """Take visible entries: repeats fill at most half while fresh ones wait."""
        limit = max(1, limit)
        share = max(1, limit // 2) if self._has_fresh() else limit
        taken = self._repeats(now, share, max_attempts)
        while len(taken) < limit and self._has_fresh():
            taken.append(self._fresh.popleft())
        taken += self._repeats(now, limit - len(taken), max_attempts)
        return taken

    def hide(self, entry: Entry, until: float) -> None:
        """Count an attempt and hide the entry."""
        entry.attempts += 1
        entry.taken = True
        self._schedule(entry, until)

    def extend(self, entry: Entry, until: float) -> None:
        """Go on hiding an entry."""
        self._schedule(entry, until)

    def give_back(self, entry: Entry, visible: float, *, max_attempts: int) -> None:
        """Make the entry visible at a time, or dead if it was tried too often."""
        entry.taken = False
        if entry.attempts >= max_attempts:
            _bury(entry)
        else:
            self._schedule(entry, visible)

    def revive(self, place: int) -> bool:
        """Queue a dead entry again, as if new; False if it is not dead."""
        entry = self._all.get(place)
        if entry is None or not entry.is_dead:
            return False
        entry.is_dead, entry.attempts, entry.visible, entry.cause = False, 0, 0.0, ""
        self._fresh.append(entry)
        return True

    def next_visible(self) -> float:
        """Give the time at which there is something to take (0: now)."""
        if self._has_fresh():
            return 0.0
        return self._next_repeat()

    def tally(self, now: float) -> tuple[int, int, int]:
        """Count the entries that wait, that are in flight and that are dead."""
        dead = sum(1 for _ in self.dead())
        flying = sum(1 for entry in self._all.values() if entry.taken and entry.visible > now)
        return len(self._all) - dead - flying, flying, dead

    def _has_fresh(self) -> bool:
        while self._fresh and self._fresh[0].place not in self._all:
            self._fresh.popleft()
        return bool(self._fresh)

    def _repeats(self, now: float, limit: int, max_attempts: int) -> list[Entry]:
        found: list[Entry] = []
        while len(found) < limit and self._next_repeat() <= now:
            entry = self._all[heapq.heappop(self._again)[1]]
            if entry.attempts >= max_attempts:
                _bury(entry)
            else:
                entry.visible = _NEVER  # it may lie in the heap twice for the same time
                found.append(entry)
        return found

    def _next_repeat(self) -> float:
        while self._again and not self._stands(*self._again[0]):
            heapq.heappop(self._again)
        return self._again[0][0] if self._again else _NEVER

    def _schedule(self, entry: Entry, visible: float) -> None:
        entry.visible = visible
        heapq.heappush(self._again, (visible, entry.place))

    def _stands(self, visible: float, place: int) -> bool:
        entry = self._all.get(place)
        return entry is not None and entry.visible == visible and not entry.is_dead


def _bury(entry: Entry) -> None:
    entry.is_dead, entry.taken, entry.visible = True, False, _NEVER
    entry.cause = entry.cause or no_ack(entry.attempts)
