"""Taking deliveries, and bringing due timers into the channel."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from xorca.providers.channel import no_ack
from xorca.providers.local.channel_operations import RouteCache, Row, insert
from xorca.providers.local.operation import Operation

_TIMERS_AT_ONCE = 100
_COLUMNS = """SELECT d.seq, d.attempts, d.cause, e.body FROM delivery d
JOIN event e ON e.seq = d.seq WHERE d.grp = ?"""
_FRESH = f"{_COLUMNS} AND d.visible = 0 ORDER BY d.seq LIMIT ?"
_AGAIN = f"{_COLUMNS} AND d.visible > 0 AND d.visible <= ? ORDER BY d.visible LIMIT ?"
_HIDE = """UPDATE delivery SET visible = ?, taken = 1, attempts = attempts + 1
WHERE grp = ? AND seq = ?"""
_BURY = "UPDATE delivery SET visible = NULL, taken = 0, cause = ? WHERE grp = ? AND seq = ?"

NEXT_VISIBLE = "SELECT min(visible) FROM delivery WHERE grp = ? AND visible >= 0"
NEXT_TIMER = "SELECT min(due) FROM timer"


@dataclass(frozen=True, slots=True)
class Request:
    """What a worker asks for; times are seconds since 1970."""

    group: str
    limit: int
    now: float
    until: float
    max_attempts: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery as it lies in the file; ``attempts`` counts this one."""

    place: int
    attempts: int
    body: bytes


class Receive(Operation[list[Taken]]):
    """Take visible deliveries: repeats fill at most half while fresh ones wait."""

    __slots__ = ("_cache", "_request")

    def __init__(self, request: Request, cache: RouteCache) -> None:
        self._request, self._cache = request, cache

    def apply(self, cursor: sqlite3.Cursor) -> list[Taken]:
        """Fire the timers, then hide what is taken."""
        self._fire_timers(cursor)
        wanted = self._request.limit
        fresh = self._rows(cursor, _FRESH, wanted)
        room = max(wanted - len(fresh), wanted // 2, 1)
        again = self._living(cursor, self._rows(cursor, _AGAIN, self._request.now, room))
        return [self._hide(cursor, row) for row in (again + fresh)[:wanted]]

    def _rows(
        self, cursor: sqlite3.Cursor, query: str, *arguments: object
    ) -> list[tuple[Any, ...]]:
        """Give rows as SQLite holds them, hence Any."""
        return cursor.execute(query, (self._request.group, *arguments)).fetchall()

    def _living(self, cursor: sqlite3.Cursor, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Bury what was tried too often by workers that died; give the rest."""
        limit, group = self._request.max_attempts, self._request.group
        for place, attempts, cause, _ in rows:
            if attempts >= limit:
                cursor.execute(_BURY, (cause or no_ack(attempts), group, place))
        return [row for row in rows if row[1] < limit]

    def _hide(self, cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> Taken:
        place, attempts, _, body = row
        cursor.execute(_HIDE, (self._request.until, self._request.group, place))
        return Taken(place, attempts + 1, body)

    def _fire_timers(self, cursor: sqlite3.Cursor) -> None:
        due = cursor.execute(
            "SELECT id, type, body FROM timer WHERE due <= ? ORDER BY due LIMIT ?",
            (self._request.now, _TIMERS_AT_ONCE),
        ).fetchall()
        if not due:
            return
        routes = self._cache.current(cursor)
        for timer, name, body in due:
            insert(cursor, Row(None, name, body), routes, now=self._request.now)
            cursor.execute("DELETE FROM timer WHERE id = ?", (timer,))
